"""What an earlier build left in the output, and what is left to do.

A shard is complete when its `converted/...parquet` exists with the digest of
the plan's rows for it, in the variants that it names.
"""

import collections
import dataclasses
import hashlib
import json
import os
from collections.abc import Sequence

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from pipelines import config as configs
from pipelines import convert
from pipelines import database
from pipelines import files
from pipelines import geometry
from pipelines import inventory
from pipelines import local_copies
from pipelines import matching
from pipelines import recipe as recipes
from pipelines import shards

_BATCH_ROWS = 8192


@dataclasses.dataclass(frozen=True)
class _Complete:
    """What the `converted` file of one shard says."""

    plan_digest: str
    recipe_core: str
    variants: tuple[geometry.Variant, ...]


@dataclasses.dataclass(frozen=True)
class Existing:
    """The complete shards that a build finds in its output.

    Attributes:
      complete: What each of them says, by its file's name.
    """

    complete: dict[str, _Complete]

    @classmethod
    def of(cls, config: configs.BuildConfig) -> "Existing":
        """Reads the output as it is."""
        folder = config.path(shards.CONVERTED_FOLDER)
        names = [name for name in files.list_folder(folder)
                 if name.endswith(".parquet")]
        copies = local_copies.of([f"{folder}/{name}" for name in names])
        return cls(dict(zip(names, map(_complete, copies))))

    def check(self, config: configs.BuildConfig) -> recipes.Recipe:
        """The recipe of the whole data set, with variants of earlier builds.

        Raises:
          ValueError: It was built by another recipe, and `--overwrite` is
            not given.
        """
        wanted = config.recipe
        core = _core(wanted)
        others = {shard.recipe_core
                  for shard in self.complete.values()} - {core}
        if others and not config.overwrite:
            theirs, ours = (recipes.OPTIONAL | values for values in (
                json.loads(sorted(others)[0]), wanted.core()))
            differences = ", ".join(
                f"{name} is {theirs.get(name)!r} there and {ours.get(name)!r}"
                " here" for name in sorted({*theirs, *ours})
                if theirs.get(name) != ours.get(name))
            raise ValueError(
                f"{config.output} holds records of another recipe "
                f"({differences}): give another --output, or --overwrite to "
                "replace them")
        variants = {*wanted.variants, *(
            variant for shard in self.complete.values()
            if shard.recipe_core == core for variant in shard.variants)}
        return dataclasses.replace(
            wanted, variants=tuple(sorted(variants, key=str)))

    def tasks(self, config: configs.BuildConfig, recipe: recipes.Recipe,
              listing: pa.Table) -> list[convert.ShardTask]:
        """The shards that lack something, the largest first.

        The embedded runner deals them out in turn, without stealing.
        """
        rows = sorted(_planned(config), key=lambda row: (
            -row.images, row.split, row.index))
        counts = collections.Counter(row.split for row in rows)
        paths = _paths(config, listing, rows)
        there = {variant: set(files.list_folder(config.path(variant.folder)))
                 for variant in recipe.variants}
        tasks = []
        for row in rows:
            shard = shards.Shard(row.split, row.index, counts[row.split])
            digest = row.digest.hexdigest()
            task = convert.ShardTask(
                shard, config.plan_path, config.output, recipe,
                self._held(there, shard, digest, recipe), config.limits,
                digest, row.images,
                None if paths is None else tuple(
                    paths[key].path for key in row.keys))
            if task.missing:
                tasks.append(task)
        return tasks

    def _held(self, there: dict[geometry.Variant, set[str]],
              shard: shards.Shard, digest: str, recipe: recipes.Recipe
              ) -> tuple[geometry.Variant, ...]:
        """The variants of a shard that need not be written.

        Args:
          there: Names of the files in each variant's folder.
          shard: Which.
          digest: Of its rows in the plan.
          recipe: Of the build.
        """
        complete = self.complete.get(os.path.basename(shard.converted))
        if (complete is None or complete.plan_digest != digest
                or complete.recipe_core != _core(recipe)):
            return ()
        return tuple(
            variant for variant in complete.variants
            if {os.path.basename(shard.records(variant)),
                os.path.basename(shard.index_of(variant))}
            <= there.get(variant, set()))


class _Planned:
    """What the plan says of one shard.

    Attributes:
      split: Of the shard.
      index: Likewise.
      images: How many rows were added.
      keys: The keys of their files, in their order.
      digest: Of the rows as JSON, a line each.
    """

    def __init__(self, split: str, index: int):
        self.split = split
        self.index = index
        self.images = 0
        self.keys: list[str] = []
        self.digest = hashlib.sha256()

    def add(self, key: str, row: str) -> None:
        """Appends one row."""
        self.digest.update(f"\n{row}".encode() if self.images
                           else row.encode())
        self.keys.append(key)
        self.images += 1


def _planned(config: configs.BuildConfig) -> list[_Planned]:
    """The plan's shards, read row by row: as JSON they would fill a memory.

    The plan's rows are in the order of their shards.
    """
    db = database.connect(config.scratch)
    found: list[_Planned] = []
    with pq.ParquetFile(local_copies.one(config.plan_path)) as file:
        for batch in file.iter_batches(_BATCH_ROWS):
            db.register("planned", batch)
            # NULL columns count too: any other plan, another digest.
            rows = db.execute("""
                SELECT split, shard, file_key,
                  CAST(to_json(planned) AS VARCHAR)
                FROM planned WHERE status = 'planned'
                ORDER BY split, shard, index_in_shard""").fetchall()
            for split, index, key, row in rows:
                if not found or (found[-1].split,
                                 found[-1].index) != (split, index):
                    found.append(_Planned(split, index))
                found[-1].add(key, row)
    return found


def planned_images(config: configs.BuildConfig) -> int:
    """How many images the plan means to write."""
    with pq.ParquetFile(local_copies.one(config.plan_path)) as file:
        return sum(
            pc.sum(pc.equal(batch["status"], "planned")).as_py() or 0
            for batch in file.iter_batches(_BATCH_ROWS, columns=["status"]))


def _complete(path: str) -> _Complete:
    metadata = pq.read_schema(path).metadata
    return _Complete(
        metadata[b"plan_digest"].decode(), metadata[b"recipe"].decode(),
        tuple(map(geometry.Variant.parse,
                  json.loads(metadata[b"variants"]))))


def _core(recipe: recipes.Recipe) -> str:
    return json.dumps(recipe.core(), sort_keys=True)


def _paths(config: configs.BuildConfig, listing: pa.Table,
           rows: Sequence[_Planned]
           ) -> dict[str, matching.MatchedFile] | None:
    """Where the files lie, by their keys, where the plan may not tell."""
    if config.pseudonyms.key is None:
        return None
    return inventory.sources(config, listing,
                             {key for row in rows for key in row.keys})
