"""Evaluating runs on records that a build wrote."""

import json
import os
import pathlib
import subprocess
import sys

import duckdb
import numpy as np
import pyarrow.parquet as pq
import pytest

from model import evaluating
from model import evaluation_inputs
from model import index as indices
from model import metrics
from model import records as record_folders
from model import runs
from model.operating_point import OperatingPoint
from pipelines import tfrecord
from tests import builds
from tests import runs_made

pytestmark = pytest.mark.slow

ROOT = pathlib.Path(__file__).parents[1]


@pytest.fixture(scope="module", name="folder")
def _folder(tmp_path_factory):
    """Records, and two runs whose models tell the same order."""
    made = tmp_path_factory.mktemp("evaluating")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(made)
        runs_made.records(made)
        for name, steepness in (("steep", 3.0), ("flat", 0.5)):
            runs_made.write(made / "data/runs" / name,
                            runs_made.document(name), steepness)
        yield made


def request(name="steep", **changes):
    run_dir = f"data/runs/{name}"
    return evaluation_inputs.Request(**{
        "run_dir": run_dir, "records": "data/records", "output": run_dir,
        "resamples": 20, **changes})


@pytest.fixture(scope="module", name="evaluated")
def _evaluated(folder):
    """What evaluating both runs returned."""
    return {name: evaluating.evaluate(request(name, by=("view",)))
            for name in ("steep", "flat")}


def scores_of_shards(split):
    """What the model says of each image, from the shards by NumPy alone."""
    found = {}
    for path in sorted(pathlib.Path("data/records/resize-48x64").glob(
            f"{split}-*.tfrecord")):
        with open(path, "rb") as file:
            for _, payload in tfrecord.read_records(file, path.name):
                example = tfrecord.decode_example(payload)
                mean = np.frombuffer(example["image"], "<u2").mean() / 1000
                found[example["sop_instance_uid"].decode()] = (
                    1 / (1 + np.exp(-3.0 * mean)), example["cancer"])
    return found


def test_scores_are_the_model_s_of_what_the_shards_hold(folder, evaluated):
    for split in ("test", "validation"):
        wanted = scores_of_shards(split)
        table = pq.read_table(f"data/runs/steep/predictions-{split}.parquet")
        assert len(table) == len(wanted) > 20
        for row in table.to_pylist():
            score, label = wanted[row["sop_instance_uid"]]
            assert row["score"] == pytest.approx(score, abs=1e-5)
            assert row["label"] == label


def test_the_threshold_comes_from_validation_alone(folder, evaluated):
    scores = pq.read_table("data/runs/steep/predictions-validation.parquet")
    threshold = metrics.threshold_at_sensitivity(
        scores["label"].to_numpy(), scores["score"].to_numpy(), 0.9)
    point = OperatingPoint.from_json(json.loads(pathlib.Path(
        "data/runs/steep/operating_point.json").read_text()))
    assert point.thresholds["image"] == threshold
    of_images = evaluated["steep"]["results"]["image"]
    assert of_images["threshold"] == threshold
    test = pq.read_table("data/runs/steep/predictions-test.parquet")
    assert of_images["judged"]["specificity"] == metrics.judge(
        test["label"].to_numpy(), test["score"].to_numpy(),
        threshold).specificity


def test_evaluation_json_is_what_was_returned(folder, evaluated):
    written = json.loads(pathlib.Path(
        "data/runs/steep/evaluation.json").read_text())
    assert written == json.loads(json.dumps(evaluated["steep"]))
    assert written["epoch"] == 1  # The better of the two.
    assert set(written["subgroups"]) == {"view"}


def test_sql_tells_which_cancers_were_missed(folder, evaluated):
    (missed,), = duckdb.sql(
        "SELECT count(*) FROM 'data/runs/steep/predictions-test.parquet' "
        "WHERE cancer = 1 AND decision = 0").fetchall()
    figures = evaluated["steep"]["results"]["image"]["judged"]
    assert missed == figures["positives"] - figures["true_positives"]


def test_everything_is_written_whole(folder, evaluated):
    names = sorted(os.listdir("data/runs/steep"))
    assert names == [
        "evaluation.json", "model.keras", "operating_point.json",
        "predictions-test.parquet", "predictions-validation.parquet",
        "roc.png", "run.json", "thresholds.png"]


def test_evaluating_again_writes_the_same_bytes(folder, evaluated):
    before = builds.contents("data/runs/flat")
    evaluating.evaluate(request("flat", by=("view",)))
    assert builds.contents("data/runs/flat") == before


