"""Giving memory back that the stages of a build are done with."""

import contextlib
import ctypes
import gc
import re
from collections.abc import Iterator
from typing import Any

import pyarrow as pa

_MADV_DONTNEED = 4  # asm-generic/mman-common.h
# Address of the first byte and of the one behind the last, of the code of a
# shared library: mapped from its file, and never written to.
_CODE = re.compile(r"([0-9a-f]+)-([0-9a-f]+) r-xp .* /.*\.so[.0-9]*$")


def give_back() -> None:
    """Returns freed memory to the system, which allocators keep at hand.

    What the planning leaves free would else stand beside the buffers of the
    workers until the build ends. So would code that only the planning runs,
    tens of MB of DuckDB's: it stays in the system's cache of files, and comes
    back from there when it is called again.
    """
    gc.collect()
    pa.default_memory_pool().release_unused()
    # What other systems lack; there memory is returned of itself, or not.
    with contextlib.suppress(OSError, AttributeError, TypeError):
        system = ctypes.CDLL(None)
        system.malloc_trim(0)
        _give_back_code(system.madvise)


def _give_back_code(madvise: Any) -> None:
    madvise.argtypes = ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int
    for first, end in code_mappings():
        madvise(first, end - first, _MADV_DONTNEED)


def code_mappings() -> Iterator[tuple[int, int]]:
    """First address and the one behind the last of each library's code."""
    with open("/proc/self/maps", encoding="utf-8",
              errors="surrogateescape") as maps:
        for line in maps:
            if found := _CODE.match(line):
                yield int(found[1], 16), int(found[2], 16)
