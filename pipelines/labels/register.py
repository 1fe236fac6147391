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
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from pipelines.labels import (
    cells, choosing, columns, contradictions, ledger, rows, tables)

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
# A register has millions of rows that say one of a few thousand things.
_REMEMBERED = 1 << 16


def read(files: Sequence[tuple[str, bytes]],
         options: rows.LabelOptions) -> rows.LabelTable:
    """Reads one or more files of a register.

    Args:
      files: Name and bytes of each.
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
    book: ledger.Ledger = dataclasses.field(default_factory=ledger.Ledger)
    numeric_ids: set[str] = dataclasses.field(default_factory=set)
    final_ids: dict[str, str] = dataclasses.field(default_factory=dict)
    notes: list[str] = dataclasses.field(default_factory=list)

    def read(self, table: tables.Table) -> None:
        places = columns.find(table, COLUMNS, self.options.columns)
        if not {"cancer", "outcome"} & places.keys():
            # Fails, and names the nearest header.
            columns.find(table, (columns.Column("cancer", "cancer"),), {})
        chosen = choosing.Chosen(table, COLUMNS, places)
        self.notes += chosen.note()
        pick = chosen.cells()
        self.book.take(table, lambda place, row: self._add(place, *pick(row)))

    def _add(self, place: ledger.Place, patient: tables.Cell,
             *said: tables.Cell) -> None:
        patient_id = tables.text(patient)
        verdict, messages = _judge(said, self.options.date_format)
        if not patient_id:
            messages = ("patient_id is missing", *messages)
        for message in messages:
            self.book.wrong.add(*place, message)
        if messages or verdict is None:
            return
        if (verdict.date.month, verdict.date.day) != (1, 1):
            self.book.remark("with a date other than 1 January, of which the "
                             "year counts", place)
        if verdict.is_overruled:
            self.book.remark("with BI-RADS that contradict its outcome, "
                             "which counts", place)
        self.found.append(rows.Diagnosis(
            place[1], place[0], self._final_id(patient_id),
            verdict.laterality, verdict.date.year, verdict.birads,
            verdict.birads_1, verdict.birads_2, verdict.birads_3,
            verdict.cancer, verdict.outcome, verdict.follow_up))

    def _final_id(self, given: str) -> str:
        if given not in self.final_ids:
            padded = self.options.padded(given)
            if rows.is_digits(padded):
                self.numeric_ids.add(padded)
            self.final_ids[given] = self.options.final(padded)
        return self.final_ids[given]

    def result(self) -> rows.LabelTable:
        self.book.check(self.found)
        kept = contradictions.one_per_key(
            self.found, contradictions.KEYS[rows.VISIT], self.options,
            self.book)
        return rows.LabelTable(
            rows=rows.to_arrow(kept), join=rows.VISIT,
            notes=(*self.book.notes(), *self.notes),
            numeric_ids=frozenset(self.numeric_ids), options=self.options)


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
            values.append(cells.told(column.name, parse, cell))
        except cells.CellError as error:
            messages.append(str(error))
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
