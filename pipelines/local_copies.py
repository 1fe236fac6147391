"""Local copies of files in a store, for what opens local files only.

DuckDB, Keras and NumPy are given such copies. They are in the folder for
temporary files (TMPDIR says where) as long as the process lives, and are
fetched again when the original is another.
"""

import concurrent.futures
import hashlib
import os
import tempfile
import threading
from collections.abc import Iterable, Sequence

from pipelines import files
from pipelines import stores

_PART_BYTES = 64 << 20
# Small files wait for the store, not for this machine.
_THREADS = 16


class _Copies:
    """What this process has fetched so far."""

    def __init__(self):
        self._lock = threading.Lock()
        self._making = threading.Lock()
        self._folder: tempfile.TemporaryDirectory | None = None
        self._versions: dict[str, str] = {}

    def of(self, originals: Iterable[stores.Found]) -> None:
        """Fetches what is not there yet."""
        with self._lock:
            new = [one for one in originals
                   if self._versions.get(one.path) != one.version]
            with concurrent.futures.ThreadPoolExecutor(_THREADS) as pool:
                list(pool.map(self._fetch, new))
            self._versions |= {one.path: one.version for one in new}

    def place(self, path: str) -> str:
        """Where a copy is; its name, and that of its neighbours, is kept."""
        with self._making:
            if self._folder is None:
                self._folder = tempfile.TemporaryDirectory(prefix="mammoflow-")
        folder, _, name = path.rpartition("/")
        digest = hashlib.sha256(folder.encode()).hexdigest()[:16]
        return os.path.join(self._folder.name, digest, name)

    def _fetch(self, original: stores.Found) -> None:
        place = self.place(original.path)
        os.makedirs(os.path.dirname(place), exist_ok=True)
        with open(place, "wb") as file:
            for start in range(0, original.size, _PART_BYTES):
                file.write(files.read_part(
                    original.path, start,
                    min(_PART_BYTES, original.size - start)))


_COPIES = _Copies()


def of(paths: Sequence[str]) -> list[str]:
    """Local files that are equal to some files; a local file is its own.

    Raises:
      FileNotFoundError: One is not there.
      Unavailable: The store cannot be used.
    """
    remote = [path for path in paths if not files.is_local(path)]
    _COPIES.of(map(_found, remote) if len(remote) < 2 else _listed(remote))
    return [path if files.is_local(path) else _COPIES.place(path)
            for path in paths]


def one(path: str) -> str:
    """A local file that is equal to a file."""
    copy, = of([path])
    return copy


def _found(path: str) -> stores.Found:
    found = files.store_of(path).find(path)
    if found is None:
        raise files.missing(path)
    return found


def _listed(paths: list[str]) -> list[stores.Found]:
    """Many objects, by one look at each of their folders."""
    there: dict[str, stores.Found] = {}
    for folder in {path.rpartition("/")[0] for path in paths}:
        objects, _ = files.store_of(folder).children(folder)
        there |= {found.path: found for found in objects}
    for path in paths:
        if path not in there:
            raise files.missing(path)
    return [there[path] for path in paths]


def scratch(name: str) -> str:
    """A local folder of this process for temporary files; not made yet."""
    return _COPIES.place(f"{name}/scratch")
