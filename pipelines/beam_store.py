"""Files of any scheme that Beam has a file system for: gs://, hdfs://, ...

An object store shows an object when its upload ends. Where there are folders
(`hdfs://`) a file is written beside its place and renamed; a folder is listed
there among the files, as an empty one, and what is below it is not.

What a build is told of a file system by flags (`--hdfs_host`), the scripts
that have no such flags take from the environment variable BEAM_OPTIONS.
"""

import contextlib
import errno
import io
import os
import posixpath
import shlex
import shutil
import uuid
from collections.abc import Iterator
from typing import Any, BinaryIO

from apache_beam.io.filesystem import BeamIOError
from apache_beam.io.filesystem import CompressionTypes
from apache_beam.io.filesystem import FileSystem
from apache_beam.io.filesystems import FileSystems
from apache_beam.options.pipeline_options import PipelineOptions

from pipelines import stores
from pipelines.stores import Found, Unavailable

_COPY_BYTES = 8 << 20
OPTIONS_VARIABLE = "BEAM_OPTIONS"


def use(options: PipelineOptions) -> None:
    """Has the file systems take a build's options.

    A pipeline sees to that itself, on workers too, but not before it is made.
    """
    FileSystems.set_options(options)


if FileSystems._pipeline_options is None:
    use(PipelineOptions(shlex.split(os.environ.get(OPTIONS_VARIABLE, ""))))


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
        if not _has_folders(prefix):
            yield from self._match(prefix + "**")
            return
        found = (one for one in self._walk(prefix.rpartition("/")[0])
                 if one.path.startswith(prefix))
        yield from sorted(found, key=lambda one: one.path)

    def children(self, folder: str) -> tuple[list[Found], list[str]]:
        """See `stores.Store`."""
        folder = folder.rstrip("/")
        if not _has_folders(folder):
            return stores.children_of(self.below(folder + "/"), folder)
        files, folders = [], []
        for one, inside in self._listed(folder):
            if inside is None:
                files.append(one)
            else:
                folders.append(one.path.rpartition("/")[2])
        return files, folders

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

    def _walk(self, folder: str) -> Iterator[Found]:
        """All files below a folder, where there are folders."""
        for one, inside in self._listed(folder):
            if inside is None:
                yield one
            else:
                yield from self._walk(one.path)

    def _listed(self, folder: str
                ) -> Iterator[tuple[Found, list[Found] | None]]:
        """What is in a folder; with what is in it, if it is one itself."""
        for one in self._inside(folder) or ():
            yield one, None if one.size else self._inside(one.path)

    def _inside(self, folder: str) -> list[Found] | None:
        """What a folder lists; None: it is none, or not there."""
        try:
            return list(self._match(f"{folder}/*"))
        except Unavailable as error:
            with _explaining(folder):
                # That a folder is not there, or none, is an error too.
                if _is_no_folder(error) or not FileSystems.exists(folder):
                    return None
            raise

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


def _has_folders(path: str) -> bool:
    with _explaining(path):
        return _filesystem(path).has_dirs()


def _is_no_folder(error: Exception) -> bool:
    return "is not a directory" in str(error)


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
    except Exception as error:  # Each file system has its own.
        if "does not exist" in str(error):
            raise FileNotFoundError(
                errno.ENOENT, "there is no such file", path) from error
        raise Unavailable(f"{path}: {' '.join(str(error).split())}"
                          ) from error


_: stores.Store = STORE
