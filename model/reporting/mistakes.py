"""The images of which a network was most wrong, and where it looked."""

import dataclasses
from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np

from model import heatmaps
from model import index as indices
from model import reading
from model.evaluation import Scored
from model.placement import Placement
from pipelines.geometry import Box, Size

EACH = 6
_HEIGHT = 360  # of a picture, pixels
_QUALITY = 85  # of its JPEG


@dataclasses.dataclass(frozen=True)
class Mistake:
    """One image that the threshold puts on the wrong side.

    Attributes:
      row: Its place in what was judged, and in its table of predictions.
      label: What it is, 0 or 1.
      score: What the network said.
      facts: Columns of `records` that identify nobody.
      jpeg: The image and beside it the image under its heatmap; without a
        heatmap, the image alone.
      size: Width and height of the picture.
    """

    row: int
    label: int
    score: float
    facts: dict[str, Any]
    jpeg: bytes
    size: tuple[int, int]


FACTS = ("laterality", "view", "manufacturer", "patient_age", "birads")


def choose(judged: Scored, threshold: float, label: int,
           most: int = EACH) -> list[int]:
    """Places of the most confident mistakes about one class.

    Args:
      judged: What was judged.
      threshold: Detected means score >= this.
      label: 1: those that were missed, the lowest scores first; 0: false
        alarms, the highest first.
      most: How many; one of each patient.
    """
    wrong = (judged.scores >= threshold) != (judged.labels == 1)
    places = np.flatnonzero(wrong & (judged.labels == label))
    towards = 1 if label else -1
    found: dict[Any, int] = {}
    for place in sorted(places.tolist(), key=lambda place: (
            towards * judged.scores[place], place)):
        found.setdefault(judged.patients[place], place)
    return list(found.values())[:most]


def draw(index: indices.Index, judged: Scored, rows: Sequence[int],
         maps: Any) -> list[Mistake]:
    """Reads and draws images.

    Args:
      index: Where they lie.
      judged: Their scores, row by row of the index.
      rows: Which.
      maps: A `heatmaps.GradCam`, or None where the network has no map.

    Raises:
      CorruptRecordError: A record cannot be read.
    """
    if not rows:
        return []
    images = reading.read(index, np.array(rows))
    heats = maps(images) if maps else [None] * len(rows)
    facts = {name: judged.rows[name] for name in FACTS}
    return [Mistake(
        row, int(judged.labels[row]), float(judged.scores[row]),
        {name: column[row].as_py() for name, column in facts.items()},
        *_picture(image[..., 0], heat))
        for row, image, heat in zip(rows, images, heats)]


def _picture(pixels: np.ndarray, heat: np.ndarray | None
             ) -> tuple[bytes, tuple[int, int]]:
    """The JPEG, and its width and height."""
    height, width = pixels.shape
    shown = Size(max(1, round(width * _HEIGHT / height)), _HEIGHT)
    levels = pixels * (255 / max(1, int(pixels.max())))
    picture = cv2.resize(np.rint(levels).astype(np.uint8),
                         (shown.width, shown.height),
                         interpolation=cv2.INTER_AREA)
    if heat is None:
        drawn = picture
    else:
        whole = Size(width, height)
        drawn = heatmaps.beside(picture, heatmaps.over_original(
            heat, Placement(whole, whole, Box(0, 0, width, height), 1.0, 1.0,
                            False), shown))
    _, data = cv2.imencode(".jpg", drawn, [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])
    return data.tobytes(), (drawn.shape[1], drawn.shape[0])
