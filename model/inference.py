"""From a DICOM file to what a network takes, and from scores to tables.

A model's recipe is replayed by the functions that built its records, so the
pixels are, byte for byte, those that a build would have written. A file on
which that cannot be done is a row with the reason, as in a build.
"""

import dataclasses
import hashlib
from collections.abc import Iterable, Sequence
from typing import Any

import cv2
import numpy as np
import pyarrow as pa

from model import breasts as breast_lib
from model.operating_point import OperatingPoint
from model.placement import Placement
from pipelines import dicom
from pipelines import files
from pipelines import matching
from pipelines import pixels
from pipelines import preprocess
from pipelines import reasons
from pipelines import recipe as recipes
from pipelines import scan
from pipelines.geometry import Variant

Row = dict[str, Any]
SCORED = "scored"
SCORE, DECISION = "score", "decision"

# Of the image's header, as in the table `images` of a data set.
_HEADER = (
    ("sop_instance_uid", pa.string()), ("study_instance_uid", pa.string()),
    ("patient_id", pa.string()), ("study_date", pa.date32()),
    ("laterality", pa.string()), ("view", pa.string()),
    ("patient_age", pa.int64()), ("implant", pa.bool_()),
    ("presentation_intent", pa.string()), ("rows", pa.int64()),
    ("columns", pa.int64()),
)
# How the image was prepared, as in the table `records`.
_PREPARED = (
    ("pixel_laterality", pa.string()), ("flipped", pa.bool_()),
    ("crop_left", pa.int64()), ("crop_top", pa.int64()),
    ("crop_width", pa.int64()), ("crop_height", pa.int64()),
    ("scale_x", pa.float64()), ("scale_y", pa.float64()),
    ("max_value", pa.int64()), ("digest", pa.string()),
)
IMAGES = pa.schema([
    ("file", pa.string()), *_HEADER, ("status", pa.string()),
    ("reason", pa.string()), ("detail", pa.string()), *_PREPARED,
    ("heatmap", pa.string()), (SCORE, pa.float64()), (DECISION, pa.int64()),
])
BREASTS = pa.schema([
    ("patient_id", pa.string()), ("laterality", pa.string()),
    ("study_date", pa.date32()), ("images", pa.int64()),
    ("views", pa.string()),
])


@dataclasses.dataclass(frozen=True)
class Replay:
    """How files become the input of one model.

    Attributes:
      recipe: The model's, of one variant.
      keep_for_processing: Whether raw detector images are let through.
      limits: How much of one file is held in memory.
      picture_height: Rows at most of the picture for heatmaps; 0: none.
    """

    recipe: recipes.Recipe
    keep_for_processing: bool = False
    limits: scan.Limits = scan.Limits()
    picture_height: int = 0

    @property
    def variant(self) -> Variant:
        return self.recipe.variants[0]


@dataclasses.dataclass(frozen=True, eq=False)
class Input:
    """One file as a model takes it, or why it cannot.

    Attributes:
      row: Values by the names of `IMAGES`; those of a score are None.
      pixels: uint16 `[height, width, 1]`, or None.
      placement: Where they lie in the original, or None.
      picture: uint8 `[rows, columns]`, the original without flip or crop,
        made smaller; None unless one is wanted.
    """

    row: Row
    pixels: np.ndarray | None = None
    placement: Placement | None = None
    picture: np.ndarray | None = None


def read(file: matching.MatchedFile, replay: Replay,
         workspace: preprocess.Workspace) -> Input:
    """Reads and prepares a file; never raises for what a file is.

    Raises:
      Unavailable: No file of its store can be read.
    """
    try:
        if file.problem:
            raise reasons.Rejected(file.problem)
        data = scan.read_whole(file.path, replay.limits)
    except files.Unavailable:
        raise  # It is not this file's fault.
    except Exception as error:  # One exception would end all of it.
        return Input({**_empty_row(file.path), **_refusal(error)})
    return prepare(file.path, data, replay, workspace)


def prepare(file: str, data: bytes | memoryview, replay: Replay,
            workspace: preprocess.Workspace) -> Input:
    """Replays a recipe; never raises for what a file holds.

    Args:
      file: Its path, for the row.
      data: All of it, inflated.
      replay: How.
      workspace: The thread's buffers.
    """
    row, header = _empty_row(file), None
    try:
        image = pixels.decode(data, replay.limits.max_image_bytes,
                              replay.recipe)
        header = image.header
        if (header.presentation_intent == "FOR PROCESSING"
                and not replay.keep_for_processing):
            raise reasons.Rejected(
                "for_processing", "(0008,0068) is FOR PROCESSING")
        upright = preprocess.prepare(image, replay.recipe, workspace)
        output = upright.output(replay.variant)
        picture = (_picture(upright.pixels, output.max_value,
                            replay.picture_height)
                   if replay.picture_height else None)
    except Exception as error:  # One exception would end all of it.
        known = _header_values(header or _header_of(data))
        return Input({**row, **known, **_refusal(error)})
    row.update(_header_values(header), status=SCORED, detail=image.detail,
               **_prepared_values(upright, output))
    placement = Placement(upright.size, replay.variant.size, output.crop,
                          output.scale_x, output.scale_y, upright.flipped)
    return Input(row, output.pixels[..., np.newaxis], placement, picture)


