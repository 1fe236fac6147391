"""Giving memory back that the stages of a build are done with."""

import contextlib
import ctypes
import gc

import pyarrow as pa


def give_back() -> None:
    """Returns freed memory to the system, which allocators keep at hand.

    What the planning leaves free would else stand beside the buffers of the
    workers until the build ends.
    """
    gc.collect()
    pa.default_memory_pool().release_unused()
    # Of glibc alone: others return memory by themselves, or not at all.
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).malloc_trim(0)
