"""How far apart pixels are, in the breast and at the detector.

(0018,1164) *Imager Pixel Spacing* is measured at the detector, where all that
lies above it is enlarged; (0028,0030) *Pixel Spacing* is corrected for that,
or calibrated, where it differs (PS3.3, 10.7.1.3).
"""

import dataclasses

from pipelines.dicom_values import Elements
from pipelines.modifiers import magnification_factor

_SPACING, _IMAGER_SPACING = 0x00280030, 0x00181164
_SCANNED_SPACING = 0x00182010
_SHARED_GROUPS, _FRAME_GROUPS = 0x52009229, 0x52009230
_PIXEL_MEASURES = 0x00289110

TAGS = (_SPACING, _IMAGER_SPACING, _SCANNED_SPACING, _SHARED_GROUPS,
        _FRAME_GROUPS)

# Beyond this no detector's and no scanner's pixels are a breast's.
_LARGEST_MM = 5.0


@dataclasses.dataclass(frozen=True)
class Spacing:
    """Distances of pixels in the breast.

    Attributes:
      rows_mm: From a row to the next.
      columns_mm: From a column to the next.
      source: `pixel_spacing`, `imager_pixel_spacing`, `pixel_measures` or
        `nominal_scanned_pixel_spacing`.
    """

    rows_mm: float
    columns_mm: float
    source: str


def find_spacing(elements: Elements) -> Spacing | None:
    """The distances in the breast, from the first that the header has.

    In order: *Pixel Spacing* where it is not just a copy of the imager's;
    *Imager Pixel Spacing* divided by (0018,1114) *Estimated Radiographic
    Magnification Factor*; *Pixel Spacing* of all frames; (0018,2010) *Nominal
    Scanned Pixel Spacing* of films.
    """
    pixel, imager = _pair(elements, _SPACING), _pair(elements, _IMAGER_SPACING)
    if pixel and pixel != imager:
        return Spacing(*pixel, "pixel_spacing")
    if imager:
        factor = magnification_factor(elements) or 1.0
        return Spacing(imager[0] / factor, imager[1] / factor,
                       "imager_pixel_spacing")
    for group in (*elements.items(_SHARED_GROUPS),
                  *elements.items(_FRAME_GROUPS)[:1]):
        for measures in group.items(_PIXEL_MEASURES):
            frames = _pair(measures, _SPACING)
            if frames:
                return Spacing(*frames, "pixel_measures")
    scanned = _pair(elements, _SCANNED_SPACING)
    if scanned is None:
        return None
    return Spacing(*scanned, "nominal_scanned_pixel_spacing")


def between_rows_mm(elements: Elements, tag: int) -> float | None:
    """The first value of a spacing; None if absent or malformed."""
    spacing = elements.number(tag)
    return spacing if spacing and spacing > 0 else None


def _pair(elements: Elements, tag: int) -> tuple[float, float] | None:
    """Between rows, then between columns (PS3.3, 10.7.1.3)."""
    values = elements.numbers(tag)
    if not values:
        return None
    # A program that writes one value means square pixels.
    rows, columns = values[0], values[1] if len(values) > 1 else values[0]
    if rows is None or columns is None or not (
            0 < rows < _LARGEST_MM and 0 < columns < _LARGEST_MM):
        return None
    return rows, columns
