"""Every DoFn and PTransform: thin, over the pure functions beside them.

One element is one output file to write, so that what a worker holds and what
a shuffle carries is bounded whatever the archive's size, and a repeated
bundle rewrites the same bytes.
"""

import dataclasses
import functools
from collections.abc import Callable, Sequence
from typing import Any

import apache_beam as beam
import pyarrow as pa
import pyarrow.parquet as pq
from apache_beam.metrics import Metrics

from pipelines import convert
from pipelines import files
from pipelines import matching
from pipelines import preprocess
from pipelines import privacy
from pipelines import progress
from pipelines import reasons
from pipelines import recipe as recipes
from pipelines import scan
from pipelines import schema
from pipelines import turns

NAMESPACE = "mammoflow"

CONTENT_SCHEMA = pa.schema([("content", pa.string())])


@dataclasses.dataclass(frozen=True)
class FilesTask:
    """Some files, and the Parquet file that gets a row for each.

    Attributes:
      path: Of the Parquet file.
      metadata: Its key-value metadata.
      files: The files.
    """

    path: str
    metadata: tuple[tuple[str, str], ...]
    files: tuple[matching.MatchedFile, ...]


class _RowsOfFiles(beam.DoFn):
    """Writes one row for each file of a task; yields the path written."""

    def __init__(self, row_of: Callable[[matching.MatchedFile],
                                        dict[str, Any]],
                 arrow_schema: pa.Schema, reads_whole: bool):
        self._row_of = row_of
        self._schema = arrow_schema
        self._reads_whole = reads_whole

    def process(self, task: FilesTask):
        yield from turns.of(task, self._write)

    def _write(self, task: FilesTask) -> str:
        rows = []
        try:
            for file in task.files:
                row = self._row_of(file)
                rows.append(row)
                _report(file.size if self._reads_whole else 0,
                        row.get("reason"))
            files.write_atomically(task.path, self._table(rows, task))
        except files.Unavailable as error:
            raise convert.BuildFailed(str(error)) from error
        return task.path

    def _table(self, rows: list[dict[str, Any]], task: FilesTask) -> bytes:
        table = pa.Table.from_pylist(
            rows, self._schema.with_metadata(dict(task.metadata)))
        sink = pa.BufferOutputStream()
        pq.write_table(table, sink, compression="zstd")
        return sink.getvalue().to_pybytes()


class _ConvertShard(beam.DoFn):
    """Writes one shard; yields its name and counts."""

    def setup(self):
        self._workspace = preprocess.Workspace()

    def process(self, task: convert.ShardTask):
        yield from turns.of(task, self._convert)

    def _convert(self, task: convert.ShardTask) -> tuple[str, dict[str, int]]:
        counts = convert.convert_shard(
            task, self._workspace,
            lambda row: _report(row["file_bytes"], row["reason"]))
        return str(task.shard), counts

    def teardown(self):
        # What comes after the pipeline needs the memory.
        self._workspace = preprocess.Workspace()


def _report(size: int, reason: str | None) -> None:
    rejected = bool(reason and reasons.REASONS[reason].counts)
    progress.TALLY.add(size, rejected)
    Metrics.counter(NAMESPACE, reason or "good").inc()


@dataclasses.dataclass
class ScanHeaders(beam.PTransform):
    """FilesTask -> path: reads headers into the table `scan`."""

    limits: scan.Limits
    pseudonyms: privacy.Pseudonyms
    policy: recipes.Policy = recipes.Policy()

    def expand(self, tasks):
        row_of = functools.partial(scan.scan_row, limits=self.limits,
                                   pseudonyms=self.pseudonyms,
                                   policy=self.policy)
        return tasks | "Scan" >> beam.ParDo(
            _RowsOfFiles(row_of, schema.arrow_schema(schema.SCAN),
                         reads_whole=False))


@dataclasses.dataclass
class HashContents(beam.PTransform):
    """FilesTask -> path: the digest of whole files."""

    limits: scan.Limits

    def expand(self, tasks):
        row_of = functools.partial(scan.content_row, limits=self.limits)
        return tasks | "Hash" >> beam.ParDo(
            _RowsOfFiles(row_of, CONTENT_SCHEMA, reads_whole=True))


class ConvertShards(beam.PTransform):
    """ShardTask -> (shard, counts): writes shards."""

    def expand(self, tasks):
        return tasks | "Convert" >> beam.ParDo(_ConvertShard())


@dataclasses.dataclass
class Tasks(beam.PTransform):
    """The tasks of a stage, each on any worker, in the given order.

    Without the reshuffle all of them would run on one worker.
    """

    tasks: Sequence[Any]

    def expand(self, begin):
        return (begin | "Create" >> beam.Create(self.tasks, reshuffle=False)
                | "Spread" >> beam.Reshuffle())
