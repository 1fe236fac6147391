"""Having the disk write what has been written to a file.

Before a file gets its name its bytes are on the disk, which a worker waits
for. Of what the disk has begun with as it came, little is left to wait for.
"""

import ctypes
from typing import Any

_SYNC_FILE_RANGE_WRITE = 2  # linux/fs.h
_sync_file_range: Any = getattr(ctypes.CDLL(None), "sync_file_range", None)
if _sync_file_range:
    _sync_file_range.argtypes = (ctypes.c_int, ctypes.c_int64, ctypes.c_int64,
                                 ctypes.c_uint)


def start(descriptor: int, position: int, length: int) -> None:
    """Has the disk begin with some bytes of an open file.

    Without effect on a system or a file system that has no such call.
    """
    if _sync_file_range:
        _sync_file_range(descriptor, position, length, _SYNC_FILE_RANGE_WRITE)
