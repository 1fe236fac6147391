"""How two ways to decode one image are compared."""

import numpy as np
import pytest

from pipelines import area
from pipelines import preprocess
from pipelines.geometry import Variant
from pipelines.recipe import Recipe
from tests import phantoms
from tests import synthetic
from tools import reduction

RECIPE = Recipe(variants=(Variant.parse("resize:30x40"),
                          Variant.parse("crop:24x24")))


def written(path, syntax, **choices):
    path.write_bytes(synthetic.mammogram_bytes(
        phantoms.breast(256, 192, **choices), transfer_syntax=syntax))
    return str(path)


def test_what_is_no_jpeg_2000_does_not_differ(tmp_path):
    found = reduction.measure(written(tmp_path / "a.dcm", "explicit"),
                              RECIPE, 1)
    assert found.differences == (reduction.Difference(0, 0),) * 2
    assert found.same_box and found.same_side
    assert found.bits_stored == 12


def test_a_quarter_differs_within_the_breast(tmp_path):
    """By the noise of single pixels, which a quarter does not show."""
    found = reduction.measure(written(tmp_path / "a.dcm", "j2k", side="R"),
                              RECIPE, 1)
    for one in found.differences:
        assert 0 < one.mean < one.most < 0.4 * 4095
    assert found.same_box and found.same_side


@pytest.mark.parametrize("side", "LR")
def test_masks_are_of_what_variants_show(side):
    image = phantoms.stored_image(phantoms.breast(256, 192, side=side))
    resized, cropped = reduction.breast_masks(image, RECIPE)
    upright = preprocess.prepare(image, RECIPE, preprocess.Workspace())
    mask = upright.mask[:, ::-1] if side == "R" else upright.mask
    assert resized.shape == (40, 30) and cropped.shape == (24, 24)
    np.testing.assert_array_equal(
        resized[:mask.shape[0], :mask.shape[1]], mask)
    assert not resized[:, mask.shape[1]:].any()
    # Of the crop, as large a share as of the box.
    box = upright.box
    cells = upright.mask[box.top // area.CELL:box.bottom // area.CELL,
                         box.left // area.CELL:box.right // area.CELL]
    assert cropped.mean() == pytest.approx(cells.mean(), abs=0.02)
