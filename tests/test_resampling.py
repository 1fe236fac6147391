"""How large the pixels of `resize` variants are, and what they show."""

import dataclasses
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st

from pipelines import preprocess as preprocessing
from pipelines import recipe as recipes
from pipelines import resampling
from pipelines.geometry import Box, Resample, Size, Variant
from pipelines.preprocess import preprocess
from pipelines.reasons import Rejected
from pipelines.spacing import Spacing
from tests import phantoms

FIT, BY_8 = Resample("fit"), Resample("factor", 8)
TARGET = Size(416, 512)


def place(text, size, target=TARGET, spacing=None, middle=0):
    return resampling.place(
        Resample.parse(text), spacing and Spacing(*spacing, "here"),
        Size(*size), target, middle)


@pytest.mark.parametrize("text, size, target, expected, factor", [
    ("factor:8", (3328, 4096), (416, 512), (416, 512), 8),
    ("factor:8", (2560, 3328), (416, 512), (320, 416), 8),
    ("factor:8", (1914, 2294), (416, 512), (240, 287), 8),
    ("factor:8", (100, 100), (224, 224), (13, 13), 8),
    # What does not fit is made to.
    ("factor:8", (3329, 4096), (416, 512), (416, 512), 0),
    ("factor:8", (2864, 4432), (416, 512), (331, 512), 0),  # 330.86
    ("factor:8", (4432, 2864), (416, 512), (416, 269), 0),  # 268.82
    ("factor:8", (5000, 8192), (416, 512), (313, 512), 0),  # 312.5, half up
    ("factor:8", (3328, 4096), (224, 224), (182, 224), 0),
    ("factor:8", (9, 99999), (416, 512), (1, 512), 0),  # never nothing
    ("factor:4", (1000, 1001), (416, 512), (250, 251), 4),
    ("factor:16", (3328, 4096), (416, 512), (208, 256), 16),
    ("fit", (3328, 4096), (416, 512), (416, 512), 0),
    ("fit", (2560, 3328), (416, 512), (394, 512), 0),  # 393.85
    ("fit", (104, 64), (416, 512), (416, 256), 0),  # enlarged
])
def test_the_whole_image(text, size, target, expected, factor):
    placed = place(text, size, Size(*target))
    assert (placed.size, placed.factor) == (Size(*expected), factor)
    assert placed.shown == Box(0, 0, *size)
    assert placed.scale_x == factor or size[0] / expected[0]
    assert placed.scale_y == factor or size[1] / expected[1]


@pytest.mark.parametrize("size, spacing, expected, shown", [
    # 0.56 mm are 8 pixels of 0.07 mm.
    ((3328, 4096), (0.07, 0.07), (416, 512), (0, 0, 3328, 4096)),
    # The same breast on detectors of other pitch.
    ((2560, 3328), (0.085, 0.085), (389, 505), (0, 0, 2560, 3328)),
    ((1914, 2294), (0.1, 0.1), (342, 410), (0, 0, 1914, 2294)),
    # Too large: the chest wall stays, and rows about the middle.
    ((4728, 5928), (0.05, 0.05), (416, 512), (0, 132, 4659, 5734)),
    # Rows and columns of other distances.
    ((1000, 1000), (0.07, 0.14), (250, 125), (0, 0, 1000, 1000)),
    # Enlarged.
    ((100, 100), (1.12, 1.12), (200, 200), (0, 0, 100, 100)),
])
def test_by_spacing(size, spacing, expected, shown):
    placed = place("spacing:0.56", size, spacing=spacing, middle=2999)
    assert placed.size == Size(*expected)
    assert placed.shown == Box(*shown)
    assert placed.scale_x == shown[2] / expected[0]
    assert placed.scale_y == shown[3] / expected[1]
    if size[0] != 1000:
        assert placed.scale_x * spacing[1] == pytest.approx(0.56, rel=3e-3)


def test_rows_and_columns_are_not_mixed_up():
    placed = place("spacing:0.56", (1000, 1000), spacing=(0.07, 0.14))
    assert placed.size == Size(250, 125)
    assert (placed.scale_x, placed.scale_y) == (4.0, 8.0)


@settings(deadline=None, max_examples=300)
@given(st.data())
def test_spacing_equals_a_search_of_every_place(data):
    """The most rows that fit, about the middle, by trying all of them."""
    length, target = (data.draw(st.integers(1, 120)) for _ in range(2))
    scale = data.draw(st.floats(0.25, 9.0))
    middle = data.draw(st.integers(0, length - 1))
    first, shown, new = resampling._side(length, scale, target, middle)
    most = max(n for n in range(1, length + 1)
               if n <= max(1, target * scale + 0.5))
    assert abs(shown - most) <= 1  # a tie rounds to even
    assert 0 <= first <= first + shown <= length
    off = [abs(start + shown / 2 - middle)
           for start in range(length - shown + 1)]
    assert abs(first + shown / 2 - middle) <= min(off) + 1
    assert 1 <= new <= target
    # Half an output pixel is the most that rounding to whole ones takes.
    assert abs(new * scale - shown) <= max(scale, 1)


