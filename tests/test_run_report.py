"""The page of a run: what it shows is what was evaluated."""

import json
import os
import pathlib

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from model import evaluating
from model import evaluation
from model import evaluation_inputs
from model import evaluation_text
from model import index as indices
from model import runs
from model.reporting import mistakes
from model.reporting import page as pages
from model.reporting import pictured
from tests import html_pages
from tests import runs_made
from tests import scored
from tests.scored import PLAN, POINT, TEST, VALIDATION

HOSTILE = "<script>alert(1)</script> $x$"


def document(judged=TEST, **changes):
    groups = evaluation.subgroups(
        POINT, judged, judged.rows["manufacturer"].to_pylist(), PLAN)
    return {
        "name": "resnet", "label": "cancer", "sensitivity": 0.9,
        "split": "test", "where": None, "judged": judged.counts, "epoch": 1,
        "records": "/home/someone/records",
        "validation": VALIDATION.counts,
        "bootstrap": {"resamples": 50, "seed": 0, "level": 0.95},
        "results": evaluation.results(POINT, judged, PLAN, VALIDATION),
        "same_records": True, "crossing": None,
        "subgroups": {"manufacturer": groups}, "comparison": None, **changes}


def tell(judged=TEST, found=pictured.Mistakes((), ()), run=None, **changes):
    run = run or runs.Run(runs.RunDir("run"), runs_made.document())
    text = pages.page(run, document(judged, **changes),
                      evaluation.all_cases(judged, POINT), found)
    return text, html_pages.read(text)


def only(judged, chosen):
    """Some of the images, as if there were no others."""
    return evaluation.Scored.of(judged.rows.filter(pa.array(chosen)),
                                judged.labels[chosen], judged.scores[chosen])


def test_all_parts_are_there():
    _, page = tell()
    assert page.headings == [
        "resnet: cancer", "How it learned", "ROC and operating point",
        "Figures", "Scores", "Calibration", "Subgroups",
        "The most confident mistakes"]
    for number in ("6.3", "6.4"):
        assert any(caption.startswith(f"As table {number} of the thesis")
                   for caption in page.tables)


def test_figures_are_those_of_the_evaluation():
    _, page = tell()
    header, rows = evaluation_text.results_table(document())
    assert page.tables["By combination of a breast's views"] == [
        header, *map(list, rows)]
    header, rows = evaluation_text.subgroups_table(
        document()["subgroups"]["manufacturer"]["mean"])
    assert page.tables["By manufacturer, breasts, mean"] == [header, *rows]
    epochs = page.tables["By epoch"]
    assert [row[:3] for row in epochs[1:]] == [
        ["1", "0.5000", "0.4000"], ["2", "0.5000", "0.6000"]]


def test_the_calibration_s_table_adds_up_to_all_cases():
    _, page = tell()
    bins = page.tables["single images by score, about as many each"]
    assert sum(int(row[2]) for row in bins[1:]) == len(TEST.labels)
    assert sum(int(row[3]) for row in bins[1:]) == TEST.labels.sum()


def test_a_test_set_of_one_class_has_no_roc_and_says_so():
    for label in (0, 1):
        _, page = tell(only(TEST, TEST.labels == label))
        assert "All cases are of one class" in page.text
        assert "ROC and operating point" not in page.headings
        assert "Scores" in page.headings and "Calibration" in page.headings


def test_a_label_of_single_images_has_no_table_of_breasts():
    judged = only(TEST, np.ones(len(TEST.labels), bool))
    run = runs.Run(runs.RunDir("run"), runs_made.document(label="view"))
    point = scored.operating_point.OperatingPoint(
        "view", 0.9, {"image": 0.5})
    results = {"image": document()["results"]["image"]}
    text = pages.page(run, document(judged, label="view", results=results,
                                    subgroups={}),
                      {"image": evaluation.all_cases(judged, point)["image"]},
                      pictured.Mistakes((), ()))
    page = html_pages.read(text)
    assert not any("6.4" in caption for caption in page.tables)
    assert "MLO" in page.text and "radiologists" not in page.text


