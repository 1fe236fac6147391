"""Every kind of damage is found, named, and found alone."""

import hashlib
import json
import os
import shutil
import subprocess
import sys

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipelines import schema
from pipelines import tfrecord
from tests import built
from tools import datasets
from tools.verification import checks
from tools.verification import records

RESIZE = "resize-12x16"
CROP = "crop-9x9"
SHARD = f"{RESIZE}/train-00000-of-00002"
SCRIPT = os.path.join(os.path.dirname(os.path.dirname(__file__)),
                      "tools", "verify_records.py")


@pytest.fixture(scope="module", name="sound")
def _sound(tmp_path_factory):
    root = tmp_path_factory.mktemp("so[u]nd year=2020") / "records"
    built.write(str(root))
    return root


@pytest.fixture(name="root")
def _root(sound, tmp_path):
    return shutil.copytree(sound, tmp_path / "year=2021" / "records")


def ignore(count):
    """No progress is shown."""


def problems_of(root):
    dataset = datasets.open_dataset(str(root))
    return list(map(str, checks.problems(dataset, 2, ignore)))


def change_rows(root, name, change):
    """Rewrites a Parquet file after `change(rows)` edited its list of rows."""
    path = root / f"{name}.parquet"
    table = pq.read_table(path)
    rows = table.to_pylist()
    rows = change(rows) or rows
    pq.write_table(pa.Table.from_pylist(rows, schema=table.schema), path)


def set_values(name, index, **values):
    """Damage: values of one row of a Parquet file."""
    return lambda root: change_rows(
        root, name, lambda rows: rows[index].update(values))


def set_everywhere(root, uid, **values):
    """Changes an image's row in every table, so that they still agree."""
    for path in sorted(root.rglob("*.parquet")):
        if ".work" in path.parts:
            continue

        def change(rows):
            for row in rows:
                if row["sop_instance_uid"] == uid:
                    row.update({k: v for k, v in values.items() if k in row})

        change_rows(root, path.relative_to(root).with_suffix(""), change)


def set_metadata(name, **values):
    """Damage: key-value metadata of a Parquet file."""
    def damage(root):
        path = root / f"{name}.parquet"
        table = pq.read_table(path)
        pq.write_table(table.replace_schema_metadata({
            **table.schema.metadata,
            **{k.encode(): v.encode() for k, v in values.items()}}), path)
    return damage


def describe(*path, value):
    """Damage: one value of dataset.json; None removes it."""
    def damage(root):
        description = json.loads((root / "dataset.json").read_text())
        inner = description
        for key in path[:-1]:
            inner = inner[key]
        inner[path[-1]] = value
        if value is None:
            del inner[path[-1]]
        (root / "dataset.json").write_text(json.dumps(description))
    return damage


def flip_byte(name, offset):
    """Damage: one bit of a file."""
    def damage(root):
        data = bytearray((root / name).read_bytes())
        data[offset] ^= 1
        (root / name).write_bytes(data)
    return damage


def rewrite_record(root, index, **values):
    """Writes other features into a record, keeping its length and CRCs."""
    path = root / f"{SHARD}.tfrecord"
    with open(path, "rb") as file:
        payloads = [data for _, data in tfrecord.read_records(file, "shard")]
    example = {**tfrecord.decode_example(payloads[index]), **values}
    size = len(payloads[index])
    payloads[index] = tfrecord.encode_example(example)
    assert len(payloads[index]) == size
    path.write_bytes(b"".join(map(tfrecord.frame, payloads)))


def change_pixel(root):
    rows = pq.read_table(root / f"{SHARD}.parquet").to_pylist()
    with open(root / f"{SHARD}.tfrecord", "rb") as file:
        image = datasets.read_example(file, rows[1], SHARD)["image"]
    rewrite_record(root, 1, image=b"\xff\xff" + image[2:])


def swap_index_rows(root):
    """Each of two rows gets the other's place."""
    def change(rows):
        places = ("byte_offset", "byte_length", "index_in_shard")
        swapped = [{**rows[1], **{k: rows[0][k] for k in places}},
                   {**rows[0], **{k: rows[1][k] for k in places}}]
        return swapped + rows[2:]
    change_rows(root, SHARD, change)


