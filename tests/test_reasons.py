"""The table of reasons, and the exception that carries one."""

import pickle
import re

import pytest

from pipelines import reasons
from pipelines.reasons import Rejected
from pipelines.reasons import Status


@pytest.mark.parametrize("code", reasons.REASONS)
def test_reason_is_one_a_person_can_act_on(code):
    reason = reasons.REASONS[code]
    assert re.fullmatch("[a-z_]+", code)
    assert reason.meaning and reason.remedy
    assert reason.status in (
        Status.REJECTED, Status.UNLABELLED, Status.EXCLUDED)
    assert reason.status == Status.REJECTED or not reason.counts


def test_status_is_its_text_in_any_format():
    assert f"{Status.WRITTEN}" == str(Status.WRITTEN) == "written"
    assert [status.value for status in Status] == [
        "written", "planned", "unlabelled", "excluded", "rejected"]


def test_rejected_names_reason_and_detail():
    assert str(Rejected("truncated")) == "truncated"
    error = Rejected("truncated", "3 of 8 bytes")
    assert str(error) == "truncated: 3 of 8 bytes"
    assert (error.reason, error.detail) == ("truncated", "3 of 8 bytes")


def test_rejected_survives_the_way_between_processes():
    error = pickle.loads(pickle.dumps(Rejected("truncated", "3 bytes")))
    assert (error.reason, error.detail) == ("truncated", "3 bytes")


def test_unknown_reason_is_an_error():
    with pytest.raises(ValueError, match="unknown reason 'tired'"):
        Rejected("tired")
