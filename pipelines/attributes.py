"""What a header says about the meaning of its pixel values.

Modality LUT or rescale, padding, VOI LUTs and windows, polarity: everything
that preprocessing needs besides the pixels (PS3.3, C.7.6.3, C.11.1, C.11.2).
"""

import dataclasses

import numpy as np

from pipelines.dicom_values import Elements
from pipelines.spacing import Spacing, find_spacing

_PHOTOMETRIC = 0x00280004
_ROWS, _COLUMNS = 0x00280010, 0x00280011
_BITS_ALLOCATED, _BITS_STORED, _HIGH_BIT = 0x00280100, 0x00280101, 0x00280102
_PIXEL_REPRESENTATION = 0x00280103
_PADDING, _PADDING_LIMIT = 0x00280120, 0x00280121
_WINDOW_CENTER, _WINDOW_WIDTH = 0x00281050, 0x00281051
_RESCALE_INTERCEPT, _RESCALE_SLOPE = 0x00281052, 0x00281053
_VOI_FUNCTION = 0x00281056
_MODALITY_LUTS, _VOI_LUTS = 0x00283000, 0x00283010
_LUT_DESCRIPTOR, _LUT_DATA = 0x00283002, 0x00283006
_LUT_SHAPE = 0x20500020

TAGS = (_PHOTOMETRIC, _ROWS, _COLUMNS, _BITS_ALLOCATED, _BITS_STORED,
        _HIGH_BIT, _PIXEL_REPRESENTATION, _PADDING, _PADDING_LIMIT,
        _WINDOW_CENTER, _WINDOW_WIDTH, _RESCALE_INTERCEPT, _RESCALE_SLOPE,
        _VOI_FUNCTION, _MODALITY_LUTS, _VOI_LUTS, _LUT_SHAPE)

_VOI_FUNCTIONS = ("LINEAR", "LINEAR_EXACT", "SIGMOID")


@dataclasses.dataclass(frozen=True, eq=False)
class Lut:
    """A lookup table (PS3.3, C.11.1.1 and C.11.2.1.1).

    Attributes:
      first: The input value that maps to `values[0]`; smaller ones do too.
      values: uint16 `[entries]`, at least one.
      bits: Of the output's declared range, `[0, 2**bits - 1]`.
    """

    first: int
    values: np.ndarray
    bits: int


@dataclasses.dataclass(frozen=True)
class Window:
    """A window in the modality LUT's output values; `width` is positive."""

    center: float
    width: float


@dataclasses.dataclass(frozen=True)
class ImageAttributes:
    """How stored values become grey values.

    Attributes:
      rows: Height in pixels.
      columns: Width in pixels.
      bits_allocated: 8 or 16.
      bits_stored: Bits of a value, at most `bits_allocated`.
      high_bit: The highest of them, counted from 0.
      signed: Whether they are in two's complement.
      photometric: 'MONOCHROME1' or 'MONOCHROME2'.
      lut_shape: *Presentation LUT Shape*: 'IDENTITY', 'INVERSE' or None.
      rescale_slope: 1 where absent, malformed or zero.
      rescale_intercept: 0 where absent or malformed.
      modality_lut: The modality LUT, in place of the rescale, or None.
      padding: Lowest and highest stored value of what is no image, both
        inclusive, or None.
      windows: Every sound pair of center and width.
      voi_function: 'LINEAR', 'LINEAR_EXACT' or 'SIGMOID'.
      voi_luts: Every sound VOI LUT.
      transfer_syntax: UID.
      lossy: Whether the values may have been changed by compression.
      spacing: Distances of pixels in the breast, or None.
    """

    rows: int
    columns: int
    bits_allocated: int
    bits_stored: int
    high_bit: int
    signed: bool
    photometric: str
    lut_shape: str | None
    rescale_slope: float
    rescale_intercept: float
    modality_lut: Lut | None
    padding: tuple[int, int] | None
    windows: tuple[Window, ...]
    voi_function: str
    voi_luts: tuple[Lut, ...]
    transfer_syntax: str
    lossy: bool
    spacing: Spacing | None = None


def read_attributes(elements: Elements, lossy: bool) -> ImageAttributes:
    """The attributes of an image that `check_mammogram` has let through."""
    allocated = elements.word(_BITS_ALLOCATED) or 16
    stored = bits_stored(elements) or allocated
    high_bit = elements.word(_HIGH_BIT)
    if high_bit is None or not stored - 1 <= high_bit < allocated:
        high_bit = stored - 1
    signed = elements.word(_PIXEL_REPRESENTATION) == 1
    intercept = elements.number(_RESCALE_INTERCEPT) or 0.0
    modality_luts = _luts(elements, _MODALITY_LUTS, signed)
    # Behind a modality LUT nothing is negative (PS3.3, C.11.2.1.1).
    negative = not modality_luts and (signed or intercept < 0)
    function = _voi_function(elements)
    shape = elements.text(_LUT_SHAPE)
    return ImageAttributes(
        rows=elements.word(_ROWS) or 0,
        columns=elements.word(_COLUMNS) or 0,
        bits_allocated=allocated,
        bits_stored=stored,
        high_bit=high_bit,
        signed=signed,
        photometric=(elements.text(_PHOTOMETRIC) or "").upper(),
        lut_shape=shape.upper() if shape else None,
        rescale_slope=elements.number(_RESCALE_SLOPE) or 1.0,
        rescale_intercept=intercept,
        modality_lut=modality_luts[0] if modality_luts else None,
        padding=_padding(elements, signed),
        windows=_windows(elements),
        voi_function=function if function in _VOI_FUNCTIONS else "LINEAR",
        voi_luts=_luts(elements, _VOI_LUTS, negative),
        transfer_syntax=elements.transfer_syntax,
        lossy=lossy,
        spacing=find_spacing(elements))


