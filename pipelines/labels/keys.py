"""What the readers of data sets' tables share: files, keys, rows left out.

A folder of labels holds more than labels, and a table more than can be used.
What is left out is told in the notes, by rule and with its row numbers, so
that they add up to the table.
"""

import collections
import re
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from typing import TypeVar

from pipelines.labels import cells, columns, errors, rows, tables

Places = dict[str, int]
Told = TypeVar("Told")

# What makes two rows for one key the same: all that is read of them.
_SAME = slice(rows.Diagnosis._fields.index("patient_id"), None)
_BOTH = frozenset({"b", "both", "bilateral", "l/r", "lr"})
_WHOLE_NUMBER = re.compile(r"(\d+)\.0+")


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
    found: Iterable[rows.Diagnosis],
    key: Callable[[rows.Diagnosis], Hashable],
    what: str, conflicts: str,
) -> tuple[list[rows.Diagnosis], list[str]]:
    """One row per key, in the order of the first.

    Args:
      found: The rows; identical ones count once.
      key: Of a row.
      what: The key in words, for messages.
      conflicts: What two different rows for one key are: an `error`, or both
        `drop`ped.

    Returns:
      The rows, those that are dropped as `contradicting`, and notes.

    Raises:
      errors.LabelError: Two rows differ, and that is an error.
    """
    first: dict[Hashable, rows.Diagnosis] = {}
    differing = []
    contradicted = set()
    same: collections.Counter[str] = collections.Counter()
    for one in found:
        known = first.setdefault(key(one), one)
        if known[_SAME] != one[_SAME]:
            differing.append((known, one))
            contradicted.add(key(one))
        elif known is not one:
            same[one.source] += 1
    if differing and conflicts == "error":
        raise errors.LabelError(_conflict_message(differing, what))
    notes = [f"{source}: {errors.counted(count, 'row')} as another row has "
             "it, counted once" for source, count in same.items()]
    if differing:
        notes.append(
            f"label table: {errors.counted(len(differing), 'row')} "
            f"contradicting another row for its {what}, both dropped "
            f"({errors.row_list([other.row for _, other in differing])})")
    return [_silenced(one) if key_of in contradicted else one
            for key_of, one in first.items()], notes


def side(cell: tables.Cell) -> str | None:
    """`L` or `R`; `B` for both; None where blank.

    >>> [side(cell) for cell in ("Left", "R", "both", "nan")]
    ['L', 'R', 'B', None]
    """
    value = tables.text(cell).lower()
    if is_blank(value):
        return None
    return "B" if value in _BOTH else cells.laterality(cell)


def told(name: str, parse: Callable[[tables.Cell], Told],
         cell: tables.Cell) -> Told:
    """What a cell says; its error names the column and what was found."""
    try:
        return parse(cell)
    except cells.CellError as error:
        raise cells.CellError(
            f"{name} {error} (found: {cells.found(cell)})") from None


def is_blank(cell: tables.Cell) -> bool:
    """Whether a cell says nothing, in any of the usual spellings."""
    return tables.text(cell).lower() in cells.BLANKS


def identifier(cell: tables.Cell) -> str:
    """An ID as text, without what a column of numbers made of it.

    >>> identifier("60463518.0"), identifier("D1-0001"), identifier("NaN")
    ('60463518', 'D1-0001', '')
    """
    if is_blank(cell):
        return ""
    match = _WHOLE_NUMBER.fullmatch(tables.text(cell))
    return match[1] if match else tables.text(cell)


def _silenced(one: rows.Diagnosis) -> rows.Diagnosis:
    """A row whose key another row contradicts: it says nothing."""
    return one._replace(
        laterality=None if one.image is not None else one.laterality,
        birads=None, birads_1=None, birads_2=None, birads_3=None,
        cancer=None, outcome=None, follow_up=None, contradicting=True,
        view=None, rule=None)


def _conflict_message(
        differing: list[tuple[rows.Diagnosis, rows.Diagnosis]],
        what: str) -> str:
    lines = ["the label table contradicts itself: different rows for one "
             f"{what}:"]
    for one, other in differing[:errors.MOST_SHOWN]:
        lines.append(f"  {one.source}, row {one.row} and {other.source}, "
                     f"row {other.row}")
    if len(differing) > errors.MOST_SHOWN:
        lines.append(f"  and {len(differing) - errors.MOST_SHOWN:,} more")
    lines.append("Mend them, or leave those images out with "
                 "--label_conflicts=drop")
    return "\n".join(lines)
