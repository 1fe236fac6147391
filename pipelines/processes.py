"""Processes that do the work of the embedded runner's threads.

Python runs one thread of a process at a time. What converts an image is mostly
libraries that let others run meanwhile, but with more than two threads the
rest decides. Then each thread has a process of its own, to which it hands its
tasks; unlike workers of Beam's own it imports no Beam, its threads take tasks
in turn, and its end is an error.
"""

import contextlib
import gc
import multiprocessing
import os
import pickle
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from multiprocessing import connection
from typing import Any

from pipelines import console
from pipelines import convert
from pipelines import work

_ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
_SERVE = ("import sys; sys.path[0] = sys.argv[1]; from pipelines import "
          "processes; processes.serve(int(sys.argv[2]))")
_SECONDS = 10.0

# What is added to their environment while a stage has its work done by
# processes; None: threads do it themselves.
_environment: Mapping[str, str] | None = None


@contextlib.contextmanager
def used(environment: Mapping[str, str]) -> Iterator[None]:
    """Within the block, workers that are set up have processes."""
    global _environment
    _environment = environment
    try:
        yield
    finally:
        _environment = None


def hand(kind: Any) -> Any:
    """What does this kind of work: itself, or a process."""
    return kind if _environment is None else Hand(kind, _environment)


class Hand:
    """A process that does one worker's tasks, as the work itself would.

    Args:
      kind: The work, of `pipelines.work`.
      environment: Added to the process's.
    """

    def __init__(self, kind: Any, environment: Mapping[str, str]):
        self._connection, theirs = multiprocessing.Pipe()
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-c", _SERVE, _ROOT, str(theirs.fileno())],
                pass_fds=[theirs.fileno()], stdin=subprocess.DEVNULL,
                env={**os.environ, **environment})
        self._connection.send(kind)

    def __call__(self, task: Any, report: work.Report) -> Any:
        """Raises what the work raises, and BuildFailed where its process ends.
        """
        try:
            self._connection.send(task)
            while True:
                is_item, values = self._connection.recv()
                if not is_item:
                    break
                report(*values)
        except (EOFError, ConnectionError):
            status = self._end()
            raise convert.BuildFailed(
                f"a worker process ended {_how(status)}; what is complete "
                "stays, and the same command goes on from there") from None
        result, error = values
        if error is not None:
            raise error
        return result

    def close(self) -> None:
        """Ends the process, which has nothing to do any more."""
        self._connection.close()
        self._end()

    def _end(self) -> int:
        """The status of the process, which ends or is made to."""
        try:
            return self._process.wait(_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            return self._process.wait()


def _how(status: int) -> str:
    """How a process ended.

    >>> _how(-9), _how(3)
    ('by SIGKILL (out of memory?)', 'with status 3')
    """
    if status == -signal.SIGKILL:
        return "by SIGKILL (out of memory?)"
    if status < 0:
        return f"by {signal.Signals(-status).name}"
    return f"with status {status}"


def serve(descriptor: int) -> None:
    """What the process does: the work, until nobody is there to hand it on."""
    # Ctrl-C reaches it too, but it is for the one who asked to stop it.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # Warnings of libraries quote headers; what counts is a row's reason.
    sys.stderr = console.Nowhere()
    gc.freeze()
    with connection.Connection(descriptor) as ours:
        with contextlib.suppress(EOFError, ConnectionError):
            kind = ours.recv()
            while True:
                task = ours.recv()
                ours.send((False, _done(kind, task, ours)))


def _done(kind: Any, task: Any,
          ours: connection.Connection) -> tuple[Any, Exception | None]:
    """The result, or what was raised."""
    try:
        return kind(task, lambda *values: ours.send((True, values))), None
    except ConnectionError:
        raise
    except Exception as error:
        return None, _sendable(error)


def _sendable(error: Exception) -> Exception:
    """The error, or its name where it does not survive the way."""
    try:
        pickle.loads(pickle.dumps(error))
    except Exception:
        return RuntimeError(f"{type(error).__name__} in a worker process")
    return error
