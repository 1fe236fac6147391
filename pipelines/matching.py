"""Which files a build is about: directories, globs, single files, a manifest.

Every file that is matched gets a row, whatever it is: Beam's own matching
drops dangling links silently and cannot name `we[i]rd.dcm`, so local disks
are walked here.
"""

import concurrent.futures
import dataclasses
import glob
import itertools
import os
import stat
from collections.abc import Iterable, Iterator

import pyarrow as pa
import pyarrow.compute as pc

from pipelines import files
from pipelines import stores

LISTING_SCHEMA = pa.schema([
    ("file", pa.string()), ("file_bytes", pa.int64()),
    ("file_version", pa.string()), ("problem", pa.string()),
])
_BATCH_ROWS = 8192
# Stores answer slowly and many at a time.
_ASKED_AT_A_TIME = 32


@dataclasses.dataclass(frozen=True, slots=True)
class MatchedFile:
    """One matched file.

    Attributes:
      path: As text; see `files.to_text`.
      size: Bytes on disk.
      version: Modification time or etag: another one, another file.
      problem: Reason code of what keeps it from being read, or None.
    """

    path: str
    size: int
    version: str
    problem: str | None = None


class NothingMatched(ValueError):
    """A pattern that the user gave names no file."""


def listing(patterns: Iterable[str], manifest: str | None = None) -> pa.Table:
    """All files of all patterns and the manifest, each once, by path.

    Args:
      patterns: Directories (walked to their end, links followed), files and
        globs (`**` for any depth), local or in any store.
      manifest: A text file with one path on each line, or None.

    Returns:
      A table of `LISTING_SCHEMA`, sorted by `file`.

    Raises:
      NothingMatched: A pattern or the manifest matches nothing.
    """
    sources = [_expect(f"--dicoms={pattern}", _match(pattern))
               for pattern in patterns]
    if manifest:
        sources.append(_expect(f"--manifest={manifest}", _named_in(manifest)))
    batches = list(_batches(itertools.chain.from_iterable(sources)))
    table = pa.Table.from_batches(batches, LISTING_SCHEMA)
    table = table.sort_by("file")
    # Patterns may overlap: of equal neighbours the first stays.
    paths = table["file"].combine_chunks()
    first = pc.not_equal(paths[1:], paths[:-1])
    return table.filter(pa.concat_arrays([pa.array([True]), first]))


def _expect(flag: str, matches: Iterator[MatchedFile]
            ) -> Iterator[MatchedFile]:
    first = next(matches, None)
    if first is None:
        raise NothingMatched(
            f"{flag} matches no file: it must be a directory, a file or a "
            "glob such as 'archive/**/*.dcm.gz'")
    return itertools.chain([first], matches)


def _batches(matches: Iterator[MatchedFile]) -> Iterator[pa.RecordBatch]:
    while rows := list(itertools.islice(matches, _BATCH_ROWS)):
        columns = zip(*(dataclasses.astuple(row) for row in rows))
        yield pa.RecordBatch.from_arrays(
            [pa.array(column, field.type)
             for column, field in zip(columns, LISTING_SCHEMA)],
            schema=LISTING_SCHEMA)


def _match(pattern: str) -> Iterator[MatchedFile]:
    if not files.is_local(pattern):
        return _match_remote(pattern)
    pattern = os.path.normpath(pattern)
    # A name that exists is that name, whatever glob would make of it.
    names = ([pattern] if os.path.lexists(pattern) else
             sorted(glob.glob(pattern, recursive=True, include_hidden=True)))
    return itertools.chain.from_iterable(map(_walk, names))


def _walk(path: str) -> Iterator[MatchedFile]:
    """Files below a path; a folder that leads back to itself ends there."""
    pending, seen = [path], set()
    while pending:
        path = pending.pop()
        if not os.path.isdir(path):
            yield _local(path)
            continue
        status = os.stat(path)
        if (status.st_dev, status.st_ino) in seen:
            continue
        seen.add((status.st_dev, status.st_ino))
        try:
            names = sorted(os.listdir(path), reverse=True)
        except OSError:
            yield MatchedFile(files.to_text(path), 0, "", "unreadable")
            continue
        pending.extend(os.path.join(path, name) for name in names)


def _local(path: str) -> MatchedFile:
    text = files.to_text(path)
    try:
        status = os.stat(path)
    except FileNotFoundError:
        link = os.path.islink(path)
        return MatchedFile(text, 0, "",
                           "dangling_link" if link else "unreadable")
    except OSError:
        return MatchedFile(text, 0, "", "unreadable")
    regular = stat.S_ISREG(status.st_mode)
    return MatchedFile(text, status.st_size, str(status.st_mtime_ns),
                       None if regular else "not_a_file")


def _match_remote(pattern: str) -> Iterator[MatchedFile]:
    for found in stores.matching(files.store_of(pattern), pattern):
        yield MatchedFile(found.path, found.size, found.version)


def _named_in(manifest: str) -> Iterator[MatchedFile]:
    names = (line.strip() for line in files.read(manifest).splitlines())
    with concurrent.futures.ThreadPoolExecutor(_ASKED_AT_A_TIME) as pool:
        for some in _chunks(filter(None, names), _BATCH_ROWS):
            yield from pool.map(_named, some)


def _named(name: bytes) -> MatchedFile:
    if b"://" not in name:
        return _local(os.path.normpath(os.fsdecode(name)))
    path = name.decode()
    found = files.store_of(path).find(path)
    if found is None:
        return MatchedFile(path, 0, "", "unreadable")
    return MatchedFile(found.path, found.size, found.version)


def _chunks(values: Iterator[bytes], size: int) -> Iterator[list[bytes]]:
    while chunk := list(itertools.islice(values, size)):
        yield chunk
