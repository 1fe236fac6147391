"""A run's folder: what training leaves there, and what is read from it.

    data/runs/resnet-416x512/
      run.json                       flags, recipe, versions, epochs: RUN_FIELDS
      model.keras                    the model of the lowest validation loss
      history.csv                    a row an epoch, as in run.json
      checkpoints/                   to go on from after a kill
      tensorboard/
      operating_point.json           thresholds, by evaluation
      predictions-validation.parquet ..., evaluation.json, *.png: likewise
      report.html                    likewise, where it was asked for
      on-inbreast-records/           what evaluation found on another data set

TensorFlow is not needed to read any of it.
"""

import contextlib
import dataclasses
import json
import os
import shutil
import tempfile
import uuid
from collections.abc import Iterator
from typing import Any

from pipelines import files
from pipelines import geometry
from pipelines import recipe as recipes
from pipelines import shards

FORMAT = "mammoflow-run"
VERSION = 1
RUNS_FOLDER = "data/runs"
# How folders begin in which evaluations on other data sets are.
ON_OTHERS = "on-"

# Of a run, beside its folders and the predictions.
_FILES = ("run.json", "model.keras", "history.csv", "operating_point.json",
          "evaluation.json", "report.html")

RUN_FIELDS = {
    "format": "mammoflow-run",
    "version": "of this layout",
    "name": "as tables show it: one of the thesis's four, or ARCH-WIDTHxHEIGHT",
    "network": "options that the network was built with",
    "training": "every flag of training, by name",
    "label": "what was learned: cancer, follow_up, view or laterality",
    "recipe": "how a file became the network's input; its one variant",
    "records": "folder, variant, digest, and images by split and class",
    "versions": "of Python, TensorFlow, Keras and NumPy",
    "git": "revision of this program, or null; with -dirty where changed",
    "strategy": "name, replicas, workers, devices",
    "parameters": "trainable ones of the network",
    "file_bytes": "of model.keras, or null before the first epoch's end",
    "epochs": "a list of EPOCH_FIELDS",
    "status": "running, finished, stopped_early or nan_loss",
    "started": "UTC, ISO 8601",
}
EPOCH_FIELDS = {
    "epoch": "from 1",
    "step": "steps of training so far",
    "loss": "mean over the epoch's images, weights included",
    "accuracy": "share of the validation images that are right at 1/2",
    "validation_loss": "mean over the validation images",
    "auc": "of the validation images, or null where a class is missing",
    "specificity": "at 90 % sensitivity on the validation images, or null",
    "threshold": "the score at which that is, or null",
    "learning_rate": "at the epoch's end",
    "seconds": "of the epoch, validation included",
    "images_per_second": "while training",
    "waiting": "share of the time of training spent waiting for input",
    "best": "whether model.keras was written for it",
}


class RunError(ValueError):
    """A run that is missing, unfinished, or not what was asked for."""


@dataclasses.dataclass(frozen=True)
class RunDir:
    """Paths of a run's folder.

    >>> RunDir("data/runs/resnet-416x512").predictions("test")
    'data/runs/resnet-416x512/predictions-test.parquet'
    """

    path: str

    @classmethod
    def default(cls, arch: str, size: geometry.Size) -> "RunDir":
        """Where a run is unless --run_dir says otherwise."""
        return cls(f"{RUNS_FOLDER}/{arch}-{size}")

    def file(self, name: str) -> str:
        """Path of any file of the run."""
        return os.path.join(self.path, name)

    def predictions(self, split: str) -> str:
        """Path of the scores of one split."""
        return self.file(f"predictions-{split}.parquet")

    @property
    def run(self) -> str:
        return self.file("run.json")

    @property
    def model(self) -> str:
        return self.file("model.keras")

    @property
    def history(self) -> str:
        return self.file("history.csv")

    @property
    def checkpoints(self) -> str:
        return self.file("checkpoints")

    @property
    def tensorboard(self) -> str:
        return self.file("tensorboard")

    @property
    def operating_point(self) -> str:
        return self.file("operating_point.json")

    @property
    def evaluation(self) -> str:
        return self.file("evaluation.json")

    @property
    def report(self) -> str:
        return self.file("report.html")

    def on_other(self, records: str) -> str:
        """Folder of what was found on another data set.

        >>> RunDir("data/runs/mine").on_other("/archive/inbreast/records/")
        'data/runs/mine/on-inbreast-records'
        """
        if files.is_local(records):
            records = os.path.abspath(records)
        *_, parent, name = records.rstrip("/").split(os.sep)
        return self.file(f"{ON_OTHERS}{parent}-{name}" if parent
                         else f"{ON_OTHERS}{name}")

    def remove(self) -> None:
        """Removes the run; files that are not its own stay."""
        if not files.is_local(self.path):
            self._remove_objects()
            return
        for folder in (self.checkpoints, self.tensorboard):
            shutil.rmtree(folder, ignore_errors=True)
        for name in os.listdir(self.path) if os.path.isdir(self.path) else ():
            if name.startswith(ON_OTHERS):
                shutil.rmtree(self.file(name), ignore_errors=True)
            elif name in _FILES or name.startswith("predictions-"):
                os.remove(self.file(name))

    def _remove_objects(self) -> None:
        folders = tuple(f"{os.path.basename(folder)}/" for folder in (
            self.checkpoints, self.tensorboard))
        for name in list(files.below(self.path)):
            if (name.startswith((*folders, ON_OTHERS, "predictions-"))
                    or name in _FILES):
                files.remove(self.file(name))


