"""Checkpoints: what is read is what was written, whatever happened."""

import os

import keras
import numpy as np
import pytest

from model import checkpoints
from model import runs

VALUES = [np.arange(6, dtype=np.float32).reshape(2, 3), np.array(7, np.int64),
          np.array([3, 4], np.uint32)]
STATE = {"step": 12, "loss_sum": 0.1 + 0.2, "epochs": [{"auc": 0.75}]}


def test_what_is_read_is_what_was_written(tmp_path):
    path = checkpoints.save(str(tmp_path / "checkpoints"), VALUES, STATE)
    values, state = checkpoints.load(path)
    assert state == STATE
    for found, expected in zip(values, VALUES, strict=True):
        assert found.dtype == expected.dtype
        assert (found == expected).all()


def test_the_newest_two_are_kept(tmp_path):
    for step in (1, 20, 3):
        checkpoints.save(str(tmp_path), VALUES, {"step": step})
    assert sorted(os.listdir(tmp_path)) == [
        "step-000000003.npz", "step-000000020.npz"]
    assert checkpoints.load(checkpoints.newest(str(tmp_path)))[1] == {
        "step": 20}


@pytest.mark.parametrize("damage", [
    lambda data: data[:len(data) // 2], lambda data: b"",
    lambda data: data.replace(b"\0\0\x80?", b"\0\1\x80?")])
def test_instead_of_a_damaged_one_the_one_before_is_used(
        tmp_path, damage, capsys):
    values = [np.ones((8, 8), np.float32)]
    good = checkpoints.save(str(tmp_path), values, {"step": 1})
    bad = checkpoints.save(str(tmp_path), values, {"step": 2})
    with open(bad, "rb+") as file:
        data = damage(file.read())
        file.seek(0)
        file.truncate()
        file.write(data)
    assert checkpoints.newest(str(tmp_path)) == good
    assert "step-000000002.npz is damaged" in capsys.readouterr().err


@pytest.mark.parametrize("folder", ["missing", "."])
def test_there_may_be_none(tmp_path, folder):
    (tmp_path / "other.npz").write_bytes(b"")
    assert checkpoints.newest(str(tmp_path / folder)) is None


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_weights_that_are_not_finite_are_not_kept(tmp_path, bad):
    with pytest.raises(checkpoints.NotFinite, match="1 of 2 variables"):
        checkpoints.save(str(tmp_path), [VALUES[0], np.array([1, bad])],
                         {"step": 5})
    assert not os.listdir(tmp_path)


def test_variables_take_their_values_back():
    variables = [keras.Variable(np.zeros_like(value), dtype=value.dtype)
                 for value in VALUES]
    checkpoints.assign(variables, VALUES)
    for found, expected in zip(checkpoints.read(variables), VALUES):
        assert (found == expected).all()


def test_another_network_s_values_are_refused():
    with pytest.raises(runs.RunError, match="3 variables of 9 numbers, but "
                       "network and optimizer have 1 of 4"):
        checkpoints.assign([keras.Variable(np.zeros(4))], VALUES)
