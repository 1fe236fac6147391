"""One image of the frames of a tomosynthesis (PS3.3, A.55 and C.7.6.16).

Each frame may have a rescale and a window of its own, and lie anywhere in the
file: where frames belong is told by their dimension indices.
"""

import dataclasses
from collections.abc import Callable, Sequence

import numpy as np

from pipelines import intensity
from pipelines.attributes import ImageAttributes
from pipelines.dicom_values import Elements
from pipelines.recipe import Recipe

_SHARED_GROUPS, _FRAME_GROUPS = 0x52009229, 0x52009230
_FRAME_CONTENT = 0x00209111
_DIMENSION_INDICES, _IN_STACK_POSITION = 0x00209157, 0x00209057
# Pixel Value Transformation and Frame VOI LUT.
_GREY_MACROS = (0x00289145, 0x00289132)


def frame_elements(elements: Elements, count: int
                   ) -> Callable[[int], Elements]:
    """Gives the header of each frame, with what holds for it alone.

    Args:
      elements: The file's header.
      count: How many frames it has.
    """
    shared = elements.items(_SHARED_GROUPS)[:1]
    groups = elements.items(_FRAME_GROUPS)

    def of(index: int) -> Elements:
        own = groups[index:index + 1] if len(groups) == count else ()
        raw = dict(elements.raw)
        for group in (*shared, *own):
            for macro in _GREY_MACROS:
                for item in group.items(macro)[:1]:
                    raw |= item.raw
        return dataclasses.replace(elements, raw=raw)

    return of


def frame_order(elements: Elements, count: int) -> Sequence[int]:
    """The frames as they lie in the breast.

    By (0020,9157) *Dimension Index Values*, or (0020,9057) *In-Stack Position
    Number*; as they lie in the file where neither tells them all apart.
    """
    groups = elements.items(_FRAME_GROUPS)
    if len(groups) == count:
        contents = [next(iter(group.items(_FRAME_CONTENT)), Elements({}))
                    for group in groups]
        for tag in (_DIMENSION_INDICES, _IN_STACK_POSITION):
            keys = [_numbers(content, tag) for content in contents]
            lengths = {len(key) for key in keys}
            if len(set(keys)) == count and len(lengths) == 1:
                return sorted(range(count), key=keys.__getitem__)
    return range(count)


def middle(order: Sequence[int]) -> int:
    """The middle frame; of an even number the one behind the middle.

    >>> middle([2, 0, 1]), middle([0, 1, 2, 3])
    (0, 2)
    """
    return order[len(order) // 2]


class MaximumIntensity:
    """The maximum of frames, which are given one after the other."""

    def __init__(self, recipe: Recipe):
        self._recipe = recipe
        self._levels: np.ndarray | None = None
        self._buffer: np.ndarray | None = None

    def add(self, pixels: np.ndarray, attributes: ImageAttributes) -> None:
        """Takes one frame: stored pixels, and what they mean."""
        mapping = intensity.mapping(
            attributes, self._recipe.windowing, self._recipe.voi_index)
        if self._levels is None or self._buffer is None:
            self._levels = np.zeros(pixels.shape, np.uint16)
            self._buffer = np.empty(pixels.shape, np.uint16)
        mapping.apply(pixels, self._buffer)
        np.maximum(self._levels, self._buffer, out=self._levels)

    def image(self, attributes: ImageAttributes
              ) -> tuple[np.ndarray, ImageAttributes]:
        """The levels, and attributes by which they stay what they are."""
        assert self._levels is not None
        return self._levels, dataclasses.replace(
            attributes, bits_allocated=16, bits_stored=16, high_bit=15,
            signed=False, photometric="MONOCHROME2", lut_shape=None,
            rescale_slope=1.0, rescale_intercept=0.0, modality_lut=None,
            padding=None, windows=(), voi_luts=())


def _numbers(content: Elements, tag: int) -> tuple[int, ...]:
    """32-bit numbers (UL)."""
    data = content.data(tag)
    order = "<u4" if content.little else ">u4"
    return tuple(np.frombuffer(data[:len(data) // 4 * 4], order).tolist())
