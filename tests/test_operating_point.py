"""Thresholds chosen on validation, kept for prediction."""

import datetime
import json

import numpy as np
import pytest

from model import breasts
from model import metrics
from model import operating_point

DAY = datetime.date(2014, 3, 5)


def cohort(patients=100, seed=0):
    generator = np.random.default_rng(seed)
    labels = np.repeat((np.arange(patients) % 4 == 0).astype(int), 2)
    scores = generator.random(2 * patients) * 0.7 + 0.3 * labels
    owners = np.repeat(np.arange(patients), 2).astype(str).tolist()
    of = breasts.group(dict(zip(breasts.KEYS, (
        owners, ["L"] * len(owners), [DAY] * len(owners)))))
    return labels, scores, of


def test_each_combination_reaches_the_sensitivity_on_validation():
    labels, scores, of = cohort()
    point = operating_point.choose("cancer", labels, scores, of, 0.8)
    assert set(point.thresholds) == {"image", "min", "max", "mean", "learned"}
    truth = of.labels(labels)
    for name in point.combinations:
        judged = metrics.judge(
            truth, point.score(name, of, scores), point.thresholds[name])
        assert judged.true_positives == 20  # 0.8 of 25
    assert metrics.judge(
        labels, scores, point.thresholds["image"]).true_positives == 40


def test_views_combine_before_the_threshold_is_chosen():
    labels, scores, of = cohort()
    point = operating_point.choose("cancer", labels, scores, of)
    combined = breasts.combine(of, scores, "max")
    assert point.thresholds["max"] == metrics.threshold_at_sensitivity(
        of.labels(labels), combined, 0.9)
    assert point.thresholds["max"] != point.thresholds["image"]


def test_a_label_of_views_has_a_threshold_for_images_only():
    labels, scores, of = cohort()
    labels = np.arange(len(labels)) % 2
    point = operating_point.choose("view", labels, scores, of)
    assert list(point.thresholds) == ["image"]
    assert point.combinations == ()
    with pytest.raises(ValueError, match="single images only"):
        point.score("mean", of, scores)


@pytest.mark.parametrize("label, message", [
    (0, "0 images with cancer = 1 and 200 with cancer = 0"),
    (1, "200 images with cancer = 1 and 0 with cancer = 0")])
def test_a_missing_class_is_refused_with_the_counts(label, message):
    labels, scores, of = cohort()
    with pytest.raises(ValueError, match=message):
        operating_point.choose(
            "cancer", np.full_like(labels, label), scores, of)


def test_it_survives_json_exactly():
    point = operating_point.choose("cancer", *cohort())
    text = json.dumps(point.to_json())
    assert operating_point.OperatingPoint.from_json(json.loads(text)) == point


def test_another_file_is_refused():
    with pytest.raises(ValueError, match="format is None, expected"):
        operating_point.OperatingPoint.from_json({})
