"""Steps on real batches and on a held one are told apart."""

import pytest

from tools import learning

pytest.importorskip("tensorflow")


class Clock:
    """Says what it is told."""

    now = 100.0

    def monotonic(self):
        return self.now


def test_an_epoch_counts_from_the_end_of_the_one_before(monkeypatch):
    from model.state import State

    clock = Clock()
    monkeypatch.setattr(learning, "time", clock)
    times = learning._Times(learning.Choice("", "", "", 4, 2, 1))
    times.epoch()
    clock.now += 5  # 1 s of it before the loop began to count.
    times.step(State(epoch=1, step_in_epoch=1), 0.5)
    clock.now += 5
    times.step(State(epoch=1, step_in_epoch=2, seconds=9.0,
                     waiting_seconds=0.5), 0.5)
    assert times.first_step == 5
    epoch, = times.epochs
    assert epoch == learning.Epoch(True, 10.0, 1.5, 8)
    assert epoch.rate == 0.8


def test_judging_is_timed_as_often_as_asked():
    assert len(learning.judging_seconds(50, 3)) == 3