def swap_records(root):
    """Two records change places; of their rows only the bytes follow."""
    name = f"{RESIZE}/train-00001-of-00002"
    with open(root / f"{name}.tfrecord", "rb") as file:
        payloads = [data for _, data in tfrecord.read_records(file, "shard")]
    payloads[0], payloads[1] = payloads[1], payloads[0]
    records = list(map(tfrecord.frame, payloads))
    (root / f"{name}.tfrecord").write_bytes(b"".join(records))
    for index, record in enumerate(records):
        set_values(name, index, byte_length=len(record),
                   byte_offset=sum(map(len, records[:index])))(root)


def drop_record(root):
    """An image is taken out of one variant, its shard in good order."""
    name = f"{CROP}/train-00001-of-00002"
    rows = pq.read_table(root / f"{name}.parquet").to_pylist()
    end = rows[-1]["byte_offset"]
    change_rows(root, name, lambda rows: rows[:-1])
    os.truncate(root / f"{name}.tfrecord", end)
    built.describe(str(root))


def add_unwritten_record(root):
    """Metadata calls an image rejected that has its records."""
    for name in ("metadata/part-00000", "metadata/part-00001"):
        change_rows(root, name, lambda rows: [
            {**row, "status": "rejected", "reason": "undecodable"}
            if row["sop_instance_uid"] == "1.2.3.2" else row for row in rows])
    built.describe(str(root))


def patient_in_two_splits(root):
    set_everywhere(root, "1.2.3.10", patient_id="train-0")
    for variant in built.VARIANTS:
        path = root / variant.folder / "test-00000-of-00002.tfrecord"
        with open(path, "rb") as file:
            payloads = [data for _, data in tfrecord.read_records(file, "")]
        example = tfrecord.decode_example(payloads[1])
        example["patient_id"] = b"train-0"
        payloads[1] = tfrecord.encode_example(example)
        path.write_bytes(b"".join(map(tfrecord.frame, payloads)))
        change_rows(root, f"{variant.folder}/test-00000-of-00002",
                    lambda rows: rows[1].update(
                        byte_length=len(payloads[1]) + 16))
    built.describe(str(root))


def lose_a_matched_file(root):
    """The last row of metadata, unlabelled, is lost before the counting."""
    change_rows(root, "metadata/part-00001", lambda rows: rows[:-1])
    built.describe(str(root))


def lose_a_scanned_file(root):
    change_rows(root, ".work/plan/plan", lambda rows: rows[:-1])
    lose_a_matched_file(root)


def leave_only_the_plan(root):
    for entry in os.scandir(root):
        if entry.name == "dataset.json":
            os.remove(entry)
        elif entry.name != ".work":
            shutil.rmtree(entry)


def drop_column(root):
    path = root / f"{SHARD}.parquet"
    table = pq.read_table(path)
    pq.write_table(table.drop_columns(["crop_top"]), path)


def add_file(name):
    def damage(root):
        (root / name).parent.mkdir(exist_ok=True)
        (root / name).write_bytes(b"")
    return damage


def two_rows_for_a_file(root):
    change_rows(root, "metadata/part-00001", lambda rows: [rows[0]] + rows)
    built.describe(str(root))


def test_one_id_may_be_in_a_split_of_each_merged_data_set(root):
    def merge(rows):
        for row in rows:
            row["dataset"] = row["split"]

    patient_in_two_splits(root)
    for part in ("metadata/part-00000", "metadata/part-00001"):
        change_rows(root, part, merge)
    assert not [problem for problem in problems_of(root)
                if "one patient is in" in problem]


