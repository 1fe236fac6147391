"""From the scores of images to the score of a breast.

A breast is what one visit saw of it: patient, laterality and study date. Its
views, however many, combine before any threshold is chosen: by their minimum,
maximum or mean, or by a small logistic regression that is fitted on
validation, so that its figures there are a little too good.
"""

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

KEYS = ("patient_id", "laterality", "study_date")
SIMPLE: dict[str, Callable[[np.ndarray], float]] = {
    # Views come sorted by score: a sum's last bit depends on its order, and
    # the decision of a breast must not depend on the order of its files.
    "min": lambda views: views[0],
    "max": lambda views: views[-1],
    "mean": np.mean,
}
IMAGE, LEARNED = "image", "learned"
COMBINATIONS = (*SIMPLE, LEARNED)

# A softmax of float32 can be 0 or 1; the nearest that it can tell from 1.
_LEAST_PROBABILITY = 1e-7


class MixedLabels(ValueError):
    """Views of one breast have different labels."""


@dataclasses.dataclass(frozen=True)
class Breasts:
    """Which images are views of one breast.

    Attributes:
      keys: One tuple of `KEYS` for each breast, in order of first appearance.
      of_image: int64 [images], the breast of each image.
    """

    keys: tuple[tuple[Any, ...], ...]
    of_image: np.ndarray

    def __len__(self) -> int:
        return len(self.keys)

    def views(self, scores: np.ndarray) -> list[np.ndarray]:
        """The scores of each breast's views, rising."""
        scores = np.asarray(scores, np.float64)
        order = np.lexsort((scores, self.of_image))
        ends = np.cumsum(np.bincount(self.of_image, minlength=len(self)))
        return np.split(scores[order], ends[:-1]) if len(self) else []

    def first(self) -> np.ndarray:
        """int64 [breasts]: the first image of each."""
        return np.unique(self.of_image, return_index=True)[1]

    def labels(self, labels: np.ndarray) -> np.ndarray:
        """int64 [breasts]: the label that all its views have.

        Raises:
          MixedLabels: They have not, as when views themselves are learned.
        """
        labels = np.asarray(labels)
        of_breast = labels[self.first()]
        mixed = np.unique(self.of_image[of_breast[self.of_image] != labels])
        if len(mixed):
            raise MixedLabels(
                f"{len(mixed)} of {len(self)} breasts have views with "
                "different labels: this label is an image's, not a breast's")
        return of_breast


def patients(rows: Mapping[str, Sequence[Any]]) -> list[Any]:
    """Who each image's patient is.

    Args:
      rows: `dataset` and `patient_id`, each of one value an image. In a merged
        data set one ID may be of several patients, one in each part.

    >>> patients({"dataset": [None, "film"], "patient_id": ["7", "7"]})
    ['7', ('film', '7')]
    """
    return [patient if dataset is None else (dataset, patient)
            for dataset, patient in zip(rows["dataset"], rows["patient_id"])]


def group(columns: Mapping[str, Sequence[Any]]) -> Breasts:
    """Groups images by breast.

    Args:
      columns: `KEYS`, each of one value an image; NULL is a value. Of a
        data set's records the first is `patients`.
    """
    numbers: dict[tuple[Any, ...], int] = {}
    of_image = [numbers.setdefault(key, len(numbers))
                for key in zip(*(columns[name] for name in KEYS))]
    return Breasts(tuple(numbers), np.array(of_image, np.int64))


@dataclasses.dataclass(frozen=True)
class LearnedCombination:
    """Logistic regression on the least, mean and greatest logit of the views.

    Attributes:
      weights: Of the three, in logits.
      intercept: Likewise.
    """

    weights: tuple[float, float, float]
    intercept: float

    def __call__(self, views: np.ndarray) -> float:
        """The score, in [0, 1], of one breast's views."""
        logit = _features(views) @ np.array(self.weights) + self.intercept
        return float(_logistic(logit))

    def to_json(self) -> dict[str, Any]:
        return dataclasses.asdict(self)

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> "LearnedCombination":
        return cls(tuple(values["weights"]), values["intercept"])


def combine(breasts: Breasts, scores: np.ndarray,
            combination: str | LearnedCombination) -> np.ndarray:
    """The scores of breasts.

    Args:
      breasts: Which images belong together.
      scores: Float [images], in [0, 1].
      combination: min, max, mean or a learned one.

    Returns:
      float64 [breasts].
    """
    one = SIMPLE[combination] if isinstance(combination, str) else combination
    return np.array([one(views) for views in breasts.views(scores)],
                    np.float64)


def learn(breasts: Breasts, labels: np.ndarray, scores: np.ndarray,
          penalty: float = 1.0, steps: int = 100) -> LearnedCombination:
    """Fits the combination: maximum likelihood with a quadratic penalty.

    With two views the mean lies halfway between the other two; the penalty
    makes the answer unique and keeps it finite where the classes separate.

    Args:
      breasts: Which images belong together.
      labels: 0 or 1 [breasts], both of them present.
      scores: Float [images], in [0, 1].
      penalty: Times half the sum of squares of the standardised weights.
      steps: At most so many of Newton's.
    """
    features = np.array([_features(views) for views in breasts.views(scores)])
    center, scale = features.mean(0), features.std(0)
    scale[scale == 0] = 1
    inputs = np.column_stack([(features - center) / scale,
                              np.ones(len(features))])
    ridge = np.array([penalty] * 3 + [0.0])  # The intercept is free.
    solution = _newton(inputs, np.asarray(labels, np.float64), ridge, steps)
    weights = solution[:3] / scale
    return LearnedCombination(
        tuple(weights.tolist()), float(solution[3] - weights @ center))


def _newton(inputs: np.ndarray, labels: np.ndarray, ridge: np.ndarray,
            steps: int) -> np.ndarray:
    """Minimises the penalised negative log likelihood, a convex function."""
    def cost(solution: np.ndarray) -> float:
        logits = inputs @ solution
        return float((np.logaddexp(0, logits) - labels * logits).sum() +
                     (ridge * solution ** 2).sum() / 2)

    solution = np.zeros(inputs.shape[1])
    # Begun at the right share of positives, Newton's steps seldom overshoot.
    solution[-1] = _logit(labels.mean())
    for _ in range(steps):
        expected = _logistic(inputs @ solution)
        gradient = inputs.T @ (expected - labels) + ridge * solution
        spread = expected * (1 - expected)
        hessian = (inputs * spread[:, None]).T @ inputs + np.diag(ridge)
        step = np.linalg.solve(hessian, gradient)
        size, before = 1.0, cost(solution)
        while size > 1e-8 and cost(solution - size * step) > before:
            size /= 2
        solution = solution - size * step
        if np.abs(step).max() < 1e-10:
            break
    return solution


def _features(views: np.ndarray) -> np.ndarray:
    """Least, mean and greatest logit of the views, which come rising."""
    logits = _logit(np.asarray(views, np.float64))
    return np.array([logits[0], logits.mean(), logits[-1]])


def _logit(probability: np.ndarray) -> np.ndarray:
    clipped = np.clip(probability, _LEAST_PROBABILITY, 1 - _LEAST_PROBABILITY)
    return np.log(clipped / (1 - clipped))


def _logistic(logit: np.ndarray) -> np.ndarray:
    return np.exp(-np.logaddexp(0, -logit))  # Without overflow.
