"""From scores to an evaluation: what evaluation.json holds.

Thresholds are chosen on validation (`model.operating_point`); here cases are
judged at them, image by image and breast by breast, whole and by subgroup.
All of it is a pure function of tables and arrays.
"""

import dataclasses
import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from model import bootstrap
from model import breasts as breast_lib
from model import metrics
from model.operating_point import OperatingPoint

# Columns of a predictions table beside those of `records`.
LABEL, SCORE, DECISION = "label", "score", "decision"
# A subgroup to which the views of one breast do not all belong.
SEVERAL = "(several)"


class EvaluationError(ValueError):
    """The cases cannot be evaluated as asked; says what to do."""


@dataclasses.dataclass(frozen=True)
class Scored:
    """The images of a split with their scores.

    Attributes:
      rows: Their columns of `records`, n rows.
      labels: int64 [n], 0 or 1.
      scores: float64 [n].
      patients: Whose each is, told apart by data set: [n].
      breasts: Which of them are views of one breast.
    """

    rows: pa.Table
    labels: np.ndarray
    scores: np.ndarray
    patients: Sequence[Any]
    breasts: breast_lib.Breasts

    @classmethod
    def of(cls, rows: pa.Table, labels: Any, scores: Any) -> "Scored":
        """Groups the images by breast."""
        labels, scores = metrics.checked(labels, scores)
        columns = {name: rows[name].to_pylist() for name in breast_lib.KEYS}
        patients = _patients(rows)
        breasts = breast_lib.group({**columns, "patient_id": patients})
        return cls(rows, labels, scores, patients, breasts)

    @property
    def counts(self) -> dict[str, int]:
        """Images, those of each class, and patients."""
        positives = int(self.labels.sum())
        return {"images": len(self.labels), "positives": positives,
                "negatives": len(self.labels) - positives,
                "patients": len(set(self.patients))}


@dataclasses.dataclass(frozen=True)
class Cases:
    """What is judged, one threshold for all: images, or breasts.

    Attributes:
      labels: int64 [cases], 0 or 1.
      scores: float64 [cases].
      patients: Whose each case is.
      threshold: Detected means score >= this.
      breasts: The grouping of the images where the cases are breasts.
    """

    labels: np.ndarray
    scores: np.ndarray
    patients: Sequence[Any]
    threshold: float
    breasts: breast_lib.Breasts | None = None

    def only(self, chosen: np.ndarray) -> "Cases":
        """Those of a mask [cases]."""
        patients = [patient for patient, one in zip(self.patients, chosen)
                    if one]
        return Cases(self.labels[chosen], self.scores[chosen], patients,
                     self.threshold)

    def of_images(self, values: Sequence[Any]) -> list[Any]:
        """A value of each case from those of the images [n].

        A breast whose views differ has `SEVERAL`.
        """
        if self.breasts is None:
            return list(values)
        found: list[Any] = [None] * len(self.breasts)
        for image in self.breasts.first():
            found[self.breasts.of_image[image]] = values[image]
        for value, breast in zip(values, self.breasts.of_image):
            if found[breast] != value:
                found[breast] = SEVERAL
        return found


def _patients(rows: pa.Table) -> list[Any]:
    return breast_lib.patients({name: rows[name].to_pylist()
                                for name in ("dataset", "patient_id")})


def all_cases(scored: Scored, point: OperatingPoint) -> dict[str, Cases]:
    """Images, and breasts by each combination of their views.

    Views whose labels differ (their view itself) make no breasts.
    """
    found = {breast_lib.IMAGE: Cases(
        scored.labels, scored.scores, scored.patients,
        point.thresholds[breast_lib.IMAGE])}
    try:
        labels = scored.breasts.labels(scored.labels)
    except breast_lib.MixedLabels:
        return found
    patients = [key[0] for key in scored.breasts.keys]
    for name in point.combinations:
        found[name] = Cases(
            labels, point.score(name, scored.breasts, scored.scores),
            patients, point.thresholds[name], scored.breasts)
    return found


