"""Reads BMCD's table of cases: the Breast Micro-Calcifications Dataset.

A case is one breast of one woman, photographed in two rounds about two years
apart: `{Normal,Suspicious}_cases/17/{CC,MLO}_{prior,recent}.dcm`. Both groups
count their folders from 1, so that folder_type is part of who the patient is.

The table tells of the recent round: dir, laterality, BIRADS, biopsy_result
and folder_type (where there is no such column, the table's name says normal
or suspicious). By the data set's description the prior round was normal or
benign, BI-RADS 1 or 2: it counts as healthy, by `label_rule` prior_exam, and
`--where="label_rule <> 'prior_exam'"` leaves it out of training. DCIS is a
cancer. A suspicious case without a biopsy result has BI-RADS and no truth.

That is a table as people made it of the published Description.xlsx, which has
a sheet for each group, its header below two lines of title. The sheets are
read too, each saved as CSV from its header on and named after its group.

Loizidou, K., Skouroumouni, G., Pitris, C., Nikolaou, C. (2021), Breast
micro-calcifications dataset with precisely annotated sequential mammograms,
Zenodo, doi 10.5281/zenodo.5036062.
"""

import dataclasses
import re
from collections.abc import Sequence
from typing import NamedTuple

from pipelines.labels import cells, columns, errors, keys, rows, tables

COLUMNS = (
    columns.Column("dir", "dir"),
    columns.Column("laterality", "laterality"),
    columns.Column("birads", "BIRADS"),
    columns.Column("biopsy", "biopsy_result", required=False),
    columns.Column("folder_type", "folder_type", required=False),
)
# Of the published sheets.
_PUBLISHED = (
    columns.Column("dir", "Folder #"),
    columns.Column("laterality", "Breast (Right/Left)"),
    columns.Column("birads", "BI-RADS categories for classification"),
    columns.Column("biopsy", "Biopsy results", required=False),
    columns.Column("folder_type", "folder_type", required=False),
)
_NORMAL, _SUSPICIOUS = "normal", "suspicious"
_GROUP = re.compile(f"{_NORMAL}|{_SUSPICIOUS}", re.IGNORECASE)
# One file is published as CC_recemt.
_FILE = re.compile(
    rf"(?:.*/)?({_NORMAL}|{_SUSPICIOUS})[^/]*/([^/]+)/"
    r"(CC|MLO)[ _-]*(prior|rece[nm]t)[^/]*", re.IGNORECASE)
# DCIS is a cancer that has not spread into other tissue.
_RESULTS = {"malignant": 1, "dcis": 1, "idc": 1, "ilc": 1, "benign": 0,
            "normal": 0}
_NOT_AVAILABLE = "not available"
_VIEWS, _PRIOR, _RECENT = ("CC", "MLO"), "prior", "recent"


def read(files: Sequence[tuple[str, bytes]],
         options: rows.LabelOptions) -> rows.LabelTable:
    """Reads one table of both groups, or one of each.

    Args:
      files: Name and bytes of each; other tables are left out.
      options: Of these, `columns` and `conflicts` matter.

    Returns:
      A table with one row per image, of either view and either round.

    Raises:
      errors.LabelError: A column is missing, a cell cannot be used, two rows
        contradict each other, there are no rows, or IDs are to be hashed.
    """
    if options.transform_id:
        raise errors.LabelError(
            "--labels_format=bmcd cannot be had with --patient_ids=hash: who "
            "the patient is can only be read from the names of folders")
    found, notes = keys.fitting(files, options.columns, COLUMNS, _PUBLISHED)
    reading = _Reading()
    for table, places in found:
        reading.read(table, places)
    reading.wrong.check()
    if not reading.cases:
        raise errors.LabelError(
            "no case in " + ", ".join(table.name for table, _ in found))
    cases, more = keys.one_per_key(
        [_diagnosis(case) for case in reading.cases],
        ("patient_id",), "folder", options.conflicts)
    return rows.LabelTable(
        rows=rows.to_arrow(image for case in cases for image in _images(case)),
        join=rows.IMAGE, patient_of=patient_of, image_of=image_of,
        options=options, notes=(*notes, *reading.notes(cases), *more))


def image_of(file: str) -> str | None:
    """The case, the view and the round of a file.

    >>> image_of("Dataset/Suspicious_cases/17/CC_recent.DCM")
    'suspicious_17/CC_recent'
    """
    match = _FILE.fullmatch(file.replace("\\", "/"))
    if not match:
        return None
    group, folder, view, when = match.groups()
    when = _PRIOR if when.lower() == _PRIOR else _RECENT
    return f"{_case(group, folder)}/{view.upper()}_{when}"


