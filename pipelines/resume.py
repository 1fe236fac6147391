"""What an earlier build left in the output, and what is left to do.

A shard is complete when its `converted/...parquet` exists with the digest of
the plan's rows for it, in the variants that it names.
"""

import dataclasses
import json
import os

import pyarrow as pa
import pyarrow.parquet as pq

from pipelines import config as configs
from pipelines import convert
from pipelines import database
from pipelines import files
from pipelines import geometry
from pipelines import inventory
from pipelines import local_copies
from pipelines import recipe as recipes
from pipelines import shards


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
        db = database.connect(config.scratch)
        database.view_parquet(db, "plan",
                              local_copies.of([config.plan_path]))
        # NULL columns count too: any other plan, another digest.
        rows = db.execute("""
            SELECT split, shard, count(*) AS images,
              sha256(string_agg(CAST(to_json(planned) AS VARCHAR), chr(10)
                                ORDER BY index_in_shard)) AS digest,
              list(file_key ORDER BY index_in_shard) AS keys
            FROM plan AS planned
            WHERE status = 'planned'
            GROUP BY split, shard
            ORDER BY images DESC, split, shard""").fetchall()
        counts: dict[str, int] = {}
        for split, *_ in rows:
            counts[split] = counts.get(split, 0) + 1
        there = {variant: set(files.list_folder(config.path(variant.folder)))
                 for variant in recipe.variants}
        tasks = []
        for split, index, images, digest, keys in rows:
            shard = shards.Shard(split, index, counts[split])
            task = convert.ShardTask(
                shard, config.plan_path, config.output, recipe,
                self._held(there, shard, digest, recipe), config.limits,
                digest, images, _sources(config, listing, keys))
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


def planned_images(config: configs.BuildConfig) -> int:
    """How many images the plan means to write."""
    db = database.connect(config.scratch)
    database.view_parquet(db, "plan", local_copies.of([config.plan_path]))
    images, = database.one_row(
        db, "SELECT count(*) FROM plan WHERE status = 'planned'")
    return images


def _complete(path: str) -> _Complete:
    metadata = pq.read_schema(path).metadata
    return _Complete(
        metadata[b"plan_digest"].decode(), metadata[b"recipe"].decode(),
        tuple(map(geometry.Variant.parse,
                  json.loads(metadata[b"variants"]))))


def _core(recipe: recipes.Recipe) -> str:
    return json.dumps(recipe.core(), sort_keys=True)


def _sources(config: configs.BuildConfig, listing: pa.Table,
             keys: list[str]) -> tuple[str, ...] | None:
    """The files' paths, where the plan may not tell them."""
    if config.pseudonyms.key is None:
        return None
    paths = inventory.sources(config, listing, set(keys))
    return tuple(paths[key].path for key in keys)
