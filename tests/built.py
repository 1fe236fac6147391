"""A small valid data set, written by hand from the schema alone.

It is what the build job must write, made without it: tests of the tools that
read data sets begin with one of these and damage it.
"""

import datetime
import hashlib
import io
import json
import os
from typing import Any

import imagecodecs
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from pipelines import geometry
from pipelines import schema
from pipelines import shards
from pipelines import tfrecord
from tools import datasets

VARIANTS = tuple(map(geometry.Variant.parse, ("resize:12x16", "crop:9x9")))
# Planned images of each split's shards; the last of `test` loses them all.
SHARD_SIZES = {"train": (4, 3), "validation": (2,), "test": (2, 1)}
RECIPE = {
    "name": "mammoflow",
    "version": 1,
    "variants": [str(variant) for variant in VARIANTS],
    "breast_box": "component",
    "markers": "brightest",
    "windowing": "none",
    "encoding": "raw",
    "normalisation": "max",
}
_FREE_KEYS = ("variants", "normalisation")


def write(root: str, encoding: str = "raw") -> None:
    """Writes the data set: 12 planned images in 5 shards and 2 variants.

    A patient has up to two images. One image of `train` and all of the last
    shard of `test` are rejected by their pixels; three more files are
    rejected by the scan, unlabelled and excluded.
    """
    planned = _planned_rows()
    recipe = {**RECIPE, "encoding": encoding}
    for variant in VARIANTS:
        for shard, rows in planned.items():
            _write_records(root, shard, variant, rows, recipe)
    for shard, rows in planned.items():
        _write_converted(root, shard, rows, recipe)
    rows = [row for shard in planned.values() for row in shard]
    rows = sorted(rows + _other_rows(), key=lambda row: row["file"])
    write_rows(os.path.join(root, ".work", "scan.parquet"), rows,
               schema.arrow_schema("scan"))
    plan = [row | {"status": "planned", "reason": None, "detail": None}
            if row["file"].startswith("dicoms/planned") else row
            for row in rows]
    write_rows(os.path.join(root, ".work", "plan", "plan.parquet"),
               plan, schema.arrow_schema("plan"))
    half = len(rows) // 2
    for index, part in enumerate((rows[:half], rows[half:])):
        write_rows(os.path.join(root, "metadata",
                                f"part-{index:05d}.parquet"),
                   part, schema.arrow_schema("images"))
    describe(root, recipe)


def write_rows(path: str, rows: list[dict[str, Any]], arrow_schema: pa.Schema,
               metadata: dict[bytes, bytes] | None = None) -> None:
    """Writes rows, of which only the schema's columns are taken."""
    os.makedirs(os.path.dirname(path), exist_ok=True)
    table = pa.Table.from_pylist(
        [{name: row.get(name) for name in arrow_schema.names}
         for row in rows], schema=arrow_schema)
    pq.write_table(table.replace_schema_metadata(metadata), path)


def describe(root: str, recipe: dict[str, Any] = RECIPE) -> None:
    """Writes `dataset.json` from what the folder holds."""
    images = _rows(root, "metadata")
    written = [row for row in images if row["status"] == "written"]
    splits = {}
    for split in shards.SPLITS:
        cancer = [r["cancer"] for r in written if r["split"] == split]
        splits[split] = {
            "images": len(cancer), "cancer": cancer.count(1),
            "not_cancer": cancer.count(0), "unknown": cancer.count(None)}
    description = {
        "format": "mammoflow",
        "schema_version": schema.SCHEMA_VERSION,
        "recipe": recipe,
        "build": {"salt": "mammoflow-1"},
        "counts": {
            "images": _counts(row["status"] for row in images),
            "reasons": _counts(row["reason"] for row in images
                               if row["reason"]),
            "splits": splits,
        },
        "variants": {str(variant): _describe_variant(root, variant, recipe)
                     for variant in VARIANTS},
        "audit": {},
    }
    with open(os.path.join(root, "dataset.json"), "w",
              encoding="utf-8") as file:
        json.dump(description, file, indent=2, sort_keys=True)
        file.write("\n")


def picture(seed: int, size: geometry.Size) -> np.ndarray:
    """Noise of 12 bits, uint16 [height, width]."""
    noise = np.random.default_rng(seed)
    return noise.integers(0, 4096, size.shape[:2], dtype=np.uint16)


def _planned_rows() -> dict[shards.Shard, list[dict[str, Any]]]:
    rows: dict[shards.Shard, list[dict[str, Any]]] = {}
    number = 0
    for split, sizes in SHARD_SIZES.items():
        for index, size in enumerate(sizes):
            shard = shards.Shard(split, index, len(sizes))
            rows[shard] = []
            for place in range(size):
                row = _labelled_row(number) | {
                    "patient_id": f"{split}-{number // 2}", "split": split,
                    "shard": index, "index_in_shard": place}
                if number == 1 or (split, index) == ("test", 1):
                    row |= {"status": "rejected", "reason": "undecodable",
                            "detail": "the stream ends early",
                            "pixel_laterality": None}
                rows[shard].append(row)
                number += 1
    return rows


