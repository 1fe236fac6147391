"""The last step: `dataset.json`, the metadata of every file, and a tidy up."""

import hashlib
import json
import os
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from pipelines import config as configs
from pipelines import files
from pipelines import geometry
from pipelines import database
from pipelines import local_copies
from pipelines import recipe as recipes
from pipelines import schema
from pipelines import shards

FORMAT = "mammoflow"
_ROWS_PER_PART = 1 << 18


def seal(config: configs.BuildConfig, recipe: recipes.Recipe,
         audit: Any) -> dict[str, Any]:
    """Writes what makes a folder of shards a data set.

    Args:
      config: The build.
      recipe: With the variants of the whole data set.
      audit: Of the label join.

    Returns:
      What stands in `dataset.json`. It holds no time and no output path, so
      that equal builds are equal bytes.
    """
    connection = database.connect(config.scratch)
    database.view_parquet(connection, "planned",
                          local_copies.of([config.plan_path]))
    expected = _planned_shards(connection)
    _create_images(connection, config, expected)
    parts = _write_metadata(connection, config)
    dataset = {
        "format": FORMAT,
        "schema_version": schema.SCHEMA_VERSION,
        "recipe": recipe.to_json(),
        "build": config.to_json(),
        "counts": _counts(connection),
        "variants": {str(variant): _variant(config, recipe, variant, expected)
                     for variant in recipe.variants},
        "audit": audit.to_json(),
    }
    _tidy(config, recipe, expected, parts)
    text = json.dumps(dataset, indent=2, sort_keys=True) + "\n"
    files.write_atomically(config.path(shards.DATASET_FILE), text.encode())
    return dataset


def _planned_shards(connection: duckdb.DuckDBPyConnection
                    ) -> list[shards.Shard]:
    """The data set's shards, in the order train, validation, test."""
    rows = connection.execute("""
        SELECT split, max(shard) + 1 FROM planned
        WHERE status = 'planned' GROUP BY split""").fetchall()
    counts = dict(rows)
    return [shards.Shard(split, index, counts[split])
            for split in shards.SPLITS
            for index in range(counts.get(split, 0))]


def _create_images(connection: duckdb.DuckDBPyConnection,
                   config: configs.BuildConfig,
                   expected: list[shards.Shard]) -> None:
    """The view `images`: the plan, with what became of what was planned."""
    converted = [config.path(shard.converted) for shard in expected]
    if converted:
        database.view_parquet(connection, "converted",
                              local_copies.of(converted))
    else:
        connection.from_arrow(schema.arrow_schema(
            schema.CONVERTED).empty_table()).create_view("converted")
    outcome = ("status", "reason", "detail", "remarks")
    columns = ", ".join(
        f"CASE WHEN planned.status = 'planned' THEN converted.{name} "
        f"ELSE planned.{name} END AS {name}" if name in outcome
        else f'converted."{name}"' if name == "pixel_laterality"
        else f'planned."{name}"'
        for name in schema.arrow_schema(schema.IMAGES).names)
    connection.execute(f"""
        CREATE VIEW images AS SELECT {columns}
        FROM planned LEFT JOIN converted USING (file)""")


def _write_metadata(connection: duckdb.DuckDBPyConnection,
                    config: configs.BuildConfig) -> list[str]:
    """One row for every matched file, by path, in parts; returns their names.
    """
    arrow = schema.arrow_schema(schema.IMAGES)
    reader = connection.sql(
        "SELECT * FROM images ORDER BY file").to_arrow_reader(_ROWS_PER_PART)
    names: list[str] = []
    for table in _tables_of(reader, _ROWS_PER_PART):
        names.append(f"part-{len(names):05d}.parquet")
        sink = pa.BufferOutputStream()
        pq.write_table(table.cast(arrow), sink, compression="zstd")
        files.write_atomically(
            config.path(shards.METADATA_FOLDER, names[-1]),
            sink.getvalue().to_pybytes())
    return names


