"""What the readers of data sets' tables share: files, keys, rows left out.

A folder of labels holds more than labels, and a table more than can be used.
What is left out is told in the notes, by rule and with its row numbers, so
that they add up to the table.
"""

import collections
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TypeVar

from pipelines.labels import (
    cells, columns, contradictions, errors, rows, tables)

Places = dict[str, int]
Told = TypeVar("Told")


class RowsByRule:
    """Counts the rows that a rule is about, by file and rule.

    Attributes:
      done: What the rule does to them.
    """

    def __init__(self, done: str = "left out") -> None:
        self.done = done
        self._rows: dict[tuple[str, str], list[int]] = {}

    def add(self, source: str, number: int, rule: str) -> None:
        """Counts a row for a rule, worded as 'without a side'."""
        self._rows.setdefault((source, rule), []).append(number)

    def count(self, source: str | None = None) -> int:
        """How many rows there are, of one file or of all."""
        return sum(len(numbers) for (name, _), numbers in self._rows.items()
                   if source in (None, name))

    def notes(self) -> list[str]:
        """One line for each file and rule."""
        return [f"{source}: {errors.counted(len(numbers), 'row')} {rule}, "
                f"{self.done} ({errors.row_list(numbers)})"
                for (source, rule), numbers in self._rows.items()]


def fitting(files: Sequence[tuple[str, bytes]],
            named: Mapping[str, str], *known: tuple[columns.Column, ...],
            ) -> tuple[list[tuple[tables.Table, Places]], list[str]]:
    """The tables that have the columns; the others are noted.

    Args:
      files: Name and bytes of each.
      named: Our name to the table's header, from `--label_columns`.
      *known: What the reader knows; where the table is published in several
        forms, the columns of each.

    Returns:
      Each table with where its columns stand, and what was left out.

    Raises:
      errors.LabelError: None has them.
    """
    found: list[tuple[tables.Table, Places]] = []
    wrong = []
    for name, data in files:
        try:
            table = tables.read_table(name, data)
            found.append((table, _find(table, named, known)))
        except errors.LabelError as error:
            wrong.append(error)
    if not found:
        raise wrong[0]
    return found, [f"left out: {error}" for error in wrong]


def _find(table: tables.Table, named: Mapping[str, str],
          forms: tuple[tuple[columns.Column, ...], ...]) -> Places:
    """Where the columns of the first form that fits stand."""
    first, *others = forms
    try:
        return columns.find(table, first, named)
    except errors.LabelError:
        for form in others:
            try:
                return columns.find(table, form, named)
            except errors.LabelError:
                continue
        raise


def one_per_key(
    found: Iterable[rows.Diagnosis], key: tuple[str, ...], what: str,
    conflicts: str,
) -> tuple[list[rows.Diagnosis], list[str]]:
    """One row per key, in the order of the first.

    Args:
      found: The rows; identical ones count once.
      key: Fields of `rows.Diagnosis` of which the key is made.
      what: The key in words, for messages.
      conflicts: What two different rows for one key are: an `error`, or both
        `drop`ped.

    Returns:
      The rows, those that are dropped as `contradicting`, and notes.

    Raises:
      errors.LabelError: Two rows differ, and that is an error.
    """
    given = list(found)
    kept, pairs = contradictions.one_per_key(given, key)
    if conflicts == "error":
        contradictions.refuse(pairs, what)
    same = collections.Counter(one.source for one in given)
    same.subtract(one.source for one in kept)
    same.subtract(pair.second.source for pair in pairs)
    notes = [f"{source}: {errors.counted(count, 'row')} as another row has "
             "it, counted once" for source, count in same.items() if count]
    if pairs:
        notes.append(
            f"label table: {errors.counted(len(pairs), 'row')} "
            f"contradicting another row for its {what}, both dropped "
            f"({errors.row_list([pair.second.row for pair in pairs])})")
    return kept, notes


def told(name: str, parse: Callable[[tables.Cell], Told],
         cell: tables.Cell) -> Told:
    """What a cell says; its error names the column and what was found."""
    try:
        return parse(cell)
    except cells.CellError as error:
        raise cells.CellError(
            f"{name} {error} (found: {cells.found(cell)})") from None
