"""What a run's record tells of program and libraries."""

import re

import numpy as np

from model import provenance


def test_versions_are_those_that_run():
    assert provenance.versions()["numpy"] == np.__version__


def test_the_time_is_utc():
    assert provenance.utc_now().endswith("+00:00")


def test_the_revision_is_git_s_or_none(monkeypatch):
    found = provenance.git_revision()
    assert found is None or re.fullmatch("[0-9a-f]{40}(-dirty)?", found)
    monkeypatch.setenv("PATH", "")
    assert provenance.git_revision() is None
