"""Reads a screening register: one row per patient, side and screening.

Columns (each may have another name, by `--label_columns`): patient_id,
laterality, diagnosis_date (rounded to the nearest 1 January), birads_1 and,
where there were more readers, birads_2 and birads_3, cancer, and optionally
outcome. A register that says the outcome (TP, TN, FP, FN) need not say
cancer.
"""

import dataclasses
import datetime
import functools
import operator
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from pipelines.labels import cells, columns, errors, rows, tables

COLUMNS = (
    columns.Column("patient_id", "patient_id"),
    columns.Column("laterality", "laterality"),
    columns.Column("diagnosis_date", "diagnosis_date"),
    columns.Column("birads_1", "birads_1"),
    columns.Column("birads_2", "birads_2", required=False),
    columns.Column("birads_3", "birads_3", required=False),
    columns.Column("cancer", "cancer", required=False),
    columns.Column("outcome", "outcome", required=False),
)
# What makes two rows for one key the same: all that is read of them.
_SAME = slice(rows.Diagnosis._fields.index("patient_id"), None)
# A register has millions of rows that say one of a few thousand things.
_REMEMBERED = 1 << 16


def read(files: Sequence[tuple[str, bytes]],
         options: rows.LabelOptions) -> rows.LabelTable:
    """Reads one or more files of a register.

    Args:
      files: Name and bytes of each: CSV, XLSX or Parquet.
      options: How to read them.

    Returns:
      A table with one row per patient, side and year.

    Raises:
      errors.LabelError: A column is missing, a cell cannot be used, two rows
        contradict each other, or there are no rows.
    """
    reading = _Reading(options)
    for name, data in files:
        reading.read(tables.read_table(name, data))
    reading.wrong.check()
    if not reading.found:
        raise errors.LabelError(
            f"no diagnosis in {', '.join(name for name, _ in files)}")
    return reading.result()


class _Verdict(NamedTuple):
    """What a row says, the patient apart."""

    laterality: str
    date: datetime.date
    birads_1: int | None
    birads_2: int | None
    birads_3: int | None
    cancer: int
    outcome: str | None
    birads: int | None
    follow_up: int | None
    is_overruled: bool


@dataclasses.dataclass
class _Reading:
    """What has been read of the files so far."""

    options: rows.LabelOptions
    found: list[rows.Diagnosis] = dataclasses.field(default_factory=list)
    wrong: errors.RowErrors = dataclasses.field(
        default_factory=errors.RowErrors)
    numeric_ids: set[str] = dataclasses.field(default_factory=set)
    final_ids: dict[str, str] = dataclasses.field(default_factory=dict)
    unrounded: list[int] = dataclasses.field(default_factory=list)
    overruled: list[int] = dataclasses.field(default_factory=list)
    notes: list[str] = dataclasses.field(default_factory=list)

    def read(self, table: tables.Table) -> None:
        places = columns.find(table, COLUMNS, self.options.columns)
        if not {"cancer", "outcome"} & places.keys():
            # Fails, and names the nearest header.
            columns.find(table, (columns.Column("cancer", "cancer"),), {})
        absent = [column.name for column in COLUMNS
                  if column.name not in places]
        if absent:
            self.notes.append(f"{table.name} has no {', '.join(absent)}")
        blank = len(table.header)
        pick = operator.itemgetter(*(places.get(column.name, blank)
                                     for column in COLUMNS))
        for number, row in table.rows:
            patient_id, *said = pick((*row, ""))
            self._add(table.name, number, tables.text(patient_id),
                      tuple(said))

    def _add(self, source: str, number: int, patient_id: str,
             said: tuple[tables.Cell, ...]) -> None:
        verdict, messages = _judge(said, self.options.date_format)
        if not patient_id:
            messages = ("patient_id is missing", *messages)
        for message in messages:
            self.wrong.add(source, number, message)
        if messages or verdict is None:
            return
        if (verdict.date.month, verdict.date.day) != (1, 1):
            self.unrounded.append(number)
        if verdict.is_overruled:
            self.overruled.append(number)
        self.found.append(rows.Diagnosis(
            number, source, self._final_id(patient_id), verdict.laterality,
            verdict.date.year, verdict.birads, verdict.birads_1,
            verdict.birads_2, verdict.birads_3, verdict.cancer,
            verdict.outcome, verdict.follow_up))

    def _final_id(self, given: str) -> str:
        if given not in self.final_ids:
            padded = self.options.padded(given)
            if rows.is_digits(padded):
                self.numeric_ids.add(padded)
            self.final_ids[given] = self.options.final(padded)
        return self.final_ids[given]

    def result(self) -> rows.LabelTable:
        kept, conflicts = _one_per_key(self.found)
        if conflicts and self.options.conflicts == "error":
            raise errors.LabelError(_conflict_message(conflicts))
        return rows.LabelTable(
            rows=rows.to_arrow(kept), join=rows.VISIT,
            notes=self._notes(conflicts, kept),
            numeric_ids=frozenset(self.numeric_ids), options=self.options)

    def _notes(self, conflicts: list[tuple[rows.Diagnosis, rows.Diagnosis]],
               kept: list[rows.Diagnosis]) -> tuple[str, ...]:
        same = len(self.found) - len(kept) - len(conflicts)
        counts: tuple[tuple[int, str, list[int]], ...] = (
            (len(self.overruled), "with BI-RADS that contradict its outcome, "
             "which counts", self.overruled),
            (len(self.unrounded), "with a date other than 1 January, of which "
             "the year counts", self.unrounded),
            (same, "as another row has it, counted once", []),
            (len(conflicts), "contradicting another row for its patient, side "
             "and year, both dropped", [second.row for _, second in
                                        conflicts]))
        return (*self.notes, *(
            f"label table: {errors.counted(count, 'row')} {what}"
            + (f" ({errors.row_list(numbers)})" if numbers else "")
            for count, what, numbers in counts if count))


