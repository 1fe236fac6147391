"""What became of every row of a label table, so that the counts add up.

A row is used, or it is left out by a rule that is named with the rows that it
took, or it is an error: rows read = rows used + rows left out.
"""

import collections
from collections.abc import Callable, Sequence, Sized

from pipelines.labels import cells, errors, tables

# A file's name and the number of a row in it.
Place = tuple[str, int]
# Takes a row, or says by which rule it is left out.
Add = Callable[[Place, Sequence[tables.Cell]], str | None]


class Ledger:
    """Counts the rows of one reader.

    Attributes:
      noun: What a row is, in the singular.
      read: Rows read so far; `take` counts its own.
      wrong: The rows that have a cell that cannot be used.
    """

    def __init__(self, noun: str = "row"):
        self.noun = noun
        self.read = 0
        self.wrong = errors.RowErrors()
        self._sources: list[str] = []
        self._left_out: dict[str, _Places] = collections.defaultdict(_Places)
        self._remarks: dict[str, _Places] = collections.defaultdict(_Places)

    def take(self, table: tables.Table, add: Add) -> None:
        """Gives each row of a table to `add`, and notes what became of it.

        Args:
          table: Its rows are read.
          add: A `cells.CellError` that it raises is an error of the row.
        """
        self._sources.append(table.name)
        for number, row in table.rows:
            self.read += 1
            place = (table.name, number)
            try:
                rule = add(place, row)
            except cells.CellError as error:
                self.wrong.add(*place, str(error))
                continue
            if rule:
                self.leave_out(rule, place)

    def leave_out(self, rule: str, *places: Place) -> None:
        """Notes rows that a rule, worded as 'without a side', takes out."""
        if places:
            self._left_out[rule].add(places)

    def remark(self, what: str, place: Place) -> None:
        """Notes a row that is used all the same."""
        self._remarks[what].add((place,))

    def check(self, found: Sized) -> None:
        """Raises LabelError for rows in error, or if none is left."""
        self.wrong.check()
        if not found:
            names = ", ".join(self._sources) or "the label table"
            raise errors.LabelError("\n".join(
                [f"no {self.noun} of {names} can be used",
                 *(f"  {note}" for note in self.notes())]))

    def notes(self) -> tuple[str, ...]:
        """What the audit says: the sum, and each rule with its rows."""
        left_out = sum(one.count for one in self._left_out.values())
        lines = [f"{errors.counted(self.read, self.noun)} read: "
                 f"{self.read - left_out:,} used, {left_out:,} left out"]
        for kind, rules in (("left out: ", self._left_out),
                            ("", self._remarks)):
            lines += [f"{errors.counted(places.count, self.noun)} {kind}"
                      f"{rule} ({places})" for rule, places in rules.items()]
        return tuple(f"label table: {line}" for line in lines)


class _Places:
    """Counts rows and remembers the first of them."""

    def __init__(self):
        self.count = 0
        self._first: dict[str, list[int]] = {}

    def add(self, places: Sequence[Place]) -> None:
        self.count += len(places)
        for source, number in places:
            if source not in self._first and (
                    len(self._first) > errors.MOST_SHOWN):
                continue
            numbers = self._first.setdefault(source, [])
            # The one too many tells that there are more.
            if len(numbers) <= errors.MOST_SHOWN and number not in numbers:
                numbers.append(number)

    def __str__(self) -> str:
        shown = [f"{source}, {errors.row_list(numbers)}" for source, numbers
                 in list(self._first.items())[:errors.MOST_SHOWN]]
        if len(self._first) > len(shown):
            shown.append("...")
        return "; ".join(shown)


def listed(places: Sequence[Place]) -> str:
    """The first of some rows, each file named once.

    >>> listed([("a.csv", 2), ("a.csv", 5), ("b.csv", 3)])
    'a.csv, rows 2, 5; b.csv, row 3'
    """
    counted = _Places()
    counted.add(places)
    return str(counted)
