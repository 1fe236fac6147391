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

import re
from collections.abc import Sequence

from pipelines.labels import (
    cells, choosing, columns, contradictions, errors, ledger, rows, tables)

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
_KEY = contradictions.Key(("patient_id",), "folder")


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
    options.check_ids_are_kept(
        "bmcd", "who the patient is can only be read from the names of "
        "folders")
    chosen, others = choosing.choose(
        files, options.columns, COLUMNS, _PUBLISHED)
    book = ledger.Ledger()
    found: list[rows.Diagnosis] = []
    for one in chosen:
        _read(one, book, found)
    book.check(found)
    cases = contradictions.one_per_key(found, _KEY, options, book)
    return rows.LabelTable(
        rows=rows.to_arrow(image for case in cases for image in _images(case)),
        join=rows.IMAGE, patient_of=patient_of, image_of=image_of,
        options=options, notes=(
            *book.notes(), *_notes(cases),
            *(note for one in chosen for note in one.note()),
            *choosing.not_used(others)))


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


def _read(chosen: choosing.Chosen, book: ledger.Ledger,
          found: list[rows.Diagnosis]) -> None:
    """Adds what a table says of its cases."""
    pick = chosen.cells()

    def add(place: ledger.Place, row: Sequence[tables.Cell]) -> str | None:
        case = _case_of(place, *pick(row))
        if isinstance(case, str):
            return case
        found.append(case)
        return None

    book.take(chosen.table, add)


def _case_of(place: ledger.Place, *said: tables.Cell) -> rows.Diagnosis | str:
    """A row's case, or the rule by which the row is left out."""
    folder, laterality, birads, biopsy, folder_type = said
    name = cells.identifier(folder).rpartition("/")[2]
    if not name:
        return "without a folder"
    side = cells.told("laterality", cells.side, laterality)
    if side not in ("L", "R"):
        return "of both sides" if side else "without a side"
    group = cells.told("folder_type", _group, folder_type or place[0])
    if group is None:
        return "of neither folder_type, normal or suspicious"
    cancer = cells.told("biopsy", _cancer, biopsy)
    if cancer is None and group == _NORMAL:
        cancer = 0
    category = cells.told("birads", cells.birads, birads)
    follow_up = rows.follow_up_of(category)
    return rows.Diagnosis(
        row=place[1], source=place[0], patient_id=_case(group, name),
        laterality=side, year=None, birads=category, birads_1=category,
        birads_2=None, birads_3=None, cancer=cancer, follow_up=follow_up,
        outcome=None if cancer is None
        else rows.outcome_of(cancer, follow_up))


def _notes(cases: list[rows.Diagnosis]) -> list[str]:
    used = [one for one in cases if not one.contradicting]
    unknown = [(one.source, one.row) for one in used if one.cancer is None]
    notes = [
        f"label table: {errors.counted(len(used), 'case')}, "
        f"{sum(one.cancer or 0 for one in used):,} with a cancer; their prior "
        "rounds count as healthy, as the data set describes them (label_rule "
        "prior_exam)"]
    if unknown:
        notes.append(
            f"label table: {errors.counted(len(unknown), 'case')} suspicious "
            "and without a biopsy result, the truth unknown "
            f"({ledger.listed(unknown)})")
    return notes


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


def _images(case: rows.Diagnosis) -> list[rows.Diagnosis]:
    """The images of both rounds; a contradicted case says nothing of either.
    """
    prior = case if case.contradicting else case._replace(
        birads=None, birads_1=None, cancer=0, follow_up=0,
        outcome=rows.outcome_of(0, 0), rule=rows.PRIOR_EXAM)
    return [one._replace(image=f"{case.patient_id}/{view}_{when}", view=view)
            for when, one in ((_RECENT, case), (_PRIOR, prior))
            for view in _VIEWS]
