"""Files of any scheme that Beam has a file system for: gs://, hdfs://, ...

An object store shows an object when its upload ends. Where there are folders
(`hdfs://`) a file is written beside its place and renamed.
"""

import contextlib
import errno
import io
import posixpath
import shutil
import uuid
from collections.abc import Iterator
from typing import Any, BinaryIO

from apache_beam.io.filesystem import BeamIOError
from apache_beam.io.filesystem import CompressionTypes
from apache_beam.io.filesystem import FileSystem
from apache_beam.io.filesystems import FileSystems

from pipelines import stores
from pipelines.stores import Found, Unavailable

_COPY_BYTES = 8 << 20


class _Beam:
    """The file systems of Beam."""

    def read(self, path: str, start: int = 0,
             length: int | None = None) -> bytes:
        """See `stores.Store`."""
        # Beam would inflate what is called .gz, whatever it holds.
        with _explaining(path), contextlib.closing(FileSystems.open(
                path, compression_type=CompressionTypes.UNCOMPRESSED)) as file:
            # Buffered readers fetch 16 MiB at the least.
            raw = getattr(file, "raw", file)
            if start:
                raw.seek(start)
            return _read(raw, length)

    def find(self, path: str) -> Found | None:
        """See `stores.Store`."""
        # A name with signs of a glob in it means itself.
        literal = "".join(f"[{char}]" if char in stores.GLOB_SIGNS else char
                          for char in path)
        return next((one for one in self._match(literal)
                     if one.path == path), None)

    def below(self, prefix: str) -> Iterator[Found]:
        """See `stores.Store`."""
        yield from self._match(prefix + "**")

    def children(self, folder: str) -> tuple[list[Found], list[str]]:
        """See `stores.Store`."""
        return stores.children_of(self.below(folder.rstrip("/") + "/"), folder)

    def put(self, path: str, source: BinaryIO) -> None:
        """See `stores.Store`."""
        with _explaining(path):
            if not _filesystem(path).has_dirs():
                _upload(path, source)
                return
            temporary = f"{path}.tmp-{uuid.uuid4().hex}"
            _make_folder(posixpath.dirname(path))
            try:
                _upload(temporary, source)
                if FileSystems.exists(path):
                    FileSystems.delete([path])
                FileSystems.rename([temporary], [path])
            except BaseException:
                if FileSystems.exists(temporary):
                    FileSystems.delete([temporary])
                raise

    def remove(self, path: str) -> None:
        """See `stores.Store`."""
        with _explaining(path):
            if FileSystems.exists(path):
                FileSystems.delete([path])

    def check(self, folder: str, write: bool) -> None:
        """See `stores.Store`."""
        with _explaining(folder):
            # What is written first will tell more.
            _filesystem(folder)
            next(self.below(folder.rstrip("/") + "/"), None)

    def _match(self, pattern: str) -> Iterator[Found]:
        with _explaining(pattern):
            found = FileSystems.match([pattern])[0].metadata_list
        for one in sorted(found, key=lambda one: one.path):
            yield Found(one.path, one.size_in_bytes,
                        str(one.last_updated_in_seconds))


STORE = _Beam()


def _read(raw: Any, length: int | None) -> bytes:
    parts, left = [], -1 if length is None else length
    while left and (part := raw.read(
            _COPY_BYTES if left < 0 else min(left, _COPY_BYTES))):
        parts.append(part)
        left -= len(part) if left > 0 else 0
    return b"".join(parts)


def _upload(path: str, source: BinaryIO) -> None:
    with contextlib.closing(FileSystems.create(
            path, compression_type=CompressionTypes.UNCOMPRESSED)) as target:
        shutil.copyfileobj(source, target, _COPY_BYTES)


def _make_folder(folder: str) -> None:
    with contextlib.suppress(BeamIOError, IOError):
        FileSystems.mkdirs(folder)


def _filesystem(path: str) -> FileSystem:
    return FileSystems.get_filesystem(path)


@contextlib.contextmanager
def _explaining(path: str) -> Iterator[None]:
    """Turns what Beam's file systems raise into what callers know."""
    try:
        yield
    except (FileNotFoundError, PermissionError, io.UnsupportedOperation):
        raise
    except BeamIOError as error:
        inner = next(iter((error.exception_details or {}).values()), error)
        if isinstance(inner, FileNotFoundError):
            raise FileNotFoundError(
                errno.ENOENT, "there is no such file", path) from error
        raise Unavailable(f"{path}: {' '.join(str(error).split())}"
                          ) from error
    except (OSError, RuntimeError, ValueError) as error:
        raise Unavailable(f"{path}: {' '.join(str(error).split())}"
                          ) from error


_: stores.Store = STORE
