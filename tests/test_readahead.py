"""Files of a shard: each read once, in order, the next on its way."""

import threading

import pytest

from pipelines import files
from pipelines import readahead
from pipelines import reasons
from pipelines import scan
from pipelines.workspace import Workspace
from tests import synthetic

LIMITS = scan.Limits(65536, 65536)


def test_local_files_are_read_as_alone(tmp_path):
    contents = [b"one" * 1000, synthetic.gzipped(b"two" * 2000), b"three"]
    paths = []
    for number, data in enumerate(contents):
        path = tmp_path / f"{number}.dcm"
        path.write_bytes(data)
        paths.append(str(path))
    paths.insert(1, str(tmp_path / "absent.dcm"))
    workspace = Workspace()
    with readahead.reader(paths, LIMITS) as reader:
        with pytest.raises(FileNotFoundError):
            reader.read(1, workspace)
        for index in 0, 2, 3:
            assert bytes(reader.read(index, workspace)) == bytes(
                scan.read_whole(paths[index], LIMITS))


def test_of_a_store_the_next_file_comes_meanwhile(monkeypatch):
    asked, second = [], threading.Event()

    def read(path, limit):
        asked.append(path)
        if path.endswith("1"):
            second.set()
        if path.endswith("2"):
            raise files.Unavailable("the store is gone")
        return path.encode() if path.endswith("0") else bytes(limit)

    monkeypatch.setattr(files, "read", read)
    paths = [f"s3://bucket/{number}" for number in range(4)]
    with readahead.reader(paths, LIMITS) as reader:
        assert reader.read(0, Workspace()) == b"s3://bucket/0"
        # Nobody has asked for it yet.
        assert second.wait(10)
        with pytest.raises(reasons.Rejected, match="over 131072 bytes"):
            reader.read(1, Workspace())
        with pytest.raises(files.Unavailable):
            reader.read(2, Workspace())
    assert sorted(set(asked)) == sorted(asked) and asked[0] == paths[0]
