"""Measures what another hospital's contrast does to a network, and its cure.

    python tools/bench_contrast.py
    python tools/bench_contrast.py --patients=1000 --epochs=12

Two synthetic cohorts without a patient in common are made and built: one full
of contrast, one flat. A network is trained on the first with each contrast
normalisation, its threshold chosen there, and then judged on the test split
at home and on all images of the other cohort. What was finished before is not
done again.
"""

import os
import sys

if not __package__:
    sys.path[0] = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))

import json
import pathlib
import subprocess
import time
from collections.abc import Sequence
from typing import Any

from absl import flags

from pipelines import command
from pipelines import console

OUTPUT = flags.DEFINE_string(
    "output", "data/contrast", "Folder for cohorts, records and runs.")
PATIENTS = flags.DEFINE_integer(
    "patients", 400, "Patients of each cohort, about eight images each.",
    lower_bound=40, upper_bound=100_000)
SCALE = flags.DEFINE_float(
    "scale", 0.25, "Size of their images; 1 is full size.")
FRACTIONS = flags.DEFINE_string(
    "fractions", "0.7,0.15,0.15", "Of the patients for each split.")
NORMALISATIONS = flags.DEFINE_list(
    "normalisations", ["max", "percentile", "foreground", "reference"],
    "Contrast normalisations to train with.")
ARCH = flags.DEFINE_string("arch", "alexnet", "Network to train.")
INPUT = flags.DEFINE_string("input", "104x128", "Size of its input.")
EPOCHS = flags.DEFINE_integer("epochs", 4, "Of each training.", lower_bound=1)
# Of the shape alone: whether a contrast never seen is borne is the question.
AUGMENT = flags.DEFINE_string(
    "augment", "rotation=10,shift=0.05,zoom=0.1",
    "How training images are varied, as model/train.py has it.")
HOME, ABROAD = "contrasty", "flat"

_ROOT = pathlib.Path(__file__).parents[1]
# So that the cohorts' patients differ, whatever their number.
_FIRST = {HOME: 0, ABROAD: 100_000}
_TRAIN = ("--optimizer=adam", "--learning_rate=1e-4", "--balance=ratio:0.5")


class StepFailed(RuntimeError):
    """One of the programs failed; with the last line that it printed."""


def run(log: pathlib.Path, script: str, *words: str) -> None:
    """Runs a script, its output into a log.

    Raises:
      StepFailed: It ended with an error.
    """
    console.info(f"{script} {' '.join(words)}")
    start = time.monotonic()
    with open(log, "w", encoding="utf-8") as file:
        done = subprocess.run([sys.executable, str(_ROOT / script), *words],
                              stdout=file, stderr=subprocess.STDOUT,
                              check=False)
    if done.returncode:
        *_, last = ["", *log.read_text(encoding="utf-8").splitlines()]
        raise StepFailed(f"{script} ended with status {done.returncode}, {log} "
                         f"ends: {last}")
    console.info(f"  {time.monotonic() - start:.0f} s")


def make_records(folder: pathlib.Path, contrast: str) -> None:
    """A cohort and its records; both programs go on where they stopped."""
    cohort = folder / contrast
    if not _is_made(cohort):
        run(folder / f"{contrast}-cohort.log", "tools/make_cohort.py",
            f"--output={cohort}", f"--contrast={contrast}",
            f"--first_patient={_FIRST[contrast]}",
            f"--patients={PATIENTS.value}", f"--scale={SCALE.value}")
    run(folder / f"{contrast}-build.log", "pipelines/build_records.py",
        f"--dicoms={cohort / 'dicoms'}",
        f"--label_table={cohort / 'labels.csv'}",
        f"--output={cohort / 'records'}",
        f"--variants=resize:{INPUT.value}", f"--fractions={FRACTIONS.value}")


def _is_made(cohort: pathlib.Path) -> bool:
    """Whether it is there, whole and of so many patients of that size."""
    path = cohort / "cohort.json"
    if not path.exists():
        return False
    state = json.loads(path.read_text(encoding="utf-8"))
    return (state["complete"], state["patients"], state["scale"]) == (
        True, PATIENTS.value, SCALE.value)


def judge(folder: pathlib.Path, method: str) -> tuple[Any, Any]:
    """Trains with a normalisation; its evaluations at home and abroad."""
    from model import runs

    home, abroad = (str(folder / name / "records") for name in (HOME, ABROAD))
    paths = runs.RunDir(str(folder / f"run-{method}"))
    found = runs.read_run(paths.path)
    if not (found and found.document["status"] == "finished" and
            len(found.epochs) == EPOCHS.value):
        run(folder / f"{method}-train.log", "model/train.py",
            f"--run_dir={paths.path}", f"--records={home}",
            f"--arch={ARCH.value}", f"--input={INPUT.value}",
            f"--normalisation={method}", f"--epochs={EPOCHS.value}",
            f"--augment={AUGMENT.value}", *_TRAIN)
    results = []
    for records, where in ((home, paths), (
            abroad, runs.RunDir(paths.on_other(abroad)))):
        if not _is_newer(where.evaluation, paths.model):
            name = pathlib.Path(records).parent.name
            run(folder / f"{method}-on-{name}.log", "model/evaluate.py",
                f"--run_dir={paths.path}", f"--records={records}")
        with open(where.evaluation, encoding="utf-8") as file:
            results.append(json.load(file))
    return results[0], results[1]


def _is_newer(path: str, than: str) -> bool:
    return (os.path.exists(path) and
            os.path.getmtime(path) > os.path.getmtime(than))


def row(method: str, home: Any, abroad: Any) -> Sequence[str]:
    """One training's figures, of single images."""
    from model.evaluation_text import with_interval

    cells = [method]
    for document in (home, abroad):
        figures = document["results"]["image"]["judged"]
        cells += [with_interval(figures[key], figures["intervals"][key])
                  for key in ("auc", "sensitivity", "specificity")]
    needed = abroad["crossing"]["results"]["image"]["needed"]
    return [*cells, f"{needed['specificity']:.1%}"]


def main(argv: list[str]) -> int:
    command.refuse_words(argv)
    from tools import benchmarks

    folder = pathlib.Path(OUTPUT.value)
    folder.mkdir(parents=True, exist_ok=True)
    start = time.monotonic()
    try:
        for contrast in (HOME, ABROAD):
            make_records(folder, contrast)
        found = {method: judge(folder, method)
                 for method in NORMALISATIONS.value}
    except StepFailed as error:
        return command.fail(error)
    home, abroad = next(iter(found.values()))
    print(f"{ARCH.value} {INPUT.value}, {EPOCHS.value} epochs, trained on "
          f"{HOME}; single images: {home['judged']['images']:,} at home "
          f"({home['judged']['positives']} with cancer), "
          f"{abroad['judged']['images']:,} abroad "
          f"({abroad['judged']['positives']}); "
          f"{time.monotonic() - start:.0f} s; {benchmarks.machine()}")
    print(benchmarks.table(
        ["normalisation", "AUC at home", "sensitivity", "specificity",
         "AUC abroad", "sensitivity", "specificity",
         "specificity there at the threshold for 90 %"],
        [row(method, *both) for method, both in found.items()]))
    return 0


if __name__ == "__main__":
    command.run(main)
