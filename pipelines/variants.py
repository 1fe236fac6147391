"""From an image to the size that a network takes."""

import cv2
import numpy as np

from pipelines.geometry import Size
from pipelines.workspace import Workspace

_BANDS = 4  # OpenCV resizes at most four channels by area.
_MOST_GROUPS = 8


def by_factor(pixels: np.ndarray, factor: int) -> np.ndarray:
    """The mean of factor x factor pixels, zeros beyond right and bottom.

    Args:
      pixels: uint16 `[height, width]`.
      factor: Pixels, across and down.

    Returns:
      uint16 `[ceil(height / factor), ceil(width / factor)]`, as OpenCV's
      INTER_AREA rounds it.
    """
    height, width = pixels.shape
    rows, columns = -(-height // factor), -(-width // factor)
    padded = on_black(pixels, Size(columns * factor, rows * factor))
    return cv2.resize(padded, (columns, rows), interpolation=cv2.INTER_AREA)


def stretch(part: np.ndarray, target: Size, workspace: Workspace,
            flipped: bool = False) -> np.ndarray:
    """A part of an image in another size, whatever becomes of its shape.

    Args:
      part: uint16 `[height, width]`.
      target: Of the result.
      workspace: Buffers.
      flipped: Whether the part is mirrored, left to right, before that.

    Returns:
      uint16 `[target.height, target.width]`: area means, or where a side is
      enlarged, linear between pixels.
    """
    height, width = part.shape
    if width >= target.width and height >= target.height:
        return shrink(part, target, workspace, flipped)
    return cv2.resize(mirror(part, workspace) if flipped else part,
                      (target.width, target.height),
                      interpolation=cv2.INTER_LINEAR)


def mirror(pixels: np.ndarray, workspace: Workspace) -> np.ndarray:
    """An image mirrored left to right, valid until the next one is."""
    return cv2.flip(pixels, 1, workspace.buffer("mirrored", *pixels.shape))


def shrink(pixels: np.ndarray, size: Size, workspace: Workspace,
           flipped: bool = False) -> np.ndarray:
    """OpenCV's INTER_AREA, in half its time where heights can be divided.

    OpenCV adds up one pixel after the other, each sum waiting for the last.
    Bands of the image, laid side by side as channels, are added up at the
    same time, and each in the same order as alone. A few bands at a time
    keep the copy small, and in the processor's cache while it is mirrored.

    Args:
      pixels: uint16 `[height, width]`, neither side smaller than the size's.
      size: Of the result.
      workspace: Buffers.
      flipped: Whether the image is mirrored, left to right, before that.
    """
    height, width = pixels.shape
    groups = _MOST_GROUPS
    while groups and (height % (groups * _BANDS)
                      or size.height % (groups * _BANDS)):
        groups //= 2
    if not groups:
        return cv2.resize(mirror(pixels, workspace) if flipped else pixels,
                          (size.width, size.height),
                          interpolation=cv2.INTER_AREA)
    result = np.empty((groups, _BANDS, size.height // (groups * _BANDS),
                       size.width), np.uint16)
    bands = workspace.buffer("bands", height // (groups * _BANDS), width,
                             _BANDS)
    for group, parts in zip(result, np.split(pixels, groups)):
        cv2.merge(np.split(parts, _BANDS), bands)
        if flipped:
            cv2.flip(bands, 1, bands)
        small = cv2.resize(bands, (size.width, group.shape[1]),
                           interpolation=cv2.INTER_AREA)
        group[...] = small.reshape(*group.shape[1:], _BANDS).transpose(2, 0, 1)
    return result.reshape(size.height, size.width)


def on_black(pixels: np.ndarray, size: Size) -> np.ndarray:
    """An image at the top left of a larger black one."""
    canvas = np.zeros((size.height, size.width), np.uint16)
    canvas[:pixels.shape[0], :pixels.shape[1]] = pixels
    return canvas
