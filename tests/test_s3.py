"""Against a real server; what is counted is what leaves it."""

import io
import itertools
import os

import pytest

from pipelines import files
from pipelines import local_copies
from pipelines import matching
from pipelines import s3
from pipelines import scan
from pipelines.privacy import Pseudonyms
from tests import archive
from tests import object_store

pytestmark = object_store.needs_store

DIGITS = b"0123456789"
_numbers = itertools.count()


@pytest.fixture(scope="module")
def bucket(store):
    return object_store.make_bucket(store, "test-s3")


@pytest.fixture
def folder(store, bucket):
    """An empty folder of the bucket; counts begin."""
    store.reset()
    yield f"{bucket}/{next(_numbers)}"
    store.reset()


@pytest.mark.parametrize("name", ["a.dcm", "sub/b c+é%20.dcm", "we[i]rd*?.dcm"])
def test_what_is_written_is_read(folder, name):
    files.write_atomically(f"{folder}/{name}", DIGITS)
    assert files.read(f"{folder}/{name}") == DIGITS
    assert files.exists(f"{folder}/{name}")
    assert files.size(f"{folder}/{name}") == 10


@pytest.mark.parametrize("limit, expected", [
    (None, DIGITS), (4, b"0123"), (10, DIGITS), (99, DIGITS), (0, b"")])
def test_read_stops_at_its_limit(folder, limit, expected):
    files.write_atomically(f"{folder}/digits", DIGITS)
    assert files.read(f"{folder}/digits", limit) == expected


@pytest.mark.parametrize("start, length, expected", [
    (2, 3, b"234"), (8, 9, b"89"), (10, 1, b""), (99, 1, b""), (0, 0, b"")])
def test_a_part_is_that_part(folder, start, length, expected):
    files.write_atomically(f"{folder}/digits", DIGITS)
    assert files.read_part(f"{folder}/digits", start, length) == expected


def test_of_an_empty_object_nothing_is_read(folder):
    files.write_atomically(f"{folder}/empty", b"")
    assert files.read(f"{folder}/empty", 65536) == b""
    assert files.size(f"{folder}/empty") == 0


def test_a_file_opened_in_parts_seeks_and_reads_what_is_asked(store, folder):
    files.write_atomically(f"{folder}/digits", DIGITS * 1000)
    store.reset()
    with files.open_parts(f"{folder}/digits") as file:
        file.seek(-5, io.SEEK_END)
        assert file.read(9) == b"56789"
        file.seek(12)
        assert (file.read(3), file.tell()) == (b"234", 15)
    assert sum(store.sent.values()) == 8


def test_folders_are_listed_and_objects_removed(folder):
    for name in ("b", "a", "sub/c", "sub/deep/d"):
        files.write_atomically(f"{folder}/{name}", DIGITS)
    assert files.list_folder(folder) == ["a", "b"]
    assert files.list_folders(folder) == ["sub"]
    assert files.sizes(f"{folder}/sub") == {"c": 10}
    assert list(files.below(folder)) == ["a", "b", "sub/c", "sub/deep/d"]
    files.remove(f"{folder}/a")
    files.remove(f"{folder}/a")
    assert files.list_folder(folder) == ["b"]
    assert files.list_folder(f"{folder}/nothing") == []
    assert files.existing([f"{folder}/a", f"{folder}/b"]) == {f"{folder}/b"}


def test_pages_of_a_thousand_are_all_listed(folder, monkeypatch):
    monkeypatch.setattr(s3, "_PAGE", 2)
    for number in range(5):
        files.write_atomically(f"{folder}/{number}", b"")
    assert files.list_folder(folder) == list("01234")
    assert len(list(files.below(folder))) == 5


