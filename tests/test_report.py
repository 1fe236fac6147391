import pytest

from pipelines import report
from tests import builds


class _Audit:
    no_match = ()


@pytest.mark.parametrize("rejected, aside, limit, expected", [
    (10, 0, 0.1, 0), (11, 0, 0.1, 1), (1, 0, 0.0, 1), (0, 50, 0.0, 0)])
def test_the_status_is_1_above_the_limit_of_rejects(
        rejected, aside, limit, expected, capsys):
    statuses = {"written": 100 - rejected, "rejected": rejected + aside}
    why = {"truncated": rejected, "not_dicom": aside}
    status = report._status(builds.config(max_rejects=limit), _Audit(),
                            statuses, why)
    assert status == expected
    told = capsys.readouterr().err
    assert ("more than --max_rejects" in told) == bool(expected)
