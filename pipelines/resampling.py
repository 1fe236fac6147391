"""Where the pixels of a `resize` variant lie in the image: plain geometry.

In the upright image, whose chest wall is at the left. Pixels are put at the
target's top left; what is left of it is black.
"""

import dataclasses

from pipelines.geometry import Box, Resample, Size
from pipelines.reasons import Rejected
from pipelines.spacing import Spacing


@dataclasses.dataclass(frozen=True)
class Placed:
    """What is shown of an image, and how large.

    Attributes:
      shown: The part of the upright image.
      size: Of what becomes of it.
      scale_x: Original pixels per pixel of it, across.
      scale_y: Likewise, down.
      factor: Where each pixel is the mean of a square of whole pixels: its
        side; the squares at the right and bottom may hang over. Else 0.
    """

    shown: Box
    size: Size
    scale_x: float
    scale_y: float
    factor: int = 0


def place(resample: Resample, spacing: Spacing | None, size: Size,
          target: Size, middle: int) -> Placed:
    """Where and how large an image is shown.

    Args:
      resample: How.
      spacing: Distances of the image's pixels, where they are known.
      size: Of the image.
      target: What the result has to fit into.
      middle: The row about which rows are left out, where not all fit.

    Raises:
      Rejected: `no_pixel_spacing`, only for `spacing`.
    """
    if resample.method == "spacing":
        return _by_spacing(resample, spacing, size, target, middle)
    whole = Box(0, 0, size.width, size.height)
    factor = int(resample.value or 0)
    if factor:
        small = Size(-(-size.width // factor), -(-size.height // factor))
        if small.width <= target.width and small.height <= target.height:
            return Placed(whole, small, float(factor), float(factor), factor)
    small = fitted(size, target)
    return Placed(whole, small, size.width / small.width,
                  size.height / small.height)


def fitted(size: Size, target: Size) -> Size:
    """The largest size of the same shape within the target, rounded.

    >>> fitted(Size(2864, 4432), Size(416, 512))
    Size(width=331, height=512)
    """
    width, height = size.width, size.height
    if height * target.width >= width * target.height:
        scaled = (target.height * width + height // 2) // height
        return Size(max(1, scaled), target.height)
    scaled = (target.width * height + width // 2) // width
    return Size(target.width, max(1, scaled))


def _by_spacing(resample: Resample, spacing: Spacing | None, size: Size,
                target: Size, middle: int) -> Placed:
    """Pixels of so many mm, but for the rounding to whole ones.

    Columns are left out at the right, away from the chest wall.
    """
    if spacing is None:
        raise Rejected("no_pixel_spacing", "neither (0028,0030) Pixel Spacing "
                       "nor (0018,1164) Imager Pixel Spacing is a distance")
    wanted = resample.value or 0.0
    left, width, columns = _side(
        size.width, wanted / spacing.columns_mm, target.width, 0)
    top, height, rows = _side(
        size.height, wanted / spacing.rows_mm, target.height, middle)
    return Placed(Box(left, top, width, height), Size(columns, rows),
                  width / columns, height / rows)


def _side(length: int, scale: float, target: int,
          middle: int) -> tuple[int, int, int]:
    """First pixel and number of pixels shown of one side, and what becomes of
    them.

    >>> _side(4096, 8.0, 512, 2000), _side(4096, 11.2, 512, 2000)
    ((0, 4096, 512), (0, 4096, 366))
    >>> _side(4096, 4.0, 512, 2000)
    (976, 2048, 512)
    """
    shown = min(length, max(1, round(target * scale)))
    first = min(max(0, middle - shown // 2), length - shown)
    return first, shown, min(target, max(1, round(shown / scale)))
