import io

import pytest

from pipelines import progress


@pytest.mark.parametrize("items, seconds, size, expected", [
    (0, 0.0, 0, "scan     0 of 200 files  0 %  0.0 files/s  0 rejected"),
    (50, 10.0, 0, "scan     50 of 200 files  25 %  5.0 files/s  0:30 left  "
     "0 rejected"),
    (50, 10.0, 2_000_000_000, "scan     50 of 200 files  25 %  5.0 files/s  "
     "200 MB/s  0:30 left  0 rejected"),
    (200, 75.0, 0, "scan     200 of 200 files  100 %  2.7 files/s  "
     "took 1:15  0 rejected"),
])
def test_a_line_tells_done_rate_and_time_left(items, seconds, size, expected):
    stage = progress.Stage("scan", "files", 200, int)
    assert progress.describe(stage, items, size, 0, seconds) == expected


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
    with progress.Reporter(stage, stream):
        pass
    assert stream.getvalue().startswith("convert  40 of 40 images")
