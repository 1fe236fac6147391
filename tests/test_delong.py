"""DeLong's test against its definition, pair by pair."""

import math

from hypothesis import given
from hypothesis import strategies as st
import numpy as np
import pytest

from model import delong
from model import metrics

CASES = st.lists(
    st.tuples(st.integers(0, 1), st.integers(0, 5), st.integers(0, 5)),
    min_size=4, max_size=30).filter(
        lambda cases: 2 <= sum(case[0] for case in cases) <= len(cases) - 2)


def by_pairs(labels, first, second):
    """Difference and its variance as in the paper of 1988."""
    high = np.flatnonzero(labels)
    low = np.flatnonzero(1 - labels)
    above, below = [], []
    for scores in (first, second):
        won = np.array([[(scores[p] > scores[n]) + (scores[p] == scores[n]) / 2
                         for n in low] for p in high])
        above.append(won.mean(axis=1))
        below.append(won.mean(axis=0))
    covariance = (np.cov(above) / len(high)) + (np.cov(below) / len(low))
    variance = covariance[0, 0] + covariance[1, 1] - 2 * covariance[0, 1]
    return above[0].mean() - above[1].mean(), variance


@given(CASES)
def test_difference_and_its_error_are_those_of_the_definition(cases):
    labels, first, second = (np.array(column) for column in zip(*cases))
    found = delong.delong(labels, first, second)
    difference, variance = by_pairs(labels, first, second)
    assert found.auc_a == pytest.approx(metrics.auc(labels, first))
    assert found.auc_b == pytest.approx(metrics.auc(labels, second))
    assert found.difference == pytest.approx(difference, abs=1e-12)
    assert found.standard_error ** 2 == pytest.approx(variance, abs=1e-12)


def cohort(seed, shift_b=1.0):
    generator = np.random.default_rng(seed)
    labels = np.repeat([0, 1], 60)
    shared = generator.normal(size=120)
    return labels, *(shared + labels * shift + generator.normal(size=120) / 2
                     for shift in (1.0, shift_b))


def test_equally_good_models_differ_as_often_as_chance_says():
    p = [delong.delong(*cohort(seed)).p for seed in range(400)]
    assert 0.02 <= np.mean(np.array(p) < 0.05) <= 0.09
    assert 0.42 <= np.mean(np.array(p) < 0.5) <= 0.58


def test_a_better_model_is_found():
    found = delong.delong(*cohort(0, shift_b=2.0))
    assert found.p < 0.001
    assert found.z < 0
    assert found.interval[1] < 0


def test_two_sided_p_of_1_96_is_0_05():
    labels, first, second = cohort(0, 1.2)
    found = delong.delong(labels, first, second)
    assert found.p == pytest.approx(
        1 - math.erf(abs(found.z) / math.sqrt(2)))
    assert math.erfc(delong._NORMAL_97_5 / math.sqrt(2)) == pytest.approx(0.05)


def test_a_model_does_not_differ_from_itself_or_its_logarithm():
    labels, first, _ = cohort(0)
    for same in (first, np.exp(first)):
        found = delong.delong(labels, first, same)
        assert (found.difference, found.z, found.p) == (0, 0, 1)


def test_perfectly_right_against_perfectly_wrong_has_no_error():
    found = delong.delong([0, 0, 1, 1], [1, 2, 3, 4], [4, 3, 2, 1])
    assert (found.z, found.p) == (math.inf, 0)


def test_one_case_of_a_class_tells_no_error():
    found = delong.delong([1, 0, 0], [0.5, 0.6, 0.4], [0.9, 0.6, 0.4])
    assert (found.auc_a, found.auc_b) == (0.5, 1)
    assert math.isnan(found.p)


def test_a_missing_class_is_refused_with_the_counts():
    with pytest.raises(ValueError, match="0 positive and 2 negative"):
        delong.delong([0, 0], [1, 2], [1, 2])
