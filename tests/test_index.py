"""The index says where each image lies, and which are taken."""

import json
import os
import pathlib
import subprocess
import sys

import pyarrow.parquet as pq
import pytest

from model import index as indices
from pipelines import tfrecord
from tests import built

ROOT = pathlib.Path(__file__).parents[1]
FOLDER = "resize-12x16"
SHARD = f"{FOLDER}/train-00000-of-00002"


@pytest.fixture
def root(tmp_path):
    # DuckDB takes such names for patterns unless told otherwise.
    path = str(tmp_path / "it's [a] *")
    built.write(path)
    return path


def written(root, split="train"):
    """All rows of the split's Parquet files, in order."""
    return [row for path in sorted(pathlib.Path(root, FOLDER).iterdir())
            if path.name.startswith(split) and path.suffix == ".parquet"
            for row in pq.read_table(path).to_pylist()]


def rewrite(path, change, metadata=None):
    """Changes the rows of a Parquet file by a function."""
    table = pq.read_table(path)
    rows = [change(dict(row)) for row in table.to_pylist()]
    built.write_rows(path, rows, table.schema,
                     {**table.schema.metadata, **(metadata or {})})


def test_every_record_is_where_the_index_says(root):
    index = indices.load(root, "12x16", "train")
    rows = written(root)
    assert len(index) == len(rows) == 6
    assert index.rows.to_pylist() == rows
    for number in range(len(index)):
        with open(index.paths[index.path_number[number]], "rb") as file:
            file.seek(index.byte_offset[number])
            record = file.read(index.byte_length[number])
        found = tfrecord.decode_example(tfrecord.unframe(record, ""))
        assert found["sop_instance_uid"].decode() == (
            index.sop_instance_uid[number])
        assert found["cancer"] == index.label[number]
    assert index.encoding == "raw"
    assert str(index.variant) == "resize:12x16"
    assert index.place(1).endswith(
        f"train-00000-of-00002.tfrecord at byte {index.byte_offset[1]}")


@pytest.mark.parametrize("label, of_row", [
    ("cancer", lambda row: row["cancer"]),
    ("follow_up", lambda row: row["follow_up"]),
    ("view", lambda row: {"CC": 0, "MLO": 1}.get(row["view"])),
    ("laterality", lambda row: "LR".index(row["laterality"])),
])
def test_labels_are_those_of_the_rows_and_unknown_ones_left_out(
        root, label, of_row):
    index = indices.load(root, "12x16", "train", label)
    known = [row for row in written(root) if of_row(row) is not None]
    assert index.label.tolist() == [of_row(row) for row in known]
    assert index.sop_instance_uid.tolist() == [
        row["sop_instance_uid"] for row in known]
    assert index.left_out == 6 - len(known)
    assert sum(index.counts) == len(index)
    assert index.counts[1] == sum(map(of_row, known))
    assert index.left_out == (1 if label == "view" else 0)


@pytest.mark.parametrize("where, of_row", [
    ("view = 'MLO' AND NOT implant", lambda row: row["view"] == "MLO"),
    ("patient_age > 52 -- of 50 to 56", lambda row: row["patient_age"] > 52),
    ("true OR false", lambda row: True),
    ("study_date >= '2015-01-04'", lambda row: row["study_date"].day >= 4),
    ("cancer", lambda row: row["cancer"]),
    ("patient_id IN (SELECT 'train-1')",
     lambda row: row["patient_id"] == "train-1"),
])
def test_a_predicate_selects_rows(root, where, of_row):
    index = indices.load(root, "12x16", "train", where=where)
    assert index.sop_instance_uid.tolist() == [
        row["sop_instance_uid"] for row in written(root) if of_row(row)]


