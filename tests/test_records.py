"""What a folder of records holds, and what is said where it does not."""

import os
import shutil

import pytest

from model import records
from pipelines import geometry
from tests import built

RESIZE, CROP = built.VARIANTS


@pytest.fixture
def root(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    built.write("records")
    return "records"


def test_a_variant_is_found_by_its_size_and_by_its_name(root):
    assert records.variants(root) == (CROP, RESIZE)
    for name in ("12x16", "resize:12x16", RESIZE, RESIZE.size):
        assert records.find_variant(root, name) == RESIZE
    assert records.find_variant(root, "9x9") == CROP


def test_a_variant_s_folder_alone_is_enough(root):
    os.makedirs("elsewhere")
    shutil.move(f"{root}/{CROP.folder}", "elsewhere")
    assert records.find_variant("elsewhere", "9x9") == CROP
    assert len(records.complete_split("elsewhere", CROP, "train")) == 2


def test_of_two_variants_of_one_size_both_are_named(root):
    shutil.copytree(f"{root}/crop-9x9", f"{root}/resize-9x9")
    with pytest.raises(records.RecordsError) as error:
        records.find_variant(root, "9x9")
    assert "crop:9x9 and resize:9x9 are both of size 9x9" in str(error.value)
    assert records.find_variant(root, "resize:9x9") == (
        geometry.Variant.parse("resize:9x9"))


@pytest.mark.parametrize("name, command", [
    ("12x17", "--variants=resize:12x17 --output=records"),
    ("crop:12x16", "--variants=crop:12x16 --output=records"),
])
def test_missing_records_are_answered_with_what_there_is_and_a_command(
        root, name, command):
    with pytest.raises(records.RecordsError) as error:
        records.find_variant(root, name)
    assert f"no records of {name} in records; there are: " in str(error.value)
    assert "crop:9x9, resize:12x16; " in str(error.value)
    assert f"python pipelines/build_records.py {command}" in str(error.value)


def test_without_any_records_the_default_folder_needs_no_flag(tmp_path,
                                                              monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(records.RecordsError) as error:
        records.find_variant(records.DEFAULT_RECORDS, "416x512")
    assert str(error.value).endswith("--variants=resize:416x512")
    assert "there are: none" in str(error.value)


@pytest.mark.parametrize("name, message", [
    ("12", "'12' is not WIDTHxHEIGHT"),
    ("resize:12", "'12' is not WIDTHxHEIGHT"),
    ("stretch:12x16", "'stretch' is none of resize, crop"),
])
def test_what_is_no_size_is_refused(root, name, message):
    with pytest.raises(records.RecordsError, match=message):
        records.find_variant(root, name)


def test_a_split_with_a_missing_shard_is_refused(root):
    os.remove(f"{root}/{RESIZE.folder}/train-00000-of-00002.parquet")
    with pytest.raises(records.RecordsError,
                       match="train has 1 shards .* there should be 2"):
        records.complete_split(root, RESIZE, "train")
    assert len(records.complete_split(root, RESIZE, "test")) == 2


def test_shards_of_two_builds_are_refused(root):
    folder = f"{root}/{RESIZE.folder}"
    shutil.copy(f"{folder}/train-00000-of-00002.parquet",
                f"{folder}/train-00000-of-00003.parquet")
    with pytest.raises(records.RecordsError, match="train has 3 shards"):
        records.complete_split(root, RESIZE, "train")


def test_temporary_files_are_no_shards(root):
    folder = f"{root}/{RESIZE.folder}"
    shutil.copy(f"{folder}/train-00000-of-00002.parquet",
                f"{folder}/train-00001-of-00002.tmp-1.parquet")
    assert records.complete_split(root, RESIZE, "train") == [
        f"{folder}/train-0000{shard}-of-00002.parquet" for shard in (0, 1)]


@pytest.mark.parametrize("split, message", [
    ("training", "'training' is none of train, validation, test"),
    ("validation", "validation has no records of resize:12x16"),
])
def test_a_split_that_is_not_there_is_refused(root, split, message):
    os.remove(f"{root}/{RESIZE.folder}/validation-00000-of-00001.parquet")
    with pytest.raises(records.RecordsError, match=message):
        records.complete_split(root, RESIZE, split)


def test_a_strange_parquet_file_is_named(root):
    folder = f"{root}/{RESIZE.folder}"
    shutil.copy(f"{folder}/train-00000-of-00002.parquet",
                f"{folder}/mine.parquet")
    with pytest.raises(records.RecordsError, match="mine.parquet does not"):
        records.complete_split(root, RESIZE, "train")
