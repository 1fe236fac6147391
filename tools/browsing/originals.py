"""An image's original DICOM file, where it still is: its levels and stages.

A file is read only if the data set names it, and told of only if it is still
the image that the data set took from it.
"""

import dataclasses
import functools
import os
import threading
from collections.abc import Mapping
from typing import Any

import cv2
import numpy as np

from pipelines import files
from pipelines.reasons import REASONS, Rejected
from pipelines.recipe import Recipe

_KEPT = 4
_LIMIT = 1 << 30  # Bytes of one image, unpacked; a build's limit may be less.


class Unavailable(LookupError):
    """The original cannot be shown; says why."""


@dataclasses.dataclass(frozen=True)
class Stage:
    """One step of the recipe.

    Attributes:
      lines: What is written under it.
      png: Its picture.
      width: Of it, pixels.
      height: Likewise.
    """

    lines: tuple[str, ...]
    png: bytes
    width: int
    height: int


@dataclasses.dataclass(frozen=True)
class Stages:
    """What the recipe makes of a file.

    Attributes:
      stages: Its steps.
      ended: Why they end before the breast; empty where they do not.
    """

    stages: tuple[Stage, ...]
    ended: str = ""


def why_not(row: Mapping[str, Any]) -> str:
    """Why an image's file cannot be read; empty where it is there."""
    path = row["file"]
    if not files.is_local(path):
        return ("The original lies in an object store, which is not read "
                "from here.")
    try:
        size = os.stat(files.to_local(path)).st_size
    except OSError:
        return ("The original DICOM file is not where it was when the data "
                "set was built: its stages and levels cannot be drawn.")
    if size != row["file_bytes"]:
        return ("The original DICOM file has changed since the data set was "
                "built: what it holds now is not shown.")
    return ""


class Originals:
    """Reads originals, one at a time; the stages of the last few are kept."""

    def __init__(self, recipe: Recipe):
        self._recipe = recipe
        self._one = threading.Lock()
        self._stages = functools.lru_cache(_KEPT)(self._draw)

    def levels(self, row: Mapping[str, Any]) -> np.ndarray:
        """What the recipe's first half gives: uint16 [rows, columns].

        After modality LUT, polarity and, if the recipe has one, window; as it
        lies in the file, not flipped, with its markers.

        Raises:
          Unavailable: The file is not there, or is no such image.
        """
        from pipelines import intensity

        with self._one:
            image = self._read(row["file"], row["sop_instance_uid"],
                               why_not(row))
            levels = np.empty(image.pixels.shape, np.uint16)
            intensity.mapping(image.attributes, self._recipe.windowing,
                              self._recipe.voi_index).apply(
                                  image.pixels, levels)
            return levels

    def stages(self, row: Mapping[str, Any]) -> Stages:
        """The steps, as `tools/show_records.py` draws them.

        Raises:
          Unavailable: The file is not there, or is no such image.
        """
        with self._one:
            return self._stages(row["file"], row["sop_instance_uid"],
                                why_not(row))

    def _draw(self, path: str, sop_instance_uid: str, problem: str) -> Stages:
        from tools import stage_pictures

        image = self._read(path, sop_instance_uid, problem)
        panels, rejected = stage_pictures.stage_panels(
            image, self._recipe, "as stored")
        drawn = []
        for panel in panels:
            _, data = cv2.imencode(".png", panel.picture)
            height, width = panel.picture.shape[:2]
            drawn.append(Stage(tuple(panel.lines), data.tobytes(), width,
                               height))
        return Stages(tuple(drawn), _in_words(rejected) if rejected else "")

    def _read(self, path: str, sop_instance_uid: str, problem: str) -> Any:
        # Half a second that a page without originals need not wait for.
        from pipelines import pixels
        from pipelines import scan

        if problem:
            raise Unavailable(problem)
        try:
            image = pixels.decode(
                scan.read_whole(path, scan.Limits(max_image_bytes=_LIMIT)),
                _LIMIT, self._recipe)
        except Rejected as rejected:
            raise Unavailable("The original cannot be drawn: "
                              f"{_in_words(rejected)}") from rejected
        except OSError as error:
            raise Unavailable("The original cannot be read: "
                              f"{error.strerror}") from error
        if image.header.sop_instance_uid != sop_instance_uid:
            raise Unavailable("The original's place is taken by another "
                              "image, which is not shown.")
        return image


def _in_words(rejected: Rejected) -> str:
    reason = REASONS[rejected.reason]
    return f"{reason.meaning} ({rejected.detail or reason.remedy})"