def _one_per_key(
    found: list[rows.Diagnosis],
) -> tuple[list[rows.Diagnosis],
           list[tuple[rows.Diagnosis, rows.Diagnosis]]]:
    """One row per key, in the order of the first; and who contradicts it."""
    first: dict[tuple[str, str | None, int | None], rows.Diagnosis] = {}
    contradicted = set()
    conflicts = []
    for diagnosis in found:
        key = diagnosis.patient_id, diagnosis.laterality, diagnosis.year
        known = first.setdefault(key, diagnosis)
        if known[_SAME] != diagnosis[_SAME]:
            conflicts.append((known, diagnosis))
            contradicted.add(key)
    kept = [
        diagnosis._replace(birads=None, birads_1=None, birads_2=None,
                           birads_3=None, cancer=None, outcome=None,
                           follow_up=None, contradicting=True)
        if key in contradicted else diagnosis
        for key, diagnosis in first.items()]
    return kept, conflicts


def _conflict_message(
        conflicts: list[tuple[rows.Diagnosis, rows.Diagnosis]]) -> str:
    lines = ["the label table contradicts itself: different rows for one "
             "patient, side and year of diagnosis:"]
    for one, other in conflicts[:errors.MOST_SHOWN]:
        where = (f"rows {one.row} and {other.row}"
                 if one.source == other.source else
                 f"row {one.row} and {other.source}, row {other.row}")
        lines.append(f"  {one.source}, {where}")
    if len(conflicts) > errors.MOST_SHOWN:
        lines.append(f"  and {len(conflicts) - errors.MOST_SHOWN:,} more")
    lines.append("Mend them, or leave those images out with "
                 "--label_conflicts=drop")
    return "\n".join(lines)


@functools.lru_cache(_REMEMBERED)
def _judge(said: tuple[tables.Cell, ...], date_format: str | None,
           ) -> tuple[_Verdict | None, tuple[str, ...]]:
    """What the cells of `COLUMNS` after the first say, or what is wrong."""
    values: list[Any] = []
    messages = []
    parsers: tuple[Callable[[tables.Cell], Any], ...] = (
        cells.laterality, lambda cell: cells.date(cell, date_format),
        cells.birads, cells.birads, cells.birads, cells.truth, cells.outcome)
    for column, parse, cell in zip(COLUMNS[1:], parsers, said, strict=True):
        try:
            values.append(parse(cell))
        except cells.CellError as error:
            messages.append(
                f"{column.name} {error} (found: {cells.found(cell)})")
    if messages:
        return None, tuple(messages)
    laterality, date, first, second, third, cancer, outcome = values
    birads = rows.deciding_birads(first, second, third)
    follow_up = rows.follow_up_of(birads)
    is_overruled = False
    if outcome is not None:
        meant, referred = rows.meaning_of(outcome)
        if cancer not in (None, meant):
            return None, (f"outcome {outcome} contradicts cancer {cancer}; "
                          "mend whichever is wrong",)
        is_overruled = follow_up not in (None, referred)
        cancer, follow_up = meant, referred
    elif cancer is None:
        return None, ("cancer is missing, and there is no outcome to tell it",)
    else:
        outcome = rows.outcome_of(cancer, follow_up)
    return _Verdict(laterality, date, first, second, third, cancer, outcome,
                    birads, follow_up, is_overruled), ()
