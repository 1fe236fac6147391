"""The report of an evaluation."""

from model import bootstrap
from model import comparison
from model import evaluation
from model import evaluation_text
from tests.scored import PLAN, POINT, TEST, VALIDATION


def document(**changes):
    return {
        "name": "resnet", "label": "cancer", "sensitivity": 0.9,
        "split": "test", "where": None, "judged": TEST.counts,
        "validation": VALIDATION.counts,
        "bootstrap": {"resamples": 50, "seed": 0, "level": 0.95},
        "results": evaluation.results(POINT, TEST, PLAN, VALIDATION),
        "same_records": True, "crossing": None, "subgroups": {},
        "comparison": None, **changes}


def test_it_says_what_was_judged_and_how():
    lines = evaluation_text.report(document()).splitlines()
    assert lines[:3] == [
        "resnet: cancer, thresholds for 90.0% sensitivity from 240 images "
        "(40 positive) of validation",
        "judged on test: 240 images (40 positive) of 60 patients",
        "in brackets: 95 % intervals over patients (50 resamples)"]
    assert [line.split("  ")[0] for line in lines[6:11]] == [
        "single images", "breasts, min", "breasts, max", "breasts, mean",
        "breasts, learned"]


def test_figures_stand_with_their_intervals():
    text = evaluation_text.report(document())
    judged = document()["results"]["mean"]["judged"]
    low, high = judged["intervals"]["specificity"]
    assert (f"{100 * judged['specificity']:.1f}% "
            f"({100 * low:.1f}-{100 * high:.1f})") in text


def test_crossing_over_is_a_table_of_its_own():
    of_one = {"home": {"auc": 0.8, "sensitivity": 0.875, "specificity": 0.5},
              "here": {"auc": 0.75, "sensitivity": 0.01, "specificity": None},
              "difference": {"auc": -0.05, "sensitivity": -0.865,
                             "specificity": None},
              "needed": {"threshold": 0.125, "sensitivity": 0.9,
                         "specificity": 0.25}}
    text = evaluation_text.report(document(
        records="data/flat", split="all", crossing={
            "home": {"split": "test", "judged": TEST.counts},
            "shared": {"images": 0, "patients": 3},
            "results": {"image": of_one}}))
    assert "judged on all of data/flat: 240 images (40 positive)" in text
    assert "of these patients 3 were trained or validated on" in text
    assert text.splitlines()[-1].split() == [
        "single", "images", "80.0%", "75.0%", "-5.0", "87.5%", "1.0%",
        "-86.5", "50.0%", "-", "-", "0.125", "25.0%"]


def test_subgroups_that_no_breast_lies_within_are_left_out():
    values = evaluation.subgroup_values(TEST.rows, "view")
    text = evaluation_text.report(document(subgroups={
        "view": evaluation.subgroups(
            POINT, TEST, values, bootstrap.Bootstrap(0))}))
    assert "by view, single images\n" in text
    assert "by view, breasts" not in text


def test_subgroups_and_comparison_follow():
    values = evaluation.subgroup_values(TEST.rows, "manufacturer")
    cases = evaluation.all_cases(TEST, POINT)
    text = evaluation_text.report(document(
        where="view = 'CC'", validation=None,
        subgroups={"manufacturer": evaluation.subgroups(
            POINT, TEST, values, bootstrap.Bootstrap(0))},
        comparison={"name": "alexnet", "run_dir": "data/runs/other",
                    "results": comparison.compared(cases, cases, PLAN)}))
    assert "thresholds for 90.0% sensitivity as stored" in text
    assert "of 60 patients, where view = 'CC'" in text
    assert "by manufacturer, breasts, max\n" in text
    assert "against alexnet (data/runs/other), same cases" in text
    assert "+0.0 (+0.0 to +0.0)" in text