def remarks_on(elements: Elements) -> list[str]:
    """Which of `remarks.REMARKS` are true of the attributes of an image."""
    shape = (elements.text(_LUT_SHAPE) or "").upper()
    photometric = (elements.text(_PHOTOMETRIC) or "").upper()
    expected = "INVERSE" if photometric == "MONOCHROME1" else "IDENTITY"
    stored, high_bit = bits_stored(elements), elements.word(_HIGH_BIT)
    function = _voi_function(elements)
    found = {
        "polarity_contradicted": shape not in ("", expected),
        "bits_misplaced": (stored is not None and high_bit is not None
                           and high_bit != stored - 1),
        "rescale_malformed": _rescale_is_malformed(elements),
        "window_malformed": _a_window_is_malformed(elements, function),
        "voi_lut_malformed": _a_lut_is_malformed(elements, _VOI_LUTS),
        "voi_function_unknown": function not in ("", *_VOI_FUNCTIONS),
    }
    return [code for code, is_so in found.items() if is_so]


def count_voi_luts(elements: Elements) -> int:
    """How many VOI LUTs can be used."""
    return len(_luts(elements, _VOI_LUTS, False))


def _voi_function(elements: Elements) -> str:
    return (elements.text(_VOI_FUNCTION) or "").upper()


def _rescale_is_malformed(elements: Elements) -> bool:
    wrong = any(elements.text(tag) is not None and elements.number(tag) is None
                for tag in (_RESCALE_SLOPE, _RESCALE_INTERCEPT))
    return (wrong or elements.number(_RESCALE_SLOPE) == 0
            or _a_lut_is_malformed(elements, _MODALITY_LUTS))


def _a_window_is_malformed(elements: Elements, function: str) -> bool:
    centers = elements.numbers(_WINDOW_CENTER)
    widths = elements.numbers(_WINDOW_WIDTH)
    exact = function in ("LINEAR_EXACT", "SIGMOID")
    return len(centers) != len(widths) or None in centers or any(
        width is None or width <= 0 or (width < 1 and not exact)
        for width in widths)


def _a_lut_is_malformed(elements: Elements, tag: int) -> bool:
    if tag not in elements.raw:
        return False
    items = elements.items(tag)
    return not items or not all(map(_is_sound, items))


def _is_sound(item: Elements) -> bool:
    """Whether a table has the entries and bits that its descriptor says."""
    lut = _lut(item, False)
    return lut is not None and lut.bits == np.frombuffer(
        item.words(_LUT_DESCRIPTOR), "<u2", 3)[2]


def bits_stored(elements: Elements) -> int | None:
    """(0028,0101) *Bits Stored*, all that are allocated if it is absent."""
    return elements.word(_BITS_STORED) or elements.word(_BITS_ALLOCATED)


def _padding(elements: Elements, signed: bool) -> tuple[int, int] | None:
    """(0028,0120) to (0028,0121), in either order (PS3.3, C.7.5.1.1.2)."""
    value = elements.word(_PADDING, signed)
    if value is None:
        return None
    limit = elements.word(_PADDING_LIMIT, signed)
    limit = value if limit is None else limit
    return min(value, limit), max(value, limit)


def _windows(elements: Elements) -> tuple[Window, ...]:
    pairs = zip(elements.numbers(_WINDOW_CENTER),
                elements.numbers(_WINDOW_WIDTH))
    return tuple(Window(center, width) for center, width in pairs
                 if center is not None and width is not None and width > 0)


def _luts(elements: Elements, tag: int, signed: bool) -> tuple[Lut, ...]:
    luts = (_lut(item, signed) for item in elements.items(tag))
    return tuple(lut for lut in luts if lut is not None)


def _lut(item: Elements, signed: bool) -> Lut | None:
    """One item's table; None if its data does not fill its descriptor.

    Entries may be packed two in a word if they have 8 bits. The first input
    value is signed like the values that come in, whatever VR it was given.
    """
    descriptor = item.words(_LUT_DESCRIPTOR)
    if len(descriptor) < 6:
        return None
    count, _, bits = np.frombuffer(descriptor, "<u2", 3).tolist()
    signed = signed or item.vr(_LUT_DESCRIPTOR) == "SS"
    first = int.from_bytes(descriptor[2:4], "little", signed=signed)
    count = count or 1 << 16
    data = item.words(_LUT_DATA)
    if len(data) >= 2 * count:
        values = np.frombuffer(data, "<u2", count).astype(np.uint16)
    elif len(data) >= count:
        values = np.frombuffer(data, np.uint8, count).astype(np.uint16)
    else:
        return None
    needed = int(values.max()).bit_length()
    return Lut(first, values, min(16, max(bits, needed, 1)))
