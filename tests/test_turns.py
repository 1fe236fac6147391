"""Tasks that threads take in turn."""

import threading

import pytest

from pipelines import turns


def test_elements_stand_for_themselves_where_nothing_is_shared():
    assert list(turns.of(7, lambda task: task * 2)) == [14]


def test_the_first_turn_takes_all_that_is_left():
    with turns.shared([1, 2, 3]):
        assert list(turns.of(3, lambda task: task * 2)) == [2, 4, 6]
        assert not list(turns.of(1, lambda task: task * 2))
    assert list(turns.of(1, lambda task: task * 2)) == [2]


def test_a_quick_worker_does_what_a_slow_one_cannot():
    """Each task once, whoever has it."""
    done = {"slow": [], "quick": []}
    slow_has_one, others_are_done = threading.Event(), threading.Event()

    def work_slowly(task):
        slow_has_one.set()
        assert others_are_done.wait(60)
        done["slow"].append(task)

    def slow():
        list(turns.of(0, work_slowly))

    with turns.shared(range(6)):
        thread = threading.Thread(target=slow)
        thread.start()
        assert slow_has_one.wait(60)
        list(turns.of(1, done["quick"].append))
        others_are_done.set()
        thread.join()
    assert done == {"slow": [0], "quick": [1, 2, 3, 4, 5]}


def test_nobody_begins_another_task_once_one_has_failed():
    def fail(task):
        raise ValueError(task)

    with turns.shared([1, 2]):
        with pytest.raises(ValueError, match="1"):
            list(turns.of(1, fail))
        assert not list(turns.of(2, lambda task: task))
    assert list(turns.of(2, lambda task: task)) == [2]


@pytest.mark.parametrize("failure, raised, text", [
    (ValueError("no room"), ValueError, "no room"),
    (KeyboardInterrupt(), turns.GivenUp, "interrupted")])
def test_where_a_stage_fails_all_stop_at_their_next_item(
        failure, raised, text):
    begun, ended = threading.Event(), threading.Event()
    told = []

    def work(task):
        begun.set()
        try:
            while True:
                turns.check()
        finally:
            ended.set()

    def worker():
        with pytest.raises(raised, match=text):
            list(turns.of(1, work))
        told.append(text)

    thread = threading.Thread(target=worker)
    with pytest.raises(type(failure)):
        with turns.shared([1, 2]):
            thread.start()
            assert begun.wait(60)
            raise failure
    # When the block has ended, so has the work.
    assert ended.is_set()
    thread.join()
    assert told == [text]
    turns.check()


def test_of_two_failures_the_first_is_told_by_all():
    first = ValueError("first")

    def fail(task):
        raise first

    with turns.shared([1, 2]):
        with pytest.raises(ValueError, match="first"):
            list(turns.of(1, fail))
        with pytest.raises(ValueError, match="first"):
            turns.check()
