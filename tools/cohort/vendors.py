"""How the headers and greys of different makes of machines differ.

Names stand in headers as machines write them, so that what depends on them
can be tried; no image is of a real machine.
"""

import dataclasses
from typing import Any

import numpy as np
from pydicom.sequence import Sequence

from tools.cohort import dicom_files


@dataclasses.dataclass(frozen=True)
class Vendor:
    """One make of machine.

    Attributes:
      manufacturer: (0008,0070).
      model: (0008,1090).
      bits: Bits stored.
      spacing_mm: Detector pixel at full size.
      air: Grey of the background, fraction of the range.
      marker_grey: Of burned-in text, 1 is the brightest there is.
      inverted: Whether it stores MONOCHROME1 with LUT shape INVERSE.
      windows: (center, width) pairs, fractions of the range.
      function: VOILUTFunction, absent if empty.
      gamma: Exponent of its tone curve: below 1 tissue is bright and flat,
        above 1 dark and contrasty.
      gain: Share of the range that the curve reaches.
    """

    manufacturer: str
    model: str
    bits: int
    spacing_mm: float
    air: float = 0.0
    marker_grey: float = 1.0
    inverted: bool = False
    windows: tuple[tuple[float, float], ...] = ((0.5, 1.0),)
    function: str = ""
    gamma: float = 1.0
    gain: float = 1.0


VENDORS = (
    Vendor("HOLOGIC, Inc.", "Selenia Dimensions", 12, 0.07,
           windows=((0.45, 0.8), (0.45, 0.6), (0.45, 1.0))),
    Vendor("SIEMENS", "Mammomat Inspiration", 12, 0.085),
    Vendor("GE MEDICAL SYSTEMS", "Senographe Essential", 12, 0.1,
           windows=((0.5, 0.7),), function="SIGMOID"),
    Vendor("FUJIFILM Corporation", "AMULET Innovality", 10, 0.05, air=0.01,
           inverted=True),
    # An old one: its markers are grey, so `brightest` does not find them.
    Vendor("LORAD", "Lorad Selenia", 14, 0.07, air=0.008, marker_grey=0.82),
)
# Whole hospitals whose machines process their images in one manner: what is
# learned at one is then tried at the other.
CONTRASTY = (
    Vendor("HOLOGIC, Inc.", "Lorad Selenia", 12, 0.07, gamma=2.0),
    Vendor("HOLOGIC, Inc.", "Selenia Dimensions", 12, 0.07, gamma=2.2,
           windows=((0.45, 0.8), (0.45, 0.6))),
    Vendor("FUJIFILM Corporation", "AMULET Innovality", 12, 0.05, gamma=1.8,
           inverted=True),
)
# They store 14 bits and leave the upper ones to metal and markers.
FLAT = (
    Vendor("SIEMENS", "MammoNovation DR", 14, 0.07, gamma=0.45, gain=0.3,
           windows=((0.2, 0.2),)),
    Vendor("GE MEDICAL SYSTEMS", "Senographe DS", 14, 0.1, gamma=0.5,
           gain=0.25, windows=((0.15, 0.2),), function="SIGMOID"),
)
FLEETS = {"standard": VENDORS, "contrasty": CONTRASTY, "flat": FLAT}


def of_visit(contrast: str, number: int) -> Vendor:
    """The machine of a visit.

    Args:
      contrast: One of `FLEETS`.
      number: Of the machine in `VENDORS`; other fleets take turns.
    """
    fleet = FLEETS[contrast]
    return fleet[number % len(fleet)]


def stored(pixels: np.ndarray, vendor: Vendor) -> np.ndarray:
    """Rendered greys, bright is dense, as the machine stores them."""
    if not vendor.inverted:
        return pixels
    return ((1 << vendor.bits) - 1 - pixels).astype(pixels.dtype)


def image_fields(vendor: Vendor, scale: float) -> dict[str, Any]:
    """Header fields that depend on the machine, by DICOM keyword."""
    top = (1 << vendor.bits) - 1
    spacing = round(vendor.spacing_mm / scale, 5)
    fields: dict[str, Any] = {
        "Manufacturer": vendor.manufacturer,
        "ManufacturerModelName": vendor.model,
        "BitsStored": vendor.bits,
        "ImagerPixelSpacing": [spacing, spacing],
        "WindowCenter": [round(center * top) for center, _ in vendor.windows],
        "WindowWidth": [round(width * top) for _, width in vendor.windows],
        "SeriesDescription": "SYNTHETIC PHANTOM",
    }
    if vendor.function:
        fields["VOILUTFunction"] = vendor.function
    if vendor.inverted:
        fields["PhotometricInterpretation"] = "MONOCHROME1"
        fields["PresentationLUTShape"] = "INVERSE"
    return fields


def view_fields(side: str, view: str, implant: bool) -> dict[str, Any]:
    """Header fields that say what was imaged, by DICOM keyword."""
    fields: dict[str, Any] = {
        "ImageLaterality": side,
        "ViewPosition": view,
        "BreastImplantPresent": "YES" if implant else "NO",
    }
    region = dicom_files.code_item("76752008", "Breast")
    fields["AnatomicRegionSequence"] = Sequence([region])
    return fields
