import pytest

from pipelines import files
from tests import remote

SCHEMES = ("memory", "folders")


@pytest.fixture(autouse=True)
def nothing(monkeypatch):
    """No objects."""
    for name in ("OBJECTS", "READS", "RENAMED"):
        monkeypatch.setattr(remote, name, type(getattr(remote, name))())


@pytest.mark.parametrize("scheme", SCHEMES)
def test_what_is_written_is_read_listed_and_removed(scheme):
    folder = f"{scheme}://bucket/folder"
    for name in ("b", "a.gz", "we[i]rd*?", "sub/c"):
        files.write_atomically(f"{folder}/{name}", b"0123456789")
    assert files.list_folder(folder) == ["a.gz", "b", "we[i]rd*?"]
    assert files.list_folders(folder) == ["sub"]
    assert list(files.below(folder)) == ["a.gz", "b", "sub/c", "we[i]rd*?"]
    files.write_atomically(f"{folder}/empty", b"")
    assert files.list_folder(folder) == ["a.gz", "b", "empty", "we[i]rd*?"]
    files.remove(f"{folder}/empty")
    assert list(files.below(f"{scheme}://bucket/none")) == []
    assert list(files.below(f"{folder}/b")) == []
    assert files.read(f"{folder}/a.gz") == b"0123456789"
    assert files.read(f"{folder}/b", 3) == b"012"
    assert files.read_part(f"{folder}/b", 8, 9) == b"89"
    assert files.size(f"{folder}/we[i]rd*?") == 10
    files.remove(f"{folder}/b")
    files.remove(f"{folder}/b")
    assert not files.exists(f"{folder}/b")


def test_where_files_are_seen_at_once_they_are_renamed(monkeypatch):
    path = "folders://bucket/folder/a"
    files.write_atomically(path, b"old")
    files.write_atomically(path, b"new")
    assert remote.OBJECTS == {path: b"new"}
    assert len(remote.RENAMED) == 2
    assert all(".tmp-" in name for name in remote.RENAMED)

    def fails(self, sources, destinations):
        raise OSError("no room")

    monkeypatch.setattr(remote.FolderFileSystem, "rename", fails)
    with pytest.raises(files.Unavailable, match="no room"):
        files.write_atomically("folders://bucket/folder/b", b"new")
    assert remote.OBJECTS == {path: b"new"}


def test_an_object_appears_at_the_end():
    with files.atomic("memory://bucket/a") as (file,):
        file.write(b"0123")
        assert not files.exists("memory://bucket/a")
    assert files.read("memory://bucket/a") == b"0123"


def test_a_scheme_that_nobody_speaks_is_one_clear_error():
    with pytest.raises(files.Unavailable, match=r"apache-beam\[gcp\]"):
        files.check("gs://bucket/records", write=True)
