"""Files that share a SOP Instance UID: equal ones count once.

Equal bytes (inflated): the first path is kept and the others are rejected.
Different bytes: nobody can say which is right, so all are rejected.
"""

import dataclasses
import hashlib

import pyarrow as pa
import pyarrow.parquet as pq

from pipelines import config as configs
from pipelines import database
from pipelines import files
from pipelines import inventory
from pipelines import local_copies
from pipelines import matching
from pipelines import work

VERDICT_SCHEMA = pa.schema([
    ("file", pa.string()), ("reason", pa.string()), ("detail", pa.string())])
_FOLDER = "contents"
_FILES_PER_TASK = 64


@dataclasses.dataclass(frozen=True)
class Suspect:
    """A file whose SOP Instance UID another file has too.

    Attributes:
      file: As the table `scan` has it.
      source: Where it lies.
      sop_instance_uid: The shared UID.
    """

    file: str
    source: matching.MatchedFile
    sop_instance_uid: str


def suspects(config: configs.BuildConfig, scan_path: str,
             listing: pa.Table) -> list[Suspect]:
    """The accepted files that share a UID, by UID and file."""
    db = database.connect(config.scratch)
    database.view_parquet(db, "scan", local_copies.of([scan_path]))
    rows = db.execute("""
        SELECT file, coalesce(file_key, file), sop_instance_uid
        FROM scan
        WHERE status IS NULL
        QUALIFY count(*) OVER (PARTITION BY sop_instance_uid) > 1
        ORDER BY sop_instance_uid, file""").fetchall()
    wanted = {key for _, key, _ in rows}
    sources = inventory.sources(config, listing, wanted)
    return [Suspect(file, sources[key], uid) for file, key, uid in rows]


def tasks(config: configs.BuildConfig,
          found: list[Suspect]) -> list[work.FilesTask]:
    """What to read whole, in parts of their own."""
    made = []
    for start in range(0, len(found), _FILES_PER_TASK):
        chunk = tuple(s.source for s in found[start:start + _FILES_PER_TASK])
        name = hashlib.sha256(repr(chunk).encode()).hexdigest()[:16]
        made.append(work.FilesTask(
            config.work(_FOLDER, f"part-{name}.parquet"), (), chunk))
    return made


def verdicts(config: configs.BuildConfig, found: list[Suspect],
             done: list[work.FilesTask]) -> pa.Table:
    """Which of them are rejected; removes the parts that say so.

    Returns:
      A table of `VERDICT_SCHEMA`.
    """
    contents = [
        content for part in local_copies.of([task.path for task in done])
        for content in pq.read_table(part)["content"].to_pylist()]
    copies: dict[str, list[str | None]] = {}
    for suspect, content in zip(found, contents, strict=True):
        copies.setdefault(suspect.sop_instance_uid, []).append(content)
    rows: list[tuple[str, str, str]] = []
    kept: dict[str, str] = {}
    for suspect in found:
        uid = suspect.sop_instance_uid
        # Nobody can say of an unreadable file that it is equal to another.
        if None in copies[uid] or len(set(copies[uid])) > 1:
            rows.append((suspect.file, "duplicate_different",
                         f"{len(copies[uid])} files share {uid} and differ"))
        elif uid in kept:
            rows.append((suspect.file, "duplicate_identical",
                         f"a copy of {kept[uid]}"))
        else:
            kept[uid] = suspect.file
    for task in done:
        files.remove(task.path)
    columns = zip(*rows) if rows else [[], [], []]
    return pa.Table.from_arrays(
        [pa.array(column, pa.string()) for column in columns],
        schema=VERDICT_SCHEMA)
