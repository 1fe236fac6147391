"""Images come from their records, or an error that says which does not."""

import os

import hypothesis
import numpy as np
import pytest
from hypothesis import strategies as st

from model import index as indices
from model import reading
from pipelines import tfrecord
from tests import built


@pytest.fixture(params=["raw", "png"])
def index(request, tmp_path):
    built.write(str(tmp_path), request.param)
    return indices.load(str(tmp_path), "12x16", "train")


def pictures(index):
    """What the records were made of: uint16 [n, 16, 12, 1]."""
    return np.stack([built.picture(row, index.size)
                     for row in index.column("label_row")])[..., None]


def damage(index, row, at, value=None):
    """Changes a byte of a record's payload, or gives it another CRC too."""
    path = index.paths[index.path_number[row]]
    offset, length = index.byte_offset[row], index.byte_length[row]
    with open(path, "r+b") as file:
        file.seek(offset)
        payload = bytearray(
            tfrecord.unframe(file.read(length), "")) if value else None
        if payload:
            payload[at] = value
            file.seek(offset)
            file.write(tfrecord.frame(bytes(payload)))
            return
        file.seek(offset + at)
        byte, = file.read(1)
        file.seek(offset + at)
        file.write(bytes([byte ^ 1]))


@pytest.mark.parametrize("rows", [[0], [5, 0, 3, 3], [1, 2, 4, 5, 0], []])
def test_images_are_those_of_the_rows_in_any_order(index, rows):
    rows = np.array(rows, np.int64)
    found = reading.read(index, rows)
    assert found.dtype == np.uint16 and found.shape == (len(rows), 16, 12, 1)
    assert np.array_equal(found, pictures(index)[rows])


def test_what_is_in_memory_is_not_read_again(index):
    memory = reading.memory_of(index, "auto")
    assert memory is reading.memory_of(index, "auto")
    assert reading.memory_of(index, "none") is None
    some, every = np.array([4, 1]), np.arange(len(index))
    reading.read(index, some, memory)
    assert memory.filled.tolist() == [False, True, False, False, True, False]
    for rows in (every, every[::-1]):  # Some are missing, then none.
        assert np.array_equal(reading.read(index, rows, memory),
                              pictures(index)[rows])
    for path in index.paths:
        os.remove(path)
    found = reading.read(index, some, memory)
    assert np.array_equal(found, pictures(index)[some])
    found[:] = 0  # A batch is the caller's own.
    assert np.array_equal(memory.images, pictures(index))


def test_what_does_not_fit_in_a_quarter_of_memory_is_not_kept(
        index, monkeypatch):
    needed = len(index) * 12 * 16 * 2
    monkeypatch.setattr(reading, "machine_memory", lambda: 4 * needed - 1)
    assert reading.memory_of(index, "auto") is None
    monkeypatch.setattr(reading, "machine_memory", lambda: 4 * needed)
    assert reading.memory_of(index, "auto") is not None


def test_a_container_s_limit_bounds_its_memory(tmp_path, monkeypatch):
    machine = reading.machine_memory()
    assert machine > 1 << 20
    limit, none = tmp_path / "limit", tmp_path / "none"
    limit.write_text("1048576\n")
    none.write_text("max\n")
    monkeypatch.setattr(reading, "_CGROUP_LIMITS",
                        (str(none), str(tmp_path / "missing")))
    assert reading.machine_memory() >= machine
    monkeypatch.setattr(reading, "_CGROUP_LIMITS", (str(limit), str(none)))
    assert reading.machine_memory() == 1 << 20


@pytest.mark.parametrize("at, message", [
    (0, "the CRC of the record's length is wrong"),
    (9, "the CRC of the record's length is wrong"),
    (60, "the CRC of the record is wrong"),
    (-2, "the CRC of the record is wrong"),
])
def test_a_damaged_record_is_named_by_shard_and_offset(index, at, message):
    damage(index, 2, at % index.byte_length[2])
    with pytest.raises(reading.CorruptRecordError) as error:
        reading.read(index, np.array([0, 2, 1]))
    assert str(error.value) == f"{index.place(2)}: {message}"
    assert np.array_equal(reading.read(index, np.array([1, 0])),
                          pictures(index)[[1, 0]])


def test_a_record_that_is_no_example_is_named(index):
    damage(index, 1, 0, 0xFF)
    with pytest.raises(reading.CorruptRecordError) as error:
        reading.read(index, np.array([1]))
    assert str(error.value) == (
        f"{index.place(1)}: the record is no tf.train.Example")


def test_a_shard_that_went_away_is_named(index):
    os.remove(index.paths[0])
    with pytest.raises(reading.CorruptRecordError,
                       match="train-00000-of-00002.tfrecord at byte 0: No su"):
        reading.read(index, np.array([0]))
    reading.read_ahead(index, np.arange(len(index)))  # It says nothing.


@pytest.mark.parametrize("image, message", [
    (b"\0" * 382, "the image has 382 bytes, one of 12x16 has 384"),
    (None, "the record has no feature 'image'"),
])
def test_a_record_of_another_form_is_named(tmp_path, image, message):
    built.write(str(tmp_path))
    index = indices.load(str(tmp_path), "12x16", "validation")
    values = {"height": 16} | ({} if image is None else {"image": image})
    record = tfrecord.frame(tfrecord.encode_example(values))
    with open(index.paths[0], "wb") as file:
        file.write(record)
    index.byte_length[0] = len(record)
    with pytest.raises(reading.CorruptRecordError) as error:
        reading.read(index, np.array([0]))
    assert str(error.value) == f"{index.place(0)}: {message}"


def test_a_png_of_another_form_is_named(tmp_path):
    imagecodecs = pytest.importorskip("imagecodecs")
    built.write(str(tmp_path), "png")
    index = indices.load(str(tmp_path), "12x16", "validation")
    for pixels, message in (
            (np.zeros((16, 12), np.uint8), r"the PNG is uint8 \(16, 12\)"),
            (None, "the PNG is damaged")):
        png = b"no" if pixels is None else imagecodecs.png_encode(pixels)
        record = tfrecord.frame(tfrecord.encode_example({"image": png}))
        with open(index.paths[0], "wb") as file:
            file.write(record)
        index.byte_length[0] = len(record)
        with pytest.raises(reading.CorruptRecordError, match=message):
            reading.read(index, np.array([0]))


values = st.dictionaries(
    st.one_of(st.sampled_from(["image", "imag", "images"]), st.text()),
    st.one_of(st.integers(-2**63, 2**63 - 1), st.binary(max_size=300)))


@hypothesis.given(values, st.binary(max_size=40000))
@hypothesis.settings(deadline=None)
def test_the_image_is_found_as_the_message_says(others, image):
    payload = tfrecord.encode_example({**others, "image": image})
    assert reading.image_bytes(payload) == image
    assert tfrecord.decode_example(payload)["image"] == image


@hypothesis.given(st.binary(max_size=200))
@hypothesis.settings(deadline=None)
def test_what_is_no_message_is_refused_and_nothing_else(payload):
    try:
        reading.image_bytes(payload)
    except ValueError as error:
        assert str(error).startswith("the record ")
