"""What the benchmarks share: cohorts to build from, and watching a process."""

import logging
import multiprocessing
import os
import pathlib
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent import futures
from typing import Any, TypeVar

import psutil

T = TypeVar("T")

ROOT = pathlib.Path(__file__).parents[1]
_SAMPLE_SECONDS = 0.1


def make_cohort(folder: pathlib.Path, *words: str) -> None:
    """Runs tools/make_cohort.py, in a process of its own."""
    subprocess.run([sys.executable, str(ROOT / "tools/make_cohort.py"),
                    f"--output={folder}", *words],
                   check=True, stdout=subprocess.DEVNULL,
                   stderr=subprocess.DEVNULL)


def build_words(folder: pathlib.Path, output: pathlib.Path,
                *words: str) -> list[str]:
    """The command that builds a cohort's records."""
    return [sys.executable, str(ROOT / "pipelines/build_records.py"),
            f"--dicoms={folder / 'dicoms'}",
            f"--label_table={folder / 'labels.csv'}", f"--output={output}",
            *words]


def watch(words: Sequence[str]) -> tuple[float, int]:
    """Runs a command to its end.

    Returns:
      Its seconds, and the peak memory of its process tree: the sum of the
      proportional set sizes, bytes.

    Raises:
      RuntimeError: It failed; with what it printed.
    """
    start = time.monotonic()
    with subprocess.Popen(words, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True) as process:
        peak = _Peak(process.pid)
        output, _ = process.communicate()
        seconds = time.monotonic() - start
        peak.stop()
    if process.returncode:
        raise RuntimeError(f"{' '.join(words)} ended with status "
                           f"{process.returncode}:\n{output[-4000:]}")
    return seconds, peak.bytes


def in_new_process(function: Callable[..., T], *values: Any) -> T:
    """What a module's function returns in a process that begins with it."""
    with futures.ProcessPoolExecutor(
            1, multiprocessing.get_context("spawn"),
            initializer=quieten) as pool:
        return pool.submit(function, *values).result()


def quieten() -> None:
    """Has Beam not tell, as it is imported, what of Google's is missing."""
    logging.disable(logging.WARNING)


def forget_peak() -> None:
    """Has `peak_bytes` count from now on."""
    with open("/proc/self/clear_refs", "w", encoding="ascii") as file:
        file.write("5")


def peak_bytes() -> int:
    """The most resident memory that this process had."""
    return _memory("VmHWM")


def resident_bytes() -> int:
    """The resident memory that this process has."""
    return _memory("VmRSS")


def _memory(name: str) -> int:
    with open("/proc/self/status", encoding="ascii") as file:
        line, = (line for line in file if line.startswith(f"{name}:"))
    return int(line.split()[1]) << 10


class _Peak:
    """Samples the memory of a process tree until told to stop."""

    def __init__(self, pid: int):
        self.bytes = 0
        self._root = psutil.Process(pid)
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._done.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._done.wait(_SAMPLE_SECONDS):
            self.bytes = max(self.bytes, self._now())

    def _now(self) -> int:
        total = 0
        try:
            for process in [self._root,
                            *self._root.children(recursive=True)]:
                total += process.memory_full_info().pss
        except psutil.Error:
            pass  # A process that has just ended holds nothing.
        return total


def multiply(folder: pathlib.Path, copies: int) -> int:
    """Copies a cohort's files until there are so many, each its own image.

    A copy differs in the last digits of its SOP Instance UID, changed in
    place: nothing is encoded again. Only for files that are not gzipped.

    Returns:
      How many files there are.
    """
    originals = sorted((folder / "dicoms").rglob("*.dcm"))
    made = len(originals)
    for number in range(made, copies):
        source = originals[number % len(originals)]
        target = source.with_name(f"{source.stem}-{number}.dcm")
        target.write_bytes(_renumbered(source.read_bytes(), number))
    return max(made, copies)


def _renumbered(data: bytes, number: int) -> bytes:
    from pipelines import dicom

    header = dicom.parse_header(data[:65536], complete=False)
    assert header and header.sop_instance_uid
    uid = header.sop_instance_uid
    digits = f"{number:06d}"
    return data.replace(uid.encode(), (uid[:-len(digits)] + digits).encode())


def machine() -> str:
    """The machine and date that figures were measured on."""
    with open("/proc/cpuinfo", encoding="ascii") as file:
        models = [line.split(":")[1].strip() for line in file
                  if line.startswith("model name")]
    memory = psutil.virtual_memory().total / (1 << 30)
    return (f"{len(os.sched_getaffinity(0))} cores of {models[0]}, "
            f"{memory:.0f} GiB, {time.strftime('%Y-%m-%d')}")


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table as BUILD.md shows it."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)