# Name, what is done to a sound data set, the problems that must be named (a
# part of each), and how many problems that makes.
DAMAGE = [
    ("payload_byte", flip_byte(f"{SHARD}.tfrecord", 100),
     [f"{SHARD}.tfrecord record 0: the shard at byte 0: the CRC of the "
      "record is wrong"], 1),
    ("length_byte", flip_byte(f"{SHARD}.tfrecord", 1),
     ["record 0: the shard at byte 0: the CRC of the record's length"], 1),
    ("truncated", lambda root: os.truncate(root / f"{SHARD}.tfrecord", 1500),
     [f"{RESIZE}: its shards have", "record 2: its row says bytes",
      "tfrecord: has 1500 bytes, its rows end at"], 3),
    ("bytes_after_the_end", lambda root: os.truncate(
        root / f"{SHARD}.tfrecord", 4000),
     [f"{RESIZE}: its shards have", "has 4000 bytes, its rows end at"], 2),
    ("pixel", change_pixel, [
        f"{SHARD}.tfrecord record 1: the digest of its image is",
        "record 1: its image's largest value is 65535"], 2),
    ("wrong_label", lambda root: rewrite_record(root, 0, cancer=0),
     ["record 0: its cancer is 0, its row has 1"], 1),
    ("wrong_patient", lambda root: rewrite_record(
        root, 0, patient_id=b"train-1"),
     ["record 0: its patient_id is not its row's"], 1),
    ("wrong_shape", lambda root: rewrite_record(root, 0, height=12, width=16),
     ["record 0: is 16x12, not 12x16"], 1),
    ("swapped_rows", swap_index_rows, [
        "record 0: its sop_instance_uid is 1.2.3.0, its row has 1.2.3.2",
        "record 1: the digest of its image",
        "1.2.3.0 belongs at train-00000 record 0, by converted",
        "dataset.json: variants.resize:12x16.digest is"], None),
    ("swapped_records", swap_records, [
        "record 0: its sop_instance_uid is",
        "record 1: its sop_instance_uid is"], None),
    ("row_in_disorder", lambda root: change_rows(
        root, SHARD, lambda rows: rows[::-1]),
     ["record 0: its row says index_in_shard 2, it stands in 0"], None),
    ("row_of_other_shard", set_values(SHARD, 0, shard=1),
     ["record 0: its row says shard 1, it stands in 0"], None),
    ("row_digest", set_values(SHARD, 0, digest="0" * 64),
     [f"{SHARD}.tfrecord record 0: the digest of its image is",
      "dataset.json: variants.resize:12x16.digest"], 2),
    ("row_max_value", set_values(SHARD, 0, max_value=1), [
        "its image's largest value is", "record 0: its max_value is"], 2),
    ("row_offset", set_values(SHARD, 1, byte_offset=3), [
        "record 1: its row says byte_offset 3, the record before it ends at",
        "record 1: the shard at byte 3"], 3),
    ("row_without_offset", set_values(SHARD, 1, byte_offset=None),
     ["record 1: its row says bytes None to"], None),
    ("row_crop", set_values(SHARD, 0, crop_left=90),
     ["record 0: its crop Box(left=90,"], 1),
    ("row_scale", set_values(SHARD, 0, scale_x=0.0),
     ["record 0: its scale 0.0, 8.0 is not above 0"], 1),
    ("row_label", set_values(SHARD, 0, cancer=0), [
        f"{RESIZE.replace('-', ':', 1)} train-00000 record 0: 1.2.3.0 "
        "differs from metadata in cancer",
        "record 0: its cancer is 1, its row has 0"], 2),
    ("row_age", set_values(SHARD, 0, patient_age=1),
     ["1.2.3.0 differs from metadata in patient_age"], 1),
    ("metadata_age", set_values("metadata/part-00000", 2, patient_age=1),
     ["crop:9x9 train-00000 record 0: 1.2.3.0 differs from metadata in "
      "patient_age", "resize:12x16 train-00000 record 0"], None),
    ("image_missing_in_one_variant", drop_record,
     ["crop:9x9: 1.2.3.6 (dicoms/planned-06.dcm) is written and has no "
      "record here"], 1),
    ("record_not_written", add_unwritten_record, [
        "resize:12x16 train-00000 record 1: 1.2.3.2 is not written",
        "crop:9x9 train-00000 record 1: 1.2.3.2 is not written",
        "dicoms/planned-02.dcm differs from metadata in status, reason"], 3),
    ("dropped_metadata_part", lambda root: os.remove(
        root / "metadata" / "part-00000.parquet"),
     ["metadata/part-00000.parquet: is missing",
      "dataset.json: counts.images.written is 10, metadata has",
      "metadata: dicoms/a.xml was matched and has no row"], None),
    ("file_lost_after_the_scan", lose_a_scanned_file,
     ["metadata: dicoms/z.dcm was matched and has no row"], 1),
    ("lost_file", lose_a_matched_file,
     ["metadata: dicoms/z.dcm was matched and has no row"], 1),
    ("two_rows_for_a_file", two_rows_for_a_file,
     ["metadata/part-00001.parquet: dicoms/planned-05.dcm has more than one "
      "row", "metadata: 1.2.3.5 is written 2 times"], None),
    ("unsorted_metadata", lambda root: change_rows(
        root, "metadata/part-00001", lambda rows: rows[::-1]),
     ["dicoms/planned-11.dcm stands after dicoms/z.dcm"], None),
    ("patient_in_two_splits", patient_in_two_splits,
     ["metadata: one patient is in train (as dicoms/planned-00.dcm) and in "
      "test (as dicoms/planned-10.dcm)"], 1),
    ("status_without_reason", set_values(
        "metadata/part-00000", 0, reason=None),
     ["metadata: dicoms/a.xml has status rejected and reason NULL"], 2),
    ("reason_of_other_status", set_values(
        "metadata/part-00000", 0, reason="no_diagnosis"),
     ["dicoms/a.xml has status rejected and reason no_diagnosis"], None),
    ("unknown_reason", set_values("metadata/part-00000", 0, reason="bored"),
     ["dicoms/a.xml has status rejected and reason bored"], None),
    ("no_status", set_values("metadata/part-00000", 0, status=None),
     ["dicoms/a.xml has status NULL"], None),
    ("written_without_split", lambda root: set_everywhere(
        root, "1.2.3.6", split=None),
     ["metadata: dicoms/planned-06.dcm is written and has no split"], None),
    ("written_without_patient", set_values(
        "metadata/part-00001", 0, patient_id=None),
     ["dicoms/planned-05.dcm is written and has no patient_id"], None),
    ("image_written_twice", set_values(
        "metadata/part-00001", 0, sop_instance_uid="1.2.3.7"),
     ["metadata: 1.2.3.7 is written 2 times, as dicoms/planned-05.dcm and "
      "dicoms/planned-07.dcm"], None),
    ("record_twice", set_values(SHARD, 0, sop_instance_uid="1.2.3.2"),
     ["record 0: 1.2.3.2 has 2 records, another is resize:12x16 train-00000 "
      "record 1"], None),
    ("converted_status", set_values(
        "converted/train-00000-of-00002", 0, status="rejected"),
     ["dicoms/planned-00.dcm differs from metadata in status"], None),
    ("converted_status_unknown", set_values(
        "converted/train-00000-of-00002", 1, status="planned"),
     ["converted/train-00000: dicoms/planned-01.dcm has status planned"],
     None),
    ("converted_side", set_values(
        "converted/train-00000-of-00002", 0, pixel_laterality="R"),
     ["converted/train-00000: dicoms/planned-00.dcm differs from metadata in "
      "pixel_laterality"], 1),
    ("converted_index", set_values(
        "converted/train-00000-of-00002", 3, index_in_shard=7),
     ["converted/train-00000: its index_in_shard does not count from 0 to 3"],
     1),
    ("converted_row_twice", lambda root: change_rows(
        root, "converted/train-00000-of-00002",
        lambda rows: rows + [{**rows[-1], "index_in_shard": 4}]),
     ["dicoms/planned-03.dcm stands in converted 2 times"], None),
    ("converted_row_lost", lambda root: change_rows(
        root, "converted/train-00000-of-00002", lambda rows: rows[:-1]),
     ["metadata: dicoms/planned-03.dcm is written and in no file of "
      "converted"], 1),
    ("converted_file_lost", lambda root: os.remove(
        root / "converted/train-00000-of-00002.parquet"),
     ["converted/train-00000-of-00002.parquet: is missing"], None),
    ("converted_lacks_a_variant", set_metadata(
        "converted/train-00000-of-00002", variants='["crop:9x9"]'),
     ["converted/train-00000-of-00002.parquet: lacks resize:12x16"], None),
    ("converted_recipe", set_metadata(
        "converted/train-00000-of-00002",
        recipe=json.dumps({**built.RECIPE, "markers": "keep"})),
     ["was made by another recipe: markers is 'keep', dataset.json says "
      "'brightest'"], None),
    ("records_recipe", set_metadata(SHARD, recipe="no json"),
     [f"{SHARD}.parquet: its 'recipe' in the key-value metadata is damaged"],
     None),
    ("records_variant", set_metadata(SHARD, variant="crop:9x9"),
     ["its variant is 'crop:9x9', expected 'resize:12x16'"], None),
    ("records_encoding", set_metadata(SHARD, encoding="png"),
     ["its encoding is 'png', expected 'raw'"], None),
    ("column_lost", drop_column,
     [f"{SHARD}.parquet: its columns are wrong: found 'crop_width' (int64), "
      "expected 'crop_top' (int64)"], None),
    ("damaged_parquet", lambda root: os.truncate(
        root / f"{SHARD}.parquet", 500),
     [f"{SHARD}.parquet: cannot be read",
      "metadata: the tables were not held against each other",
      f"{SHARD}.tfrecord: cannot be checked"], None),
    ("shard_lost", lambda root: os.remove(root / f"{SHARD}.tfrecord"),
     [f"{SHARD}.tfrecord: is missing"], 2),
    ("temporary_file", add_file(f"{SHARD}.tfrecord.tmp-1a2b"),
     [f"{SHARD}.tfrecord.tmp-1a2b: a temporary file that a build left"], 1),
    ("temporary_file_of_work", add_file(".work/.tmp-1a2b"),
     [".work/.tmp-1a2b: a temporary file that a build left"], 1),
    ("unknown_shard", add_file(f"{RESIZE}/train-00002-of-00003.tfrecord"),
     ["train-00002-of-00003.tfrecord: is no part of this data set"], 1),
    ("unknown_folder", add_file("crop-5x5/train-00000-of-00001.tfrecord"),
     ["crop-5x5/train-00000-of-00001.tfrecord: is no part"], 1),
    ("described_count", describe("counts", "images", "written", value=11),
     ["dataset.json: counts.images.written is 11, metadata has 10"], 1),
    ("described_reason", describe("counts", "reasons", "truncated", value=1),
     ["dataset.json: counts.reasons.truncated is 1, metadata has 0"], 1),
    ("described_cancers", describe(
        "counts", "splits", "train", "cancer", value=4),
     ["dataset.json: counts.splits.train.cancer is 4, metadata has 3"], 1),
    ("described_split_lost", describe("counts", "splits", "test", value=None),
     ["dataset.json: counts.splits.test.images is 0, metadata has 2"], None),
    ("described_records", describe(
        "variants", "crop:9x9", "records", value=9),
     ["dataset.json: variants.crop:9x9.records is 9, its table has 10"], 1),
    ("described_bytes", describe("variants", "crop:9x9", "bytes", value=9),
     ["crop-9x9: its shards have 4416 bytes, dataset.json says 9"], 1),
    ("described_digest", describe(
        "variants", "crop:9x9", "digest", value="0"),
     ["dataset.json: variants.crop:9x9.digest is 0, its table has"], 1),
    ("described_shards", describe(
        "variants", "crop:9x9", "shards", "train", value=3),
     ["dataset.json: its variants differ in their numbers of shards"], 1),
    ("described_encoding", describe(
        "variants", "crop:9x9", "encoding", value="jpg"),
     ["variants.crop:9x9.encoding is 'jpg', neither 'raw' nor 'png'"], 1),
    ("described_folder", describe(
        "variants", "crop:9x9", "folder", value="x"),
     ["variants.crop:9x9.folder is 'x', not 'crop-9x9'"], 1),
    ("described_other_png", describe(
        "variants", "crop:9x9", "encoding", value="png"),
     ["its encoding is 'raw', expected 'png'", "the PNG is damaged"], None),
    ("described_recipe", describe("recipe", "version", value=2),
     ["was made by another recipe: version is 1, dataset.json says 2"], None),
    ("counts_lost", describe("counts", value=None),
     ["dataset.json: counts.images is None, not counts"], None),
    ("recipe_lost", describe("recipe", value=None),
     ["dataset.json: names no recipe"], 1),
    ("variant_lost", describe("variants", "crop:9x9", value=None),
     ["crop-9x9/train-00000-of-00002.parquet: is no part of this data set"],
     10),
    ("only_planned", leave_only_the_plan,
     ["dataset.json: is missing: there is only a plan; run the build without "
      "--plan_only"], 1),
    ("description_lost", lambda root: os.remove(root / "dataset.json"),
     ["dataset.json: is missing: the build did not finish"], 1),
]


