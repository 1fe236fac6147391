"""What a terminal, a log file and a scheduler are told."""

import datetime
import fcntl
import io
import json
import os
import pty
import struct
import subprocess
import sys
import termios

import pytest

from pipelines import console


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.fixture(autouse=True)
def a_process_of_its_own(monkeypatch):
    """What is set here is forgotten, and the terminal is one that can."""
    for name in ("script", "quiet", "stream", "shown"):
        monkeypatch.setattr(console._NOW, name, getattr(console._NOW, name))
    monkeypatch.setattr(sys, "stderr", sys.stderr)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)


def on(stream, monkeypatch, **settings):
    monkeypatch.setattr(sys, "__stderr__", stream)
    console.setup("train", **settings)
    return stream


def speak():
    console.info("a remark")
    console.warning("an oddity\n  of two lines")
    console.error("no such run: data/runs/x")


def test_a_log_has_plain_lines(monkeypatch):
    stream = on(io.StringIO(), monkeypatch)
    speak()
    assert stream.getvalue() == (
        "a remark\n"
        "train: warning: an oddity of two lines\n"
        "train: no such run: data/runs/x\n")


def test_quiet_leaves_the_errors(monkeypatch):
    stream = on(io.StringIO(), monkeypatch, quiet=True)
    speak()
    console.Line().show("1 of 2")
    print("progress", file=console.stream())
    assert stream.getvalue() == "train: no such run: data/runs/x\n"


@pytest.mark.parametrize("environment, coloured", [
    ({}, True), ({"NO_COLOR": "1"}, False), ({"NO_COLOR": ""}, True),
    ({"TERM": "dumb"}, False), ({"TERM": ""}, False)])
def test_only_a_terminal_that_can_has_colours(
        monkeypatch, environment, coloured):
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    stream = on(Terminal(), monkeypatch)
    console.error("no")
    assert stream.getvalue() == (
        "\033[31;1mtrain: \033[0mno\n" if coloured else "train: no\n")


def test_json_logs_are_an_object_a_line(monkeypatch):
    stream = on(io.StringIO(), monkeypatch, json_logs=True)
    speak()
    console.Line().show("1 of 2", {"stage": "scan", "done": 1, "total": 2})
    # What others write is told too.
    print("two\n\nlines", file=sys.stderr)
    sys.stderr.write("no end yet")
    told = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert [(one["level"], one["message"]) for one in told] == [
        ("info", "a remark"), ("warning", "an oddity of two lines"),
        ("error", "no such run: data/runs/x"), ("info", "1 of 2"),
        ("info", "two"), ("info", "lines")]
    assert {one["script"] for one in told} == {"train"}
    assert (told[3]["stage"], told[3]["done"], told[3]["total"]) == (
        "scan", 1, 2)
    for one in told:
        time = datetime.datetime.fromisoformat(one["time"])
        assert time.utcoffset() == datetime.timedelta(0)


def test_json_has_no_infinities_and_nothing_is_left_out(monkeypatch):
    stream = on(io.StringIO(), monkeypatch, json_logs=True)
    console.Line().show("a", {"done": 1, "loss": float("nan")})
    told = json.loads(stream.getvalue(), parse_constant=pytest.fail)
    assert told["loss"] is None and told["done"] == 1
    assert {"stage", "total", "rate", "seconds_left"} <= set(told)


def test_quiet_json_logs_are_errors_alone(monkeypatch):
    stream = on(io.StringIO(), monkeypatch, quiet=True, json_logs=True)
    speak()
    console.Line().show("1 of 2")
    told = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert [one["level"] for one in told] == ["error"]


def test_a_line_renews_itself_and_makes_room(monkeypatch):
    stream = on(Terminal(), monkeypatch)
    line = console.Line()
    line.show("1 of 3")
    line.show("2 of 3")
    console.info("a remark")
    line.show("3 of 3", last=True)
    console.info("the end")
    clear = "\r\033[K"
    assert stream.getvalue() == (
        f"{clear}1 of 3{clear}2 of 3{clear}a remark\n{clear}3 of 3\nthe end\n")


def test_a_dumb_terminal_s_line_does_not_renew_itself(monkeypatch):
    monkeypatch.setenv("TERM", "dumb")
    stream = on(Terminal(), monkeypatch)
    line = console.Line()
    line.show("1 of 2")
    line.show("2 of 2", last=True)
    assert stream.getvalue() == "1 of 2\n2 of 2\n"


def test_on_a_real_terminal_a_line_is_no_wider_than_it():
    """A line that wraps could not be gone back in."""
    program = ("from pipelines import console\n"
               "console.Line().show('x' * 300)\n"
               "console.Line().show('y' * 300, last=True)")
    main, terminal = pty.openpty()
    fcntl.ioctl(terminal, termios.TIOCSWINSZ,
                struct.pack("HHHH", 24, 60, 0, 0))
    subprocess.run([sys.executable, "-c", program], stderr=terminal,
                   check=True, env={**os.environ, "TERM": "xterm"},
                   cwd=os.path.dirname(os.path.dirname(__file__)))
    os.close(terminal)
    told = os.read(main, 4096).decode()
    os.close(main)
    assert told == f"\r\033[K{'x' * 59}\r\033[K{'y' * 300}\r\n"
