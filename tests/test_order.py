"""The order of an epoch, for every number of workers and every balance."""

import dataclasses
import math

import hypothesis
import numpy as np
import pytest
from hypothesis import strategies as st

from model import order as orders
from model.batch_plan import BatchPlan
from tests import indices


def batches_of(index, **plan):
    """The batches of an epoch as lists of rows and of weights."""
    order = orders.order(index, BatchPlan(**plan))
    cuts = range(0, len(order.rows), order.each)
    return ([order.rows[cut:cut + order.each].tolist() for cut in cuts],
            [order.weights[cut:cut + order.each].tolist() for cut in cuts])


def rows_of(index, **plan):
    return orders.order(index, BatchPlan(**plan)).rows.tolist()


@hypothesis.given(
    images=st.integers(1, 60), workers=st.integers(1, 4),
    each=st.integers(1, 5), epoch=st.integers(0, 3), shuffle=st.booleans(),
    window=st.sampled_from([1, 5000, 1 << 30]), pad=st.booleans())
@hypothesis.settings(max_examples=200, deadline=None)
def test_workers_share_an_epoch_exactly(images, workers, each, epoch, shuffle,
                                        window, pad):
    index = indices.made_up(np.arange(images) % 3 == 0)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(orders, "WINDOW_BYTES", window)
        taken, counted, lengths = [], [], []
        for worker in range(workers):
            rows, weights = batches_of(
                index, batch_size=each * workers, seed=7, epoch=epoch,
                shuffle=shuffle, worker=worker, workers=workers, pad=pad)
            taken.append(rows)
            lengths.append(len(rows))
            counted += [row for batch, weighed in zip(rows, weights)
                        for row, weight in zip(batch, weighed) if weight]
            assert all(len(batch) == each for batch in rows) or not pad
        alone, _ = batches_of(index, batch_size=each * workers, seed=7,
                              epoch=epoch, shuffle=shuffle, pad=pad)
    assert sorted(counted) == list(range(images))
    if pad:
        assert set(lengths) == {math.ceil(images / (each * workers))}
    together = [sum((rows[number] for rows in taken if number < len(rows)),
                    []) for number in range(max(lengths))]
    assert together == alone


def test_the_order_is_the_same_for_every_numpy():
    index = indices.made_up(np.arange(12) % 4 == 0)
    assert rows_of(index, batch_size=4, seed=1, epoch=0) == [
        0, 10, 4, 11, 3, 5, 1, 7, 8, 9, 6, 2]
    assert rows_of(index, batch_size=4, seed=1, epoch=1,
                   balance="ratio:0.5") == [
        3, 4, 11, 8, 7, 0, 5, 4, 2, 8, 6, 0, 10, 8, 1, 4, 9, 0, 6, 8]


def test_each_seed_and_each_epoch_has_its_own_order():
    index = indices.made_up([0] * 40)
    found = {tuple(rows_of(index, batch_size=8, seed=seed, epoch=epoch))
             for seed in range(4) for epoch in range(4)}
    assert len(found) == 16
    assert rows_of(index, batch_size=8, seed=2, epoch=3) in map(list, found)


def test_unshuffled_images_come_in_the_index_s_order():
    index = indices.made_up([0] * 10)
    assert batches_of(index, batch_size=4, shuffle=False, pad=False) == (
        [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9]], [[1] * 4, [1] * 4, [1] * 2])


def test_the_last_batch_is_filled_up_with_the_first_images_at_weight_0():
    index = indices.made_up([0] * 6)
    rows, weights = batches_of(index, batch_size=4, shuffle=False)
    assert rows == [[0, 1, 2, 3], [4, 5, 0, 1]]
    assert weights == [[1, 1, 1, 1], [1, 1, 0, 0]]
    rows, weights = batches_of(indices.made_up([0, 1]), batch_size=5,
                               shuffle=False)
    assert (rows, weights) == ([[0, 1, 0, 1, 0]], [[1, 1, 0, 0, 0]])


def test_a_last_batch_that_is_not_full_can_be_dropped():
    index = indices.made_up([0] * 6)
    rows, weights = batches_of(index, batch_size=4, drop_last=True)
    assert len(rows) == 1 and weights == [[1] * 4]
    full = batches_of(indices.made_up([0] * 8), batch_size=4, drop_last=True)
    assert len(full[0]) == 2


@pytest.mark.parametrize("balance", ["none", "weights", "ratio:0.25"])
@pytest.mark.parametrize("worker", [0, 1])
def test_skipping_leaves_out_the_first_batches(balance, worker):
    index = indices.made_up(np.arange(30) % 3 == 0)
    plan = {"batch_size": 4, "epoch": 2, "balance": balance, "worker": worker,
            "workers": 2}
    rows, weights = batches_of(index, **plan)
    for skip in range(len(rows) + 1):
        assert batches_of(index, **plan, skip=skip) == (
            rows[skip:], weights[skip:])
    with pytest.raises(ValueError, match="cannot be skipped, an epoch has"):
        batches_of(index, **plan, skip=len(rows) + 1)


@hypothesis.given(ones=st.integers(1, 20), zeros=st.integers(1, 40),
                  taken=st.integers(1, 5), epochs=st.integers(1, 4),
                  shuffle=st.booleans())
