"""Views of one breast become one score."""

import datetime
import itertools

from hypothesis import given
from hypothesis import strategies as st
import numpy as np
import pytest

from model import breasts
from model import metrics

DAY = datetime.date(2014, 3, 5)
NEXT = datetime.date(2016, 3, 5)


def grouped(*keys):
    return breasts.group(dict(zip(breasts.KEYS, zip(*keys))))


@pytest.mark.parametrize("combination, expected", [
    ("min", [0.2, 0.4, 0.1]), ("max", [0.6, 0.4, 0.9]),
    ("mean", [0.4, 0.4, 0.5])])
def test_any_number_of_views_combines(combination, expected):
    of = grouped(("a", "L", DAY), ("b", "L", DAY), ("a", "L", DAY),
                 ("a", "R", DAY), ("a", "R", DAY), ("a", "R", DAY))
    scores = [0.2, 0.4, 0.6, 0.1, 0.5, 0.9]
    assert breasts.combine(of, scores, combination) == pytest.approx(
        np.array(expected))
    assert of.keys == (("a", "L", DAY), ("b", "L", DAY), ("a", "R", DAY))


def test_side_patient_and_day_tell_breasts_apart():
    keys = [*itertools.product("ab", "LR", (DAY, NEXT)), ("a", "L", None)]
    assert len(grouped(*keys, *keys)) == len(keys)


def test_one_id_in_two_data_sets_is_two_patients():
    assert breasts.patients({
        "dataset": [None, None, "a", "b", "a"],
        "patient_id": ["7", "8", "7", "7", "8"]}) == [
            "7", "8", ("a", "7"), ("b", "7"), ("a", "8")]


@pytest.mark.parametrize("combination", [*breasts.SIMPLE, "learned"])
def test_the_order_of_views_changes_no_bit(combination):
    values = [0.1, 0.2, 0.3]
    one = breasts.LearnedCombination((0.3, 1.1, -0.7), 0.2)
    found = {breasts.combine(
        grouped(*[("a", "L", DAY)] * 3), np.array(order),
        one if combination == "learned" else combination)[0]
             for order in itertools.permutations(values)}
    assert len(found) == 1


@given(st.lists(st.tuples(st.integers(0, 4), st.floats(0, 1)), min_size=1))
def test_combining_is_what_a_loop_over_breasts_does(images):
    of = grouped(*[(str(patient), "L", DAY) for patient, _ in images])
    scores = np.array([score for _, score in images])
    for number, (patient, _, _) in enumerate(of.keys):
        views = [score for owner, score in images if str(owner) == patient]
        assert breasts.combine(of, scores, "min")[number] == min(views)
        assert breasts.combine(of, scores, "max")[number] == max(views)
        assert breasts.combine(of, scores, "mean")[number] == pytest.approx(
            sum(views) / len(views))


def test_a_breast_has_its_views_label():
    of = grouped(("a", "L", DAY), ("a", "R", DAY), ("a", "L", DAY))
    assert of.labels(np.array([1, 0, 1])).tolist() == [1, 0]


def test_views_with_different_labels_have_no_breast_label():
    of = grouped(("a", "L", DAY), ("a", "R", DAY), ("a", "L", DAY))
    with pytest.raises(breasts.MixedLabels, match="1 of 2 breasts"):
        of.labels(np.array([1, 0, 0]))


def synthetic(seed=0, count=400, views=2):
    """Scores whose views carry independent evidence of the label."""
    generator = np.random.default_rng(seed)
    labels = (generator.random(count) < 0.3).astype(int)
    logits = labels[:, None] * 1.5 - 2 + generator.normal(
        size=(count, views))
    of = grouped(*[(str(patient), "L", DAY) for patient in range(count)
                   for _ in range(views)])
    return of, labels, 1 / (1 + np.exp(-logits.reshape(-1)))


def penalised_cost(of, labels, scores, weights, intercept, penalty):
    logits = [np.log(v / (1 - v)) for v in of.views(scores)]
    table = np.array([[v.min(), v.mean(), v.max()] for v in logits])
    z = table @ weights + intercept
    ridge = (np.array(weights) * table.std(0)) ** 2
    return np.sum(np.logaddexp(0, z) - labels * z) + penalty * ridge.sum() / 2


def test_learned_combination_is_the_minimum_of_its_cost():
    of, labels, scores = synthetic()
    found = breasts.learn(of, labels, scores)
    at = (of, labels, scores)
    least = penalised_cost(*at, np.array(found.weights), found.intercept, 1)
    for seed in range(30):
        step = np.random.default_rng(seed).normal(size=4) * 0.01
        assert least < penalised_cost(
            *at, found.weights + step[:3], found.intercept + step[3], 1)


def test_learned_combination_gives_calibrated_probabilities():
    of, labels, scores = synthetic(count=2000)
    found = breasts.combine(of, scores, breasts.learn(of, labels, scores))
    assert found.mean() == pytest.approx(labels.mean(), abs=1e-6)
    assert metrics.auc(labels, found) > 0.9 * metrics.auc(
        labels, breasts.combine(of, scores, "mean"))


@pytest.mark.parametrize("scores, labels", [
    ([0.1, 0.2, 0.8, 0.9], [0, 0, 1, 1]),
    ([0.0, 0.0, 1.0, 1.0], [0, 0, 1, 1]),
    ([0.5, 0.5, 0.5, 0.5], [0, 1, 0, 1]),
    ([0.9, 0.2, 0.2, 0.2], [1, 0, 0, 0]),
], ids=["separated", "saturated", "constant", "one_positive"])
def test_learning_stays_finite(scores, labels):
    of = grouped(*[(str(number), "L", DAY) for number in range(4)])
    found = breasts.learn(of, np.array(labels), np.array(scores))
    assert np.isfinite([*found.weights, found.intercept]).all()
    assert ((0 <= breasts.combine(of, scores, found)) &
            (breasts.combine(of, scores, found) <= 1)).all()


def test_learned_combination_survives_json_exactly():
    of, labels, scores = synthetic()
    found = breasts.learn(of, labels, scores)
    assert breasts.LearnedCombination.from_json(found.to_json()) == found


def test_no_image_is_no_breast():
    of = breasts.group({name: [] for name in breasts.KEYS})
    assert breasts.combine(of, np.array([]), "mean").shape == (0,)
