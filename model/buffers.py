"""Memory that batches are read into, used again and again.

Fresh memory is not free: the kernel clears each page of it when it is first
touched, up to a tenth of what a batch costs (BUILD.md). So what a batch
occupied is kept, once nobody holds the batch any more, for one to come.
"""

import contextlib
import mmap
import threading
import weakref
from typing import Any

import numpy as np


class Pool:
    """Memory that comes back by itself.

    Args:
      most: Pieces of memory that are kept while nobody has them.
    """

    def __init__(self, most: int):
        self._most = most
        self._free: list[mmap.mmap] = []
        self._lock = threading.Lock()

    def take(self, shape: tuple[int, ...], dtype: Any) -> np.ndarray:
        """An array of any content, at the beginning of a page.

        Its memory comes back when it is gone, with all tensors and views that
        share it.
        """
        size = int(np.prod(shape)) * np.dtype(dtype).itemsize
        memory = self._fitting(size) or _new(size)
        # Not from an array: views of its views would hold on to that one.
        array: np.ndarray = np.ndarray(shape, dtype, memory)
        weakref.finalize(array, self._give, memory).atexit = False
        return array

    def _fitting(self, size: int) -> mmap.mmap | None:
        """The newest piece that is large enough but not much too large."""
        with self._lock:
            for place in reversed(range(len(self._free))):
                if size <= len(self._free[place]) <= 2 * size:
                    return self._free.pop(place)
        return None

    def _give(self, memory: mmap.mmap) -> None:
        with self._lock:
            self._free.append(memory)
            # The oldest is of a size that is no longer asked for.
            del self._free[:-self._most]


class Scratch(threading.local):
    """Memory of each thread's own, as large as it ever asked for."""

    def __init__(self):
        self._memory = np.empty(0, np.uint8)

    def of(self, size: int) -> np.ndarray:
        """uint8 [size], whose content lasts until the next call."""
        if len(self._memory) < size:
            self._memory = np.empty(size, np.uint8)
        return self._memory[:size]


def _new(size: int) -> mmap.mmap:
    memory = mmap.mmap(-1, max(size, 1))
    # Touched for the first time in far fewer, larger pieces, where the kernel
    # has them.
    with contextlib.suppress(AttributeError, OSError):
        memory.madvise(mmap.MADV_HUGEPAGE)
    return memory
