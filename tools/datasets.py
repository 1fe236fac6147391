"""Opening a data set that `build_records` made: its parts, tables and images.

The folder's layout is that of `pipelines.shards`. `open_dataset` looks at
file names and `dataset.json` alone; `connect` gives DuckDB views over the
Parquet files; `read_example` and `read_image` read one record back by the
place that its row names, without scanning its shard.
"""

import dataclasses
import json
import os
import tempfile
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, BinaryIO

from pipelines import files
from pipelines import geometry
from pipelines import local_copies
from pipelines import schema
from pipelines import shards

# Imported where it is needed: a query would wait for it.
if TYPE_CHECKING:
    import numpy as np

FORMAT = "mammoflow"
RAW, PNG = "raw", "png"
TABLES = ("images", "records", "converted", "plan")

_SQL_TYPES = {
    "text": "VARCHAR",
    "texts": "VARCHAR[]",
    "int": "BIGINT",
    "float": "DOUBLE",
    "bool": "BOOLEAN",
    "date": "DATE",
}
_SHARD_NAME = r"([a-z]+)-([0-9]+)-of-[0-9]+\.parquet$"
# The split and shard of `converted` stand in its files' names.
_SHARD_COLUMNS = (
    f"regexp_extract(filename, '{_SHARD_NAME}', 1) AS split, "
    f"CAST(regexp_extract(filename, '{_SHARD_NAME}', 2) AS BIGINT) AS shard")


class DatasetError(ValueError):
    """There is no data set that can be read; says what to do."""


@dataclasses.dataclass(frozen=True)
class Dataset:
    """A data set folder.

    Attributes:
      root: Its path.
      description: What `dataset.json` says; empty where there is none yet.
      variants: The variants that it holds.
    """

    root: str
    description: Mapping[str, Any]
    variants: tuple[geometry.Variant, ...]

    def path(self, *names: str) -> str:
        """Path of something in it."""
        return os.path.join(self.root, *names)

    def encoding(self, variant: geometry.Variant) -> str:
        """How a variant's images are stored: `raw` or `png`."""
        return self.description["variants"][str(variant)]["encoding"]

    def parts(self, table: str) -> list[str]:
        """The Parquet files of one of `TABLES`, or of `scan`, in order.

        Temporary files are left out: they belong to a build that runs or was
        killed.
        """
        if table == "images":
            return parquet_files(self.path(shards.METADATA_FOLDER))
        if table == "converted":
            return parquet_files(self.path(shards.CONVERTED_FOLDER))
        if table == "plan":
            return parquet_files(self.path(shards.WORK_FOLDER, "plan"))
        if table == "scan":
            scan = self.path(shards.WORK_FOLDER, "scan.parquet")
            return [scan] if files.exists(scan) else []
        return [part for variant in self.variants
                for part in parquet_files(self.path(variant.folder))]

    @property
    def only_planned(self) -> bool:
        """Whether there is a plan and nothing else."""
        return not self.parts("images") and bool(self.parts("plan"))

    def shard(self, variant: geometry.Variant, split: str,
              index: int) -> shards.Shard:
        """The shard that a row of `records` names by split and number."""
        count = self.description["variants"][str(variant)]["shards"][split]
        return shards.Shard(split, index, count)


def open_dataset(root: str) -> Dataset:
    """Finds out what a folder holds.

    Raises:
      DatasetError: It holds no data set and no plan, or its `dataset.json`
        cannot be read.
      Unavailable: It is in a store that cannot be used.
    """
    files.check(root)
    description = _description(os.path.join(root, shards.DATASET_FILE))
    variants = (tuple(map(geometry.Variant.parse, description["variants"]))
                if description else _variant_folders(root))
    dataset = Dataset(root, description, variants)
    if not description and not any(map(dataset.parts, TABLES)):
        raise DatasetError(
            f"no data set in {root}; build one there with: "
            f"python pipelines/build_records.py --output={root}")
    return dataset


def connect(dataset: Dataset) -> Any:
    """A DuckDB connection with a view for each of `TABLES`.

    Where there is only a plan, `images` is the plan's. A table of which
    nothing is there is empty.
    """
    import duckdb  # 0.2 s that --help need not wait for.

    connection = duckdb.connect(":memory:", config={
        # An unknown function is an error, not a download.
        "autoinstall_known_extensions": "false",
        # An unknown table is an error, not a Python variable.
        "python_enable_replacements": "false",
        "temp_directory": tempfile.gettempdir(),
    })
    for table in TABLES:
        _create_view(connection, table,
                     local_copies.of(dataset.parts(table)),
                     _SHARD_COLUMNS if table == "converted" else "")
    if dataset.only_planned:
        _images_of_plan(connection)
    return connection


def read_parquet_sql(paths: list[str]) -> str:
    """DuckDB's expression for exactly these files.

    >>> read_parquet_sql(["it's.parquet"])
    "read_parquet(['it''s.parquet'], hive_partitioning=false, filename=true)"
    """
    quoted = ", ".join(_quoted(_literal_glob(path)) for path in paths)
    return f"read_parquet([{quoted}], hive_partitioning=false, filename=true)"


