"""Prediction from files to tables: in this process, and as a person runs it."""

import csv
import io
import json
import pathlib
import subprocess
import sys

import cv2
import numpy as np
import pyarrow.parquet as pq
import pytest

from model import evaluating
from model import inference
from model import predicting
from model import predictions
from model import runs
from pipelines import preprocess
from pipelines import recipe as recipes
from tests import archive
from tests import runs_made
from tests import synthetic

pytestmark = pytest.mark.slow

ROOT = pathlib.Path(__file__).parents[1]
SCRIPT = ROOT / "model/predict.py"
STEEPNESS = 0.8
PATIENTS = 40
IMAGES = 4 * PATIENTS


def predict(request):
    """Returns what was predicted, and what was told while it was."""
    stream = io.StringIO()
    return predicting.predict(request, stream), stream.getvalue()


def run_script(folder, *words):
    return subprocess.run([sys.executable, str(SCRIPT), *words], cwd=folder,
                          capture_output=True, text=True, check=False)


@pytest.fixture(scope="module", name="folder")
def _folder(tmp_path_factory):
    """An archive with bad files among its images, records, an evaluated run.
    """
    folder = tmp_path_factory.mktemp("predict")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        runs_made.records(folder, PATIENTS)
        runs_made.write(folder / "run", runs_made.document(), STEEPNESS)
        evaluating.evaluate(evaluating.Request(
            "run", "data/records", "run", resamples=0, batch_size=5))
    bad = folder / "bad"
    bad.mkdir()
    good = archive.mammogram(1, "L", "CC")
    (bad / "cut.dcm").write_bytes(good[:-1000])
    (bad / "note.txt").write_text("no mammogram")
    (bad / "copy.dcm.gz").write_bytes(synthetic.gzipped(good))
    (bad / "link.dcm").symlink_to("nowhere")
    return folder


def request(folder, **changes):
    return predicting.Request(**{
        "run_dir": str(folder / "run"),
        "files": (str(folder / "dicoms"), str(folder / "bad")),
        "output": str(folder / "out" / "predictions.parquet"),
        "batch_size": 7, **changes})


@pytest.fixture(scope="module", name="found")
def _found(folder):
    return predict(request(folder))


def test_scores_and_decisions_are_those_of_the_evaluation(folder, found):
    theirs = {row["sop_instance_uid"]: row for row in pq.read_table(
        folder / "run/predictions-test.parquet").to_pylist()}
    ours = {row["sop_instance_uid"]: row
            for row in found[0].images.to_pylist()
            if row["status"] == "scored"}
    assert len(theirs) > 20
    for uid, row in theirs.items():
        assert ours[uid]["score"] == pytest.approx(row["score"], abs=1e-6)
        assert ours[uid]["digest"] == row["digest"]
        assert ours[uid]["decision"] == row["decision"]


def test_decisions_on_breasts_are_those_of_the_evaluation(folder, found):
    breasts = {(row["patient_id"], row["laterality"]): row
               for row in found[0].breasts.to_pylist()}
    assert len(breasts) == 2 * PATIENTS
    for row in pq.read_table(
            folder / "run/predictions-test.parquet").to_pylist():
        ours = breasts[row["patient_id"], row["laterality"]]
        assert ours["images"] == 2 and ours["views"] == "CC MLO"
        for name in ("min", "max", "mean", "learned"):
            # What was fitted to so few cases is steep.
            assert ours[f"{name}_score"] == pytest.approx(
                row[f"{name}_score"], abs=1e-2 if name == "learned" else 1e-6)
            assert ours[f"{name}_decision"] == row[f"{name}_decision"]


def test_every_file_has_a_row_in_order_of_paths(folder, found):
    images = found[0].images
    paths = images["file"].to_pylist()
    assert len(paths) == IMAGES + 4 and paths == sorted(paths)
    refused = {pathlib.Path(row["file"]).name: (row["status"], row["reason"])
               for row in images.to_pylist() if row["status"] != "scored"}
    assert refused == {
        "cut.dcm": ("rejected", "truncated"),
        "note.txt": ("rejected", "not_dicom"),
        "link.dcm": ("rejected", "dangling_link"),
        # bad/copy.dcm.gz comes first.
        "000001-L-CC.dcm": ("rejected", "duplicate_identical")}


