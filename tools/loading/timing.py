"""Timing one pass of a reader."""

import dataclasses
import os
import time
from collections.abc import Callable, Sequence

from tools.loading import readers


@dataclasses.dataclass(frozen=True)
class Pass:
    """What a pass over all images took.

    Attributes:
      images: How many.
      first: Seconds until the first batch was there.
      last: Seconds until the last one was.
      cpu: Of all threads of this process, user and system, meanwhile.
    """

    images: int
    first: float
    last: float
    cpu: float

    @property
    def rate(self) -> float:
        """Images a second."""
        return self.images / self.last


def a_pass(reader: readers.Reader, images: int, batch_size: int,
           cold: Sequence[str] = ()) -> Callable[[], Pass]:
    """What times a pass of a reader.

    Args:
      reader: Which.
      images: That it must give.
      batch_size: Of them in a batch.
      cold: Files to drop from the page cache before.

    Returns:
      A function that times one pass; it raises RuntimeError where the
      reader gives another number of batches.
    """
    batches = -(-images // batch_size)

    def measure() -> Pass:
        for path in cold:
            drop_from_page_cache(path)
        start, cpu = time.perf_counter(), time.process_time()
        got, first, last, spent = 0, 0.0, 0.0, 0.0
        for _ in reader.open():
            last = time.perf_counter() - start
            spent = time.process_time() - cpu
            first = first or last
            got += 1
        if got != batches:
            raise RuntimeError(f"{reader.name} gave {got} batches, "
                               f"{batches} were expected")
        return Pass(images, first, last, spent)

    return measure


def drop_from_page_cache(path: str) -> None:
    """Has the next reader of a file wait for the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)  # What is not on disk yet stays.
        os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
    finally:
        os.close(descriptor)