def parquet_files(folder: str) -> list[str]:
    """Paths of the complete Parquet files of a folder, sorted by name."""
    return [os.path.join(folder, name) for name in files.list_folder(folder)
            if name.endswith(".parquet") and
            shards.TEMPORARY_MARK not in name]


def read_example(file: BinaryIO, row: Mapping[str, Any],
                 where: str) -> dict[str, int | bytes]:
    """One record's features.

    Args:
      file: Its shard, opened for reading bytes.
      row: Its row of `records`; `byte_offset` and `byte_length` are used.
      where: The shard's name, for errors.

    Raises:
      ValueError: The record is damaged or not where the row says.
    """
    from pipelines import tfrecord

    file.seek(row["byte_offset"])
    return tfrecord.decode_example(
        tfrecord.unframe(file.read(row["byte_length"]),
                         f"{where} at byte {row['byte_offset']}"))


def decode_image(example: Mapping[str, Any], encoding: str) -> "np.ndarray":
    """The picture in a record.

    Args:
      example: Its features: `image`, `height` and `width`.
      encoding: `raw` or `png`.

    Returns:
      uint16 [height, width].

    Raises:
      ValueError: The bytes are not such a picture.
    """
    import numpy as np

    shape = example["height"], example["width"]
    data = example["image"]
    if encoding == RAW:
        if len(data) != shape[0] * shape[1] * 2:
            raise ValueError(
                f"the image has {len(data)} bytes, {shape[1]}x{shape[0]} "
                f"pixels of uint16 have {shape[0] * shape[1] * 2}")
        return np.frombuffer(data, "<u2").reshape(shape)
    pixels = _decode_png(data)
    if pixels.shape != shape or pixels.dtype != np.uint16:
        raise ValueError(f"the PNG is {pixels.dtype} {pixels.shape}, the "
                         f"record says uint16 {shape}")
    return pixels


def read_image(dataset: Dataset, row: Mapping[str, Any]) -> "np.ndarray":
    """The picture of one row of `records`, uint16 [height, width]."""
    variant = geometry.Variant.parse(row["variant"])
    name = dataset.shard(variant, row["split"], row["shard"]).records(variant)
    with files.open_parts(dataset.path(name)) as file:
        return decode_image(read_example(file, row, name),
                            dataset.encoding(variant))


def _decode_png(data: bytes) -> "np.ndarray":
    import imagecodecs  # Only data sets of --encoding=png need it.

    try:
        return imagecodecs.png_decode(data)
    except Exception as error:  # Its own classes share no public base.
        raise ValueError(f"the PNG is damaged: {error}") from error


def _description(path: str) -> dict[str, Any]:
    try:
        description = json.loads(files.read(path))
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except ValueError as error:
        raise DatasetError(
            f"{path} is damaged ({error}); run the build again") from error
    if (not isinstance(description, dict) or
            description.get("format") != FORMAT):
        raise DatasetError(f"{path} does not describe a {FORMAT} data set")
    if description.get("schema_version") != schema.SCHEMA_VERSION:
        raise DatasetError(
            f"{path} has schema version {description.get('schema_version')}, "
            f"this is the program for version {schema.SCHEMA_VERSION}; "
            "build it again, or use the program that built it")
    try:
        for variant in description["variants"].keys():
            geometry.Variant.parse(variant)
    except (KeyError, AttributeError, ValueError) as error:
        raise DatasetError(f"{path} does not name its variants ({error}); "
                           "run the build again") from error
    return description


def _variant_folders(root: str) -> tuple[geometry.Variant, ...]:
    """The variants whose folders are there, of an unfinished build."""
    found = []
    for name in files.list_folders(root):
        try:
            variant = geometry.Variant.parse(name.replace("-", ":", 1))
        except ValueError:
            continue
        found.append(variant)
    return tuple(found)


def _create_view(connection: Any, table: str, paths: list[str],
                 extra: str) -> None:
    """A view of these files, or an empty one of the table's columns."""
    if paths:
        columns = "* EXCLUDE (filename)"
        source = f"FROM {read_parquet_sql(paths)}"
    else:
        columns = ", ".join(map(_null, schema.fields(table)))
        source = "FROM (SELECT '' AS filename) WHERE false"
    if extra:
        columns = f"{columns}, {extra}"
    connection.execute(f"CREATE VIEW {table} AS SELECT {columns} {source}")


def _null(field: schema.Field) -> str:
    return f'CAST(NULL AS {_SQL_TYPES[field.kind]}) AS "{field.name}"'


def _images_of_plan(connection: Any) -> None:
    plan = schema.fields("plan")
    columns = ", ".join(f'"{field.name}"' if field in plan else _null(field)
                        for field in schema.fields("images"))
    connection.execute(
        f"CREATE OR REPLACE VIEW images AS SELECT {columns} FROM plan")


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _literal_glob(path: str) -> str:
    """A pattern that matches this path alone.

    >>> _literal_glob("we[i]rd*.parquet")
    'we[[]i]rd[*].parquet'
    """
    return "".join(f"[{c}]" if c in "[*?" else c for c in path)
