"""What a training prints while it runs."""

import io
import json

import pytest

from model import progress
from model.state import State
from pipelines import console

FIGURES = {"epoch": 1, "loss": 0.5, "validation_loss": 0.6, "auc": 0.7,
           "specificity": 0.3, "accuracy": 0.8, "seconds": 61.0,
           "images_per_second": 10.0, "waiting": 0.0, "best": False}


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.fixture
def clock(monkeypatch):
    """Time that passes only when told."""
    now = [100.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: now[0])
    return now


def steps(told, clock, count, seconds):
    for step in range(1, count + 1):
        clock[0] += seconds
        told.on_step(State(step_in_epoch=step), 0.25)


def test_a_log_has_a_line_now_and_then(clock):
    stream = io.StringIO()
    steps(progress.Progress(2, 100, 8, stream), clock, 60, 1.0)
    lines = stream.getvalue().splitlines()
    assert len(lines) == 2
    # The first step is slow to start, and is left out of the rate.
    assert lines[0] == ("epoch 1 of 2  step 30 of 100  loss 0.2500  "
                        "8.0 images/s  1:10 left")


def test_a_terminal_s_line_renews_itself(clock, monkeypatch):
    monkeypatch.setenv("TERM", "xterm")
    stream = Terminal()
    told = progress.Progress(2, 100, 8, stream)
    steps(told, clock, 3, 1.0)
    told.on_epoch(State(epochs=[FIGURES]))
    text = stream.getvalue()
    assert text.count("\r\033[K") == 4
    assert text.count("\n") == 1 and text.endswith("1:01\n")


def test_a_scheduler_gets_numbers(clock):
    stream = io.StringIO()
    told = progress.Progress(2, 100, 8, console.JsonLines(stream, "train"))
    steps(told, clock, 40, 1.0)
    clock[0] += 60
    told.on_scored(100)
    told.on_epoch(State(epochs=[FIGURES]))
    step, scored, epoch = map(json.loads, stream.getvalue().splitlines())
    names = ("script", "stage", "unit", "done", "total", "rate",
             "seconds_left")
    assert [step[name] for name in (*names, "loss")] == [
        "train", "epoch 1 of 2", "steps", 30, 100, 1.0, 70.0, 0.25]
    assert [scored[name] for name in names] == [
        "train", "validation", "images", 100, None, None, None]
    assert [epoch[name] for name in (*names, "auc")] == [
        "train", "epochs", "epochs", 1, 2, 1 / 61, 61.0, 0.7]
    assert epoch["message"].startswith("epoch 1 of 2  loss 0.5000")


def test_the_rate_begins_anew_with_each_epoch(clock):
    stream = io.StringIO()
    told = progress.Progress(2, 100, 8, stream)
    steps(told, clock, 40, 1.0)
    told.on_epoch(State(epochs=[FIGURES]))
    stream.truncate(0)
    steps(told, clock, 40, 2.0)
    assert "4.0 images/s" in stream.getvalue()


def test_a_long_validation_is_told(clock):
    stream = io.StringIO()
    told = progress.Progress(1, 10, 8, stream)
    for _ in range(5):
        clock[0] += 20
        told.on_scored(100)
    assert stream.getvalue().splitlines() == [
        "validation: 200 images", "validation: 400 images"]
