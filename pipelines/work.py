"""What workers do with the tasks of a stage, whatever engine gives them.

Each kind of work is called with a task and with whom to tell of each item
that is dealt with. It can be sent to another process, and knows no Beam.
"""

import dataclasses
from collections.abc import Callable
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from pipelines import convert
from pipelines import files
from pipelines import matching
from pipelines import preprocess

# Told the bytes read of an item, and the reason for which it is not used.
Report = Callable[[int, str | None], None]


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


@dataclasses.dataclass(frozen=True)
class RowsOfFiles:
    """Writes one row for each file of a task; gives the path written.

    Attributes:
      row_of: The row.
      schema: Of the rows.
      reads_whole: Whether the file itself is read, not its header alone.
    """

    row_of: Callable[[matching.MatchedFile], dict[str, Any]]
    schema: pa.Schema
    reads_whole: bool

    def __call__(self, task: FilesTask, report: Report) -> str:
        rows = []
        try:
            for file in task.files:
                row = self.row_of(file)
                rows.append(row)
                report(file.size if self.reads_whole else 0,
                       row.get("reason"))
            files.write_atomically(task.path, self._table(rows, task))
        except files.Unavailable as error:
            raise convert.BuildFailed(str(error)) from error
        return task.path

    def _table(self, rows: list[dict[str, Any]], task: FilesTask) -> bytes:
        table = pa.Table.from_pylist(
            rows, self.schema.with_metadata(dict(task.metadata)))
        sink = pa.BufferOutputStream()
        pq.write_table(table, sink, compression="zstd")
        return sink.getvalue().to_pybytes()

    def close(self) -> None:
        """Nothing is held."""


class ConvertShard:
    """Writes one shard in buffers that stay; gives its name and counts."""

    def __init__(self):
        self._workspace = preprocess.Workspace()

    def __call__(self, task: convert.ShardTask,
                 report: Report) -> tuple[str, dict[str, int]]:
        counts = convert.convert_shard(
            task, self._workspace,
            lambda row: report(row["file_bytes"], row["reason"]))
        return str(task.shard), counts

    def close(self) -> None:
        """What comes after the stage needs the memory."""
        self._workspace = preprocess.Workspace()
