"""Evaluating a run on another data set than its training's."""

import json
import pathlib

import pyarrow.parquet as pq
import pytest

from model import crossing
from model import evaluating
from model import evaluation_inputs
from model import evaluation_text
from model import index as indices
from model import metrics
from model import records as record_folders
from model import runs
from pipelines import recipe as recipes
from tests import archive
from tests import builds
from tests import runs_made

pytestmark = pytest.mark.slow

VARIANT = runs_made.VARIANT
RUN = "data/runs/steep"
ABROAD = f"{RUN}/on-abroad-records"
VIEWS = [(side, view) for side in "LR" for view in archive.VIEWS]


def write_archive(folder, patients):
    """An archive of patients of these numbers, and its register."""
    (folder / "dicoms").mkdir(parents=True)
    for patient in patients:
        for side, view in VIEWS:
            (folder / f"dicoms/{patient}-{side}-{view}.dcm").write_bytes(
                archive.mammogram(patient, side, view))
    archive.write_register(folder / "labels.csv", [
        archive.register_row(patient, side)
        for patient in patients for side in "LR"])


def build(folder, **recipe):
    """Builds the archive's records; returns their folder."""
    status, told = builds.run(builds.config(
        f"{folder}/records", dicoms=(f"{folder}/dicoms",),
        labels=builds.configs.LabelSource(f"{folder}/labels.csv"),
        rules=runs_made.RULES,
        recipe=recipes.Recipe(variants=(VARIANT,), **recipe)))
    assert status == 0, told
    return f"{folder}/records"


def trained(folder, name="steep", steepness=3.0, **changes):
    """A run that says it was trained on the records of a folder."""
    digest = {split: indices.load(folder, VARIANT, split).digest
              for split in ("train", "validation")}
    return runs_made.write(
        pathlib.Path("data/runs", name), runs_made.document(
            name, records={"folder": folder, "digest": digest}, **changes),
        steepness)


def request(records="abroad/records", run_dir=RUN, **changes):
    return evaluation_inputs.Request(**{
        "run_dir": run_dir, "records": records, "resamples": 20, **changes})


@pytest.fixture(scope="module", autouse=True)
def _folder(tmp_path_factory):
    """Two hospitals' records, and a run trained and evaluated on one."""
    made = tmp_path_factory.mktemp("crossing")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(made)
        write_archive(made / "home", range(1, 25))
        write_archive(made / "abroad", range(101, 111))
        build("abroad")
        trained(build("home"))
        evaluating.evaluate(request("home/records"))
        yield made


@pytest.fixture(scope="module", name="crossed")
def _crossed(_folder):
    """What judging abroad returned, and what the run's folder was before."""
    before = own_files()
    return evaluating.evaluate(request()), before


def own_files():
    """The run's own files, without what was found on others."""
    return {path: digest for path, digest in builds.contents(RUN).items()
            if not path.startswith("on-")}


def test_all_images_of_the_other_are_judged_at_the_stored_threshold(crossed):
    document, _ = crossed
    stored = json.loads(pathlib.Path(RUN, "operating_point.json").read_text())
    assert document["split"] == "all"
    assert document["judged"]["images"] == 10 * 4
    assert document["judged"]["patients"] == 10
    assert document["validation"] is None
    for name, of_one in document["results"].items():
        assert of_one["threshold"] == stored["thresholds"][name]


def test_the_run_s_own_files_are_as_they_were(crossed):
    assert own_files() == crossed[1]
    names = {path.name for path in pathlib.Path(ABROAD).iterdir()}
    assert names == {"evaluation.json", "predictions-all.parquet", "roc.png",
                     "thresholds.png"}


def test_the_drift_is_between_the_two_evaluations(crossed):
    document, _ = crossed
    own = json.loads(pathlib.Path(RUN, "evaluation.json").read_text())
    for name, drift in document["crossing"]["results"].items():
        for key in ("auc", "sensitivity", "specificity"):
            here = document["results"][name]["judged"][key]
            there = own["results"][name]["judged"][key]
            assert drift["here"][key] == here
            assert drift["home"][key] == there
            assert drift["difference"][key] == pytest.approx(here - there)
    assert document["crossing"]["shared"] == {"images": 0, "patients": 0}


def test_the_threshold_that_was_needed_is_that_of_the_other_s_images(crossed):
    document, _ = crossed
    table = pq.read_table(f"{ABROAD}/predictions-all.parquet")
    labels, scores = (table[name].to_numpy() for name in ("label", "score"))
    needed = document["crossing"]["results"]["image"]["needed"]
    threshold = metrics.threshold_at_sensitivity(labels, scores, 0.9)
    judged = metrics.judge(labels, scores, threshold)
    assert needed == {"threshold": threshold,
                      "sensitivity": judged.sensitivity,
                      "specificity": judged.specificity}
    assert judged.sensitivity >= 0.9


def test_the_report_says_how_it_drifted(crossed):
    text = evaluation_text.report(crossed[0])
    assert "judged on all of abroad/records: 40 images" in text
    assert "as stored with the model" in text
    assert ("of these images 0 and of these patients 0 were trained or "
            "validated on") in text
    assert "against its own test split" in text
    assert "t needed" in text


