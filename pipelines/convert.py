"""One shard: planned rows in, records of every variant out.

One worker writes a whole shard, so pixels never pass through a shuffle, and
holds one image at a time. The shard's `converted/...parquet` is written last:
its presence says that the shard is complete in the variants it names.
"""

import dataclasses
import functools
import hashlib
import json
from collections.abc import Callable
from typing import Any

import cv2
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from pipelines import files
from pipelines import geometry
from pipelines import pixels
from pipelines import preprocess
from pipelines import readahead
from pipelines import reasons
from pipelines import recipe as recipes
from pipelines import remarks
from pipelines import scan
from pipelines import schema
from pipelines import shards
from pipelines import tfrecord

Row = dict[str, Any]


class BuildFailed(RuntimeError):
    """What ends a build: not one image's fault. The text is for a person."""


@dataclasses.dataclass(frozen=True)
class ShardTask:
    """One shard to write.

    Attributes:
      shard: Which one.
      plan_path: The plan's Parquet file.
      output: Folder of the data set.
      recipe: With the variants that the shard is to hold in the end.
      held: Variants of it that are complete already.
      limits: How much of one file is held in memory.
      plan_digest: Of the shard's rows in the plan.
      images: How many rows those are.
      sources: Where the files lie, in their order, when the plan may not say
        (`--patient_ids=hash`); else None.
    """

    shard: shards.Shard
    plan_path: str
    output: str
    recipe: recipes.Recipe
    held: tuple[geometry.Variant, ...]
    limits: scan.Limits
    plan_digest: str
    images: int
    sources: tuple[str, ...] | None = None

    @property
    def missing(self) -> tuple[geometry.Variant, ...]:
        """The variants to write."""
        return tuple(variant for variant in self.recipe.variants
                     if variant not in self.held)

    def path(self, name: str) -> str:
        return f"{self.output}/{name}"


Done = Callable[[Row], None]
Read = Callable[[preprocess.Workspace], bytes | memoryview]


def convert_shard(task: ShardTask, workspace: preprocess.Workspace,
                  done: Done) -> dict[str, int]:
    """Writes what a shard lacks.

    An engine that lost a worker gives its tasks to others anew: what that
    worker had finished stays.

    Args:
      task: The shard.
      workspace: The thread's buffers.
      done: Called with each image's row when it is dealt with.

    Returns:
      How many images have which status or reason.

    Raises:
      BuildFailed: The disk is full, a store cannot be used, or a variant
        cannot be added.
    """
    recipe = dataclasses.replace(task.recipe, variants=task.missing)
    outputs = [name for variant in task.missing for name in (
        task.shard.records(variant), task.shard.index_of(variant))]
    paths = [task.path(name) for name in outputs + [task.shard.converted]]
    if _are_written(task, paths):
        return _count(_converted(task))
    planned = _planned(task)
    outcomes: list[Row] = []
    try:
        with (files.atomic(*paths) as opened,
              readahead.reader([source for _, source in planned],
                               task.limits) as reader):
            writers = [
                _VariantWriter(variant, *opened[2 * i:2 * i + 2])
                for i, variant in enumerate(task.missing)]
            for index, (row, _) in enumerate(planned):
                outcome = _convert_row(
                    row, functools.partial(reader.read, index), task, recipe,
                    workspace, writers)
                outcomes.append(outcome)
                done({**row, **outcome})
            for writer in writers:
                writer.close(task)
            opened[-1].write(_converted_table(
                _converted(task) if task.held else outcomes, task))
    except files.Unavailable as error:
        raise BuildFailed(f"{error}; nothing of {task.shard} was kept, run "
                          "the same command again") from error
    except OSError as error:
        raise BuildFailed(
            f"cannot write {task.path(str(task.shard))}: "
            f"{error.strerror}; nothing of this shard was kept, run the "
            "same command again once there is room") from error
    return _count(outcomes)


def _convert_row(row: Row, read: Read, task: ShardTask,
                 recipe: recipes.Recipe, workspace: preprocess.Workspace,
                 writers: list["_VariantWriter"]) -> Row:
    """Converts one image into all writers or none; returns what became of it.
    """
    try:
        image = _decode(row, read, task.limits, recipe, workspace)
        prepared = preprocess.preprocess(image, recipe, workspace)
        encoded = [encode_image(output.pixels, recipe.encoding)
                   for output in prepared.outputs]
    except files.Unavailable:
        raise  # It is not this image's fault.
    except Exception as error:  # One exception would end the whole build.
        if task.held:
            raise BuildFailed(
                f"{row['file']} is written, but adding "
                f"{', '.join(map(str, task.missing))} failed: "
                f"{scan.rejection(error)}; restore the file, or remove "
                f"{task.path(task.shard.converted)} and build again"
            ) from error
        return {**row, **scan.rejection(error), "pixel_laterality": None}
    outcome = {
        "status": reasons.Status.WRITTEN.value, "reason": None,
        "detail": image.detail, "pixel_laterality": prepared.pixel_laterality,
        "remarks": _remarks(row, image, prepared)}
    for writer, output, data in zip(writers, prepared.outputs, encoded):
        writer.add({**row, **outcome, "flipped": prepared.flipped}, output,
                   data)
    return {**row, **outcome}


