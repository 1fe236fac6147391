"""Reads CBIS-DDSM's four case description tables.

They have one row per abnormality; what is told here is told per breast: any
MALIGNANT abnormality makes it a cancer, and its BI-RADS is the most severe
assessment. PatientID of an image is its case key,
`Mass-Test_P_00173_LEFT_CC`, and of a crop or a mask that key with the
abnormality's number, `Mass-Test_P_00173_LEFT_CC_1`; the patient is `P_00173`.
A patient may be in the tables of masses and of calcifications, and in those
of training and of test.

Sawyer-Lee, R., Gimenez, F., Hoogi, A., Rubin, D. (2016), Curated Breast
Imaging Subset of Digital Database for Screening Mammography, The Cancer
Imaging Archive, doi 10.7937/K9/TCIA.2016.7O02S9CY.
"""

import dataclasses
import re
from collections.abc import Callable, Sequence
from typing import Any

from pipelines.labels import (
    cells, choosing, columns, errors, ledger, rows, tables)

COLUMNS = (
    columns.Column("patient_id", "patient_id"),
    columns.Column("laterality", "left or right breast"),
    columns.Column("pathology", "pathology"),
    columns.Column("birads_1", "assessment"),
    columns.Column("image", "image file path", required=False),
)
_PATHOLOGIES = {"MALIGNANT": 1, "BENIGN": 0, "BENIGN_WITHOUT_CALLBACK": 0}

_CASE = re.compile(
    r"(?:(?:Mass|Calc)-(?:Training|Test)_)?(P_\d+)"
    r"(?:_(?:LEFT|RIGHT)_(?:CC|MLO)(_\d+)?)?")
_PART_OF_CASE = re.compile(r"(?:Mass|Calc)-(Training|Test)_")
_PART_OF_FILE = re.compile(r"_(train|test)_set\b")
_PARTS = {"training": "train", "train": "train", "test": "test"}


def read(files: Sequence[tuple[str, bytes]],
         options: rows.LabelOptions) -> rows.LabelTable:
    """Reads any of the four tables, together.

    Args:
      files: Name and bytes of each; other tables are not used.
      options: Of these, only `columns` matters.

    Returns:
      A table with one row per patient and side, whose row number is that of
      the abnormality that decided.

    Raises:
      errors.LabelError: A column is missing, a cell cannot be used, there are
        no rows, or IDs are to be hashed.
    """
    options.check_ids_are_kept(
        "cbis_ddsm", "its PatientIDs are public, and who the patient is can "
        "only be read from them as they are")
    chosen, others = choosing.choose(files, options.columns, COLUMNS)
    book = ledger.Ledger()
    found: list[_Abnormality] = []
    for one in chosen:
        _read(one, book, found)
    book.check(found)
    diagnoses = _by_breast(found)
    missed = sum(diagnosis.outcome == "FN" for diagnosis in diagnoses)
    return rows.LabelTable(
        rows=rows.to_arrow(diagnoses), join=rows.BREAST,
        patient_of=patient_of, excluded_of=excluded_of, options=options,
        notes=(*book.notes(),
               f"label table: {len(found):,} abnormalities of "
               f"{len(diagnoses):,} breasts; {missed:,} breasts with a "
               "cancer have no assessment that asks for follow-up (FN)",
               *choosing.not_used(others)))


def patient_of(file: str, patient_id: str) -> str:
    """The patient of an image's PatientID; any other ID is left as it is.

    >>> patient_of("", "Mass-Test_P_00173_LEFT_CC")
    'P_00173'
    >>> patient_of("", "Calc-Training_P_00005_RIGHT_MLO_1")
    'P_00005'
    """
    del file
    match = _CASE.fullmatch(patient_id)
    return match[1] if match else patient_id


def excluded_of(patient_id: str) -> str | None:
    """Whether PatientID is that of a crop or a mask.

    >>> excluded_of("Mass-Test_P_00173_LEFT_CC_1")
    'not_whole_image'
    >>> excluded_of("Mass-Test_P_00173_LEFT_CC")
    """
    match = _CASE.fullmatch(patient_id)
    return "not_whole_image" if match and match[2] else None


@dataclasses.dataclass(frozen=True)
class _Abnormality:
    row: int
    source: str
    patient_id: str
    laterality: str
    cancer: int
    birads: int | None
    part: str


def _read(chosen: choosing.Chosen, book: ledger.Ledger,
          found: list[_Abnormality]) -> None:
    """Adds a table's abnormalities."""
    pick = chosen.cells()

    def add(place: ledger.Place, row: Sequence[tables.Cell]) -> None:
        *said, image = pick(row)
        patient_id, side, cancer, birads = (
            cells.told(name, parse, cell)
            for (name, parse), cell in zip(_PARSERS.items(), said))
        found.append(_Abnormality(
            place[1], place[0], patient_id, side, cancer, birads,
            _part_of(place[0], tables.text(image))))

    book.take(chosen.table, add)


def _part_of(name: str, image: str) -> str:
    """`train` or `test`: of the image's case key, else of the table's name."""
    match = _PART_OF_CASE.match(image) or _PART_OF_FILE.search(name)
    if not match:
        raise errors.LabelError(
            f"{name}: neither its name (..._train_set or ..._test_set) nor "
            "a column 'image file path' tells which part of CBIS-DDSM it is; "
            "use the names that the tables were published under")
    return _PARTS[match[1].lower()]


def _patient_id(cell: tables.Cell) -> str:
    given = tables.text(cell)
    if not _CASE.fullmatch(given):
        raise cells.CellError("is not one of CBIS-DDSM, as P_00173 is")
    return patient_of("", given)


def _pathology(cell: tables.Cell) -> int:
    try:
        return _PATHOLOGIES[tables.text(cell).upper()]
    except KeyError:
        raise cells.CellError(
            f"is none of {', '.join(_PATHOLOGIES)}") from None


_PARSERS: dict[str, Callable[[tables.Cell], Any]] = {
    "patient_id": _patient_id, "laterality": cells.laterality,
    "pathology": _pathology, "birads_1": cells.birads}


def _by_breast(found: list[_Abnormality]) -> list[rows.Diagnosis]:
    breasts: dict[tuple[str, str], list[_Abnormality]] = {}
    for one in found:
        breasts.setdefault((one.patient_id, one.laterality), []).append(one)
    return [_diagnosis(breasts[key]) for key in sorted(breasts)]


def _diagnosis(abnormalities: list[_Abnormality]) -> rows.Diagnosis:
    """What all abnormalities of one breast come to."""
    birads = rows.most_severe(one.birads for one in abnormalities)
    cancer = max(one.cancer for one in abnormalities)
    deciding = next(one for one in abnormalities if one.cancer == cancer)
    follow_up = rows.follow_up_of(birads)
    in_test = any(one.part == "test" for one in abnormalities)
    return rows.Diagnosis(
        row=deciding.row, source=deciding.source,
        patient_id=deciding.patient_id, laterality=deciding.laterality,
        year=None, birads=birads, birads_1=birads, birads_2=None,
        birads_3=None, cancer=cancer,
        outcome=rows.outcome_of(cancer, follow_up), follow_up=follow_up,
        official_split="test" if in_test else "train")
