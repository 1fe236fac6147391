"""Pixels of other sizes: what each rule gives."""

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines import variants
from pipelines.geometry import Size
from pipelines.workspace import Workspace


def test_stretch_shrinks_by_area_and_enlarges_linearly():
    steps = np.zeros((4, 8), np.uint16)
    steps[:, 1::2] = 100
    result = variants.stretch(steps, Size(4, 2), Workspace())
    assert result.tolist() == [[50] * 4] * 2
    assert variants.stretch(steps, Size(4, 8), Workspace()).shape == (8, 4)
    result = variants.stretch(
        np.array([[0, 100]], np.uint16), Size(4, 1), Workspace())
    assert result.tolist() == [[0, 25, 75, 100]]


@pytest.mark.parametrize("factor", [1, 2, 3, 5, 8, 12])
def test_by_factor_is_the_mean_of_squares_that_may_hang_over(factor):
    random = np.random.default_rng(factor)
    pixels = random.integers(0, 65536, (31, 47)).astype(np.uint16)
    result = variants.by_factor(pixels, factor)
    assert result.shape == (-(-31 // factor), -(-47 // factor))
    for (y, x), found in np.ndenumerate(result):
        square = pixels[y * factor:(y + 1) * factor,
                        x * factor:(x + 1) * factor]
        assert abs(found - square.sum() / factor**2) <= 0.5 + 1e-2


def test_an_image_stands_at_the_top_left_on_black():
    result = variants.on_black(np.full((2, 3), 7, np.uint16), Size(5, 4))
    assert result.tolist() == [[7, 7, 7, 0, 0]] * 2 + [[0] * 5] * 2


@settings(deadline=None, max_examples=150)
@given(st.data())
def test_shrink_equals_inter_area(data):
    width, height = (data.draw(st.integers(1, 40)) for _ in range(2))
    height *= data.draw(st.sampled_from((1, 4, 8, 16)))
    if data.draw(st.booleans()):  # whole ratios are another path of OpenCV's
        rows, columns = (side * data.draw(st.integers(1, 4))
                         for side in (height, width))
    else:
        rows = data.draw(st.integers(height, 5 * height))
        columns = data.draw(st.integers(width, 300))
        rows = max(height, rows // 8 * 8)
    top = data.draw(st.sampled_from((256, 4096, 65536)))
    random = np.random.default_rng(data.draw(st.integers(0, 1 << 32)))
    pixels = random.integers(0, top, (rows, columns)).astype(np.uint16)
    before = pixels.copy()
    for flipped, upright in (False, pixels), (True, cv2.flip(pixels, 1)):
        shrunk = variants.shrink(pixels, Size(width, height), Workspace(),
                                 flipped)
        np.testing.assert_array_equal(shrunk, cv2.resize(
            upright, (width, height), interpolation=cv2.INTER_AREA))
        np.testing.assert_array_equal(pixels, before)


@pytest.mark.parametrize("rows, columns, size", [
    (3640, 2104, Size(224, 224)), (2920, 1504, Size(224, 224)),
    (448, 448, Size(224, 224)), (4432, 2864, Size(331, 512)),
    (1792, 1344, Size(224, 224)), (224, 224, Size(224, 224))])
def test_shrink_equals_inter_area_at_full_size(rows, columns, size):
    random = np.random.default_rng(0)
    pixels = random.integers(0, 65536, (rows, columns)).astype(np.uint16)
    for flipped, upright in (False, pixels), (True, cv2.flip(pixels, 1)):
        np.testing.assert_array_equal(
            variants.shrink(pixels, size, Workspace(), flipped),
            cv2.resize(upright, (size.width, size.height),
                       interpolation=cv2.INTER_AREA))
