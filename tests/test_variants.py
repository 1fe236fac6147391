"""Sizes: which rule holds, and what it gives."""

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines import variants
from pipelines.geometry import Size
from pipelines.workspace import Workspace


@pytest.mark.parametrize("size, target, fits", [
    ((3328, 4096), (416, 512), True), ((2560, 3328), (416, 512), True),
    ((3329, 4096), (416, 512), False), ((3328, 4097), (416, 512), False),
    ((2864, 4432), (416, 512), False), ((100, 100), (224, 224), True),
    ((1914, 2294), (416, 512), True), ((3328, 4096), (224, 224), False)])
def test_an_eighth_fits(size, target, fits):
    assert variants.fits_by_eighth(Size(*size), Size(*target)) == fits


@pytest.mark.parametrize("size, target, expected", [
    ((2864, 4432), (416, 512), (331, 512)),  # 330.86
    ((4432, 2864), (416, 512), (416, 269)),  # 268.82
    ((4160, 5120), (416, 512), (416, 512)),
    ((5000, 8192), (416, 512), (313, 512)),  # 312.5, half up
    ((9, 99999), (416, 512), (1, 512)),      # never nothing
    ((99999, 9), (416, 512), (416, 1))])
def test_fitted(size, target, expected):
    assert variants.fitted(Size(*size), Size(*target)) == Size(*expected)


def _resize(pixels, target):
    def unused():
        raise AssertionError("not needed")

    size = Size(pixels.shape[1], pixels.shape[0])
    fits = variants.fits_by_eighth(size, target)
    return variants.resize(size, target, unused if not fits else (
        lambda: pixels[::8, ::8]), unused if fits else lambda: pixels,
                           Workspace())


def test_resize_by_8_stands_at_the_top_left_on_black():
    pixels = np.full((16, 24), 7, np.uint16)
    result, scale_x, scale_y = _resize(pixels, Size(5, 4))
    assert result.tolist() == [[7, 7, 7, 0, 0]] * 2 + [[0] * 5] * 2
    assert (scale_x, scale_y) == (8.0, 8.0)


def test_resize_to_fit_keeps_the_shape():
    pixels = np.full((160, 80), 7, np.uint16)
    result, scale_x, scale_y = _resize(pixels, Size(16, 16))
    assert result.tolist() == [[7] * 8 + [0] * 8] * 16
    assert (scale_x, scale_y) == (10.0, 10.0)
    _, scale_x, scale_y = _resize(np.ones((160, 85), np.uint16), Size(16, 16))
    assert (scale_x, scale_y) == (85 / 9, 10.0)  # 8.5: half up


def test_crop_shrinks_by_area_and_enlarges_linearly():
    steps = np.zeros((4, 8), np.uint16)
    steps[:, 1::2] = 100
    result, scale_x, scale_y = variants.crop(steps, Size(4, 2), Workspace())
    assert result.tolist() == [[50] * 4] * 2
    assert (scale_x, scale_y) == (2.0, 2.0)
    result, scale_x, scale_y = variants.crop(steps, Size(4, 8), Workspace())
    assert (scale_x, scale_y) == (2.0, 0.5)
    assert result.shape == (8, 4)
    result, _, _ = variants.crop(
        np.array([[0, 100]], np.uint16), Size(4, 1), Workspace())
    assert result.tolist() == [[0, 25, 75, 100]]


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
    shrunk = variants.shrink(pixels, Size(width, height), Workspace())
    np.testing.assert_array_equal(shrunk, cv2.resize(
        pixels, (width, height), interpolation=cv2.INTER_AREA))


@pytest.mark.parametrize("rows, columns, size", [
    (3640, 2104, Size(224, 224)), (2920, 1504, Size(224, 224)),
    (448, 448, Size(224, 224)), (4432, 2864, Size(331, 512)),
    (1792, 1344, Size(224, 224)), (224, 224, Size(224, 224))])
def test_shrink_equals_inter_area_at_full_size(rows, columns, size):
    random = np.random.default_rng(0)
    pixels = random.integers(0, 65536, (rows, columns)).astype(np.uint16)
    np.testing.assert_array_equal(
        variants.shrink(pixels, size, Workspace()),
        cv2.resize(pixels, (size.width, size.height),
                   interpolation=cv2.INTER_AREA))
