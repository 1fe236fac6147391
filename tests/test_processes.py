import signal
import sys

import pytest

from tools.engines import processes

WAITS = [sys.executable, "-c", "import time; print('here', flush=True); "
         "time.sleep(60)"]


@pytest.fixture
def made(tmp_path):
    made = processes.Processes(tmp_path / "folder")
    yield made
    made.stop()


def test_processes_outlive_who_started_them_and_are_found_again(
        made, tmp_path):
    made.start("waiter", WAITS)
    again = processes.Processes(tmp_path / "folder")
    assert set(again.running()) == {"waiter"}
    made.wait(lambda: made.log("waiter").read_text() == "here\n", 30)
    assert again.stop() == 1
    assert made.running() == {}
    assert processes.Processes(tmp_path / "folder").stop() == 0


def test_another_process_of_its_number_is_never_ended(made, tmp_path):
    made.start("waiter", WAITS)
    remembered = tmp_path / "folder" / "processes.json"
    number, start = made._known["waiter"]
    remembered.write_text(f'{{"waiter": [{number}, {start - 100}]}}')
    assert processes.Processes(tmp_path / "folder").stop() == 0
    assert set(made.running()) == {"waiter"}


def test_one_that_ends_while_it_is_waited_for_is_named(made):
    made.start("waiter", WAITS)
    made.start("quitter", [sys.executable, "-c", "pass"])
    with pytest.raises(RuntimeError, match="quitter ended; .*quitter.log"):
        made.wait(lambda: False, 30)


def test_one_that_is_killed_counts_as_gone(made):
    made.start("waiter", WAITS)
    made.running()["waiter"].send_signal(signal.SIGKILL)
    with pytest.raises(RuntimeError, match="waiter ended"):
        made.wait(lambda: False, 30)


def test_a_free_port_has_no_listener():
    assert not processes.listens(processes.free_port())
