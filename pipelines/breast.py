"""Where the breast is.

Both rules work on the copy of the image area-averaged by 8 (`area.survey`)
and give a box in pixels of the image itself.
"""

import cv2
import numpy as np

from pipelines import area
from pipelines import morphology
from pipelines.geometry import Box

# Shares of the shorter side, of the threshold and of the box's sides, tried by
# eye on real images, film and digital.
_BORDER = 0.02
_OPENING = 0.05
_GROW_ABOVE = 0.4
_GROW_STEPS = 2
_MARGIN = 0.05
_BLUR = (5, 5)


def breast_component(eighth: np.ndarray) -> np.ndarray | None:
    """The cells that show the breast.

    Dim skin counts (hence the square root), film edges do not (hence the
    dropped border), and an opening cuts off labels that touch the breast.

    Args:
      eighth: uint16 `[rows, columns]`, bright is dense.

    Returns:
      bool mask of the same shape, False in the border; None where nothing
      looks like a breast.
    """
    border = _border(eighth)
    if min(eighth.shape) <= 2 * border:
        return None
    inside = np.s_[border:eighth.shape[0] - border,
                   border:eighth.shape[1] - border]
    levels = _root_levels(cv2.GaussianBlur(eighth, _BLUR, 0)[inside])
    threshold, bright = cv2.threshold(levels, 0, 1,
                                      cv2.THRESH_BINARY + cv2.THRESH_OTSU)
    reaches = morphology.ellipse_reaches(
        max(3, round(_OPENING * min(eighth.shape)) | 1))
    opened = morphology.dilate(morphology.erode(bright, reaches), reaches)
    core = _largest(opened)
    if core is None:
        return None
    grown = core
    for _ in range(_GROW_STEPS):
        grown = morphology.dilate(grown, reaches)
    grown &= (levels > _GROW_ABOVE * threshold).view(np.uint8)
    # The core is bright and connected, so it lies in one component.
    _, labels = cv2.connectedComponents(grown, connectivity=8)
    mask = np.zeros(eighth.shape, bool)
    mask[inside] = labels == labels.flat[core.argmax()]
    return mask


def component_box(mask: np.ndarray, width: int, height: int) -> Box:
    """The box around a breast's component, in pixels of the image.

    Out to the image's edge where the component touches the dropped border,
    and elsewhere by a margin.

    Args:
      mask: From `breast_component`.
      width: Of the image, in pixels.
      height: Likewise.
    """
    border = _border(mask)
    left, right = _extent(mask.any(axis=0), border)
    top, bottom = _extent(mask.any(axis=1), border)
    box = Box(left, top, right - left, bottom - top)
    return box.scaled(area.CELL).clipped(width, height)


def through_border(mask: np.ndarray) -> np.ndarray:
    """The component, running on through the dropped border to the edge."""
    border = _border(mask)
    return np.pad(mask[border:-border, border:-border], border, mode="edge")


def otsu_box(eighth: np.ndarray, width: int, height: int) -> Box | None:
    """The thesis's plain rule: the box with the most foreground pixels.

    Args:
      eighth: uint16 `[rows, columns]`, bright is dense.
      width: Of the image, in pixels.
      height: Likewise.

    Returns:
      The box in pixels of the image, None where there is no foreground.
    """
    blurred = cv2.GaussianBlur(eighth, _BLUR, 0)
    _, bright = cv2.threshold(blurred, 0, 1,
                              cv2.THRESH_BINARY + cv2.THRESH_OTSU)
    contours, _ = cv2.findContours(bright.astype(np.uint8), cv2.RETR_EXTERNAL,
                                   cv2.CHAIN_APPROX_SIMPLE)
    boxes = [Box(*cv2.boundingRect(contour)) for contour in contours]
    if not boxes:
        return None
    # Of equal ones the topmost, then the leftmost: contours have no order
    # that OpenCV promises.
    best = max(boxes, key=lambda box: (
        cv2.countNonZero(bright[box.top:box.bottom, box.left:box.right]),
        -box.top, -box.left))
    return best.scaled(area.CELL).clipped(width, height)


def _border(cells: np.ndarray) -> int:
    return max(1, round(_BORDER * min(cells.shape)))


def _root_levels(values: np.ndarray) -> np.ndarray:
    """Square roots, scaled to 0..255."""
    root = np.sqrt(values.astype(np.float32))
    low, high = float(root.min()), float(root.max())
    return np.rint((root - low) * (255 / ((high - low) or 1))).astype(np.uint8)


def _largest(mask: np.ndarray) -> np.ndarray | None:
    """The largest 8-connected component of a mask, as uint8."""
    count, labels, stats, _ = cv2.connectedComponentsWithStats(
        mask, connectivity=8)
    if count < 2:
        return None
    largest = 1 + int(np.argmax(stats[1:, cv2.CC_STAT_AREA]))
    return (labels == largest).view(np.uint8)


def _extent(occupied: np.ndarray, border: int) -> tuple[int, int]:
    """First and last cell + 1 of the box along one side."""
    length = len(occupied)
    found = np.flatnonzero(occupied)
    first, last = int(found[0]), int(found[-1]) + 1
    margin = round(_MARGIN * (last - first))
    return (0 if first <= border else max(0, first - margin),
            length if last >= length - border else min(length, last + margin))
