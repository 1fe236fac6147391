"""Reads a screening register: one row per patient, side and screening.

Columns (each may have another name, by `--label_columns`): patient_id,
laterality, diagnosis_date (rounded to the nearest 1 January), birads_1 and,
where there were more readers, birads_2 and birads_3, cancer, and optionally
outcome. A register that says the outcome (TP, TN, FP, FN) need not say
cancer.
"""

import dataclasses
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from pipelines.labels import cells, columns, errors, rows, tables

_READINGS = ("birads_1", "birads_2", "birads_3")
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
_Parse = tuple[str, Callable[[tables.Cell], Any], tables.Cell]
# What makes two rows for one key the same: all that is read of them.
_SAME = slice(rows.Diagnosis._fields.index("patient_id"), None)


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
        parsers = [(name, parse, places.get(name))
                   for name, parse in self._parsers()]
        for number, row in table.rows:
            diagnosis = self._diagnosis(table.name, number, [
                (name, parse, "" if place is None else row[place])
                for name, parse, place in parsers])
            if diagnosis:
                self.found.append(diagnosis)

    def _diagnosis(self, source: str, number: int,
                   row: list[_Parse]) -> rows.Diagnosis | None:
        values: dict[str, Any] = {}
        try:
            for name, parse, cell in row:
                values[name] = parse(cell)
            readings = tuple(values[name] for name in _READINGS)
            truth = _truth(readings, values.pop("cancer"),
                           values.pop("outcome"))
        except cells.CellError:
            self._note_errors(source, number, row)
            return None
        day = values.pop("diagnosis_date")
        if (day.month, day.day) != (1, 1):
            self.unrounded.append(number)
        return rows.Diagnosis(row=number, source=source, year=day.year,
                              **values, **truth)

    def _note_errors(self, source: str, number: int,
                     row: list[_Parse]) -> None:
        """Every cell of a row that cannot be used, or what they contradict."""
        values, messages = {}, []
        for name, parse, cell in row:
            try:
                values[name] = parse(cell)
            except cells.CellError as error:
                messages.append(f"{name} {error} (found: {cells.found(cell)})")
        if not messages:
            try:
                self._truth(number, values)
            except cells.CellError as error:
                messages.append(str(error))
        for message in messages:
            self.wrong.add(source, number, message)

    def _parsers(self) -> Iterator[tuple[str, Callable[[tables.Cell], Any]]]:
        yield "patient_id", self._patient_id
        yield "laterality", cells.laterality
        yield "diagnosis_date", self._date
        for name in _READINGS:
            yield name, cells.birads
        yield "cancer", cells.truth
        yield "outcome", cells.outcome

    def _date(self, cell: tables.Cell):
        return cells.date(cell, self.options.date_format)

    def _patient_id(self, cell: tables.Cell) -> str:
        given = tables.text(cell)
        if not given:
            raise cells.CellError("is missing")
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
    first: dict[tuple[str, str, int | None], rows.Diagnosis] = {}
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
