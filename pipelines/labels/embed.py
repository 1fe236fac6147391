"""Reads EMBED's open tables: clinical (findings) and metadata (files).

Both lie in the folder that --label_table names; what else lies there is left
out. EMBED_OpenData_clinical.csv has a row per finding (empi_anon, acc_anon,
side, asses, path_severity and, where they are there, bside, study_date_anon,
desc), EMBED_OpenData_metadata.csv a row per file (empi_anon, acc_anon,
anon_dicom_path, FinalImageType, ImageLateralityFinal and, where they are
there, ViewPosition, spot_mag). The _reduced tables serve as well. They meet
at patient, exam and side; `embed_exams` says what the findings come to. Files
are known by their name, the SOP Instance UID. Of them 2D mammograms are
labelled, not C-view, 3D or screensaves, nor spot and magnification views.
"""

import collections
import dataclasses
from collections.abc import Callable, Sequence

from pipelines import views
from pipelines.labels import (
    cells, choosing, contradictions, embed_exams, embed_tables, errors, ledger,
    rows, tables)

COLUMNS = embed_tables.CLINICAL
# X is an exam without an assessment.
_BIRADS = {"A": 0, "N": 1, "B": 2, "P": 3, "S": 4, "M": 5, "K": 6, "X": None}
_SEVERITIES = {str(severity): severity for severity in range(7)}
_OTHER_CANCER = 6
_IMAGE_KINDS = ("2D", "3D", "C-view", "ROI_SSC", "ROI_SS")

Row = dict[str, tables.Cell]


def read(files: Sequence[tuple[str, bytes]],
         options: rows.LabelOptions) -> rows.LabelTable:
    """Reads both tables.

    Args:
      files: Name and bytes of each.
      options: How to read them.

    Returns:
      A table with one row per file that is a labelled mammogram.

    Raises:
      errors.LabelError: One of the tables is missing, a cell cannot be used,
        two rows of one file contradict each other, or no row can be used.
    """
    found, notes = embed_tables.sorted_out(files, options.columns)
    reading = _Reading(options)
    for one in found["clinical"]:
        reading.read(one, reading.of_findings, reading.add_finding)
    reading.of_findings.check(reading.findings)
    reading.breasts = embed_exams.breasts(reading.findings)
    reading.exams = {key[:2] for key in reading.breasts}
    for one in found["metadata"]:
        reading.read(one, reading.of_files, reading.add_image)
    reading.of_files.check(reading.images)
    kept = contradictions.one_per_key(
        reading.images, contradictions.KEYS[rows.IMAGE], options,
        reading.of_files, reading.places)
    return rows.LabelTable(
        rows=rows.to_arrow(kept), join=rows.IMAGE, options=options,
        notes=(*reading.notes(kept), *notes))


