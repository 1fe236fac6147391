import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines import files

NAMES = st.binary(min_size=1, max_size=40).filter(
    lambda name: b"\0" not in name)


@given(NAMES)
def test_any_name_survives_as_text(name):
    text = files.to_text(name)
    text.encode("utf-8")
    assert files.to_local(text) == name


@given(NAMES, NAMES)
def test_two_names_are_two_texts(one, other):
    assert (files.to_text(one) == files.to_text(other)) == (one == other)


def test_a_name_that_is_not_utf8_is_read(tmp_path):
    name = os.path.join(os.fsencode(tmp_path), b"\xff.dcm")
    with open(name, "wb") as file:
        file.write(b"content")
    assert files.read(files.to_text(name)) == b"content"
    assert files.list_folder(str(tmp_path)) == ["\\xff.dcm"]


@pytest.mark.parametrize("limit, expected", [
    (None, b"0123456789"), (4, b"0123"), (10, b"0123456789"),
    (99, b"0123456789"), (0, b"")])
def test_read_stops_at_its_limit(tmp_path, limit, expected):
    path = tmp_path / "digits"
    path.write_bytes(b"0123456789")
    assert files.read(str(path), limit) == expected


@pytest.mark.parametrize("limit, expected", [
    (4, b"0123"), (10, b"0123456789"), (99, b"0123456789"), (0, b"")])
def test_reads_into_memory_that_is_there(tmp_path, limit, expected):
    path = tmp_path / "digits"
    path.write_bytes(b"0123456789")
    held = bytearray(b"x" * 20)
    found = files.read_into(str(path), limit,
                            lambda size: memoryview(held)[:size])
    assert found == expected and found.obj is held
    assert held == expected + b"x" * (20 - len(expected))


def test_a_file_that_shrinks_is_read_as_it_is(tmp_path):
    path = tmp_path / "digits"
    path.write_bytes(b"0123456789")

    def room(size):
        path.write_bytes(b"01")
        return memoryview(bytearray(size))

    assert files.read_into(str(path), 99, room) == b"01"


def test_files_appear_together_at_the_end(tmp_path):
    paths = [str(tmp_path / "new" / name) for name in ("a", "b")]
    with files.atomic(*paths) as (one, other):
        one.write(b"1")
        other.write(b"2")
        assert not any(map(os.path.exists, paths))
    assert [files.read(path) for path in paths] == [b"1", b"2"]
    assert sorted(os.listdir(tmp_path / "new")) == ["a", "b"]


def test_a_failed_block_leaves_nothing_and_the_old_file(tmp_path):
    path = tmp_path / "a"
    path.write_bytes(b"old")
    with pytest.raises(RuntimeError, match="stop"):
        with files.atomic(str(path), str(tmp_path / "b")) as (one, _):
            one.write(b"half")
            raise RuntimeError("stop")
    assert os.listdir(tmp_path) == ["a"]
    assert path.read_bytes() == b"old"


def test_a_full_disk_is_an_error_and_leaves_nothing(tmp_path, monkeypatch):
    with pytest.raises(OSError, match="No space left"):
        with files.atomic(str(tmp_path / "a")) as (file,):
            full = open("/dev/full", "wb", buffering=0)
            monkeypatch.setattr(file, "_file", full)
            file.write(b"x")
    assert os.listdir(tmp_path) == []
