"""Tasks that the threads of one process take in turn.

Beam's embedded runner gives element i to worker i mod n beforehand, however
long each takes, and whoever is done first waits for the others. While a stage
of it runs, an element is a turn instead: its worker takes tasks from those
that are left, first the first, until there are none.
"""

import collections
import contextlib
from collections.abc import Callable, Iterator, Sequence
from typing import Any

# Of the stage that runs in this process; None: elements stand for themselves.
_left: collections.deque | None = None


@contextlib.contextmanager
def shared(tasks: Sequence[Any]) -> Iterator[None]:
    """Within the block, whatever element comes, the next of these is meant."""
    global _left
    _left = collections.deque(tasks)
    try:
        yield
    finally:
        _left = None


def of(task: Any, work: Callable[[Any], Any]) -> Iterator[Any]:
    """What becomes of the tasks that the worker does which is given this one.

    Args:
      task: The element that came.
      work: Does one task.
    """
    left = _left
    if left is None:
        yield work(task)
        return
    while left:
        try:
            taken = left.popleft()
        except IndexError:  # Another took the last one.
            return
        try:
            yield work(taken)
        except BaseException:
            # The stage has failed: nobody is to begin another task.
            left.clear()
            raise
