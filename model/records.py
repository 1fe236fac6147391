"""What a folder of records holds: its variants, and the shards of a split.

A variant's folder, `<records>/<variant folder>/`, is all that is looked at: a
`.tfrecord` a shard and beside it the `.parquet` that says where in it each
image lies.
"""

import os

from pipelines import files
from pipelines import geometry
from pipelines import shards

DEFAULT_RECORDS = "data/records"


class RecordsError(ValueError):
    """There is nothing that could be read as asked; says what to do."""


class NothingThere(RecordsError):
    """What is asked for is in order, but no image is like that."""


def variants(records: str) -> tuple[geometry.Variant, ...]:
    """The variants of which there are records, by name."""
    found = []
    for name in files.list_folders(records):
        try:
            variant = geometry.Variant.parse(name.replace("-", ":", 1))
        except ValueError:
            continue
        if variant.folder == name and index_files(records, variant):
            found.append(variant)
    return tuple(found)


def find_variant(records: str, size: str | geometry.Size | geometry.Variant
                 ) -> geometry.Variant:
    """The variant that a size, or its own name, means.

    Raises:
      RecordsError: There are no such records, or of that size more than one
        variant.
      Unavailable: They are in a store that cannot be used.
    """
    files.check(records)
    wanted = _parse(size)
    there = variants(records)
    if isinstance(wanted, geometry.Variant):
        found = [variant for variant in there if variant == wanted]
        build = wanted
    else:
        found = [variant for variant in there if variant.size == wanted]
        build = geometry.Variant("resize", wanted)
    if len(found) > 1:
        raise RecordsError(
            f"{' and '.join(map(str, found))} are both of size {wanted}: "
            "name one of them instead of the size")
    if not found:
        output = "" if records == DEFAULT_RECORDS else f" --output={records}"
        raise RecordsError(
            f"no records of {wanted} in {records}; there are: "
            f"{', '.join(map(str, there)) or 'none'}; this builds them: "
            f"python pipelines/build_records.py --variants={build}{output}")
    return found[0]


def complete_split(records: str, variant: geometry.Variant,
                   split: str) -> list[str]:
    """The Parquet files of all shards of a split, in order.

    Raises:
      RecordsError: There are none, or some are missing.
    """
    if split not in shards.SPLITS:
        raise RecordsError(
            f"split {split!r} is none of {', '.join(shards.SPLITS)}")
    found = {}
    for path in index_files(records, variant):
        try:
            shard = shards.Shard.parse(os.path.basename(path))
        except ValueError as error:
            raise RecordsError(f"{path} does not belong there: {error}"
                               ) from error
        if shard.split == split:
            found[shard] = path
    counts = {shard.count for shard in found}
    if not found:
        raise NothingThere(f"{split} has no records of {variant} in {records}")
    if len(counts) > 1 or len(found) != max(counts):
        raise RecordsError(
            f"{split} has {len(found)} shards of {variant} in {records} where "
            f"there should be {max(counts)}: the build was not finished; run "
            "it again")
    return [found[shard] for shard in sorted(found)]


def shard_path(index: str) -> str:
    """Path of the records that a Parquet file locates."""
    return index.removesuffix(".parquet") + ".tfrecord"


def index_files(records: str, variant: geometry.Variant) -> list[str]:
    """The Parquet files of a variant's shards, sorted."""
    folder = os.path.join(records, variant.folder)
    return [os.path.join(folder, name) for name in files.list_folder(folder)
            if name.endswith(".parquet") and
            shards.TEMPORARY_MARK not in name]


def _parse(size: str | geometry.Size | geometry.Variant
           ) -> geometry.Size | geometry.Variant:
    if not isinstance(size, str):
        return size
    try:
        if ":" in size:
            return geometry.Variant.parse(size)
        return geometry.Size.parse(size)
    except ValueError as error:
        raise RecordsError(
            f"{error}; a size such as 416x512 or a variant such as "
            "crop:224x224 is needed") from error
