"""From an image to the size that a network takes."""

from typing import Callable

import cv2
import numpy as np

from pipelines import area
from pipelines.geometry import Box, Size


def fits_by_eighth(size: Size, target: Size) -> bool:
    """Whether an eighth of an image fits into the target.

    >>> fits_by_eighth(Size(3328, 4096), Size(416, 512))
    True
    """
    return (area.cells(size.width) <= target.width
            and area.cells(size.height) <= target.height)


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


def resize(size: Size, target: Size, eighth: Callable[[], np.ndarray],
           whole: Callable[[], np.ndarray]) -> tuple[np.ndarray, float, float]:
    """The whole image, padded with black at its right and bottom.

    Args:
      size: Of the image.
      target: Of the result.
      eighth: Gives the image's means by cell, uint16.
      whole: Gives the image, uint16; called only where an eighth is too
        large.

    Returns:
      uint16 `[target.height, target.width]`, and the image's pixels per
      pixel of it, across and down.
    """
    if fits_by_eighth(size, target):
        return _on_black(eighth(), target), float(area.CELL), float(area.CELL)
    new = fitted(size, target)
    scaled = cv2.resize(whole(), (new.width, new.height),
                        interpolation=cv2.INTER_AREA)
    return (_on_black(scaled, target), size.width / new.width,
            size.height / new.height)


def crop(part: np.ndarray, target: Size) -> tuple[np.ndarray, float, float]:
    """The part of an image within the breast's box, stretched.

    Args:
      part: uint16 `[height, width]`.
      target: Of the result.

    Returns:
      As `resize`.
    """
    height, width = part.shape
    shrinks = width >= target.width and height >= target.height
    scaled = cv2.resize(
        part, (target.width, target.height),
        interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR)
    return scaled, width / target.width, height / target.height


def original_box(method: str, box: Box, size: Size) -> Box:
    """What of the original one variant shows, before the flip."""
    return box if method == "crop" else Box(0, 0, size.width, size.height)


def _on_black(pixels: np.ndarray, target: Size) -> np.ndarray:
    canvas = np.zeros((target.height, target.width), np.uint16)
    canvas[:pixels.shape[0], :pixels.shape[1]] = pixels
    return canvas
