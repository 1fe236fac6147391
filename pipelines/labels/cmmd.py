"""Reads CMMD's table, CMMD_clinicaldata_revision.xlsx or a CSV copy of it.

It has one row per diseased breast: ID1, which is PatientID, LeftRight and
classification are read. Where a breast has two rows, as of a mass and of
calcifications, malignant wins. Of 729 patients there are images of a breast
that has no row beside the one that has: it counts as healthy, by `label_rule`
other_side, and `--where="label_rule <> 'other_side'"` leaves it out of
training. That is concluded only where all rows of the patient name a side.
There are no BI-RADS, so nothing is known of referral.

Cui, C., Li, L., Cai, H., et al. (2021), The Chinese Mammography Database
(CMMD), The Cancer Imaging Archive, doi 10.7937/tcia.eqde-4b16.
"""

import dataclasses
import re
from collections.abc import Sequence

from pipelines.labels import (
    cells, choosing, columns, errors, ledger, rows, tables)

COLUMNS = (
    columns.Column("patient_id", "ID1"),
    columns.Column("laterality", "LeftRight"),
    columns.Column("classification", "classification"),
)
_CLASSES = {"malignant": 1, "benign": 0, "normal": 0}
_PATIENT = re.compile(r"[A-Z]\d+-\d+")
_OTHER = {"L": "R", "R": "L"}


def read(files: Sequence[tuple[str, bytes]],
         options: rows.LabelOptions) -> rows.LabelTable:
    """Reads the table; other tables that lie beside it are left out.

    Args:
      files: Name and bytes of each.
      options: Of these, `columns` and `transform_id` matter.

    Returns:
      A table with one row per patient and side.

    Raises:
      errors.LabelError: A column is missing, a cell cannot be used, or there
        are no rows.
    """
    chosen, others = choosing.choose(files, options.columns, COLUMNS)
    reading = _Reading(options)
    for one in chosen:
        reading.read(one)
    reading.book.check(reading.breasts)
    return rows.LabelTable(
        rows=rows.to_arrow(reading.diagnoses()), join=rows.BREAST,
        options=options,
        notes=(*reading.notes(), *choosing.not_used(others)))


@dataclasses.dataclass
class _Reading:
    """What has been read of the files so far.

    Attributes:
      breasts: The row that decided, of each patient and side.
      named: All of which there is a row, usable or not.
      unsure: Patients of whom a row names no side, or both.
    """

    options: rows.LabelOptions
    book: ledger.Ledger = dataclasses.field(default_factory=ledger.Ledger)
    breasts: dict[tuple[str, str], rows.Diagnosis] = dataclasses.field(
        default_factory=dict)
    named: set[tuple[str, str]] = dataclasses.field(default_factory=set)
    unsure: set[str] = dataclasses.field(default_factory=set)

    def read(self, chosen: choosing.Chosen) -> None:
        pick = chosen.cells()
        self.book.take(chosen.table,
                       lambda place, row: self._add(place, *pick(row)))

    def _add(self, place: ledger.Place, patient: tables.Cell,
             laterality: tables.Cell, classification: tables.Cell,
             ) -> str | None:
        """Takes a row, or says by which rule it is left out."""
        patient_id = tables.text(patient).upper()
        if not _PATIENT.fullmatch(patient_id):
            return "without a patient as D1-0001"
        side = cells.told("laterality", cells.side, laterality)
        if side not in _OTHER:
            self.unsure.add(patient_id)
            return "of both sides" if side else "without a side"
        self.named.add((patient_id, side))
        cancer = cells.told("classification", _cancer, classification)
        if cancer is None:
            return "without a classification"
        known = self.breasts.get((patient_id, side))
        if known is not None:
            self.book.remark("of a breast that another row tells of; "
                             "malignant wins", place)
        if known is None or cancer > (known.cancer or 0):
            self.breasts[patient_id, side] = self._diagnosis(
                place, patient_id, side, cancer)
        return None

    def _diagnosis(self, place: ledger.Place, patient_id: str, side: str,
                   cancer: int) -> rows.Diagnosis:
        return rows.Diagnosis(
            row=place[1], source=place[0],
            patient_id=self.options.final(patient_id), laterality=side,
            year=None, birads=None, birads_1=None, birads_2=None,
            birads_3=None, cancer=cancer, outcome=None, follow_up=None)

    def other_sides(self) -> list[rows.Diagnosis]:
        """The breasts that no row names, of patients that one row does."""
        return [
            told._replace(laterality=_OTHER[side], cancer=0,
                          rule=rows.OTHER_SIDE)
            for (patient_id, side), told in self.breasts.items()
            if (patient_id, _OTHER[side]) not in self.named
            and patient_id not in self.unsure]

    def diagnoses(self) -> list[rows.Diagnosis]:
        return sorted([*self.breasts.values(), *self.other_sides()],
                      key=lambda one: (one.patient_id, one.laterality or ""))

    def notes(self) -> list[str]:
        cancers = sum(one.cancer or 0 for one in self.breasts.values())
        return [
            *self.book.notes(),
            f"label table: {errors.counted(len(self.breasts), 'breast')}, "
            f"{cancers:,} with a cancer",
            f"label table: {len(self.other_sides()):,} breasts have no row "
            "while the patient's other one has; where there are images of "
            "them they count as healthy (label_rule other_side)"]


def _cancer(cell: tables.Cell) -> int | None:
    if cells.is_blank(cell):
        return None
    try:
        return _CLASSES[tables.text(cell).lower()]
    except KeyError:
        raise cells.CellError("is none of Malignant, Benign, "
                              "Normal") from None
