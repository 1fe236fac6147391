"""Files wherever they are: read in part, and written whole or not at all.

Local disks are read by the operating system's own calls, everything else
through a store (`pipelines.stores`): `s3://`, and what Beam has a file system
for. What opens local files only, as DuckDB, works on `pipelines.local_copies`.

Paths are text. Bytes of a local name that are not UTF-8 stand as `\\xNN` in
it, so that a path can be printed, stored in Parquet and turned back into the
name (`to_local`).
"""

import contextlib
import errno
import io
import logging
import os
import re
import tempfile
import uuid
from collections.abc import Callable, Iterator
from typing import Any, BinaryIO, Protocol

from pipelines import shards
from pipelines import stores
from pipelines import writeback

Unavailable = stores.Unavailable

_ESCAPED = re.compile(rb"\\x([0-9a-f]{2})")


def is_local(path: str) -> bool:
    """Whether the operating system itself opens it."""
    return "://" not in path


def to_text(local: str | bytes) -> str:
    r"""A local name as text that any format can hold.

    >>> to_text(b"caf\xe9.dcm"), to_text("a\\x41.dcm")
    ('caf\\xe9.dcm', 'a\\x5cx41.dcm')
    """
    raw = os.fsencode(local).replace(rb"\x", rb"\x5cx")
    return "".join(
        f"\\x{ord(char) & 0xFF:02x}" if "\udc80" <= char <= "\udcff" else char
        for char in raw.decode("utf-8", "surrogateescape"))


def to_local(path: str) -> bytes:
    r"""The name that `to_text` was given, as the operating system takes it.

    >>> to_local("caf\\xe9.dcm"), to_local("a\\x5cx41.dcm")
    (b'caf\xe9.dcm', b'a\\x41.dcm')
    """
    return _ESCAPED.sub(lambda match: bytes([int(match[1], 16)]),
                        os.fsencode(path))


def store_of(path: str) -> stores.Store:
    """What speaks a path's scheme."""
    if path.startswith("s3://"):
        from pipelines import s3  # boto3 takes 0.3 s.

        return s3.STORE
    # Beam takes 0.6 s, and tells what of Google's it has not found.
    logging.disable(logging.WARNING)
    try:
        from pipelines import beam_store
    finally:
        logging.disable(logging.NOTSET)
    return beam_store.STORE


def read(path: str, limit: int | None = None) -> bytes:
    """The first `limit` bytes of a file, or all of it; never inflated."""
    if not is_local(path):
        return store_of(path).read(path, 0, limit)
    with open(to_local(path), "rb", buffering=0) as file:
        size = os.fstat(file.fileno()).st_size
        return file.read(size if limit is None else min(size, limit))


def read_into(path: str, limit: int,
              room: Callable[[int], memoryview]) -> memoryview:
    """The first `limit` bytes of a local file, in memory that is there: so
    many bytes as `room` is asked for."""
    with open(to_local(path), "rb", buffering=0) as file:
        size = min(os.fstat(file.fileno()).st_size, limit)
        view, done = room(size), 0
        # One call of the system's gives less than 2 GiB.
        while read := file.readinto(view[done:]):
            done += read
        return view[:done]


def read_part(path: str, start: int, length: int) -> bytes:
    """So many bytes from `start` on, and no others."""
    if not is_local(path):
        return store_of(path).read(path, start, length)
    with open(to_local(path), "rb", buffering=0) as file:
        return os.pread(file.fileno(), length, start)


def open_parts(path: str, buffer: int = 0) -> BinaryIO:
    """A file to seek in; of one in a store only the parts that are read.

    Args:
      path: Of the file.
      buffer: Bytes that are read ahead; 0: what is asked for and no more.
    """
    if is_local(path):
        return open(to_local(path), "rb")
    raw: Any = _Parts(path)
    return io.BufferedReader(raw, buffer) if buffer else raw


def list_folder(path: str) -> list[str]:
    """Names of the files directly in a folder, sorted; none if it is missing.
    """
    if not is_local(path):
        return sorted(sizes(path))
    try:
        return sorted(to_text(entry.name)
                      for entry in os.scandir(to_local(path))
                      if not entry.is_dir(follow_symlinks=False))
    except (FileNotFoundError, NotADirectoryError):
        return []


def list_folders(path: str) -> list[str]:
    """Names of the folders directly in a folder, sorted; likewise."""
    if not is_local(path):
        return store_of(path).children(path)[1]
    try:
        return sorted(to_text(entry.name)
                      for entry in os.scandir(to_local(path))
                      if entry.is_dir())
    except (FileNotFoundError, NotADirectoryError):
        return []


def sizes(folder: str) -> dict[str, int]:
    """Names and sizes of the files directly in a folder; likewise."""
    if not is_local(folder):
        found, _ = store_of(folder).children(folder)
        return {one.path.rpartition("/")[2]: one.size for one in found}
    try:
        return {to_text(entry.name): entry.stat().st_size
                for entry in os.scandir(to_local(folder)) if entry.is_file()}
    except (FileNotFoundError, NotADirectoryError):
        return {}


