"""A quick measurement of a build's stages, for `capacity`.

A few synthetic images are made, scanned and converted by the functions that
workers run, in as many threads as a machine will have workers; the planning
stages run over header rows, two numbers of them, so that what they cost at
their start is left out.
"""

import dataclasses
import functools
import operator
import os
import pathlib
import pickle
import threading
import time
from collections.abc import Callable, Sequence
from concurrent import futures
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from pipelines import config as configs
from pipelines import convert
from pipelines import duplicates
from pipelines import files
from pipelines import inventory
from pipelines import matching
from pipelines import plan
from pipelines import preprocess
from pipelines import recipe as recipes
from pipelines import resume
from pipelines import scan
from pipelines import schema
from pipelines import sources
from pipelines import work
from tools import benchmarks
from tools import capacity
from tools import planning

ROUNDS = 3
_thread = threading.local()


@dataclasses.dataclass(frozen=True)
class Images:
    """What the images of one cohort cost.

    Attributes:
      count: How many there were.
      file_bytes: Of one.
      scan: Of one worker for one, with others beside it.
      convert: Likewise.
      record_bytes: Of one, in all variants.
      index_row_bytes, shard_bytes: As `capacity.Rates` has them.
      scan_task_bytes, shard_task_bytes: Likewise.
      process_bytes, worker_bytes: Likewise.
    """

    count: float
    file_bytes: float
    scan: capacity.Cost
    convert: capacity.Cost
    record_bytes: float
    index_row_bytes: float
    shard_bytes: float
    scan_task_bytes: float
    shard_task_bytes: float
    process_bytes: float
    worker_bytes: float


