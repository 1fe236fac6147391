"""Batches as TensorFlow gets them."""

import contextlib
import gc
import os
import weakref

import numpy as np
import pytest

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
tf = pytest.importorskip("tensorflow")

from model import dataset as datasets  # noqa: E402
from model import index as indices  # noqa: E402
from model import normalisation  # noqa: E402
from model import order as orders  # noqa: E402
from model import reading  # noqa: E402
from model.batch_plan import BatchPlan  # noqa: E402
from pipelines import recipe  # noqa: E402
from pipelines.geometry import Variant  # noqa: E402
from tests import archive  # noqa: E402
from tests import builds  # noqa: E402
from tests import built  # noqa: E402


@pytest.fixture(scope="module")
def records(tmp_path_factory):
    """What the build makes of 12 patients: raw, and again as PNG."""
    folder = archive.write(tmp_path_factory.mktemp("dataset"), 12)
    variants = tuple(map(Variant.parse, ("resize:48x64", "crop:48x64")))
    with contextlib.chdir(folder):
        for encoding in ("raw", "png"):
            status, text = builds.run(builds.config(
                encoding, recipe=recipe.Recipe(variants, encoding=encoding)))
            assert status == 0, text
    return folder


@pytest.fixture
def index(tmp_path):
    """Six images, made by hand, to be damaged."""
    built.write(str(tmp_path))
    return indices.load(str(tmp_path), "12x16", "train")


def batches(index, batch_size, **plan):
    return [{name: value.numpy() for name, value in batch.items()}
            for batch in datasets.batches(index, BatchPlan(batch_size, **plan))]


@pytest.mark.parametrize("variant", ["resize:48x64", "crop:48x64"])
@pytest.mark.parametrize("plan", [
    {}, {"shuffle": False, "pad": False}, {"balance": "weights", "skip": 2},
    {"balance": "ratio:0.25", "epoch": 3, "cache": "auto"},
    {"worker": 1, "workers": 2, "drop_last": True}])
def test_what_a_build_wrote_comes_in_the_planned_order(records, variant, plan):
    index = indices.load(str(records / "raw"), variant, "train")
    assert index.counts[1] > 0
    order = orders.order(index, BatchPlan(8, **plan))
    found = batches(index, 8, **plan)
    assert len(found) == len(order) > 0
    together = {name: np.concatenate([batch[name] for batch in found])
                for name in found[0]}
    assert np.array_equal(together["row"], order.rows)
    assert np.array_equal(together["weight"], order.weights)
    assert np.array_equal(together["label"], index.label[order.rows])
    assert np.array_equal(together["image"], reading.read(index, order.rows))
    assert {name: str(value.dtype) for name, value in together.items()} == {
        "image": "uint16", "label": "int64", "weight": "float32",
        "row": "int64"}
    assert together["image"].max() > 0


def test_a_size_of_two_variants_is_refused(records):
    with pytest.raises(indices.RecordsError, match="crop:48x64 and resize:48"):
        indices.load(str(records / "raw"), "48x64", "train")


def test_png_and_raw_records_give_the_same_batches(records):
    raw, png = (batches(indices.load(str(records / encoding), "crop:48x64",
                                     "train"), 16, seed=2)
                for encoding in ("raw", "png"))
    for one, other in zip(raw, png, strict=True):
        for name in one:
            assert np.array_equal(one[name], other[name])


def test_the_view_is_learnt_from_the_same_records(records):
    index = indices.load(str(records / "raw"), "crop:48x64", "train", "view")
    assert index.counts[0] == index.counts[1] == len(index) // 2
    assert index.classes == ("CC", "MLO")
    for batch in batches(index, 8):
        views = index.column("view")[batch["row"]]
        assert np.array_equal(batch["label"] == 1, views == "MLO")


@pytest.mark.parametrize("pad, each", [(True, 2), (False, None)])
def test_shapes_are_known_where_all_batches_are_full(index, pad, each):
    dataset = datasets.batches(index, BatchPlan(4, workers=2, pad=pad))
    assert dataset.element_spec["image"].shape.as_list() == [each, 16, 12, 1]
    assert dataset.element_spec["row"].shape.as_list() == [each]
    assert len(dataset) == 2


@pytest.mark.parametrize("workers, batch_size", [(1, 4), (2, 4), (3, 6),
                                                 (4, 16)])