def _tables_of(reader: pa.RecordBatchReader, rows: int):
    """The stream in tables of exactly so many rows, the last one shorter."""
    held = reader.schema.empty_table()
    for batch in reader:
        held = pa.concat_tables([held, pa.Table.from_batches([batch])])
        while len(held) > rows:
            yield held.slice(0, rows)
            held = held.slice(rows)
    yield held


def _counts(connection: duckdb.DuckDBPyConnection) -> dict[str, Any]:
    def count(column: str) -> dict[str, int]:
        return dict(connection.execute(
            f"SELECT {column}, count(*) FROM images "
            f"WHERE {column} IS NOT NULL GROUP BY 1 ORDER BY 1").fetchall())

    splits = connection.execute("""
        SELECT split, count(*), count(*) FILTER (cancer = 1),
          count(*) FILTER (cancer = 0), count(*) FILTER (cancer IS NULL)
        FROM images WHERE status = 'written' GROUP BY 1 ORDER BY 1
        """).fetchall()
    return {
        "images": count("status"),
        "reasons": count("reason"),
        "remarks": dict(connection.execute("""
            SELECT remark, count(*) FROM (
              SELECT unnest(remarks) AS remark FROM images)
            GROUP BY 1 ORDER BY 1""").fetchall()),
        "splits": {split: {"images": images, "cancer": cancer,
                           "not_cancer": not_cancer, "unknown": unknown}
                   for split, images, cancer, not_cancer, unknown in splits},
    }


def _variant(config: configs.BuildConfig, recipe: recipes.Recipe,
             variant: geometry.Variant,
             expected: list[shards.Shard]) -> dict[str, Any]:
    """What `dataset.json` says of one variant."""
    digest, records = hashlib.sha256(), 0
    for part in local_copies.of([config.path(shard.index_of(variant))
                                 for shard in expected]):
        index = pq.read_table(part, columns=["digest"])
        for image in index["digest"].to_pylist():
            digest.update(image.encode())
        records += len(index)
    sizes = files.sizes(config.path(variant.folder))
    size = sum(sizes[os.path.basename(shard.records(variant))]
               for shard in expected)
    counts = {shard.split: shard.count for shard in expected}
    return {"folder": variant.folder, "encoding": recipe.encoding,
            "shards": counts, "records": records, "bytes": size,
            "digest": digest.hexdigest()}


def _tidy(config: configs.BuildConfig, recipe: recipes.Recipe,
          expected: list[shards.Shard], parts: list[str]) -> None:
    """Removes shards, parts and temporary files that the plan does not know.

    Only what a build writes is ever removed, never a user's own file.
    """
    known = {config.path(shards.METADATA_FOLDER, name) for name in parts}
    for shard in expected:
        known.add(config.path(shard.converted))
        for variant in recipe.variants:
            known.add(config.path(shard.records(variant)))
            known.add(config.path(shard.index_of(variant)))
    for folder in _our_folders(config):
        for name in files.list_folder(folder):
            path = f"{folder}/{name}"
            if path not in known and _is_ours(name):
                files.remove(path)
        # In a store there are no empty folders.
        if (files.is_local(folder) and folder != config.output
                and not os.listdir(folder)):
            os.rmdir(folder)


def _our_folders(config: configs.BuildConfig) -> list[str]:
    folders = [config.output]
    for name in files.list_folders(config.output):
        method, _, size = name.partition("-")
        if (name in (shards.METADATA_FOLDER, shards.CONVERTED_FOLDER)
                or method in geometry.METHODS and size):
            folders.append(config.path(name))
    return folders


def _is_ours(name: str) -> bool:
    if shards.TEMPORARY_MARK in name:
        return True
    if name.startswith("part-") and name.endswith(".parquet"):
        return True
    try:
        shards.Shard.parse(name)
    except ValueError:
        return False
    return name.endswith((".tfrecord", ".parquet"))
