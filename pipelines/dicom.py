"""What the scan learns of a file from its header.

Only what `Header` holds is ever taken from a data set. Names, birth dates and
free text are not among the elements that are read.
"""

import datetime
import re

from pipelines import acceptance, attributes, decoders, dicom_elements
from pipelines import kinds, modifiers, remarks, spacing, views
from pipelines.acceptance import check_mammogram
from pipelines.attributes import ImageAttributes, Lut, Window
from pipelines.dicom_elements import Buffer
from pipelines.dicom_values import Elements
from pipelines.header import Header

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
_WINDOW_CENTER, _WINDOW_WIDTH = 0x00281050, 0x00281051
_VOI_FUNCTION = 0x00281056

# Every element that is read from a file.
TAGS = (_CHARACTER_SET, _SOP_CLASS, _SOP_INSTANCE, _STUDY_DATE, _MODALITY,
        _INTENT, _MANUFACTURER, _MODEL, _PATIENT_ID, _PATIENT_AGE,
        _IMAGER_SPACING, _STUDY_INSTANCE, _SERIES_INSTANCE, _SAMPLES, _FRAMES,
        _SPACING, _IMPLANT, _LOSSY, *kinds.TAGS, *views.TAGS,
        *modifiers.TAGS, *spacing.TAGS, *attributes.TAGS)

_INTENTS = ("FOR PRESENTATION", "FOR PROCESSING")
# Days of an age's units (PS3.5, 6.2, AS), by years of 365.25 days.
_AGE_DAYS = {"D": 1, "W": 7, "M": 365.25 / 12, "Y": 365.25}


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
    named = views.view_answers(elements)
    view, view_source = views.first(named)
    sides = views.laterality_answers(elements, view)
    laterality, laterality_source = views.first(sides)
    pixels, frames = elements.pixels, _frames(elements)
    found = spacing.find_spacing(elements)
    return Header(
        sop_instance_uid=elements.text(_SOP_INSTANCE),
        sop_class_uid=elements.text(_SOP_CLASS),
        study_instance_uid=elements.text(_STUDY_INSTANCE),
        series_instance_uid=elements.text(_SERIES_INSTANCE),
        patient_id=elements.text(_PATIENT_ID),
        study_date=_date(elements.text(_STUDY_DATE)),
        modality=elements.text(_MODALITY),
        image_kind=kinds.find_kind(elements, frames),
        laterality=laterality,
        laterality_source=laterality_source,
        view=view,
        view_source=view_source,
        view_modifiers=modifiers.find_view_modifiers(elements),
        patient_age=_age_years(elements.text(_PATIENT_AGE)),
        implant={"YES": True, "NO": False}.get(
            (elements.text(_IMPLANT) or "").upper()),
        manufacturer=elements.text(_MANUFACTURER),
        manufacturer_model=elements.text(_MODEL),
        rows=elements.word(_ROWS),
        columns=elements.word(_COLUMNS),
        frames=frames,
        samples_per_pixel=elements.word(_SAMPLES) or 1,
        bits_allocated=elements.word(_BITS_ALLOCATED),
        bits_stored=attributes.bits_stored(elements),
        photometric=(elements.text(_PHOTOMETRIC) or "").upper() or None,
        transfer_syntax=elements.transfer_syntax,
        presentation_intent=_intent(elements),
        window_center=elements.values(_WINDOW_CENTER),
        window_width=elements.values(_WINDOW_WIDTH),
        voi_function=elements.text(_VOI_FUNCTION),
        voi_luts=attributes.count_voi_luts(elements),
        pixel_spacing_mm=spacing.between_rows_mm(elements, _SPACING),
        imager_pixel_spacing_mm=spacing.between_rows_mm(
            elements, _IMAGER_SPACING),
        magnification_factor=modifiers.magnification_factor(elements),
        breast_spacing_mm=found.rows_mm if found else None,
        spacing_source=found.source if found else None,
        lossy=(elements.text(_LOSSY) == "01"
               or elements.transfer_syntax in decoders.LOSSY),
        has_pixels=pixels is not None,
        float_pixels=(pixels is not None
                      and pixels.tag != dicom_elements.PIXEL_DATA),
        remarks=_remarks(elements, named, sides))


def _remarks(elements: Elements, named: tuple[views.Answer, ...],
             sides: tuple[views.Answer, ...]) -> tuple[str, ...]:
    """What is odd about a header, as codes of `remarks.REMARKS`."""
    found = {
        "view_contradicted": views.contradicted(named),
        "laterality_contradicted": views.contradicted(sides),
        "intent_contradicted": _class_intent(elements) not in (
            None, _intent(elements)),
        "frames_malformed": (elements.text(_FRAMES) is not None
                             and elements.integer(_FRAMES) is None),
    }
    return remarks.ordered([*attributes.remarks_on(elements), *(
        code for code, is_so in found.items() if is_so)])


def _frames(elements: Elements) -> int:
    return max(1, elements.integer(_FRAMES) or 1)


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
    return _class_intent(elements)


def _class_intent(elements: Elements) -> str | None:
    return acceptance.MAMMOGRAPHY_CLASSES.get(elements.text(_SOP_CLASS) or "")
