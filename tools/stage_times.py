"""Where the time of an image goes: a clock around the functions of a build.

Each function is counted under a stage of its own, less what the functions
that it calls are counted under. Nothing in the pipeline knows of it: for as
long as a block runs, the names of those functions stand for timed ones.
"""

import contextlib
import functools
import pathlib
import statistics
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from pipelines import area
from pipelines import compression
from pipelines import convert
from pipelines import decoders
from pipelines import files
from pipelines import frames
from pipelines import intensity
from pipelines import markers
from pipelines import pixels
from pipelines import preprocess
from pipelines import tfrecord
from pipelines import variants
from tools import build_race
from tools import plans

STAGES = ("read", "inflate", "parse", "decode", "levels", "survey", "box",
          "markers", "flip", "resize", "encode", "write", "rest")

# Stage, the module or class, and the function in it.
FUNCTIONS: tuple[tuple[str, Any, str], ...] = (
    ("read", files, "read_into"),
    ("read", files, "read"),
    ("inflate", compression, "inflate"),
    ("inflate", frames, "_inflated"),
    ("parse", pixels, "_elements"),
    ("parse", pixels, "read_attributes"),
    ("parse", pixels.dicom, "header_of"),
    ("decode", decoders, "decode_frame"),
    ("decode", frames, "_pixels_of"),
    ("levels", intensity, "mapping"),
    ("levels", intensity.Mapping, "apply"),
    ("survey", area, "survey"),
    ("box", preprocess, "_find_breast"),
    ("markers", markers, "find"),
    ("markers", markers, "eighth_after"),
    ("markers", markers.Removal, "apply"),
    ("flip", preprocess, "_right_is_brighter"),
    ("markers", preprocess.Upright, "part"),
    ("flip", variants, "mirror"),
    ("resize", variants, "stretch"),
    ("resize", variants, "by_factor"),
    ("resize", variants, "on_black"),
    ("encode", convert, "encode_image"),
    ("encode", convert._VariantWriter, "add"),
    ("encode", tfrecord, "frame"),
    ("write", files.LocalFile, "write"),
    ("write", files.LocalFile, "commit"),
    ("write", convert, "_parquet"),
    ("rest", convert, "convert_shard"),
)


class Clock:
    """CPU seconds of this program's threads, by stage."""

    def __init__(self, functions: Sequence[tuple[str, Any, str]] = FUNCTIONS,
                 now: Callable[[], float] = time.thread_time):
        self._functions = functions
        self._now = now
        self._lock = threading.Lock()
        self._thread = threading.local()
        self.seconds = dict.fromkeys(
            (stage for stage, _, _ in functions), 0.0)

    @contextlib.contextmanager
    def running(self) -> Iterator[None]:
        """Counts what runs within the block."""
        before = [(owner, name, getattr(owner, name))
                  for _, owner, name in self._functions]
        try:
            for (stage, owner, name), (_, _, function) in zip(
                    self._functions, before):
                setattr(owner, name, self._timed(stage, function))
            yield
        finally:
            for owner, name, function in before:
                setattr(owner, name, function)

    def _timed(self, stage: str, function: Callable) -> Callable:
        @functools.wraps(function)
        def timed(*values, **named):
            # What is called from here adds its own time to the list's end.
            inner = self._inner()
            inner.append(0.0)
            start = self._now()
            try:
                return function(*values, **named)
            finally:
                seconds = self._now() - start
                called = inner.pop()
                if inner:
                    inner[-1] += seconds
                with self._lock:
                    self.seconds[stage] += seconds - called

        return timed

    def _inner(self) -> list[float]:
        if not hasattr(self._thread, "inner"):
            self._thread.inner = []
        return self._thread.inner


def measure(output: str, rounds: int) -> dict[str, float]:
    """Milliseconds of an image by stage, in one thread.

    Args:
      output: A data set's folder whose plan is there and whose records are
        not; they are written, and removed again.
      rounds: How often; medians are returned.
    """
    tasks = plans.tasks(output)
    images = sum(task.images for task in tasks)
    workspace = preprocess.Workspace()
    laps = []
    for _ in range(rounds + 1):
        clock = Clock()
        with clock.running():
            for task in tasks:
                convert.convert_shard(task, workspace, lambda row: None)
        laps.append(clock.seconds)
        build_race.clear(pathlib.Path(output))
    # The first one warms up.
    return {stage: statistics.median(lap[stage] for lap in laps[1:])
            * 1000 / images for stage in STAGES}


def planned_images(output: str) -> int:
    """How many images a plan means to write."""
    return sum(task.images for task in plans.tasks(output))
