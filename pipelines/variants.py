"""From an image to the size that a network takes."""

from typing import Callable

import cv2
import numpy as np

from pipelines import area
from pipelines.geometry import Box, Size
from pipelines.workspace import Workspace

_BANDS = 4  # OpenCV resizes at most four channels by area.
_MOST_GROUPS = 4


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
           whole: Callable[[], np.ndarray],
           workspace: Workspace) -> tuple[np.ndarray, float, float]:
    """The whole image, padded with black at its right and bottom.

    Args:
      size: Of the image.
      target: Of the result.
      eighth: Gives the image's means by cell, uint16.
      whole: Gives the image, uint16; called only where an eighth is too
        large.
      workspace: Buffers.

    Returns:
      uint16 `[target.height, target.width]`, and the image's pixels per
      pixel of it, across and down.
    """
    if fits_by_eighth(size, target):
        return _on_black(eighth(), target), float(area.CELL), float(area.CELL)
    new = fitted(size, target)
    return (_on_black(shrink(whole(), new, workspace), target),
            size.width / new.width, size.height / new.height)


def crop(part: np.ndarray, target: Size,
         workspace: Workspace) -> tuple[np.ndarray, float, float]:
    """The part of an image within the breast's box, stretched.

    Args:
      part: uint16 `[height, width]`.
      target: Of the result.
      workspace: Buffers.

    Returns:
      As `resize`.
    """
    height, width = part.shape
    if width >= target.width and height >= target.height:
        scaled = shrink(part, target, workspace)
    else:
        scaled = cv2.resize(part, (target.width, target.height),
                            interpolation=cv2.INTER_LINEAR)
    return scaled, width / target.width, height / target.height


def shrink(pixels: np.ndarray, size: Size, workspace: Workspace) -> np.ndarray:
    """OpenCV's INTER_AREA, in half its time where heights can be divided.

    OpenCV adds up one pixel after the other, each sum waiting for the last.
    Bands of the image, laid side by side as channels, are added up at the
    same time, and each in the same order as alone. A few bands at a time
    keep the copy small.

    Args:
      pixels: uint16 `[height, width]`, neither side smaller than the size's.
      size: Of the result.
      workspace: Buffers.
    """
    height, width = pixels.shape
    groups = _MOST_GROUPS
    while groups and (height % (groups * _BANDS)
                      or size.height % (groups * _BANDS)):
        groups //= 2
    if not groups:
        return cv2.resize(pixels, (size.width, size.height),
                          interpolation=cv2.INTER_AREA)
    result = np.empty((groups, _BANDS, size.height // (groups * _BANDS),
                       size.width), np.uint16)
    bands = workspace.buffer("bands", height // (groups * _BANDS), width,
                             _BANDS)
    for group, parts in zip(result, np.split(pixels, groups)):
        cv2.merge(np.split(parts, _BANDS), bands)
        small = cv2.resize(bands, (size.width, group.shape[1]),
                           interpolation=cv2.INTER_AREA)
        group[...] = small.reshape(*group.shape[1:], _BANDS).transpose(2, 0, 1)
    return result.reshape(size.height, size.width)


def original_box(method: str, box: Box, size: Size) -> Box:
    """What of the original one variant shows, before the flip."""
    return box if method == "crop" else Box(0, 0, size.width, size.height)


def _on_black(pixels: np.ndarray, target: Size) -> np.ndarray:
    canvas = np.zeros((target.height, target.width), np.uint16)
    canvas[:pixels.shape[0], :pixels.shape[1]] = pixels
    return canvas
