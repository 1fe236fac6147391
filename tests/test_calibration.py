"""Reliability diagrams: bins that hold what they say."""

import numpy as np
import pytest

from model.reporting import calibration


def test_bins_hold_all_cases_in_order_and_about_as_many_each():
    scores = np.random.default_rng(0).random(1003)
    labels = (np.random.default_rng(1).random(1003) < scores).astype(int)
    bins = calibration.reliability(labels, scores)
    assert [one.cases for one in bins].count(100) == 7
    assert sum(one.cases for one in bins) == 1003
    assert sum(one.positives for one in bins) == labels.sum()
    for one, following in zip(bins, bins[1:]):
        assert one.low <= one.score <= one.high < following.low
    # What is so by construction is found to be so.
    assert calibration.expected_error(bins) < 0.05
    assert all(one.interval[0] - 0.1 < one.score < one.interval[1] + 0.1
               for one in bins)


@pytest.mark.parametrize("scores, cases", [
    ([0.5] * 20, [20]), ([0.1] * 15 + [0.9] * 5, [15, 5]), ([0.3], [1]),
    ([], [])])
def test_equal_scores_are_in_one_bin(scores, cases):
    bins = calibration.reliability([0] * len(scores), scores)
    assert [one.cases for one in bins] == cases
    assert all(one.share == 0 and one.interval[0] == 0 for one in bins)


def test_errors_are_the_formulas():
    labels, scores = [0, 0, 1, 1], [0.1, 0.1, 0.6, 0.6]
    assert calibration.brier(labels, scores) == pytest.approx(
        (0.01 + 0.01 + 0.16 + 0.16) / 4)
    bins = calibration.reliability(labels, scores, 2)
    assert calibration.expected_error(bins) == pytest.approx(
        (2 * 0.1 + 2 * 0.4) / 4)
    assert np.isnan(calibration.brier([], []))
    assert np.isnan(calibration.expected_error([]))


def test_the_interval_is_wilson_s():
    # As Newcombe (1998) gives it for 81 of 263 and for 1 of 29.
    low, high = calibration.Bin(0, 1, 0, 263, 81).interval
    assert (round(low, 4), round(high, 4)) == (0.2553, 0.3662)
    low, high = calibration.Bin(0, 1, 0, 29, 1).interval
    assert (round(low, 4), round(high, 4)) == (0.0061, 0.1718)