def _labelled_row(number: int) -> dict[str, Any]:
    cancer = number % 3 == 0
    return _header_row(f"dicoms/planned-{number:02d}.dcm", number) | {
        "status": "written", "birads": 4 if cancer else None,
        "outcome": "TP" if cancer else "TN", "cancer": int(cancer),
        "follow_up": int(cancer), "label_rule": "own_year",
        "label_row": number + 2, "label_contradicts_rounding": False,
        "pixel_laterality": "LR"[number % 2]}


def _header_row(file: str, number: int) -> dict[str, Any]:
    return {
        "file": file, "file_bytes": 1000 + number, "file_version": "1",
        "sop_instance_uid": f"1.2.3.{number}", "sop_class_uid": "1.2",
        "study_instance_uid": f"1.2.4.{number // 2}",
        "series_instance_uid": f"1.2.5.{number}",
        "patient_id": f"other-{number}",
        "study_date": datetime.date(2015, 1, 1 + number), "modality": "MG",
        "laterality": "LR"[number % 2],
        "laterality_source": "ImageLaterality",
        "view": None if number == 0 else "CC" if number % 2 else "MLO",
        "view_source": "ViewPosition", "view_modifiers": [],
        "patient_age": 50 + number, "implant": False,
        "manufacturer": "Maker", "manufacturer_model": "Model",
        "rows": 128, "columns": 96, "frames": 1, "bits_allocated": 16,
        "bits_stored": 12, "photometric": "MONOCHROME2",
        "transfer_syntax": "1.2.840.10008.1.2.1", "lossy": False,
        "presentation_intent": "FOR PRESENTATION",
        "imager_pixel_spacing_mm": 0.07}


def _other_rows() -> list[dict[str, Any]]:
    return [
        {"file": "dicoms/a.xml", "file_bytes": 3, "status": "rejected",
         "reason": "not_dicom", "detail": "it begins with <xml"},
        _header_row("dicoms/m.dcm", 20) | {
            "status": "unlabelled", "reason": "no_diagnosis"},
        _header_row("dicoms/z.dcm", 21) | {
            "status": "excluded", "reason": "other_view", "view": "XCCL",
            "cancer": 0, "split": "train", "patient_id": "train-0"},
    ]


def _write_records(root: str, shard: shards.Shard, variant: geometry.Variant,
                   rows: list[dict[str, Any]],
                   recipe: dict[str, Any]) -> None:
    out, placed = io.BytesIO(), []
    for row in rows:
        if row["status"] != "written":
            continue
        pixels = picture(row["label_row"], variant.size)
        data = pixels.astype("<u2").tobytes()
        row = row | {
            "variant": str(variant), "index_in_shard": len(placed),
            "byte_offset": out.tell(), "flipped": row["laterality"] == "R",
            "crop_left": 0, "crop_top": 0, "crop_width": 96,
            "crop_height": 128, "scale_x": 8.0, "scale_y": 8.0,
            "max_value": int(pixels.max()),
            "digest": hashlib.sha256(data).hexdigest()}
        image = (data if recipe["encoding"] == "raw"
                 else imagecodecs.png_encode(pixels))
        record = tfrecord.frame(tfrecord.encode_example(
            schema.example_values(row | {
                "image": image, "height": variant.size.height,
                "width": variant.size.width})))
        out.write(record)
        placed.append(row | {"byte_length": len(record)})
    write_rows(os.path.join(root, shard.index_of(variant)), placed,
               schema.arrow_schema("records"), {
                   b"recipe": json.dumps(recipe).encode(),
                   b"encoding": recipe["encoding"].encode(),
                   b"variant": str(variant).encode()})
    with open(os.path.join(root, shard.records(variant)), "wb") as file:
        file.write(out.getvalue())


def _write_converted(root: str, shard: shards.Shard,
                     rows: list[dict[str, Any]],
                     recipe: dict[str, Any]) -> None:
    core = {key: value for key, value in recipe.items()
            if key not in _FREE_KEYS}
    digest = hashlib.sha256(str(shard).encode()).hexdigest()
    write_rows(os.path.join(root, shard.converted), rows,
               schema.arrow_schema("converted"), {
                   b"variants": json.dumps(recipe["variants"]).encode(),
                   b"plan_digest": digest.encode(),
                   b"recipe": json.dumps(core).encode()})


def _describe_variant(root: str, variant: geometry.Variant,
                      recipe: dict[str, Any]) -> dict[str, Any]:
    digest, records, size = hashlib.sha256(), 0, 0
    for split, sizes in SHARD_SIZES.items():
        for index in range(len(sizes)):
            shard = shards.Shard(split, index, len(sizes))
            table = pq.read_table(os.path.join(root, shard.index_of(variant)))
            digest.update("".join(table["digest"].to_pylist()).encode())
            records += table.num_rows
            size += os.path.getsize(
                os.path.join(root, shard.records(variant)))
    return {"folder": variant.folder, "encoding": recipe["encoding"],
            "shards": {split: len(n) for split, n in SHARD_SIZES.items()},
            "records": records, "bytes": size, "digest": digest.hexdigest()}


def _rows(root: str, folder: str) -> list[dict[str, Any]]:
    return [row for path in datasets.parquet_files(os.path.join(root, folder))
            for row in pq.read_table(path).to_pylist()]


def _counts(values: Any) -> dict[str, int]:
    counts: dict[str, int] = {}
    for value in values:
        counts[value] = counts.get(value, 0) + 1
    return counts
