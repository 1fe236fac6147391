"""tools/doctor.py as a person or a script runs it."""

import io
import json
import pathlib
import subprocess
import sys

import pytest

from tools.diagnosis import finding
from tools.diagnosis.finding import Finding, MISSING, OK, WARN

ROOT = pathlib.Path(__file__).parents[1]


@pytest.fixture(scope="module")
def examined(tmp_path_factory):
    """This machine, as JSON."""
    done = subprocess.run(
        [sys.executable, str(ROOT / "tools/doctor.py"), "--json", "--quiet",
         "--output=records"], cwd=tmp_path_factory.mktemp("doctor"),
        capture_output=True, text=True, check=False)
    assert done.stderr == ""
    return done.returncode, json.loads(done.stdout)


def test_where_the_tests_run_all_that_is_needed_works(examined):
    status, told = examined
    assert status == 0 and told["ok"] is True
    found = {(one["area"], one["name"]): one for one in told["findings"]}
    assert found["training", "TensorFlow"]["status"] == OK
    assert found["records", "CRC-32C"]["found"] == "in C"
    codecs = [one for one in told["findings"] if one["area"] == "codecs"]
    assert len(codecs) == 17
    assert {one["status"] for one in codecs} == {OK}
    assert not [one for one in told["findings"]
                if one["status"] != OK and not one["advice"]]


FINDINGS = [
    Finding("packages", "numpy", OK, "1.26.4", needed=True),
    Finding("codecs", "htj2k", MISSING, "died of SIGILL", "transcode"),
    Finding("machine", "memory", WARN, "2 GiB", "a smaller --batch_size")]


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_the_table_has_the_advice_below(monkeypatch):
    assert finding.table(FINDINGS, io.StringIO()).splitlines() == [
        "status   area      what    found",
        "-------  --------  ------  --------------",
        "ok       packages  numpy   1.26.4",
        "missing  codecs    htj2k   died of SIGILL",
        "                           -> transcode",
        "warn     machine   memory  2 GiB",
        "                           -> a smaller --batch_size"]
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)
    assert ("\033[32mok\033[0m       packages  numpy   1.26.4" in
            finding.table(FINDINGS, Terminal()))


def test_many_that_are_fine_are_one_line():
    many = [Finding("codecs", str(number), OK, "decoded")
            for number in range(16)]
    shown = finding.collapsed([*FINDINGS[:1], *many, *FINDINGS[1:]])
    assert [(one.area, one.name, one.status) for one in shown] == [
        ("packages", "numpy", OK), ("codecs", "16 codecs", OK),
        ("codecs", "htj2k", MISSING), ("machine", "memory", WARN)]


@pytest.mark.parametrize("status, needed, breaks", [
    (MISSING, True, True), (MISSING, False, False), (WARN, True, False)])
def test_only_what_is_missing_and_needed_breaks(status, needed, breaks):
    assert Finding("a", "b", status, "c", "", needed).breaks == breaks
