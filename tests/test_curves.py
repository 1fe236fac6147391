"""The drawings: what they show, not how pretty they are."""

import io

import pytest
from matplotlib import axes as axes_lib
from matplotlib import image as images
import numpy as np

from model import curves
from model import evaluation
from tests.scored import POINT, TEST

CASES = evaluation.all_cases(TEST, POINT)
RED = (0xd5, 0x5e, 0x00)


def pixels(png):
    return np.round(255 * images.imread(io.BytesIO(png))[..., :3])


def has_colour(png, colour):
    return bool((np.abs(pixels(png) - colour).max(axis=-1) <= 1).any())


def test_the_roc_marks_the_radiologists_estimate_only_for_cancer():
    assert has_colour(curves.roc_png(CASES, "resnet", True), RED)
    assert not has_colour(curves.roc_png(CASES, "resnet", False), RED)


def test_the_radiologists_estimate_follows_from_the_counts():
    """Of a million: 24,600 referred, 6,900 with cancer, 1,100 missed."""
    assert curves.RADIOLOGISTS_SENSITIVITY == pytest.approx(
        6900 / (6900 + 2200 / 2), abs=5e-4)
    assert curves.RADIOLOGISTS_SPECIFICITY == pytest.approx(
        1 - 17_700 / (1_000_000 - 6900 - 1100), abs=5e-4)


@pytest.mark.parametrize("name", CASES)
def test_each_combination_has_its_colour(name):
    colour = tuple(bytes.fromhex(curves.COLOURS[name][1:]))
    assert has_colour(curves.roc_png({name: CASES[name]}, "", False), colour)


@pytest.mark.parametrize("count", [1, 2, 5])
def test_thresholds_have_a_panel_each(count):
    some = dict(list(CASES.items())[:count])
    height, width, _ = pixels(curves.thresholds_png(some, "resnet")).shape
    assert width == (600 if count == 1 else 1200)
    assert height == round((3.2 * -(-count // 2) + 0.4) * 120)


def test_specificity_rises_and_sensitivity_falls_exactly_at_the_scores(
        monkeypatch):
    drawn = []
    step = axes_lib.Axes.step

    def watched(axes, x, y, **kwargs):
        drawn.append((list(x), list(y), kwargs["where"]))
        return step(axes, x, y, **kwargs)

    monkeypatch.setattr(axes_lib.Axes, "step", watched)
    cases = evaluation.Cases(np.array([0, 1, 1]), np.array([0.2, 0.2, 0.6]),
                             "abc", 0.2)
    curves.thresholds_png({"image": cases}, "")
    # Up to 0.2 both cancers are detected, up to 0.6 one, beyond none.
    assert drawn == [([0.2, 0.6, 2.0], [1.0, 0.5, 0.0], "pre"),
                     ([0.2, 0.6, 2.0], [0.0, 1.0, 1.0], "pre")]


def test_equal_scores_can_be_drawn():
    flat = evaluation.Cases(np.array([0, 1]), np.array([0.5, 0.5]), "ab", 0.5)
    assert curves.thresholds_png({"image": flat}, "")
    assert curves.roc_png({"image": flat}, "", True)


def test_the_same_cases_give_the_same_bytes():
    assert (curves.roc_png(CASES, "resnet", True) ==
            curves.roc_png(CASES, "resnet", True))
