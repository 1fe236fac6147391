"""Every DoFn and PTransform: thin, over the pure functions beside them.

One element is one output file to write, so that what a worker holds and what
a shuffle carries is bounded whatever the archive's size, and a repeated
bundle rewrites the same bytes.
"""

import dataclasses
import functools
from collections.abc import Sequence
from typing import Any

import apache_beam as beam
import pyarrow as pa
from apache_beam.metrics import Metrics

from pipelines import privacy
from pipelines import processes
from pipelines import progress
from pipelines import reasons
from pipelines import recipe as recipes
from pipelines import scan
from pipelines import schema
from pipelines import turns
from pipelines import work

NAMESPACE = "mammoflow"

CONTENT_SCHEMA = pa.schema([("content", pa.string())])


class _Work(beam.DoFn):
    """Does one kind of work for each task; yields what that gives."""

    def __init__(self, kind: Any):
        self._kind = kind

    def setup(self):
        self._hand = processes.hand(self._kind)

    def process(self, task: Any):
        yield from turns.of(task, self._do)

    def _do(self, task: Any) -> Any:
        return self._hand(task, _report)

    def teardown(self):
        self._hand.close()


def _report(size: int, reason: str | None) -> None:
    turns.check()
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
        return tasks | "Scan" >> beam.ParDo(_Work(work.RowsOfFiles(
            row_of, schema.arrow_schema(schema.SCAN), reads_whole=False)))


@dataclasses.dataclass
class HashContents(beam.PTransform):
    """FilesTask -> path: the digest of whole files."""

    limits: scan.Limits

    def expand(self, tasks):
        row_of = functools.partial(scan.content_row, limits=self.limits)
        return tasks | "Hash" >> beam.ParDo(_Work(work.RowsOfFiles(
            row_of, CONTENT_SCHEMA, reads_whole=True)))


class ConvertShards(beam.PTransform):
    """ShardTask -> (shard, counts): writes shards."""

    def expand(self, tasks):
        return tasks | "Convert" >> beam.ParDo(_Work(work.ConvertShard()))


@dataclasses.dataclass
class Tasks(beam.PTransform):
    """The tasks of a stage, each on any worker, in the given order.

    Without the reshuffle all of them would run on one worker.
    """

    tasks: Sequence[Any]

    def expand(self, begin):
        return (begin | "Create" >> beam.Create(self.tasks, reshuffle=False)
                | "Spread" >> beam.Reshuffle())
