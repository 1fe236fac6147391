"""From stored values to uint16 levels in which bright is dense.

The order is: mask to BitsStored, modality LUT, windowing (off by default),
polarity, padding to 0. No step looks at more than a pixel's own stored value,
so all of them together are one table over the stored values; most tables turn
out to be an exclusive or, which needs no look-up.

A code is what a pixel's BitsStored bits say, read without sign.
"""

import dataclasses
import functools
import math

import numpy as np

from pipelines.attributes import ImageAttributes, Lut, Window
from pipelines.reasons import Rejected

MAXIMUM = 0xffff
_LARGEST = 1e11  # Times MAXIMUM still a whole number that a float64 holds.
_ROWS_AT_ONCE = 64  # 64 rows of 3328 pixels stay in a core's cache.


@dataclasses.dataclass(frozen=True)
class Levels:
    """What each code becomes, and the declared range of it.

    A level x stands for the modality value x * unit + zero.

    Attributes:
      values: int64 `[2 ** bits_stored]`, the level of each code.
      low: Smallest level that the header allows, at least 0.
      high: Largest level that the header allows, at most 65,535.
      unit: Modality units of one level.
      zero: Modality value of level 0.
    """

    values: np.ndarray
    low: int
    high: int
    unit: float = 1
    zero: float = 0


def stored_values(attributes: ImageAttributes) -> np.ndarray:
    """The stored value of each code, int64 (PS3.5 section 8.1.1).

    Raises:
      Rejected: `bad_header`, Bits Stored cannot be.
    """
    bits = attributes.bits_stored
    if not 1 <= bits <= 16:
        raise Rejected("bad_header",
                       f"Bits Stored is {bits}, expected 1 to 16")
    codes = np.arange(1 << bits, dtype=np.int64)
    if attributes.signed:
        codes[1 << bits - 1:] -= 1 << bits
    return codes


def padding_codes(attributes: ImageAttributes) -> np.ndarray:
    """Which codes are padding, bool (PS3.3 C.7.5.1.1.2).

    Padding is declared in stored values, so it is told apart before any LUT.
    """
    values = stored_values(attributes)
    if attributes.padding is None:
        return np.zeros(values.shape, bool)
    low, high = attributes.padding
    return (values >= low) & (values <= high)


def stored_levels(attributes: ImageAttributes) -> Levels:
    """The stored values themselves, from 0 on: what a file looks like."""
    return _fitted(stored_values(attributes))


def modality_levels(attributes: ImageAttributes) -> Levels:
    """After the Modality LUT (PS3.3 C.11.1).

    Values are rounded half to even; the declared range's minimum is
    subtracted if it is negative; a range beyond 65,535 is scaled down to it.

    Raises:
      Rejected: `bad_header`, Rescale Slope or Intercept is not a number.
    """
    stored = stored_values(attributes)
    lut = attributes.modality_lut
    if lut is not None:
        return _looked_up(lut, stored)
    slope, intercept = attributes.rescale_slope, attributes.rescale_intercept
    rescaled = stored * slope + intercept
    if not (np.abs(rescaled) < _LARGEST).all():
        raise Rejected(
            "bad_header", f"Rescale Slope {slope} and Intercept {intercept} "
            f"give no numbers below {_LARGEST:.0e}, as a detector's are")
    return _fitted(np.rint(rescaled))


def windowed_levels(levels: Levels, attributes: ImageAttributes,
                    windowing: str, index: int = 0) -> Levels:
    """After the VOI LUT (PS3.3 C.11.2), as the recipe's `windowing` says.

    A window maps onto the declared range. What a header lacks, or states with
    a width that the standard forbids, is left out. Of several windows or LUTs
    the one of the index is taken, the last where there are fewer.
    """
    if windowing == "lut" and attributes.voi_luts:
        values = np.rint(levels.values * levels.unit + levels.zero)
        lut = attributes.voi_luts[min(index, len(attributes.voi_luts) - 1)]
        return _looked_up(lut, values.astype(np.int64))
    if windowing == "none" or not attributes.windows:
        return levels
    window = attributes.windows[min(index, len(attributes.windows) - 1)]
    share = _window_share(levels.values * levels.unit + levels.zero,
                          window, attributes.voi_function)
    if share is None:
        return levels
    span = levels.high - levels.low
    values = np.rint(levels.low + share * span).astype(np.int64)
    return dataclasses.replace(levels, values=values)


def is_inverted(attributes: ImageAttributes) -> bool:
    """Whether small values are bright.

    Photometric Interpretation alone decides (PS3.3 C.7.6.3.1.2). Presentation
    LUT Shape (C.11.6) says the same once more: INVERSE is what goes with
    MONOCHROME1 in a mammogram (C.8.11.3), not a second inversion. Where the
    two disagree, it is the shape that software leaves behind unchanged when
    it rewrites pixels as MONOCHROME2.
    """
    return attributes.photometric == "MONOCHROME1"


def polarity_disagrees(attributes: ImageAttributes) -> bool:
    """Whether Presentation LUT Shape contradicts the photometric."""
    expected = "INVERSE" if is_inverted(attributes) else "IDENTITY"
    return attributes.lut_shape not in (None, expected)


def upright_levels(levels: Levels, attributes: ImageAttributes) -> Levels:
    """After polarity: MONOCHROME1 is mirrored on the declared range."""
    if not is_inverted(attributes):
        return levels
    return dataclasses.replace(
        levels, values=levels.low + levels.high - levels.values)


