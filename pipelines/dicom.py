"""What the scan learns of a file from its header, and what it lets through.

Only what `Header` holds is ever taken from a data set. Names, birth dates and
free text are not among the elements that are read.
"""

import dataclasses
import datetime
import re

from pipelines import attributes, decoders, dicom_elements, views
from pipelines.attributes import ImageAttributes, Lut, Window
from pipelines.dicom_elements import Buffer
from pipelines.dicom_values import Elements
from pipelines.reasons import Rejected

__all__ = ["Header", "ImageAttributes", "Lut", "Window", "check_mammogram",
           "header_of", "parse_header", "TAGS"]

_CHARACTER_SET = 0x00080005
_SOP_CLASS, _SOP_INSTANCE = 0x00080016, 0x00080018
_STUDY_DATE, _MODALITY, _INTENT = 0x00080020, 0x00080060, 0x00080068
_MANUFACTURER, _MODEL = 0x00080070, 0x00081090
_PATIENT_ID, _PATIENT_AGE = 0x00100020, 0x00101010
_IMAGER_SPACING = 0x00181164
_STUDY_INSTANCE, _SERIES_INSTANCE = 0x0020000D, 0x0020000E
_SAMPLES, _PHOTOMETRIC, _FRAMES = 0x00280002, 0x00280004, 0x00280008
_ROWS, _COLUMNS, _SPACING = 0x00280010, 0x00280011, 0x00280030
_BITS_ALLOCATED, _IMPLANT, _LOSSY = 0x00280100, 0x00281300, 0x00282110

# Every element that is read from a file.
TAGS = (_CHARACTER_SET, _SOP_CLASS, _SOP_INSTANCE, _STUDY_DATE, _MODALITY,
        _INTENT, _MANUFACTURER, _MODEL, _PATIENT_ID, _PATIENT_AGE,
        _IMAGER_SPACING, _STUDY_INSTANCE, _SERIES_INSTANCE, _SAMPLES, _FRAMES,
        _SPACING, _IMPLANT, _LOSSY, *views.TAGS, *attributes.TAGS)

_SUPPORTED = frozenset((*dicom_elements.NATIVE, *decoders.DECODERS))
_INTENTS = ("FOR PRESENTATION", "FOR PROCESSING")
# Mammography images (PS3.6, A), and the intent that their class implies.
_MAMMOGRAPHY_CLASSES = {
    "1.2.840.10008.5.1.4.1.1.1.2": "FOR PRESENTATION",
    "1.2.840.10008.5.1.4.1.1.1.2.1": "FOR PROCESSING",
    "1.2.840.10008.5.1.4.1.1.13.1.3": None,  # breast tomosynthesis
    "1.2.840.10008.5.1.4.1.1.13.1.4": "FOR PRESENTATION",  # projections
    "1.2.840.10008.5.1.4.1.1.13.1.5": "FOR PROCESSING",
}
# Days of an age's units (PS3.5, 6.2, AS), by years of 365.25 days.
_AGE_DAYS = {"D": 1, "W": 7, "M": 365.25 / 12, "Y": 365.25}


