"""Processes that train together: started, watched, started again.

MultiWorkerMirroredStrategy cannot go on without one of its workers, nor take
it back. So when one dies all others leave, and all are started again, which
go on from the last checkpoint.
"""

import contextlib
import dataclasses
import math
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from typing import TextIO

from tools import clusters

# What model/train.py ends with when another worker is gone: EX_TEMPFAIL of
# sysexits.h. And ssh, when the connection broke.
LOST = (75, 255)
# An attempt that lasted so long was a good one: failures are counted anew.
_GOOD_SECONDS = 600.0
_LONGEST_PAUSE = 60.0
_POLL_SECONDS = 0.1
_READ_SECONDS = 5.0
# What a terminal turns into SIGINT, and how a line on one renews itself.
_INTERRUPT = "\x03"
_CLEAR_LINE = "\033[K"


@dataclasses.dataclass(frozen=True)
class Patience:
    """When to give up.

    Attributes:
      max_restarts: In a row; attempts that last ten minutes are not counted.
      backoff_seconds: Before the first restart; doubled for each after it.
      grace_seconds: For the other workers to leave when one is gone, and
        again when they were told to.
    """

    max_restarts: int = 10
    backoff_seconds: float = 2.0
    grace_seconds: float = 60.0

    def pause(self, restarts: int) -> float:
        """Seconds before a restart, which is the first of a row for 0.

        >>> [Patience().pause(restarts) for restarts in (0, 1, 2, 9)]
        [2.0, 4.0, 8.0, 60.0]
        """
        return min(self.backoff_seconds * 2**min(restarts, 30),
                   _LONGEST_PAUSE)


def verdict(statuses: Sequence[int], told: set[int]) -> int | None:
    """The exit status that the workers' come to, or None: start them again.

    Args:
      statuses: Of the workers; negative: killed by that signal.
      told: Workers that had to be told to leave; their statuses say nothing.

    >>> verdict([0, 0], set()), verdict([75, -9], set())
    (0, None)
    >>> verdict([75, 1], set())   # It failed by itself, and would again.
    1
    >>> verdict([-15, -9], {0})
    """
    own = [status for index, status in enumerate(statuses)
           if status and index not in told]
    if not own:
        return 0
    return next((status for status in own
                 if status > 0 and status not in LOST), None)


class Launcher:
    """Runs a cluster's workers until they are done.

    Args:
      cluster: What to run.
      patience: When to give up.
      stream: Gets the workers' output, each line with its worker's number,
        and what became of them.
    """

    def __init__(self, cluster: clusters.Cluster,
                 patience: Patience = Patience(),
                 stream: TextIO | None = None):
        self._cluster = cluster
        self._patience = patience
        self._stream = stream or sys.stdout
        self._lock = threading.Lock()
        self._workers: list[_Worker] = []
        self._signalled = threading.Event()
        self._number = 0

    def run(self) -> int:
        """Returns the exit status; 128 + its number after a signal."""
        restarts = 0
        while True:
            began = time.monotonic()
            statuses, told = self._attempt()
            if self._number:
                return 128 + self._number
            status = verdict(statuses, told)
            if status is not None:
                return status
            if time.monotonic() - began >= _GOOD_SECONDS:
                restarts = 0
            if restarts == self._patience.max_restarts:
                self._say(f"given up after {restarts} restarts in a row")
                return LOST[0]
            pause = self._patience.pause(restarts)
            restarts += 1
            self._say(f"all workers start again in {pause:g} s (restart "
                      f"{restarts} of at most {self._patience.max_restarts})")
            if self._signalled.wait(pause):
                return 128 + self._number

    def signal(self, number: int, frame: object = None) -> None:
        """Passes a signal on to all workers; nothing is started after it."""
        del frame
        self._number = number
        for worker in self._workers:
            worker.signal(number)
        self._signalled.set()

    def _attempt(self) -> tuple[list[int], set[int]]:
        """Runs all workers once: their statuses, and who had to be told."""
        self._workers = workers = []
        try:
            for index, start in enumerate(self._cluster.starts()):
                workers.append(_Worker(start, f"[{index}] ", self._print))
                self._say(f"worker {index} is process {workers[-1].pid}")
            if self._number:  # Signalled meanwhile.
                self.signal(self._number)
            told = self._watch(workers)
        finally:
            for worker in workers:
                worker.end()
        return [worker.status or 0 for worker in workers], told

    def _watch(self, workers: list["_Worker"]) -> set[int]:
        """Waits for all to end; when one failed the others soon have to."""
        told: set[int] = set()
        failed: set[int] = set()
        deadline = math.inf
        while True:
            left = {index for index, worker in enumerate(workers)
                    if worker.status is None}
            new = {index for index, worker in enumerate(workers)
                   if worker.status} - failed - told
            for index in sorted(new):
                self._say(f"worker {index} "
                          f"{described(workers[index].status or 0)}")
            now = time.monotonic()
            if new and not failed:
                deadline = now + self._patience.grace_seconds
            failed |= new
            if not left:
                return told
            if now >= deadline:
                self._make_leave(workers, left, bool(told))
                told |= left
                deadline = now + self._patience.grace_seconds
            time.sleep(_POLL_SECONDS)

    def _make_leave(self, workers: list["_Worker"], left: set[int],
                    were_told: bool) -> None:
        number = signal.SIGKILL if were_told else signal.SIGTERM
        for index in sorted(left):
            self._say(f"worker {index} is still there: {number.name}")
            workers[index].signal(number)

    def _say(self, text: str) -> None:
        self._print(f"launch_workers: {text}\n")

    def _print(self, line: str) -> None:
        with self._lock:
            self._stream.write(line)
            self._stream.flush()


def described(status: int) -> str:
    """What became of a process, in words.

    >>> described(-9), described(75)
    ('was killed by SIGKILL', 'lost another worker (status 75)')
    """
    if status < 0:
        return f"was killed by {signal.Signals(-status).name}"
    if status in LOST:
        return f"lost another worker (status {status})"
    return f"ended with status {status}"


class _Worker:
    """One process, whose output is printed line by line."""

    def __init__(self, start: clusters.Start, prefix: str,
                 told: Callable[[str], None]):
        # A session of its own: the terminal's Ctrl-C comes by the launcher.
        self._process = subprocess.Popen(
            start.words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            stdin=subprocess.PIPE if start.by_terminal
            else subprocess.DEVNULL, start_new_session=True, text=True,
            errors="replace", env={**os.environ, **start.environment})
        self._by_terminal = start.by_terminal
        self._reader = threading.Thread(
            target=self._read, args=(prefix, told), daemon=True)
        self._reader.start()

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def status(self) -> int | None:
        """Of its end; None before."""
        return self._process.poll()

    def signal(self, number: int) -> None:
        """Sends a signal, if it is still there."""
        if self._by_terminal and number != signal.SIGKILL:
            assert self._process.stdin is not None
            with contextlib.suppress(OSError):
                self._process.stdin.write(_INTERRUPT)
                self._process.stdin.flush()
        else:
            self._process.send_signal(number)

    def end(self) -> None:
        """Makes sure that it is gone, and its last words are read."""
        if self.status is None:
            self._process.kill()
            self._process.wait()
        # Who inherited its output is not waited for.
        self._reader.join(_READ_SECONDS)

    def _read(self, prefix: str, told: Callable[[str], None]) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            line = line.replace(_CLEAR_LINE, "").rstrip()
            if line:
                told(f"{prefix}{line}\n")
