"""Memory comes back once nobody has it, and never before."""

import numpy as np
import pytest

from model import buffers


def place(array):
    return array.ctypes.data


def test_memory_comes_back_when_the_array_is_gone():
    pool = buffers.Pool(2)
    array = pool.take((3, 5), np.float32)
    assert array.shape == (3, 5) and array.dtype == np.float32
    assert place(array) % 64 == 0
    array[:] = 7
    first = place(array)
    other = pool.take((3, 5), np.float32)
    assert place(other) != first
    del array
    assert place(pool.take((5, 6), np.uint16)) == first


@pytest.mark.parametrize("share", [
    lambda array: array[1:], lambda array: array.reshape(-1)[2:][1:],
    lambda array: memoryview(array)])
def test_what_shares_the_memory_keeps_it(share):
    pool = buffers.Pool(2)
    array = pool.take((4, 8), np.uint16)
    array[:] = 9
    shared = share(array)
    del array
    pool.take((4, 8), np.uint16)[:] = 1
    assert (np.asarray(shared) == 9).all()


def test_a_tensor_keeps_the_memory_it_shares():
    tf = pytest.importorskip("tensorflow")
    pool, places = buffers.Pool(4), []

    def read(number):
        array = pool.take((64, 64), np.uint16)
        places.append(place(array))
        array[:] = number
        return array

    def batches():
        return tf.data.Dataset.range(12).map(
            lambda number: tf.numpy_function(read, [number], tf.uint16))

    held = list(batches())
    assert [int(batch[5, 5]) for batch in held] == list(range(12))
    assert len(set(places)) == 12
    places.clear()
    for number, batch in enumerate(batches()):
        assert (batch.numpy() == number).all()
    assert len(set(places)) < 10, "hardly anything came back"
    assert [int(batch[9, 9]) for batch in held] == list(range(12))


def test_only_so_many_pieces_are_kept_and_none_that_is_much_too_large():
    pool = buffers.Pool(2)
    arrays = [pool.take((100,), np.uint8) for _ in range(3)]
    oldest, *newer = map(place, arrays)
    while arrays:
        arrays.pop(0)
    again = [pool.take((100,), np.uint8) for _ in range(3)]
    assert {place(array) for array in again} >= set(newer)
    large = pool.take((1000,), np.uint8)
    kept = place(large)
    del large
    small = pool.take((100,), np.uint8)
    assert not kept <= place(small) < kept + 1000


def test_scratch_grows_and_is_the_threads_own():
    scratch = buffers.Scratch()
    first = scratch.of(10)
    first[:] = 3
    assert len(first) == 10 and place(scratch.of(5)) == place(first)
    assert len(scratch.of(2000)) == 2000