def test_runs_of_the_same_order_do_not_differ(folder, evaluated, tmp_path):
    document = evaluating.evaluate(request(
        compare="data/runs/flat", output=str(tmp_path)))
    found = document["comparison"]
    assert found["name"] == "flat"
    image = found["results"]["image"]
    assert image["differences"]["specificity"] == 0
    assert image["delong"]["p"] == 1
    assert not (tmp_path / "run.json").exists()


def test_where_narrows_what_is_judged_but_not_the_threshold(
        folder, evaluated, tmp_path):
    document = evaluating.evaluate(request(
        where="view = 'MLO'", output=str(tmp_path)))
    whole = evaluated["steep"]
    assert document["judged"]["images"] == whole["judged"]["images"] / 2
    assert document["validation"] == whole["validation"]
    assert document["results"]["image"]["threshold"] == (
        whole["results"]["image"]["threshold"])
    of_mlo, = (group for group in whole["subgroups"]["view"]["image"]
               if group["value"] == "MLO")
    assert document["results"]["image"]["judged"]["auc"] == of_mlo["auc"]


def test_the_training_s_predicate_holds_unless_another_is_given(
        folder, tmp_path):
    runs_made.write(tmp_path / "mlo", runs_made.document(
        training={"where": "view = 'MLO'"}), 3.0)
    ours = evaluating.evaluate(request(
        run_dir=str(tmp_path / "mlo"), output=str(tmp_path / "a")))
    everything = evaluating.evaluate(request(
        run_dir=str(tmp_path / "mlo"), output=str(tmp_path / "b"),
        where="true"))
    assert ours["where"] == "view = 'MLO'"
    assert everything["judged"]["images"] == 2 * ours["judged"]["images"]
    assert everything["validation"] == ours["validation"]


def test_records_that_were_not_trained_on_are_told_from_those_that_were(
        folder, evaluated, tmp_path):
    digest = indices.load(
        "data/records", runs_made.VARIANT, "validation").digest
    run_dir = runs_made.write(tmp_path / "run", runs_made.document(
        records={"digest": {"validation": digest}}), 3.0)
    ours = evaluating.evaluate(request(run_dir=run_dir, output=run_dir))
    assert ours["same_records"] is True
    # Made by hand, they do not say what they were trained on.
    assert evaluated["steep"]["same_records"] is None


def test_stored_thresholds_judge_where_they_are_asked_for(
        folder, evaluated, tmp_path):
    document = evaluating.evaluate(request(
        stored=True, split="train", output=str(tmp_path)))
    assert document["validation"] is None
    for name, of_one in document["results"].items():
        assert of_one["validation"] is None
        assert of_one["threshold"] == (
            evaluated["steep"]["results"][name]["threshold"])


def test_validation_itself_can_be_judged(folder, tmp_path):
    document = evaluating.evaluate(request(
        split="validation", output=str(tmp_path)))
    for of_one in document["results"].values():
        assert of_one["judged"]["sensitivity"] >= 0.9


def test_the_thesis_s_task_of_views_has_images_only(folder, tmp_path):
    run_dir = runs_made.write(
        tmp_path / "view", runs_made.document(label="view"), 3.0)
    document = evaluating.evaluate(request(run_dir=run_dir, output=run_dir))
    assert list(document["results"]) == ["image"]
    assert document["judged"]["positives"] == document["judged"]["negatives"]


def test_a_model_of_another_recipe_is_refused(folder, tmp_path):
    recipe = runs_made.document()["recipe"]
    run_dir = runs_made.write(tmp_path / "run", runs_made.document(
        recipe={**recipe, "markers": "thesis", "windowing": "lut"}))
    with pytest.raises(record_folders.RecordsError) as error:
        evaluating.evaluate(request(run_dir=run_dir))
    assert "markers 'thesis' (here 'brightest')" in str(error.value)
    assert "windowing 'lut' (here 'none')" in str(error.value)


def test_another_encoding_of_the_same_pixels_is_no_other_recipe(
        folder, evaluated, tmp_path):
    runs_made.records(folder, output="data/png", encoding="png")
    document = evaluating.evaluate(request(
        records="data/png", output=str(tmp_path)))
    assert document["results"]["image"]["judged"] == (
        evaluated["steep"]["results"]["image"]["judged"])


def test_records_of_another_size_are_refused_with_what_there_is(
        folder, tmp_path):
    recipe = runs_made.document()["recipe"]
    run_dir = runs_made.write(tmp_path / "run", runs_made.document(
        recipe={**recipe, "variants": ["crop:96x96"]}))
    with pytest.raises(record_folders.RecordsError,
                       match="there are: resize:48x64"):
        evaluating.evaluate(request(run_dir=run_dir))