def test_progress_and_report_say_what_was_done(folder, found):
    predicted, told = found
    assert "164 of 164 files" in told and "files/s  took" in told
    assert "3 refused" in told
    text = predictions.report(predicted, "run", "a.csv", "b.csv")
    assert text.startswith("a.csv: 164 files, 160 scored, ")
    assert "b.csv: 80 breasts, " in text and "detected by learned at" in text
    assert ("1 rejected, truncated: the file ends before its pixels do; copy "
            "the file again") in text


def test_tables_are_what_was_asked_for(folder, found):
    written = pq.read_table(folder / "out/predictions.parquet")
    assert written.equals(found[0].images)
    assert pq.read_table(folder / "out/predictions-breasts.parquet").equals(
        found[0].breasts)


@pytest.mark.parametrize("changes", [
    {"batch_size": IMAGES, "threads": 1}, {"batch_size": 3, "threads": 5}])
def test_neither_batches_nor_threads_change_anything(
        folder, found, tmp_path, changes):
    again, _ = predict(request(folder, output=str(tmp_path / "a.csv"),
                               **changes))
    # Sums of float32 depend on how many images there are.
    for name in again.images.column_names:
        ours, theirs = (table[name].to_pylist()
                        for table in (again.images, found[0].images))
        if name == "score":
            assert [score is None for score in ours] == [
                score is None for score in theirs]
            ours, theirs = ([score or 0.0 for score in scores]
                            for scores in (ours, theirs))
            np.testing.assert_allclose(ours, theirs, atol=1e-6)
        else:
            assert ours == theirs


