"""Which row of a table of images a file belongs to, by its path.

A table names images by file name, by path or by SOP Instance UID, and seldom
by the path that the files have here: its paths are those of another machine,
and often of pictures that were made of the DICOM files. So a file and a row
belong together by their name without its ending. Where the table has one name
in several folders, the folders decide: the row that has the longest end of
the file's path, at least one folder of it, and no other as long.
"""

import re
from collections.abc import Iterable

# Of DICOM files, as `rows.stem` has them, and of pictures made of them.
_ENDINGS = re.compile(
    r"(?:\.(?:gz|dcm|dicom|png|jpe?g|tiff?|bmp|npy))+\Z", re.IGNORECASE)


def stem(path: str) -> str:
    """The name of an image without its folders and endings.

    >>> stem("a/1_L_CC.dcm.png"), stem("C:\\\\a\\\\IMG.JPG"), stem("1.2.840.5")
    ('1_L_CC', 'IMG', '1.2.840.5')
    """
    return _ENDINGS.sub("", path.replace("\\", "/").rpartition("/")[2])


class ImagePaths:
    """The paths that a table names."""

    def __init__(self, paths: Iterable[str]):
        self._folders: dict[str, set[tuple[str, ...]]] = {}
        for path in paths:
            self._folders.setdefault(stem(path), set()).add(_folders(path))

    @property
    def shared(self) -> int:
        """How many names are in several folders."""
        return sum(len(folders) > 1 for folders in self._folders.values())

    def key_of_row(self, path: str) -> str:
        """The key of one of the table's own paths."""
        return self._key(stem(path), _folders(path))

    def key_of_file(self, path: str) -> str:
        """The key of the row that a file belongs to.

        A file that belongs to none, or to several as well, gets a key that no
        row has.

        >>> paths = ImagePaths(["a/x.png", "b/x.png", "a/y.png"])
        >>> [paths.key_of_file(f"/c/{file}") for file in
        ...  ("y.dcm", "b/x.dcm", "x.dcm")]
        ['y', 'b/x', 'x']
        """
        name, folders = stem(path), _folders(path)
        named = self._folders.get(name, set())
        if len(named) == 1:
            return name
        by_length: dict[int, list[tuple[str, ...]]] = {}
        for one in named:
            by_length.setdefault(_in_common(one, folders), []).append(one)
        longest = max(by_length, default=0)
        if longest and len(by_length[longest]) == 1:
            return self._key(name, by_length[longest][0])
        return name

    def _key(self, name: str, folders: tuple[str, ...]) -> str:
        if len(self._folders[name]) == 1:
            return name
        # With a slash even where there is no folder: the name alone is the
        # key of files that belong to none of these.
        return "/".join((*folders, name)) if folders else f"/{name}"


def _folders(path: str) -> tuple[str, ...]:
    parts = path.replace("\\", "/").split("/")[:-1]
    return tuple(part for part in parts if part not in ("", "."))


def _in_common(one: tuple[str, ...], other: tuple[str, ...]) -> int:
    """How many folders two paths have in common, from their ends."""
    count = 0
    for mine, theirs in zip(reversed(one), reversed(other)):
        if mine != theirs:
            break
        count += 1
    return count