def test_validation_without_cancers_is_refused_with_the_counts(
        folder, tmp_path):
    run_dir = runs_made.write(tmp_path / "run", runs_made.document(
        training={"where": "cancer = 0"}))
    with pytest.raises(ValueError, match="validation has 0 images with "
                       r"cancer = 1 and \d+ with cancer = 0"):
        evaluating.evaluate(request(run_dir=run_dir))


def test_a_test_without_cancers_has_a_specificity_and_no_curves(
        folder, tmp_path):
    document = evaluating.evaluate(request(
        where="cancer = 0", output=str(tmp_path)))
    judged = document["results"]["image"]["judged"]
    assert judged["sensitivity"] is None and judged["auc"] is None
    assert 0 <= judged["specificity"] <= 1
    assert not (tmp_path / "roc.png").exists()


@pytest.mark.parametrize("words, message", [
    ([], "there is no run in data/runs/resnet-416x512"),
    (["--config=alexnet"], "there is no run in data/runs/alexnet-224x224"),
    (["--arch=vgg16", "--input=crop:96x96"], "no run in data/runs/vgg16-96x96"),
    (["--config=resnet", "--arch=resnet"], "leave those flags away"),
    (["--input=big"], "'big' is not WIDTHxHEIGHT"),
])
def test_the_flags_name_the_run(folder, words, message):
    done = subprocess.run([sys.executable, str(ROOT / "model/evaluate.py"),
                           *words], capture_output=True, text=True,
                          check=False)
    assert done.returncode == 1
    assert message in done.stderr
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize("changes, message", [
    ({"where": "side = 'L'"}, "--where=\"side = 'L'\" is refused"),
    ({"where": "view = 'XX'"}, "selects none of the test images"),
    ({"by": ("maker",)}, "--by='maker' is refused"),
    ({"compare": "data/runs/none"}, "there is no run in data/runs/none"),
    ({"compare": "data/runs/flat", "split": "train"},
     "there is no data/runs/flat/predictions-train.parquet"),
    ({"compare": "data/runs/flat", "where": "view = 'CC'"},
     "was not evaluated on the same images"),
    ({"compare": "data/runs/flat", "sensitivity": 0.8},
     "for a sensitivity of 0.9, not 0.8"),
    ({"sensitivity": 90.0}, "--sensitivity=90.0 is not in"),
    ({"run_dir": "data/runs/none"}, "there are data/runs/flat, data/runs"),
    ({"records": "nowhere"}, "there are: none"),
])
def test_what_cannot_be_done_is_said_before_tensorflow_starts(
        folder, evaluated, monkeypatch, changes, message):
    def started(*_):
        pytest.fail("TensorFlow was started")

    monkeypatch.setattr(evaluating, "make_scorer", started)
    with pytest.raises(ValueError) as error:
        evaluating.evaluate(request(**changes))
    assert message in str(error.value)


def test_a_run_without_thresholds_cannot_judge_by_them(folder, tmp_path):
    run_dir = runs_made.write(tmp_path / "new", runs_made.document())
    with pytest.raises(runs.RunError, match="no thresholds yet; to choose"):
        evaluating.evaluate(request(run_dir=run_dir, stored=True))


def test_a_corrupt_shard_is_named_with_the_offset(folder, tmp_path):
    runs_made.records(folder, output="data/damaged")
    shard = sorted(pathlib.Path("data/damaged/resize-48x64").glob(
        "test-*.tfrecord"))[0]
    data = bytearray(shard.read_bytes())
    data[500] ^= 1
    shard.write_bytes(data)
    with pytest.raises(ValueError, match=rf"{shard.name}.* 0\b"):
        evaluating.evaluate(request(
            records="data/damaged", output=str(tmp_path)))
    assert not list(tmp_path.iterdir())


def test_the_script_prints_the_report_and_its_errors_in_a_line(
        folder, evaluated, tmp_path):
    words = [sys.executable, str(ROOT / "model/evaluate.py"),
             "--run_dir=data/runs/steep", f"--output={tmp_path}"]
    done = subprocess.run([*words, "--by=laterality", "--resamples=20"],
                          capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("steep: cancer, thresholds for 90.0% ")
    assert "by laterality, breasts, mean" in done.stdout
    done = subprocess.run([*words, "--where=side = 'L'"],
                          capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.startswith("evaluate: --where=")
    assert done.stderr.count("\n") == 1