def figures(cases: Cases, plan: bootstrap.Bootstrap) -> dict[str, Any]:
    """Counts, `bootstrap.METRICS` and their intervals; null where unknown."""
    judged = metrics.judge(cases.labels, cases.scores, cases.threshold)
    drawn = bootstrap.samples(cases.labels, cases.scores, cases.patients,
                              cases.threshold, plan)
    return {
        "cases": judged.cases,
        "positives": judged.positives,
        "negatives": judged.negatives,
        "patients": len(set(cases.patients)),
        "true_positives": judged.true_positives,
        "false_positives": judged.false_positives,
        **{name: finite(value) for name, value in bootstrap.values(
            cases.labels, cases.scores, cases.threshold).items()},
        "intervals": bootstrap.intervals(drawn, plan.level),
    }


def results(point: OperatingPoint, judged: Scored, plan: bootstrap.Bootstrap,
            validation: Scored | None = None) -> dict[str, Any]:
    """By combination: its threshold, and the figures of both splits.

    Args:
      point: What decides.
      judged: The cases to judge.
      plan: Of the intervals; validation has none, it chose the threshold.
      validation: The cases that `point` was chosen on, where they are known.
    """
    none = dataclasses.replace(plan, resamples=0)
    chosen_on = all_cases(validation, point) if validation else {}
    return {
        name: {
            "threshold": cases.threshold,
            "validation": (figures(chosen_on[name], none)
                           if name in chosen_on else None),
            "judged": figures(cases, plan),
        } for name, cases in all_cases(judged, point).items()}


def subgroups(point: OperatingPoint, judged: Scored, values: Sequence[Any],
              plan: bootstrap.Bootstrap) -> dict[str, list[dict[str, Any]]]:
    """By combination: the figures of each subgroup, the largest first.

    Args:
      point: What decides; its thresholds are those of all.
      judged: The cases to judge.
      values: Which subgroup each image is in; None is one too.
      plan: Of the intervals.
    """
    found: dict[str, list[dict[str, Any]]] = {}
    for name, cases in all_cases(judged, point).items():
        of_cases = np.empty(len(cases.labels), object)
        of_cases[:] = cases.of_images(values)
        groups = [{"value": value,
                   **figures(cases.only(of_cases == value), plan)}
                  for value in dict.fromkeys(of_cases)]
        found[name] = sorted(groups, key=lambda group: (
            -group["cases"], str(group["value"])))
    return found


def subgroup_values(rows: pa.Table, expression: str) -> list[str | None]:
    """Which subgroup each image is in, by a column or any SQL of columns.

    Args:
      rows: The images' columns of `records`.
      expression: As in `manufacturer` or `patient_age // 10 * 10`.

    Raises:
      EvaluationError: SQL refuses it.
    """
    import duckdb

    connection = duckdb.connect(":memory:", config={
        # An unknown table is an error, not a Python variable.
        "python_enable_replacements": "false"})
    images = connection.from_arrow(rows.append_column(
        "_place", pa.array(range(len(rows)), pa.int64())))
    try:
        found: list[Any] = images.query("images", f"""
            SELECT CAST(({expression}) AS VARCHAR)
            FROM images ORDER BY _place""").fetchall()  # type: ignore
    except duckdb.Error as error:
        message = " ".join(str(error).partition("\n\nLINE ")[0].split())
        raise EvaluationError(f"--by={expression!r} is refused: {message}"
                              ) from error
    if len(found) != len(rows):
        raise EvaluationError(f"--by={expression!r} does not give one value "
                              "for each image")
    return [value for value, in found]


def predictions(scored: Scored, point: OperatingPoint) -> pa.Table:
    """The images' rows with what the model says of them.

    Columns: those of `records`; `label`; `score` and `decision` of the image
    (1: detected); and for each combination, as in `mean_score` and
    `mean_decision`, those of its breast.
    """
    table = scored.rows.append_column(
        LABEL, pa.array(scored.labels, pa.int64()))
    for name, cases in all_cases(scored, point).items():
        scores = cases.scores
        if cases.breasts is not None:
            scores = scores[cases.breasts.of_image]
        prefix = "" if name == breast_lib.IMAGE else f"{name}_"
        table = table.append_column(
            prefix + SCORE, pa.array(scores, pa.float64()))
        table = table.append_column(
            prefix + DECISION,
            pa.array((scores >= cases.threshold).astype(np.int64)))
    return table


def finite(value: float) -> float | None:
    """The number, or None where JSON has none."""
    return value if math.isfinite(value) else None
