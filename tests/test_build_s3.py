"""A build from a store to a store, against the same on local disks."""

import contextlib
import hashlib
import io
import json
import os
import pathlib
import subprocess
import sys

import pyarrow.parquet as pq
import pytest

from pipelines import config as configs
from pipelines import convert
from pipelines import files
from pipelines import geometry
from pipelines import inventory
from pipelines import plan
from pipelines import recipe as recipes
from pipelines import scan
from tests import archive
from tests import builds
from tests import object_store
from tools import datasets
from tools.verification import checks

pytestmark = object_store.needs_store

ROOT = pathlib.Path(__file__).parents[1]

RECIPE = recipes.Recipe(variants=(geometry.Variant.parse("resize:48x64"),
                                  geometry.Variant.parse("crop:32x32")))
RULES = plan.PlanRules(fractions=(0.6, 0.2, 0.2))


def settings(output, source=".", **changes):
    return builds.config(
        output, (f"{source}/dicoms",),
        configs.LabelSource(f"{source}/labels.csv"),
        rules=RULES, recipe=RECIPE, **changes)


def contents(folder):
    """Every file of a data set in a store; what is kept for later left out."""
    return {name: files.read(f"{folder}/{name}")
            for name in files.below(folder) if not name.startswith(".work/")}


@pytest.fixture(scope="module")
def bucket(store, tmp_path_factory):
    """An archive, in a folder (where the tests are) and in a bucket; built."""
    made = archive.write(tmp_path_factory.mktemp("build_s3"), 6)
    bucket = object_store.make_bucket(store, "test-build")
    for name in files.below(str(made)):
        with open(made / name, "rb") as file:
            files.write_atomically(f"{bucket}/{name}", file.read())
    with contextlib.chdir(made):
        status, told = builds.run(settings(f"{bucket}/records", bucket))
        assert status == 0, told
        yield bucket


def test_a_build_to_a_store_is_byte_by_byte_that_to_a_disk(bucket):
    assert builds.run(settings("from-store", bucket))[0] == 0
    there = contents(f"{bucket}/records")
    assert set(there) == set(builds.contents("from-store"))
    for name, data in there.items():
        assert files.read(f"from-store/{name}") == data, name


def test_processes_build_in_a_store_too(bucket):
    status, told = builds.run(settings(f"{bucket}/by-processes", bucket),
                              "--direct_num_workers=3")
    assert status == 0, told
    assert contents(f"{bucket}/by-processes") == contents(f"{bucket}/records")


def test_records_are_those_of_local_files(bucket):
    assert builds.run(settings("local"))[0] == 0
    there = contents(f"{bucket}/records")
    for name, data in there.items():
        local = files.read(f"local/{name}")
        if name.endswith(".tfrecord"):
            assert data == local, name
        elif name.endswith(".parquet"):
            one, other = (pq.read_table(io.BytesIO(some)).to_pylist()
                          for some in (data, local))
            for row in (*one, *other):
                row["file"] = os.path.basename(row["file"])
                row.pop("file_version", None)
            assert one == other, name


def test_it_is_verified_where_it_is(bucket):
    dataset = datasets.open_dataset(f"{bucket}/records")
    assert list(checks.problems(dataset, 4, lambda size: None)) == []
    shard = next(name for name in contents(f"{bucket}/records")
                 if name.endswith(".tfrecord"))
    path = f"{bucket}/records/{shard}"
    data = files.read(path)
    files.write_atomically(path, data[:-1] + bytes([data[-1] ^ 1]))
    files.write_atomically(f"{bucket}/records/mine.txt", b"")
    found = [str(one) for one in checks.problems(dataset, 4, lambda size: 0)]
    files.write_atomically(path, data)
    files.remove(f"{bucket}/records/mine.txt")
    assert len(found) == 2
    assert "mine.txt: is no part of this data set" in found[0]
    assert shard in found[1] and "CRC" in found[1]


def test_its_tables_and_images_are_read_where_they_are(store, bucket):
    dataset = datasets.open_dataset(f"{bucket}/records")
    connection = datasets.connect(dataset)
    assert connection.execute("SELECT count(*) FROM images WHERE "
                              "status = 'written'").fetchall() == [(24,)]
    table = connection.sql("SELECT * FROM records").to_arrow_table()
    row = table.to_pylist()[-1]
    store.reset()
    pixels = datasets.read_image(dataset, row)
    assert hashlib.sha256(pixels.tobytes()).hexdigest() == row["digest"]
    # The record, and nothing else of its shard.
    assert sum(size for (method, _), size in store.sent.items()
               if method == "GET") == row["byte_length"]


def test_its_page_is_written_where_it_is(bucket):
    done = subprocess.run(
        [sys.executable, str(ROOT / "tools/report.py"),
         f"--records={bucket}/records"], text=True, capture_output=True,
        check=False)
    assert done.returncode == 0, done.stderr
    page = files.read(f"{bucket}/records/report.html").decode()
    files.remove(f"{bucket}/records/report.html")
    assert page.startswith("<!DOCTYPE html>") and page.count("<img") > 5


