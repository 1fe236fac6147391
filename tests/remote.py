"""Beam file systems in memory, to test what is not local.

Beam finds file systems by their subclasses: importing this is enough. The
objects belong to the process, as the embedded runner's workers do.
"""

import io

from apache_beam.io import filesystem
from apache_beam.io.filesystem import BeamIOError

OBJECTS: dict[str, bytes] = {}
READS: list[tuple[str, int]] = []
RENAMED: list[str] = []


class _Reader(io.RawIOBase):
    """Counts what is asked of an object."""

    def __init__(self, path: str):
        self._path = path
        self._data = io.BytesIO(OBJECTS[path])

    def readable(self):
        return True

    def seekable(self):
        return True

    def seek(self, offset, whence=io.SEEK_SET):
        return self._data.seek(offset, whence)

    def readinto(self, buffer):
        size = self._data.readinto(buffer)
        READS.append((self._path, size))
        return size


class _Writer(io.BytesIO):
    """An object appears when it is closed, as uploads end."""

    def __init__(self, path: str):
        super().__init__()
        self._path = path

    def close(self):
        if not self.closed:
            OBJECTS[self._path] = self.getvalue()
        super().close()


class MemoryFileSystem(filesystem.FileSystem):
    """`OBJECTS`, as object stores have them: none is renamed."""

    @classmethod
    def scheme(cls):
        return "memory"

    def join(self, basepath, *paths):
        return "/".join((basepath.rstrip("/"), *paths))

    def split(self, path):
        return tuple(path.rsplit("/", 1))

    def has_dirs(self):
        return False

    def _list(self, dir_or_prefix):
        for path, data in OBJECTS.items():
            if path.startswith(dir_or_prefix):
                yield filesystem.FileMetadata(path, len(data), 1.5)

    def open(self, path, mime_type="", compression_type="auto"):
        assert compression_type == filesystem.CompressionTypes.UNCOMPRESSED
        # As Beam's stores do: a buffer that reads far ahead of what is asked.
        return io.BufferedReader(_Reader(path), 16 << 20)

    def metadata(self, path):
        return filesystem.FileMetadata(path, len(OBJECTS[path]), 1.5)

    def exists(self, path):
        return path in OBJECTS

    def create(self, path, mime_type="", compression_type="auto"):
        assert compression_type == filesystem.CompressionTypes.UNCOMPRESSED
        return _Writer(path)

    def delete(self, paths):
        for path in paths:
            del OBJECTS[path]

    def _unsupported(self, *unused):
        raise OSError("not to be had")

    copy = rename = mkdirs = _unsupported
    size = last_updated = checksum = _unsupported


class FolderFileSystem(MemoryFileSystem):
    """`folders://`, where files are seen while they are written."""

    @classmethod
    def scheme(cls):
        return "folders"

    def has_dirs(self):
        return True

    def mkdirs(self, path):
        """Folders come with their files here."""

    def exists(self, path):
        return any(name == path or name.startswith(f"{path}/")
                   for name in OBJECTS)

    def _list(self, dir_or_prefix):
        """As HDFS does: what is directly in a folder, its folders too."""
        folder = dir_or_prefix.rstrip("/")
        if folder in OBJECTS:
            raise BeamIOError("List operation failed", {
                folder: ValueError(f"'{folder}' is not a directory.")})
        if not self.exists(folder):
            raise BeamIOError("List operation failed", {
                folder: ValueError(f"File {folder} does not exist.")})
        seen = set()
        for path, data in OBJECTS.items():
            name, _, rest = path.removeprefix(folder + "/").partition("/")
            if path.startswith(folder + "/") and name not in seen:
                seen.add(name)
                yield filesystem.FileMetadata(
                    f"{folder}/{name}", 0 if rest else len(data), 1.5)

    def rename(self, sources, destinations):
        for source, destination in zip(sources, destinations):
            OBJECTS[destination] = OBJECTS.pop(source)
            RENAMED.append(source)
