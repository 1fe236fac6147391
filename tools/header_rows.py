"""Header rows and a register of an archive that nobody has, by the million.

They are what the planning stages see: the parts that a scan leaves, the
listing of the files, the register's table, and what a conversion leaves of
each shard, but for the records. No pixel is made. Row i is a pure function of
i, so that the rows of a small archive are the first of a large one.

A patient has two screenings of four images. One image in 256 was rejected by
the scan, one patient in 64 has no diagnosis, and one in 32 was screened twice
in a year.
"""

import os
import pathlib
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq

from pipelines import config as configs
from pipelines import database
from pipelines import geometry
from pipelines import recipe as recipes
from pipelines import schema
from pipelines import shards

# As a task of the scan leaves them.
_ROWS_PER_PART = 512
_BATCH_ROWS = 1 << 16
_LISTED = ["file", "file_bytes", "file_version"]

_ROWS = """
SELECT i, printf('%08d', i // 8) AS patient,
       2012 + 2 * (i // 4 % 2 = 1 AND i // 8 % 32 <> 0)::INT AS year,
       CASE WHEN i % 4 < 2 THEN 'L' ELSE 'R' END AS laterality,
       CASE WHEN i % 2 = 0 THEN 'CC' ELSE 'MLO' END AS view
FROM range($start, $stop) numbers(i)
"""
# Random digits, which nothing packs well.
_UID = "'1.2.826.0.1.3680043.8.498.' || md5_number_lower('{0}' || {1})"
# Columns that are not here are unknown.
_SCAN = {
    "file": "printf('/archive/%04d/%s/%s-%s-%02d.dcm.gz', i // 65536, "
            "patient, laterality, view, i % 8)",
    "file_bytes": "6000000 + i % 1000003",
    "file_version": "1500000000000000000 + i * 1000003",
    "sop_instance_uid": _UID.format("image", "i"),
    "sop_class_uid": "'1.2.840.10008.5.1.4.1.1.1.2'",
    "study_instance_uid": _UID.format("study", "i // 4"),
    "series_instance_uid": _UID.format("series", "i"),
    "patient_id": "patient",
    "study_date": "make_date(year, 1 + i // 4 % 6, 1 + i // 24 % 28)",
    "modality": "'MG'",
    "laterality": "laterality", "laterality_source": "'ImageLaterality'",
    "view": "view", "view_source": "'ViewPosition'",
    "view_modifiers": "[]", "patient_age": "50 + i // 8 % 25",
    "implant": "false",
    "manufacturer": "['HOLOGIC, Inc.', 'SIEMENS'][1 + i // 8 % 2]",
    "manufacturer_model": "['Selenia', 'Mammomat'][1 + i // 8 % 2]",
    "rows": "4096", "columns": "3328", "frames": "1",
    "bits_allocated": "16", "bits_stored": "12",
    "photometric": "'MONOCHROME2'",
    "transfer_syntax": "'1.2.840.10008.1.2.1'", "lossy": "false",
    "presentation_intent": "'FOR PRESENTATION'",
    "pixel_spacing_mm": "0.065", "imager_pixel_spacing_mm": "0.07",
    "status": "CASE WHEN i % 256 = 255 THEN 'rejected' END",
    "reason": "CASE WHEN i % 256 = 255 THEN 'truncated' END",
}
_REGISTER = f"""
SELECT patient AS patient_id, laterality, year || '-01-01' AS diagnosis_date,
       CASE WHEN min(i) // 4 % 128 = 0 THEN 5 ELSE 1 END AS birads_1,
       (min(i) // 4 % 128 = 0)::INT AS cancer
FROM ({_ROWS}) WHERE i // 8 % 64 <> 1
GROUP BY patient, laterality, year ORDER BY patient, year, laterality
"""