@pytest.mark.parametrize(
    "damage, expected, count", [case[1:] for case in DAMAGE],
    ids=[case[0] for case in DAMAGE])
def test_damage_is_named(root, damage, expected, count):
    damage(root)
    found = problems_of(root)
    for part in expected:
        assert any(part in line for line in found), (part, found)
    assert found and count in (None, len(found)), found


@pytest.mark.parametrize("encoding", ["raw", "png"])
def test_sound_data_set_has_no_problems(tmp_path, encoding):
    built.write(str(tmp_path), encoding)
    assert problems_of(tmp_path) == []


def test_png_that_is_damaged_is_named(tmp_path):
    built.write(str(tmp_path), "png")
    name = "crop-9x9/validation-00000-of-00001"
    rows = pq.read_table(tmp_path / f"{name}.parquet").to_pylist()
    with open(tmp_path / f"{name}.tfrecord", "rb") as file:
        example = datasets.read_example(file, rows[0], name)
    example["image"] = example["image"][:100] + b"\0" * (
        len(example["image"]) - 100)
    record = tfrecord.frame(tfrecord.encode_example(example))
    with open(tmp_path / f"{name}.tfrecord", "r+b") as file:
        file.write(record)
    assert any("record 0: the PNG is damaged" in line
               for line in problems_of(tmp_path))


