"""The metric against counting every case and every pair."""

import fractions
import math

from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st
import numpy as np
import pytest

from model import metrics

# Few different scores, so that ties abound.
CASES = st.lists(
    st.tuples(st.integers(0, 1), st.integers(0, 6).map(lambda n: n / 6)),
    min_size=1, max_size=40)
BOTH = CASES.filter(lambda cases: len({label for label, _ in cases}) == 2)


def columns(cases):
    return tuple(zip(*cases))


def pairs_auc(labels, scores):
    """The definition: every positive case against every negative one."""
    high = [s for label, s in zip(labels, scores) if label]
    low = [s for label, s in zip(labels, scores) if not label]
    won = sum((p > n) + (p == n) / 2 for p in high for n in low)
    return won / (len(high) * len(low))


def is_reached(labels, scores, threshold, sensitivity):
    high = [s for label, s in zip(labels, scores) if label]
    return (sum(s >= threshold for s in high) >=
            fractions.Fraction(str(sensitivity)) * len(high))


@given(BOTH)
def test_auc_counts_pairs_with_ties_half(cases):
    assert metrics.auc(*columns(cases)) == pytest.approx(
        pairs_auc(*columns(cases)), abs=1e-12)


@given(BOTH)
def test_auc_is_the_area_under_the_curve(cases):
    curve = metrics.roc(*columns(cases))
    false_alarms = 1 - curve.specificity
    area = np.sum(np.diff(false_alarms) *
                  (curve.sensitivity[1:] + curve.sensitivity[:-1]) / 2)
    assert metrics.auc(*columns(cases)) == pytest.approx(area, abs=1e-12)


@given(BOTH)
def test_every_point_of_the_curve_is_what_its_threshold_gives(cases):
    labels, scores = columns(cases)
    curve = metrics.roc(labels, scores)
    assert list(curve.thresholds[1:]) == sorted(set(scores), reverse=True)
    for threshold, sensitivity, specificity in zip(
            curve.thresholds, curve.sensitivity, curve.specificity):
        judged = metrics.judge(labels, scores, threshold)
        assert judged.sensitivity == pytest.approx(sensitivity, abs=1e-12)
        assert judged.specificity == pytest.approx(specificity, abs=1e-12)


@settings(max_examples=300)
@given(CASES.filter(lambda cases: any(label for label, _ in cases)),
       st.sampled_from([0.01, 0.1, 0.3, 0.5, 0.7, 0.8, 0.9, 0.95, 1.0]))
def test_threshold_is_the_largest_that_detects_enough(cases, sensitivity):
    labels, scores = columns(cases)
    found = metrics.threshold_at_sensitivity(labels, scores, sensitivity)
    assert is_reached(labels, scores, found, sensitivity)
    larger = [t for t in {*scores, math.nextafter(found, 2)} if t > found]
    assert not any(is_reached(labels, scores, t, sensitivity) for t in larger)


@pytest.mark.parametrize("percent", [10, 30, 70, 90, 95])
def test_a_share_is_the_decimal_number_it_is_written_as(percent):
    for positives in range(1, 200):
        scores = np.arange(1, positives + 1) / 1000
        threshold = metrics.threshold_at_sensitivity(
            np.ones(positives, int), scores, percent / 100)
        needed = -(-percent * positives // 100)  # Rounded up.
        assert (scores >= threshold).sum() == needed


@given(CASES, st.integers(0, 7).map(lambda n: n / 6))
def test_judgement_counts_every_case_once(cases, threshold):
    labels, scores = columns(cases)
    judged = metrics.judge(labels, scores, threshold)
    pairs = [(label, s >= threshold) for label, s in cases]
    assert judged.true_positives == pairs.count((1, True))
    assert judged.false_negatives == pairs.count((1, False))
    assert judged.true_negatives == pairs.count((0, False))
    assert judged.false_positives == pairs.count((0, True))
    assert judged.cases == len(cases)


def test_ratios_of_a_judgement():
    judged = metrics.Judgement(0.5, true_positives=9, false_negatives=1,
                               true_negatives=30, false_positives=10)
    assert judged.sensitivity == 0.9
    assert judged.specificity == 0.75
    assert judged.accuracy == 0.78


def test_a_score_at_the_threshold_is_detected():
    judged = metrics.judge([1, 0], [0.25, 0.25], 0.25)
    assert (judged.true_positives, judged.false_positives) == (1, 1)


@pytest.mark.parametrize("labels, missing", [
    ([1, 1], "specificity"), ([0, 0], "sensitivity")])
def test_without_a_class_its_ratio_is_not_a_number(labels, missing):
    judged = metrics.judge(labels, [0.1, 0.9], 0.5)
    assert math.isnan(getattr(judged, missing))
    assert math.isnan(metrics.auc(labels, [0.1, 0.9]))


def test_float32_scores_keep_their_value_in_the_threshold():
    scores = np.array([0.1, 0.3, 0.7], np.float32)
    threshold = metrics.threshold_at_sensitivity([1, 1, 0], scores)
    assert threshold == float(scores[0])
    assert metrics.judge([1, 1, 0], scores, threshold).sensitivity == 1


@pytest.mark.parametrize("labels, scores, message", [
    ([0, 1], [0.5], "not two rows of equal length"),
    ([0, 2], [0.5, 0.5], "labels are 0 and 1, found "),
    ([0, 1], [0.5, math.nan], "1 of 2 scores are NaN"),
])
def test_what_no_metric_can_be_told_of_is_refused(labels, scores, message):
    with pytest.raises(ValueError, match=message):
        metrics.auc(labels, scores)


def test_no_positive_case_has_no_threshold():
    with pytest.raises(ValueError, match="none of the 2 cases is positive"):
        metrics.threshold_at_sensitivity([0, 0], [0.1, 0.2])


@pytest.mark.parametrize("sensitivity", [0, -1, 1.1, math.nan])
def test_a_sensitivity_is_a_share(sensitivity):
    with pytest.raises(ValueError, match=r"not in \(0, 1\]"):
        metrics.threshold_at_sensitivity([1], [0.1], sensitivity)


def test_a_curve_without_a_class_tells_the_counts():
    with pytest.raises(ValueError, match="2 positive and 0 negative"):
        metrics.roc([1, 1], [0.1, 0.2])
