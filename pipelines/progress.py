"""What a long stage has done so far, how fast, and how long it still takes.

Workers in the launcher's process count every image; of workers elsewhere the
files that they finish are counted, so progress is told whatever the runner.
"""

import dataclasses
import threading
import time
from collections.abc import Callable
from typing import Any, TextIO

from pipelines import console

# A log file needs fewer lines than a terminal needs updates.
TERMINAL_SECONDS = 0.5
LOG_SECONDS = 10.0


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
class Standing:
    """How far a stage is.

    Attributes:
      stage: What is being done, as `scan`.
      unit: What is counted, as `files`.
      done: How many are.
      total: How many there are to do.
      seconds: Since it began.
      size: Bytes of what is done, if that is known.
      note: What else there is to tell, as `2 rejected`.
    """

    stage: str
    unit: str
    done: float
    total: float
    seconds: float
    size: int = 0
    note: str = ""

    @property
    def rate(self) -> float:
        """Of the unit, a second."""
        return self.done / max(self.seconds, 1e-9)

    @property
    def seconds_left(self) -> float | None:
        """None: nothing is done yet to tell by."""
        if self.done >= self.total:
            return 0.0
        return (self.total - self.done) / self.rate if self.rate else None

    def __str__(self) -> str:
        """One line.

        >>> str(Standing("convert", "images", 150, 300, 10, 3 << 30, "2 odd"))
        'convert  150 of 300 images  50 %  15.0 images/s  322 MB/s  0:10 left  \
2 odd'
        """
        share = self.done / self.total if self.total else 1.0
        parts = [f"{self.stage:<7}",
                 f"{self.done:,.0f} of {self.total:,.0f} {self.unit}",
                 f"{share:.0%}".replace("%", " %"),
                 f"{self.rate:,.1f} {self.unit}/s"]
        if self.size:
            parts.append(
                f"{self.size / 1e6 / max(self.seconds, 1e-9):,.0f} MB/s")
        left = self.seconds_left
        if self.done >= self.total:
            parts.append(f"took {clock(self.seconds)}")
        elif left is not None:
            parts.append(f"{clock(left)} left")
        return "  ".join(filter(None, (*parts, self.note)))

    def fields(self) -> dict[str, Any]:
        """What `--json_logs` tells besides the line."""
        left = self.seconds_left
        return {"stage": self.stage, "unit": self.unit,
                "done": round(self.done), "total": round(self.total),
                "rate": round(self.rate, 3),
                "seconds_left": None if left is None else round(left, 1)}


class Meter:
    """Tells now and then how far a stage is, whose work says so.

    Args:
      stage: What is being done.
      unit: What is counted.
      total: How many there are to do.
      stream: Where; that of all progress unless given.
    """

    def __init__(self, stage: str, unit: str, total: float,
                 stream: TextIO | None = None):
        self._stage, self._unit, self._total = stage, unit, total
        self._line = console.Line(stream)
        self._pause = TERMINAL_SECONDS if self._line.live else LOG_SECONDS
        self._lock = threading.Lock()
        self._start = self._told = time.monotonic()
        self._done = 0.0
        self._size = 0
        self._note = ""
        self._is_over = False

    def add(self, count: float) -> None:
        """So many more are done; for several threads."""
        with self._lock:
            self._done += count
            self._tell()

    def tell(self, done: float, size: int = 0, note: str = "") -> None:
        """So many are done by now."""
        with self._lock:
            self._done, self._size, self._note = done, size, note
            self._tell()

    def clear(self) -> None:
        """Makes room for a line of output on the same terminal."""
        self._line.clear()

    def close(self) -> None:
        """Tells once more, and for the last time."""
        with self._lock:
            if not self._is_over:
                self._show(time.monotonic(), last=True)

    def _tell(self) -> None:
        now = time.monotonic()
        last = self._done >= self._total
        if not self._is_over and (last or now - self._told >= self._pause):
            self._show(now, last)

    def _show(self, now: float, last: bool) -> None:
        self._told, self._is_over = now, last
        standing = Standing(self._stage, self._unit, self._done, self._total,
                            now - self._start, self._size, self._note)
        self._line.show(str(standing), standing.fields(), last)


@dataclasses.dataclass(frozen=True)
class Stage:
    """A stage of a build, whose workers may be elsewhere.

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
    """Tells of a stage's progress while the block runs.

    On a terminal one line that renews itself, else a line every ten seconds.
    """

    def __init__(self, stage: Stage, stream: TextIO | None = None):
        self._stage = stage
        self._line = console.Line(stream)
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
        self._show(last=True)

    def _run(self) -> None:
        pause = TERMINAL_SECONDS if self._line.live else LOG_SECONDS
        while not self._stop.wait(pause):
            self._show(last=False)

    def _show(self, last: bool) -> None:
        standing = Standing(
            self._stage.name, self._stage.unit, self._items(),
            self._stage.items, time.monotonic() - self._start, TALLY.bytes,
            f"{TALLY.rejects:,} rejected")
        self._line.show(str(standing), standing.fields(), last)

    def _items(self) -> int:
        try:
            return max(TALLY.items, self._stage.finished())
        except OSError:
            return TALLY.items  # The work itself will tell of it.


def clock(seconds: float) -> str:
    """Hours, minutes and seconds.

    >>> clock(7), clock(75), clock(3675)
    ('0:07', '1:15', '1:01:15')
    """
    minutes, second = divmod(round(seconds), 60)
    hours, minute = divmod(minutes, 60)
    return (f"{hours}:{minute:02d}:{second:02d}" if hours
            else f"{minute}:{second:02d}")