@pytest.mark.parametrize("pattern, expected", [
    ("", ["a.dcm", "b.txt", "x/c.dcm", "x/y/d.dcm"]), ("/", [
        "a.dcm", "b.txt", "x/c.dcm", "x/y/d.dcm"]),
    ("/a.dcm", ["a.dcm"]), ("/*.dcm", ["a.dcm"]), ("/x", [
        "x/c.dcm", "x/y/d.dcm"]),
    ("/**/*.dcm", ["a.dcm", "x/c.dcm", "x/y/d.dcm"]),
    ("/**.dcm", ["a.dcm", "x/c.dcm", "x/y/d.dcm"]),
    ("/[!a].txt", ["b.txt"]), ("/?.dcm", ["a.dcm"])])
def test_a_pattern_names_objects_by_etag(folder, pattern, expected):
    for name in ("a.dcm", "b.txt", "x/c.dcm", "x/y/d.dcm"):
        files.write_atomically(f"{folder}/{name}", DIGITS)
    files.write_atomically(f"{folder}0/other.dcm", DIGITS)
    table = matching.listing([folder + pattern])
    assert table["file"].to_pylist() == [f"{folder}/{n}" for n in expected]
    assert set(table["file_version"].to_pylist()) == {
        "781e5e245d69b566979b86e28d23f2c7"}  # MD5 of the ten digits.
    assert set(table["file_bytes"].to_pylist()) == {10}


def test_a_manifest_may_name_objects_and_what_is_missing_has_a_row(
        folder, tmp_path):
    files.write_atomically(f"{folder}/a.dcm", DIGITS)
    manifest = tmp_path / "manifest.txt"
    manifest.write_text(f"{folder}/a.dcm\n{folder}/b.dcm\n")
    rows = matching.listing([], str(manifest)).to_pylist()
    assert [(row["file"], row["problem"]) for row in rows] == [
        (f"{folder}/a.dcm", None), (f"{folder}/b.dcm", "unreadable")]


def test_a_header_scan_takes_64_kib_of_a_file(store, folder):
    path = f"{folder}/a.dcm"
    data = archive.mammogram(1, "L", "CC") + bytes(4 << 20)
    files.write_atomically(path, data)
    store.reset()
    row = scan.scan_row(matching.MatchedFile(path, len(data), "1"),
                        scan.Limits(), Pseudonyms())
    assert row["patient_id"] == "000001", row
    assert sum(store.sent.values()) == scan.PREFIX_BYTES
    assert len(store.requests) == 1


def test_files_appear_together_at_the_end(folder):
    paths = [f"{folder}/a", f"{folder}/b"]
    with files.atomic(*paths) as (one, other):
        one.write(b"1")
        other.write(b"2")
        assert files.list_folder(folder) == []
    assert [files.read(path) for path in paths] == [b"1", b"2"]


def test_a_failed_block_leaves_nothing_and_the_old_file(folder):
    files.write_atomically(f"{folder}/a", b"old")
    with pytest.raises(RuntimeError, match="stop"):
        with files.atomic(f"{folder}/a", f"{folder}/b") as (one, _):
            one.write(b"half")
            raise RuntimeError("stop")
    assert files.list_folder(folder) == ["a"]
    assert files.read(f"{folder}/a") == b"old"


def test_a_large_file_goes_in_parts_and_appears_whole(
        store, folder, monkeypatch):
    monkeypatch.setattr(s3, "ONE_REQUEST_BYTES", 5 << 20)
    data = os.urandom(11 << 20)
    files.write_atomically(f"{folder}/large", data)
    assert files.read(f"{folder}/large") == data
    assert len([m for m, _ in store.requests if m == "PUT"]) == 3
    assert object_store.unfinished_uploads(store, "test-s3") == []


def test_of_a_large_file_that_fails_nothing_is_left(
        store, folder, monkeypatch):
    monkeypatch.setattr(s3, "ONE_REQUEST_BYTES", 5 << 20)
    with object_store.using(store, AWS_MAX_ATTEMPTS="1"), pytest.raises(
            files.Unavailable, match="too busy"):
        with files.atomic(f"{folder}/large") as (file,):
            file.write(bytes(11 << 20))
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(store, "taken", _refusing_parts(store))
                file.commit()
    assert files.list_folder(folder) == []
    assert object_store.unfinished_uploads(store, "test-s3") == []