@dataclasses.dataclass
class _Reading:
    """What has been read of the files so far.

    Attributes:
      of_findings, of_files: What became of either table's rows.
      breasts: What all findings come to.
      exams: Of which there are findings.
      images: A diagnosis for each file, in the metadata's order.
      places: Where each of these files stands.
    """

    options: rows.LabelOptions
    of_findings: ledger.Ledger = dataclasses.field(
        default_factory=lambda: ledger.Ledger("finding"))
    of_files: ledger.Ledger = dataclasses.field(
        default_factory=lambda: ledger.Ledger("file"))
    findings: list[embed_exams.Finding] = dataclasses.field(
        default_factory=list)
    breasts: dict[embed_exams.Key, embed_exams.Breast] = dataclasses.field(
        default_factory=dict)
    exams: set[embed_exams.Exam] = dataclasses.field(default_factory=set)
    images: list[rows.Diagnosis] = dataclasses.field(default_factory=list)
    places: list[ledger.Place] = dataclasses.field(default_factory=list)
    imaged: set[embed_exams.Key] = dataclasses.field(default_factory=set)

    def read(self, chosen: choosing.Chosen, book: ledger.Ledger,
             add: Callable[[ledger.Place, Row], str | None]) -> None:
        """Adds each row, or leaves it out by the rule that `add` names."""
        pick = chosen.cells()
        names = [column.name for column in chosen.known]
        book.take(chosen.table, lambda place, row: add(
            place, dict(zip(names, pick(row)))))

    def add_finding(self, place: ledger.Place, row: Row) -> str | None:
        """Takes a row of the clinical table."""
        patient_id, exam_id = (
            cells.identifier(row[name]) for name in ("patient_id", "exam_id"))
        if not patient_id or not exam_id:
            return "without a patient or an exam"
        side = cells.told("laterality", cells.side, row["laterality"])
        biopsied = cells.told("biopsied", cells.side, row["biopsied"]) or side
        description = tables.text(row["description"]).lower()
        finding = embed_exams.Finding(
            place[1], place[0], patient_id, exam_id, _sides(side),
            cells.told("birads", _birads, row["birads"]),
            cells.told("severity", _severity, row["severity"]),
            _sides(biopsied),
            cells.told("exam_date", self._date, row["exam_date"]),
            "screen" in description, "bilat" in description)
        self.findings.append(finding)
        self._remark(finding, side, biopsied)
        return None

    def _date(self, cell: tables.Cell):
        return (None if cells.is_blank(cell)
                else cells.date(cell, self.options.date_format))

    def _remark(self, finding: embed_exams.Finding, side: str | None,
                biopsied: str | None) -> None:
        """Counts a finding of which a rule made something."""
        remarks = {
            "without a side: tells of both breasts": not side,
            "of both sides: tells of both breasts": side == cells.BOTH,
            "of a screening without a date: no later cancer is sought":
                finding.is_screening and finding.date is None,
            "with pathology of which neither side nor bside tells one "
            "breast: of both": finding.severity is not None
                and biopsied not in embed_exams.SIDES,
            "with pathology of the other breast (bside): of that":
                finding.severity is not None
                and not set(finding.biopsied) <= set(finding.sides)
                and biopsied in embed_exams.SIDES,
            "with path_severity 6, a cancer other than of the breast: no "
            "cancer": finding.severity == _OTHER_CANCER}
        for remark, applies in remarks.items():
            if applies:
                self.of_findings.remark(remark, (finding.source, finding.row))

    def add_image(self, place: ledger.Place, row: Row) -> str | None:
        """Takes a row of the metadata."""
        image = rows.stem(tables.text(row["image"]))
        if cells.is_blank(image):
            return "without a file"
        kind = tables.text(row["image_kind"]).casefold()
        if kind != _IMAGE_KINDS[0].casefold():
            known = [one for one in _IMAGE_KINDS if one.casefold() == kind]
            return ("of FinalImageType "
                    + (known[0] if known else "other than 2D"))
        if cells.told("spot", cells.truth, row["spot"]):
            return "of a spot or magnification view (spot_mag)"
        side = tables.text(row["image_laterality"]).upper()
        if side not in embed_exams.SIDES:
            return "with ImageLateralityFinal neither L nor R"
        exam = (cells.identifier(row["patient_id"]),
                cells.identifier(row["exam_id"]))
        breast = self.breasts.get((*exam, side))
        if breast is None:
            return ("of a breast of which its exam has no finding"
                    if exam in self.exams else
                    "of an exam without a finding")
        self.imaged.add((*exam, side))
        self.places.append(place)
        self.images.append(self._diagnosis(
            breast, side, image, tables.text(row["view"]).upper()))
        return None

    def _diagnosis(self, breast: embed_exams.Breast, side: str, image: str,
                   view: str) -> rows.Diagnosis:
        follow_up = rows.follow_up_of(breast.birads)
        decided = breast.decided
        return rows.Diagnosis(
            row=decided.row, source=decided.source,
            patient_id=self.options.final(
                self.options.padded(decided.patient_id)),
            laterality=side, year=None, birads=breast.birads,
            birads_1=breast.birads, birads_2=None, birads_3=None,
            cancer=breast.cancer, follow_up=follow_up,
            outcome=None if breast.cancer is None
            else rows.outcome_of(breast.cancer, follow_up),
            image=image, view=view if view in views.VIEWS else None,
            rule=breast.rule)

    def notes(self, kept: list[rows.Diagnosis]) -> list[str]:
        unseen = sum(
            not any((one.patient_id, one.exam_id, side) in self.imaged
                    for side in {*one.sides, *one.biopsied})
            for one in self.findings)
        rules = collections.Counter(one.rule for one in kept)
        unknown = sum(one.cancer is None and not one.contradicting
                      for one in kept)
        return [
            *self.of_findings.notes(), *self.of_files.notes(),
            f"label table: {errors.counted(unseen, 'finding')} of breasts "
            "without a labelled file",
            f"label table: {len(kept):,} files, "
            f"{sum(one.cancer or 0 for one in kept):,} with a cancer, "
            f"{rules[rows.LATER_EXAM]:,} of them recorded with a later exam "
            f"(label_rule later_exam); {rules[rows.OTHER_SIDE]:,} of a "
            "breast that a bilateral exam does not name, so negative "
            f"(other_side); {unknown:,} with BI-RADS 4 to 6 or none and no "
            "pathology, the truth unknown"]


def _sides(side: str | None) -> tuple[str, ...]:
    return (side,) if side in ("L", "R") else embed_exams.SIDES


def _birads(cell: tables.Cell) -> int | None:
    if cells.is_blank(cell):
        return None
    try:
        return _BIRADS[tables.text(cell).upper()]
    except KeyError:
        raise cells.CellError(
            f"is none of {', '.join(_BIRADS)}") from None


def _severity(cell: tables.Cell) -> int | None:
    if cells.is_blank(cell):
        return None
    try:
        return _SEVERITIES[cells.identifier(cell)]
    except KeyError:
        raise cells.CellError("is none of 0 to 6") from None
