"""Images are cut into shards in order, evenly, none lost, none twice."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines import geometry
from pipelines import shards
from pipelines.shards import Shard


@given(st.integers(1, 5000), st.data())
def test_shards_partition_images_in_order(images, data):
    count = data.draw(st.one_of(st.just(shards.shard_count(images)),
                                st.integers(1, 64)))
    places = [shards.shard_of(position, images, count)
              for position in range(images)]
    assert places == sorted(places) and len(set(places)) == images
    sizes = [0] * count
    for shard, index in places:
        assert index == sizes[shard]
        sizes[shard] += 1
    assert max(sizes) - min(sizes) <= 1
    assert sizes == sorted(sizes, reverse=True)


@given(st.integers(1, 10_000_000))
def test_shards_are_neither_too_large_nor_empty(images):
    count = shards.shard_count(images)
    assert 1 <= count <= images
    assert -(-images // count) <= shards.IMAGES_PER_SHARD


@given(st.integers(0, 1_000_000), st.integers(0, 1_000_000))
def test_more_images_are_never_fewer_shards(one, other):
    few, many = sorted((one, other))
    assert shards.shard_count(few) <= shards.shard_count(many)


SHARDS = st.integers(1, 300_000).flatmap(lambda count: st.builds(
    Shard, st.sampled_from(shards.SPLITS), st.integers(0, count - 1),
    st.just(count)))


@given(SHARDS, st.sampled_from(["", ".tfrecord", ".parquet"]))
def test_name_is_parsed_as_it_is_printed(shard, suffix):
    assert Shard.parse(f"{shard}{suffix}") == shard


def test_names_sort_as_shards_do():
    names = [str(Shard("train", index, 1200)) for index in range(1200)]
    assert names == sorted(names)


@pytest.mark.parametrize("name", [
    "", "train", "train-00000", "train-0-of-1", "part-00000.parquet",
    "train_00000_of_00001", "train-00000-of-00001-of-00002",
    "training-00000-of-00001", "Train-00000-of-00001",
    "train-00001-of-00001", "train-00000-of-00000", "train-٠٠٠٠٠-of-00001",
    "x/train-00000-of-00001"])
def test_other_names_are_errors(name):
    with pytest.raises(ValueError):
        Shard.parse(name)


def test_paths_are_those_of_the_layout():
    shard = Shard("train", 0, 16)
    variant = geometry.Variant.parse("resize:416x512")
    assert shard.converted == "converted/train-00000-of-00016.parquet"
    assert (shard.records(variant) ==
            "resize-416x512/train-00000-of-00016.tfrecord")
    assert (shard.index_of(variant) ==
            "resize-416x512/train-00000-of-00016.parquet")
