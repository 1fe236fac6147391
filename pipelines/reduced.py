"""JPEG 2000 at a quarter of its size, through its own resolution levels.

A wavelet stream holds the smaller image as a part of its own, which is read
in an eighth of the time. Each of its pixels then stands for 4 x 4 of the
image's, so that all that follows goes by the image's own pixels, and every
variant is what it would be alone. An eighth would do for the mean of 8 x 8;
a crop shows more than that.
"""

import io
import struct

import numpy as np
from PIL import Jpeg2KImagePlugin

LEVELS = 2
_COD = 0xFF52
_START_OF_TILE = 0xFF90
_END = b"\xff\xd9"
# How far from its end a stream's end marker may be: fragments are padded.
_MAX_PADDING_BYTES = 4096


def decode(stream: memoryview, precision: int, out: np.ndarray) -> bool:
    """Decodes a codestream at a quarter, each pixel for 4 x 4.

    At half, each for 2 x 2, where a stream has no more levels or a side has
    one pixel more than whole squares, of which Pillow loses the last.

    Args:
      stream: From its first marker on, of one component without sign.
      precision: Bits of its pixels.
      out: uint8 or, beyond 8 bits, uint16 `[rows, columns]`; written to.

    Returns:
      Whether it could be done. Only a full decoding tells what is wrong with
      a stream; one without its end may lack pixels.
    """
    levels = min(LEVELS, _levels(stream))
    if any(side % (1 << LEVELS) == 1 for side in out.shape):
        levels = min(1, levels)
    if not levels or _END not in bytes(stream[-_MAX_PADDING_BYTES:]):
        return False
    try:
        image = Jpeg2KImagePlugin.Jpeg2KImageFile(io.BytesIO(stream))
        image.reduce = levels
        image.load()
    except (OSError, SyntaxError):
        return False
    small = np.asarray(image)
    # Pillow fills the bits of its own pixels from above.
    _enlarge(small >> (8 * small.itemsize - precision), 1 << levels, out)
    return True


def _enlarge(small: np.ndarray, factor: int, out: np.ndarray) -> None:
    """Writes each pixel of a smaller image to its square of the image.

    A wavelet's low-pass sample n is the mean about pixel n * factor (ISO
    15444-1, F.3), so that its square begins half a factor before that: at
    that pixel itself the difference to a full decoding is three times as
    large.
    """
    half = factor // 2
    small = np.pad(small, ((0, 1), (0, 1)), mode="edge")
    wide = np.repeat(small, factor, axis=1)[:, half:half + out.shape[1]]
    for row in range(factor):
        rows = out[row::factor]
        first = (row + half) // factor
        rows[...] = wide[first:first + len(rows)]


def _levels(stream: memoryview) -> int:
    """Decompositions that the COD segment states (ISO 15444-1, A.6.1)."""
    position = 2
    while position + 10 <= len(stream):
        marker, length = struct.unpack(">HH", stream[position:position + 4])
        if marker == _COD:
            return stream[position + 9]
        if marker == _START_OF_TILE:
            break
        position += 2 + length
    return 0
