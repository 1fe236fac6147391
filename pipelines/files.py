"""Reading files wherever Beam can, and writing them whole or not at all.

Local disks are read by the operating system's own calls, everything else
through Beam's file systems. A data set is written to a local disk.

Paths are text. Bytes of a local name that are not UTF-8 stand as `\\xNN` in
it, so that a path can be printed, stored in Parquet and turned back into the
name (`to_local`).
"""

import contextlib
import os
import re
import sys
import uuid
from collections.abc import Iterator
from typing import BinaryIO

from pipelines import shards

_ESCAPED = re.compile(rb"\\x([0-9a-f]{2})")
_READ_BYTES = 8 << 20


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
                        path.encode())


def open_to_read(path: str) -> BinaryIO:
    """Opens a file, never inflating it, without read-ahead where possible."""
    if is_local(path):
        return open(to_local(path), "rb", buffering=0)
    from apache_beam.io.filesystem import CompressionTypes
    from apache_beam.io.filesystems import FileSystems  # 0.6 s to import.

    # Beam would inflate what is called .gz, whatever it holds.
    handle = FileSystems.open(
        path, compression_type=CompressionTypes.UNCOMPRESSED)
    # The buffered readers of Beam's object stores fetch 16 MiB at the least.
    return getattr(handle, "raw", handle)


def read(path: str, limit: int | None = None) -> bytes:
    """The first `limit` bytes of a file, or all of it."""
    with contextlib.closing(open_to_read(path)) as file:
        if is_local(path):
            size = os.fstat(file.fileno()).st_size
            return file.read(size if limit is None else min(size, limit))
        parts, left = [], sys.maxsize if limit is None else limit
        while part := file.read(min(left, _READ_BYTES)):
            parts.append(part)
            left -= len(part)
    return b"".join(parts)


def list_folder(path: str) -> list[str]:
    """Names of the files directly in a folder, sorted; none if it is missing.
    """
    try:
        return sorted(to_text(entry.name)
                      for entry in os.scandir(to_local(path))
                      if not entry.is_dir(follow_symlinks=False))
    except FileNotFoundError:
        return []


def remove(path: str) -> None:
    """Removes a local file, if it is there."""
    with contextlib.suppress(FileNotFoundError):
        os.remove(to_local(path))


class AtomicFile:
    """A file that appears under its name whole or not at all.

    It is written beside its place under a name that contains `.tmp-`, and
    renamed by `commit`; `discard` takes it away.
    """

    def __init__(self, path: str):
        self.path = path
        self._temporary = f"{path}{shards.TEMPORARY_MARK}{uuid.uuid4().hex}"
        os.makedirs(os.path.dirname(to_local(path)) or b".", exist_ok=True)
        self._file = open(to_local(self._temporary), "wb", buffering=0)

    def write(self, data: bytes) -> None:
        """Writes all of it; raises OSError where the disk is full."""
        view = memoryview(data)
        while view:
            view = view[self._file.write(view):]

    def commit(self) -> None:
        """Puts the file, complete, under its name."""
        # A name must not survive a power cut that its bytes do not.
        os.fsync(self._file.fileno())
        self._file.close()
        os.replace(to_local(self._temporary), to_local(self.path))

    def discard(self) -> None:
        """Leaves nothing behind; without effect once committed."""
        self._file.close()
        remove(self._temporary)


@contextlib.contextmanager
def atomic(*paths: str) -> Iterator[list[AtomicFile]]:
    """Several files that appear in the given order when the block ends well.
    """
    opened: list[AtomicFile] = []
    try:
        for path in paths:
            opened.append(AtomicFile(path))
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