def test_nobody_is_named_and_nothing_acts():
    rows = TEST.rows.set_column(
        TEST.rows.schema.get_field_index("manufacturer"), "manufacturer",
        pa.array([HOSTILE] * len(TEST.labels)))
    judged = evaluation.Scored.of(rows, TEST.labels, TEST.scores)
    text, page = tell(judged, pictured.Mistakes(
        [mistakes.Mistake(3, 1, 0.1, {"manufacturer": HOSTILE,
                                      "patient_age": 93}, b"x", (1, 1))], (),
        HOSTILE), name=HOSTILE, where=f"view <> '{HOSTILE}'")
    assert "script" not in page.tags
    assert "age 90 or more" in page.text
    for uid in TEST.rows["sop_instance_uid"].to_pylist():
        assert uid not in text
    assert "/home/someone" not in text


def test_the_most_confident_mistakes_come_first_one_of_each_patient():
    threshold = POINT.thresholds["image"]
    for label, count in ((0, 5), (1, 2)):
        rows = mistakes.choose(TEST, threshold, label, most=5)
        values = np.where(TEST.labels == label, TEST.scores, np.nan)
        found = TEST.scores[rows]
        assert (TEST.labels[rows] == label).all()
        assert ((found >= threshold) == (label == 0)).all()
        assert found[0] == (np.nanmin(values) if label
                            else np.nanmax(values))
        assert list(found) == sorted(found, reverse=label == 0)
        assert len({TEST.patients[row] for row in rows}) == len(rows) == count


def test_without_mistakes_the_page_says_so():
    _, page = tell()
    assert "no image is judged wrong" in page.text


@pytest.fixture(scope="module", name="run_dir")
def _run_dir(tmp_path_factory):
    """A run, evaluated with its page, on records that a build wrote."""
    made = tmp_path_factory.mktemp("run_report")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(made)
        runs_made.records(made, 20)
        runs_made.write(made / "run", runs_made.document("steep"), 3.0)
        evaluating.evaluate(evaluation_inputs.Request(
            run_dir="run", records="data/records", resamples=20,
            by=("view",), report=True))
        yield made / "run"


@pytest.mark.slow
def test_an_evaluation_writes_the_page_with_pictures(run_dir):
    text = (run_dir / "report.html").read_text()
    page = html_pages.read(text)
    found = json.loads((run_dir / "evaluation.json").read_text())
    image = found["results"]["image"]["judged"]
    wrong = (image["positives"] - image["true_positives"]
             + image["false_positives"])
    shown = [alt for alt in page.alts if alt.startswith("Mammogram and its")]
    assert 0 < len(shown) <= min(wrong, 2 * mistakes.EACH)
    # Rows are those of the predictions' table.
    table = pq.read_table(run_dir / "predictions-test.parquet")
    for alt in shown:
        row = table.slice(int(alt.rpartition("row ")[2].replace(",", "")),
                          1).to_pylist()[0]
        assert f"{row['laterality']} {row['view']}" in alt
        assert f"score {row['score']:.3g}" in alt
        assert row["decision"] != row["label"]
    for name in ("patient_id", "sop_instance_uid", "file"):
        for value in table[name].unique().to_pylist():
            assert value not in text
    assert str(os.getcwd()) not in text


@pytest.mark.slow
def test_pictures_are_the_image_and_the_image_under_its_map(run_dir):
    import cv2

    index = indices.load("data/records", runs_made.VARIANT, "test", "cancer",
                         None)
    judged = evaluation.Scored.of(index.rows, index.label,
                                  np.full(len(index), 0.5))

    def maps(images):
        heat = np.zeros((len(images), 8, 6), np.float32)
        heat[:, 0, 0] = 1  # The upper left corner.
        return heat

    for given, wide in ((maps, True), (None, False)):
        one, = mistakes.draw(index, judged, [0], given)
        picture = cv2.imdecode(np.frombuffer(one.jpeg, np.uint8),
                               cv2.IMREAD_COLOR).astype(int)
        assert one.size == picture.shape[1::-1]
        assert (picture.shape[1] > picture.shape[0]) == wide
        if wide:
            left, right = (np.ptp(half, axis=2) for half in (
                picture[:, :one.size[0] // 2 - 4],
                picture[:, -(one.size[0] // 2 - 4):]))
            assert left.max() < 12  # Grey, but for the JPEG.
            assert right[:40, :40].mean() > 20
            assert right[-40:, -40:].mean() < 12


def test_a_run_that_is_trained_anew_loses_its_page(tmp_path):
    pathlib.Path(tmp_path, "report.html").write_text("old")
    runs.RunDir(str(tmp_path)).remove()
    assert os.listdir(tmp_path) == []
