"""A run's folder: what is written is read, what is missing is said."""

import json
import os

import pytest

from model import runs
from pipelines import geometry

EPOCHS = [{"epoch": 1, "validation_loss": 0.5, "seconds": 10.0},
          {"epoch": 2, "validation_loss": 0.3, "seconds": 20.0},
          {"epoch": 3, "validation_loss": 0.3, "seconds": 30.0}]


def document(**changes):
    return {**dict.fromkeys(runs.RUN_FIELDS), "format": runs.FORMAT,
            "version": runs.VERSION, "epochs": EPOCHS, "label": "view",
            "status": "finished", "network": {"arch": "resnet"},
            "name": "resnet",
            "recipe": {
                "breast_box": "component", "encoding": "raw",
                "markers": "brightest", "name": "mammoflow",
                "normalisation": "max", "variants": ["resize:416x512"],
                "version": 1, "windowing": "none"}, **changes}


@pytest.fixture
def folder(tmp_path):
    found = tmp_path / "runs" / "one"
    runs.write_json(str(found / "run.json"), document())
    (found / "model.keras").write_bytes(b"")
    return found


def test_a_run_is_read_as_it_was_written(folder):
    run = runs.load_run(str(folder))
    assert run.document == document()
    assert (run.arch, run.label, run.name) == ("resnet", "view", "resnet")
    assert run.variant == geometry.Variant.parse("resize:416x512")
    assert run.size == geometry.Size(416, 512)


def test_the_best_epoch_is_the_first_of_the_lowest_loss(folder):
    assert runs.load_run(str(folder)).best_epoch["epoch"] == 2
    assert runs.load_run(str(folder)).seconds_per_epoch == 20


def test_a_missing_run_is_said_with_those_there_are(folder):
    with pytest.raises(runs.RunError) as caught:
        runs.load_run(str(folder.parent / "two"), "python model/train.py -x")
    assert str(folder) in str(caught.value)
    assert "to train one: python model/train.py -x" in str(caught.value)


def test_a_run_without_a_model_is_said_to_be_unfinished(folder):
    (folder / "model.keras").unlink()
    with pytest.raises(runs.RunError, match="has no model yet"):
        runs.load_run(str(folder))
    assert runs.read_run(str(folder)) is not None
    assert runs.read_run(str(folder.parent)) is None


@pytest.mark.parametrize("text, message", [
    ("{", "is not JSON"), ("[]", "is not the description of a run"),
    (json.dumps(document(format="other")), "expected format 'mammoflow-run'"),
    (json.dumps(document(version=2)), "version 1"),
    (json.dumps({"format": runs.FORMAT, "version": 1}), "lacks epochs"),
])
def test_another_run_json_is_refused(folder, text, message):
    (folder / "run.json").write_text(text)
    with pytest.raises(runs.RunError, match=message):
        runs.load_run(str(folder))


def test_a_file_is_replaced_whole_or_not_at_all(tmp_path):
    path = tmp_path / "new" / "model.keras"
    with runs.replacing(str(path)) as temporary:
        assert temporary.endswith("model.keras") and ".tmp-" in temporary
        with open(temporary, "w", encoding="utf-8") as file:
            file.write("first")
    with pytest.raises(KeyError), runs.replacing(str(path)) as temporary:
        with open(temporary, "w", encoding="utf-8") as file:
            file.write("second")
        raise KeyError
    assert os.listdir(path.parent) == ["model.keras"]
    assert path.read_text() == "first"


def test_json_without_nan(tmp_path):
    with pytest.raises(ValueError):
        runs.write_json(str(tmp_path / "x.json"), {"auc": float("nan")})
    assert not os.listdir(tmp_path)


def test_removing_a_run_leaves_other_files(folder):
    (folder / "checkpoints").mkdir()
    (folder / "checkpoints" / "step-000000001.npz").write_bytes(b"")
    (folder / "predictions-test.parquet").write_bytes(b"")
    (folder / "notes.txt").write_text("mine")
    runs.RunDir(str(folder)).remove()
    assert os.listdir(folder) == ["notes.txt"]


def test_the_default_folder_names_network_and_input():
    assert runs.RunDir.default("alexnet", geometry.Size(224, 224)).path == (
        "data/runs/alexnet-224x224")
