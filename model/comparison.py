"""Two models compared on the same cases."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pyarrow as pa

from model import bootstrap
from model import delong
from model.evaluation import Cases
from model.evaluation import EvaluationError
from model.evaluation import finite
from model.evaluation import LABEL
from model.evaluation import SCORE


def aligned_scores(rows: pa.Table, labels: np.ndarray, other: pa.Table,
                   name: str) -> np.ndarray:
    """What another model says of the same images.

    Args:
      rows: Of the images, n.
      labels: int64 [n], 0 or 1.
      other: The other model's predictions, in any order.
      name: Of the other run, for errors.

    Returns:
      float64 [n].

    Raises:
      EvaluationError: They are not of the same images, or by other labels, or
        all of one class.
    """
    uids = rows["sop_instance_uid"].to_pylist()
    places = {uid: place for place, uid in enumerate(
        other["sop_instance_uid"].to_pylist())}
    if set(uids) != set(places):
        shared = len(places.keys() & set(uids))
        raise EvaluationError(
            f"{name} was not evaluated on the same images: {shared} of "
            f"{len(uids)} here and of {len(places)} there; evaluate it with "
            "the same --records, --split and --where")
    order = np.array([places[uid] for uid in uids], np.int64)
    different = int((other[LABEL].to_numpy()[order] != labels).sum())
    if different:
        raise EvaluationError(
            f"{name} was evaluated by other labels: {different} of "
            f"{len(uids)} images differ")
    positives = int(labels.sum())
    if positives in (0, len(labels)):
        raise EvaluationError(
            f"models cannot be compared on {positives} positive and "
            f"{len(labels) - positives} negative images: both are needed")
    return other[SCORE].to_numpy().astype(np.float64)[order]


def compared(ours: Mapping[str, Cases], theirs: Mapping[str, Cases],
             plan: bootstrap.Bootstrap) -> dict[str, Any]:
    """Two models on the same cases, by combination; differences ours - theirs.

    DeLong's test takes cases for independent, which the images of one patient
    are not; the intervals of the differences come from the same draws of
    patients for both models, each at its own threshold.
    """
    found = {}
    for name in (name for name in ours if name in theirs):
        first, second = ours[name], theirs[name]
        test = delong.delong(first.labels, first.scores, second.scores)
        values = [_values(cases) for cases in (first, second)]
        drawn = [_drawn(cases, plan) for cases in (first, second)]
        found[name] = {
            "auc": test.auc_a, "other_auc": test.auc_b,
            "delong": {"standard_error": finite(test.standard_error),
                       "z": finite(test.z), "p": finite(test.p)},
            "differences": {
                key: finite(values[0][key] - values[1][key])
                for key in bootstrap.METRICS},
            "intervals": bootstrap.intervals(
                {key: drawn[0][key] - drawn[1][key]
                 for key in bootstrap.METRICS}, plan.level),
        }
    return found


def _values(cases: Cases) -> dict[str, float]:
    return bootstrap.values(cases.labels, cases.scores, cases.threshold)


def _drawn(cases: Cases,
           plan: bootstrap.Bootstrap) -> dict[str, np.ndarray]:
    return bootstrap.samples(cases.labels, cases.scores, cases.patients,
                             cases.threshold, plan)
