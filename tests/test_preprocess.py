"""Preprocessing as a whole: against the plain rules, and by its promises."""

import dataclasses
import threading
import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines import preprocess as module
from pipelines.geometry import Box, Variant
from pipelines.preprocess import Workspace, preprocess
from pipelines.reasons import Rejected
from pipelines.recipe import Recipe
from tests import phantoms
from tests import reference_preprocess as reference

MODES = ("brightest", "thesis", "largest", "keep")


def recipe(*variants: str, **choices: str) -> Recipe:
    return Recipe(variants=tuple(map(Variant.parse, variants)), **choices)


SMALL = recipe("resize:30x30", "crop:16x12", "resize:9x11", "crop:90x20")


@settings(deadline=None, max_examples=150)
@given(phantoms.breast_images(), st.sampled_from(MODES))
def test_equals_the_plain_rules(image, mode):
    chosen = dataclasses.replace(SMALL, markers=mode)
    expected = reference.preprocess(image, chosen)
    if expected is None:
        with pytest.raises(Rejected, match="no_breast_found"):
            preprocess(image, chosen)
        return
    before = image.pixels.copy()
    image.pixels.flags.writeable = False
    (left, top, right, bottom), flipped, pictures = expected
    result = preprocess(image, chosen)
    for output, same in zip(result.outputs, _in_place(image, chosen)):
        np.testing.assert_array_equal(output.pixels, same.pixels)
    assert result.flipped == flipped
    assert result.pixel_laterality == ("R" if flipped else "L")
    for output, picture in zip(result.outputs, pictures, strict=True):
        np.testing.assert_array_equal(output.pixels, picture)
        assert output.pixels.dtype == np.uint16
        assert output.pixels.flags.c_contiguous
        assert output.max_value == picture.max()
    height, width = image.pixels.shape
    whole, crop = Box(0, 0, width, height), Box(
        left, top, right - left, bottom - top)
    assert [output.crop for output in result.outputs] == [
        whole, crop, whole, crop]
    assert result.outputs[1].scale_x == crop.width / 16
    assert result.outputs[1].scale_y == crop.height / 12
    np.testing.assert_array_equal(image.pixels, before)


def _in_place(image, chosen):
    """Outputs of pixels that lie in the workspace, to be written over."""
    workspace = Workspace()
    stored = image.pixels
    room = workspace.room("inflated", stored.nbytes)
    held = np.frombuffer(room, stored.dtype).reshape(stored.shape)
    held[...] = stored
    return preprocess(dataclasses.replace(image, pixels=held), chosen,
                      workspace).outputs


@pytest.mark.parametrize("width", [176, 179])
@pytest.mark.parametrize("side", "LR")
@pytest.mark.parametrize("photometric", ["MONOCHROME1", "MONOCHROME2"])
def test_sides_and_polarities_of_one_breast(width, side, photometric):
    """All four give the left breast's picture, if the cells allow it."""
    left = phantoms.breast(200, width)
    pixels = left if side == "L" else left[:, ::-1].copy()
    if photometric == "MONOCHROME1":
        pixels = 4095 - pixels
    image = phantoms.stored_image(pixels, photometric=photometric)
    result = preprocess(image, SMALL)
    assert (result.flipped, result.pixel_laterality) == (side == "R", side)
    plain = preprocess(phantoms.stored_image(left), SMALL)
    np.testing.assert_array_equal(result.outputs[0].pixels,
                                  plain.outputs[0].pixels)
    if width % 8 == 0:
        assert result.outputs[1].crop == (
            plain.outputs[1].crop if side == "L" else
            plain.outputs[1].crop.mirrored(width))
        np.testing.assert_array_equal(result.outputs[1].pixels,
                                      plain.outputs[1].pixels)


def test_flip_comes_before_resizing():
    """With a width of 81 pixels the last cell holds one column, not the
    first."""
    pixels = phantoms.breast(80, 81, side="R")
    pixels[:, 0] = 4000
    output = preprocess(phantoms.stored_image(pixels),
                        recipe("resize:12x10", markers="keep")).outputs[0]
    assert output.pixels[5, 10] == 500  # one column of eight
    assert output.pixels[5, 11] == 0


@pytest.mark.parametrize("choices, header, levels", [
    ({}, {}, 0), ({}, {}, 4095),
    ({}, dict(padding=(7, 7)), 7),
    ({}, dict(photometric="MONOCHROME1", padding=(0, 0)), 0),
    (dict(breast_box="otsu", markers="keep"), {}, 0),
    (dict(breast_box="otsu", markers="thesis"), {}, 0),
    (dict(breast_box="otsu"), {}, 0)])
def test_blank_images_have_no_breast(choices, header, levels):
    pixels = np.full((80, 64), levels, np.uint16)
    with pytest.raises(Rejected) as rejected:
        preprocess(phantoms.stored_image(pixels, **header),
                   Recipe(**choices))
    assert rejected.value.reason == "no_breast_found"


@pytest.mark.parametrize("shape", [(1, 1), (1, 99), (99, 1), (8, 8), (17, 9)])
def test_tiny_images_are_rejected_and_do_not_crash(shape):
    with pytest.raises(Rejected, match="no_breast_found"):
        preprocess(phantoms.stored_image(np.ones(shape, np.uint16)), SMALL)