def build_config(folder: pathlib.Path) -> configs.BuildConfig:
    """The build of the archive in a folder, into one variant."""
    return configs.BuildConfig(
        (configs.Source(None, ("/archive",), configs.LabelSource(
            str(folder / "labels.csv"))),),
        str(folder / "records"),
        recipe=recipes.Recipe((geometry.Variant.parse("crop:224x224"),)))


def write_archive(folder: pathlib.Path, images: int) -> None:
    """Writes what there is when all headers were read.

    Args:
      folder: Where to: `labels.csv`, `listing.parquet` and, in `records`, the
        parts of a scan.
      images: How many.
    """
    config = build_config(folder)
    os.makedirs(config.work("scan"))
    db = database.connect(str(folder / "spill"))
    register: Any = db.sql(_REGISTER, params={"start": 0, "stop": images})
    pa_csv.write_csv(register.to_arrow_table(), folder / "labels.csv")
    arrow = schema.arrow_schema(schema.SCAN)
    columns = ", ".join(f'{_SCAN.get(name, "NULL")} AS "{name}"'
                        for name in arrow.names)
    listed = pa.schema([*(arrow.field(name) for name in _LISTED),
                        ("problem", pa.string()), arrow.field("dataset")])
    with pq.ParquetWriter(folder / "listing.parquet", listed) as listing:
        for start in range(0, images, _BATCH_ROWS):
            rows: Any = db.sql(
                f"SELECT {columns} FROM ({_ROWS}) ORDER BY i",
                params={"start": start,
                        "stop": min(images, start + _BATCH_ROWS)})
            table = rows.to_arrow_table().cast(arrow)
            _write_parts(config, start, table)
            unknown = {name: pa.nulls(len(table), pa.string())
                       for name in ("problem", "dataset")}
            listing.write_table(pa.table(
                {name: unknown.get(name, table[name]
                                   if name in arrow.names else None)
                 for name in listed.names}, listed))


def _write_parts(config: configs.BuildConfig, start: int,
                 table: pa.Table) -> None:
    """Writes rows as the scan's tasks do."""
    table = table.replace_schema_metadata(
        {"scan_version": config.scan_version})
    for first in range(0, len(table), _ROWS_PER_PART):
        pq.write_table(
            table.slice(first, _ROWS_PER_PART),
            config.work("scan", f"part-{start + first:09d}.parquet"),
            compression="zstd")


def write_converted(config: configs.BuildConfig) -> None:
    """Writes what the conversion leaves of each planned shard, but records.
    """
    variant, = config.recipe.variants
    for folder in (shards.CONVERTED_FOLDER, variant.folder):
        os.makedirs(config.path(folder))
    planned = pq.read_table(
        config.plan_path, filters=[("status", "=", "planned")],
        columns=["file", "sop_instance_uid", "split", "shard",
                 "index_in_shard"])
    # They come in the order of their shards.
    begin = np.flatnonzero(planned["index_in_shard"].to_numpy() == 0)
    splits = planned["split"].take(begin).to_pylist()
    for split, shard, first, end in zip(
            splits, planned["shard"].take(begin).to_pylist(), begin,
            [*begin[1:], len(planned)]):
        _write_shard(config, shards.Shard(split, shard, splits.count(split)),
                     planned.slice(first, end - first))


def _write_shard(config: configs.BuildConfig, shard: shards.Shard,
                 planned: pa.Table) -> None:
    arrow = schema.arrow_schema(schema.CONVERTED)
    count = len(planned)
    same = {"status": "written", "pixel_laterality": "L"}
    pq.write_table(
        pa.table([planned[name] if name in planned.column_names else
                  pa.array([same.get(name)] * count, arrow.field(name).type)
                  for name in arrow.names], schema=arrow),
        config.path(shard.converted), compression="zstd")
    variant, = config.recipe.variants
    pq.write_table(pa.table({"digest": pa.array(["0" * 64] * count)}),
                   config.path(shard.index_of(variant)))
    with open(config.path(shard.records(variant)), "wb"):
        pass