def test_no_byte_of_a_shard_can_change(root):
    dataset = datasets.open_dataset(str(root))
    path = root / f"{CROP}/validation-00000-of-00001.tfrecord"
    data = path.read_bytes()
    for offset in range(0, len(data), 13):
        flipped = bytearray(data)
        flipped[offset] ^= 0x80
        path.write_bytes(flipped)
        assert list(records.record_problems(dataset, 1, ignore)), offset


def test_a_later_plan_is_no_problem(root):
    """`--plan_only` after the build, with another rule, plans otherwise."""
    change_rows(root, ".work/plan/plan", lambda rows: [
        row for row in rows if row["file"] != "dicoms/planned-00.dcm"])
    assert problems_of(root) == []


def test_a_variant_added_later_is_no_problem(root):
    """What was built before knows only the variants of its time."""
    recipe = json.dumps({**built.RECIPE, "variants": ["crop:9x9"],
                         "normalisation": "percentile"})
    set_metadata(f"{CROP}/train-00000-of-00002", recipe=recipe)(root)
    set_metadata("converted/train-00000-of-00002", recipe=recipe)(root)
    assert problems_of(root) == []


def test_digest_is_of_the_records_in_order(sound):
    description = json.loads((sound / "dataset.json").read_text())
    digests = []
    for shard in ("train-00000-of-00002", "train-00001-of-00002",
                  "validation-00000-of-00001", "test-00000-of-00002"):
        rows = pq.read_table(sound / CROP / f"{shard}.parquet")
        digests += rows["digest"].to_pylist()
    assert (description["variants"]["crop:9x9"]["digest"] ==
            hashlib.sha256("".join(digests).encode()).hexdigest())
    assert len(digests) == 10


