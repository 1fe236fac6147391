"""Sizes, boxes and variants against plain arithmetic on masks."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines import geometry
from pipelines.geometry import Box
from pipelines.geometry import Size
from pipelines.geometry import Variant

SIZES = st.builds(Size, st.integers(1, 99999), st.integers(1, 99999))
# Boxes that may hang over the edges of an image of up to 12 pixels.
BOXES = st.builds(Box, st.integers(-9, 15), st.integers(-9, 15),
                  st.integers(0, 15), st.integers(0, 15))
SIDES = st.integers(1, 12)


def mask(box, width, height):
    """A box as the pixels of an image that it covers, bool [height, width].
    """
    ys, xs = np.mgrid[:height, :width]
    return ((xs >= box.left) & (xs < box.right) &
            (ys >= box.top) & (ys < box.bottom))


@given(SIZES)
def test_size_is_parsed_as_it_is_printed(size):
    assert Size.parse(str(size)) == size
    assert size.shape == (size.height, size.width, 1)


def test_size_is_width_first_and_shape_height_first():
    size = Size.parse(" 416x512 ")
    assert (size.width, size.height) == (416, 512)
    assert size.shape == (512, 416, 1)


@pytest.mark.parametrize("text", [
    "", "416", "416x", "x512", "416X512", "416×512", "416x512x1", "0x512",
    "416x0", "-416x512", "041x512", "416 x 512", "4.5x512", "100000x1",
    "٤١٦x512"])
def test_other_sizes_are_errors(text):
    with pytest.raises(ValueError, match="WIDTHxHEIGHT"):
        Size.parse(text)


@given(st.sampled_from(geometry.METHODS), SIZES)
def test_variant_is_parsed_as_it_is_printed(method, size):
    variant = Variant(method, size)
    assert Variant.parse(str(variant)) == variant
    assert variant.folder == f"{method}-{size}"


@pytest.mark.parametrize("text, message", [
    ("416x512", "METHOD:WIDTHxHEIGHT"),
    ("", "METHOD:WIDTHxHEIGHT"),
    ("stretch:416x512", "'stretch' is none of resize, crop"),
    (":416x512", "'' is none of resize, crop"),
    ("resize:512", "WIDTHxHEIGHT"),
    ("resize:416x512:1", "WIDTHxHEIGHT"),
])
def test_other_variants_are_errors(text, message):
    with pytest.raises(ValueError, match=message):
        Variant.parse(text)


@given(BOXES, SIDES, SIDES)
def test_clipped_covers_the_same_pixels_and_lies_inside(box, width, height):
    clipped = box.clipped(width, height)
    assert (mask(clipped, width, height) == mask(box, width, height)).all()
    assert clipped.width * clipped.height == mask(box, width, height).sum()
    assert clipped.left >= 0 and clipped.top >= 0
    assert clipped.clipped(width, height) == clipped


@given(BOXES, SIDES, SIDES)
def test_mirrored_covers_the_mirrored_pixels(box, width, height):
    mirrored = box.mirrored(width)
    assert (mask(mirrored, width, height) ==
            mask(box, width, height)[:, ::-1]).all()
    assert mirrored.mirrored(width) == box


@given(BOXES, SIDES, SIDES, st.integers(1, 4))
def test_scaled_covers_each_pixel_s_square(box, width, height, factor):
    scaled = mask(box.scaled(factor), width * factor, height * factor)
    square = np.ones((factor, factor), bool)
    assert (scaled == np.kron(mask(box, width, height), square)).all()


@pytest.mark.parametrize("text", ["factor:8", "factor:1", "spacing:0.56",
                                  "spacing:1", "fit"])
def test_resampling_round_trip(text):
    assert str(geometry.Resample.parse(text)) == text


@pytest.mark.parametrize("text", [
    "", "8", "factor", "factor:", "factor:0", "factor:2.5", "factor:65",
    "factor:-8", "spacing", "spacing:0", "spacing:nan", "spacing:11",
    "spacing:0,56", "fit:8", "factor:8:8", "FIT"])
def test_malformed_resampling_is_refused(text):
    with pytest.raises(ValueError, match="factor:8 or spacing:0.56"):
        geometry.Resample.parse(text)
