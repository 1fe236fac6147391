import io

import pytest

from pipelines import report
from tests import builds


@pytest.mark.parametrize("header, rows, expected", [
    (["a"], [], "a"),
    (["name", "n"], [["x", "1,000"], ["longer", "2"]],
     "name        n\nx       1,000\nlonger      2"),
    (["n", "name"], [["1.5", "x"]], "  n  name\n1.5  x"),
])
def test_a_table_has_its_numbers_on_the_right(header, rows, expected):
    assert report.table(header, rows) == expected


class _Audit:
    no_match = ()


@pytest.mark.parametrize("rejected, aside, limit, expected", [
    (10, 0, 0.1, 0), (11, 0, 0.1, 1), (1, 0, 0.0, 1), (0, 50, 0.0, 0)])
def test_the_status_is_1_above_the_limit_of_rejects(
        rejected, aside, limit, expected):
    stream = io.StringIO()
    statuses = {"written": 100 - rejected, "rejected": rejected + aside}
    why = {"truncated": rejected, "not_dicom": aside}
    status = report._status(builds.config(max_rejects=limit), _Audit(),
                            statuses, why, stream)
    assert status == expected
    assert ("more than --max_rejects" in stream.getvalue()) == bool(expected)
