"""Where the breast is: by the plain rule, and on pictures with traps."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines import area
from pipelines import breast
from pipelines.geometry import Box
from tests import phantoms
from tests import reference_preprocess as reference


@settings(deadline=None, max_examples=100)
@given(st.integers(1, 70), st.integers(1, 70), st.sampled_from("LR"),
       st.sampled_from((0, 1, 255, 4095, 65535)), st.integers(0, 1 << 32))
def test_component_equals_the_plain_rule(rows, columns, side, top, seed):
    eighth = phantoms.breast(rows, columns, side=side, top=top, seed=seed,
                             marker=True)
    _check_component(eighth)


@settings(deadline=None, max_examples=100)
@given(st.integers(1, 60), st.integers(1, 60), st.integers(0, 1 << 32),
       st.sampled_from((1, 2, 4)))
def test_component_of_blotches_equals_the_plain_rule(rows, columns, seed,
                                                     blotch):
    random = np.random.default_rng(seed)
    eighth = random.integers(0, 4096, (rows, columns)).astype(np.uint16)
    eighth = eighth.repeat(blotch, 0).repeat(blotch, 1)[:rows, :columns]
    _check_component(eighth)


def _check_component(eighth):
    expected = reference.component(eighth)
    found = breast.breast_component(eighth)
    assert (found is None) == (expected is None)
    if found is None:
        return
    np.testing.assert_array_equal(found, expected)
    height, width = eighth.shape[0] * 8 - 3, eighth.shape[1] * 8 - 5
    box = breast.component_box(found, width, height)
    assert (box.left, box.top, box.right, box.bottom) == (
        reference.component_box(expected, width, height))
    np.testing.assert_array_equal(breast.through_border(found),
                                  reference.run_through(expected))


@pytest.mark.parametrize("eighth", [
    np.zeros((64, 48), np.uint16), np.full((64, 48), 4095, np.uint16),
    np.full((1, 1), 9, np.uint16), np.full((2, 50), 9, np.uint16)],
                         ids=["black", "white", "one cell", "two rows"])
def test_no_breast(eighth):
    assert breast.breast_component(eighth) is None


def test_film_edge_and_label_are_not_the_breast():
    eighth = phantoms.breast(128, 100, top=50000)
    alone = breast.breast_component(eighth)
    eighth[:, -1:] = eighth[:1] = 65535  # film edges, within the border
    eighth[20:34, 80:94] = 65535         # a label
    mask = breast.breast_component(eighth)
    assert not mask[:, 75:].any() and not mask[:2].any()
    assert mask[58, 5] and mask[58, 50]
    assert breast.component_box(mask, 800, 1024).right <= 600
    assert alone.any()


def test_box_reaches_the_edge_where_the_component_meets_the_border():
    mask = np.zeros((100, 100), bool)
    mask[30:70, 2:42] = True
    assert breast.component_box(mask, 793, 797) == Box(0, 224, 352, 352)
    mask[30:98, 2:42] = True
    assert breast.component_box(mask, 793, 797) == Box(0, 216, 352, 581)


def test_otsu_box_has_the_most_foreground():
    eighth = np.zeros((60, 60), np.uint16)
    eighth[5:15, 40:58] = 100
    eighth[20:50, 10:30] = 200
    box = breast.otsu_box(eighth, 480, 480)
    # The blur of 5 x 5 widens it by a cell at least.
    assert box.left in (64, 72, 80) and box.right in (240, 248, 256)
    assert box.top in (144, 152, 160) and box.bottom in (400, 408, 416)


def test_otsu_box_of_nothing_is_none():
    assert breast.otsu_box(np.zeros((9, 9), np.uint16), 72, 72) is None


def test_otsu_box_takes_the_frame_that_the_component_leaves_out():
    eighth = phantoms.breast(128, 100, top=50000)
    eighth[[0, -1]] = eighth[:, [0, -1]] = 65535
    assert breast.otsu_box(eighth, 800, 1024) == Box(0, 0, 800, 1024)
    mask = breast.breast_component(eighth)
    assert breast.component_box(mask, 800, 1024).width < 700


def test_component_is_found_at_any_brightness():
    masks = [breast.breast_component(phantoms.breast(128, 100, top=top))
             for top in (600, 4095, 65535)]
    sizes = [int(mask.sum()) for mask in masks]
    assert max(sizes) < 1.1 * min(sizes)
    assert area.cells(799) == masks[0].shape[1]
