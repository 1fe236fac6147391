"""What is asked of a place that the operating system does not open.

`s3://` is spoken by `pipelines.s3`, every other scheme by the file systems of
Beam that are installed (`pipelines.beam_store`). Nothing is renamed: an
object appears under its name when all of it is there.
"""

import dataclasses
import re
from collections.abc import Iterable, Iterator
from typing import BinaryIO, Protocol

_GLOB = re.compile(r"\*\*/|\*\*|\*|\?|\[[^\]]+\]")
GLOB_SIGNS = "*?["


class Unavailable(OSError):
    """A store cannot be used: no such bucket, no right, no answer.

    Not the fault of one file, so that it must not be taken for one: work ends
    and goes on once the store is there. Its text is one line for a person.
    """


@dataclasses.dataclass(frozen=True, slots=True)
class Found:
    """An object.

    Attributes:
      path: Its whole name, with the scheme.
      size: Bytes.
      version: Etag or modification time: another one, another object.
    """

    path: str
    size: int
    version: str


class Store(Protocol):
    """An object store or a remote file system.

    Every method raises `Unavailable` where the store cannot be used.
    """

    def read(self, path: str, start: int, length: int | None) -> bytes:
        """So many bytes from `start` on, fewer where the object ends.

        Raises:
          OSError: There is no such object, or it must not be read.
        """

    def find(self, path: str) -> Found | None:
        """One object, or None."""

    def below(self, prefix: str) -> Iterator[Found]:
        """All objects whose paths begin so, by name."""

    def children(self, folder: str) -> tuple[list[Found], list[str]]:
        """The objects directly in a folder, and the names of its folders."""

    def put(self, path: str, source: BinaryIO) -> None:
        """Makes or replaces an object by a file, whole or not at all."""

    def remove(self, path: str) -> None:
        """Removes an object, if it is there."""

    def check(self, folder: str, write: bool) -> None:
        """Raises Unavailable where a folder cannot be listed, or written to.
        """


def matching(store: Store, pattern: str) -> Iterator[Found]:
    """The objects that a glob, a folder or a name means.

    What ends in / is a folder's mark, as some programs leave it, no file.
    """
    start = re.split(r"[*?\[]", pattern, maxsplit=1)[0]
    if start == pattern:
        found = store.below(pattern.rstrip("/") + "/")
        first = next(found, None)
        if first is None:
            one = None if pattern.endswith("/") else store.find(pattern)
            found = iter(() if one is None else (one,))
        else:
            found = _chained(first, found)
    else:
        wanted = re.compile(regex_of(pattern), re.DOTALL)
        found = (one for one in store.below(start)
                 if wanted.fullmatch(one.path))
    return (one for one in found if not one.path.endswith("/"))


def regex_of(pattern: str) -> str:
    r"""A glob as a regular expression; only ** crosses a /.

    >>> regex_of("s3://b/**/x?.dcm")
    's3://b/(?:.*/)?x[^/]\\.dcm'
    """
    parts, at = [], 0
    for sign in _GLOB.finditer(pattern):
        parts += [re.escape(pattern[at:sign.start()]), _sign(sign[0])]
        at = sign.end()
    return "".join(parts) + re.escape(pattern[at:])


def _sign(sign: str) -> str:
    if sign.startswith("["):
        inside = sign[1:-1].replace("\\", r"\\")
        return f"[{'^' + inside[1:] if inside[0] == '!' else inside}]"
    return {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}[sign]


def children_of(objects: Iterable[Found],
                folder: str) -> tuple[list[Found], list[str]]:
    """What lies directly in a folder, of all that lies below it."""
    start = folder.rstrip("/") + "/"
    files, folders = [], set()
    for one in objects:
        name, slash, _ = one.path.removeprefix(start).partition("/")
        if slash:
            folders.add(name)
        elif name:
            files.append(one)
    return files, sorted(folders)


def _chained(first: Found, rest: Iterator[Found]) -> Iterator[Found]:
    yield first
    yield from rest
