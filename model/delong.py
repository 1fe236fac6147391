"""DeLong's test: do two models differ in AUC on the same cases?

References:
  DeLong, DeLong and Clarke-Pearson, Biometrics 44 (1988), 837-845.
  Sun and Xu, IEEE Signal Processing Letters 21 (2014), 1389-1393: the same in
  the time of a sort.
"""

import dataclasses
import math
from typing import Any

import numpy as np

from model import metrics

_NORMAL_97_5 = 1.959963984540054  # Quantile of the normal distribution.


@dataclasses.dataclass(frozen=True)
class DeLong:
    """Two correlated areas compared.

    Attributes:
      auc_a: Of the first model.
      auc_b: Of the second.
      standard_error: Of their difference; NaN below two cases of a class.
      z: Difference over standard error; 0 where the two are equal.
      p: Two-sided chance of such a z if the models were equally good.
    """

    auc_a: float
    auc_b: float
    standard_error: float
    z: float
    p: float

    @property
    def difference(self) -> float:
        return self.auc_a - self.auc_b

    @property
    def interval(self) -> tuple[float, float]:
        """95 % interval of the difference."""
        half = _NORMAL_97_5 * self.standard_error
        return self.difference - half, self.difference + half


def delong(labels: Any, scores_a: Any, scores_b: Any) -> DeLong:
    """Compares two models' scores of the same cases.

    Args:
      labels: 0 or 1 [cases].
      scores_a: Float [cases] of the first.
      scores_b: Float [cases] of the second.

    Raises:
      ValueError: A class has no case.
    """
    labels, scores_a = metrics.checked(labels, scores_a)
    labels, scores_b = metrics.checked(labels, scores_b)
    positive = labels == 1
    if positive.all() or not positive.any():
        raise ValueError(
            f"DeLong's test needs both classes: {positive.sum()} positive and "
            f"{(~positive).sum()} negative cases")
    both = [_placements(scores, positive) for scores in (scores_a, scores_b)]
    auc_a, auc_b = (float(above.mean()) for above, _ in both)
    error = math.sqrt(sum(
        _variance(first - second) / len(first)
        for first, second in zip(*both)))
    difference = auc_a - auc_b
    if difference == 0:
        z = 0.0
    else:
        z = difference / error if error else math.copysign(
            math.inf, difference)
    return DeLong(auc_a, auc_b, error, z, math.erfc(abs(z) / math.sqrt(2)))


def _placements(scores: np.ndarray,
                positive: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Of each positive case the share of negatives below it, and of each
    negative the share of positives above it, where ties count half."""
    ranks = metrics.midranks(scores)
    high, low = scores[positive], scores[~positive]
    return ((ranks[positive] - metrics.midranks(high)) / len(low),
            1 - (ranks[~positive] - metrics.midranks(low)) / len(high))


def _variance(values: np.ndarray) -> float:
    """Of a sample; NaN where there is one value."""
    return float(values.var(ddof=1)) if len(values) > 1 else math.nan