def test_each_worker_reads_its_part_alone(index, monkeypatch, workers,
                                          batch_size):
    """Six images: the last batch is short, or has none for some workers."""
    preadv, taken = os.preadv, []

    def spy(descriptor, buffers, offset):
        taken.append((os.readlink(f"/proc/self/fd/{descriptor}"), offset))
        return preadv(descriptor, buffers, offset)

    monkeypatch.setattr(reading.os, "preadv", spy)
    counted = []
    for worker in range(workers):
        taken.clear()
        own = batches(index, batch_size, worker=worker, workers=workers)
        rows = np.concatenate([batch["row"] for batch in own])
        assert sorted(taken) == sorted(
            (os.path.realpath(index.paths[index.path_number[row]]),
             index.byte_offset[row]) for row in rows)
        weights = np.concatenate([batch["weight"] for batch in own])
        counted += rows[weights > 0].tolist()
        assert len(rows) == -(-6 // batch_size) * batch_size // workers
    assert sorted(counted) == list(range(6))


def test_images_in_memory_are_not_read_in_later_epochs(index):
    first = batches(index, 4, cache="auto", shuffle=False)
    for path in index.paths:
        os.remove(path)
    again = batches(index, 4, cache="auto", epoch=1)
    pictures = np.concatenate([batch["image"] for batch in first])
    for batch in again:
        assert np.array_equal(batch["image"], pictures[batch["row"]])
    with pytest.raises(tf.errors.OpError):
        batches(index, 4, epoch=1)


def test_a_corrupt_record_ends_it_with_shard_and_offset(index):
    path, offset = index.paths[1], index.byte_offset[4]
    with open(path, "r+b") as file:
        file.seek(offset + 100)
        file.write(b"\xff\xff\xff")
    iterator = iter(datasets.batches(index, BatchPlan(2, shuffle=False)))
    for _ in range(2):  # What comes before it is sound.
        next(iterator)
    with pytest.raises(tf.errors.OpError) as error:
        next(iterator)
    clear = datasets.clear_error(error.value)
    assert isinstance(clear, reading.CorruptRecordError)
    assert str(clear) == (
        f"{path} at byte {offset}: the CRC of the record is wrong")


def test_any_other_error_is_left_as_it_is():
    error = ValueError("something else")
    assert datasets.clear_error(error) is error


def test_replicas_take_the_parts_of_a_batch_in_order(index):
    dataset = datasets.batches(index, BatchPlan(4))
    whole = [batch["row"].numpy() for batch in dataset]
    parts = [batch["row"].numpy() for batch in dataset.rebatch(2)]
    assert np.array_equal(np.concatenate(parts), np.concatenate(whole))
    assert {len(part) for part in parts} == {2}


def test_an_epoch_s_order_is_forgotten_with_it(index, monkeypatch):
    made, order_of = [], orders.order

    def spy(*words):
        order = order_of(*words)
        made.append(weakref.ref(order.rows))
        return order

    monkeypatch.setattr(orders, "order", spy)
    for epoch in range(3):
        batches(index, 4, epoch=epoch)
    gc.collect()
    assert [order() for order in made] == [None] * 3


def test_a_dataset_can_be_read_again(index):
    dataset = datasets.batches(index, BatchPlan(4))
    one, other = ([batch["row"].numpy().tolist() for batch in dataset]
                  for _ in range(2))
    assert one == other


def test_nothing_is_left_where_all_batches_are_skipped(index):
    assert batches(index, 4, skip=2) == []


def test_float_batches_are_what_networks_begin_with(records):
    index = indices.load(str(records / "raw"), "crop:48x64", "train")
    plan = BatchPlan(8, seed=3, cache="auto")
    for _ in range(2):  # From the shards, then from memory.
        pairs = list(zip(datasets.batches(index, plan),
                         datasets.batches(index, plan, "float32"),
                         strict=True))
        for stored, divided in pairs:
            assert divided["image"].dtype == tf.float32
            assert np.array_equal(
                divided["image"],
                normalisation.normalise(stored["image"], "max"))
            assert np.array_equal(divided["row"], stored["row"])


def test_batches_that_somebody_holds_do_not_change(index):
    """Their memory is used again only once they are gone."""
    held = [batch for epoch in range(3) for batch in datasets.batches(
        index, BatchPlan(2, epoch=epoch))]
    for batch in held:
        assert np.array_equal(batch["image"],
                              reading.read(index, batch["row"].numpy()))
