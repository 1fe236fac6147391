"""Processes that outlive the script which starts them, and their end."""

import contextlib
import json
import os
import pathlib
import socket
import subprocess
import time
from collections.abc import Callable, Sequence

import psutil

HOST = "127.0.0.1"
_STOP_SECONDS = 10.0
_POLL_SECONDS = 0.1


def free_port() -> int:
    """A port of loopback that nobody listens at now."""
    with socket.socket() as held:
        held.bind((HOST, 0))
        return held.getsockname()[1]


def listens(port: int) -> bool:
    """Whether somebody listens at a port of loopback."""
    with contextlib.suppress(OSError):
        socket.create_connection((HOST, port), 1.0).close()
        return True
    return False


class Processes:
    """Named processes, remembered in a file of a folder.

    A process is known by its number and its start, so that another one that
    got its number since is never taken for it.
    """

    def __init__(self, folder: pathlib.Path):
        self._folder = folder
        self._file = folder / "processes.json"
        self._known: dict[str, tuple[int, float]] = {}
        if self._file.exists():
            self._known = {name: tuple(known) for name, known in json.loads(
                self._file.read_text(encoding="utf-8")).items()}

    def running(self) -> dict[str, psutil.Process]:
        """Those that are still there."""
        found = {}
        for name, (number, start) in self._known.items():
            with contextlib.suppress(psutil.Error):
                process = psutil.Process(number)
                if (process.create_time() == start
                        and process.status() != psutil.STATUS_ZOMBIE):
                    found[name] = process
        return found

    def log(self, name: str) -> pathlib.Path:
        """What a process prints."""
        return self._folder / f"{name}.log"

    def start(self, name: str, words: Sequence[str],
              environment: dict[str, str] | None = None) -> None:
        """Starts one in the folder, in a session of its own."""
        self._folder.mkdir(parents=True, exist_ok=True)
        with open(self.log(name), "wb") as log:
            child = subprocess.Popen(
                words, cwd=self._folder, stdin=subprocess.DEVNULL, stdout=log,
                stderr=subprocess.STDOUT, start_new_session=True,
                env={**os.environ, **(environment or {})})
        self._known[name] = (
            child.pid, psutil.Process(child.pid).create_time())
        self._file.write_text(json.dumps(self._known), encoding="utf-8")

    def wait(self, ready: Callable[[], bool], seconds: float) -> None:
        """Waits until all that was started is ready.

        Raises:
          RuntimeError: One of them ended, or the time is over.
        """
        end = time.monotonic() + seconds
        while not ready():
            gone = sorted(set(self._known) - set(self.running()))
            if gone:
                raise RuntimeError(
                    f"{gone[0]} ended; {self.log(gone[0])} says why")
            if time.monotonic() > end:
                raise RuntimeError(f"not ready after {seconds:.0f} s; see the "
                                   f"logs in {self._folder}")
            time.sleep(_POLL_SECONDS)

    def stop(self) -> int:
        """Ends all of them and what they started; returns how many."""
        ended = list(self.running().values())
        tree = [below for process in ended
                for below in process.children(recursive=True)] + ended
        for process in tree:
            with contextlib.suppress(psutil.Error):
                process.terminate()
        _, alive = psutil.wait_procs(tree, _STOP_SECONDS)
        for process in alive:
            with contextlib.suppress(psutil.Error):
                process.kill()
        self._file.unlink(missing_ok=True)
        self._known = {}
        return len(ended)