def below(folder: str) -> Iterator[str]:
    """Paths within a folder of all files below it, sorted in each folder."""
    if not is_local(folder):
        start = folder.rstrip("/") + "/"
        for one in store_of(folder).below(start):
            yield one.path.removeprefix(start)
        return
    for parent, folders, names in os.walk(to_local(folder)):
        folders.sort()
        for name in sorted(names):
            yield to_text(os.path.relpath(os.path.join(parent, name),
                                          to_local(folder)))


def exists(path: str) -> bool:
    """Whether there is such a file."""
    if not is_local(path):
        return store_of(path).find(path) is not None
    return os.path.exists(to_local(path))


def existing(paths: list[str]) -> set[str]:
    """Those of many files that there are; of stores only folders are asked."""
    found = set()
    for folder in {path.rpartition("/")[0] for path in paths
                   if not is_local(path)}:
        found |= {f"{folder}/{name}" for name in list_folder(folder)}
    return {path for path in paths
            if (os.path.exists(to_local(path)) if is_local(path)
                else path in found)}


def size(path: str) -> int:
    """Bytes of a file; raises FileNotFoundError where there is none."""
    if is_local(path):
        return os.stat(to_local(path)).st_size
    found = store_of(path).find(path)
    if found is None:
        raise missing(path)
    return found.size


def missing(path: str) -> FileNotFoundError:
    """The error that there is no such file."""
    return FileNotFoundError(errno.ENOENT, "there is no such file", path)


def put(path: str, local: str) -> None:
    """Puts a local file under a name in a store, whole or not at all."""
    with open(local, "rb") as file:
        store_of(path).put(path, file)


def remove(path: str) -> None:
    """Removes a file, if it is there."""
    if not is_local(path):
        store_of(path).remove(path)
        return
    with contextlib.suppress(FileNotFoundError):
        os.remove(to_local(path))


def check(folder: str, write: bool = False) -> None:
    """Raises Unavailable where a store cannot be used, before any work."""
    if not is_local(folder):
        store_of(folder).check(folder, write)


class WholeFile(Protocol):
    """A file that appears under its name whole or not at all."""

    path: str

    def write(self, data: bytes) -> None:
        """Writes all of it; raises OSError where the disk is full."""

    def commit(self) -> None:
        """Puts the file, complete, under its name."""

    def discard(self) -> None:
        """Leaves nothing behind; without effect once committed."""


class LocalFile:
    """A `WholeFile` on a local disk.

    It is written beside its place under a name that contains `.tmp-`, and
    renamed.
    """

    def __init__(self, path: str):
        self.path = path
        self._temporary = f"{path}{shards.TEMPORARY_MARK}{uuid.uuid4().hex}"
        os.makedirs(os.path.dirname(to_local(path)) or b".", exist_ok=True)
        self._file = open(to_local(self._temporary), "wb", buffering=0)

    def write(self, data: bytes) -> None:
        """See `WholeFile`."""
        start, view = self._file.tell(), memoryview(data)
        while view:
            view = view[self._file.write(view):]
        writeback.start(self._file.fileno(), start, len(data))

    def commit(self) -> None:
        """See `WholeFile`."""
        # A name must not survive a power cut that its bytes do not.
        os.fsync(self._file.fileno())
        self._file.close()
        os.replace(to_local(self._temporary), to_local(self.path))

    def discard(self) -> None:
        """See `WholeFile`."""
        self._file.close()
        remove(self._temporary)


class RemoteFile:
    """A `WholeFile` in a store: gathered on the local disk, put in one go.

    Unnamed on the local disk, it does not survive a kill.
    """

    def __init__(self, path: str):
        self.path = path
        self._file = tempfile.TemporaryFile()

    def write(self, data: bytes) -> None:
        """See `WholeFile`."""
        self._file.write(data)

    def commit(self) -> None:
        """See `WholeFile`."""
        self._file.seek(0)
        store_of(self.path).put(self.path, self._file)
        self._file.close()

    def discard(self) -> None:
        """See `WholeFile`."""
        self._file.close()


@contextlib.contextmanager
def atomic(*paths: str) -> Iterator[list[WholeFile]]:
    """Several files that appear in the given order when the block ends well.
    """
    opened: list[WholeFile] = []
    try:
        for path in paths:
            opened.append(LocalFile(path) if is_local(path)
                          else RemoteFile(path))
        yield opened
        for file in opened:
            file.commit()
    except BaseException:
        for file in opened:
            file.discard()
        raise


def write_atomically(path: str, data: bytes) -> None:
    """Writes a whole file under its name or not at all."""
    with atomic(path) as (file,):
        file.write(data)


class _Parts(io.RawIOBase):
    """A file in a store, of which what is asked for is read."""

    def __init__(self, path: str):
        self._path = path
        self._size = size(path)
        self._at = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        start = {os.SEEK_SET: 0, os.SEEK_CUR: self._at,
                 os.SEEK_END: self._size}[whence]
        self._at = max(0, start + offset)
        return self._at

    def tell(self) -> int:
        return self._at

    def readinto(self, buffer: Any) -> int:
        data = read_part(self._path, self._at, min(
            len(buffer), max(0, self._size - self._at)))
        buffer[:len(data)] = data
        self._at += len(data)
        return len(data)