def _refusing_parts(gate):
    def taken(name):
        return name == "busy" and gate.requests[-1][0] == "PUT"
    return taken


def test_a_busy_store_is_asked_again(store, folder):
    store.busy = 3
    files.write_atomically(f"{folder}/a", DIGITS)
    store.busy = 2
    assert files.read(f"{folder}/a") == DIGITS
    assert [method for method, _ in store.requests] == ["PUT"] * 4 + ["GET"] * 3


def test_an_answer_that_breaks_off_is_asked_for_again(store, folder):
    files.write_atomically(f"{folder}/a", DIGITS)
    store.broken = 2
    assert files.read(f"{folder}/a") == DIGITS
    assert store.broken == 0


def test_a_store_that_stays_busy_is_one_clear_error(
        store, folder):
    store.busy = 100
    with object_store.using(store, AWS_MAX_ATTEMPTS="2"), pytest.raises(
            files.Unavailable, match="too busy .SlowDown., after 2"):
        files.read(f"{folder}/a")


def test_a_missing_object_is_a_missing_file(folder):
    with pytest.raises(FileNotFoundError, match="no such"):
        files.read(f"{folder}/a")
    with pytest.raises(FileNotFoundError, match="no such"):
        files.size(f"{folder}/a")
    assert not files.exists(f"{folder}/a")


@pytest.mark.parametrize("changes, url, told", [
    ({}, "s3://no-such-bucket/x", "no bucket no-such-bucket at http://127"),
    ({"AWS_SECRET_ACCESS_KEY": "wrong"}, "s3://test-s3/x",
     "refuses the credentials .SignatureDoesNotMatch"),
    ({"AWS_ACCESS_KEY_ID": "nobody"}, "s3://test-s3/x",
     "refuses the credentials .InvalidAccessKeyId"),
    ({"AWS_ENDPOINT_URL": "http://127.0.0.1:9", "AWS_MAX_ATTEMPTS": "1"},
     "s3://test-s3/x", "AWS_ENDPOINT_URL says where"),
    ({}, "s3:///x", "names no bucket"),
    ({}, "s3://UPPER_case!/x", "Invalid bucket name"),
])
@pytest.mark.parametrize("write", [False, True])
def test_what_cannot_work_is_one_clear_error_at_once(
        store, bucket, changes, url, told, write):
    with object_store.using(store, **changes):
        with pytest.raises(files.Unavailable, match=told) as caught:
            files.check(url, write)
    assert "\n" not in str(caught.value)


def test_without_credentials_it_says_what_to_set(store, monkeypatch):
    with object_store.using(store, AWS_SHARED_CREDENTIALS_FILE=os.devnull):
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            monkeypatch.delenv(name)
        with pytest.raises(files.Unavailable, match="set AWS_ACCESS_KEY_ID"):
            files.check("s3://test-s3/x")
        monkeypatch.undo()


def test_a_check_leaves_nothing(folder):
    files.check(folder, write=True)
    assert list(files.below(folder)) == []


def test_a_local_copy_is_fetched_once_and_again_when_it_changed(
        store, folder):
    paths = [f"{folder}/a.parquet", f"{folder}/b.parquet"]
    for path in paths:
        files.write_atomically(path, path.encode())
    copies = local_copies.of(paths)
    assert [open(copy).read() for copy in copies] == paths
    assert [os.path.basename(c) for c in copies] == ["a.parquet", "b.parquet"]
    store.reset()
    assert local_copies.of(paths) == copies
    assert all("a.parquet" not in path for _, path in store.requests)
    files.write_atomically(paths[0], b"changed")
    assert open(local_copies.one(paths[0])).read() == "changed"
    with pytest.raises(FileNotFoundError):
        local_copies.of([*paths, f"{folder}/c.parquet"])


def test_a_local_file_is_its_own_copy(tmp_path):
    assert local_copies.of([str(tmp_path / "a")]) == [str(tmp_path / "a")]
