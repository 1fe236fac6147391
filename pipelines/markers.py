"""Burned-in markers, and how they become black.

Where a pixel lies is told by its cell of 8 x 8 pixels, as the breast's
component is; a strip is one row of cells. Nothing is written into the image
itself: a removal is found once, and applied to whichever part is copied.
"""

import dataclasses
from typing import Iterator

import numpy as np

from pipelines import area
from pipelines import breast

# Fewer pixels at the maximum are noise or the breast's own.
FEWEST_PIXELS = 64
_STRIPS_AT_ONCE = 16


@dataclasses.dataclass(frozen=True)
class Removal:
    """Which pixels become black.

    Attributes:
      value: Only pixels of this value; None: of any.
      cells: bool `[rows, columns]`, only pixels in these cells; None: in any.
      strips: Numbers of the strips in which pixels become black, ascending;
        empty if none do.
      count: How many pixels become black that were not.
    """

    value: int | None = None
    cells: np.ndarray | None = None
    strips: np.ndarray = dataclasses.field(
        default_factory=lambda: np.empty(0, np.int64))
    count: int = 0

    def hits(self, pixels: np.ndarray, strip: int, left: int = 0) -> np.ndarray:
        """Which pixels become black.

        Args:
          pixels: uint16 `[strips, at most 8, columns]`, a part of the image.
          strip: Number of the first of its strips.
          left: Column of the image where it begins, a multiple of 8.

        Returns:
          bool, of the shape of `pixels`.
        """
        hits = pixels > 0 if self.value is None else pixels == self.value
        if self.cells is not None:
            first = left // area.CELL
            cells = self.cells[strip:strip + pixels.shape[0],
                               first:first + area.cells(pixels.shape[2])]
            by_column = np.repeat(cells, area.CELL, axis=1)
            hits &= by_column[:, None, :pixels.shape[2]]
        return hits

    def apply(self, part: np.ndarray, left: int = 0, top: int = 0) -> None:
        """Makes the pixels black in a part of the image.

        Args:
          part: uint16 `[height, width]`, changed.
          left: Column of the image where it begins, a multiple of 8.
          top: Row of the image where it begins, a multiple of 8.
        """
        first = top // area.CELL
        for strip, pixels in _blocks(part, self.strips - first):
            pixels[self.hits(pixels, first + strip, left)] = 0


def find(pixels: np.ndarray, survey: area.Survey, mask: np.ndarray | None,
         mode: str) -> Removal:
    """What one of the recipe's `markers` removes.

    Args:
      pixels: uint16 `[height, width]`, bright is dense.
      survey: Of these pixels.
      mask: The breast's component by cells; None where the mode needs none.
      mode: `brightest`: pixels at the image's maximum outside the component,
        if there are at least 64; `thesis`: every pixel at the maximum;
        `largest`: all outside the component, which for this runs on through
        the dropped border; `keep`: none.
    """
    if mode == "keep" or not survey.maximum:
        return Removal()
    if mode == "thesis":
        return _counted(Removal(survey.maximum), pixels, survey)
    if mask is None:
        raise ValueError(f"markers {mode!r} needs the breast's component")
    if mode == "largest":
        return _counted(Removal(cells=~breast.through_border(mask)), pixels,
                        survey)
    removal = _counted(Removal(survey.maximum, ~mask), pixels, survey)
    return removal if removal.count >= FEWEST_PIXELS else Removal()


def needs_component(mode: str) -> bool:
    """Whether `find` needs the breast's component."""
    return mode in ("brightest", "largest")


def eighth_after(pixels: np.ndarray, survey: area.Survey,
                 removal: Removal) -> np.ndarray:
    """The means by cell after a removal, exactly; `survey` is unchanged."""
    if not removal.count:
        return survey.eighth
    if removal.value is None and removal.cells is not None:
        return survey.eighth * ~removal.cells
    eighth = survey.eighth.copy()
    for strip, block in _blocks(pixels, removal.strips):
        changed = block.copy()
        changed[removal.hits(changed, strip)] = 0
        means = area.survey(changed.reshape(-1, pixels.shape[1])).eighth
        eighth[strip:strip + len(means)] = means
    return eighth


def _counted(removal: Removal, pixels: np.ndarray,
             survey: area.Survey) -> Removal:
    """The removal with its strips and its count."""
    candidates = survey.strip_maxima > 0
    if removal.value is not None:
        # Few strips hold a marker: the rest of the image is not read again.
        candidates = survey.strip_maxima == removal.value
    if removal.cells is not None:
        candidates &= removal.cells.any(axis=1)
    counts = np.zeros(len(candidates), np.int64)
    for strip, block in _blocks(pixels, np.flatnonzero(candidates)):
        hits = removal.hits(block, strip)
        counts[strip:strip + len(hits)] = [
            np.count_nonzero(rows) for rows in hits]
    return dataclasses.replace(removal, strips=np.flatnonzero(counts),
                               count=int(counts.sum()))


def _blocks(pixels: np.ndarray,
            strips: np.ndarray) -> Iterator[tuple[int, np.ndarray]]:
    """Runs of neighbouring strips, a few at a time.

    Args:
      pixels: `[height, width]`.
      strips: Numbers of strips, ascending; those beyond the image are left
        out.

    Yields:
      The first strip's number and a view, `[strips, at most 8, width]`.
    """
    whole = pixels.shape[0] // area.CELL
    strips = strips[(strips >= 0) & (strips < area.cells(pixels.shape[0]))]
    gaps = np.flatnonzero(np.diff(strips) > 1) + 1
    for run in np.split(strips, gaps):
        for at in range(0, len(run), _STRIPS_AT_ONCE):
            first, last = int(run[at]), int(run[at:][:_STRIPS_AT_ONCE][-1]) + 1
            full = min(last, whole)
            rows = pixels[first * area.CELL:full * area.CELL]
            if full > first:
                yield first, rows.reshape(full - first, area.CELL, -1)
            if last > whole:  # the last strip, less than 8 rows high
                yield whole, pixels[None, whole * area.CELL:]
