"""Masks as integers against OpenCV's own erosion and dilation."""

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines import morphology


@pytest.mark.parametrize("size", range(3, 60, 2))
def test_ellipse_rows_are_centred_and_symmetric(size):
    ellipse = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size))
    reaches = morphology.ellipse_reaches(size)
    for row, reach in zip(ellipse, reaches, strict=True):
        columns = np.abs(np.arange(size) - size // 2)
        assert row.tolist() == (columns <= reach).astype(int).tolist()
    assert reaches == reaches[::-1]


@settings(deadline=None, max_examples=150)
@given(st.integers(1, 40), st.integers(1, 40), st.sampled_from((3, 5, 9, 21)),
       st.floats(0, 1), st.integers(0, 1 << 32))
def test_equals_opencv(height, width, size, share, seed):
    random = np.random.default_rng(seed)
    mask = (random.random((height, width)) < share).astype(np.uint8)
    ellipse = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size))
    reaches = morphology.ellipse_reaches(size)
    np.testing.assert_array_equal(morphology.dilate(mask, reaches),
                                  cv2.dilate(mask, ellipse))
    padded = cv2.copyMakeBorder(mask, *(size,) * 4, cv2.BORDER_CONSTANT,
                                value=0)
    np.testing.assert_array_equal(
        morphology.erode(mask, reaches),
        cv2.erode(padded, ellipse)[size:-size, size:-size])
