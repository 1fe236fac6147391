"""The next file on its way while this one is decoded.

Of a local disk the operating system is told to fetch it; of a store a thread
does, which holds one file more.
"""

import contextlib
import os
from collections.abc import Iterator, Sequence
from concurrent import futures

from pipelines import files
from pipelines import scan
from pipelines.workspace import Workspace

Buffer = bytes | memoryview


@contextlib.contextmanager
def reader(paths: Sequence[str], limits: scan.Limits) -> Iterator["Reader"]:
    """Reads files of a shard in their order, each while the one before it is
    worked on."""
    remote = any(not files.is_local(path) for path in paths)
    pool = futures.ThreadPoolExecutor(1) if remote else None
    try:
        yield Reader(paths, limits, pool)
    finally:
        if pool:
            pool.shutdown(cancel_futures=True)


class Reader:
    """See `reader`."""

    def __init__(self, paths: Sequence[str], limits: scan.Limits,
                 pool: futures.Executor | None):
        self._paths = paths
        self._limits = limits
        self._pool = pool
        self._coming: dict[int, futures.Future] = {}

    def read(self, index: int, workspace: Workspace) -> Buffer:
        """A whole file, as `scan.read_whole` has it and with its errors."""
        self._ask(index)
        self._ask(index + 1)
        coming = self._coming.pop(index, None)
        if coming is None:
            return scan.read_whole(self._paths[index], self._limits, workspace)
        return scan.unpack(coming.result(), self._limits, workspace)

    def _ask(self, index: int) -> None:
        """Has a file fetched, if there is such."""
        if index >= len(self._paths) or index in self._coming:
            return
        path = self._paths[index]
        if not files.is_local(path):
            if self._pool:
                self._coming[index] = self._pool.submit(
                    scan.read_packed, path, self._limits)
        else:
            will_need(path)


def will_need(path: str) -> None:
    """Tells the operating system that a local file will be read."""
    with contextlib.suppress(OSError):  # Reading it will tell.
        with open(files.to_local(path), "rb", buffering=0) as file:
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_WILLNEED)
