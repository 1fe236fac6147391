"""What a label table's errors say.

They name the table and the row, as a spreadsheet counts it (the header is row
1), and never repeat a cell that could be a name or a date: only its shape.
"""

import contextlib
import re
from collections.abc import Iterator

MOST_SHOWN = 5

_SHORT = re.compile(r"\d{1,2}|.")
_LONGEST_SHAPE = 24


class LabelError(ValueError):
    """A label table that cannot be used, and what to do about it."""


@contextlib.contextmanager
def of_dataset(name: str | None) -> Iterator[None]:
    """Names the data set in every LabelError, where there are several."""
    try:
        yield
    except LabelError as error:
        if name is None:
            raise
        raise LabelError(f"--dataset={name}: {error}") from error


class RowErrors:
    """Collects what is wrong with rows, so that all of it is told at once."""

    def __init__(self):
        self._shown: list[str] = []
        self._count = 0

    def add(self, table: str, row: int, message: str) -> None:
        """Notes one error of one row."""
        self._count += 1
        if self._count <= MOST_SHOWN:
            self._shown.append(f"{table}, row {row}: {message}")

    def check(self) -> None:
        """Raises LabelError with the first errors if there were any."""
        if not self._count:
            return
        lines = [f"{counted(self._count, 'error')} in the label table:"]
        lines += [f"  {message}" for message in self._shown]
        if self._count > MOST_SHOWN:
            lines.append(f"  and {self._count - MOST_SHOWN:,} more")
        raise LabelError("\n".join(lines))


def shape(value: str) -> str:
    """What a cell looks like, without what it says.

    >>> shape("31/12/2014"), shape("Jansen"), shape("7"), shape("")
    ("like '99/99/9999'", "like 'aaaaaa'", "'7'", 'blank')
    """
    if not value:
        return "blank"
    if _SHORT.fullmatch(value):
        return repr(value)
    masked = "".join("9" if character.isdigit()
                     else "a" if character.isalpha() else character
                     for character in value[:_LONGEST_SHAPE])
    return f"like {masked + '...' * (len(value) > _LONGEST_SHAPE)!r}"


def counted(number: int, noun: str) -> str:
    """A number and its noun.

    >>> counted(1, "row"), counted(1200, "row")
    ('1 row', '1,200 rows')
    """
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def row_list(numbers: list[int]) -> str:
    """The first of some row numbers, as text.

    >>> row_list([3]), row_list([3, 5, 6, 8, 9, 12])
    ('row 3', 'rows 3, 5, 6, 8, 9, ...')
    """
    shown = ", ".join(str(number) for number in numbers[:MOST_SHOWN])
    return (f"row{'s' if len(numbers) > 1 else ''} {shown}"
            f"{', ...' if len(numbers) > MOST_SHOWN else ''}")
