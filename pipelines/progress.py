"""What a long stage has done so far, how fast, and how long it still takes.

Workers in the launcher's process count every image; of workers elsewhere the
files that they finish are counted, so progress is told whatever the runner.
"""

import dataclasses
import threading
import time
from collections.abc import Callable
from typing import TextIO

_TERMINAL_SECONDS = 0.5
_LOG_SECONDS = 10.0


class Tally:
    """Counts of this process, added to by its worker threads."""

    def __init__(self):
        self._lock = threading.Lock()
        self.reset()

    def reset(self) -> None:
        with self._lock:
            self.items = self.bytes = self.rejects = 0

    def add(self, size: int, rejected: bool) -> None:
        """One more item of so many bytes."""
        with self._lock:
            self.items += 1
            self.bytes += size
            self.rejects += rejected


TALLY = Tally()


@dataclasses.dataclass(frozen=True)
class Stage:
    """A stage whose progress is told.

    Attributes:
      name: What is being done, as `scan`.
      unit: What is counted, as `files`.
      items: How many there are to do.
      finished: Items in the outputs that are complete.
    """

    name: str
    unit: str
    items: int
    finished: Callable[[], int]


class Reporter:
    """Prints a stage's progress while the block runs.

    On a terminal one line that renews itself, else a line every ten seconds.
    """

    def __init__(self, stage: Stage, stream: TextIO):
        self._stage = stage
        self._stream = stream
        self._terminal = stream.isatty()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> "Reporter":
        TALLY.reset()
        self._start = time.monotonic()
        self._thread.start()
        return self

    def __exit__(self, kind, error, trace) -> None:
        self._stop.set()
        self._thread.join()
        seconds = time.monotonic() - self._start
        self._print(describe(self._stage, self._items(), TALLY.bytes,
                             TALLY.rejects, seconds), last=True)

    def _run(self) -> None:
        pause = _TERMINAL_SECONDS if self._terminal else _LOG_SECONDS
        while not self._stop.wait(pause):
            seconds = time.monotonic() - self._start
            self._print(describe(self._stage, self._items(), TALLY.bytes,
                                 TALLY.rejects, seconds), last=False)

    def _items(self) -> int:
        try:
            return max(TALLY.items, self._stage.finished())
        except OSError:
            return TALLY.items  # The work itself will tell of it.

    def _print(self, line: str, last: bool) -> None:
        if self._terminal:
            self._stream.write(f"\r{line}\033[K" + "\n" * last)
        else:
            self._stream.write(line + "\n")
        self._stream.flush()


def describe(stage: Stage, items: int, size: int, rejects: int,
             seconds: float) -> str:
    """One line of progress.

    >>> describe(Stage("convert", "images", 300, int), 150, 3 << 30, 2, 10.0)
    'convert  150 of 300 images  50 %  15.0 images/s  322 MB/s  0:10 left  \
2 rejected'
    """
    share = items / stage.items if stage.items else 1.0
    rate = items / max(seconds, 1e-9)
    parts = [f"{stage.name:<7}", f"{items:,} of {stage.items:,} {stage.unit}",
             f"{share:.0%}".replace("%", " %"),
             f"{rate:,.1f} {stage.unit}/s"]
    if size:
        parts.append(f"{size / 1e6 / max(seconds, 1e-9):,.0f} MB/s")
    if items >= stage.items:
        parts.append(f"took {clock(seconds)}")
    elif rate:
        parts.append(f"{clock((stage.items - items) / rate)} left")
    parts.append(f"{rejects:,} rejected")
    return "  ".join(parts)


def clock(seconds: float) -> str:
    """Hours, minutes and seconds.

    >>> clock(7), clock(75), clock(3675)
    ('0:07', '1:15', '1:01:15')
    """
    minutes, second = divmod(round(seconds), 60)
    hours, minute = divmod(minutes, 60)
    return (f"{hours}:{minute:02d}:{second:02d}" if hours
            else f"{minute}:{second:02d}")
