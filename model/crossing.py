"""From the data set that a model was trained on to another one.

Nothing is chosen there: the stored thresholds judge, and what they give is
set against what they gave on the test split at home.
"""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from model import evaluation
from model import index as indices
from model import metrics
from model import records
from model import runs
from model.evaluation import Scored
from model.operating_point import OperatingPoint
from pipelines import files

ALL = "all"  # Splits together.
_LEARNED_FROM = ("train", "validation")
_FIGURES = ("auc", "sensitivity", "specificity")


@dataclasses.dataclass(frozen=True)
class Home:
    """Where a model comes from.

    Attributes:
      document: Its evaluation.json, on its own test split.
      shared: How many of the `images` and `patients` to judge training has
        seen; None where its records are not there any more.
    """

    document: Mapping[str, Any]
    shared: Mapping[str, int] | None


def home_of(run: runs.Run, folder: str, index: indices.Index) -> Home:
    """What judging on another data set is compared with.

    Args:
      run: What is judged.
      folder: Of the other data set.
      index: What of it is judged.

    Raises:
      ValueError: The run was not evaluated on its own test split, or it was
        trained on what is to be judged.
    """
    shared = _shared(run, index)
    if index.split == ALL and shared and shared["images"]:
        raise ValueError(
            f"{run.dir.path} was trained or validated on {shared['images']:,} "
            f"of the {len(index):,} images of {folder}: give --split=test")
    return Home(_own_evaluation(run), shared)


def joined(parts: Sequence[indices.Index]) -> indices.Index:
    """The images of several splits of one variant as one index, `ALL`."""
    before = np.cumsum([0, *(len(part.paths) for part in parts)])

    def numbers(name: str) -> np.ndarray:
        return np.concatenate([getattr(part, name) for part in parts])

    return dataclasses.replace(
        parts[0], split=ALL,
        paths=tuple(path for part in parts for path in part.paths),
        path_number=np.concatenate([
            part.path_number + first for part, first in zip(parts, before)]),
        byte_offset=numbers("byte_offset"), byte_length=numbers("byte_length"),
        label=numbers("label"),
        rows=pa.concat_tables([part.rows for part in parts]),
        left_out=sum(part.left_out for part in parts))


def described(home: Home, judged: Scored, point: OperatingPoint,
              results: Mapping[str, Any]) -> dict[str, Any]:
    """What evaluation.json says of crossing over.

    Args:
      home: Where the model comes from.
      judged: The images of the other data set.
      point: What decides.
      results: `evaluation.results` of them.
    """
    found = {}
    for name, cases in evaluation.all_cases(judged, point).items():
        own, here = ({key: figures.get(key) for key in _FIGURES}
                     for figures in (
                         home.document["results"][name]["judged"],
                         results[name]["judged"]))
        found[name] = {
            "threshold": cases.threshold, "home": own, "here": here,
            "difference": {key: _difference(here[key], own[key])
                           for key in _FIGURES},
            "needed": _needed(cases, point.sensitivity)}
    return {
        "home": {key: home.document[key]
                 for key in ("records", "split", "where", "judged")},
        "shared": home.shared, "results": found}


def _needed(cases: evaluation.Cases, sensitivity: float
            ) -> dict[str, float | None] | None:
    """The threshold that would detect as many here; None without cases."""
    if not cases.labels.sum():
        return None
    threshold = metrics.threshold_at_sensitivity(
        cases.labels, cases.scores, sensitivity)
    there = metrics.judge(cases.labels, cases.scores, threshold)
    return {"threshold": threshold,
            "sensitivity": evaluation.finite(there.sensitivity),
            "specificity": evaluation.finite(there.specificity)}


def _difference(here: float | None, own: float | None) -> float | None:
    return None if here is None or own is None else here - own


def _shared(run: runs.Run, index: indices.Index) -> dict[str, int] | None:
    """How much of an index the run's training has seen, if that is known."""
    trained_on = run.document["records"]
    folder = trained_on.get("folder")
    if not folder:
        return None
    images: set[str] = set()
    patients: set[tuple[str | None, str | None]] = set()
    for split in _LEARNED_FROM:
        try:
            part = indices.load(folder, run.variant, split, run.label,
                                run.document["training"].get("where"), ())
        except (records.RecordsError, files.Unavailable):
            return None  # It is gone, or something else by now.
        if part.digest != trained_on["digest"].get(split):
            return None
        images |= {*part.sop_instance_uid, *part.column("digest")}
        patients |= _patients(part)
    return {
        "images": sum(
            uid in images or digest in images for uid, digest in zip(
                index.sop_instance_uid, index.column("digest"))),
        "patients": _count_among(_patients(index), patients)}


def _patients(index: indices.Index) -> set[tuple[str | None, str | None]]:
    """Data set and ID of each patient."""
    return {*zip(index.column("dataset"), index.patient_id)}


def _count_among(patients: set[tuple[str | None, str | None]],
                 seen: set[tuple[str | None, str | None]]) -> int:
    """How many were seen: under their ID and data set, where both have one."""
    ids = {patient_id for _, patient_id in seen}
    return sum(
        patient_id is not None and (
            patient_id in ids if dataset is None
            else bool({(dataset, patient_id), (None, patient_id)} & seen))
        for dataset, patient_id in patients)


def _own_evaluation(run: runs.Run) -> Mapping[str, Any]:
    """evaluation.json of the run on its own test split.

    Raises:
      RunError: There is none, or it is of something else.
    """
    folder = run.document["records"].get("folder")
    command = f"python model/evaluate.py --run_dir={run.dir.path}" + (
        f" --records={folder}" if folder else "")
    if not (files.exists(run.dir.evaluation) and
            files.exists(run.dir.operating_point)):
        raise runs.RunError(
            f"{run.dir.path} has no thresholds yet, and none are chosen on "
            f"another data set; first: {command}")
    document = runs.read_json(run.dir.evaluation)
    wrong = [
        f"{key} is {document.get(key)!r}" for key, wanted in (
            ("split", "test"), ("same_records", True), ("label", run.label),
            ("epoch", run.best_epoch["epoch"])) if document.get(key) != wanted]
    if wrong:
        raise runs.RunError(
            f"{run.dir.evaluation} is not of the model on its own test split "
            f"({', '.join(wrong)}); to compare with that, first: {command}")
    return document