@hypothesis.settings(max_examples=100, deadline=None)
def test_a_ratio_holds_in_every_batch_and_images_come_in_cycles(
        ones, zeros, taken, epochs, shuffle):
    label = np.random.default_rng(ones).permutation([1] * ones + [0] * zeros)
    index = indices.made_up(label)
    plan = BatchPlan(6, seed=3, balance=f"ratio:{taken / 6}", shuffle=shuffle)
    batches = orders.batches_per_epoch(index.label, plan)
    streams = {0: [], 1: []}
    for epoch in range(epochs):
        order = orders.order(index, dataclasses.replace(plan, epoch=epoch))
        assert (order.weights == 1).all()
        rows = order.rows.reshape(batches, 6)
        assert (label[rows].sum(axis=1) == taken).all()
        # Whoever decides how long an epoch is, is seen in it as a whole.
        seen = [len(set(order.rows[label[order.rows] == value]))
                for value in (0, 1)]
        assert zeros == seen[0] or ones == seen[1]
        for value, stream in streams.items():
            stream += order.rows[label[order.rows] == value].tolist()
    decides = {0: -(-zeros // (6 - taken)) == batches,
               1: -(-ones // taken) == batches}
    for value, stream in streams.items():
        members = set(np.flatnonzero(label == value))
        period = len(stream) // epochs if decides[value] else len(stream)
        for begin in range(0, len(stream), period):
            part = stream[begin:begin + period]
            for at in range(0, len(part) - len(members) + 1, len(members)):
                assert set(part[at:at + len(members)]) == members


def test_a_ratio_is_spread_evenly_over_parts_of_a_batch():
    index = indices.made_up([1] * 8 + [0] * 40)
    for worker in range(4):
        rows, _ = batches_of(index, batch_size=16, balance="ratio:0.25",
                             worker=worker, workers=4)
        assert all(sum(index.label[batch]) == 1 for batch in rows)


def test_weights_make_both_classes_weigh_the_same():
    index = indices.made_up([1, 0, 0, 0, 1, 0, 0, 0])
    order = orders.order(index, BatchPlan(3, balance="weights"))
    counts = order.weights > 0
    label = index.label[order.rows]
    assert orders.class_weights(index.label).tolist() == [8 / 12, 2.0]
    assert order.weights[counts & (label == 1)].sum() == pytest.approx(4)
    assert order.weights[counts & (label == 0)].sum() == pytest.approx(4)
    assert counts.sum() == 8 and len(order.rows) == 9


def test_images_of_an_epoch_are_counted_without_those_that_fill_up():
    label = np.array([1] * 3 + [0] * 10)
    for plan, images in ((BatchPlan(4), 13), (BatchPlan(4, drop_last=True), 12),
                         (BatchPlan(4, balance="ratio:0.5"), 20)):
        assert orders.images_per_epoch(label, plan) == images


def test_a_disk_is_read_window_by_window(monkeypatch):
    # 8 shards of 10 images of 1,000 bytes; two shards make a window.
    monkeypatch.setattr(orders, "WINDOW_BYTES", 20_000)
    index = indices.made_up([0] * 80, shards=8)
    order = orders.order(index, BatchPlan(5, seed=1))
    assert order.windows.tolist() == [0, 4, 8, 12, 16]
    shards = [frozenset(index.path_number[order.rows[at:at + 20]])
              for at in range(0, 80, 20)]
    assert all(len(window) == 2 for window in shards)
    assert frozenset().union(*shards) == set(range(8))
    assert shards != [{0, 1}, {2, 3}, {4, 5}, {6, 7}]
    # Within a window, shards are mixed.
    assert len(set(index.path_number[order.rows[:10]])) == 2


def test_the_next_window_is_read_ahead(monkeypatch):
    monkeypatch.setattr(orders, "WINDOW_BYTES", 20_000)
    index = indices.made_up([0] * 78, shards=8)
    ahead = orders.order(index, BatchPlan(5, pad=False)).ahead()
    asked = np.concatenate([np.arange(begin, end) for begin, end in ahead])
    assert asked.tolist() == list(range(78))
    assert 35 < ahead[0, 1] < 50 and ahead[1].tolist() == [0, 0]
    late = orders.order(index, BatchPlan(5, skip=6)).ahead()
    assert late[0, 0] == 0 and late[0, 1] > 0


@pytest.mark.parametrize("plan, message", [
    ({"batch_size": 0}, "batch_size is 0"),
    ({"batch_size": 4, "workers": 0}, "workers is 0"),
    ({"batch_size": 4, "seed": -1}, "seed is -1"),
    ({"batch_size": 4, "worker": 2, "workers": 2}, "worker 2 is not one of 2"),
    ({"batch_size": 5, "workers": 2}, "5 cannot be shared equally by 2"),
    ({"batch_size": 4, "cache": "disk"}, "'disk' is none of auto, none"),
    ({"batch_size": 4, "balance": "ratio"}, "'ratio' is none of"),
    ({"batch_size": 4, "balance": "ratio:1.5"}, "with 0 < FRACTION < 1"),
    ({"batch_size": 4, "balance": "half:0.5"}, "'half:0.5' is none of"),
    ({"batch_size": 32, "balance": "ratio:0.1"},
     "is 3.2 images; the nearest is ratio:0.09375"),
    ({"batch_size": 8, "balance": "ratio:0.01"},
     "is 0.08 images; the nearest is ratio:0.125"),
    ({"batch_size": 1, "balance": "ratio:0.5"}, "is 0.5 images$"),
])
def test_a_plan_that_cannot_be_is_refused(plan, message):
    with pytest.raises(ValueError, match=message):
        BatchPlan(**plan)


@pytest.mark.parametrize("label, plan, message", [
    ([0] * 3, {"batch_size": 4, "drop_last": True}, "3 images make no batch"),
    ([0] * 4, {"batch_size": 2, "balance": "weights"},
     "4 images of class 0 and 0 of class 1: this balance needs both"),
    ([1] * 4, {"batch_size": 2, "balance": "ratio:0.5"},
     "0 images of class 0 and 4 of class 1"),
])
def test_an_index_that_gives_no_such_batches_is_refused(label, plan, message):
    with pytest.raises(ValueError, match=message):
        orders.order(indices.made_up(label), BatchPlan(**plan))
