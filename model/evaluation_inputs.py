"""What an evaluation was asked for, and what it needs for that.

Whatever can be wrong with it (the run, the records, their recipe, the
predicate, the classes, the subgroups, the run to compare with) is found here,
before TensorFlow is imported.
"""

import dataclasses
import os
from collections.abc import Mapping, Sequence

import numpy as np
import pyarrow.parquet as pq

from model import comparison
from model import crossing
from model import evaluation
from model import index as indices
from model import metrics
from model import operating_point
from model import records
from model import runs
from model.operating_point import OperatingPoint
from pipelines import files
from pipelines import local_copies
from pipelines import shards

VALIDATION = "validation"
TEST = "test"


@dataclasses.dataclass(frozen=True)
class Request:
    """What is to be evaluated, and how.

    Attributes:
      run_dir: Folder of the trained run.
      records: Folder of the data set to judge on.
      output: Folder for what is written; None: the run's, or for another
        data set one within it.
      split: What is judged; None: the test split, of another data set all.
      sensitivity: That each threshold reaches on validation.
      where: Predicate of what is judged; None: the training's.
      by: SQL expressions by which subgroups are judged.
      compare: Folder of another run, or None.
      stored: Whether the run's own thresholds decide, instead of new ones.
      resamples: Of the patients, for intervals.
      seed: Of the resamples.
      batch_size: Images scored at a time.
      report: Whether to write a page, too.
    """

    run_dir: str
    records: str
    output: str | None = None
    split: str | None = None
    sensitivity: float = metrics.SENSITIVITY
    where: str | None = None
    by: tuple[str, ...] = ()
    compare: str | None = None
    stored: bool = False
    resamples: int = 1000
    seed: int = 0
    batch_size: int = 32
    report: bool = False

    def __post_init__(self):
        if not 0 < self.sensitivity <= 1:
            raise ValueError(
                f"--sensitivity={self.sensitivity} is not in (0, 1]")


@dataclasses.dataclass(frozen=True)
class Other:
    """The run to compare with.

    Attributes:
      run: What it is.
      point: What it decides by.
      scores: float64 [n], what it says of the images that are judged.
    """

    run: runs.Run
    point: OperatingPoint
    scores: np.ndarray


@dataclasses.dataclass(frozen=True)
class Inputs:
    """What an evaluation works on.

    Attributes:
      run: What is evaluated.
      output: Folder for what is written.
      split: What is judged.
      same_records: Whether these are what training was validated on; None:
        the run does not say.
      home: What crossing over to another data set is compared with, or None.
      where: Predicate of what is judged, or None.
      index: What is judged.
      chosen_on: What thresholds are chosen on; None where `stored` decides.
      stored: The run's own thresholds, or None.
      groups: By each of `Request.by`, which subgroup each image is in.
      other: The run to compare with, or None.
    """

    run: runs.Run
    output: str
    split: str
    same_records: bool | None
    home: crossing.Home | None
    where: str | None
    index: indices.Index
    chosen_on: indices.Index | None
    stored: OperatingPoint | None
    groups: Mapping[str, Sequence[str | None]]
    other: Other | None


def prepare(request: Request) -> Inputs:
    """Reads all but the pixels and the model.

    Raises:
      ValueError: It cannot be done as asked; says what to do.
    """
    run = runs.load_run(request.run_dir)
    files.check(request.output or run.dir.path, write=True)
    trained_where = run.document["training"].get("where")
    where = trained_where if request.where is None else request.where
    same = is_trained_on(run, request.records, trained_where)
    split = request.split or (TEST if same is not False else crossing.ALL)
    index = judged_index(run, request.records, split, where, same)
    home = chosen_on = None
    if same is False:
        home = crossing.home_of(run, request.records, index)
    elif not request.stored:
        chosen_on = load_index(run, request.records, VALIDATION, trained_where)
        operating_point.check_classes(run.label, chosen_on.label)
    return Inputs(
        run, _output(request, run, same), split, same, home, where, index,
        chosen_on, None if chosen_on else stored_point(run.dir),
        {expression: evaluation.subgroup_values(index.rows, expression)
         for expression in request.by},
        load_other(run, request, index, same) if request.compare else None)


def is_trained_on(run: runs.Run, folder: str,
                  where: str | None) -> bool | None:
    """Whether training was validated on these records; None: unknown."""
    validated_on = run.document["records"].get("digest", {}).get(VALIDATION)
    if validated_on is None:
        return None
    try:
        return load_index(run, folder, VALIDATION, where).digest == validated_on
    except records.NothingThere:
        return False


