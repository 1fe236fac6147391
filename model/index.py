"""Which records to read: one row per image, from a variant's Parquet files.

`<records>/<variant folder>/*.parquet` is all that is looked at, so a variant's
folder can be copied elsewhere and trained on. A split is read in the order of
its shards and of the places in them; `where` is a SQL predicate over the
columns of `records`. Neither shards nor TensorFlow are opened: what is wrong
with flags and folders is said at once.
"""

import dataclasses
import functools
import hashlib
import json
import os
import re
import tempfile
from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from model import records as folders
from model.records import NothingThere
from model.records import RecordsError
from pipelines import files
from pipelines import geometry
from pipelines import local_copies
from pipelines import recipe as recipes
from pipelines import schema

# Without which there is no index; they stand in `Index.rows` always.
KEY_COLUMNS = ("dataset", "sop_instance_uid", "patient_id", "study_date",
               "laterality", "view", "digest")


@dataclasses.dataclass(frozen=True)
class Label:
    """What a network learns to tell apart.

    Attributes:
      sql: 0, 1 or, where unknown, NULL, over the columns of `records`.
      classes: What 0 and 1 mean.
    """

    sql: str
    classes: tuple[str, str]


LABELS = {
    "cancer": Label("cancer", ("no cancer", "cancer")),
    "follow_up": Label("follow_up", ("no follow-up", "follow-up")),
    "view": Label("CASE view WHEN 'CC' THEN 0 WHEN 'MLO' THEN 1 END",
                  ("CC", "MLO")),
    "laterality": Label("CASE laterality WHEN 'L' THEN 0 WHEN 'R' THEN 1 END",
                        ("L", "R")),
}


@dataclasses.dataclass(frozen=True, eq=False)
class Index:
    """Where the n images of a split lie, and what they are.

    Attributes:
      variant: What is stored of each image.
      split: train, validation or test.
      label_name: One of `LABELS`.
      encoding: Of the pixels in a record, raw or png.
      recipe: How the records were made, with this variant only.
      paths: Of the shards, in order.
      path_number: int64 [n], into `paths`, ascending.
      byte_offset: int64 [n], of the record in its shard, ascending in each.
      byte_length: int64 [n], of the record with its framing.
      label: int64 [n], 0 or 1.
      rows: Columns of `records`, n rows.
      left_out: How many images `where` selects whose label is unknown.
    """

    variant: geometry.Variant
    split: str
    label_name: str
    encoding: str
    recipe: recipes.Recipe
    paths: tuple[str, ...]
    path_number: np.ndarray
    byte_offset: np.ndarray
    byte_length: np.ndarray
    label: np.ndarray
    rows: pa.Table
    left_out: int = 0

    def __len__(self) -> int:
        return len(self.label)

    @property
    def size(self) -> geometry.Size:
        """Of the images."""
        return self.variant.size

    @property
    def classes(self) -> tuple[str, str]:
        """What the labels 0 and 1 mean."""
        return LABELS[self.label_name].classes

    @property
    def counts(self) -> tuple[int, int]:
        """How many images have the label 0, and how many 1."""
        ones = int(self.label.sum())
        return len(self) - ones, ones

    @functools.cached_property
    def digest(self) -> str:
        """Of the images, labels and places: equal digests, equal epochs."""
        digest = hashlib.sha256(
            f"{self.variant} {self.encoding} {self.label_name}".encode())
        for values in (self.path_number, self.byte_offset, self.byte_length,
                       self.label):
            digest.update(np.ascontiguousarray(values, "<i8").tobytes())
        digest.update("".join(self.column("digest")).encode())
        return digest.hexdigest()

    @property
    def sop_instance_uid(self) -> np.ndarray:
        """Text [n]."""
        return self.column("sop_instance_uid")

    @property
    def patient_id(self) -> np.ndarray:
        """Text [n]."""
        return self.column("patient_id")

    @property
    def laterality(self) -> np.ndarray:
        """L or R [n]."""
        return self.column("laterality")

    def column(self, name: str) -> np.ndarray:
        """A column of `records` as Python's objects, None where NULL: [n]."""
        values = np.empty(len(self), object)
        values[:] = self.rows[name].to_pylist()
        return values

    def place(self, row: int) -> str:
        """Shard and offset of a record, for errors."""
        return (f"{self.paths[self.path_number[row]]} at byte "
                f"{self.byte_offset[row]}")


def load(records: str, size: str | geometry.Size | geometry.Variant,
         split: str, label: str = "cancer", where: str | None = None,
         columns: Sequence[str] | None = None) -> Index:
    """The index of a split.

    Args:
      records: The data set's folder.
      size: Of the images, or the variant where several have one size.
      split: train, validation or test.
      label: One of `LABELS`; images whose label is unknown are left out.
      where: SQL predicate over the columns of `records`.
      columns: Which of them `Index.rows` holds beside `KEY_COLUMNS`; all of
        them unless given. They take about 0.5 kB an image.

    Raises:
      RecordsError: There is nothing to be read as asked.
      Unavailable: The records are in a store that cannot be used.
    """
    if label not in LABELS:
        raise RecordsError(f"label {label!r} is none of {', '.join(LABELS)}")
    variant = folders.find_variant(records, size)
    indices = folders.complete_split(records, variant, split)
    connection = _connect()
    copies = local_copies.of(indices)
    recipe, encoding = _recipe(connection, records, variant, copies)
    table, left_out = _select(connection, copies, label, where, columns,
                              f"the {split} images of {variant} in {records}")
    paths = tuple(folders.shard_path(path) for path in indices)
    index = Index(
        variant, split, label, encoding, recipe, paths,
        _numbers(pc.index_in(table["_path"], pa.array(copies))),
        _numbers(table["_offset"]), _numbers(table["_length"]),
        _numbers(table["_label"]),
        table.drop_columns(["_path", "_offset", "_length", "_label"]),
        left_out)
    _check_shards(index)
    return index


