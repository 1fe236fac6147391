import io
import json
import threading

import pytest

from pipelines import console
from pipelines import progress


@pytest.fixture
def clock(monkeypatch):
    """Time that passes only when told."""
    now = [100.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: now[0])
    return now


@pytest.mark.parametrize("done, seconds, size, expected", [
    (0, 0.0, 0, "scan     0 of 200 files  0 %  0.0 files/s  0 rejected"),
    (50, 10.0, 0, "scan     50 of 200 files  25 %  5.0 files/s  0:30 left  "
     "0 rejected"),
    (50, 10.0, 2_000_000_000, "scan     50 of 200 files  25 %  5.0 files/s  "
     "200 MB/s  0:30 left  0 rejected"),
    (200, 75.0, 0, "scan     200 of 200 files  100 %  2.7 files/s  "
     "took 1:15  0 rejected"),
])
def test_a_line_tells_done_rate_and_time_left(done, seconds, size, expected):
    assert str(progress.Standing("scan", "files", done, 200, seconds, size,
                                 "0 rejected")) == expected


@pytest.mark.parametrize("done, seconds, rate, left", [
    (0, 4.0, 0.0, None), (50, 10.0, 5.0, 30.0), (200, 75.0, 2.667, 0.0)])
def test_a_scheduler_is_told_in_numbers(done, seconds, rate, left):
    fields = progress.Standing("scan", "files", done, 200, seconds).fields()
    assert fields == {"stage": "scan", "unit": "files", "done": done,
                      "total": 200, "rate": rate, "seconds_left": left}


def test_nothing_to_do_is_done():
    line = str(progress.Standing("verify", "MB", 0, 0, 0))
    assert line == "verify   0 of 0 MB  100 %  0.0 MB/s  took 0:00"


def test_a_log_has_a_line_now_and_then_and_a_last_one(clock):
    stream = io.StringIO()
    meter = progress.Meter("score", "images", 45, stream)
    for done in range(1, 46):
        clock[0] += 1
        meter.tell(done, note="1 refused")
    meter.close()
    assert stream.getvalue().splitlines() == [
        f"score    {done} of 45 images  {share} %  1.0 images/s  {end}  "
        "1 refused"
        for done, share, end in (
            (10, 22, "0:35 left"), (20, 44, "0:25 left"),
            (30, 67, "0:15 left"), (40, 89, "0:05 left"),
            (45, 100, "took 0:45"))]


def test_what_ends_early_is_told_once_more(clock):
    stream = io.StringIO()
    meter = progress.Meter("verify", "MB", 10.0, stream)
    clock[0] += 2
    meter.add(4)
    meter.close()
    meter.close()
    assert stream.getvalue() == ("verify   4 of 10 MB  40 %  2.0 MB/s  "
                                 "0:03 left\n")


def test_threads_add_up():
    stream = io.StringIO()
    meter = progress.Meter("verify", "files", 400, stream)

    def work():
        for _ in range(100):
            meter.add(1)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    lines = stream.getvalue().splitlines()
    assert len(lines) == 1 and "400 of 400 files  100 %" in lines[0]


def test_the_last_line_holds_what_workers_counted():
    stream = io.StringIO()
    stage = progress.Stage("convert", "images", 3, int)
    with progress.Reporter(stage, stream):
        progress.TALLY.add(1000, rejected=False)
        progress.TALLY.add(1000, rejected=True)
        progress.TALLY.add(1000, rejected=False)
    last = stream.getvalue().splitlines()[-1]
    assert last.startswith("convert  3 of 3 images  100 %")
    assert last.endswith("1 rejected")


def test_outputs_count_where_workers_are_elsewhere():
    stream = io.StringIO()
    stage = progress.Stage("convert", "images", 40, lambda: 40)
    with progress.Reporter(stage, console.JsonLines(stream, "build_records")):
        pass
    told = json.loads(stream.getvalue())
    assert (told["stage"], told["done"], told["total"], told["seconds_left"],
            told["script"]) == ("convert", 40, 40, 0.0, "build_records")
    assert told["message"].startswith("convert  40 of 40 images")