@dataclasses.dataclass(frozen=True)
class Header:
    """What the scan records of a file; None is absent, empty or malformed.

    Attributes:
      sop_instance_uid: The image's identity.
      sop_class_uid: What kind of object it is.
      study_instance_uid: Its study.
      series_instance_uid: Its series.
      patient_id: As written, without the padding.
      study_date: Day of the study.
      modality: 'MG' for a mammogram.
      laterality: 'L' or 'R'.
      laterality_source: Where the side was found (`views`).
      view: ACR's name, as 'CC', 'MLO' or 'XCCL'.
      view_source: Where the view was found (`views`).
      view_modifiers: As ('spot_compression',).
      patient_age: Whole years.
      implant: Whether there is a breast implant.
      manufacturer: Of the equipment.
      manufacturer_model: Of the equipment.
      rows: Height in pixels.
      columns: Width in pixels.
      frames: At least 1.
      samples_per_pixel: 1 is grey.
      bits_allocated: Bits that a pixel takes when unpacked.
      bits_stored: Bits of them that are used.
      photometric: Photometric interpretation, as 'MONOCHROME2'.
      transfer_syntax: UID of what the file is, which may not be what it says.
      presentation_intent: 'FOR PRESENTATION' or 'FOR PROCESSING'; where only
        the SOP class says it, that is taken.
      pixel_spacing_mm: Distance of rows, in the patient or calibrated.
      imager_pixel_spacing_mm: Distance of rows at the detector.
      lossy: Whether compression may have changed its values.
      has_pixels: Whether there is pixel data of any kind.
      float_pixels: Whether that is floating point.
    """

    sop_instance_uid: str | None = None
    sop_class_uid: str | None = None
    study_instance_uid: str | None = None
    series_instance_uid: str | None = None
    patient_id: str | None = None
    study_date: datetime.date | None = None
    modality: str | None = None
    laterality: str | None = None
    laterality_source: str | None = None
    view: str | None = None
    view_source: str | None = None
    view_modifiers: tuple[str, ...] = ()
    patient_age: int | None = None
    implant: bool | None = None
    manufacturer: str | None = None
    manufacturer_model: str | None = None
    rows: int | None = None
    columns: int | None = None
    frames: int = 1
    samples_per_pixel: int = 1
    bits_allocated: int | None = None
    bits_stored: int | None = None
    photometric: str | None = None
    transfer_syntax: str = ""
    presentation_intent: str | None = None
    pixel_spacing_mm: float | None = None
    imager_pixel_spacing_mm: float | None = None
    lossy: bool = False
    has_pixels: bool = False
    float_pixels: bool = False


def parse_header(data: Buffer, complete: bool) -> Header | None:
    """Reads a header without its pixels.

    Args:
      data: The first bytes of an uncompressed file, or all of it.
      complete: Whether that is all of it.

    Returns:
      The header, or None if neither the pixels nor the end were reached.

    Raises:
      Rejected: `not_dicom`, `empty_file`, `bad_header`, `header_too_long`,
        `corrupt_deflate` or `truncated`.
    """
    elements = dicom_elements.read_elements(data, complete, TAGS)
    return header_of(elements) if elements else None


def header_of(elements: Elements) -> Header:
    """The header in elements that were read with `TAGS`.

    The date is *Study Date* alone: a diagnosis belongs to the visit, whose
    images may be acquired or reprocessed on other days.
    """
    view, view_source = views.find_view(elements)
    laterality, laterality_source = views.find_laterality(elements, view)
    pixels = elements.pixels
    return Header(
        sop_instance_uid=elements.text(_SOP_INSTANCE),
        sop_class_uid=elements.text(_SOP_CLASS),
        study_instance_uid=elements.text(_STUDY_INSTANCE),
        series_instance_uid=elements.text(_SERIES_INSTANCE),
        patient_id=elements.text(_PATIENT_ID),
        study_date=_date(elements.text(_STUDY_DATE)),
        modality=elements.text(_MODALITY),
        laterality=laterality,
        laterality_source=laterality_source,
        view=view,
        view_source=view_source,
        view_modifiers=views.find_view_modifiers(elements),
        patient_age=_age_years(elements.text(_PATIENT_AGE)),
        implant={"YES": True, "NO": False}.get(
            (elements.text(_IMPLANT) or "").upper()),
        manufacturer=elements.text(_MANUFACTURER),
        manufacturer_model=elements.text(_MODEL),
        rows=elements.word(_ROWS),
        columns=elements.word(_COLUMNS),
        frames=max(1, elements.integer(_FRAMES) or 1),
        samples_per_pixel=elements.word(_SAMPLES) or 1,
        bits_allocated=elements.word(_BITS_ALLOCATED),
        bits_stored=attributes.bits_stored(elements),
        photometric=(elements.text(_PHOTOMETRIC) or "").upper() or None,
        transfer_syntax=elements.transfer_syntax,
        presentation_intent=_intent(elements),
        pixel_spacing_mm=_spacing_mm(elements, _SPACING),
        imager_pixel_spacing_mm=_spacing_mm(elements, _IMAGER_SPACING),
        lossy=(elements.text(_LOSSY) == "01"
               or elements.transfer_syntax in decoders.LOSSY),
        has_pixels=pixels is not None,
        float_pixels=(pixels is not None
                      and pixels.tag != dicom_elements.PIXEL_DATA))