def _connect() -> Any:
    import duckdb  # 0.2 s that --help need not wait for.

    return duckdb.connect(":memory:", config={
        # An unknown function is an error, not a download.
        "autoinstall_known_extensions": "false",
        # An unknown table is an error, not a Python variable.
        "python_enable_replacements": "false",
        "temp_directory": tempfile.gettempdir(),
    })


def _recipe(connection: Any, records: str, variant: geometry.Variant,
            indices: list[str]) -> tuple[recipes.Recipe, str]:
    """The recipe and the encoding that all of a split's shards name."""
    import duckdb

    try:
        rows = connection.execute("""
            SELECT DISTINCT decode(key), decode(value)
            FROM parquet_kv_metadata($paths)
            WHERE decode(key) IN ('recipe', 'encoding')""", {
                "paths": list(map(_literal, indices))}).fetchall()
    except duckdb.Error as error:
        raise RecordsError(f"the Parquet files of {variant} in {records} "
                           f"cannot be read: {_one_line(error)}") from error
    found = dict(rows)
    if len(rows) != 2 or len(found) != 2:
        raise RecordsError(
            f"the shards of {variant} in {records} do not all name one recipe "
            "and encoding; build them again")
    try:
        recipe = recipes.Recipe.from_json(json.loads(found["recipe"]))
    except ValueError as error:
        raise RecordsError(
            f"{variant} in {records}: {error}; build it again") from error
    return recipe, found["encoding"]


def _select(connection: Any, indices: list[str], label: str,
            where: str | None, columns: Sequence[str] | None,
            what: str) -> tuple[pa.Table, int]:
    """The rows in order, and how many there are whose label is unknown."""
    import duckdb

    selected = connection.read_parquet(
        list(map(_literal, indices)), filename=True, hive_partitioning=False)
    (total,), = selected.count("*").fetchall()
    names = [field.name for field in schema.fields(schema.RECORDS)]
    if columns is not None:
        names = [name for name in names if name in {*KEY_COLUMNS, *columns}]
    listed = ", ".join(f'"{name}"' for name in names)
    try:
        if where is not None:
            selected = selected.filter(duckdb.SQLExpression(where))
        table = selected.query("selected", f"""
            SELECT filename AS _path, byte_offset AS _offset,
              byte_length AS _length, {LABELS[label].sql} AS _label, {listed}
            FROM selected ORDER BY filename, byte_offset""").to_arrow_table()
    except duckdb.Error as error:
        if where is None:
            raise RecordsError(
                f"{what} cannot be read: {_one_line(error)}") from error
        raise RecordsError(f"--where={where!r} is refused: {_one_line(error)}"
                           ) from error
    if not len(table):
        raise NothingThere(
            f"--where={where!r} selects none of {what}, which are {total:,}"
            if total else f"there are no {what.removeprefix('the ')}")
    known = table.filter(pc.is_valid(table["_label"]))
    if not len(known):
        raise NothingThere(f"{label} is unknown for {what}: for all "
                           f"{len(table):,} of them")
    return known, len(table) - len(known)


def _check_shards(index: Index) -> None:
    """Raises RecordsError for a shard that is missing or too short."""
    ends = np.zeros(len(index.paths), np.int64)
    np.maximum.at(ends, index.path_number,
                  index.byte_offset + index.byte_length)
    remote = {os.path.dirname(path) for path in index.paths
              if not files.is_local(path)}
    sizes = {f"{folder}/{name}": size for folder in remote
             for name, size in files.sizes(folder).items()}
    for path, end in zip(index.paths, ends):
        try:
            found = sizes[path] if path in sizes else files.size(path)
        except OSError as error:
            raise RecordsError(
                f"{path} cannot be read ({error.strerror}); copy it again or "
                "run the build again") from error
        if found < end:
            raise RecordsError(
                f"{path} has {found:,} bytes, its index reaches to byte "
                f"{end:,}: it is cut off; copy it again, or remove its file "
                "in converted/ and run the build again")


def _numbers(column: Any) -> np.ndarray:
    return column.to_numpy().astype(np.int64)


def _literal(path: str) -> str:
    """A pattern of DuckDB's that matches this path alone.

    >>> _literal("we[i]rd*.parquet")
    'we[[]i]rd[*].parquet'
    """
    return re.sub(r"([\[*?])", r"[\1]", path)


def _one_line(error: Exception) -> str:
    """DuckDB's message without its drawing of the place."""
    message = str(error).partition("\n\nLINE ")[0]
    return " ".join(message.split())