def patient_of(file: str, patient_id: str) -> str:
    """The case; in other layouts PatientID is left as it is.

    >>> patient_of("Dataset/Normal_cases/17/MLO_prior.dcm", "anonymous")
    'normal_17'
    """
    image = image_of(file)
    return image.partition("/")[0] if image else patient_id


def _case(group: str, folder: str) -> str:
    """Both groups' folders are numbered from 1.

    >>> _case("Normal", "07")
    'normal_7'
    """
    number = str(int(folder)) if rows.is_digits(folder) else folder
    return f"{group}_{number}".lower()


class _Case(NamedTuple):
    row: int
    source: str
    patient_id: str
    laterality: str
    birads: int | None
    cancer: int | None


@dataclasses.dataclass
class _Reading:
    """What has been read of the files so far."""

    wrong: errors.RowErrors = dataclasses.field(
        default_factory=errors.RowErrors)
    left_out: keys.RowsByRule = dataclasses.field(
        default_factory=keys.RowsByRule)
    cases: list[_Case] = dataclasses.field(default_factory=list)

    def read(self, table: tables.Table, places: keys.Places) -> None:
        blank = len(table.header)
        for number, row in table.rows:
            said = [(*row, "")[places.get(column.name, blank)]
                    for column in COLUMNS]
            try:
                rule = self._add(table.name, number, *said)
            except cells.CellError as error:
                self.wrong.add(table.name, number, str(error))
                continue
            if rule:
                self.left_out.add(table.name, number, rule)

    def _add(self, source: str, number: int, *said: tables.Cell,
             ) -> str | None:
        """Takes a row, or says by which rule it is left out."""
        folder, laterality, birads, biopsy, folder_type = said
        name = cells.identifier(folder).rpartition("/")[2]
        if not name:
            return "without a folder"
        side = keys.told("laterality", cells.side, laterality)
        if side not in ("L", "R"):
            return "of both sides" if side else "without a side"
        group = keys.told("folder_type", _group, folder_type or source)
        if group is None:
            return "of neither folder_type, normal or suspicious"
        cancer = keys.told("biopsy", _cancer, biopsy)
        if cancer is None and group == _NORMAL:
            cancer = 0
        self.cases.append(_Case(
            number, source, _case(group, name), side,
            keys.told("birads", cells.birads, birads), cancer))
        return None

    def notes(self, cases: list[rows.Diagnosis]) -> list[str]:
        used = [one for one in cases if not one.contradicting]
        unknown = [one.row for one in used if one.cancer is None]
        notes = [
            f"label table: {len(self.cases) + self.left_out.count():,} rows, "
            f"of which {len(self.cases):,} tell of {len(cases):,} cases, "
            f"{sum(one.cancer or 0 for one in used):,} with a cancer",
            f"label table: the prior rounds of {len(used):,} cases count as "
            "healthy, as the data set describes them (label_rule prior_exam)"]
        if unknown:
            notes.append(
                f"label table: {errors.counted(len(unknown), 'case')} "
                "suspicious and without a biopsy result, the truth unknown "
                f"({errors.row_list(unknown)})")
        return [*notes, *self.left_out.notes()]


def _group(cell: tables.Cell) -> str | None:
    groups = {group.lower() for group in _GROUP.findall(tables.text(cell))}
    return groups.pop() if len(groups) == 1 else None


def _cancer(cell: tables.Cell) -> int | None:
    value = tables.text(cell).lower()
    if cells.is_blank(cell) or value == _NOT_AVAILABLE:
        return None
    results = {_RESULTS.get(part.strip()) for part in value.split("/")}
    if results not in ({0}, {1}):
        raise cells.CellError(
            "is none of MALIGNANT, DCIS, BENIGN, NORMAL, NOT AVAILABLE")
    return results.pop()


def _diagnosis(case: _Case) -> rows.Diagnosis:
    """What the table says of the recent round."""
    follow_up = rows.follow_up_of(case.birads)
    return rows.Diagnosis(
        row=case.row, source=case.source, patient_id=case.patient_id,
        laterality=case.laterality, year=None, birads=case.birads,
        birads_1=case.birads, birads_2=None, birads_3=None,
        cancer=case.cancer, follow_up=follow_up,
        outcome=None if case.cancer is None
        else rows.outcome_of(case.cancer, follow_up))


def _images(case: rows.Diagnosis) -> list[rows.Diagnosis]:
    """The images of both rounds; a contradicted case says nothing of either.
    """
    prior = case if case.contradicting else case._replace(
        birads=None, birads_1=None, cancer=0, follow_up=0,
        outcome=rows.outcome_of(0, 0), rule=rows.PRIOR_EXAM)
    return [one._replace(image=f"{case.patient_id}/{view}_{when}", view=view)
            for when, one in ((_RECENT, case), (_PRIOR, prior))
            for view in _VIEWS]
