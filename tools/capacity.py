"""What a build will take, from what was measured: the formula in BUILD.md."""

import dataclasses
from collections.abc import Sequence

from pipelines import beam_options
from pipelines import database
from pipelines import scan
from pipelines import shards


@dataclasses.dataclass(frozen=True)
class Archive:
    """What is to be built.

    Attributes:
      images: How many.
      file_bytes: Of one, on average, as it lies on the disk.
      record_bytes: Of its records in all variants.
    """

    images: int
    file_bytes: float
    record_bytes: float

    @property
    def shards(self) -> int:
        """About how many: those of one split of all images."""
        return shards.shard_count(self.images)


@dataclasses.dataclass(frozen=True)
class Cost:
    """Time that work takes.

    Attributes:
      seconds: From its beginning to its end.
      cpu_seconds: Of a core, user and system.
    """

    seconds: float
    cpu_seconds: float

    def __mul__(self, factor: float) -> "Cost":
        return Cost(self.seconds * factor, self.cpu_seconds * factor)

    def __add__(self, other: "Cost") -> "Cost":
        return Cost(self.seconds + other.seconds,
                    self.cpu_seconds + other.cpu_seconds)


@dataclasses.dataclass(frozen=True)
class Rates:
    """What was measured; seconds and bytes of one image unless said.

    Attributes:
      scan: Of one worker that reads headers, as many working at a time as
        will in a machine.
      convert: Likewise, of one that converts.
      plan: Of the process that plans.
      seal: Likewise, to write the metadata.
      scan_row_bytes: In the scan's table.
      plan_row_bytes: In the plan's.
      metadata_row_bytes: In the metadata's.
      index_row_bytes: In the tables of its shard.
      shard_bytes: Of a shard's tables, whatever its images.
      scan_task_bytes: In the task that a worker is sent.
      shard_task_bytes: Of a shard's task.
      process_bytes: Memory of a worker process before its work.
      worker_bytes: What each worker in it adds.
      plan_process_bytes: Memory of the process that plans, before its work.
      plan_held_bytes: What it holds of listing and labels.
      plan_database_bytes: What its database would like to hold.
    """

    scan: Cost
    convert: Cost
    plan: Cost
    seal: Cost
    scan_row_bytes: float
    plan_row_bytes: float
    metadata_row_bytes: float
    index_row_bytes: float
    shard_bytes: float
    scan_task_bytes: float
    shard_task_bytes: float
    process_bytes: float
    worker_bytes: float
    plan_process_bytes: float
    plan_held_bytes: float
    plan_database_bytes: float


@dataclasses.dataclass(frozen=True)
class Workers:
    """Who does it.

    Attributes:
      count: Of all machines.
      of_machine: Of one of them.
      read_bytes_per_second: What the storage gives all of them together; 0:
        more than they can take.
    """

    count: int
    of_machine: int
    read_bytes_per_second: float = 0.0


@dataclasses.dataclass(frozen=True)
class Stage:
    """What one stage will take.

    Attributes:
      name: Of the stage.
      cost: From beginning to end, and of all cores together.
      read_bytes: From the archive or from tables of earlier stages.
      written_bytes: To the output, where they stay.
      shuffle_bytes: What the runner carries to workers.
      memory_bytes: Of one machine.
    """

    name: str
    cost: Cost
    read_bytes: float
    written_bytes: float
    shuffle_bytes: float
    memory_bytes: float


def stages(archive: Archive, rates: Rates,
           workers: Workers) -> Sequence[Stage]:
    """The stages of a build, in their order."""
    count = archive.images
    processes = 1
    if workers.of_machine > beam_options.MOST_THREADS:
        processes += workers.of_machine
    beam_bytes = (processes * rates.process_bytes
                  + workers.of_machine * rates.worker_bytes)
    plan_bytes = (rates.plan_process_bytes + count * rates.plan_held_bytes
                  + min(count * rates.plan_database_bytes,
                        database.MEMORY_LIMIT_BYTES))
    tables = count * (rates.scan_row_bytes + rates.plan_row_bytes)
    headers = count * min(archive.file_bytes, scan.PREFIX_BYTES)
    pixels = count * archive.file_bytes
    return (
        Stage("scan", _shared(rates.scan * count, headers, workers),
              headers, count * rates.scan_row_bytes,
              count * rates.scan_task_bytes, beam_bytes),
        Stage("plan", rates.plan * count, count * rates.scan_row_bytes,
              count * rates.plan_row_bytes, 0, plan_bytes),
        Stage("convert", _shared(rates.convert * count, pixels, workers),
              pixels, count * (archive.record_bytes + rates.index_row_bytes)
              + archive.shards * rates.shard_bytes,
              archive.shards * rates.shard_task_bytes, beam_bytes),
        Stage("seal", rates.seal * count, tables,
              count * rates.metadata_row_bytes, 0, plan_bytes))


def _shared(cost: Cost, read_bytes: float, workers: Workers) -> Cost:
    """Of work that is shared, and waits for the storage if that is slower."""
    seconds = cost.seconds / workers.count
    if workers.read_bytes_per_second:
        seconds = max(seconds, read_bytes / workers.read_bytes_per_second)
    return Cost(seconds, cost.cpu_seconds)