def _remarks(row: Row, image: pixels.StoredImage,
             prepared: preprocess.Preprocessed) -> list[str]:
    """The scan's remarks and those on the pixels."""
    side = row["laterality"]
    other = side is not None and side != prepared.pixel_laterality
    return list(remarks.ordered([
        *(row["remarks"] or ()), *image.remarks,
        *(["other_side"] if other else [])]))


def _decode(row: Row, read: Read, limits: scan.Limits,
            recipe: recipes.Recipe,
            workspace: preprocess.Workspace) -> pixels.StoredImage:
    data = read(workspace)
    image = pixels.decode(data, limits.max_image_bytes, recipe, workspace)
    found, expected = image.header.sop_instance_uid, row["sop_instance_uid"]
    if found != expected:
        raise reasons.Rejected(
            "changed_since_scan",
            f"SOP Instance UID {found}, was {expected} when scanned")
    return image


def encode_image(image: np.ndarray, encoding: str) -> bytes:
    """A uint16 `[height, width]` image as its record holds it."""
    if encoding == "png":
        ok, data = cv2.imencode(".png", image)
        if not ok:
            raise ValueError(f"OpenCV cannot encode a {image.shape} PNG")
        return data.tobytes()
    return raw_bytes(image)


def raw_bytes(image: np.ndarray) -> bytes:
    """Little-endian uint16, row by row: what a record's digest is of."""
    return image.astype("<u2", copy=False).tobytes()


class _VariantWriter:
    """The records of one variant of one shard, and the table that finds them.
    """

    def __init__(self, variant: geometry.Variant, records: files.WholeFile,
                 index: files.WholeFile):
        self._variant = variant
        self._records = records
        self._index = index
        self._rows: list[Row] = []
        self._offset = 0

    def add(self, row: Row, output: preprocess.Output, image: bytes) -> None:
        """Appends one record."""
        height, width = output.pixels.shape
        values = {**row, "image": image, "height": height, "width": width,
                  "max_value": output.max_value}
        record = tfrecord.frame(
            tfrecord.encode_example(schema.example_values(values)))
        self._records.write(record)
        crop = output.crop
        self._rows.append({
            **row, "variant": str(self._variant),
            "index_in_shard": len(self._rows), "byte_offset": self._offset,
            "byte_length": len(record), "crop_left": crop.left,
            "crop_top": crop.top, "crop_width": crop.width,
            "crop_height": crop.height, "scale_x": output.scale_x,
            "scale_y": output.scale_y, "max_value": output.max_value,
            "digest": hashlib.sha256(raw_bytes(output.pixels)).hexdigest()})
        self._offset += len(record)

    def close(self, task: ShardTask) -> None:
        """Writes the table, with the recipe that the records are by."""
        recipe = dataclasses.replace(task.recipe, variants=(self._variant,))
        self._index.write(_parquet(self._rows, schema.RECORDS, {
            "variant": str(self._variant),
            "encoding": recipe.encoding,
            "recipe": json.dumps(recipe.to_json(), sort_keys=True)}))


def _converted_table(outcomes: list[Row], task: ShardTask) -> bytes:
    return _parquet(outcomes, schema.CONVERTED, _converted_metadata(task))


def _converted_metadata(task: ShardTask) -> dict[str, str]:
    return {
        "variants": json.dumps([str(v) for v in task.recipe.variants]),
        "plan_digest": task.plan_digest,
        "recipe": json.dumps(task.recipe.core(), sort_keys=True)}


def _parquet(rows: list[Row], table: str, metadata: dict[str, str]) -> bytes:
    arrow = schema.arrow_schema(table).with_metadata(metadata)
    names = arrow.names
    sink = pa.BufferOutputStream()
    # Dictionaries take a third of the time, and make so few rows no smaller.
    pq.write_table(
        pa.Table.from_pylist([{name: row.get(name) for name in names}
                              for row in rows], arrow),
        sink, compression="zstd", use_dictionary=False)
    return sink.getvalue().to_pybytes()


def _planned(task: ShardTask) -> list[tuple[Row, str]]:
    """The shard's rows, with the path of each one's file.

    Where variants are added, only the images that are written already.
    """
    with files.open_parts(task.plan_path) as plan:
        table = pq.read_table(plan, filters=[
            ("split", "=", task.shard.split), ("shard", "=", task.shard.index),
            ("status", "=", reasons.Status.PLANNED.value)])
    rows = table.sort_by("index_in_shard").to_pylist()
    sources = task.sources or [row["file"] for row in rows]
    pairs = list(zip(rows, sources, strict=True))
    if not task.held:
        return pairs
    written = {row["file"] for row in _converted(task)
               if row["status"] == reasons.Status.WRITTEN.value}
    return [pair for pair in pairs if pair[0]["file"] in written]


def _are_written(task: ShardTask, paths: list[str]) -> bool:
    """Whether another worker has written all of it since the task was made."""
    if files.existing(paths) != set(paths):
        return False
    with files.open_parts(task.path(task.shard.converted)) as converted:
        found = pq.read_schema(converted).metadata or {}
    return all(found.get(name.encode()) == text.encode()
               for name, text in _converted_metadata(task).items())


def _converted(task: ShardTask) -> list[Row]:
    data = files.read(task.path(task.shard.converted))
    return pq.read_table(pa.BufferReader(data)).to_pylist()


def _count(outcomes: list[Row]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for outcome in outcomes:
        key = outcome["reason"] or outcome["status"]
        counts[key] = counts.get(key, 0) + 1
    return counts
