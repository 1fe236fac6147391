"""Finds patient IDs whose leading zeros a spreadsheet took."""

import collections
from collections.abc import Collection, Iterable

from pipelines.labels import errors, rows

# Under a hash each width must be tried: enough for any ID, and for a sample
# that cannot miss what is wrong with a whole column.
_WIDTHS = range(2, 17)
_SAMPLE = 20_000


def check_patient_ids(labels: rows.LabelTable,
                      scan_ids: Collection[str]) -> None:
    """Refuses a table in which 123 stands for the images' 000123.

    Args:
      labels: The diagnoses.
      scan_ids: The different patient IDs of the images, hashed if the label
        table's were.

    Raises:
      errors.LabelError: IDs of the table are missing from the images but are
        there once filled with zeros.
    """
    present = frozenset(scan_ids)
    options = labels.options
    missing = sorted(patient_id for patient_id in labels.numeric_ids
                     if options.final(patient_id) not in present)
    if options.transform_id:
        widths: Iterable[int] = _WIDTHS
        missing = missing[:_SAMPLE]
    else:
        widths = {len(patient_id) for patient_id in present
                  if patient_id.startswith("0")}
    found: collections.Counter[int] = collections.Counter()
    for width in sorted(widths):
        for patient_id in missing:
            padded = patient_id.zfill(width)
            if (padded != patient_id and padded not in labels.numeric_ids
                    and options.final(padded) in present):
                found[width] += 1
    if found:
        width, count = found.most_common(1)[0]
        raise errors.LabelError(
            f"{errors.counted(count, 'patient ID')} of the label table lost "
            "leading zeros (a spreadsheet turns 000123 into 123): they are "
            f"those of images once filled to {width} digits; say "
            f"--patient_id_width={width}")