def judged_index(run: runs.Run, folder: str, split: str, where: str | None,
                 same: bool | None) -> indices.Index:
    """The images to judge.

    Raises:
      ValueError: There are none, or they were trained on.
    """
    if split != crossing.ALL:
        return load_index(run, folder, split, where)
    if same is not False:
        raise ValueError(f"--split={split} holds what {run.dir.path} was "
                         "trained on: judge on test")
    found, missing = [], None
    for one in shards.SPLITS:
        try:
            found.append(load_index(run, folder, one, where))
        except records.NothingThere as error:
            missing = error
    if not found:
        assert missing is not None  # Each split was either there or not.
        raise missing
    return crossing.joined(found)


def _output(request: Request, run: runs.Run, same: bool | None) -> str:
    """Where to write to.

    Raises:
      ValueError: There, the run's own evaluation would be lost.
    """
    if same is not False:
        return request.output or run.dir.path
    output = request.output or run.dir.on_other(request.records)
    if _same_folder(output, run.dir.path):
        raise ValueError(
            f"--output={output} holds what the run is on its own data set; "
            f"leave the flag away ({run.dir.on_other(request.records)})")
    return output


def _same_folder(one: str, other: str) -> bool:
    if not files.is_local(one) or not files.is_local(other):
        return one.rstrip("/") == other.rstrip("/")
    return os.path.realpath(one) == os.path.realpath(other)


def load_index(run: runs.Run, folder: str, split: str,
               where: str | None) -> indices.Index:
    """The images of a split, which were made as the model's were.

    Raises:
      RecordsError: There are none, or they were made by another recipe.
    """
    index = indices.load(folder, run.variant, split, run.label, where)
    wanted, found = run.recipe.core(), index.recipe.core()
    # How the pixels are stored does not change them.
    differing = [f"{name} {wanted[name]!r} (here {found[name]!r})"
                 for name in wanted
                 if name != "encoding" and wanted[name] != found[name]]
    if differing:
        raise records.RecordsError(
            f"the model in {run.dir.path} was trained on records of another "
            f"recipe than those in {folder}: {', '.join(differing)}; build "
            "records by its recipe, or train on these")
    return index


def stored_point(paths: runs.RunDir) -> OperatingPoint:
    """What a run decides by.

    Raises:
      RunError: It was not evaluated yet.
    """
    if not files.exists(paths.operating_point):
        raise runs.RunError(
            f"{paths.path} has no thresholds yet; to choose them: python "
            f"model/evaluate.py --run_dir={paths.path}")
    try:
        return OperatingPoint.from_json(
            runs.read_json(paths.operating_point))
    except (ValueError, KeyError, TypeError) as error:
        raise runs.RunError(f"{paths.operating_point} holds no thresholds: "
                            f"{error}") from error


def load_other(run: runs.Run, request: Request, index: indices.Index,
               same: bool | None) -> Other:
    """The run to compare with.

    Raises:
      RunError: It was not evaluated by the same rules.
      EvaluationError: It was not evaluated on the images of the index.
    """
    assert request.compare is not None
    other = runs.load_run(request.compare)
    folder = (runs.RunDir(other.dir.on_other(request.records))
              if same is False else other.dir)
    path = folder.predictions(index.split)
    command = (f"python model/evaluate.py --run_dir={request.compare} "
               f"--records={request.records} --split={index.split}")
    if not files.exists(path):
        raise runs.RunError(
            f"there is no {path} to compare with; to make it: {command}")
    if other.label != run.label:
        raise runs.RunError(
            f"{request.compare} learned {other.label}, {run.dir.path} learned "
            f"{run.label}: they cannot be compared")
    point = stored_point(other.dir)
    wanted = (stored_point(run.dir).sensitivity
              if request.stored or same is False else request.sensitivity)
    if point.sensitivity != wanted:
        raise runs.RunError(
            f"the thresholds of {request.compare} are for a sensitivity of "
            f"{point.sensitivity}, not {wanted}; to choose others: {command} "
            f"--sensitivity={wanted}")
    table = pq.read_table(local_copies.one(path), columns=[
        "sop_instance_uid", evaluation.LABEL, evaluation.SCORE])
    return Other(other, point, comparison.aligned_scores(
        index.rows, index.label, table, request.compare))
