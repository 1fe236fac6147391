"""Intervals over patients, against drawing and counting plainly."""

import math

import numpy as np
import pytest

from model import bootstrap
from model import metrics


def cohort(seed=0, patients=60, per_patient=4, shift=1.0):
    generator = np.random.default_rng(seed)
    owner = np.repeat(np.arange(patients), per_patient)
    labels = (generator.random(patients) < 0.4).astype(int)[owner]
    scores = np.round(generator.normal(size=len(owner)) + shift * labels, 1)
    return labels, scores, owner


def test_each_draw_is_what_its_patients_give():
    labels, scores, owner = cohort(patients=12)
    plan = bootstrap.Bootstrap(40, seed=3)
    found = bootstrap.samples(labels, scores, owner.tolist(), 0.4, plan)
    generator = np.random.Generator(np.random.PCG64(3))
    for draw in range(40):
        patients = generator.integers(0, 12, 12)
        cases = np.concatenate(
            [np.flatnonzero(owner == patient) for patient in patients])
        for name, value in bootstrap.values(
                labels[cases], scores[cases], 0.4).items():
            assert found[name][draw] == pytest.approx(
                value, abs=1e-12, nan_ok=True), name


def test_the_order_of_cases_of_a_patient_changes_nothing():
    labels, scores, owner = cohort()
    plan = bootstrap.Bootstrap(20)
    order = np.lexsort((scores, owner))
    first = bootstrap.samples(labels, scores, owner, 0.4, plan)
    other = bootstrap.samples(
        labels[order], scores[order], owner[order], 0.4, plan)
    for name in bootstrap.METRICS:
        np.testing.assert_allclose(first[name], other[name])


def test_a_seed_gives_the_same_draws_and_another_seed_others():
    data = cohort()
    first, again, other = (
        bootstrap.samples(*data, 0.4, bootstrap.Bootstrap(20, seed))["auc"]
        for seed in (1, 1, 2))
    assert first.tolist() == again.tolist()
    assert first.tolist() != other.tolist()


def test_intervals_hold_the_truth_about_as_often_as_they_say():
    """AUC of normals one standard deviation apart: Phi(1 / sqrt 2)."""
    truth = (1 + math.erf(0.5)) / 2
    held = 0
    for seed in range(100):
        data = cohort(seed, patients=80, per_patient=1)
        drawn = bootstrap.samples(*data, 0.4, bootstrap.Bootstrap(200, seed))
        low, high = bootstrap.intervals(drawn, 0.95)["auc"]
        held += low <= truth <= high
    assert 85 <= held <= 100


def test_images_of_one_patient_count_as_one():
    """Copies of every image bring no certainty; as patients they would."""
    labels, scores, owner = cohort(per_patient=1)
    plan = bootstrap.Bootstrap(300)
    copies = [np.repeat(column, 4) for column in (labels, scores, owner)]
    one, copied, pretended = (
        bootstrap.intervals(bootstrap.samples(*data, 0.4, plan), 0.95)["auc"]
        for data in ((labels, scores, owner), copies,
                     (*copies[:2], np.arange(len(copies[0])))))
    assert copied == pytest.approx(one)
    width = [high - low for low, high in (one, pretended)]
    assert width[1] < 0.7 * width[0]


def test_a_draw_without_a_class_counts_for_what_it_can_tell():
    found = bootstrap.samples([1, 0], [0.9, 0.1], ["a", "b"], 0.5,
                              bootstrap.Bootstrap(50))
    alone = np.isnan(found["auc"])
    assert 0 < alone.sum() < 50
    assert not np.isnan(found["accuracy_half"]).any()
    assert set(found["auc"][~alone]) == {1.0}


def test_no_interval_where_most_draws_tell_nothing():
    labels = [1] + [0] * 9
    found = bootstrap.samples(labels, np.arange(10), range(10), 0.5,
                              bootstrap.Bootstrap(200))
    share = np.isnan(found["sensitivity"]).mean()
    assert 0.2 < share < 0.5  # (1 - 1/10)^10 is 0.35
    found["sensitivity"][:150] = np.nan
    intervals = bootstrap.intervals(found, 0.95)
    assert intervals["sensitivity"] is None
    assert intervals["specificity"] is not None


def test_no_draw_gives_no_interval():
    drawn = bootstrap.samples(*cohort(), 0.4, bootstrap.Bootstrap(0))
    assert set(bootstrap.intervals(drawn, 0.95).values()) == {None}


def test_values_are_the_metric_s():
    labels, scores, _ = cohort()
    found = bootstrap.values(labels, scores, 0.4)
    assert found["auc"] == metrics.auc(labels, scores)
    assert found["accuracy_half"] == metrics.judge(
        labels, scores, 0.5).accuracy


@pytest.mark.parametrize("changes", [{"resamples": -1}, {"level": 1}])
def test_an_impossible_plan_is_refused(changes):
    with pytest.raises(ValueError, match="expected at least 0"):
        bootstrap.Bootstrap(**changes)
