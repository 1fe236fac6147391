"""Whether a score of 0.2 means that one in five has what is looked for."""

import dataclasses
import math
from typing import Any

import numpy as np

from model import metrics

BINS = 10
_Z = 1.959963984540054  # The normal distribution's quantile at 97.5 %.


@dataclasses.dataclass(frozen=True)
class Bin:
    """Cases of like scores.

    Attributes:
      low: Their lowest score.
      high: Their highest.
      score: Their mean score.
      cases: How many.
      positives: How many of them are positive.
    """

    low: float
    high: float
    score: float
    cases: int
    positives: int

    @property
    def share(self) -> float:
        """Of the positive ones."""
        return self.positives / self.cases

    @property
    def interval(self) -> tuple[float, float]:
        """Of the share, 95 %, as if all cases were independent: Wilson, 1927.

        >>> Bin(0, 1, 0.5, 10, 0).interval
        (0.0, 0.2775327998628892)
        """
        share, weight = self.share, _Z**2 / self.cases
        middle = (share + weight / 2) / (1 + weight)
        half = _Z / (1 + weight) * math.sqrt(
            share * (1 - share) / self.cases + weight / (4 * self.cases))
        return max(0.0, middle - half), min(1.0, middle + half)


def reliability(labels: Any, scores: Any, bins: int = BINS) -> list[Bin]:
    """Bins of about as many cases each, by rising score.

    Cases of equal scores are in one bin, so that there may be fewer bins.

    Args:
      labels: 0 or 1 [cases].
      scores: Float [cases].
      bins: How many at most.
    """
    labels, scores = metrics.checked(labels, scores)
    order = np.argsort(scores, kind="stable")
    labels, scores = labels[order], scores[order]
    edges = np.linspace(0, len(scores), bins + 1).round().astype(int)[1:-1]
    # An edge within equal scores moves to where they begin.
    starts = np.unique(np.append(0, np.searchsorted(
        scores, scores[edges[edges < len(scores)]], side="left")))
    ends = np.append(starts[1:], len(scores))
    return [Bin(float(scores[start]), float(scores[end - 1]),
                float(scores[start:end].mean()), int(end - start),
                int(labels[start:end].sum()))
            for start, end in zip(starts, ends) if end > start]


def brier(labels: Any, scores: Any) -> float:
    """The mean square of score minus label; NaN without cases.

    >>> brier([0, 1], [0.5, 1.0])
    0.125
    """
    labels, scores = metrics.checked(labels, scores)
    return float(np.mean((scores - labels)**2)) if len(scores) else math.nan


def expected_error(bins: list[Bin]) -> float:
    """The mean distance of a bin's score from its share, by cases."""
    cases = sum(one.cases for one in bins)
    return sum(one.cases * abs(one.score - one.share) for one in bins
               ) / cases if cases else math.nan