@pytest.mark.parametrize("where, message", [
    ("viw = 'CC'", '"viw" not found in FROM clause! Candidate'),
    ("view =", "syntax error"),
    ("", "refused"),
    ("true) OR (true", "syntax error"),
    ("true; DROP TABLE x", "more than one statement"),
    ("true, false", "2 expressions"),
    ("view", "Could not convert string"),
    ("count(*) > 1", "cannot contain aggregates"),
    ("view = 'XX'", "selects none of the train images of resize:12x16"),
])
def test_a_predicate_that_selects_nothing_is_answered_in_one_line(
        root, where, message):
    with pytest.raises(indices.RecordsError) as error:
        indices.load(root, "12x16", "train", where=where)
    assert message in str(error.value)
    assert f"--where={where!r}" in str(error.value)
    assert "\n" not in str(error.value)


def test_a_label_that_is_unknown_for_all_is_refused(root):
    with pytest.raises(indices.RecordsError,
                       match="view is unknown .* all 1 of them"):
        indices.load(root, "12x16", "train", "view", "view IS NULL")


def test_an_unknown_label_is_refused(root):
    with pytest.raises(indices.RecordsError,
                       match="'birads' is none of cancer, follow_up, view"):
        indices.load(root, "12x16", "train", "birads")


def test_only_asked_columns_are_held(root):
    index = indices.load(root, "12x16", "train", columns=["manufacturer"])
    assert set(index.rows.column_names) == {
        *indices.KEY_COLUMNS, "manufacturer"}
    assert index.digest == indices.load(root, "12x16", "train").digest


def test_another_selection_has_another_digest(root):
    digests = {indices.load(root, *words).digest for words in (
        ("12x16", "train"), ("9x9", "train"), ("12x16", "test"),
        ("12x16", "train", "laterality"),
        ("12x16", "train", "cancer", "view = 'CC'"))}
    assert len(digests) == 5


def test_a_shard_that_is_cut_off_is_named_before_it_is_read(root):
    path = os.path.join(root, f"{SHARD}.tfrecord")
    os.truncate(path, os.path.getsize(path) - 1)
    with pytest.raises(indices.RecordsError) as error:
        indices.load(root, "12x16", "train")
    assert f"{path} has " in str(error.value)
    assert "cut off" in str(error.value)


def test_a_missing_shard_is_named(root):
    os.remove(os.path.join(root, f"{SHARD}.tfrecord"))
    with pytest.raises(indices.RecordsError,
                       match="train-00000-of-00002.tfrecord cannot be read"):
        indices.load(root, "12x16", "train")


def test_a_damaged_parquet_file_is_said_so(root):
    path = os.path.join(root, f"{SHARD}.parquet")
    with open(path, "r+b") as file:
        file.truncate(os.path.getsize(path) - 8)
    with pytest.raises(indices.RecordsError, match="cannot be read"):
        indices.load(root, "12x16", "train")


@pytest.mark.parametrize("changed, message", [
    ({"recipe": {**built.RECIPE, "markers": "keep"}}, "do not all name one"),
    ({"encoding": "png"}, "do not all name one"),
])
def test_shards_of_two_recipes_are_refused(root, changed, message):
    metadata = {
        key.encode(): (json.dumps(value) if key == "recipe" else value
                       ).encode() for key, value in changed.items()}
    rewrite(os.path.join(root, f"{SHARD}.parquet"), lambda row: row, metadata)
    with pytest.raises(indices.RecordsError, match=message):
        indices.load(root, "12x16", "train")


def test_a_recipe_of_a_newer_program_is_refused(root):
    newer = json.dumps({**built.RECIPE, "version": 2}).encode()
    for shard in (0, 1):
        rewrite(os.path.join(root, FOLDER,
                             f"train-0000{shard}-of-00002.parquet"),
                lambda row: row, {b"recipe": newer})
    with pytest.raises(indices.RecordsError, match="version 2"):
        indices.load(root, "12x16", "train")


def test_an_index_needs_no_tensorflow():
    code = ("import sys; from model import batch_plan, index, order, reading;"
            "print('tensorflow' in sys.modules, 'duckdb' in sys.modules)")
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, text=True,
                          capture_output=True, check=False)
    assert done.stdout == "False False\n", done.stderr
