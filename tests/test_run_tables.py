"""The thesis's tables, from what training and evaluation wrote."""

import json
import pathlib

import pytest

from model import bootstrap
from model import evaluation
from model import run_tables
from model import runs
from tests import runs_made
from tests import scored


def write_evaluation(run_dir, **changes):
    document = {
        "label": "cancer", "sensitivity": 0.9, "split": "test", "where": None,
        "judged": scored.TEST.counts,
        "results": evaluation.results(
            scored.POINT, scored.TEST, bootstrap.Bootstrap(0),
            scored.VALIDATION), **changes}
    (pathlib.Path(run_dir) / "evaluation.json").write_text(
        json.dumps(document))
    return document


@pytest.fixture(name="run_dir")
def _run_dir(tmp_path):
    return runs_made.write(tmp_path / "tiny-48x64", runs_made.document())


def row(name, run_dir):
    table = run_tables.TABLES[name]
    return dict(zip(table.columns, table.row(run_tables.load(run_dir))))


def test_6_2_tells_the_cost(run_dir):
    assert row("6.2", run_dir) == {
        "": "tiny-48x64", "Parameters": "23,532,418", "Time/epoch": "41:16",
        "File size": "181 MiB"}


def test_6_3_tells_what_the_evaluation_holds(run_dir):
    image = write_evaluation(run_dir)["results"]["image"]
    judged, chosen = image["judged"], image["validation"]
    assert row("6.3", run_dir) == {
        "": "tiny-48x64", "Epochs": 2, "Best": 1,
        "Val AUC": f"{chosen['auc']:.1%}",
        "Val Spec": f"{chosen['specificity']:.1%}",
        "Test AUC": f"{judged['auc']:.1%}",
        "Test Sen": f"{judged['sensitivity']:.1%}",
        "Test Spec": f"{judged['specificity']:.1%}",
        "Test Acc/T-Acc": f"{judged['accuracy_half']:.1%} / "
                          f"{judged['accuracy_threshold']:.1%}"}


def test_6_4_has_a_pair_for_each_way_to_combine(run_dir):
    results = write_evaluation(run_dir)["results"]
    found = row("6.4", run_dir)
    for heading, name in (("Baseline", "image"), ("Minimum", "min"),
                          ("Maximum", "max"), ("Mean", "mean"),
                          ("Learned", "learned")):
        judged = results[name]["judged"]
        assert found[f"{heading} AUC"] == f"{judged['auc']:.1%}"
        assert found[f"{heading} Spec"] == f"{judged['specificity']:.1%}"


def test_a_run_that_is_not_evaluated_shows_its_cost(run_dir):
    assert row("6.2", run_dir)["Time/epoch"] == "41:16"
    assert row("6.3", run_dir)["Epochs"] == 2
    assert row("6.3", run_dir)["Test AUC"] is None
    assert set(row("6.4", run_dir).values()) == {"tiny-48x64", None}
    note, = run_tables.notes([run_tables.load(run_dir)])
    assert f"python model/evaluate.py --run_dir={run_dir}" in note


def test_a_run_that_has_only_begun_is_a_row(tmp_path):
    run_dir = runs_made.write(tmp_path / "new", runs_made.document(
        epochs=[], file_bytes=None))
    assert row("6.2", run_dir)["Time/epoch"] is None
    assert row("6.3", run_dir)["Epochs"] == 0


def test_a_label_of_views_has_no_breasts(run_dir):
    write_evaluation(run_dir, results={
        "image": evaluation.results(
            scored.POINT, scored.TEST, bootstrap.Bootstrap(0))["image"]})
    found = row("6.4", run_dir)
    assert found["Baseline AUC"] and found["Mean AUC"] is None
    assert row("6.3", run_dir)["Val AUC"] is None


@pytest.mark.parametrize("name, folder, title", [
    ("resnet", "resnet-48x64", "resnet"),
    ("resnet", "adam", "resnet (adam)"),
    ("vgg16-48x64", "vgg16-48x64", "vgg16-48x64")])
def test_rows_are_named_so_that_runs_can_be_told_apart(
        tmp_path, name, folder, title):
    arch = name.partition("-")[0]
    run_dir = runs_made.write(tmp_path / folder, runs_made.document(
        name, network={"arch": arch}))
    assert run_tables.load(run_dir).title == title


@pytest.mark.parametrize("changes, told", [
    ({}, []),
    ({"where": "view = 'CC'"}, ["was judged where view = 'CC'"]),
    ({"split": "validation"}, ["was judged on validation, not on test"]),
    ({"sensitivity": 0.8}, ["not judged on the same images, label"]),
])
def test_what_a_reader_must_know_is_noted(tmp_path, changes, told):
    found = []
    for name, these in (("a", {}), ("b", changes)):
        run_dir = runs_made.write(tmp_path / name, runs_made.document())
        write_evaluation(run_dir, **these)
        found.append(run_tables.load(run_dir))
    notes = run_tables.notes(found)
    assert len(notes) == len(told)
    for note, part in zip(notes, told):
        assert part in note


def test_no_run_is_an_error(tmp_path):
    with pytest.raises(runs.RunError, match="there is no run in"):
        run_tables.load(str(tmp_path / "none"))
