"""Processes that do a thread's work."""

import os
import signal
import threading
import warnings

import pytest

from pipelines import convert
from pipelines import processes


class Unsendable(Exception):
    """Cannot be made again of what it is pickled as."""

    def __init__(self, one, other):
        super().__init__(f"{one} and {other}")


class Trial:
    """Work that shows what a process does; its tasks are words."""

    def __call__(self, task, report):
        if task == "items":
            report(7, None)
            report(8, "truncated")
        elif task == "warn":
            warnings.warn("Invalid value for VR DA: '19500101'")
        elif task == "variable":
            return os.environ.get("MAMMOFLOW_TRIAL")
        elif task == "fail":
            raise convert.BuildFailed("the disk is full")
        elif task == "fail badly":
            raise Unsendable(1, 2)
        elif task == "exit":
            os._exit(3)
        elif task == "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        return task, os.getpid()

    def close(self):
        pass


@pytest.fixture
def hand():
    made = processes.Hand(Trial(), {"MAMMOFLOW_TRIAL": "here"})
    yield made
    made.close()


def nothing(*_):
    raise AssertionError("an item was told of")


def test_a_process_gives_results_and_tells_of_items(hand):
    told = []
    task, process = hand("items", lambda *values: told.append(values))
    assert task == "items" and process != os.getpid()
    assert told == [(7, None), (8, "truncated")]
    assert hand("again", nothing) == ("again", process)
    assert hand("variable", nothing) == "here"


def test_an_error_is_raised_and_the_process_goes_on(hand):
    with pytest.raises(convert.BuildFailed, match="^the disk is full$"):
        hand("fail", nothing)
    with pytest.raises(RuntimeError, match="^Unsendable in a worker process$"):
        hand("fail badly", nothing)
    assert hand("again", nothing)[0] == "again"


@pytest.mark.parametrize("task, how", [
    ("exit", "with status 3"), ("kill", "by SIGKILL .out of memory")])
def test_an_end_is_an_error(hand, task, how):
    with pytest.raises(convert.BuildFailed, match=f"process ended {how}"):
        hand(task, nothing)
    with pytest.raises(convert.BuildFailed, match=f"process ended {how}"):
        hand("again", nothing)


def test_ctrl_c_is_not_for_it(hand):
    _, process = hand("again", nothing)
    os.kill(process, signal.SIGINT)
    assert hand("again", nothing) == ("again", process)


def test_what_a_library_says_of_a_header_is_not_told(hand, capfd):
    assert hand("warn", nothing)[0] == "warn"
    hand.close()
    assert capfd.readouterr() == ("", "")


def test_closed_it_ends():
    hand = processes.Hand(Trial(), {})
    _, process = hand("again", nothing)
    hand.close()
    with pytest.raises(ProcessLookupError):
        os.kill(process, 0)


def test_threads_do_it_themselves_unless_processes_are_used():
    trial = Trial()
    assert processes.hand(trial) is trial
    with processes.used({"MAMMOFLOW_TRIAL": "there"}):
        hand = processes.hand(trial)
    assert hand("variable", nothing) == "there"
    assert processes.hand(trial) is trial
    hand.close()


def test_hands_work_beside_each_other():
    hands = [processes.Hand(Trial(), {}) for _ in range(2)]
    found = {}

    def work(number):
        found[number] = [hands[number](f"{number} {turn}", nothing)
                         for turn in range(20)]

    threads = [threading.Thread(target=work, args=(n,)) for n in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for number, hand in enumerate(hands):
        hand.close()
        assert [task for task, _ in found[number]] == [
            f"{number} {turn}" for turn in range(20)]
    assert len({process for done in found.values()
                for _, process in done}) == 2
