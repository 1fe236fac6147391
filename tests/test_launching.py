"""Workers that die, that hang, that are told to stop: plain shells here."""

import io
import os
import pathlib
import signal
import subprocess
import sys
import threading
import time

import pytest

from tools import clusters
from tools import launching

ROOT = pathlib.Path(__file__).parents[1]
# So that a shell knows which of two workers it is.
SECOND = 'case "$TF_CONFIG" in *\'"index": 1\'*)'
HASTY = launching.Patience(max_restarts=2, backoff_seconds=0.01,
                           grace_seconds=0.3)


def run(script, patience=HASTY, **more):
    """Two workers that are shells; the exit status and what was printed."""
    stream = io.StringIO()
    status = launching.Launcher(clusters.Cluster(
        ("sh", "-c", script), **more), patience, stream).run()
    return status, stream.getvalue()


def test_output_tells_its_worker_and_comes_whole():
    status, text = run(f"{SECOND} printf 'no newline' >&2; exit;; esac; "
                       "printf 'one\\ntwo\\n'")
    assert status == 0
    lines = text.splitlines()
    assert {"[0] one", "[0] two", "[1] no newline"} <= set(lines)
    assert "all workers start again" not in text


@pytest.mark.parametrize("end", ["kill -9 $$", "kill -6 $$", "exit 75"])
def test_all_start_again_when_one_is_lost(tmp_path, end):
    # The second dies the first time, and the first one then leaves.
    mark = tmp_path / "mark"
    status, text = run(f"{SECOND} if mkdir {mark} 2>/dev/null; then {end}; "
                       f"fi; exit 0;; esac; test -d {mark} || sleep 0.2; "
                       f"mkdir {mark}2 2>/dev/null && exit 75; exit 0")
    assert status == 0
    assert text.count("is process") == 4
    assert "start again in 0.01 s (restart 1 of at most 2)" in text


def test_it_gives_up_after_so_many_restarts():
    status, text = run("kill -9 $$")
    assert status == 75
    assert text.count("was killed by SIGKILL") == 2 * 3
    assert "in 0.01 s" in text and "in 0.02 s" in text
    assert "given up after 2 restarts in a row" in text


def test_attempts_that_lasted_begin_a_new_row(monkeypatch, tmp_path):
    monkeypatch.setattr(launching, "_GOOD_SECONDS", 0.0)
    status, text = run(f"{SECOND} exit 0;; esac; for i in 1 2 3 4; do mkdir "
                       f"{tmp_path}/$i 2>/dev/null && kill -9 $$; done; exit 0")
    assert status == 0
    assert text.count("restart 1 of at most 2") == 4


def test_what_fails_by_itself_is_not_started_again():
    status, text = run(f"{SECOND} exit 3;; esac; sleep 0.1; exit 75")
    assert status == 3
    assert "worker 1 ended with status 3" in text
    assert text.count("is process") == 2


@pytest.mark.parametrize("trap, last", [("", "SIGTERM"),
                                        ("trap '' TERM;", "SIGKILL")])
def test_who_does_not_leave_is_made_to(trap, last):
    start = time.monotonic()
    status, text = run(f"{SECOND} kill -9 $$;; esac; {trap} "
                       "while :; do sleep 0.05; done",
                       launching.Patience(0, grace_seconds=0.2))
    assert time.monotonic() - start < 60
    assert status == 75
    assert f"worker 0 is still there: {last}" in text


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_signals_reach_all_and_nothing_starts_again(number):
    script = ("import signal, sys, time\n"
              "for number in (signal.SIGINT, signal.SIGTERM):\n"
              "    signal.signal(number, lambda number, _: sys.exit(\n"
              "        print('got', number) or 130))\n"
              "print('ready', flush=True); time.sleep(100)")
    process = subprocess.Popen(
        [sys.executable, str(ROOT / "tools/launch_workers.py"), "--",
         sys.executable, "-c", script], stdout=subprocess.PIPE, text=True)
    lines = []
    for line in process.stdout:
        lines.append(line.rstrip())
        if sum(line.endswith("ready") for line in lines) == 2:
            break
    process.send_signal(number)
    rest, _ = process.communicate(timeout=60)
    assert process.returncode == 128 + number
    assert f"[0] got {number}" in rest and f"[1] got {number}" in rest
    assert "start again" not in rest


def test_a_host_s_worker_is_interrupted_by_its_terminal(tmp_path):
    # Stands for ssh: gives the command a terminal, and hands it what it reads.
    ssh = tmp_path / "ssh.py"
    # What a shell finds ignored, as in a background job, it cannot trap.
    ssh.write_text("import pty, signal, sys\n"
                   "for number in (signal.SIGINT, signal.SIGHUP):\n"
                   "    signal.signal(number, signal.SIG_DFL)\n"
                   "status = pty.spawn(['sh', '-c', sys.argv[2]])\n"
                   "sys.exit(status >> 8)\n")
    stream = io.StringIO()
    launcher = launching.Launcher(
        clusters.Cluster(
            ("sh", "-c", "trap 'echo stopped; exit 130' INT; pwd; "
             "echo \"$TF_CONFIG\"; while :; do sleep 0.05; done"),
            ("gpu1", "gpu2"), ssh=(sys.executable, str(ssh)),
            folder=str(tmp_path)), HASTY, stream)
    results: list[int] = []
    thread = threading.Thread(target=lambda: results.append(launcher.run()))
    thread.start()
    while stream.getvalue().count("gpu2:12345") < 2:
        time.sleep(0.02)
    launcher.signal(signal.SIGTERM)
    thread.join(60)
    assert results == [128 + signal.SIGTERM]
    text = stream.getvalue()
    for index in range(2):
        assert f"[{index}] {os.path.realpath(tmp_path)}" in text
        assert any(line.startswith(f"[{index}]") and "stopped" in line
                   for line in text.splitlines())


def test_flags_alone_are_those_of_the_trainer():
    done = subprocess.run(
        [sys.executable, str(ROOT / "tools/launch_workers.py"), "--local=1",
         "--", "--arch=renset"], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "[0] train: --arch=renset" in done.stdout
    assert "Traceback" not in done.stdout + done.stderr


@pytest.mark.parametrize("words, message", [
    (["--hosts=a,a"], "names one twice"), (["--locl=2"], "locl"),
    (["--", "no-such-program"], "no-such-program")])
def test_a_wrong_flag_is_one_line(words, message):
    done = subprocess.run(
        [sys.executable, str(ROOT / "tools/launch_workers.py"), *words],
        capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.startswith("launch_workers: ")
    assert message in done.stderr
    assert "Traceback" not in done.stderr
