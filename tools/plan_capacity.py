r"""Says how long a build will take, and what of memory, disk and network.

    python tools/plan_capacity.py --images=557642 --file_mb=6.3 --workers=40
    python tools/plan_capacity.py --images=557642 --file_mb=6.3 --workers=200 \
        --workers_per_machine=16 --read_mb_per_second=2000
    python tools/plan_capacity.py --transfer_syntaxes=jpegls,j2k --nogzip

A few synthetic images are converted on this machine first, and a few thousand
header rows planned: half a minute. The workers are taken to be cores like this
machine's. BUILD.md has the formula.
"""

import os
import sys

if not __package__:
    sys.path[0] = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))

import pathlib
import tempfile
from typing import Any

from absl import flags

from pipelines import command
from pipelines import console

IMAGES = flags.DEFINE_integer(
    "images", 557_642, "Files of the data set.", lower_bound=1)
FILE_MB = flags.DEFINE_float(
    "file_mb", None, "Size of one on average, as it lies on the disk; as the "
    "benchmark's unless given.", lower_bound=0)
TRANSFER_SYNTAXES = flags.DEFINE_list(
    "transfer_syntaxes", ["explicit"],
    "How they are encoded, by names that tools/make_cohort.py knows; of "
    "several, each holds equally many.")
GZIP = flags.DEFINE_bool("gzip", True, "Whether they are gzipped.")
VARIANTS = flags.DEFINE_list(
    "variants", ["resize:416x512", "crop:224x224"],
    "What to store of each image, METHOD:WIDTHxHEIGHT each.")
ENCODING = flags.DEFINE_enum(
    "encoding", "raw", ["raw", "png"], "Of the pixels in a record.")
WORKERS = flags.DEFINE_integer(
    "workers", None, "Workers of all machines, one a core; this machine's "
    "cores unless given.", lower_bound=1)
WORKERS_PER_MACHINE = flags.DEFINE_integer(
    "workers_per_machine", None, "Of them; this machine's cores unless given.",
    lower_bound=1)
READ_MB_PER_SECOND = flags.DEFINE_float(
    "read_mb_per_second", 0, "What the storage gives all workers together; 0: "
    "more than they can take.", lower_bound=0)
PATIENTS = flags.DEFINE_integer(
    "patients", 4, "Of the benchmark's cohort, with about eight images each.",
    lower_bound=1)

_FEW_ROWS, _MANY_ROWS = 2_000, 20_000


def _measure(recipe: Any, threads: int) -> tuple[Any, Any]:
    """What an image costs, and a header row."""
    from tools import benchmarks
    from tools import planning
    from tools import rates

    images = []
    for syntax in TRANSFER_SYNTAXES.value:
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder)
            console.info(f"measuring {syntax} ...")
            benchmarks.make_cohort(
                path, f"--patients={PATIENTS.value}",
                f"--transfer_syntaxes={syntax}",
                f"--gzip={'all' if GZIP.value else 'none'}")
            images.append(benchmarks.in_new_process(
                rates.measure_images, path, recipe, threads))
    console.info("measuring the plan ...")
    planned = []
    for rows in (_FEW_ROWS, _MANY_ROWS):
        with tempfile.TemporaryDirectory() as folder:
            planned.append(benchmarks.in_new_process(
                planning.measure, pathlib.Path(folder), rows))
    return rates.mean(images), rates.planning_of(*planned)


def _row(stage: Any) -> list[str]:
    return [stage.name, _clock(stage.cost.seconds),
            _clock(stage.cost.cpu_seconds),
            *(_number(amount / 1e9) for amount in (
                stage.read_bytes, stage.written_bytes, stage.shuffle_bytes,
                stage.memory_bytes))]


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes // 60:,}:{minutes % 60:02}:{rest:02}"


def _ms(cost: Any) -> str:
    return f"{cost.seconds * 1e3:.2g} ({cost.cpu_seconds * 1e3:.2g})"


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 10 else f"{value:.2g}"


def main(argv: list[str]) -> int:
    command.refuse_words(argv)
    from pipelines import geometry
    from pipelines import recipe as recipes
    from tools import benchmarks

    benchmarks.quieten()
    from tools import capacity
    from tools import rates

    recipe = recipes.Recipe(tuple(map(geometry.Variant.parse, VARIANTS.value)),
                            encoding=ENCODING.value)
    cores = len(os.sched_getaffinity(0))
    count = WORKERS.value or cores
    workers = capacity.Workers(
        count, min(count, WORKERS_PER_MACHINE.value or cores),
        READ_MB_PER_SECOND.value * 1e6)
    # More threads than cores would measure their waiting for each other.
    images, planned = _measure(recipe, min(workers.of_machine, cores))
    archive = capacity.Archive(
        IMAGES.value, FILE_MB.value * 1e6 if FILE_MB.value else
        images.file_bytes, images.record_bytes)
    print(f"{archive.images:,} images of {archive.file_bytes / 1e6:.1f} MB, "
          f"{workers.count} workers, {workers.of_machine} a machine; measured "
          f"with {benchmarks.machine()} (in brackets of a core): "
          f"a header {_ms(images.scan)} ms, an image {_ms(images.convert)} ms,"
          f" a row {_ms(planned.plan)} ms to plan, {_ms(planned.seal)} ms to "
          "seal")
    print(benchmarks.table(
        ["stage", "h:mm:ss", "of cores", "reads GB", "writes GB", "shuffles GB",
         "memory GB of a machine"],
        map(_row, capacity.stages(archive, rates.rates(images, planned),
                                  workers))))
    return 0


if __name__ == "__main__":
    command.run(main)