def refuse_duplicates(rows: Sequence[Row]) -> None:
    """Marks scored images that would count twice in their breast.

    Of files with one SOP Instance UID that gave the network the same, the
    first stays; where they differ nobody knows which is right, and none does.

    Args:
      rows: By file; changed in place.
    """
    by_uid: dict[str, list[Row]] = {}
    for row in rows:
        if row["status"] == SCORED:
            by_uid.setdefault(row["sop_instance_uid"], []).append(row)
    for same in by_uid.values():
        first = same[0]
        equal = all(row[name] == first[name] for row in same
                    for name in ("digest", *breast_lib.KEYS))
        for row in same[1:] if equal else same:
            other = same[1] if row is first else first
            row.update(_refusal(reasons.Rejected(
                "duplicate_identical" if equal else "duplicate_different",
                f"as {other['file']}")), score=None, heatmap=None)


def image_table(rows: Iterable[Row],
                point: OperatingPoint | None) -> pa.Table:
    """Every file's row: `IMAGES`.

    Args:
      rows: With the scores of those that are scored.
      point: What decides; None: no decisions.
    """
    table = pa.Table.from_pylist(list(rows), IMAGES)
    if point is None:
        return table
    threshold = point.thresholds[breast_lib.IMAGE]
    decisions = [None if score is None else int(score >= threshold)
                 for score in table[SCORE].to_pylist()]
    return table.set_column(
        table.schema.get_field_index(DECISION), IMAGES.field(DECISION),
        pa.array(decisions, pa.int64()))


def breast_table(rows: Iterable[Row], label: str,
                 point: OperatingPoint | None) -> pa.Table:
    """A row for each breast: `BREASTS`, and a score and decision for each
    combination of its views, as `mean_score` and `mean_decision`.

    Images whose patient, side or date is unknown are of no breast. A label
    that is an image's own (its view) gives no breasts.

    Args:
      rows: As for `image_table`.
      label: What the model detects.
      point: What decides; None: no decisions.
    """
    names: tuple[str, ...] = tuple(breast_lib.SIMPLE)
    if point is not None:
        names = point.combinations
    elif label == "view":
        names = ()
    scored = [row for row in rows if row["status"] == SCORED and None not in (
        row[key] for key in breast_lib.KEYS)] if names else []
    breasts = breast_lib.group(
        {key: [row[key] for row in scored] for key in breast_lib.KEYS})
    scores = np.array([row[SCORE] for row in scored], np.float64)
    table = _breast_rows(breasts, scored)
    for name in names:
        combined = (breast_lib.combine(breasts, scores, name)
                    if point is None else point.score(name, breasts, scores))
        decisions = [None] * len(breasts) if point is None else (
            combined >= point.thresholds[name]).astype(np.int64)
        table = table.append_column(f"{name}_{SCORE}", pa.array(combined))
        table = table.append_column(f"{name}_{DECISION}",
                                    pa.array(decisions, pa.int64()))
    return table


def _breast_rows(breasts: breast_lib.Breasts,
                 scored: Sequence[Row]) -> pa.Table:
    views: list[list[str]] = [[] for _ in range(len(breasts))]
    for row, breast in zip(scored, breasts.of_image):
        views[breast].append(row["view"] or "?")
    return pa.Table.from_pylist([
        {**dict(zip(breast_lib.KEYS, key)), "images": len(seen),
         "views": " ".join(sorted(seen))}
        for key, seen in zip(breasts.keys, views)], BREASTS)


def _empty_row(file: str) -> Row:
    return {**dict.fromkeys(IMAGES.names), "file": file}


def _refusal(error: Exception) -> Row:
    """Status, reason and detail of a file that is not scored."""
    refusal = scan.rejection(error)
    status = reasons.REASONS[refusal["reason"]].status.value
    return {**refusal, "status": status}


def _header_of(data: bytes | memoryview) -> dicom.Header | None:
    """Whose image it is, where the pixels alone are at fault."""
    try:
        return dicom.parse_header(data, True)
    except Exception:  # What ails it is told already.
        return None


def _header_values(header: dicom.Header | None) -> Row:
    return {name: getattr(header, name) for name, _ in _HEADER
            } if header else {}


def _prepared_values(upright: preprocess.Upright,
                     output: preprocess.Output) -> Row:
    crop = output.crop
    return {
        "pixel_laterality": "R" if upright.flipped else "L",
        "flipped": upright.flipped, "crop_left": crop.left,
        "crop_top": crop.top, "crop_width": crop.width,
        "crop_height": crop.height, "scale_x": output.scale_x,
        "scale_y": output.scale_y, "max_value": output.max_value,
        "digest": hashlib.sha256(
            output.pixels.astype("<u2", copy=False).tobytes()).hexdigest()}


def _picture(levels: np.ndarray, white: int, height: int) -> np.ndarray:
    """A grey picture, area-averaged to at most so many rows.

    Args:
      levels: uint16 `[rows, columns]`.
      white: The level that is white; markers may lie above it.
      height: Rows of the result at most; the shape is kept.
    """
    rows, columns = levels.shape
    if rows > height:
        width = max(1, round(columns * height / rows))
        levels = cv2.resize(levels, (width, height),
                            interpolation=cv2.INTER_AREA)
    scaled = np.minimum(levels, white) * np.float32(255 / max(1, white))
    return np.rint(scaled).astype(np.uint8)
