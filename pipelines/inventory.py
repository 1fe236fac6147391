"""Which files must be read, given what an earlier build knows of them.

A file that was scanned before and is unchanged (size, and modification time
or etag) is not read again. What a killed scan had finished counts too.
"""

import hashlib
from collections.abc import Iterator
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from pipelines import config as configs
from pipelines import database
from pipelines import files
from pipelines import local_copies
from pipelines import matching
from pipelines import scan
from pipelines import schema
from pipelines import work

SCAN_FILE = "scan.parquet"
_SCAN_FOLDER = "scan"
# A task of so many headers takes a worker a second or so.
_FILES_PER_TASK = 512
_TASKS_PER_WORKER = 4
_BATCH_ROWS = 65536


def scan_tasks(config: configs.BuildConfig, listing: pa.Table,
               workers: int) -> list[work.FilesTask]:
    """What is left to scan of a listing, in parts of their own."""
    known = _known_parts(config)
    positions = _unknown(config, listing, known)
    size = min(_FILES_PER_TASK,
               max(1, -(-len(positions) // (workers * _TASKS_PER_WORKER))))
    chunks = (listing.take(positions[start:start + size])
              for start in range(0, len(positions), size))
    version = (("scan_version", config.scan_version),)
    return [
        work.FilesTask(
            config.work(_SCAN_FOLDER, _part_name(chunk)), version,
            tuple(matched_files(chunk))) for chunk in chunks]


def finish_scan(config: configs.BuildConfig, listing: pa.Table) -> str:
    """Puts all that is known of the listed files into one table, by path.

    Returns:
      Path of the Parquet file, of schema `scan`.
    """
    parts = _known_parts(config)
    db = database.connect(config.scratch)
    database.view_parquet(db, "known", local_copies.of(parts), filename=True)
    db.register("listed", _keys(config, listing))
    arrow = schema.arrow_schema(schema.SCAN)
    columns = ", ".join(f'known."{name}"' if name != "dataset" else
                        "listed.dataset" for name in arrow.names)
    # A file may stand in an old part and, read again, in a newer one.
    known = db.sql(f"""
        SELECT {columns} FROM known
        JOIN listed ON listed.key = coalesce(known.file_key, known.file)
          AND listed.file_version = known.file_version
          AND listed.file_bytes = known.file_bytes
        QUALIFY row_number() OVER (
          PARTITION BY listed.key
          ORDER BY known.filename LIKE '%{SCAN_FILE}', known.filename) = 1
        ORDER BY known.file""")
    path = config.work(SCAN_FILE)
    write_parquet(path, known.to_arrow_reader(_BATCH_ROWS), arrow.with_metadata(
        {"scan_version": config.scan_version}))
    for part in files.list_folder(config.work(_SCAN_FOLDER)):
        files.remove(config.work(_SCAN_FOLDER, part))
    return path


def write_parquet(path: str, reader: pa.RecordBatchReader,
                  arrow: pa.Schema) -> int:
    """Writes a stream of batches, whole or not at all; returns its rows."""
    rows = 0
    with files.atomic(path) as (file,):
        sink = pa.PythonFile(_Sink(file), mode="w")
        with pq.ParquetWriter(sink, arrow, compression="zstd") as writer:
            for batch in reader:
                writer.write_table(
                    pa.Table.from_batches([batch]).cast(arrow))
                rows += batch.num_rows
    return rows


class _Sink:
    """What Arrow needs of a file that it writes to."""

    closed = False

    def __init__(self, file: files.WholeFile):
        self._file = file

    def write(self, data: Any) -> int:
        self._file.write(data)
        return len(data)

    def flush(self) -> None:
        """Nothing is held back."""

    def close(self) -> None:
        """The atomic file is closed by its own block."""


def matched_files(listing: pa.Table) -> Iterator[matching.MatchedFile]:
    """A listing's rows as what the workers take."""
    for row in listing.to_pylist():
        yield matching.MatchedFile(row["file"], row["file_bytes"],
                                   row["file_version"], row["problem"])


def sources(config: configs.BuildConfig, listing: pa.Table,
            wanted: set[str]) -> dict[str, matching.MatchedFile]:
    """Where files lie, by the key that tables know them by.

    The key is the path, or under hashing its keyed hash.
    """
    keys = _keys(config, listing)["key"]
    chosen = pc.is_in(keys, pa.array(sorted(wanted), pa.string()))
    return dict(zip(keys.filter(chosen).to_pylist(),
                    matched_files(listing.filter(chosen)), strict=True))


def _keys(config: configs.BuildConfig, listing: pa.Table) -> pa.Table:
    """The listing as it may stand on a disk: no path under hashing."""
    key = listing["file"]
    if config.pseudonyms.key is not None:
        key = pa.array([config.pseudonyms.path_key(path.as_py())
                        for path in key], pa.string())
    return pa.table({
        "key": key, "file_bytes": listing["file_bytes"],
        "file_version": listing["file_version"],
        "dataset": listing["dataset"],
        "position": pa.array(range(len(listing)), pa.int64())})


def _known_parts(config: configs.BuildConfig) -> list[str]:
    """Scan tables of equal version, of this build and earlier ones."""
    folder = config.work(_SCAN_FOLDER)
    paths = [config.work(SCAN_FILE), *(
        f"{folder}/{name}" for name in files.list_folder(folder)
        if name.endswith(".parquet"))]
    found = files.existing(paths)
    there = [path for path in paths if path in found]
    return [path for path, copy in zip(there, local_copies.of(there))
            if _version(copy) == config.scan_version]


def _version(path: str) -> str | None:
    metadata = pq.read_schema(path).metadata or {}
    return metadata.get(b"scan_version", b"").decode() or None


def _unknown(config: configs.BuildConfig, listing: pa.Table,
             known: list[str]) -> list[int]:
    """Positions in the listing of the files that must be read."""
    if not known:
        return list(range(len(listing)))
    db = database.connect(config.scratch)
    database.view_parquet(db, "scanned", local_copies.of(known))
    db.register("listed", _keys(config, listing))
    rows = db.execute("""
        SELECT position FROM listed
        ANTI JOIN (
          SELECT * FROM scanned
          WHERE NOT coalesce(list_contains($transient, reason), false)
        ) AS known
        ON listed.key = coalesce(known.file_key, known.file)
          AND listed.file_version = known.file_version
          AND listed.file_bytes = known.file_bytes
        ORDER BY position""", {"transient": list(scan.TRANSIENT)}).fetchall()
    return [position for position, in rows]


def _part_name(chunk: pa.Table) -> str:
    digest = hashlib.sha256()
    for column in chunk.columns:
        digest.update(repr(column.to_pylist()).encode())
    return f"part-{digest.hexdigest()[:16]}.parquet"
