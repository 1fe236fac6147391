"""Reads INbreast's table of images, INbreast.xls or INbreast.csv.

One row per image, whose key is File Name. Both tables say the same, so that a
folder with both is no matter; the sheet has two rows of totals at its foot,
and 'removed' for every patient. Who the patient is tells only the name of the
DICOM file, 20586908_6c613a14b80a8591_MG_R_CC_ANON.dcm: number, patient, side
and view, where ML stands for the table's MLO. There is no pathology: a cancer
is BI-RADS 4, 5 or 6 unless the user says otherwise.

Moreira, I., et al. (2012), INbreast: toward a full-field digital mammographic
database, Academic Radiology 19(2), doi 10.1016/j.acra.2011.09.014.
"""

import re
from collections.abc import Sequence

from pipelines.labels import cells, columns, images, rows, tables

COLUMNS = (
    columns.Column("image", "File Name"),
    columns.Column("laterality", "Laterality"),
    columns.Column("view", "View", required=False),
    columns.Column("birads_1", "Bi-Rads"),
)
_FILE = re.compile(r"(\d+)(?:_([0-9a-f]{16}))?(?:_.*)?", re.IGNORECASE)


def read(files: Sequence[tuple[str, bytes]],
         options: rows.LabelOptions) -> rows.LabelTable:
    """Reads the sheet, its copy, or both.

    Args:
      files: Name and bytes of each.
      options: Of these, `columns`, `conflicts` and `cancer_birads` matter.

    Returns:
      A table with one row per image, which does not tell the patient.

    Raises:
      errors.LabelError: See `images.read`.
    """
    return images.read(_LAYOUT, files, options)


def patient_of(file: str, patient_id: str) -> str | None:
    """The patient in the name of a file; PatientID does not tell.

    >>> patient_of("a/20586908_6c613a14b80a8591_MG_R_CC_ANON.dcm", "removed")
    '6c613a14b80a8591'
    """
    del patient_id
    match = _FILE.fullmatch(rows.stem(file))
    return match[2].lower() if match and match[2] else None


def image_of(file: str) -> str | None:
    """The number that the name of a file begins with.

    >>> image_of("a/20586908_6c613a14b80a8591_MG_R_CC_ANON.dcm")
    '20586908'
    """
    match = _FILE.fullmatch(rows.stem(file))
    return match[1] if match else None


def _image(cell: tables.Cell) -> str:
    number = cells.identifier(cell)
    if number and not number.isdecimal():
        raise images.LeftOut("whose File Name is no number")
    return number


def _view(cell: tables.Cell) -> str | None:
    view = cells.view(cell)
    return "MLO" if view == "ML" else view


_LAYOUT = images.Layout(
    name="inbreast", columns=COLUMNS, patient_of=patient_of,
    image_of=image_of, parsers={"image": _image, "view": _view},
    cancer_birads=frozenset({4, 5, 6}))
