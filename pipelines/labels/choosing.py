"""Which of a folder's files are the tables that a reader knows.

A folder of labels holds more than labels. A file is a reader's if it has the
columns that it must have; the others are not used, and the notes say why.
"""

import dataclasses
import operator
from collections.abc import Callable, Mapping, Sequence

from pipelines.labels import columns, errors, tables

_Columns = tuple[columns.Column, ...]


@dataclasses.dataclass(frozen=True)
class Chosen:
    """One of a reader's tables.

    Attributes:
      table: The table.
      known: The columns of the form that it has.
      places: Where they stand; optional ones may not be there.
    """

    table: tables.Table
    known: _Columns
    places: Mapping[str, int]

    def cells(self) -> Callable[[Sequence[tables.Cell]],
                                tuple[tables.Cell, ...]]:
        """Picks the cells of `known` from a row; blank where there is none.
        """
        blank = len(self.table.header)
        pick = operator.itemgetter(*(
            self.places.get(column.name, blank) for column in self.known))
        if len(self.places) == len(self.known):
            return pick
        return lambda row: pick((*row, ""))

    def note(self) -> list[str]:
        """Which columns it could have and has not."""
        absent = [column.header for column in self.known
                  if column.name not in self.places]
        return ([f"{self.table.name} has no {', '.join(absent)}"]
                if absent else [])


def choose(files: Sequence[tuple[str, bytes]], named: Mapping[str, str],
           *forms: _Columns) -> tuple[list[Chosen], dict[str, str]]:
    """The tables that have the columns, and why the others are not used.

    Args:
      files: Name and bytes of each.
      named: Our name to the table's header, from `--label_columns`.
      *forms: The columns that the reader knows; where the table is published
        in several forms, of each.

    Returns:
      The tables in their order, and the reason by the name of each other
      file, for `not_used`.

    Raises:
      errors.LabelError: None has them; of the one that lacks the fewest.
    """
    chosen: list[Chosen] = []
    others: dict[str, str] = {}
    wrong: list[tuple[int, errors.LabelError]] = []
    for name, data in files:
        try:
            table = tables.read_table(name, data)
        except errors.LabelError as error:
            others[name] = str(error)
            wrong.append((len(forms[0]), error))
            continue
        found = _fitting(table, named, forms)
        if isinstance(found, Chosen):
            chosen.append(found)
            continue
        absent = columns.absent(table, forms[0], named)
        others[name] = (f"it has no column {', '.join(absent)}" if absent
                        else str(found))
        wrong.append((len(absent), found))
    if not chosen:
        raise min(wrong, key=operator.itemgetter(0))[1]
    return chosen, others


def not_used(reasons: Mapping[str, str]) -> list[str]:
    """Notes on the files that are not used."""
    return [f"{name} is not used: {reason}"
            for name, reason in reasons.items()]


def _fitting(table: tables.Table, named: Mapping[str, str],
             forms: tuple[_Columns, ...]) -> Chosen | errors.LabelError:
    """The table by the first form that fits, else why the first does not."""
    wrong = []
    for known in forms:
        try:
            return Chosen(table, known, columns.find(table, known, named))
        except errors.LabelError as error:
            wrong.append(error)
    return wrong[0]