@dataclasses.dataclass(frozen=True)
class Run:
    """A run as its run.json tells it.

    Attributes:
      dir: Its paths.
      document: run.json.
    """

    dir: RunDir
    document: dict[str, Any]

    @property
    def name(self) -> str:
        return self.document["name"]

    @property
    def arch(self) -> str:
        return self.document["network"]["arch"]

    @property
    def recipe(self) -> recipes.Recipe:
        """How a file becomes this model's input; it has one variant."""
        return recipes.Recipe.from_json(self.document["recipe"])

    @property
    def variant(self) -> geometry.Variant:
        return self.recipe.variants[0]

    @property
    def size(self) -> geometry.Size:
        """Of the network's input."""
        return self.variant.size

    @property
    def label(self) -> str:
        return self.document["label"]

    @property
    def epochs(self) -> list[dict[str, Any]]:
        """What each epoch gave: EPOCH_FIELDS."""
        return self.document["epochs"]

    @property
    def best_epoch(self) -> dict[str, Any]:
        """That of model.keras: the lowest validation loss, the first of equals.
        """
        return min(self.epochs, key=lambda epoch: epoch["validation_loss"])

    @property
    def seconds_per_epoch(self) -> float:
        """Mean over the epochs."""
        return sum(epoch["seconds"] for epoch in self.epochs) / len(self.epochs)


def load_run(run_dir: str, command: str = "") -> Run:
    """Reads a run that has a trained model.

    Args:
      run_dir: Its folder.
      command: What trains it, for the error, such as
        `python model/train.py --arch=resnet --input=416x512`.

    Raises:
      RunError: It is missing, holds something else, or has no model yet.
    """
    paths = RunDir(run_dir)
    train = command or f"python model/train.py --run_dir={run_dir}"
    files.check(run_dir)
    if not files.exists(paths.run):
        raise RunError(f"there is no run in {run_dir} ({_siblings(run_dir)}); "
                       f"to train one: {train}")
    run = Run(paths, _read_document(paths.run))
    if not files.exists(paths.model):
        raise RunError(
            f"the run in {run_dir} has no model yet: its first epoch is not "
            f"finished (status {run.document['status']!r}); to go on: {train}")
    return run


def read_run(run_dir: str) -> Run | None:
    """Reads a run, trained or not; None where there is none."""
    paths = RunDir(run_dir)
    if not files.exists(paths.run):
        return None
    return Run(paths, _read_document(paths.run))


def _read_document(path: str) -> dict[str, Any]:
    document = read_json(path)
    found = (document.get("format"), document.get("version")) if isinstance(
        document, dict) else None
    if found != (FORMAT, VERSION):
        raise RunError(f"{path} is not the description of a run that this "
                       f"program reads: expected format {FORMAT!r} version "
                       f"{VERSION}")
    missing = sorted(set(RUN_FIELDS) - set(document))
    if missing:
        raise RunError(f"{path} lacks {', '.join(missing)}: train again into "
                       "another --run_dir")
    return document


def _siblings(run_dir: str) -> str:
    """What runs there are beside a folder, in words."""
    local = files.is_local(run_dir)
    parent = os.path.dirname(os.path.normpath(run_dir) if local
                             else run_dir.rstrip("/")) or "."
    beside = (os.path.join(parent, name) for name in files.list_folders(parent))
    found = [folder for folder in beside if files.exists(RunDir(folder).run)]
    return f"there are {', '.join(found)}" if found else f"nor in {parent}"


def read_json(path: str) -> Any:
    """Reads a JSON file.

    Raises:
      RunError: It is missing or not JSON.
    """
    try:
        return json.loads(files.read(path))
    except FileNotFoundError as error:
        raise RunError(f"there is no {path}") from error
    except ValueError as error:
        raise RunError(f"{path} is not JSON: {error}") from error


def write_json(path: str, value: Any) -> None:
    """Writes a JSON file under its name whole or not at all.

    Raises:
      ValueError: It holds a number that JSON has not, as NaN.
    """
    text = json.dumps(value, indent=2, sort_keys=True, allow_nan=False,
                      ensure_ascii=False)
    write_bytes(path, (text + "\n").encode())


def write_bytes(path: str, data: bytes) -> None:
    """Writes a file under its name whole or not at all."""
    with replacing(path) as temporary, open(temporary, "wb") as file:
        file.write(data)


@contextlib.contextmanager
def replacing(path: str) -> Iterator[str]:
    """A local name to write a file under, renamed when the block ends well.

    Its ending is that of the path; the folder is made if it is missing. What
    belongs into a store is put there in one piece.
    """
    if not files.is_local(path):
        with tempfile.TemporaryDirectory(prefix="mammoflow-") as folder:
            temporary = os.path.join(folder, os.path.basename(path))
            yield temporary
            files.put(path, temporary)
        return
    folder, name = os.path.split(path)
    os.makedirs(folder or ".", exist_ok=True)
    temporary = os.path.join(
        folder, f"{shards.TEMPORARY_MARK}{uuid.uuid4().hex}-{name}")
    try:
        yield temporary
        with open(temporary, "rb+") as file:
            # A name must not survive a power cut that its bytes do not.
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            os.remove(temporary)
        raise
