"""The metric: specificity at a sensitivity, exactly.

Labels are int [cases] of 0 and 1, where 1 is the positive class (cancer);
scores are float [cases], the larger the more likely positive. Detected means
score >= threshold. Everything comes from the sorted scores, not from bins:
SpecificityAtSensitivity of Keras with 200 bins tells 0.243 where 0.356 is
right, on scores of 0.02 to 0.08.
"""

import dataclasses
import fractions
import math
from typing import Any

import numpy as np

SENSITIVITY = 0.9


@dataclasses.dataclass(frozen=True)
class Judgement:
    """What a threshold makes of labelled cases.

    Attributes:
      threshold: Detected means score >= this.
      true_positives: Positive cases that were detected.
      false_negatives: Positive cases that were not.
      true_negatives: Negative cases that were not detected.
      false_positives: Negative cases that were.
    """

    threshold: float
    true_positives: int
    false_negatives: int
    true_negatives: int
    false_positives: int

    @property
    def positives(self) -> int:
        return self.true_positives + self.false_negatives

    @property
    def negatives(self) -> int:
        return self.true_negatives + self.false_positives

    @property
    def cases(self) -> int:
        return self.positives + self.negatives

    @property
    def sensitivity(self) -> float:
        """P(detected | positive); NaN without positive cases."""
        return _ratio(self.true_positives, self.positives)

    @property
    def specificity(self) -> float:
        """P(not detected | negative); NaN without negative cases."""
        return _ratio(self.true_negatives, self.negatives)

    @property
    def accuracy(self) -> float:
        """P(right); NaN without cases."""
        return _ratio(self.true_positives + self.true_negatives, self.cases)


@dataclasses.dataclass(frozen=True)
class Roc:
    """The exact curve: one point for each distinct score, and the origin.

    Attributes:
      thresholds: float64 [points], falling; the first is infinite.
      sensitivity: float64 [points], rising from 0 to 1.
      specificity: float64 [points], falling from 1 to 0.
    """

    thresholds: np.ndarray
    sensitivity: np.ndarray
    specificity: np.ndarray


def checked(labels: Any, scores: Any) -> tuple[np.ndarray, np.ndarray]:
    """The same as int64 and float64 [cases].

    Raises:
      ValueError: They differ in length, a label is neither 0 nor 1, or a
        score is NaN.
    """
    labels, scores = np.asarray(labels), np.asarray(scores, np.float64)
    if labels.ndim != 1 or labels.shape != scores.shape:
        raise ValueError(f"labels {labels.shape} and scores {scores.shape} "
                         "are not two rows of equal length")
    if not np.isin(labels, (0, 1)).all():
        raise ValueError("labels are 0 and 1, found "
                         f"{np.setdiff1d(labels, (0, 1))[0]!r}")
    if np.isnan(scores).any():
        raise ValueError(f"{np.isnan(scores).sum()} of {len(scores)} scores "
                         "are NaN: the network did not learn")
    return labels.astype(np.int64), scores


def judge(labels: Any, scores: Any, threshold: float) -> Judgement:
    """Counts what a threshold makes of the cases.

    >>> judge([0, 0, 1, 1], [.1, .5, .5, .9], .5).specificity
    0.5
    """
    labels, scores = checked(labels, scores)
    detected = scores >= threshold
    positive = labels == 1
    return Judgement(
        float(threshold),
        true_positives=int((detected & positive).sum()),
        false_negatives=int((~detected & positive).sum()),
        true_negatives=int((~detected & ~positive).sum()),
        false_positives=int((detected & ~positive).sum()))


def threshold_at_sensitivity(labels: Any, scores: Any,
                             sensitivity: float = SENSITIVITY) -> float:
    """The largest t at which at least this share of the positives score >= t.

    Args:
      labels: 0 or 1 [cases], at least one 1.
      scores: Float [cases].
      sensitivity: In (0, 1], meant as the decimal number it is written as:
        0.9 of ten cases are nine.

    Raises:
      ValueError: There is no positive case, or the sensitivity is none.

    >>> threshold_at_sensitivity([1, 1, 1, 0], [.2, .4, .8, .9], 0.6)
    0.4
    """
    labels, scores = checked(labels, scores)
    if not 0 < sensitivity <= 1:
        raise ValueError(f"a sensitivity of {sensitivity} is not in (0, 1]")
    positives = np.sort(scores[labels == 1])
    if not len(positives):
        raise ValueError(
            f"none of the {len(labels)} cases is positive: a threshold for "
            f"{sensitivity:.0%} sensitivity needs some")
    needed = math.ceil(
        fractions.Fraction(repr(float(sensitivity))) * len(positives))
    return float(positives[-needed])


def roc(labels: Any, scores: Any) -> Roc:
    """The exact receiver operating characteristic.

    Raises:
      ValueError: A class has no case.
    """
    labels, scores = checked(labels, scores)
    positives, negatives = np.bincount(labels, minlength=2)[::-1]
    if not positives or not negatives:
        raise ValueError(f"a curve needs both classes: {positives} positive "
                         f"and {negatives} negative cases")
    order = np.argsort(-scores, kind="stable")
    labels, scores = labels[order], scores[order]
    # Equal scores are detected together: a point stands after the last.
    last = np.append(scores[1:] != scores[:-1], True)
    detected = np.arange(1, len(scores) + 1)[last]
    hits = np.cumsum(labels)[last]
    return Roc(
        np.concatenate([[np.inf], scores[last]]),
        np.concatenate([[0.0], hits / positives]),
        1 - np.concatenate([[0.0], (detected - hits) / negatives]))


def auc(labels: Any, scores: Any) -> float:
    """The area under the curve; NaN where a class has no case.

    It is the chance that a positive case scores above a negative one, where a
    tie counts half.

    >>> auc([0, 0, 1, 1], [.1, .4, .4, .8])
    0.875
    """
    labels, scores = checked(labels, scores)
    positives = int(labels.sum())
    negatives = len(labels) - positives
    if not positives or not negatives:
        return math.nan
    rank_sum = midranks(scores)[labels == 1].sum()
    return float((rank_sum - positives * (positives + 1) / 2) /
                 (positives * negatives))


def midranks(scores: np.ndarray) -> np.ndarray:
    """Ranks from 1, equal scores sharing the mean of theirs.

    >>> midranks(np.array([.5, .1, .5])).tolist()
    [2.5, 1.0, 2.5]
    """
    _, inverse, counts = np.unique(
        scores, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    return (last - (counts - 1) / 2)[inverse.reshape(-1)]


def _ratio(part: int, whole: int) -> float:
    return part / whole if whole else math.nan
