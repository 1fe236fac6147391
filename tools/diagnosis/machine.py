"""Cores, memory, open files and disks of this machine."""

import contextlib
import os
import pathlib
import resource
import shutil
import tempfile
import time
import uuid

from tools.diagnosis.finding import Finding, MISSING, OK, WARN

AREA = "machine"
# A build peaks at 570 MB (BUILD.md, Benchmarks); ResNet50 at 416x512 learns
# from batches of 32 in some 8 GB.
_BUILD_BYTES, _TRAIN_BYTES = 700 << 20, 8 << 30
# The default cohort and its records.
_COHORT_BYTES = 3_200 << 20
_SPILL_BYTES = 4 << 30
_OPEN_FILES = 1024
_WRITTEN_BYTES = 256 << 20
_SLOW_BYTES_PER_SECOND = 50e6


def cores(allowed: int, there: int, quota: float | None) -> Finding:
    """How many cores work here.

    Args:
      allowed: Those that the process may run on.
      there: All of the machine's.
      quota: How many cores' time its control group has, or None.
    """
    found = f"{allowed} of {there}" if allowed < there else f"{there}"
    if quota is not None and quota < allowed:
        return Finding(
            AREA, "cores", WARN, f"{found}, but time of {quota:g} only",
            f"--direct_num_workers={max(1, round(quota))}, or a larger quota "
            "for the container")
    return Finding(AREA, "cores", OK, found)


def cpu_quota(root: pathlib.Path = pathlib.Path("/sys/fs/cgroup")
              ) -> float | None:
    """How many cores' time the control group has; None: no limit is known."""
    with contextlib.suppress(OSError, ValueError):
        quota, period = (root / "cpu.max").read_text().split()
        return None if quota == "max" else int(quota) / int(period)
    with contextlib.suppress(OSError, ValueError):
        amount = int((root / "cpu/cpu.cfs_quota_us").read_text())
        return amount / int((root / "cpu/cpu.cfs_period_us").read_text()) \
            if amount > 0 else None
    return None


def memory(available: int) -> Finding:
    """Whether there is memory for a build and a training."""
    found = f"{_gb(available)} available"
    if available < _BUILD_BYTES:
        return Finding(AREA, "memory", MISSING, found,
                       f"a build takes {_gb(_BUILD_BYTES)}: end other programs",
                       True)
    if available < _TRAIN_BYTES:
        return Finding(AREA, "memory", WARN, found,
                       "a smaller --batch_size (the default of 32 takes some "
                       f"{_gb(_TRAIN_BYTES)} on the CPU)", True)
    return Finding(AREA, "memory", OK, found, needed=True)


def available_bytes(meminfo: pathlib.Path = pathlib.Path("/proc/meminfo"),
                    groups: pathlib.Path = pathlib.Path("/sys/fs/cgroup")
                    ) -> int:
    """Memory that can be had, as the system and the control group have it."""
    fields = dict(line.split(":") for line in
                  meminfo.read_text().splitlines() if ":" in line)
    available = int(fields["MemAvailable"].split()[0]) << 10
    with contextlib.suppress(OSError, ValueError):
        limit = int((groups / "memory.max").read_text())
        used = int((groups / "memory.current").read_text())
        available = min(available, max(0, limit - used))
    return available


def open_files(limit: int | None = None) -> Finding:
    """Whether a process may open as many files as it will."""
    if limit is None:
        limit, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    name, unlimited = "open files", limit == resource.RLIM_INFINITY
    found = "unlimited" if unlimited else f"{limit:,}"
    if not unlimited and limit < _OPEN_FILES:
        return Finding(AREA, name, WARN, found, f"ulimit -n {4 * _OPEN_FILES}")
    return Finding(AREA, name, OK, found)


def disk(name: str, folder: str, free: int, wanted: int) -> Finding:
    """Whether there is room; `wanted` of the cohort or what spills."""
    found = f"{_gb(free)} free for {folder}"
    if free < wanted:
        return Finding(AREA, name, WARN, found,
                       f"{_gb(wanted)} are wanted: make room, or "
                       + ("set TMPDIR" if name == "TMPDIR" else
                          "name another --output"))
    return Finding(AREA, name, OK, found)


def disks(output: str) -> list[Finding]:
    """The output's disk, if it is a local one, and that of what spills."""
    found = []
    if "://" not in output:
        folder = existing(output)
        wanted = 0 if os.path.exists(output) else _COHORT_BYTES
        found.append(disk("disk", output, shutil.disk_usage(folder).free,
                          wanted or 1 << 30))
        if not os.access(folder, os.W_OK):
            found.append(Finding(
                AREA, "disk", MISSING, f"{folder} cannot be written",
                "name another --output, or ask for the rights", True))
    spill = tempfile.gettempdir()
    found.append(disk("TMPDIR", spill, shutil.disk_usage(spill).free,
                      _SPILL_BYTES))
    return found


def existing(path: str) -> str:
    """The nearest folder above a path that is there."""
    path = os.path.abspath(path)
    while not os.path.isdir(path):
        path = os.path.dirname(path)
    return path


def write_speed(output: str, size: int = _WRITTEN_BYTES) -> Finding:
    """How fast the output's disk takes a file; it is removed again."""
    path = os.path.join(existing(output), f".tmp-doctor-{uuid.uuid4().hex}")
    block = os.urandom(4 << 20)
    try:
        start = time.monotonic()
        with open(path, "wb", buffering=0) as file:
            for _ in range(max(1, size // len(block))):
                file.write(block)
            os.fsync(file.fileno())
        seconds = time.monotonic() - start
    except OSError as error:
        return Finding(AREA, "write speed", MISSING, error.strerror or "none",
                       "make room, or name another --output", True)
    finally:
        with contextlib.suppress(OSError):
            os.remove(path)
    rate = max(1, size // len(block)) * len(block) / max(seconds, 1e-9)
    slow = rate < _SLOW_BYTES_PER_SECOND
    return Finding(AREA, "write speed", WARN if slow else OK,
                   f"{rate / 1e6:,.0f} MB/s",
                   "another disk for --output" if slow else "")


def _gb(size: int) -> str:
    return f"{size / (1 << 30):.1f} GiB"
