import os

import pytest

from pipelines import matching


@pytest.fixture
def archive(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("a/1.dcm", "a/b/2.dcm.gz", "a/.hidden", "we[i]rd.dcm",
                 "c/3.dcm", "a/b/notes.txt"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(name.encode())
    return tmp_path


def names(*patterns, manifest=None):
    return matching.listing(patterns, manifest)["file"].to_pylist()


ALL_OF_A = ["a/.hidden", "a/1.dcm", "a/b/2.dcm.gz", "a/b/notes.txt"]


@pytest.mark.parametrize("patterns, expected", [
    (["a"], ALL_OF_A),
    (["a/"], ALL_OF_A),
    (["./a", "a", "a/b"], ALL_OF_A),
    (["a/*.dcm"], ["a/1.dcm"]),
    (["a/**/*.gz"], ["a/b/2.dcm.gz"]),
    (["?/*.dcm"], ["a/1.dcm", "c/3.dcm"]),
    (["?"], ALL_OF_A + ["c/3.dcm"]),
    (["we[i]rd.dcm"], ["we[i]rd.dcm"]),
    (["c/3.dcm", "a/1.dcm"], ["a/1.dcm", "c/3.dcm"]),
])
def test_patterns_name_files_once_and_in_order(archive, patterns, expected):
    assert names(*patterns) == expected


def test_size_and_time_are_told(archive):
    row = matching.listing(["c"]).to_pylist()[0]
    status = os.stat("c/3.dcm")
    assert row == {"file": "c/3.dcm", "file_bytes": 7, "problem": None,
                   "file_version": str(status.st_mtime_ns)}


def test_a_manifest_names_files_and_missing_ones_have_a_row(archive):
    archive.joinpath("list.txt").write_text("c/3.dcm\n\n./gone.dcm\n")
    table = matching.listing([], "list.txt")
    assert table["file"].to_pylist() == ["c/3.dcm", "gone.dcm"]
    assert table["problem"].to_pylist() == [None, "unreadable"]


def test_what_cannot_be_read_has_its_problem(archive):
    os.symlink("nowhere", "c/link.dcm")
    os.mkfifo("c/pipe")
    table = matching.listing(["c"])
    assert dict(zip(table["file"].to_pylist(),
                    table["problem"].to_pylist())) == {
        "c/3.dcm": None, "c/link.dcm": "dangling_link",
        "c/pipe": "not_a_file"}


def test_links_to_folders_are_followed_and_end_where_they_began(archive):
    os.symlink("../a", "c/again")
    os.symlink("..", "a/b/up")
    assert names("c") == ["c/3.dcm", *(
        name.replace("a/", "c/again/", 1) for name in ALL_OF_A)]


@pytest.mark.parametrize("arguments, flag", [
    ((["nowhere"], None), "--dicoms=nowhere"),
    ((["a", "*.nii"], None), r"--dicoms=\*.nii"),
])
def test_a_pattern_that_matches_nothing_is_an_error(archive, arguments, flag):
    with pytest.raises(matching.NothingMatched, match=flag):
        matching.listing(*arguments)