def check_mammogram(header: Header, max_image_bytes: int) -> None:
    """Lets a file through that is a mammogram and can become a record.

    Args:
      header: Its header.
      max_image_bytes: Bytes that its unpacked pixels may take.

    Raises:
      Rejected: `not_a_mammogram`, `no_pixel_data`, `multi_frame`, `colour`,
        `unsupported_bits`, `unsupported_transfer_syntax`,
        `no_sop_instance_uid`, `bad_header` or `over_limit`: the first that is
        true, so that what a file is comes before what ails it.
    """
    if (header.modality != "MG"
            and header.sop_class_uid not in _MAMMOGRAPHY_CLASSES):
        raise Rejected("not_a_mammogram", f"modality {header.modality}, SOP "
                       f"class {header.sop_class_uid}")
    if not header.has_pixels:
        raise Rejected("no_pixel_data", f"SOP class {header.sop_class_uid}")
    if header.frames > 1:
        raise Rejected("multi_frame", f"{header.frames} frames")
    if header.samples_per_pixel != 1 or header.photometric not in (
            None, "MONOCHROME1", "MONOCHROME2"):
        raise Rejected("colour", f"{header.samples_per_pixel} samples per "
                       f"pixel, {header.photometric}")
    _check_pixels(header)
    _check_size(header, max_image_bytes)


def _check_pixels(header: Header) -> None:
    allocated, stored = header.bits_allocated, header.bits_stored
    if header.float_pixels:
        raise Rejected("unsupported_bits", "floating point pixels")
    if allocated not in (8, 16) or stored is None or stored > allocated:
        raise Rejected("unsupported_bits", f"{allocated} bits allocated, "
                       f"{stored} stored; expected 8 or 16, and no more "
                       "stored than allocated")
    if header.transfer_syntax not in _SUPPORTED:
        raise Rejected("unsupported_transfer_syntax", header.transfer_syntax)
    if not header.sop_instance_uid:
        raise Rejected("no_sop_instance_uid", "(0008,0018) is absent or empty")
    if header.photometric is None:
        raise Rejected("bad_header", "(0028,0004) Photometric Interpretation "
                       "is absent: nothing says whether 0 is black")


def _check_size(header: Header, max_image_bytes: int) -> None:
    if not header.rows or not header.columns:
        raise Rejected("bad_header", f"(0028,0010) Rows is {header.rows}, "
                       f"(0028,0011) Columns is {header.columns}")
    image_bytes = header.rows * header.columns * (
        (header.bits_allocated or 16) // 8)
    if image_bytes > max_image_bytes:
        raise Rejected("over_limit", f"{header.rows} rows of {header.columns} "
                       f"pixels are {image_bytes} bytes, the limit is "
                       f"{max_image_bytes}")


def _date(text: str | None) -> datetime.date | None:
    """A DA value, or its form before DICOM 3 (PS3.5, 6.2).

    >>> _date("20120315"), _date("2012.03.15"), _date("20120231")
    (datetime.date(2012, 3, 15), datetime.date(2012, 3, 15), None)
    """
    match = re.fullmatch(r"(\d{4})(\.?)(\d\d)\2(\d\d)", text or "", re.ASCII)
    if not match:
        return None
    try:
        return datetime.date(int(match[1]), int(match[3]), int(match[4]))
    except ValueError:
        return None


def _age_years(text: str | None) -> int | None:
    """An AS value in whole years.

    >>> _age_years("056Y"), _age_years("018M"), _age_years("56")
    (56, 1, None)
    """
    match = re.fullmatch(r"(\d{1,3})([DWMY])", text or "", re.ASCII)
    return int(int(match[1]) * _AGE_DAYS[match[2]] / 365.25) if match else None


def _intent(elements: Elements) -> str | None:
    intent = (elements.text(_INTENT) or "").upper()
    if intent in _INTENTS:
        return intent
    return _MAMMOGRAPHY_CLASSES.get(elements.text(_SOP_CLASS) or "")


def _spacing_mm(elements: Elements, tag: int) -> float | None:
    spacing = elements.number(tag)
    return spacing if spacing and spacing > 0 else None
