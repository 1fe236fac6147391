"""Intervals by resampling patients.

Images of one patient resemble each other, so whole patients are drawn, with
replacement, as many as there are. The threshold stays what validation chose:
the intervals tell how the judgement at that threshold would vary with the
patients. The same seed draws the same patients, so that two models can be
compared draw by draw. Where all cases of a class are judged right, so they are
in every draw: that interval has no width, and does not mean certainty.
"""

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from model import metrics

METRICS = ("auc", "sensitivity", "specificity", "accuracy_half",
           "accuracy_threshold")
HALF = 0.5


@dataclasses.dataclass(frozen=True)
class Bootstrap:
    """How intervals are made.

    Attributes:
      resamples: How often the patients are drawn; 0: no intervals.
      seed: Of the draws.
      level: Share of the draws that an interval holds.
    """

    resamples: int = 1000
    seed: int = 0
    level: float = 0.95

    def __post_init__(self):
        if self.resamples < 0 or not 0 < self.level < 1:
            raise ValueError(
                f"{self.resamples} resamples and a level of {self.level}: "
                "expected at least 0 and a number between 0 and 1")


def values(labels: Any, scores: Any, threshold: float) -> dict[str, float]:
    """`METRICS` of the cases; NaN where a class that one needs is missing."""
    judgement = metrics.judge(labels, scores, threshold)
    return {
        "auc": metrics.auc(labels, scores),
        "sensitivity": judgement.sensitivity,
        "specificity": judgement.specificity,
        "accuracy_half": metrics.judge(labels, scores, HALF).accuracy,
        "accuracy_threshold": judgement.accuracy,
    }


def samples(labels: Any, scores: Any, patients: Sequence[Any],
            threshold: float, plan: Bootstrap) -> dict[str, np.ndarray]:
    """`METRICS` of each draw.

    Args:
      labels: 0 or 1 [cases].
      scores: Float [cases].
      patients: Whose each case is, [cases].
      threshold: Detected means score >= this.
      plan: How many draws, from which seed.

    Returns:
      float64 [resamples] by metric, NaN where a draw has no case of a class.
    """
    labels, scores = metrics.checked(labels, scores)
    numbers: dict[Any, int] = {}
    owner = np.array([numbers.setdefault(patient, len(numbers))
                      for patient in patients], np.int64)
    # By score, so that each draw's AUC takes one pass and no sort.
    order = np.argsort(scores, kind="stable")
    labels, scores, owner = labels[order], scores[order], owner[order]
    found = np.full((plan.resamples, len(METRICS)), np.nan)
    for row, drawn in zip(found, _draws(len(numbers), plan)):
        row[:] = _weighted(labels, scores, drawn[owner], threshold)
    return dict(zip(METRICS, found.T))


def intervals(drawn: Mapping[str, np.ndarray],
              level: float) -> dict[str, tuple[float, float] | None]:
    """The middle share of the draws, by metric.

    None where fewer than half of the draws have a value: an interval would
    speak of draws that happened to have both classes.
    """
    tail = (1 - level) / 2
    found: dict[str, tuple[float, float] | None] = {}
    for name, column in drawn.items():
        known = column[~np.isnan(column)]
        if not len(known) or 2 * len(known) < len(column):
            found[name] = None
            continue
        low, high = np.quantile(known, [tail, 1 - tail])
        found[name] = float(low), float(high)
    return found


def _draws(patients: int, plan: Bootstrap) -> Iterator[np.ndarray]:
    """How often each patient is in each draw: int64 [patients]."""
    generator = np.random.Generator(np.random.PCG64(plan.seed))
    for _ in range(plan.resamples):
        yield np.bincount(generator.integers(0, patients, patients),
                          minlength=patients)


def _weighted(labels: np.ndarray, scores: np.ndarray, weights: np.ndarray,
              threshold: float) -> tuple[float, ...]:
    """`METRICS` where each case counts `weights` times; scores rise."""
    high = weights * labels
    low = weights - high
    positives, negatives = int(high.sum()), int(low.sum())

    def detected(at: float) -> tuple[int, int]:
        start = np.searchsorted(scores, at, side="left")
        return int(high[start:].sum()), int(low[start:].sum())

    hits, alarms = detected(threshold)
    hits_half, alarms_half = detected(HALF)
    cases = positives + negatives
    nan = float("nan")
    return (
        _area(scores, high, low) / (positives * negatives)
        if positives and negatives else nan,
        hits / positives if positives else nan,
        1 - alarms / negatives if negatives else nan,
        (hits_half + negatives - alarms_half) / cases if cases else nan,
        (hits + negatives - alarms) / cases if cases else nan)


def _area(scores: np.ndarray, high: np.ndarray, low: np.ndarray) -> float:
    """Pairs in which the positive case scores higher, ties counting half."""
    starts = np.flatnonzero(np.append(True, scores[1:] != scores[:-1]))
    tied_high = np.add.reduceat(high, starts)
    tied_low = np.add.reduceat(low, starts)
    below = np.cumsum(tied_low) - tied_low
    return float((tied_high * (below + tied_low / 2)).sum())
