"""Is `dataset.json` whole, and does the folder hold what it names, no more?"""

import os
from collections.abc import Iterator, Mapping
from typing import Any

from pipelines import files
from pipelines import geometry
from pipelines import shards
from tools import datasets
from tools.verification.problem import Problem

_COUNT = "a whole number"
_TEXT = "text"
_VARIANT_KEYS = {"folder": _TEXT, "encoding": _TEXT, "shards": "counts",
                 "records": _COUNT, "bytes": _COUNT, "digest": _TEXT}
_SPLIT_KEYS = ("images", "cancer", "not_cancer", "unknown")


def description_problems(description: Mapping[str, Any]) -> Iterator[Problem]:
    """What is missing or malformed in `dataset.json`.

    The other checks rely on its form: where this finds anything they cannot
    run.
    """
    for what in _malformed(description):
        yield Problem(shards.DATASET_FILE, what)


def shards_of(dataset: datasets.Dataset,
              variant: geometry.Variant) -> list[shards.Shard]:
    """The shards that `dataset.json` names, train first, by number."""
    counts = dataset.description["variants"][str(variant)]["shards"]
    return [shards.Shard(split, index, counts.get(split, 0))
            for split in shards.SPLITS
            for index in range(counts.get(split, 0))]


def folder_problems(dataset: datasets.Dataset) -> Iterator[Problem]:
    """Files that are missing, left over or unknown."""
    expected = {shards.DATASET_FILE} | _metadata_parts(dataset)
    for variant in dataset.variants:
        for shard in shards_of(dataset, variant):
            expected |= {shard.converted, shard.records(variant),
                         shard.index_of(variant)}
    found = set()
    for name in files.below(dataset.root):
        if shards.TEMPORARY_MARK in name:
            yield Problem(name, "a temporary file that a build left behind")
        elif name in expected:
            found.add(name)
        elif name != shards.REPORT_FILE and not name.startswith(
                shards.WORK_FOLDER + os.sep):
            yield Problem(name, "is no part of this data set")
    for name in sorted(expected - found):
        yield Problem(name, "is missing")


def size_problems(dataset: datasets.Dataset) -> Iterator[Problem]:
    """Variants whose shards are not as large as `dataset.json` says."""
    for variant in dataset.variants:
        sizes = files.sizes(dataset.path(variant.folder))
        found = sum(sizes.get(os.path.basename(shard.records(variant)), 0)
                    for shard in shards_of(dataset, variant))
        expected = dataset.description["variants"][str(variant)]["bytes"]
        if found != expected:
            yield Problem(
                variant.folder, f"its shards have {found} bytes, "
                f"{shards.DATASET_FILE} says {expected}")


def _metadata_parts(dataset: datasets.Dataset) -> set[str]:
    """Parts are numbered from 0; which are there says how many there are."""
    names = [os.path.basename(path) for path in dataset.parts("images")]
    last = max((int(name[5:10]) for name in names
                if name.startswith("part-") and name[5:10].isdecimal()),
               default=0)
    return {f"{shards.METADATA_FOLDER}/part-{index:05d}.parquet"
            for index in range(last + 1)}


def _malformed(description: Mapping[str, Any]) -> Iterator[str]:
    if not isinstance(description.get("recipe"), dict):
        yield "names no recipe"
    counts = description.get("counts")
    counts = counts if isinstance(counts, dict) else {}
    for key in ("images", "reasons"):
        yield from _check(f"counts.{key}", counts.get(key), "counts")
    splits = counts.get("splits")
    if not isinstance(splits, dict) or not set(splits) <= set(shards.SPLITS):
        yield "counts.splits is not by train, validation and test"
        splits = {}
    for split, numbers in splits.items():
        if not _are_counts(numbers) or set(numbers) != set(_SPLIT_KEYS):
            yield (f"counts.splits.{split} does not count "
                   f"{', '.join(_SPLIT_KEYS)}")
    for name, variant in description["variants"].items():
        yield from _malformed_variant(name, variant)
    layouts = [variant.get("shards") for variant
               in description["variants"].values()
               if isinstance(variant, dict)]
    if any(layout != layouts[0] for layout in layouts):
        yield "its variants differ in their numbers of shards"


def _malformed_variant(name: str, variant: Any) -> Iterator[str]:
    if not isinstance(variant, dict):
        yield f"variants.{name} is not described"
        return
    for key, kind in _VARIANT_KEYS.items():
        yield from _check(f"variants.{name}.{key}", variant.get(key), kind)
    folder = geometry.Variant.parse(name).folder
    if variant.get("folder") != folder:
        yield (f"variants.{name}.folder is {variant.get('folder')!r}, "
               f"not {folder!r}")
    if variant.get("encoding") not in (datasets.RAW, datasets.PNG):
        yield (f"variants.{name}.encoding is {variant.get('encoding')!r}, "
               f"neither {datasets.RAW!r} nor {datasets.PNG!r}")
    if not set(variant.get("shards") or ()) <= set(shards.SPLITS):
        yield f"variants.{name}.shards names a split that does not exist"


def _check(key: str, value: Any, kind: str) -> Iterator[str]:
    fits = {_COUNT: _is_count, _TEXT: lambda v: isinstance(v, str),
            "counts": _are_counts}[kind]
    if not fits(value):
        yield f"{key} is {value!r}, not {kind}"


def _is_count(value: Any) -> bool:
    return type(value) is int and value >= 0


def _are_counts(value: Any) -> bool:
    return isinstance(value, dict) and all(map(_is_count, value.values()))
