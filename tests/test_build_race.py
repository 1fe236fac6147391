"""Timing of other processes by what they write and tell."""

import sys
import textwrap

import pytest

from tools import build_race
from tools.build_race import Lap, Way

WRITER = """
    import os, time
    root = {root!r}
    def write(name, data=b"x"):
        os.makedirs(os.path.dirname(f"{{root}}/{{name}}"), exist_ok=True)
        open(f"{{root}}/{{name}}", "wb").write(data)
    write("resize-4x4/train-0.tfrecord.tmp-1", b"")
    time.sleep(0.3)
    write("resize-4x4/train-0.tfrecord.tmp-1")
    time.sleep(0.5)
    write("converted/train-0.parquet")
    time.sleep(0.2)
"""


def way(program, writes):
    return Way("x", (sys.executable, "-c", textwrap.dedent(program)), writes)


def test_what_writes_is_watched(tmp_path):
    output = tmp_path / "records"
    (output / ".work").mkdir(parents=True)
    lap = build_race.run(way(WRITER.format(root=str(output)), True),
                         tmp_path, 5)
    assert lap.start >= 0.3 and lap.converting >= 0.4
    assert lap.whole >= lap.start + lap.converting + 0.1
    assert lap.rate == 4 / lap.converting and 0 < lap.cpu < lap.whole
    # The next round starts from the plan.
    assert [path.name for path in output.iterdir()] == [".work"]


def test_what_writes_none_tells(tmp_path):
    (tmp_path / "records").mkdir()
    lap = build_race.run(way("""
        import time
        start = time.monotonic()
        for number in range(3):
            print("done", start + number)
    """, False), tmp_path, 3)
    assert lap.converting == pytest.approx(2, abs=1e-6)


def test_what_fails_is_told_with_its_words(tmp_path):
    (tmp_path / "records").mkdir()
    with pytest.raises(RuntimeError, match="status 3:\nno such codec"):
        build_race.run(way("""
            print("no such codec", flush=True)
            raise SystemExit(3)
        """, False), tmp_path, 3)


def test_ratios_are_taken_round_by_round():
    ours = [Lap(1, 2, 4, 5), Lap(1, 4, 6, 5)]
    theirs = [Lap(1, 4, 6, 5), Lap(1, 16, 20, 5)]
    assert build_race.ratios(ours, theirs, lambda lap: lap.rate) == [2, 4]


def test_processes_are_a_build_too(tmp_path):
    build, floor, by_processes = build_race.ways(
        tmp_path, 3, ["build", "ours", "processes"])
    assert by_processes.words == (
        *build.words, "--direct_running_mode=multi_processing")
    assert "--direct_num_workers=3" in build.words
    assert build.writes and floor.writes and by_processes.writes
    assert "--workers=3" in floor.words
