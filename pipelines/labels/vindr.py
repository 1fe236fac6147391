"""Reads VinDr-Mammo's breast-level_annotations.csv.

One row per image, whose key is image_id and whose patient is study_id, as
each patient has one study: images/<study_id>/<image_id>.dicom. BI-RADS are
those of the breast. finding_annotations.csv, with a row per finding, repeats
them, and serves where it is alone; metadata.csv is not used. There is no
pathology: a cancer is BI-RADS 5 unless the user says otherwise.

Nguyen, H. T., et al. (2023), VinDr-Mammo: a large-scale benchmark dataset for
computer-aided diagnosis in full-field digital mammography, Scientific Data
10:277, doi 10.1038/s41597-023-02100-7.
"""

import re
from collections.abc import Sequence

from pipelines.labels import columns, images, rows

COLUMNS = (
    columns.Column("image", "image_id"),
    columns.Column("patient_id", "study_id", required=False),
    columns.Column("laterality", "laterality"),
    columns.Column("view", "view_position", required=False),
    columns.Column("birads_1", "breast_birads"),
    columns.Column("official_split", "split", required=False),
)
_STUDY = re.compile(r"[0-9a-f]{32}")


def read(files: Sequence[tuple[str, bytes]],
         options: rows.LabelOptions) -> rows.LabelTable:
    """Reads the table of breasts, or of findings where there is no other.

    Args:
      files: Name and bytes of any of the data set's tables.
      options: Of these, `columns`, `conflicts` and `cancer_birads` matter.

    Returns:
      A table with one row per image.

    Raises:
      errors.LabelError: See `images.read`.
    """
    return images.read(_LAYOUT, files, options)


def patient_of(file: str, patient_id: str) -> str:
    """The study whose folder a file lies in; else PatientID.

    Only where the table does not tell.
    """
    folders = file.replace("\\", "/").split("/")[:-1]
    if folders and _STUDY.fullmatch(folders[-1]):
        return folders[-1]
    return patient_id


_LAYOUT = images.Layout(
    name="vindr", columns=COLUMNS, patient_of=patient_of,
    cancer_birads=frozenset({5}), repeating="finding_categories")