def padded_levels(levels: Levels, attributes: ImageAttributes) -> Levels:
    """After padding has become black."""
    values = np.where(padding_codes(attributes), 0, levels.values)
    return dataclasses.replace(levels, values=values)


def steps(attributes: ImageAttributes, windowing: str,
          voi_index: int = 0) -> list[tuple[str, Levels]]:
    """Each step by name, in order; the last one is what is kept."""
    modality = modality_levels(attributes)
    windowed = windowed_levels(modality, attributes, windowing, voi_index)
    upright = upright_levels(windowed, attributes)
    return [("stored", stored_levels(attributes)),
            ("modality LUT", modality),
            ("windowing", windowed),
            ("polarity", upright),
            ("padding", padded_levels(upright, attributes))]


def _fitted(values: np.ndarray) -> Levels:
    """Whole numbers, brought into 0..65,535 by their declared range."""
    low, high = int(values.min()), int(values.max())
    zero = min(low, 0)
    values, low, high = values - zero, low - zero, high - zero
    if high <= MAXIMUM:
        return Levels(values.astype(np.int64), low, high, zero=zero)
    # In this order the division alone can round, so ties are found exactly.
    scaled = np.rint(values.astype(np.float64) * MAXIMUM / high)
    return Levels(scaled.astype(np.int64), round(low * MAXIMUM / high),
                  MAXIMUM, high / MAXIMUM, zero)


def _looked_up(lut: Lut, values: np.ndarray) -> Levels:
    """A LUT Data entry for each value (PS3.3 C.11.1.1), ends repeated."""
    last = len(lut.values) - 1
    found = lut.values[np.clip(values - lut.first, 0, last)].astype(np.int64)
    # Descriptors have been met that declare fewer bits than the data have.
    bits = max(lut.bits, int(lut.values.max()).bit_length())
    return Levels(found, 0, min((1 << bits) - 1, MAXIMUM))


def _window_share(values: np.ndarray, window: Window,
                  function: str) -> np.ndarray | None:
    """Where each value lies in a window, from 0 to 1 (PS3.3 C.11.2.1).

    Returns None for a width that the standard forbids.
    """
    center, width = float(window.center), float(window.width)
    smallest = 1 if function == "LINEAR" else 0
    if not (math.isfinite(center) and math.isfinite(width)
            and width >= smallest and width > 0):
        return None
    if function == "SIGMOID":
        exponent = np.clip(-4 * (values - center) / width, -700, 700)
        return 1 / (1 + np.exp(exponent))
    if function == "LINEAR":
        center, width = center - 0.5, width - 1
    if not width:
        return (values > center).astype(np.float64)
    return np.clip((values - center) / width + 0.5, 0, 1)


@dataclasses.dataclass(frozen=True)
class Mapping:
    """All steps as one, in its fastest form.

    Attributes:
      shift: How far the code lies above the pixel's lowest bit.
      mask: The code's bits.
      table: uint16, the level of each code; None where `flip_bits` will do.
      flip_bits: Exclusive or with this makes levels of codes.
      black: Levels, first and last, that are padding; None where the table
        says it or there is none.
    """

    shift: int
    mask: int
    table: np.ndarray | None
    flip_bits: int = 0
    black: tuple[int, int] | None = None

    def keeps(self, pixels: np.ndarray) -> bool:
        """Whether pixels without bits beyond `mask` stay as they are."""
        return (pixels.dtype == np.uint16 and not self.shift
                and self.table is None and not self.flip_bits
                and self.black is None)

    def apply(self, pixels: np.ndarray, out: np.ndarray) -> None:
        """Writes the levels of stored pixels, `[rows, columns]`, to `out`."""
        unsigned = pixels.view(f"u{pixels.itemsize}")
        for first in range(0, len(pixels), _ROWS_AT_ONCE):
            rows = slice(first, first + _ROWS_AT_ONCE)
            self._apply_rows(unsigned[rows], out[rows])

    def _apply_rows(self, pixels: np.ndarray, out: np.ndarray) -> None:
        if self.shift:
            pixels = pixels >> self.shift
        np.bitwise_and(pixels, np.uint16(self.mask), out=out)
        if self.table is not None:
            np.take(self.table, out.astype(np.intp), out=out, mode="clip")
            return
        if self.flip_bits:
            np.bitwise_xor(out, np.uint16(self.flip_bits), out=out)
        if self.black is not None:
            first, last = self.black
            # Unsigned, so that levels below the first become large.
            out *= out - np.uint16(first) > last - first


@functools.lru_cache(maxsize=16)
def mapping(attributes: ImageAttributes, windowing: str,
            voi_index: int = 0) -> Mapping:
    """The fastest form of all steps for one image.

    A detector's images mostly share it.

    Args:
      attributes: Of the image.
      windowing: The recipe's.
      voi_index: Likewise.

    Raises:
      Rejected: `bad_header`.
    """
    bits = attributes.bits_stored
    shift = max(0, attributes.high_bit + 1 - bits)
    mask = (1 << bits) - 1
    named = dict(steps(attributes, windowing, voi_index))
    levels = named["polarity"].values
    codes = np.arange(len(levels))
    flip_bits = int(levels[0])
    if np.array_equal(levels, codes ^ flip_bits):
        black = levels[padding_codes(attributes)]
        if not black.any():
            return Mapping(shift, mask, None, flip_bits)
        first, last = int(black.min()), int(black.max())
        if last - first + 1 == len(black):
            return Mapping(shift, mask, None, flip_bits, (first, last))
    return Mapping(shift, mask, named["padding"].values.astype(np.uint16))
