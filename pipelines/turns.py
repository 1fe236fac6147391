"""Tasks that the threads of one process take in turn.

Beam's embedded runner gives element i to worker i mod n beforehand, however
long each takes, and whoever is done first waits for the others. While a stage
of it runs, an element is a turn instead: its worker takes tasks from those
that are left, first the first, until there are none. Once the stage has failed
or is interrupted, all stop at their next item.
"""

import collections
import contextlib
import threading
from collections.abc import Callable, Iterator, Sequence
from typing import Any

_SECONDS = 10.0


class GivenUp(RuntimeError):
    """The build is interrupted."""


class _Stage:
    """The tasks of one stage, and how many are being done."""

    def __init__(self, tasks: Sequence[Any]):
        self._left = collections.deque(tasks)
        self.reason: BaseException | None = None
        self._at_work = 0
        self._changed = threading.Condition()

    def take(self) -> Any:
        """The next task, to be `finished`; IndexError if there is none."""
        with self._changed:
            task = self._left.popleft()
            self._at_work += 1
            return task

    def finished(self) -> None:
        with self._changed:
            self._at_work -= 1
            self._changed.notify_all()

    def give_up(self, reason: BaseException) -> None:
        with self._changed:
            self.reason = self.reason or reason
            self._left.clear()

    def wait(self) -> None:
        """Until nobody is at work, or for as long as an item may take."""
        with self._changed:
            self._changed.wait_for(lambda: not self._at_work, _SECONDS)


# Of the stage that runs in this process; None: elements stand for themselves.
_stage: _Stage | None = None


@contextlib.contextmanager
def shared(tasks: Sequence[Any]) -> Iterator[None]:
    """Within the block, whatever element comes, the next of these is meant.

    Where the block fails, what workers had begun is gone when it ends.
    """
    global _stage
    stage = _stage = _Stage(tasks)
    try:
        yield
    except BaseException as error:
        stage.give_up(error)
        stage.wait()
        raise
    finally:
        _stage = None


def of(task: Any, work: Callable[[Any], Any]) -> Iterator[Any]:
    """What becomes of the tasks that the worker does which is given this one.

    Args:
      task: The element that came.
      work: Does one task.
    """
    stage = _stage
    if stage is None:
        yield work(task)
        return
    while True:
        try:
            taken = stage.take()
        except IndexError:
            return
        try:
            result = work(taken)
        except BaseException as error:
            stage.give_up(error)
            raise
        finally:
            stage.finished()
        yield result


def check() -> None:
    """Raises what another worker failed with, if one has; or GivenUp.

    Beam tells the error of the first worker, whichever failed first.
    """
    reason = _stage.reason if _stage is not None else None
    if isinstance(reason, Exception):
        raise reason
    if reason is not None:
        raise GivenUp("the build is interrupted")
