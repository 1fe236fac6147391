"""Builds on Prism, of whose binary MAMMOFLOW_PRISM is the path."""

import contextlib
import os
import re

import pytest
from apache_beam.runners.portability import job_server
from apache_beam.runners.portability import prism_runner

from pipelines import convert
from tests import archive
from tests import builds

PRISM = os.environ.get("MAMMOFLOW_PRISM", "")
RATES = re.compile(r"\d[\d,.]* (images|files|MB)/s *|took \S+")

pytestmark = pytest.mark.skipif(
    not PRISM, reason="MAMMOFLOW_PRISM does not name Prism's binary")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """An archive, and its data set by the embedded runner."""
    made = archive.write(tmp_path_factory.mktemp("prism"), 20)
    with contextlib.chdir(made):
        status, _ = builds.run(builds.config("direct"))
    assert status == 0
    return made


@pytest.fixture
def started(monkeypatch):
    """The engines' processes that are started, Prism found where Beam looks.
    """
    found, start = [], job_server.SubprocessJobServer.start

    def note(server):
        found.append(type(server).__name__)
        return start(server)

    monkeypatch.setattr(job_server.SubprocessJobServer, "start", note)
    monkeypatch.setattr(prism_runner.PrismJobServer, "_get_executable_path",
                        lambda server: PRISM)
    return found


def messages(text):
    """What was printed, but for rates, sizes of steps and the output's name.
    """
    ends = [line for line in text.splitlines() if "left  " not in line]
    return [re.sub("direct2|prism", "OUT", RATES.sub("", line))
            for line in ends]


def test_prism_gives_the_same_bytes_and_messages(folder, started,
                                                 monkeypatch):
    monkeypatch.chdir(folder)
    _, expected = builds.run(builds.config("direct2"))
    assert started == []
    status, text = builds.run(builds.config("prism"), "--runner=PrismRunner")
    assert status == 0
    assert set(started) == {"PrismJobServer"}
    assert builds.contents("prism") == builds.contents("direct")
    assert messages(text) == messages(expected)


def test_the_embedded_runner_is_the_same_with_prism_at_hand(
        folder, started, monkeypatch):
    monkeypatch.chdir(folder)
    status, _ = builds.run(builds.config("at-hand"), "--runner=DirectRunner")
    assert (status, started) == (0, [])
    assert builds.contents("at-hand") == builds.contents("direct")


def test_a_failure_of_ours_is_told_in_one_line(folder, started, monkeypatch):
    def fail(*_):
        raise convert.BuildFailed("cannot write it: the disk is full")

    monkeypatch.chdir(folder)
    monkeypatch.setattr(convert, "convert_shard", fail)
    with pytest.raises(convert.BuildFailed) as error:
        builds.run(builds.config("failed"), "--runner=PrismRunner")
    assert str(error.value) == "cannot write it: the disk is full"


def test_any_other_failure_is_told_in_one_line(folder, started, monkeypatch):
    def fail(*_):
        raise ValueError("no rows")

    monkeypatch.chdir(folder)
    monkeypatch.setattr(convert, "convert_shard", fail)
    with pytest.raises(convert.BuildFailed) as error:
        builds.run(builds.config("failed"), "--runner=PrismRunner")
    assert str(error.value) == (
        "the convert stage failed on PrismRunner: ValueError: no rows; what "
        "is complete stays, and the same command goes on from there")
