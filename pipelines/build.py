"""The stages of a build, one after the other.

    scan (Beam)  ->  plan (one process)  ->  convert (Beam)  ->  seal
"""

import contextlib
import os
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from typing import Any, TextIO

import apache_beam as beam
import pyarrow as pa
from apache_beam.runners.runner import PipelineState

from pipelines import beam_options
from pipelines import beam_store
from pipelines import config as configs
from pipelines import console
from pipelines import convert
from pipelines import duplicates
from pipelines import embedded
from pipelines import engines
from pipelines import files
from pipelines import inventory
from pipelines import local_copies
from pipelines import memory
from pipelines import plan
from pipelines import progress
from pipelines import report
from pipelines import resume
from pipelines import seal
from pipelines import shards
from pipelines import sources
from pipelines import transforms

# As a worker's traceback has it; Beam adds the step.
_FAILURE = re.compile(
    rf"{convert.BuildFailed.__name__}: (.*?)(?: \[while running .*)?$",
    re.MULTILINE)


def build(config: configs.BuildConfig, options: Any,
          stream: TextIO, results: TextIO | None = None,
          on_sealed: Callable[[], None] = lambda: None) -> int:
    """Runs a build.

    Args:
      config: What to build.
      options: Beam's `PipelineOptions`.
      stream: Where progress and remarks go.
      results: Where the audit and the tables go; there too unless given.
      on_sealed: Called once there is a whole data set, before the tables.

    Returns:
      The exit status: 0, or 1 where the label table matches no image or too
      many files were rejected.

    Raises:
      ValueError: The input or the flags are wrong; nothing was written.
      BuildFailed: It cannot go on; what is complete stays and is used by the
        next run.
    """
    beam_store.use(options)
    # A wrong address, a store that refuses or a bad table stops it before any
    # work.
    results = results or stream
    engines.check(options)
    files.check(config.output, write=True)
    labels = sources.load_labels(config)
    existing = resume.Existing.of(config)
    recipe = existing.check(config)
    listing = sources.listing(config.sources)
    engines.check_paths(options, config.output, listing["file"])
    scan_path = _scan(config, options, listing, stream)
    audit = _plan(config, scan_path, _duplicates(
        config, options, listing, scan_path, stream), labels)
    print("\n".join(audit.lines()), file=results, flush=True)
    # Once a data set's table is mended, the images of all take other places.
    if config.plan_only or (
            audit.no_match and resume.planned_images(config)):
        return report.planned(config, audit, stream, results)
    _convert(config, options, existing, recipe, listing, stream)
    memory.give_back()
    dataset = seal.seal(config, recipe, audit)
    on_sealed()
    return report.built(config, dataset, audit, stream, results)


def _scan(config: configs.BuildConfig, options: Any, listing: pa.Table,
          stream: TextIO) -> str:
    """Reads the headers that are not known yet; returns the table's path."""
    tasks = inventory.scan_tasks(config, listing, beam_options.cores())
    left = sum(len(task.files) for task in tasks)
    print(f"scan     {len(listing):,} files matched, "
          f"{len(listing) - left:,} known from before", file=stream)
    _run(tasks, transforms.ScanHeaders(
            config.limits, config.pseudonyms, config.recipe.policy),
         options, _stage("scan", "files", {
             task.path: len(task.files) for task in tasks}), stream)
    return inventory.finish_scan(config, listing)


def _duplicates(config: configs.BuildConfig, options: Any, listing: pa.Table,
                scan_path: str, stream: TextIO) -> pa.Table:
    """Reads whole the files that share a SOP Instance UID, and only those."""
    suspects = duplicates.suspects(config, scan_path, listing)
    tasks = duplicates.tasks(config, suspects)
    _run(tasks, transforms.HashContents(config.limits), options,
         _stage("compare", "files", {
             task.path: len(task.files) for task in tasks}), stream)
    return duplicates.verdicts(config, suspects, tasks)


def _plan(config: configs.BuildConfig, scan_path: str, verdicts: pa.Table,
          labels: Any) -> Any:
    """Writes the plan, to a local disk first; returns the audit."""
    local = config.plan_path
    if not files.is_local(local):
        local = f"{config.scratch}-plan.parquet"
    os.makedirs(os.path.dirname(local), exist_ok=True)
    audit = plan.make_plan(local_copies.of([scan_path]), verdicts, labels,
                           config.rules, local)
    if local != config.plan_path:
        files.put(config.plan_path, local)
    return audit


def _convert(config: configs.BuildConfig, options: Any,
             existing: resume.Existing, recipe: Any, listing: pa.Table,
             stream: TextIO) -> None:
    tasks = existing.tasks(config, recipe, listing)
    done = resume.planned_images(config) - sum(task.images for task in tasks)
    if done:
        print(f"convert  {done:,} images are complete from before",
              file=stream)
    if tasks:
        # A data set that is being changed must not pass for a whole one.
        files.remove(config.path(shards.DATASET_FILE))
        memory.give_back()
    _run(tasks, transforms.ConvertShards(), options,
         _stage("convert", "images", {
             task.path(task.shard.records(task.missing[0])): task.images
             for task in tasks}), stream)


def _stage(name: str, unit: str, outputs: dict[str, int]) -> progress.Stage:
    """A stage whose outputs are files of so many items each."""
    # A shard that is built again, for another plan, has its old file.
    old = files.existing(list(outputs))
    new = [path for path in outputs if path not in old]
    return progress.Stage(
        name, unit, sum(outputs.values()),
        lambda: sum(outputs[path] for path in files.existing(new)))


def _run(tasks: Sequence[Any], transform: beam.PTransform, options: Any,
         stage: progress.Stage, stream: TextIO) -> None:
    """Runs one stage's tasks on Beam."""
    if not tasks:
        return
    here = beam_options.is_embedded(options)
    running = (embedded.running(tasks, options) if here
               else contextlib.nullcontext())
    with (progress.Reporter(stage, stream), _silence(for_good=not here),
          running):
        pipeline = beam.Pipeline(runner=beam_options.runner(options),
                                 options=options)
        _ = pipeline | "Tasks" >> transforms.Tasks(tasks) | transform
        try:
            state = _finish(pipeline)
        except Exception as error:
            # Runners hand on a worker's error as the text of its traceback.
            failure = _FAILURE.search(str(error))
            if failure:
                raise convert.BuildFailed(failure[1]) from None
            if here:
                raise
            raise convert.BuildFailed(
                f"the {stage.name} stage failed on {engines.name(options)}: "
                f"{engines.failure(error)}; what is complete stays, and the "
                "same command goes on from there") from None
    if state != PipelineState.DONE:
        raise convert.BuildFailed(
            f"the {stage.name} stage ended as {state}: the runner's log says "
            "why; what is complete stays for the next run")


def _finish(pipeline: beam.Pipeline) -> str:
    """Runs a pipeline to its end; returns its last state."""
    result = pipeline.run()
    try:
        return result.wait_until_finish()
    except KeyboardInterrupt:
        # A cluster would go on without the one who asked.
        with contextlib.suppress(Exception):
            result.cancel()
        raise


@contextlib.contextmanager
def _silence(for_good: bool) -> Iterator[None]:
    """Drops the tracebacks that workers print; the raised error has them too.

    Args:
      for_good: Stay silent where the block fails: workers that are threads of
        this process, as Prism's, may fail after it.
    """
    before, sys.stderr = sys.stderr, console.Nowhere()
    failed = True
    try:
        yield
        failed = False
    finally:
        if not (failed and for_good):
            sys.stderr = before
