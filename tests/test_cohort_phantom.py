"""Phantoms have what the rest of the program looks for in mammograms."""

import cv2
import numpy as np
import pytest

from tools.cohort import anatomy, findings, phantom

BREAST = anatomy.Breast(seed=5, size=1.0, density=0.4)


def expose(side="L", view="CC", **changes):
    changes = {"scale": 1 / 8, "marker": f"{side} {view}"} | changes
    return phantom.Exposure(side, view, **changes)


@pytest.mark.parametrize("width,height", [(3328, 4096), (2560, 3328)])
@pytest.mark.parametrize("scale", [1 / 32, 0.125, 0.3])
def test_size_type_and_range(width, height, scale):
    image = phantom.render(
        anatomy.Breast(1, 0.8, 0.5),
        expose(width=width, height=height, scale=scale))
    assert image.shape == (round(height * scale), round(width * scale))
    assert image.dtype == np.uint16 and image.flags.c_contiguous
    assert image.max() == 4095


@pytest.mark.parametrize("bits,kind", [(8, np.uint8), (10, np.uint16),
                                       (14, np.uint16)])
def test_bits_stored(bits, kind):
    image = phantom.render(BREAST, expose(bits=bits))
    assert image.dtype == kind and image.max() == (1 << bits) - 1


def test_equal_arguments_give_equal_pixels_and_seeds_differ():
    first = phantom.render(BREAST, expose(seed=1))
    np.testing.assert_array_equal(first, phantom.render(
        BREAST, expose(seed=1)))
    assert (first != phantom.render(BREAST, expose(seed=2))).mean() > 0.1


@pytest.mark.parametrize("view", ["CC", "MLO"])
def test_the_chest_wall_is_on_the_breasts_side(view):
    for side, wall in (("L", np.s_[:, :100]), ("R", np.s_[:, -100:])):
        image = phantom.render(BREAST, expose(side, view))
        away = np.s_[:, -100:] if side == "L" else np.s_[:, :100]
        assert image[wall].mean() > 10 * image[away].mean()


def test_only_mlo_reaches_the_upper_edge():
    cc = phantom.render(BREAST, expose(view="CC", marker=""))
    mlo = phantom.render(BREAST, expose(view="MLO", marker=""))
    assert cc[:8].max() == 0
    assert mlo[:8, :60].mean() > 1000


def test_markers_are_brightest_and_apart_from_the_breast():
    image = phantom.render(BREAST, expose(view="MLO", air=0.01))
    marker = image == 4095
    assert marker.sum() >= 64
    _, labels = cv2.connectedComponents((image > 400).astype(np.uint8))
    breast = labels[300, 5]
    assert breast and not (marker & (labels == breast)).any()


def test_an_old_machines_marker_is_grey():
    image = phantom.render(BREAST, expose(marker_grey=0.8))
    assert image.max() < 4095
    assert (image == round(0.8 * 4095)).sum() >= 64


def test_background_is_blank_or_noise():
    blank = phantom.render(BREAST, expose(marker=""))
    noisy = phantom.render(BREAST, expose(marker="", air=0.01))
    assert blank[-50:, -50:].max() == 0
    assert 30 < noisy[-50:, -50:].mean() < 52
    assert noisy[-50:, -50:].std() > 2


@pytest.mark.parametrize("kind,size,contrast,least", [
    ("spiculated_mass", 14.0, 0.24, 500), ("cluster", 12.0, 0.36, 120),
    ("round_mass", 12.0, 0.1, 250)])
@pytest.mark.parametrize("view", ["CC", "MLO"])
def test_lesions_show_at_an_eighth(kind, size, contrast, least, view):
    lesion = findings.Finding(kind, 0.4, 0.2, -0.2, size, contrast, 9)
    exposure = expose(view=view, scale=0.5)
    without = phantom.render(BREAST, exposure)
    there = phantom.render(BREAST, exposure, (lesion,))

    def eighth(image):
        return cv2.resize(image, (416, 512),
                          interpolation=cv2.INTER_AREA).astype(int)
    difference = eighth(there) - eighth(without)
    assert difference.max() > least
    # It stands in the breast and nowhere else.
    assert difference[eighth(without) < 300].max(initial=0) < 100


def test_a_breast_looks_alike_at_two_sizes():
    large = phantom.render(BREAST, expose(scale=0.25, marker=""))
    small = phantom.render(BREAST, expose(scale=0.125, marker=""))
    halved = cv2.resize(large, small.shape[::-1],
                        interpolation=cv2.INTER_AREA)
    assert np.corrcoef(halved.ravel(), small.ravel())[0, 1] > 0.99


def test_implants_are_bright_but_not_the_brightest():
    implant = anatomy.Breast(5, 1.0, 0.4, implant=True)
    image = phantom.render(implant, expose(marker=""))
    assert 0.8 * 4095 < np.percentile(image, 97) < image.max() < 4095


def test_unknown_findings_are_refused():
    with pytest.raises(ValueError, match="'scar' is none of"):
        findings.Finding("scar", 0, 0, 0, 1, 1, 1)
