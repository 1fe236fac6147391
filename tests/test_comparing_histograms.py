"""Distances of histograms."""

import hypothesis
import numpy as np
import pytest
from hypothesis import strategies as st

from tools.comparing import histograms

COUNTS = st.lists(st.integers(0, 5), min_size=4, max_size=4).filter(sum)


def moved(a, b):
    """The distance by moving pixel for pixel, the darkest first."""
    steps = np.lcm(sum(a), sum(b))
    sorted_a, sorted_b = (
        np.repeat(range(len(counts)), np.array(counts) * steps // sum(counts))
        for counts in (a, b))
    return np.abs(sorted_a - sorted_b).mean() / len(a)


@hypothesis.given(COUNTS, COUNTS)
def test_the_distance_is_how_far_pixels_move(a, b):
    found = histograms.wasserstein(np.array(a) / sum(a), np.array(b) / sum(b))
    assert found == pytest.approx(moved(a, b))


def at(*bins):
    """A histogram with equal parts in some bins."""
    found = np.zeros(histograms.BINS)
    found[list(bins)] = 1 / len(bins)
    return found


def test_pressing_greys_together_brings_nothing_closer():
    wide = histograms.Compared(at(0, 100), at(20, 120), 0.0)
    narrow = histograms.Compared(at(0, 10), at(2, 12), 0.0)
    assert narrow.distance == pytest.approx(wide.distance / 10)
    assert narrow.relative == pytest.approx(wide.relative)


def test_one_grey_on_both_sides_is_no_difference():
    assert histograms.Compared(at(3), at(3), 0.0).relative == 0


def test_normalisations_are_ranked_by_what_they_leave():
    found = {name: histograms.Compared(at(0, 100), at(shift, 100 + shift), 0.0)
             for name, shift in (("stored", 0), ("max", 30), ("percentile", 20),
                                 ("foreground", 5), ("reference", 10))}
    assert histograms.ranked(found) == [
        "foreground", "reference", "percentile", "max"]
