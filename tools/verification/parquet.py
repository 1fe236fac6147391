"""Can every Parquet file be read, and is each of the form it should have?"""

import itertools
import json
import os
from collections.abc import Iterator, Mapping
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from pipelines import local_copies
from pipelines import schema
from tools import datasets
from tools.verification.problem import Problem

# What may change without rebuilding what is there.
_FREE_KEYS = ("variants", "normalisation")


def parquet_problems(dataset: datasets.Dataset) -> Iterator[Problem]:
    """Parquet files that are damaged or not of their table's form."""
    recipe = dataset.description["recipe"]
    images = schema.arrow_schema("images")
    for path in dataset.parts("images"):
        yield from _problems(dataset, path, images, {})
    expected = {"recipe": recipe,
                "variants": {str(variant) for variant in dataset.variants}}
    converted = schema.arrow_schema("converted")
    for path in dataset.parts("converted"):
        yield from _problems(dataset, path, converted, expected)
    records = schema.arrow_schema("records")
    for variant in dataset.variants:
        expected = {"recipe": recipe, "variant": str(variant),
                    "encoding": dataset.encoding(variant)}
        for path in datasets.parquet_files(dataset.path(variant.folder)):
            yield from _problems(dataset, path, records, expected)


def order_problems(dataset: datasets.Dataset) -> Iterator[Problem]:
    """Rows of `metadata` that are double or not in order of their file."""
    last = ""
    for path in dataset.parts("images"):
        where = _name(dataset, path)
        table = pq.read_table(local_copies.one(path), columns=["file"])
        for file in table["file"].to_pylist():
            if file is None:
                yield Problem(where, "a row names no file")
                continue
            if file == last:
                yield Problem(where, f"{file} has more than one row")
            elif file < last:
                yield Problem(where, f"{file} stands after {last}, rows are "
                              "not sorted by file")
            last = file


def _problems(dataset: datasets.Dataset, path: str, expected: pa.Schema,
              metadata: Mapping[str, Any]) -> Iterator[Problem]:
    where = _name(dataset, path)
    try:
        with pq.ParquetFile(local_copies.one(path)) as file:
            found = file.schema_arrow
            for _ in file.iter_batches():  # Reads every page.
                pass
    except (pa.ArrowException, OSError) as error:
        yield Problem(where, f"cannot be read: {_one_line(error)}")
        return
    if not found.equals(expected):
        yield Problem(where, f"its columns are wrong: "
                      f"{_first_difference(found, expected)}")
    for key, value in metadata.items():
        what = _wrong_metadata(found.metadata or {}, key, value)
        if what:
            yield Problem(where, what)


def _wrong_metadata(metadata: Mapping[bytes, bytes], key: str,
                    expected: Any) -> str | None:
    if key.encode() not in metadata:
        return f"its key-value metadata has no {key!r}"
    text = metadata[key.encode()].decode("utf-8", "replace")
    if key in ("variant", "encoding"):
        return None if text == expected else (
            f"its {key} is {text!r}, expected {expected!r}")
    try:
        found = json.loads(text)
        if key == "variants":
            missing = ", ".join(sorted(expected - set(found)))
            return f"lacks {missing}" if missing else None
        return _other_recipe(found, expected)
    except (ValueError, TypeError, AttributeError):
        return f"its {key!r} in the key-value metadata is damaged"


def _other_recipe(found: Mapping[str, Any],
                  expected: Mapping[str, Any]) -> str | None:
    """Names the first key in which the recipes differ."""
    for key in sorted({*found, *expected} - set(_FREE_KEYS)):
        if found.get(key) != expected.get(key):
            return (f"was made by another recipe: {key} is "
                    f"{found.get(key)!r}, dataset.json says "
                    f"{expected.get(key)!r}")
    return None


def _first_difference(found: pa.Schema, expected: pa.Schema) -> str:
    for ours, theirs in itertools.zip_longest(expected, found):
        if ours is None:
            return f"{theirs.name!r} does not belong there"
        if theirs is None:
            return f"{ours.name!r} is missing"
        if not ours.equals(theirs):
            return (f"found {theirs.name!r} ({theirs.type}), expected "
                    f"{ours.name!r} ({ours.type})")
    return "only their nullability differs"


def _name(dataset: datasets.Dataset, path: str) -> str:
    return os.path.relpath(path, dataset.root)


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())
