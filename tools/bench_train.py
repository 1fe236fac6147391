"""Measures how long a training waits for its images, and what else costs.

    python tools/bench_train.py
    python tools/bench_train.py --records=data/records --steps=50
    python tools/bench_train.py --choices=float32 --epochs=5

The training loop runs epochs on batches that are read meanwhile, nothing kept
in memory, and in turn epochs on one batch that is always there. Told are the
share of its steps that it waits for the next batch, and how its speed compares
to that with the held batch. Each choice of arithmetic is a process of its own:
float32; xla (float32, compiled); bfloat16 and float16 (mixed precision). In
the end an epoch's figures (AUC, specificity, threshold) are timed for as many
validation images as a large archive has. Without --records a small cohort is
made and built first.
"""

import os
import sys

if not __package__:
    sys.path[0] = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))

import dataclasses
import pathlib
import statistics
import tempfile
from typing import Any

from absl import flags

from pipelines import command
from pipelines import console

CHOICES: dict[str, dict[str, Any]] = {
    "float32": {}, "xla": {"xla": True},
    "bfloat16": {"mixed_precision": "bfloat16"},
    "float16": {"mixed_precision": "float16"}}

RECORDS = flags.DEFINE_string(
    "records", None, "Folder of the data set to train on; one is made unless "
    "given.")
INPUT = flags.DEFINE_string(
    "input", "crop:224x224", "Size of the images, or a variant.")
ARCH = flags.DEFINE_string("arch", "alexnet", "The network.")
BATCH_SIZE = flags.DEFINE_integer("batch_size", 32, "Images of a step.")
STEPS = flags.DEFINE_integer("steps", 8, "Steps of an epoch of float32.")
FEW_STEPS = flags.DEFINE_integer(
    "few_steps", 2, "Steps of an epoch of the other choices.")
EPOCHS = flags.DEFINE_integer(
    "epochs", 3, "Timed epochs of either kind, of float32; else one.")
CHOSEN = flags.DEFINE_list(
    "choices", ["float32", "xla", "bfloat16"],
    f"Which of {', '.join(CHOICES)}; the last takes many minutes on a CPU.")
IMAGES = flags.DEFINE_integer(
    "images", 557_642, "Images of the archive whose epoch's figures are timed; "
    "eight tenths are trained on, one is validated by.")
JSON = flags.DEFINE_string("json", None, "File to write all figures to.")


def _made(folder: pathlib.Path) -> str:
    """A small data set."""
    from tools import benchmarks

    cohort, records = folder / "cohort", folder / "records"
    benchmarks.make_cohort(cohort, "--patients=40", "--scale=0.25",
                           "--gzip=none", "--transfer_syntaxes=explicit")
    benchmarks.watch(benchmarks.build_words(
        cohort, records, "--variants=crop:224x224"))
    return str(records)


def _learn(records: str, name: str) -> Any:
    from tools import benchmarks
    from tools import learning

    console.info(f"{name} ...")
    found = benchmarks.in_new_process(learning.measure, learning.Choice(
        records, INPUT.value, ARCH.value, BATCH_SIZE.value,
        *((STEPS.value, EPOCHS.value) if name == "float32" else
          (FEW_STEPS.value, 1)), **CHOICES[name]))
    console.info(" ".join(_row(name, found)))
    return found


def _row(name: str, found: Any) -> list[str]:
    from tools import rounds

    real = [epoch for epoch in found.epochs if not epoch.held]
    held = [epoch for epoch in found.epochs if epoch.held]
    rates = [epoch.rate for epoch in real]
    waiting = [100 * epoch.waiting / epoch.total for epoch in real]
    return [name, f"{found.first_step:.1f}",
            f"{statistics.median(rates):.1f}", rounds.spread(rates, 1),
            f"{statistics.median(waiting):.2f}", rounds.spread(waiting, 2),
            f"{rounds.ratio(rates, [epoch.rate for epoch in held]):.2f}"]


def _tell_judging(rate: float) -> list[float]:
    from tools import learning

    seconds = learning.judging_seconds(IMAGES.value // 10, 5)
    epoch = IMAGES.value * 0.8 / rate
    taken = statistics.median(seconds)
    print(f"an epoch's figures from {IMAGES.value // 10:,} validation images: "
          f"{taken * 1e3:.0f} ms, {100 * taken / epoch:.5f} % of an epoch of "
          f"{epoch:,.0f} s")
    return seconds


def main(argv: list[str]) -> None:
    from tools import benchmarks
    from tools import rounds

    command.refuse_words(argv)
    unknown = [name for name in CHOSEN.value if name not in CHOICES]
    if unknown:
        raise command.UsageError(f"--choices={','.join(unknown)}: there are "
                                 f"{', '.join(CHOICES)}")
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    with tempfile.TemporaryDirectory() as folder:
        records = RECORDS.value or _made(pathlib.Path(folder))
        found = {name: _learn(records, name) for name in CHOSEN.value}
    print(f"{ARCH.value} at {INPUT.value}, batches of {BATCH_SIZE.value}; "
          f"{rounds.headline()}")
    print(benchmarks.table(
        ["arithmetic", "first step s", "images/s", "lowest-highest",
         "waiting %", "lowest-highest", "of a held batch's speed"],
        [_row(name, values) for name, values in found.items()]))
    first = next(iter(found.values()))
    judging = _tell_judging(statistics.median(
        epoch.rate for epoch in first.epochs if not epoch.held))
    rounds.write_json(JSON.value, {
        **{name: dataclasses.asdict(values) for name, values in found.items()},
        "judging_seconds": judging})


if __name__ == "__main__":
    command.run(main)