def test_csv_holds_what_parquet_holds(folder, found, tmp_path):
    predict(request(folder, output=str(tmp_path / "a.csv")))
    for name, table in (("a.csv", found[0].images),
                        ("a-breasts.csv", found[0].breasts)):
        with open(tmp_path / name, newline="", encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
        assert list(rows[0]) == table.column_names
        for row, expected in zip(rows, table.to_pylist(), strict=True):
            assert row["study_date"] == str(expected["study_date"] or "")
            for column, value in expected.items():
                if value is None:
                    assert row[column] == ""
                elif isinstance(value, float):
                    assert float(row[column]) == pytest.approx(value, 1e-6)
                elif not isinstance(value, bool):
                    assert row[column] == str(value)


def test_heatmap_of_each_image_stands_beside_it(folder, tmp_path):
    predicted, _ = predict(request(
        folder, files=(str(folder / "dicoms/00000[12]-*"),
                       str(folder / "bad")),
        output=str(tmp_path / "a.csv"), heatmaps=str(tmp_path / "maps")))
    rows = [row for row in predicted.images.to_pylist() if row["heatmap"]]
    assert len(rows) == 8
    assert {row["heatmap"] for row in rows} == {
        str(path) for path in (tmp_path / "maps").iterdir()}
    for row in rows:  # Of 160 x 192 pixels.
        picture = cv2.imread(row["heatmap"])
        plain, overlay = picture[:, :160], picture[:, 168:]
        assert picture.shape == (192, 328, 3)
        dark = plain[:, :80].mean() < plain[:, 80:].mean()
        assert dark == row["flipped"] == (row["laterality"] == "R")
        assert (plain != overlay).any()


def test_without_thresholds_there_are_scores_and_the_command(
        folder, tmp_path):
    runs_made.write(tmp_path / "run", runs_made.document(), STEEPNESS)
    predicted, _ = predict(request(
        folder, run_dir=str(tmp_path / "run"),
        output=str(tmp_path / "a.csv")))
    images = predicted.images.to_pylist()
    assert {row["decision"] for row in images} == {None}
    assert sum(row["score"] is not None for row in images) == IMAGES
    text = predictions.report(predicted, "run", "a.csv", "b.csv")
    assert "python model/evaluate.py --run_dir=run" in text


def copy_of_run(folder, target, **changes):
    """The evaluated run, with other values in one of its files."""
    target.mkdir()
    for path in (folder / "run").iterdir():
        if path.is_file():
            data = path.read_bytes()
            if path.stem in changes:
                data = json.dumps(
                    {**json.loads(data), **changes[path.stem]}).encode()
            (target / path.name).write_bytes(data)
    return str(target)


@pytest.mark.parametrize("changes, message", [
    ({"operating_point": {"label": "follow_up"}}, "is for follow_up"),
    ({"operating_point": {"format": "x"}}, "holds no thresholds"),
    ({"evaluation": {"epoch": 7}}, "are of epoch 7"),
    ({"run": {"recipe": {**recipes.Recipe().to_json(), "version": 2}}},
     "cannot be replayed"),
])
def test_thresholds_of_another_model_decide_nothing(
        folder, tmp_path, changes, message):
    run_dir = copy_of_run(folder, tmp_path / "run", **changes)
    with pytest.raises(ValueError, match=message):
        predict(request(folder, run_dir=run_dir))


def test_model_that_is_not_of_its_recipe_s_size_is_refused(folder, tmp_path):
    recipe = {**runs_made.document()["recipe"], "variants": ["crop:48x48"]}
    run_dir = copy_of_run(folder, tmp_path / "run", run={"recipe": recipe})
    with pytest.raises(runs.RunError, match=r"takes \[64, 48, 1\]"):
        predict(request(folder, run_dir=run_dir))


def test_few_files_are_read_ahead(monkeypatch):
    started = []

    def read(file, replay, workspace):
        assert isinstance(workspace, preprocess.Workspace)
        started.append(file)
        return inference.Input({"file": file})

    monkeypatch.setattr(inference, "read", read)
    inputs = predicting.read_ahead(range(100), None, 2, 10)
    for number in range(50):
        assert next(inputs).row["file"] == number
        assert len(started) <= number + 12
    inputs.close()
    assert len(started) < 70


@pytest.mark.parametrize("words, message", [
    ([], "there is no run in data/runs/resnet-416x512 (nor in data/runs); to "
     "train one: python model/train.py --arch=resnet --input=416x512"),
    (["--config=alexnet"], "python model/train.py --arch=alexnet "
     "--input=224x224"),
    (["--arch=vgg16", "--input=crop:100x120"], "data/runs/vgg16-100x120"),
    (["--run_dir=mine"], "--run_dir=mine"),
    (["--run_dir=run", "--output=a.xlsx"], "neither .csv nor .parquet"),
    (["--run_dir=run", "--files=nowhere"], "--files=nowhere matches no file"),
    (["--run_dir=run", "nowhere.dcm"], "nowhere.dcm matches no file"),
    (["--input=416"], "'416' is not WIDTHxHEIGHT"),
    (["--arch=resnet", "--config=alexnet"], "leave those flags away"),
    (["--run_dir=run", "--max_image_bytes=5"], "--max_image_bytes=5 is less"),
])
def test_what_is_wrong_is_said_before_tensorflow_starts(
        folder, words, message):
    program = "import sys, runpy; " \
        f"sys.argv = {[str(SCRIPT), *words]!r}\n" \
        "try:\n    runpy.run_path(sys.argv[0], run_name='__main__')\n" \
        "finally:\n    print('tensorflow' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], cwd=folder,
                          capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert message in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == "False\n"


def test_script_writes_tables_and_says_so(folder):
    done = run_script(folder, "--run_dir=run", "--files=dicoms/**/00000*",
                      "--files=bad")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("predictions.csv: 40 files, 36 scored")
    assert (folder / "predictions.csv").exists()
    assert (folder / "predictions-breasts.csv").exists()


def test_script_fails_where_nothing_could_be_scored(folder):
    done = run_script(folder, "--run_dir=run", "bad/note.txt",
                      "--output=none.csv")
    assert done.returncode == 1
    assert "1 rejected, not_dicom: not a DICOM file" in done.stdout
    assert len((folder / "none.csv").read_text().splitlines()) == 2
