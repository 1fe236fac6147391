"""Is every record of every shard whole, and what its row says it is?"""

import concurrent.futures
import hashlib
import os
from collections.abc import Callable, Iterator, Mapping
from typing import Any, BinaryIO

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from pipelines import files
from pipelines import geometry
from pipelines import local_copies
from pipelines import schema
from pipelines import shards
from tools import datasets
from tools.verification import folder
from tools.verification.problem import Problem

# Features whose values do not belong in a report.
_PERSONAL = frozenset({"patient_id", "study_date"})
# Of a shard in a store, so that it is not asked for each record.
_READ_AHEAD = 8 << 20
_NOT_IN_ROW = ("image", "height", "width")


def record_problems(dataset: datasets.Dataset, workers: int,
                    on_bytes: Callable[[int], None]) -> Iterator[Problem]:
    """Reads every shard that is there; threads, since hashing frees the GIL.

    Args:
      dataset: The data set.
      workers: How many shards are read at a time.
      on_bytes: Called, from any thread, with the size of each record read.

    Yields:
      Problems in the order of variants, shards and records.
    """
    def check(job: tuple[geometry.Variant, shards.Shard]) -> list[Problem]:
        return list(_shard_problems(dataset, *job, on_bytes))

    jobs = [(variant, shard) for variant in dataset.variants
            for shard in folder.shards_of(dataset, variant)]
    with concurrent.futures.ThreadPoolExecutor(workers) as executor:
        try:
            for problems in executor.map(check, jobs):
                yield from problems
        finally:
            executor.shutdown(cancel_futures=True)


def _shard_problems(dataset: datasets.Dataset, variant: geometry.Variant,
                    shard: shards.Shard,
                    on_bytes: Callable[[int], None]) -> Iterator[Problem]:
    name = shard.records(variant)
    try:
        rows = pq.read_table(local_copies.one(
            dataset.path(shard.index_of(variant))))
        with files.open_parts(dataset.path(name), _READ_AHEAD) as file:
            place = {"variant": str(variant), "split": shard.split,
                     "shard": shard.index}
            size = file.seek(0, os.SEEK_END)
            end = 0
            for index, row in enumerate(rows.to_pylist()):
                where = f"{name} record {index}"
                place["index_in_shard"] = index
                problems = _place_problems(row, place, end)
                problems += _record_problems(
                    file, size, row, variant, dataset.encoding(variant))
                yield from (Problem(where, what) for what in problems)
                end = (row["byte_offset"] or 0) + (row["byte_length"] or 0)
                on_bytes(row["byte_length"] or 0)
            if end != size:
                yield Problem(name, f"has {size} bytes, its rows end at {end}")
    except FileNotFoundError:
        return  # The check of the folder says so.
    except (pa.ArrowException, OSError, KeyError) as error:
        yield Problem(name, "cannot be checked: "
                      + " ".join(str(error).split()))


def _place_problems(row: Mapping[str, Any], place: Mapping[str, Any],
                    end: int) -> list[str]:
    """Whether the row stands where it says, and its record after the last."""
    problems = [f"its row says {name} {row[name]}, it stands in {value}"
                for name, value in place.items() if row[name] != value]
    if row["byte_offset"] != end:
        problems.append(f"its row says byte_offset {row['byte_offset']}, the "
                        f"record before it ends at {end}")
    return problems


def _record_problems(file: BinaryIO, size: int, row: Mapping[str, Any],
                     variant: geometry.Variant, encoding: str) -> list[str]:
    """Reads one record and compares it with its row."""
    offset, length = row["byte_offset"], row["byte_length"]
    if (offset is None or length is None or offset < 0 or length < 0 or
            offset + length > size):
        return [f"its row says bytes {offset} to "
                f"{offset if length is None else (offset or 0) + length}, "
                f"the shard has {size}"]
    try:
        example: Mapping[str, Any] = datasets.read_example(
            file, row, "the shard")
    except ValueError as error:
        return [str(error)]
    names = {field.name for field in schema.fields("example")}
    if set(example) != names:
        return [f"its features differ from the schema's: "
                f"{', '.join(sorted(names ^ set(example)))}"]
    size_found = example["width"], example["height"]
    if size_found != (variant.size.width, variant.size.height):
        return [f"is {size_found[0]}x{size_found[1]}, not {variant.size}"]
    problems = _feature_problems(example, row) + _crop_problems(row)
    try:
        pixels = datasets.decode_image(example, encoding)
    except ValueError as error:
        return problems + [str(error)]
    return problems + _pixel_problems(pixels, row)


def _feature_problems(example: Mapping[str, Any],
                      row: Mapping[str, Any]) -> list[str]:
    """Features that are not what the row has."""
    expected = schema.example_values(
        {**row, **{name: example[name] for name in _NOT_IN_ROW}})
    problems = []
    for name, value in expected.items():
        if example[name] == value:
            continue
        problems.append(
            f"its {name} is not its row's" if name in _PERSONAL else
            f"its {name} is {_shown(example[name])}, "
            f"its row has {_shown(value)}")
    return problems


def _pixel_problems(pixels: np.ndarray, row: Mapping[str, Any]) -> list[str]:
    """Pixels that are not those the row describes."""
    problems = []
    little = np.ascontiguousarray(pixels, dtype="<u2")
    digest = hashlib.sha256(little.data).hexdigest()
    if digest != row["digest"]:
        problems.append(f"the digest of its image is {digest}, its row has "
                        f"{row['digest']}")
    largest = int(little.max(initial=0))
    if largest != row["max_value"]:
        problems.append(f"its image's largest value is {largest}, its row "
                        f"has max_value {row['max_value']}")
    return problems


def _crop_problems(row: Mapping[str, Any]) -> list[str]:
    """A crop that is not within the original."""
    problems = [f"its row has no {name}" for name in (
        "flipped", "crop_left", "crop_top", "crop_width", "crop_height",
        "scale_x", "scale_y") if row[name] is None]
    if problems or row["columns"] is None or row["rows"] is None:
        return problems
    box = geometry.Box(row["crop_left"], row["crop_top"],
                       row["crop_width"], row["crop_height"])
    inside = box.clipped(row["columns"], row["rows"])
    if box != inside or box.width < 1 or box.height < 1:
        problems.append(f"its crop {box} is not within the original of "
                        f"{row['columns']}x{row['rows']}")
    if not (row["scale_x"] > 0 and row["scale_y"] > 0):
        problems.append(f"its scale {row['scale_x']}, {row['scale_y']} is "
                        "not above 0")
    return problems


def _shown(value: int | bytes) -> str:
    return value.decode("utf-8", "replace") if isinstance(
        value, bytes) else str(value)
