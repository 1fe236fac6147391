"""How far a long reading is, at what rate, and when it will end."""

import threading
import time
from typing import TextIO

_SECONDS_BETWEEN = 1.0
# A log file needs fewer lines than a terminal needs updates.
_SECONDS_BETWEEN_LINES = 10.0


class Meter:
    """Counts bytes from several threads and reports now and then."""

    def __init__(self, total_bytes: int, file: TextIO):
        self._total = total_bytes
        self._file = file
        self._terminal = file.isatty()
        self._lock = threading.Lock()
        self._bytes = 0
        self._begin = self._last = time.monotonic()

    def add(self, count: int) -> None:
        """Counts bytes that were read."""
        with self._lock:
            self._bytes += count
            now = time.monotonic()
            between = (_SECONDS_BETWEEN if self._terminal
                       else _SECONDS_BETWEEN_LINES)
            if now - self._last >= between:
                self._last = now
                self._report(now - self._begin)

    def clear(self) -> None:
        """Makes room for a line of output on the same terminal."""
        if self._terminal:
            with self._lock:
                self._file.write("\r\x1b[K")
                self._file.flush()

    def close(self) -> None:
        """Reports once more and ends the line."""
        with self._lock:
            self._report(time.monotonic() - self._begin)
            if self._terminal:
                self._file.write("\n")

    def _report(self, seconds: float) -> None:
        text = describe(self._bytes, self._total, seconds)
        self._file.write(f"\r\x1b[K{text}" if self._terminal else f"{text}\n")
        self._file.flush()


def describe(done: int, total: int, seconds: float) -> str:
    """Bytes done, rate and time left.

    >>> describe(250_000_000, 1_000_000_000, 2.0)
    'read 250 of 1000 MB, 125 MB/s, 0:00:06 left'
    """
    rate = done / seconds if seconds else 0.0
    left = max(0, round((total - done) / rate)) if rate else 0
    clock = f"{left // 3600}:{left // 60 % 60:02d}:{left % 60:02d}"
    return (f"read {done / 1e6:.0f} of {total / 1e6:.0f} MB, "
            f"{rate / 1e6:.0f} MB/s, {clock} left")
