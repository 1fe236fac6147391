"""Reads train.csv of the RSNA Screening Mammography Breast Cancer Detection.

One row per image, whose key is image_id: train_images/<patient_id>/<image_id>
.dcm. cancer is that of the breast; BIRADS are 0, 1 or 2, and unknown of about
half of the images, whose outcome is unknown then. implant is told there, as
the headers do not have it (of site 1 for both breasts of a patient together).
test.csv has no labels.

Carr, C., et al. (2022), RSNA Screening Mammography Breast Cancer Detection,
https://kaggle.com/competitions/rsna-breast-cancer-detection
"""

from collections.abc import Sequence

from pipelines.labels import columns, images, rows

COLUMNS = (
    columns.Column("image", "image_id"),
    columns.Column("patient_id", "patient_id"),
    columns.Column("laterality", "laterality"),
    columns.Column("view", "view", required=False),
    columns.Column("cancer", "cancer"),
    columns.Column("birads_1", "BIRADS", required=False),
    columns.Column("implant", "implant", required=False),
)


def read(files: Sequence[tuple[str, bytes]],
         options: rows.LabelOptions) -> rows.LabelTable:
    """Reads train.csv; any other table is not used.

    Args:
      files: Name and bytes of any of the data set's tables.
      options: Of these, `columns`, `conflicts` and `patient_id_width` matter.

    Returns:
      A table with one row per image.

    Raises:
      errors.LabelError: See `images.read`.
    """
    return images.read(_LAYOUT, files, options)


_LAYOUT = images.Layout(
    name="rsna", columns=COLUMNS,
    advice=". Of the RSNA's tables only train.csv tells of cancers")