def measure_images(folder: pathlib.Path, recipe: recipes.Recipe,
                   threads: int) -> Images:
    """Scans and converts a cohort as workers do.

    To be called in a process of its own, whose memory is nothing else's.

    Args:
      folder: With the cohort; `records` is written there.
      recipe: By which.
      threads: Workers at a time.
    """
    config = configs.BuildConfig(
        (configs.Source(None, (str(folder / "dicoms"),), configs.LabelSource(
            str(folder / "labels.csv"))),), str(folder / "records"),
        rules=plan.PlanRules(fractions=(1.0, 0.0, 0.0)), recipe=recipe)
    listing = sources.listing(config.sources)
    scanned = work.FilesTask("", (), tuple(
        inventory.matched_files(listing)))
    rows = [scan.scan_row(file, config.limits, config.pseudonyms)
            for file in scanned.files]
    tasks = _plan(config, rows, listing)
    # As many for each worker.
    tasks = tasks[:max(1, len(tasks) // threads) * threads]
    images = sum(task.images for task in tasks)
    before = benchmarks.resident_bytes()
    with futures.ThreadPoolExecutor(threads) as pool:
        scanning = _fastest(lambda: list(pool.map(
            functools.partial(_scan, config),
            [scanned.files[part::threads] for part in range(threads)])))
        converting = _fastest(lambda: list(pool.map(_convert, tasks)))
    added = max(0, benchmarks.peak_bytes() - before)
    shard_bytes, index_row_bytes = _index_bytes(config, tasks)
    return Images(
        len(listing), sum(listing["file_bytes"].to_pylist()) / len(listing),
        _of_one(scanning, threads, len(listing)),
        _of_one(converting, threads, images),
        sum(os.path.getsize(task.path(task.shard.records(variant)))
            for task in tasks for variant in recipe.variants) / images,
        index_row_bytes, shard_bytes,
        len(pickle.dumps(scanned)) / len(listing),
        len(pickle.dumps(tasks)) / len(tasks), before, added / threads)


def _plan(config: configs.BuildConfig, rows: list[dict[str, Any]],
          listing: pa.Table) -> list[convert.ShardTask]:
    """The shards of the scanned images."""
    scan_path = config.work("scan.parquet")
    os.makedirs(os.path.dirname(config.plan_path))
    pq.write_table(pa.Table.from_pylist(
        rows, schema.arrow_schema(schema.SCAN)), scan_path)
    plan.make_plan([scan_path], duplicates.VERDICT_SCHEMA.empty_table(),
                   sources.load_labels(config), config.rules,
                   config.plan_path)
    return resume.Existing({}).tasks(config, config.recipe, listing)


def _of_one(cost: capacity.Cost, threads: int, count: int) -> capacity.Cost:
    """What one of so many costs the worker that has it."""
    return capacity.Cost(cost.seconds * threads / count,
                         cost.cpu_seconds / count)


def _scan(config: configs.BuildConfig,
          part: Sequence[matching.MatchedFile]) -> None:
    for file in part:
        scan.scan_row(file, config.limits, config.pseudonyms)


def _convert(task: convert.ShardTask) -> None:
    if not hasattr(_thread, "workspace"):
        _thread.workspace = preprocess.Workspace()
    # What is complete is not converted again.
    files.remove(task.path(task.shard.converted))
    convert.convert_shard(task, _thread.workspace, lambda row: None)


def _index_bytes(config: configs.BuildConfig,
                 tasks: Sequence[convert.ShardTask]) -> tuple[float, float]:
    """Of a shard's tables: what they take without rows, and for each."""
    fixed = rows = 0.0
    for task in tasks:
        for name in (task.shard.converted, *map(
                task.shard.index_of, config.recipe.variants)):
            path = task.path(name)
            sink = pa.BufferOutputStream()
            pq.write_table(pq.read_table(path).slice(0, 0), sink,
                           compression="zstd")
            fixed += sink.tell()
            rows += os.path.getsize(path) - sink.tell()
    return fixed / len(tasks), rows / sum(task.images for task in tasks)


def _fastest(work: Callable[[], Any]) -> capacity.Cost:
    """Of the fastest round: others had the machine meanwhile."""
    costs = []
    for _ in range(ROUNDS):
        start, cpu = time.perf_counter(), time.process_time()
        work()
        costs.append(capacity.Cost(time.perf_counter() - start,
                                   time.process_time() - cpu))
    return capacity.Cost(min(cost.seconds for cost in costs),
                         min(cost.cpu_seconds for cost in costs))


def mean(found: Sequence[Images]) -> Images:
    """Of several cohorts, each of which counts the same."""
    part = 1 / len(found)
    values: dict[str, Any] = {}
    for field in dataclasses.fields(Images):
        values[field.name] = functools.reduce(operator.add, (
            getattr(one, field.name) * part for one in found))
    return Images(**values)


@dataclasses.dataclass(frozen=True)
class Planning:
    """What planning costs, of one header row; as `capacity.Rates` has it."""

    plan: capacity.Cost
    seal: capacity.Cost
    scan_row_bytes: float
    plan_row_bytes: float
    metadata_row_bytes: float
    plan_process_bytes: float
    plan_held_bytes: float
    plan_database_bytes: float


def planning_of(few: planning.Measured, many: planning.Measured) -> Planning:
    """From the difference of two numbers of rows: what is not done at once.
    """
    def each(value: Callable[[planning.Measured], float]) -> float:
        return max(0.0, value(many) - value(few)) / (many.rows - few.rows)

    def cost(part: slice) -> capacity.Cost:
        return capacity.Cost(
            each(lambda one: sum(
                stage.seconds for stage in one.stages[part])),
            each(lambda one: sum(
                stage.cpu_seconds for stage in one.stages[part])))

    return Planning(
        plan=cost(slice(-1)), seal=cost(slice(-1, None)),
        scan_row_bytes=many.scan_bytes / many.rows,
        plan_row_bytes=many.plan_bytes / many.rows,
        metadata_row_bytes=many.metadata_bytes / many.rows,
        plan_process_bytes=few.process_bytes,
        plan_held_bytes=each(lambda one: one.held_bytes),
        plan_database_bytes=each(lambda one: max(
            stage.peak_bytes for stage in one.stages) - one.held_bytes))


def rates(images: Images, planned: Planning) -> capacity.Rates:
    """Both measurements together."""
    found = {**vars(images), **vars(planned)}
    return capacity.Rates(**{field.name: found[field.name]
                             for field in dataclasses.fields(capacity.Rates)})
