"""The operating point: what a trained model decides by.

Written by evaluate into the run's folder as `operating_point.json`, read by
predict, so that a decision is always made at the threshold that validation
chose.
"""

import dataclasses
from collections.abc import Mapping
from typing import Any

import numpy as np

from model import breasts as breast_lib
from model import metrics

FORMAT = "mammoflow-operating-point"
FILE = "operating_point.json"


@dataclasses.dataclass(frozen=True)
class OperatingPoint:
    """The thresholds of one model.

    Attributes:
      label: What it detects, as in cancer.
      sensitivity: What the thresholds were chosen for, on validation.
      thresholds: By `image` and by combination of a breast's views (`min`,
        `max`, `mean`, `learned`); detected means score >= threshold.
      learned: The learned combination, where there is one.
    """

    label: str
    sensitivity: float
    thresholds: Mapping[str, float]
    learned: breast_lib.LearnedCombination | None = None

    def score(self, combination: str, breasts: breast_lib.Breasts,
              scores: np.ndarray) -> np.ndarray:
        """The breasts' scores, float64 [breasts], by one combination.

        Raises:
          ValueError: There is no such combination.
        """
        if combination not in self.thresholds or (
                combination == breast_lib.IMAGE):
            raise ValueError(
                f"no threshold for {combination!r}; there are those for "
                f"{', '.join(self.combinations) or 'single images only'}")
        if combination == breast_lib.LEARNED:
            assert self.learned is not None
            return breast_lib.combine(breasts, scores, self.learned)
        return breast_lib.combine(breasts, scores, combination)

    @property
    def combinations(self) -> tuple[str, ...]:
        """How the views of a breast may combine; none for a view's label."""
        return tuple(name for name in breast_lib.COMBINATIONS
                     if name in self.thresholds)

    def to_json(self) -> dict[str, Any]:
        return {
            "format": FORMAT,
            "label": self.label,
            "sensitivity": self.sensitivity,
            "thresholds": dict(self.thresholds),
            "learned": self.learned.to_json() if self.learned else None,
        }

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> "OperatingPoint":
        """What `to_json` gave.

        Raises:
          ValueError: It is something else.
        """
        if values.get("format") != FORMAT:
            raise ValueError(f"format is {values.get('format')!r}, expected "
                             f"{FORMAT!r}")
        learned = values["learned"]
        return cls(
            values["label"], values["sensitivity"], values["thresholds"],
            breast_lib.LearnedCombination.from_json(learned)
            if learned else None)


def choose(label: str, labels: np.ndarray, scores: np.ndarray,
           breasts: breast_lib.Breasts,
           sensitivity: float = metrics.SENSITIVITY) -> OperatingPoint:
    """Chooses the thresholds on validation.

    Views combine first; a label that is an image's own (its view) has a
    threshold for images only.

    Args:
      label: What is detected.
      labels: 0 or 1 [images], both of them present.
      scores: Float [images].
      breasts: Which images belong together.
      sensitivity: To be reached by each threshold.

    Raises:
      ValueError: A class has no case.
    """
    check_classes(label, labels)
    thresholds = {breast_lib.IMAGE: metrics.threshold_at_sensitivity(
        labels, scores, sensitivity)}
    try:
        truth = breasts.labels(labels)
    except breast_lib.MixedLabels:
        return OperatingPoint(label, sensitivity, thresholds)
    learned = breast_lib.learn(breasts, truth, scores)
    for name in breast_lib.COMBINATIONS:
        combined = breast_lib.combine(
            breasts, scores, learned if name == breast_lib.LEARNED else name)
        thresholds[name] = metrics.threshold_at_sensitivity(
            truth, combined, sensitivity)
    return OperatingPoint(label, sensitivity, thresholds, learned)


def check_classes(label: str, labels: np.ndarray) -> None:
    """Raises ValueError, with the counts, where a class has no image."""
    positives = int(np.sum(labels))
    negatives = len(labels) - positives
    if not positives or not negatives:
        raise ValueError(
            f"validation has {positives} images with {label} = 1 and "
            f"{negatives} with {label} = 0: a threshold needs both. Build "
            "with more patients or another --fractions, or widen --where")
