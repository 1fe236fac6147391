"""Small synthetic mammograms in memory, for every test.

Thin functions over `tools.cohort`: what the generator of cohorts writes is
what the tests read.
"""

from typing import Any

import numpy as np
from pydicom.dataset import Dataset

from tools.cohort import dicom_files, encoders

LOSSLESS = encoders.LOSSLESS
TRANSFER_SYNTAXES = encoders.TRANSFER_SYNTAXES


def breast_pixels(width: int = 48, height: int = 64, *, side: str = "L",
                  bits: int = 12, seed: int = 0) -> np.ndarray:
    """A bright half-ellipse on its chest wall, noise, dark background.

    Args:
      width: Columns.
      height: Rows.
      side: 'L' has its chest wall at the left, 'R' at the right.
      bits: Bits stored.
      seed: Of the noise.

    Returns:
      uint16 `[height, width]` (uint8 up to 8 bits); the background is below
      1/100 of the range, the breast between 1/4 and 3/4 of it, nothing at
      its maximum.
    """
    noise = np.random.default_rng(seed).random((height, width))
    y, x = np.mgrid[:height, :width]
    inside = (x / (0.6 * width))**2 + (
        (y - height / 2) / (0.4 * height))**2 < 1
    top = (1 << bits) - 1
    image = np.where(inside, (0.25 + 0.5 * noise) * top, 0.01 * noise * top)
    image = image.astype(np.uint8 if bits <= 8 else np.uint16)
    return np.ascontiguousarray(image if side == "L" else image[:, ::-1])


def mammogram(pixels: np.ndarray | None = None, *,
              transfer_syntax: str = "explicit",
              **overrides: Any) -> Dataset:
    """A mammogram's data set with its encoded pixels; see `mammogram_bytes`."""
    if pixels is None:
        pixels = breast_pixels(side=overrides.get("ImageLaterality") or "R")
    dataset = dicom_files.mammogram_dataset(pixels, overrides)
    if "SOPInstanceUID" not in overrides:
        # One image in two syntaxes is two images to whoever reads them both.
        dataset.SOPInstanceUID = dicom_files.make_uid(
            dataset.SOPInstanceUID, transfer_syntax)
    dicom_files.set_pixels(
        dataset, pixels, encoders.transfer_syntax(transfer_syntax))
    return dataset


def mammogram_bytes(pixels: np.ndarray | None = None, *,
                    transfer_syntax: str = "explicit",
                    **overrides: Any) -> bytes:
    """A small valid MG file in memory: patient 000001, right CC, 2012-03-15.

    Args:
      pixels: uint8, int8, uint16 or int16 `[rows, columns]`,
        `[frames, rows, columns]` or `[rows, columns, 3]`; `breast_pixels` of
        the header's side by default. BitsStored is 8 or 12 unless given.
      transfer_syntax: A name of `TRANSFER_SYNTAXES`, or a UID.
      **overrides: Values by DICOM keyword; an empty string makes an empty
        element, None leaves the element out. Without ImageLaterality or
        ViewPosition nothing else tells the side or the view either
        (PatientOrientation, ViewCodeSequence), unless it is given.

    Returns:
      The file. Equal arguments give equal bytes; different ones another SOP
      Instance UID, unless that is given.
    """
    dataset = mammogram(pixels, transfer_syntax=transfer_syntax, **overrides)
    return to_bytes(dataset, transfer_syntax)


def to_bytes(dataset: Dataset, transfer_syntax: str = "explicit") -> bytes:
    """The file of a data set that `mammogram` made and a test changed."""
    return dicom_files.file_bytes(
        dataset, encoders.transfer_syntax(transfer_syntax))


def gzipped(data: bytes) -> bytes:
    """One gzip member, the same bytes at any time."""
    return encoders.gzip_member(data)