def test_one_split_of_the_other_can_be_asked_for(tmp_path):
    document = evaluating.evaluate(request(
        split="test", output=str(tmp_path)))
    assert document["split"] == "test"
    assert 0 < document["judged"]["images"] < 40
    assert document["crossing"]


def test_where_may_select_nothing_in_some_split(tmp_path):
    split = pq.read_table(f"{ABROAD}/predictions-all.parquet").to_pylist()
    patient = split[0]["patient_id"]
    document = evaluating.evaluate(request(
        where=f"patient_id = '{patient}'", output=str(tmp_path)))
    assert document["judged"]["images"] == 4
    with pytest.raises(record_folders.RecordsError, match="selects none"):
        evaluating.evaluate(request(where="view = 'XX'"))


def test_without_cancers_there_is_no_threshold_that_was_needed(tmp_path):
    document = evaluating.evaluate(request(
        where="cancer = 0", output=str(tmp_path)))
    of_images = document["crossing"]["results"]["image"]
    assert of_images["needed"] is None
    assert of_images["difference"]["sensitivity"] is None
    assert of_images["difference"]["specificity"] is not None
    assert "t needed" in evaluation_text.report(document)


def test_two_runs_are_compared_on_the_other_s_images(crossed):
    other = trained("home/records", "flat", 0.5)
    evaluating.evaluate(request("home/records", other))
    with pytest.raises(runs.RunError, match="on-abroad-records/pred"):
        evaluating.evaluate(request(compare=other))
    evaluating.evaluate(request(run_dir=other))
    found = evaluating.evaluate(request(compare=other))["comparison"]
    assert found["results"]["image"]["delong"]["p"] == 1


@pytest.mark.parametrize("changes, message", [
    ({"output": RUN}, "what the run is on its own data set"),
    ({"records": "home/records", "split": "all"},
     "was trained on: judge on test"),
])
def test_what_would_mislead_is_refused(changes, message):
    with pytest.raises(ValueError, match=message):
        evaluating.evaluate(request(**changes))


def test_another_recipe_is_refused(tmp_path):
    write_archive(tmp_path / "other", range(201, 204))
    folder = build(tmp_path / "other", markers="keep")
    with pytest.raises(record_folders.RecordsError, match="another recipe"):
        evaluating.evaluate(request(folder))


def test_a_rebuild_of_the_same_archive_is_recognised(tmp_path):
    write_archive(tmp_path / "home", range(1, 25))
    folder = build(tmp_path / "home", encoding="png")
    with pytest.raises(ValueError, match="give --split=test"):
        evaluating.evaluate(request(folder))
    document = evaluating.evaluate(request(
        folder, split="test", output=str(tmp_path / "out")))
    assert document["crossing"]["shared"] == {"images": 0, "patients": 0}
    for of_one in document["crossing"]["results"].values():
        assert set(of_one["difference"].values()) == {0}


def test_without_the_training_s_records_sharing_is_unknown(tmp_path):
    own = json.loads(pathlib.Path(RUN, "run.json").read_text())["records"]
    run_dir = runs_made.write(tmp_path / "run", runs_made.document(
        records={**own, "folder": "gone"}), 3.0)
    for name in ("operating_point.json", "evaluation.json"):
        (tmp_path / "run" / name).write_bytes(
            pathlib.Path(RUN, name).read_bytes())
    document = evaluating.evaluate(request(run_dir=run_dir))
    assert document["crossing"]["shared"] is None
    assert "are not there" in evaluation_text.report(document)


def test_a_run_that_was_not_evaluated_at_home_is_refused(tmp_path):
    own = json.loads(pathlib.Path(RUN, "run.json").read_text())["records"]
    run_dir = runs_made.write(
        tmp_path / "run", runs_made.document(records=own), 3.0)
    with pytest.raises(runs.RunError, match="no thresholds yet, and none are "
                       "chosen .* --records=home/records"):
        evaluating.evaluate(request(run_dir=run_dir))
    evaluating.evaluate(request("home/records", run_dir, split="validation"))
    with pytest.raises(runs.RunError, match="split is 'validation'"):
        evaluating.evaluate(request(run_dir=run_dir))


@pytest.mark.parametrize("patient, expected", [
    (("a", "1"), 1), (("b", "1"), 0), ((None, "1"), 1), (("b", "2"), 1),
    ((None, "3"), 0), ((None, None), 0)])
def test_a_patient_was_seen_in_her_own_data_set_or_in_one_without_name(
        patient, expected):
    seen = {("a", "1"), (None, "2"), ("a", None)}
    assert crossing._count_among({patient}, seen) == expected


def test_splits_joined_are_each_image_once():
    parts = [indices.load("home/records", VARIANT, split)
             for split in ("train", "validation", "test")]
    whole = crossing.joined(parts)
    assert len(whole) == sum(map(len, parts)) == len(
        set(whole.sop_instance_uid))
    assert [whole.place(row) for row in range(len(whole))] == [
        part.place(row) for part in parts for row in range(len(part))]
