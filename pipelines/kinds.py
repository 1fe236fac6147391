"""What kind of image a file holds: a mammogram, a synthetic one, a volume, ...

Not all that is stored as modality MG is a view of a breast: specimens,
phantoms, biopsies and captures of a screen lie among them. Each is told by
what the standard has for it first (SOP class, Image Type, Quality Control
Image), then by the words that machines write.
"""

import re

from pipelines.dicom_values import Elements

_IMAGE_TYPE = 0x00080008
_SOP_CLASS = 0x00080016
_CONVERSION_TYPE = 0x00080064
_SERIES_DESCRIPTION = 0x0008103E
_QUALITY_CONTROL = 0x00280300
_SPECIMENS = (0x00400551, 0x00400560)  # Specimen Identifier, Description

TAGS = (_IMAGE_TYPE, _SOP_CLASS, _CONVERSION_TYPE, _SERIES_DESCRIPTION,
        _QUALITY_CONTROL, *_SPECIMENS)

TOMOSYNTHESIS_CLASS = "1.2.840.10008.5.1.4.1.1.13.1.3"
_PROJECTION_CLASSES = ("1.2.840.10008.5.1.4.1.1.13.1.4",
                       "1.2.840.10008.5.1.4.1.1.13.1.5")
_CAPTURE_CLASS = "1.2.840.10008.5.1.4.1.1.7"

ACQUIRED, SYNTHETIC, FILM = "2d", "synthetic_2d", "film"
TOMOSYNTHESIS, SLICE = "tomosynthesis", "tomosynthesis_slice"
PROJECTION = "projection"
# Every kind, and what it is.
KINDS: dict[str, str] = {
    ACQUIRED: "a digital mammogram, or a kind that the header does not tell",
    SYNTHETIC: "computed from tomosynthesis (C-View, Intelligent 2D, ...)",
    FILM: "a digitised film",
    TOMOSYNTHESIS: "a volume of several frames",
    SLICE: "one slice of a volume in a file of its own",
    PROJECTION: "the raw projections of a volume",
    "biopsy": "a stereotactic image, or one with a needle",
    "specimen": "tissue that was taken out",
    "phantom": "an image for quality control",
    "screen_capture": "a copy of a screen",
}
# What is a view of a breast.
DEFAULT_KINDS = (ACQUIRED, SYNTHETIC, FILM, TOMOSYNTHESIS)

# Values 3 and 4 of Image Type (PS3.3, C.8.11.7.1.4 and C.8.21.6.1.1).
_GENERATED = ("GENERATED_2D", "TOMO_2D")
_BIOPSY = re.compile(r"(STEREO|PREFIRE|POSTFIRE|POSTBIOPSY|POSTMARKER|"
                     r"TOMO_SCOUT)(_|\Z)")
# Names of synthetic views: Hologic's, Fujifilm's, Siemens's, GE's.
_SYNTHETIC_NAMES = re.compile(
    r"\b(C-?VIEW|INTELLIGENT[ -]?2D|S-?VIEW|INSIGHT[ -]?2D|V-?PREVIEW|"
    r"SYNTHE(TIC|SI[SZ]ED)[ -]2D)\b")
_SPECIMEN_WORDS = re.compile(r"\bSPECIMENS?\b")
# Mammograms after a biopsy are views like any other.
_BIOPSY_WORDS = re.compile(
    r"\bSTEREO(TACTIC)?\b|(?<!POST )(?<!POST-)\bBIOPSY\b")
_CAPTURE_WORDS = re.compile(
    r"\b(SCREEN[ _-]?SAVES?|SCREEN[ _-]?(CAPTURE|SHOT)S?|SSC)\b")


def find_kind(elements: Elements, frames: int) -> str:
    """Which of `KINDS` an image is.

    Args:
      elements: Its header.
      frames: How many it has.
    """
    types = tuple(v.upper() for v in elements.values(_IMAGE_TYPE))
    words = (elements.text(_SERIES_DESCRIPTION) or "").upper()
    class_uid = elements.text(_SOP_CLASS)
    special = _not_a_view(elements, types, words)
    if special:
        return special
    if class_uid in _PROJECTION_CLASSES or "TOMO_PROJ" in types:
        return PROJECTION
    if frames > 1:
        return TOMOSYNTHESIS
    if (any(value in _GENERATED for value in types)
            or _SYNTHETIC_NAMES.search(words)):
        return SYNTHETIC
    # A volume's class with one frame and no type is a synthetic view of an
    # early machine as often as a slice: what is left is its type.
    if "TOMOSYNTHESIS" in types:
        return SLICE
    digitised = (elements.text(_CONVERSION_TYPE) or "").upper() == "DF"
    return FILM if digitised or class_uid == _CAPTURE_CLASS else ACQUIRED


def _not_a_view(elements: Elements, types: tuple[str, ...],
                words: str) -> str | None:
    if (elements.text(_QUALITY_CONTROL) or "").upper() == "YES":
        return "phantom"
    if (any(tag in elements.raw for tag in _SPECIMENS)
            or _SPECIMEN_WORDS.search(words)):
        return "specimen"
    if any(_BIOPSY.match(t) for t in types) or _BIOPSY_WORDS.search(words):
        return "biopsy"
    if (any(_CAPTURE_WORDS.search(t) for t in types)
            or _CAPTURE_WORDS.search(words)):
        return "screen_capture"
    return None
