"""Tables of text, as all scripts print them: a header, a rule, aligned rows.
"""

import re
from collections.abc import Iterable, Sequence

# A number, a share, an interval behind it, or nothing.
_NUMBER = re.compile(r"(-|[-+]?[\d,.]+ ?%?( \(.*\))?)?")


class Layout:
    """How wide a table's columns are, and on which side their cells stand.

    Args:
      header: Of the columns.
      rows: Those that the widths come from.
      right: Which columns stand at the right; by what they hold unless given.
    """

    def __init__(self, header: Sequence[str],
                 rows: Iterable[Sequence[str]],
                 right: Sequence[bool] | None = None):
        lines = [tuple(header), *map(tuple, rows)]
        columns = list(zip(*lines))
        self._header = tuple(header)
        self._widths = [max(map(len, column)) for column in columns]
        self._right = list(right) if right is not None else [
            _are_numbers(column[1:]) for column in columns]

    def line(self, cells: Iterable[str]) -> str:
        """One row."""
        return "  ".join(
            cell.rjust(width) if right else cell.ljust(width)
            for cell, width, right in zip(cells, self._widths, self._right)
        ).rstrip()

    def head(self) -> list[str]:
        """The header, and the rule below it."""
        return [self.line(self._header),
                self.line("-" * width for width in self._widths)]


def table(header: Sequence[str], rows: Iterable[Sequence[str]],
          right: Sequence[bool] | None = None) -> str:
    """A table as text, numbers at the right.

    Args:
      header: Of the columns.
      rows: Their cells.
      right: As `Layout` takes it.

    >>> print(table(["split", "images"], [["train", "1,200"]]))
    split  images
    -----  ------
    train   1,200
    """
    rows = [tuple(row) for row in rows]
    layout = Layout(header, rows, right)
    return "\n".join([*layout.head(), *map(layout.line, rows)])


def _are_numbers(cells: Sequence[str]) -> bool:
    return any(cells) and all(map(_NUMBER.fullmatch, cells))
