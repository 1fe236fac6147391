"""Cases judged, whole and by subgroup."""

import json

import numpy as np
import pyarrow as pa
import pytest

from model import bootstrap
from model import evaluation
from model import metrics
from model import operating_point
from tests.scored import NONE, PLAN, POINT, TEST, VALIDATION, scored_images


def test_test_cases_are_judged_at_the_threshold_of_validation():
    found = evaluation.results(POINT, TEST, NONE, VALIDATION)
    assert list(found) == ["image", "min", "max", "mean", "learned"]
    image = found["image"]
    assert image["threshold"] == POINT.thresholds["image"]
    judged = metrics.judge(TEST.labels, TEST.scores, image["threshold"])
    assert image["judged"]["sensitivity"] == judged.sensitivity
    assert image["judged"]["specificity"] == judged.specificity
    assert image["judged"]["accuracy_threshold"] == judged.accuracy
    assert image["judged"]["accuracy_half"] == metrics.judge(
        TEST.labels, TEST.scores, 0.5).accuracy
    assert image["judged"]["auc"] == metrics.auc(TEST.labels, TEST.scores)
    for of_one in found.values():
        assert of_one["validation"]["sensitivity"] >= 0.9


def test_breasts_are_judged_as_a_loop_over_them_says():
    found = evaluation.results(POINT, TEST, NONE)["max"]["judged"]
    rows = TEST.rows.to_pylist()
    best, truth = {}, {}
    for row, label, score in zip(rows, TEST.labels, TEST.scores):
        key = row["patient_id"], row["laterality"]
        best[key] = max(best.get(key, 0), score)
        truth[key] = label
    detected = {key for key, score in best.items()
                if score >= POINT.thresholds["max"]}
    assert found["cases"] == 120
    assert found["true_positives"] == sum(truth[key] for key in detected)
    assert found["false_positives"] == sum(
        1 - truth[key] for key in detected)


def test_patients_of_merged_data_sets_are_kept_apart():
    one, other = (pa.Table.from_pylist([
        row | {"dataset": name} for row in TEST.rows.to_pylist()])
        for name in ("a", "b"))
    both = evaluation.Scored.of(
        pa.concat_tables([one, other]), np.tile(TEST.labels, 2),
        np.concatenate([TEST.scores, 1 - TEST.scores]))
    assert both.counts["patients"] == 120
    assert len(both.breasts) == 240
    alone = evaluation.results(POINT, TEST, NONE)
    for name, found in evaluation.results(POINT, both, NONE).items():
        assert found["judged"]["patients"] == 120
        assert found["judged"]["cases"] == 2 * alone[name]["judged"]["cases"]


def test_intervals_surround_the_figures_of_what_is_judged():
    found = evaluation.results(POINT, TEST, PLAN, VALIDATION)["mean"]
    for name in bootstrap.METRICS:
        low, high = found["judged"]["intervals"][name]
        assert low <= found["judged"][name] <= high
        assert found["validation"]["intervals"][name] is None


def test_all_of_it_is_json_without_nan():
    only_healthy = scored_images(every=1000)
    document = [
        evaluation.results(POINT, TEST, PLAN, VALIDATION),
        evaluation.results(POINT, evaluation.Scored.of(
            only_healthy.rows.slice(8), only_healthy.labels[8:],
            only_healthy.scores[8:]), PLAN),
        evaluation.subgroups(POINT, TEST, evaluation.subgroup_values(
            TEST.rows, "patient_age"), PLAN),
    ]
    assert json.dumps(document, allow_nan=False)
    assert document[1]["image"]["judged"]["sensitivity"] is None
    assert document[1]["image"]["judged"]["specificity"] is not None


def test_subgroups_add_up_to_all():
    values = evaluation.subgroup_values(TEST.rows, "manufacturer")
    found = evaluation.subgroups(POINT, TEST, values, NONE)
    whole = evaluation.results(POINT, TEST, NONE)
    for name, groups in found.items():
        assert {group["value"] for group in groups} == {"A", "B"}
        for count in ("cases", "positives", "true_positives",
                      "false_positives", "patients"):
            assert sum(group[count] for group in groups) == (
                whole[name]["judged"][count])
    mask = np.array(values) == "A"
    of_a, = (group for group in found["image"] if group["value"] == "A")
    assert of_a["auc"] == metrics.auc(TEST.labels[mask], TEST.scores[mask])


def test_breasts_whose_views_differ_are_a_group_of_their_own():
    values = evaluation.subgroup_values(TEST.rows, "view")
    found = evaluation.subgroups(POINT, TEST, values, NONE)
    assert [group["value"] for group in found["image"]] == ["CC", "MLO"]
    assert [group["value"] for group in found["mean"]] == [
        evaluation.SEVERAL]


@pytest.mark.parametrize("expression, count, some", [
    ("patient_age // 10 * 10", 7, {"50", "100", None}),
    ("patient_age >= 60 AND manufacturer = 'B'", 3, {"true", "false", None}),
    ("year(study_date)", 1, {"2014"}),
])
def test_subgroups_by_sql_of_columns(expression, count, some):
    values = evaluation.subgroup_values(TEST.rows, expression)
    assert len(set(values)) == count
    assert some <= set(values)
    found = evaluation.subgroups(POINT, TEST, values, NONE)
    assert sum(group["cases"] for group in found["image"]) == 240


@pytest.mark.parametrize("expression, message", [
    ("maker", "maker.*not found"), ("view +", "refused: Parser Error"),
    ("count(*)", "refused|one value"), ("unnest([1, 2])", "one value"),
])
def test_what_sql_refuses_is_refused_in_a_line(expression, message):
    with pytest.raises(evaluation.EvaluationError, match=message) as error:
        evaluation.subgroup_values(TEST.rows, expression)
    assert "\n" not in str(error.value)


def test_predictions_hold_every_image_s_row_and_decisions():
    table = evaluation.predictions(TEST, POINT)
    rows = TEST.rows.column_names
    assert table.column_names[:len(rows)] == rows
    assert table["score"].to_pylist() == TEST.scores.tolist()
    assert table["label"].to_pylist() == TEST.labels.tolist()
    rows = table.to_pylist()
    for row in rows:
        assert row["decision"] == (
            row["score"] >= POINT.thresholds["image"])
        views = [one["score"] for one in rows
                 if (one["patient_id"], one["laterality"]) ==
                 (row["patient_id"], row["laterality"])]
        assert row["max_score"] == max(views)
        assert row["max_decision"] == (
            row["max_score"] >= POINT.thresholds["max"])


def test_a_label_of_views_is_judged_by_image_only():
    views = np.array([row["view"] == "MLO" for row in TEST.rows.to_pylist()])
    of_views = evaluation.Scored.of(TEST.rows, views.astype(int), TEST.scores)
    point = operating_point.choose(
        "view", of_views.labels, of_views.scores, of_views.breasts)
    assert list(evaluation.results(point, of_views, NONE)) == ["image"]
    assert "mean_score" not in evaluation.predictions(
        of_views, point).column_names


def test_counts_of_a_split():
    assert TEST.counts == {"images": 240, "positives": 40, "negatives": 200,
                           "patients": 60}
