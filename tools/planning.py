"""The stages of a build that run in one process, measured one by one."""

import contextlib
import dataclasses
import os
import pathlib
import time
from collections.abc import Iterator

import pyarrow as pa
import pyarrow.parquet as pq

from pipelines import duplicates
from pipelines import inventory
from pipelines import plan
from pipelines import resume
from pipelines import seal
from pipelines import shards
from pipelines import sources
from tools import benchmarks
from tools import header_rows

_WORKERS = 2


@dataclasses.dataclass(frozen=True)
class Stage:
    """What one stage took.

    Attributes:
      name: Of the stage.
      seconds: From its beginning to its end.
      cpu_seconds: Of all threads together, user and system.
      peak_bytes: Resident memory of the process at its highest, with what a
        build holds from the stages before.
    """

    name: str
    seconds: float
    cpu_seconds: float
    peak_bytes: int


@dataclasses.dataclass(frozen=True)
class Measured:
    """What the stages took, and left on the disk.

    Attributes:
      rows: How many files were planned.
      stages: In their order; the last is the seal.
      process_bytes: Resident memory before the first.
      held_bytes: Likewise, once listing and labels were there.
      scan_bytes: Of the scan's table.
      plan_bytes: Of the plan.
      metadata_bytes: Of the metadata.
    """

    rows: int
    stages: tuple[Stage, ...]
    process_bytes: int
    held_bytes: int
    scan_bytes: int
    plan_bytes: int
    metadata_bytes: int


def measure(folder: pathlib.Path, images: int) -> Measured:
    """Makes header rows in an empty folder, and measures what plans them.

    To be called in a process of its own, which holds nothing else.
    """
    header_rows.write_archive(folder, images)
    config = header_rows.build_config(folder)
    process_bytes = benchmarks.resident_bytes()
    stages: list[Stage] = []
    with _stage("labels", stages):
        labels = sources.load_labels(config)
    # Sorted, and so in one piece, as `sources.listing` gives it.
    listing = pq.read_table(folder / "listing.parquet").sort_by("file")
    held_bytes = benchmarks.resident_bytes()
    with _stage("scan tasks", stages):
        # Of a scan that knows nothing yet.
        inventory.scan_tasks(
            dataclasses.replace(config, output=str(folder / "new")), listing,
            _WORKERS)
    with _stage("scan", stages):
        scan = inventory.finish_scan(config, listing)
    with _stage("shared UIDs", stages):
        found = duplicates.suspects(config, scan, listing)
        assert not found, "rows are made with UIDs of their own"
    os.makedirs(os.path.dirname(config.plan_path))
    with _stage("plan", stages):
        audit = plan.make_plan([scan], no_duplicates(), labels, config.rules,
                               config.plan_path)
    with _stage("shard tasks", stages):
        resume.Existing({}).tasks(config, config.recipe, listing)
    header_rows.write_converted(config)
    with _stage("seal", stages):
        seal.seal(config, config.recipe, audit)
    return Measured(
        images, tuple(stages), process_bytes, held_bytes,
        os.path.getsize(scan), os.path.getsize(config.plan_path),
        sum(path.stat().st_size for path in pathlib.Path(
            config.path(shards.METADATA_FOLDER)).iterdir()))


@contextlib.contextmanager
def _stage(name: str, stages: list[Stage]) -> Iterator[None]:
    benchmarks.forget_peak()
    start, cpu = time.perf_counter(), time.process_time()
    yield
    seconds = time.perf_counter() - start
    stages.append(Stage(name, seconds, time.process_time() - cpu,
                        benchmarks.peak_bytes()))


def no_duplicates() -> pa.Table:
    """What the comparison of files finds among these rows."""
    return duplicates.VERDICT_SCHEMA.empty_table()
