"""Ways to convert a cohort, each timed as a process of its own.

What writes records is watched by its files, whatever it is; what writes none
tells when it has done an image. So an unchanged build is measured, its start
apart from its rate.
"""

import dataclasses
import os
import pathlib
import resource
import shutil
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence

from tools import benchmarks

_POLL_SECONDS = 0.01
_BUILDS = {"build": (),
           "processes": ("--direct_running_mode=multi_processing",)}


@dataclasses.dataclass(frozen=True)
class Lap:
    """What one process took.

    Attributes:
      start: Seconds from its start to its first image.
      converting: From its first image to its last.
      whole: From its start to its end.
      images: How many.
      cpu: Seconds of a core, of it and its workers, its start included. They
        hold where others have the machine too.
    """

    start: float
    converting: float
    whole: float
    images: int
    cpu: float = 0.0

    @property
    def rate(self) -> float:
        """Images per second once it is under way."""
        return (self.images - 1) / self.converting


@dataclasses.dataclass(frozen=True)
class Way:
    """A way to convert.

    Attributes:
      name: As tables have it.
      words: The command.
      writes: Whether it writes records, to be watched.
    """

    name: str
    words: tuple[str, ...]
    writes: bool


def ways(folder: pathlib.Path, workers: int,
         names: Sequence[str]) -> list[Way]:
    """Those of a cohort's folder, whose plan is in `records`.

    Args:
      folder: With `dicoms`, `labels.csv` and `records`.
      workers: Of each.
      names: Of `build`, `processes` (a build whose workers are those), and
        what tools/bench_pool.py has.
    """
    found = []
    for name in names:
        if name in _BUILDS:
            words = benchmarks.build_words(
                folder, folder / "records", f"--direct_num_workers={workers}",
                *_BUILDS[name])
        else:
            words = [sys.executable,
                     str(benchmarks.ROOT / "tools/bench_pool.py"),
                     f"--dicoms={folder / 'dicoms'}", f"--way={name}",
                     f"--output={folder / 'records'}", f"--workers={workers}"]
        found.append(Way(name, tuple(words),
                         name == "ours" or name in _BUILDS))
    return found


def run(way: Way, folder: pathlib.Path, images: int) -> Lap:
    """Times one process, and removes the records that it wrote.

    Raises:
      RuntimeError: It failed; with what it printed.
    """
    output = folder / "records"
    begun, before = time.monotonic(), _children_cpu()
    with subprocess.Popen(way.words, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True) as process:
        watched = _Watched(output) if way.writes else None
        text, _ = process.communicate()
        ended = time.monotonic()
    times = watched.stop() if watched else [
        float(line.split()[1]) for line in text.splitlines()
        if line.startswith("done ")]
    if process.returncode or len(times) < 2:
        raise RuntimeError(f"{' '.join(way.words)} ended with status "
                           f"{process.returncode}:\n{text[-4000:]}")
    clear(output)
    return Lap(times[0] - begun, times[-1] - times[0], ended - begun, images,
               _children_cpu() - before)


def _children_cpu() -> float:
    """Seconds of all child processes that have ended."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def clear(output: pathlib.Path) -> None:
    """Removes all but the scan and the plan."""
    for entry in output.iterdir():
        if entry.name != ".work":
            (shutil.rmtree if entry.is_dir() else os.remove)(entry)


class _Watched:
    """When the first record was written, and when the last shard was done."""

    def __init__(self, output: pathlib.Path):
        self._output = output
        self._first: float | None = None
        self._last: float | None = None
        self._shards = 0
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def stop(self) -> list[float]:
        self._done.set()
        self._thread.join()
        return [when for when in (self._first, self._last)
                if when is not None]

    def _run(self) -> None:
        while not self._done.wait(_POLL_SECONDS):
            if self._first is None and self._has_record():
                self._first = time.monotonic()
            shards = _count(self._output / "converted")
            if shards > self._shards:
                self._shards, self._last = shards, time.monotonic()

    def _has_record(self) -> bool:
        for folder in self._output.glob("resize-*"):
            for entry in os.scandir(folder):
                try:
                    if ".tfrecord" in entry.name and entry.stat().st_size:
                        return True
                except FileNotFoundError:
                    pass  # It has its own name by now.
        return False


def _count(folder: pathlib.Path) -> int:
    """Complete shards."""
    try:
        return sum(name.endswith(".parquet") for name in os.listdir(folder))
    except FileNotFoundError:
        return 0


def spread(values: Sequence[float], form: str = "{:.1f}") -> str:
    """Median, and smallest and largest where there are several.

    >>> spread([3.0, 1.0, 2.0]), spread([1.5])
    ('2.0 (1.0-3.0)', '1.5')
    """
    median = form.format(statistics.median(values))
    if len(values) < 2:
        return median
    return (f"{median} ({form.format(min(values))}-"
            f"{form.format(max(values))})")


def ratios(ours: Sequence[Lap], theirs: Sequence[Lap],
           value: Callable[[Lap], float]) -> list[float]:
    """How many times ours theirs is, round by round."""
    return [value(one) / value(other) for one, other in zip(ours, theirs)]
