"""Means by cell: the fast form against Fractions and against OpenCV."""

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines import area
from tests import reference_preprocess as reference


@settings(deadline=None, max_examples=60)
@given(st.integers(1, 300), st.integers(1, 40),
       st.sampled_from((1, 255, 4095, 8191, 8192, 65535)),
       st.integers(0, 1 << 32))
def test_survey_equals_fractions(height, width, top, seed):
    random = np.random.default_rng(seed)
    pixels = random.integers(0, top + 1, (height, width)).astype(np.uint16)
    survey = area.survey(pixels)
    np.testing.assert_array_equal(survey.eighth, reference.eighth(pixels))
    assert survey.eighth.dtype == np.uint16
    assert survey.strip_maxima.tolist() == [
        pixels[y:y + 8].max() for y in range(0, height, 8)]
    assert survey.maximum == pixels.max()


@pytest.mark.parametrize("total, mean", [
    (0, 0), (31, 0), (32, 0), (33, 1), (95, 1), (96, 2), (97, 2), (159, 2),
    (160, 2), (161, 3), (64 * 4095, 4095)])
def test_ties_round_to_even(total, mean):
    pixels = np.full(64, total // 64, np.uint16)
    pixels[:total % 64] += 1
    for top in (0, 1 << 13):  # both forms
        image = np.zeros((8, 16), np.uint16)
        image[:, :8], image[0, 8] = pixels.reshape(8, 8), top
        assert area.survey(image).eighth[0, 0] == mean


@pytest.mark.parametrize("top", [8191, 65535])
def test_largest_values_do_not_overflow(top):
    pixels = np.full((16, 24), top, np.uint16)
    assert (area.survey(pixels).eighth == top).all()


@pytest.mark.parametrize("height", [1, 128, 129, 300])
def test_what_is_filled_on_the_way_is_surveyed(height):
    random = np.random.default_rng(0)
    source = random.integers(0, 4096, (height, 21)).astype(np.uint16)
    pixels = np.full_like(source, 9999)

    def fill(rows):
        pixels[rows] = source[rows] ^ 4095

    survey = area.survey(pixels, fill)
    np.testing.assert_array_equal(pixels, source ^ 4095)
    np.testing.assert_array_equal(survey.eighth,
                                  reference.eighth(source ^ 4095))
    assert survey.maximum == (source ^ 4095).max()


def test_survey_equals_inter_area():
    random = np.random.default_rng(0)
    for top in (4096, 65536):
        pixels = random.integers(0, top, (1024, 640)).astype(np.uint16)
        np.testing.assert_array_equal(
            area.survey(pixels).eighth,
            cv2.resize(pixels, (80, 128), interpolation=cv2.INTER_AREA))


def test_read_only_pixels_will_do():
    pixels = np.ones((9, 9), np.uint16)
    pixels.flags.writeable = False
    assert area.survey(pixels).eighth.tolist() == [[1, 0], [0, 0]]