def test_otsu_box_crops_otherwise():
    pixels = phantoms.breast(320, 256)
    image = phantoms.stored_image(pixels)
    component = preprocess(image, recipe("crop:16x16")).outputs[0]
    otsu = preprocess(image, recipe("crop:16x16", breast_box="otsu"))
    assert otsu.outputs[0].crop != component.crop
    assert otsu.outputs[0].crop.left == 0


def test_padding_does_not_change_the_side_or_the_maximum():
    pixels = phantoms.breast(160, 128)
    pixels[:, 100:] = 4095
    image = phantoms.stored_image(pixels, padding=(4095, 4095))
    result = preprocess(image, SMALL)
    assert not result.flipped and not result.markers_removed
    assert not result.outputs[0].pixels[:, 13:].any()


def test_unused_bits_do_not_show():
    pixels = phantoms.breast(160, 128)
    plain = preprocess(phantoms.stored_image(pixels), SMALL)
    dirty = preprocess(phantoms.stored_image(pixels | 0x8000), SMALL)
    for output, expected in zip(dirty.outputs, plain.outputs):
        np.testing.assert_array_equal(output.pixels, expected.pixels)


def test_close_halves_are_compared_exactly():
    """One grey level at the right decides, whatever the means round to."""
    half = phantoms.breast(160, 120)
    pixels = np.concatenate([half, half[:, ::-1]], axis=1)
    mask = module.prepare(phantoms.stored_image(pixels),
                          recipe("crop:9x9", markers="keep"), Workspace())
    assert not mask.flipped
    pixels[80, 230] += 1
    assert preprocess(phantoms.stored_image(pixels),
                      recipe("crop:9x9", markers="keep")).flipped


def test_middle_column_is_in_neither_half():
    pixels = np.zeros((160, 121), np.uint16)
    pixels[40:120, 20:60] = 1000
    pixels[40:120, 60] = 4000
    result = preprocess(phantoms.stored_image(pixels),
                        recipe("crop:9x9", markers="keep"))
    assert not result.flipped


def test_workspace_leaves_no_trace():
    """Large after small, flipped after not: the same bytes as alone."""
    shared = Workspace()
    images = [phantoms.stored_image(
        phantoms.breast(height, width, side=side, seed=seed, marker=True),
        photometric=photometric)
              for seed, (height, width, side, photometric) in enumerate([
                  (90, 81, "R", "MONOCHROME2"), (200, 180, "L", "MONOCHROME2"),
                  (120, 100, "R", "MONOCHROME2"), (90, 81, "R", "MONOCHROME2"),
                  (201, 170, "R", "MONOCHROME1"), (99, 80, "L",
                                                   "MONOCHROME1")])]
    for image in images:
        try:
            alone = preprocess(image, SMALL)
        except Rejected:
            continue
        again = preprocess(image, SMALL, shared)
        kept = [output.pixels.copy() for output in again.outputs]
        preprocess(images[1], SMALL, shared)
        for first, second, copy in zip(alone.outputs, again.outputs, kept):
            np.testing.assert_array_equal(first.pixels, second.pixels)
            np.testing.assert_array_equal(second.pixels, copy)


def test_threads_give_the_same_bytes():
    images = [phantoms.stored_image(phantoms.breast(
        160, 131, side="LR"[seed % 2], seed=seed, marker=True))
              for seed in range(6)]
    expected = [preprocess(image, SMALL).outputs for image in images]
    found = {}

    def work(number):
        workspace = Workspace()
        for index, image in enumerate(images):
            found[number, index] = preprocess(image, SMALL, workspace).outputs

    threads = [threading.Thread(target=work, args=(n,)) for n in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 18
    for (_, index), outputs in found.items():
        for output, wanted in zip(outputs, expected[index], strict=True):
            np.testing.assert_array_equal(output.pixels, wanted.pixels)


@pytest.mark.parametrize("photometric, markers, images", [
    ("MONOCHROME2", "brightest", 1.25), ("MONOCHROME2", "largest", 1.25),
    ("MONOCHROME1", "brightest", 2.25)])
def test_memory_beside_the_image(photometric, markers, images):
    pixels = phantoms.breast(2048, 1664, side="R", marker=True)
    if photometric == "MONOCHROME1":
        pixels = 4095 - pixels
    image = phantoms.stored_image(pixels, photometric=photometric)
    tracemalloc.start()
    preprocess(image, Recipe(markers=markers))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < images * pixels.nbytes


def test_stages_are_named_and_sized():
    pixels = phantoms.breast(160, 131, side="R", marker=True)
    image = phantoms.stored_image(4095 - pixels, photometric="MONOCHROME1",
                                  padding=(4095, 4095))
    stages = module.stages(image, SMALL)
    assert [name for name, _ in stages] == [
        "stored", "polarity", "breast", "markers", "flipped"] + [
            str(variant) for variant in SMALL.variants]
    pictures = dict(stages)
    np.testing.assert_array_equal(pictures["stored"], 4095 - pixels)
    np.testing.assert_array_equal(pictures["polarity"], pixels)
    assert pictures["flipped"].shape == pixels.shape
    np.testing.assert_array_equal(pictures["flipped"][:, ::-1],
                                  pictures["markers"])
    assert set(np.unique(pictures["breast"])) == {0, 65535}
    for output in preprocess(image, SMALL).outputs:
        np.testing.assert_array_equal(pictures[str(output.variant)],
                                      output.pixels)


def test_stages_end_where_there_is_no_breast():
    image = phantoms.stored_image(np.zeros((80, 64), np.uint16))
    assert [name for name, _ in module.stages(image, SMALL)] == [
        "stored", "polarity"]
