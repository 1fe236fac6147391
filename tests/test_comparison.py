"""Two models on the same cases."""

import dataclasses

import numpy as np
import pyarrow as pa
import pytest

from model import comparison
from model import evaluation
from tests.scored import PLAN, POINT, TEST, scored_images


def predictions(strength=1.0):
    """Another model's of the same images, in another order."""
    table = evaluation.predictions(
        scored_images(seed=2, strength=strength), POINT)
    return table.take(np.random.default_rng(0).permutation(len(table)))


def aligned(table):
    return comparison.aligned_scores(TEST.rows, TEST.labels, table, "other")


def compared(scores):
    theirs = dataclasses.replace(TEST, scores=scores)
    return comparison.compared(evaluation.all_cases(TEST, POINT),
                               evaluation.all_cases(theirs, POINT), PLAN)


def test_scores_find_their_images_in_any_order():
    assert aligned(predictions()).tolist() == TEST.scores.tolist()


def test_a_model_does_not_differ_from_itself():
    found = compared(TEST.scores)
    assert list(found) == ["image", "min", "max", "mean", "learned"]
    for of_one in found.values():
        assert set(of_one["differences"].values()) == {0}
        assert of_one["delong"]["p"] == 1
        assert of_one["intervals"]["specificity"] == (0, 0)


def test_a_worse_model_is_told_from_a_better_one():
    found = compared(aligned(predictions(strength=0.0)))["image"]
    assert found["delong"]["p"] < 0.01
    assert found["intervals"]["auc"][0] > 0
    assert found["differences"]["auc"] == pytest.approx(
        found["auc"] - found["other_auc"])


def test_other_images_cannot_be_compared():
    with pytest.raises(evaluation.EvaluationError,
                       match="230 of 240 here and of 230 there"):
        aligned(predictions().slice(10))


def test_other_labels_cannot_be_compared():
    table = predictions()
    table = table.set_column(
        table.column_names.index("label"), "label",
        pa.array(1 - table["label"].to_numpy()))
    with pytest.raises(evaluation.EvaluationError, match="240 of 240"):
        aligned(table)


def test_one_class_alone_cannot_be_compared():
    healthy = scored_images(every=1000)
    rows, labels = healthy.rows.slice(8), healthy.labels[8:]
    table = evaluation.predictions(evaluation.Scored.of(
        rows, labels, healthy.scores[8:]), POINT)
    with pytest.raises(evaluation.EvaluationError,
                       match="0 positive and 232 negative images"):
        comparison.aligned_scores(rows, labels, table, "other")
