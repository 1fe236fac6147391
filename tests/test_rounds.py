"""Benchmarks measure in turn, and tell ratios of one round."""

import json

import pytest

from tools import rounds


def test_rounds_take_everything_in_turn_after_warming_up():
    called = []

    def measure(name):
        return lambda: called.append(name) or len(called)

    found = rounds.interleaved({"a": measure("a"), "b": measure("b")}, 2)
    assert called == ["a", "b"] * 3
    assert found == {"a": [3, 5], "b": [4, 6]}
    assert rounds.interleaved({"c": measure("c")}, 1, 0) == {"c": [7]}


def test_a_ratio_is_the_median_of_those_of_each_round():
    # The machine became ten times slower after the first round.
    assert rounds.ratio([10, 100, 90], [20, 200, 200]) == 0.5
    with pytest.raises(ValueError):
        rounds.ratio([1, 2], [1])


def test_figures_are_written_with_their_machine(tmp_path):
    path = tmp_path / "figures.json"
    rounds.write_json(None, {"a": 1})
    rounds.write_json(str(path), {"a": [1, 2]})
    written = json.loads(path.read_text())
    assert written["figures"] == {"a": [1, 2]}
    assert "cores of" in written["machine"] and "load_average" in written