@pytest.mark.parametrize("text", ["spacing:0.56", "spacing:0.9", "fit",
                                  "factor:4", "factor:8", "factor:3"])
@pytest.mark.parametrize("side", "LR")
def test_pixels_are_means_of_what_the_row_says_they_show(text, side):
    """Each output pixel against the mean of the area that crop and scale
    give, weighing the pixels that it cuts by the share it has of them."""
    pixels = phantoms.breast(173, 141, side=side)
    image = phantoms.stored_image(
        pixels, spacing=Spacing(0.1, 0.12, "imager_pixel_spacing"))
    target = Size(30, 20)
    result = preprocess(image, recipes.Recipe(
        variants=(Variant("resize", target),), markers="keep",
        resample=Resample.parse(text))).outputs[0]
    assert result.pixels.shape == (20, 30)
    crop = result.crop
    assert crop.clipped(141, 173) == crop
    shown = pixels[crop.top:crop.bottom, crop.left:crop.right].astype(float)
    if side == "R":
        shown = shown[:, ::-1]
    rows = min(20, math.ceil(crop.height / result.scale_y - 1e-9))
    columns = min(30, math.ceil(crop.width / result.scale_x - 1e-9))
    expected = (weights(crop.height, result.scale_y, rows) @ shown
                @ weights(crop.width, result.scale_x, columns).T)
    np.testing.assert_allclose(
        result.pixels[:rows, :columns], expected, rtol=0, atol=0.51)
    assert not result.pixels[rows:].any()
    assert not result.pixels[:, columns:].any()


def weights(length: int, scale: float, count: int) -> np.ndarray:
    """Of each output pixel, the share of it that each original one has."""
    result = np.zeros((count, length))
    for i in range(count):
        for pixel in range(length):
            result[i, pixel] = max(0.0, min(pixel + 1, (i + 1) * scale)
                                   - max(pixel, i * scale)) / scale
    return result


@pytest.mark.parametrize("spacing_mm", [0.05, 0.07, 0.085, 0.1])
def test_a_lesion_has_one_size_whatever_the_detector(spacing_mm):
    """A disc of 20 mm on detectors of 40 x 50 mm and other pitch."""
    width, height = round(40 / spacing_mm), round(50 / spacing_mm)
    y, x = (np.arange(n) * spacing_mm for n in (height, width))
    disc = (x[None, :] - 12)**2 + (y[:, None] - 25)**2 < 10**2
    image = phantoms.stored_image(
        np.where(disc, 3000, 10).astype(np.uint16),
        spacing=Spacing(spacing_mm, spacing_mm, "imager_pixel_spacing"))
    output = preprocess(image, recipes.Recipe(
        variants=(Variant("resize", Size(96, 96)),), markers="keep",
        resample=Resample.parse("spacing:0.56"))).outputs[0]
    area_mm2 = (output.pixels / 3000).sum() * 0.56**2
    assert area_mm2 == pytest.approx(math.pi * 10**2, rel=0.02)


def test_no_spacing_is_told_and_crops_need_none():
    image = phantoms.stored_image(phantoms.breast(160, 128))
    recipe = recipes.Recipe(resample=Resample.parse("spacing:0.56"))
    with pytest.raises(Rejected) as rejected:
        preprocess(image, recipe)
    assert rejected.value.reason == "no_pixel_spacing"
    crop = dataclasses.replace(recipe, variants=(
        Variant.parse("crop:16x12"),))
    assert preprocess(image, crop).outputs[0].pixels.any()


def test_resampling_leaves_crops_alone():
    image = phantoms.stored_image(
        phantoms.breast(160, 128), spacing=Spacing(0.07, 0.07, "here"))
    crops = [preprocess(image, recipes.Recipe(
        variants=(Variant.parse("crop:16x12"),), resample=resample)).outputs[0]
             for resample in (BY_8, FIT, Resample("spacing", 0.3))]
    assert len({crop.pixels.tobytes() for crop in crops}) == 1
    assert len({crop.crop for crop in crops}) == 1


def test_stages_show_the_variant_as_it_is():
    image = phantoms.stored_image(phantoms.breast(160, 128, side="R"))
    recipe = recipes.Recipe(variants=(Variant.parse("resize:30x30"),),
                            resample=FIT)
    name, picture = preprocessing.stages(image, recipe)[-1]
    assert name == "resize:30x30"
    np.testing.assert_array_equal(
        picture, preprocess(image, recipe).outputs[0].pixels)