def test_a_second_build_reads_and_writes_nothing_again(store, bucket):
    before = contents(f"{bucket}/records")
    store.reset()
    status, told = builds.run(settings(f"{bucket}/records", bucket))
    assert status == 0 and "24 known from before" in told
    taken = {path for method, path in store.requests if method != "HEAD"}
    assert not any(path.endswith((".dcm", ".gz", ".tfrecord"))
                   for path in taken)
    assert contents(f"{bucket}/records") == before


def test_a_changed_object_is_read_again_by_its_etag(store, bucket):
    path = f"{bucket}/dicoms/000001-L-CC.dcm"
    original = files.read(path)
    changed = bytearray(original)
    changed[-1] ^= 1  # The same size, perhaps within the same second.
    files.write_atomically(path, bytes(changed))
    store.reset()
    status, told = builds.run(settings(f"{bucket}/again", bucket,
                                       plan_only=True))
    files.write_atomically(path, original)
    store.reset()
    status, told = builds.run(settings(f"{bucket}/again", bucket,
                                       plan_only=True))
    assert status == 0 and "23 known from before" in told
    read = [path for method, path in store.requests if method == "GET"
            and path.endswith((".dcm", ".gz"))]
    assert read == ["/test-build/dicoms/000001-L-CC.dcm"]


def test_a_store_that_goes_away_ends_the_build_and_rejects_no_image(
        store, bucket, monkeypatch):
    original = scan.read_packed
    left = [5]

    def read_packed(path, limits):
        left[0] -= 1
        if left[0] < 0:
            raise files.Unavailable("the store is gone")
        return original(path, limits)

    with monkeypatch.context() as patch:
        patch.setattr(scan, "read_packed", read_packed)
        with pytest.raises(convert.BuildFailed, match="the store is gone"):
            builds.run(settings(f"{bucket}/gone", bucket))
    assert "dataset.json" not in files.list_folder(f"{bucket}/gone")
    # What is left over from another build goes, and nothing else.
    for name in ("resize-48x64/train-00007-of-00009.tfrecord",
                 "metadata/part-00099.parquet", "crop-32x32/x.tmp-0"):
        files.write_atomically(f"{bucket}/gone/{name}", b"from another build")
    files.write_atomically(f"{bucket}/gone/crop-32x32/mine.txt", b"mine")
    assert builds.run(settings(f"{bucket}/gone", bucket))[0] == 0
    found = contents(f"{bucket}/gone")
    assert found.pop("crop-32x32/mine.txt") == b"mine"
    assert found == contents(f"{bucket}/records")


@pytest.mark.slow
def test_a_build_through_a_busy_store_gives_the_same(store, bucket):
    original, numbers = store.taken, iter(range(1 << 30))
    with pytest.MonkeyPatch.context() as patch:
        # Every ninth request, also in the middle of everything.
        patch.setattr(store, "taken", lambda name: (
            next(numbers) % 9 == 0 if name == "busy" else original(name)))
        assert builds.run(settings(f"{bucket}/busy", bucket))[0] == 0
    assert contents(f"{bucket}/busy") == contents(f"{bucket}/records")


def test_one_plan_file_is_read_in_parts(store, bucket, monkeypatch):
    """A worker takes the rows of its shard, not the plan of an archive."""
    task = convert.ShardTask(
        convert.shards.Shard("train", 0, 2), f"{bucket}/large.parquet",
        f"{bucket}/records", RECIPE, (), scan.Limits(), "", 1)
    table = pq.read_table(io.BytesIO(files.read(
        f"{bucket}/records/.work/plan/plan.parquet")))
    row = table.slice(0, 1).to_pylist()[0]
    rows = [{**row, "status": "planned", "split": "train", "shard": number,
             "index_in_shard": 0, "detail": os.urandom(500).hex()}
            for number in range(2000)]
    sink = io.BytesIO()
    pq.write_table(type(table).from_pylist(rows, table.schema), sink,
                   row_group_size=20)
    files.write_atomically(task.plan_path, sink.getvalue())
    store.reset()
    assert len(convert._planned(task)) == 1
    assert sum(store.sent.values()) < len(sink.getvalue()) / 2


def test_a_wrong_bucket_is_told_before_any_work(bucket):
    with pytest.raises(files.Unavailable, match="no bucket no-such-bucket"):
        builds.run(settings("s3://no-such-bucket/records"))
    with pytest.raises(files.Unavailable, match="no bucket no-such-bucket"):
        builds.run(settings("nowhere", "s3://no-such-bucket"))
    assert not os.path.exists("nowhere")


def test_plan_and_scan_are_kept_in_the_store(bucket):
    assert {name for name in files.below(f"{bucket}/records/.work")} == {
        inventory.SCAN_FILE, "plan/plan.parquet"}
    description = json.loads(files.read(f"{bucket}/records/dataset.json"))
    assert description["build"]["sources"][0]["dicoms"] == [
        f"{bucket}/dicoms"]