def test_reported_values_are_not_personal(root):
    for name in ("patient_id", "study_date"):
        rewrite_record(root, 0, **{name: {
            "patient_id": b"secret!", "study_date": b"1999-12-31"}[name]})
    text = "\n".join(problems_of(root))
    assert "its patient_id is not its row's" in text
    assert "its study_date is not its row's" in text
    assert "secret!" not in text and "1999" not in text
    assert {field.name for field in schema.fields("example")} >= {
        "patient_id", "study_date"}


def run(*arguments):
    return subprocess.run([sys.executable, SCRIPT, *arguments],
                          capture_output=True, text=True, check=False)


def test_script_is_silent_about_nothing_and_exits_0(root):
    result = run(f"--records={root}")
    assert result.returncode == 0, result.stderr
    assert ("15 files, 10 of them written, 2 variants, 20 records, 0.0 MB; "
            "all is right") in result.stdout
    assert "MB/s" in result.stderr


def test_script_lists_up_to_max_problems_and_exits_1(root):
    change_rows(root, SHARD, lambda rows: rows[::-1])
    everything = problems_of(root)
    result = run(f"--records={root}", "--max_problems=2", "--workers=1")
    assert result.returncode == 1
    lines = result.stdout.splitlines()
    assert lines[:2] == everything[:2]
    assert lines[2:] == [
        f"... and {len(everything) - 2} more "
        f"(--max_problems={len(everything)} lists all)",
        f"{root}: {len(everything)} problems"]


def test_script_says_how_to_build_what_is_not_there(tmp_path):
    result = run(f"--records={tmp_path}/none")
    assert result.returncode == 1
    assert "python pipelines/build_records.py --output=" in result.stderr
    assert "Traceback" not in result.stderr
