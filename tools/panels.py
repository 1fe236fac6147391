"""Grey pictures with captions, laid out on one sheet.

Pictures on a sheet are uint8 `[height, width, 3]`, blue first, as OpenCV has
them.
"""

import dataclasses
import os
from collections.abc import Sequence

import cv2
import numpy as np

from pipelines import files

RED, GREEN, ORANGE = (80, 80, 255), (80, 220, 80), (0, 165, 255)
_PAPER, _INK = (44, 40, 40), (235, 235, 235)
_GAP = 12
_FONT, _FONT_SCALE, _LINE_HEIGHT = cv2.FONT_HERSHEY_SIMPLEX, 0.45, 18


@dataclasses.dataclass(frozen=True)
class Panel:
    """One picture with what is written under it.

    Attributes:
      picture: uint8 `[height, width, 3]`.
      lines: Its caption.
      ink: The caption's colour.
    """

    picture: np.ndarray
    lines: Sequence[str]
    ink: tuple[int, int, int] = _INK


def grey(pixels: np.ndarray, height: int) -> np.ndarray:
    """A picture from black to its own maximum, at most so high.

    Args:
      pixels: uint16 `[rows, columns]`.
      height: Rows of the result at most; the shape is kept.
    """
    scale = 255 / max(1, int(pixels.max()))
    levels = np.rint(shrunk(pixels, height) * scale).astype(np.uint8)
    return cv2.cvtColor(levels, cv2.COLOR_GRAY2BGR)


def shrunk(pixels: np.ndarray, height: int) -> np.ndarray:
    """Area-averaged to at most so many rows, in shape; never enlarged."""
    rows, columns = pixels.shape[:2]
    if rows <= height:
        return pixels
    size = max(1, round(columns * height / rows)), height
    return cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)


def coloured(picture: np.ndarray, mask: np.ndarray,
             colour: tuple[int, int, int]) -> np.ndarray:
    """The picture with the pixels of a larger mask in colour.

    A pixel takes the colour if any pixel of the mask that it stands for is
    set, so that single ones are seen.

    Args:
      picture: uint8 `[height, width, 3]`.
      mask: bool `[rows, columns]` of the picture at its full size.
      colour: Of the marked pixels.
    """
    rows, columns = np.nonzero(mask)
    height, width = picture.shape[:2]
    result = picture.copy()
    result[rows * height // mask.shape[0],
           columns * width // mask.shape[1]] = colour
    return result


def sheet(rows: Sequence[Sequence[Panel]]) -> np.ndarray:
    """All panels, row by row, each with its caption below."""
    painted = [_row([_cell(panel) for panel in row]) for row in rows]
    width = max(row.shape[1] for row in painted)
    return np.concatenate(
        [_on_paper(row, row.shape[0], width) for row in painted])


def write_png(path: str, picture: np.ndarray) -> None:
    """Writes a PNG, whole or not at all."""
    _, data = cv2.imencode(".png", picture)
    files.write_atomically(files.to_text(os.path.abspath(path)),
                           data.tobytes())


def _cell(panel: Panel) -> np.ndarray:
    # OpenCV's fonts are ASCII.
    lines = [line.encode("ascii", "replace").decode() for line in panel.lines]
    widths = [cv2.getTextSize(line, _FONT, _FONT_SCALE, 1)[0][0]
              for line in lines]
    height, width = panel.picture.shape[:2]
    cell = _on_paper(panel.picture, height + _LINE_HEIGHT * len(lines) + 6,
                     max([width, *widths]))
    for number, line in enumerate(lines, start=1):
        cv2.putText(cell, line, (0, height + _LINE_HEIGHT * number), _FONT,
                    _FONT_SCALE, panel.ink, 1, cv2.LINE_AA)
    return cell


def _row(cells: Sequence[np.ndarray]) -> np.ndarray:
    height = max(cell.shape[0] for cell in cells) + 2 * _GAP
    return np.concatenate(
        [_on_paper(cell, height, cell.shape[1] + _GAP, _GAP)
         for cell in cells], axis=1)


def _on_paper(picture: np.ndarray, height: int, width: int,
              offset: int = 0) -> np.ndarray:
    """The picture at the top left of a larger piece of paper."""
    paper = np.full((height, width, 3), _PAPER, np.uint8)
    rows, columns = picture.shape[:2]
    down = min(offset, height - rows)
    across = min(offset, width - columns)
    paper[down:down + rows, across:across + columns] = picture
    return paper
