"""From a visit of the register to the files of its images."""

import dataclasses
from typing import Any

import numpy as np

from tools.cohort import dicom_files, encoders, phantom, vendors
from tools.cohort.register import Visit, derived_seed

VIEWS = ("CC", "MLO")
_LARGE, _SMALL = (3328, 4096), (2560, 3328)
# Breasts above this size do not fit on the small detector.
_SMALL_UP_TO = 0.95
GZIP = ("auto", "all", "none")


@dataclasses.dataclass(frozen=True)
class Settings:
    """How a cohort's files are made.

    Attributes:
      seed: Of everything.
      scale: Of the images; 1 is full size.
      syntaxes: Names of transfer syntaxes, taken in turn; one that stands
        there twice is used twice as often.
      gzip: 'auto' (what is not compressed already), 'all' or 'none'.
      contrast: One of `vendors.FLEETS`: whose machines.
      first: Number of the first patient.
    """

    seed: int = 1
    scale: float = 1.0
    syntaxes: tuple[str, ...] = ("explicit",)
    gzip: str = "auto"
    contrast: str = "standard"
    first: int = 0

    def __post_init__(self):
        if not 1 / 64 <= self.scale <= 1:
            raise ValueError(
                f"scale {self.scale} is not between 1/64 and 1 (full size)")
        for name in self.syntaxes:
            encoders.transfer_syntax(name)
        if not self.syntaxes:
            raise ValueError("no transfer syntax")
        if self.gzip not in GZIP:
            raise ValueError(f"gzip {self.gzip!r} is none of "
                             f"{', '.join(GZIP)}")
        if self.contrast not in vendors.FLEETS:
            raise ValueError(f"contrast {self.contrast!r} is none of "
                             f"{', '.join(vendors.FLEETS)}")


def image_seed(settings: Settings, visit: Visit, side: str, view: str) -> int:
    """The seed of one image's noise."""
    return derived_seed(
        settings.seed, visit.patient_id, visit.number, side, view)


def _exposure(settings: Settings, visit: Visit, side: str, view: str,
              vendor: vendors.Vendor) -> phantom.Exposure:
    largest = max(breast.size for breast in visit.breasts.values())
    width, height = _SMALL if largest <= _SMALL_UP_TO else _LARGE
    return phantom.Exposure(
        side, view, width, height, settings.scale, vendor.bits,
        marker=f"{side} {view}", marker_grey=vendor.marker_grey,
        air=vendor.air, gamma=vendor.gamma, gain=vendor.gain,
        seed=image_seed(settings, visit, side, view))


def syntax_of(settings: Settings, visit: Visit, side: str, view: str
              ) -> encoders.TransferSyntax:
    """The transfer syntax of one image."""
    turn = image_seed(settings, visit, side, view) % len(settings.syntaxes)
    return encoders.transfer_syntax(settings.syntaxes[turn])


def make_image(settings: Settings, visit: Visit, side: str, view: str
               ) -> tuple[np.ndarray, dict[str, Any]]:
    """One image of a visit.

    Returns:
      Its pixels as they are stored, and its header fields by keyword.
    """
    syntax = syntax_of(settings, visit, side, view)
    vendor = vendors.of_visit(settings.contrast, visit.vendor)
    if vendor.bits > syntax.max_bits:
        vendor = dataclasses.replace(vendor, bits=syntax.max_bits)
    breast = visit.breasts[side]
    pixels = phantom.render(
        breast, _exposure(settings, visit, side, view, vendor),
        visit.lesions[side])
    date = f"{visit.date:%Y%m%d}"
    fields = {
        "PatientID": visit.patient_id,
        "PatientAge": f"{visit.age:03d}Y",
        "StudyDate": date,
        "StudyTime": f"{8 + visit.vendor:02d}{7 * visit.number % 60:02d}00",
        "StudyInstanceUID": dicom_files.make_uid(
            settings.seed, "study", visit.patient_id, visit.number),
        "SeriesInstanceUID": dicom_files.make_uid(
            settings.seed, "series", visit.patient_id, visit.number, side,
            view),
        "SOPInstanceUID": dicom_files.make_uid(
            settings.seed, "image", visit.patient_id, visit.number, side,
            view),
        "InstanceNumber": str(1 + 2 * "LR".index(side) + VIEWS.index(view)),
    }
    fields |= vendors.image_fields(vendor, settings.scale)
    fields |= vendors.view_fields(side, view, breast.implant)
    return vendors.stored(pixels, vendor), fields


def packed(data: bytes, syntax: encoders.TransferSyntax,
           settings: Settings) -> tuple[bytes, str]:
    """A file's bytes, gzipped if they are to be, and its suffix."""
    compressed = syntax.encapsulated or syntax.deflated
    if settings.gzip == "none" or (settings.gzip == "auto" and compressed):
        return data, ".dcm"
    return encoders.gzip_member(data), ".dcm.gz"


def image_file(settings: Settings, visit: Visit, side: str, view: str
               ) -> tuple[str, bytes]:
    """One image's path below the cohort's folder and its bytes."""
    syntax = syntax_of(settings, visit, side, view)
    pixels, fields = make_image(settings, visit, side, view)
    dataset = dicom_files.mammogram_dataset(pixels, fields)
    dicom_files.set_pixels(dataset, pixels, syntax)
    data, suffix = packed(
        dicom_files.file_bytes(dataset, syntax), syntax, settings)
    return (f"{visit.patient_id}/{visit.date:%Y%m%d}/{side}-{view}{suffix}",
            data)
