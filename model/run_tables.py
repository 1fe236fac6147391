"""The thesis's Tables 6.2, 6.3 and 6.4 of any runs.

Rows come from run.json and evaluation.json; what a run has not is None.
"""

import dataclasses
import os
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from model import runs
from pipelines import files

_COMBINATIONS = {"image": "Baseline", "min": "Minimum", "max": "Maximum",
                 "mean": "Mean", "learned": "Learned"}


@dataclasses.dataclass(frozen=True)
class Evaluated:
    """A run and, where there is one, its evaluation.

    Attributes:
      run: What was trained.
      evaluation: evaluation.json, or None.
      title: What rows call it.
    """

    run: runs.Run
    evaluation: Mapping[str, Any] | None
    title: str

    def figure(self, combination: str, split: str, name: str) -> str | None:
        """One figure of the evaluation in percent."""
        results = (self.evaluation or {}).get("results", {})
        figures = results.get(combination, {}).get(split) or {}
        return _percent(figures.get(name))


@dataclasses.dataclass(frozen=True)
class Table:
    """A table of the thesis.

    Attributes:
      title: What it shows.
      columns: Their names.
      row: The cells of a run.
    """

    title: str
    columns: tuple[str, ...]
    row: Callable[[Evaluated], Sequence[Any]]


def all_runs() -> list[str]:
    """The folders of the runs that are where runs are by default."""
    if not os.path.isdir(runs.RUNS_FOLDER):
        return []
    return sorted(entry.path for entry in os.scandir(runs.RUNS_FOLDER)
                  if os.path.exists(runs.RunDir(entry.path).run))


def load(folder: str) -> Evaluated:
    """Reads a run, evaluated or not.

    Raises:
      RunError: There is no run.
    """
    # Also one without a model yet: it has its parameters to show.
    run = runs.read_run(folder) or runs.load_run(folder)
    path = run.dir.evaluation
    evaluation = runs.read_json(path) if files.exists(path) else None
    name = os.path.basename(os.path.normpath(folder))
    usual = (run.name, f"{run.arch}-{run.size}")
    title = run.name if name in usual else f"{run.name} ({name})"
    return Evaluated(run, evaluation, title)


def notes(found: Sequence[Evaluated]) -> list[str]:
    """What a reader of the tables must know."""
    told = []
    for one in found:
        folder = one.run.dir.path
        if one.evaluation is None:
            told.append(f"{folder} is not evaluated: python "
                        f"model/evaluate.py --run_dir={folder}")
            continue
        if one.evaluation["where"]:
            told.append(f"{folder} was judged where "
                        f"{one.evaluation['where']}")
        if one.evaluation["split"] != "test":
            told.append(f"{folder} was judged on "
                        f"{one.evaluation['split']}, not on test")
    judged = {(one.evaluation["label"], one.evaluation["sensitivity"],
               *one.evaluation["judged"].values())
              for one in found if one.evaluation}
    if len(judged) > 1:
        told.append("these runs were not judged on the same images, label and "
                    "sensitivity: their figures cannot be compared")
    return told


def _percent(value: float | None) -> str | None:
    return None if value is None else f"{100 * value:.1f}%"


def duration(seconds: float) -> str:
    """As the thesis writes it, with tenths below ten seconds.

    >>> duration(41 * 60 + 16), duration(13130), duration(3.21)
    ('41:16', '3:38:50', '0:03.2')
    """
    if seconds < 9.95:
        return f"0:0{seconds:.1f}"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours}:{minutes:02}:{rest:02}"
    return f"{minutes}:{rest:02}"


def file_size(size: int) -> str:
    """In binary units, as the thesis writes it.

    >>> file_size(369_098_752), file_size(1_503_238_554), file_size(900)
    ('352 MiB', '1.4 GiB', '900 B')
    """
    value, unit = float(size), "B"
    for unit in ("B", "KiB", "MiB", "GiB"):
        if value < 1000 or unit == "GiB":
            break
        value /= 1024
    return f"{value:.1f} {unit}" if unit == "GiB" else f"{value:.0f} {unit}"


def _cost(one: Evaluated) -> Sequence[Any]:
    document = one.run.document
    size = document["file_bytes"]
    return (one.title, f"{document['parameters']:,}",
            duration(one.run.seconds_per_epoch) if one.run.epochs else None,
            None if size is None else file_size(size))


def _images(one: Evaluated) -> Sequence[Any]:
    half, at_threshold = (
        one.figure("image", "judged", name)
        for name in ("accuracy_half", "accuracy_threshold"))
    best = one.run.best_epoch["epoch"] if one.run.epochs else None
    return (one.title, len(one.run.epochs), best,
            one.figure("image", "validation", "auc"),
            one.figure("image", "validation", "specificity"),
            *(one.figure("image", "judged", name)
              for name in ("auc", "sensitivity", "specificity")),
            f"{half} / {at_threshold}" if half else None)


def _breasts(one: Evaluated) -> Sequence[Any]:
    return (one.title, *(one.figure(combination, "judged", name)
                         for combination in _COMBINATIONS
                         for name in ("auc", "specificity")))


TABLES = {
    "6.2": Table(
        "cost to train and save; time is the mean of all epochs, validation "
        "included",
        ("", "Parameters", "Time/epoch", "File size"), _cost),
    "6.3": Table(
        "single images; the threshold is chosen on validation, accuracy is at "
        "1/2 and at the threshold",
        ("", "Epochs", "Best", "Val AUC", "Val Spec", "Test AUC", "Test Sen",
         "Test Spec", "Test Acc/T-Acc"), _images),
    "6.4": Table(
        "the views of a breast combined, on test; the baseline is 6.3's",
        ("", *(f"{name} {figure}" for name in _COMBINATIONS.values()
               for figure in ("AUC", "Spec"))), _breasts),
}
