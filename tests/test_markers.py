"""Markers: which pixels become black, by each of the four modes."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines import area
from pipelines import breast
from pipelines import markers
from tests import phantoms
from tests import reference_preprocess as reference

MODES = ("brightest", "thesis", "largest", "keep")


def _case(pixels):
    survey = area.survey(pixels)
    return survey, breast.breast_component(survey.eighth)


def _after(pixels, mode):
    survey, mask = _case(pixels)
    removal = markers.find(pixels, survey, mask, mode)
    result = pixels.copy()
    removal.apply(result)
    return result, removal


def _phantom():
    """Marker of 12 x 20 at the maximum, a grey one, one pixel in the breast."""
    pixels = phantoms.breast(320, 256)
    pixels[20:32, 200:220] = 4095
    pixels[290:300, 200:230] = 2000
    pixels[150, 40] = 4095
    return pixels


@pytest.mark.parametrize("mode, marker, grey, in_breast, removed", [
    ("brightest", 0, 2000, 4095, 240), ("thesis", 0, 2000, 0, 241),
    ("largest", 0, 0, 4095, None), ("keep", 4095, 2000, 4095, 0)])
def test_modes(mode, marker, grey, in_breast, removed):
    result, removal = _after(_phantom(), mode)
    assert (result[20:32, 200:220] == marker).all()
    assert (result[290:300, 200:230] == grey).all()
    assert result[150, 40] == in_breast
    if removed is not None:
        assert removal.count == removed


@pytest.mark.parametrize("pixels_at_maximum, removed", [(63, 0), (64, 64)])
def test_brightest_needs_64_pixels_outside_the_breast(
        pixels_at_maximum, removed):
    pixels = phantoms.breast(320, 256)
    pixels[10, 150:150 + pixels_at_maximum] = 4095
    pixels[150, 40:80] = 4095  # of the breast: they do not count
    result, removal = _after(pixels, "brightest")
    assert removal.count == removed
    assert (pixels != result).sum() == removed


def test_largest_keeps_the_breast_to_the_edge_of_the_image():
    pixels = phantoms.breast(320, 256)
    result, _ = _after(pixels, "largest")
    assert (result[140:160, :40] == pixels[140:160, :40]).all()
    assert not result[:, 200:].any()


def test_black_image_has_no_markers():
    pixels = np.zeros((16, 16), np.uint16)
    survey = area.survey(pixels)
    for mode in MODES:
        removal = markers.find(pixels, survey, np.ones((2, 2), bool), mode)
        assert not removal.count


@settings(deadline=None, max_examples=60)
@given(phantoms.breast_images(), st.sampled_from(MODES))
def test_equals_the_plain_rules(image, mode):
    pixels = reference.levels(image)
    survey, mask = _case(pixels)
    if mask is None:
        return
    result, removal = _after(pixels, mode)
    expected = reference.without_markers(pixels, mask, mode)
    np.testing.assert_array_equal(result, expected)
    assert removal.count == (expected != pixels).sum()
    np.testing.assert_array_equal(
        markers.eighth_after(pixels, survey, removal),
        reference.eighth(expected))


@settings(deadline=None, max_examples=60)
@given(st.data())
def test_parts_equal_the_whole(data):
    pixels = _phantom()
    whole, removal = _after(pixels, data.draw(st.sampled_from(MODES)))
    left, top = (8 * data.draw(st.integers(0, cells - 1))
                 for cells in (32, 40))
    right = data.draw(st.integers(left + 1, 256))
    bottom = data.draw(st.integers(top + 1, 320))
    part = pixels[top:bottom, left:right].copy()
    removal.apply(part, left, top)
    np.testing.assert_array_equal(part, whole[top:bottom, left:right])
