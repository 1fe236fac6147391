"""train.py as a person runs it: what it writes, refuses and says."""

import contextlib
import json
import os
import pathlib
import subprocess
import sys

import pytest

from model import runs
from pipelines import geometry
from pipelines import recipe
from tests import archive
from tests import builds
from tests import tiny_network

pytestmark = pytest.mark.slow

TRAIN = pathlib.Path(__file__).parents[1] / "model/train.py"
WORDS = ("--records=records", "--input=48x64", "--label=view",
         "--batch_size=8")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A small data set of tiny images."""
    made = archive.write(tmp_path_factory.mktemp("train"), 20)
    with contextlib.chdir(made):
        status, text = builds.run(builds.config("records", recipe=(
            recipe.Recipe((geometry.Variant.parse("resize:48x64"),)))))
    assert status == 0, text
    return made


@pytest.fixture(scope="module")
def trained(folder):
    """A run of two epochs, and what was printed."""
    done = tiny_network.run(*WORDS, "--run_dir=trained", "--epochs=2",
                            cwd=folder)
    assert done.returncode == 0, done.stderr
    return folder / "trained", done.stderr


@pytest.mark.parametrize("words, message", [
    (["--arch=resnt"], "resnt"),
    (["--epochs=many"], "many"),
    (["--batchsize=8"], "batch_size"),
    (["resnet"], "unexpected 'resnet'"),
    (["--input=48"], "not WIDTHxHEIGHT"),
    (["--input=64x64"], "python pipelines/build_records.py --variants="),
    (["--records=nowhere"], "no records of 48x64 in nowhere"),
    (["--config=resnet"], "leave those flags away"),
    (["--arch=alexnet"], "too small for alexnet"),
    (["--learning_rate=0"], "--learning_rate=0.0 is not above 0"),
    (["--momentum=1"], "--momentum=1.0"),
    (["--dropout=1"], "dropout 1.0"),
    (["--augment=rotate=5"], "'rotate=5' is not understood"),
    (["--balance=half"], "balance 'half' is none of"),
    (["--balance=ratio:0.3"], "the nearest is ratio:0.25"),
    (["--where=view = 3 +"], "--where='view = 3 +' is refused"),
    (["--where=birads = 3"], "selects none of the train images"),
    (["--where=view = 'CC'"], "both are needed"),
    (["--strategy=multiworker"], "TF_CONFIG"),
    (["--strategy=mirrored"], "add --cpu_devices=2"),
    (["--cpu_devices=3"], "cannot be divided over 3 devices"),
    (["--warmup_steps=10000"], "are more than the"),
])
def test_what_is_wrong_is_said_before_training(folder, words, message):
    done = subprocess.run(
        [sys.executable, TRAIN, *WORDS, "--arch=resnet", "--run_dir=wrong",
         *words], cwd=folder, text=True, capture_output=True, check=False)
    assert done.returncode == 1
    assert message in done.stderr
    assert "Traceback" not in done.stderr
    assert not (folder / "wrong/run.json").exists()


@pytest.mark.parametrize("words", [["--help"], ["--arch=resnt"],
                                   ["--where=nonsense"]])
def test_help_and_wrong_flags_need_no_tensorflow(folder, words):
    program = ("import runpy, sys\n"
               f"sys.argv = {[str(TRAIN), *WORDS, *words]!r}\n"
               "try:\n    runpy.run_path(sys.argv[0], run_name='__main__')\n"
               "except SystemExit:\n"
               "    print('tensorflow' in sys.modules or "
               "'keras' in sys.modules)")
    done = subprocess.run([sys.executable, "-c", program], cwd=folder,
                          capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "False"


def test_help_tells_each_flag():
    done = subprocess.run([sys.executable, TRAIN, "--help"],
                          capture_output=True, text=True, check=False)
    for name in ("arch", "config", "where", "balance", "strategy", "schedule",
                 "augment", "sync_batch_norm", "checkpoint_steps"):
        assert f"--{name}" in done.stdout.replace("--[no]", "--")


def test_a_run_writes_its_files(trained):
    path, _ = trained
    assert {"run.json", "model.keras", "history.csv", "checkpoints",
            "tensorboard"} <= set(os.listdir(path))
    assert os.listdir(path / "tensorboard")
    assert len((path / "history.csv").read_text().splitlines()) == 3
    assert not list(path.rglob("*.tmp-*"))


def test_tensorboard_is_given_the_figures_of_each_epoch(trained):
    import tensorflow as tf

    path, _ = trained
    event_file, = (path / "tensorboard").iterdir()
    found = {}
    for record in tf.data.TFRecordDataset(str(event_file)):
        event = tf.compat.v1.Event.FromString(record.numpy())
        for value in event.summary.value:
            assert value.metadata.plugin_data.plugin_name == "scalars"
            found.setdefault(value.tag, []).append(
                (event.step, float(tf.make_ndarray(value.tensor))))
    epochs = runs.load_run(str(path)).epochs
    for name in ("loss", "validation_loss", "auc", "specificity"):
        assert found[f"epoch/{name}"] == [
            (epoch["step"], pytest.approx(epoch[name])) for epoch in epochs]


def test_run_json_tells_what_was_done(trained):
    path, _ = trained
    run = runs.load_run(str(path))
    document = run.document
    assert set(document) == set(runs.RUN_FIELDS)
    assert document["status"] == "finished"
    assert document["training"]["batch_size"] == 8
    assert document["training"]["input"] == "resize:48x64"
    assert document["parameters"] == 4 * 26 + 8 + 2 * (4 * 11 * 15 + 1)
    assert document["file_bytes"] == (path / "model.keras").stat().st_size
    assert document["strategy"]["devices"]
    assert [epoch["epoch"] for epoch in run.epochs] == [1, 2]
    images = document["records"]["images"]
    steps = -(-sum(images["train"]) // 8)
    assert [epoch["step"] for epoch in run.epochs] == [steps, 2 * steps]
    for epoch in run.epochs:
        assert set(epoch) == set(runs.EPOCH_FIELDS)
    assert run.variant == geometry.Variant.parse("resize:48x64")


def test_each_epoch_is_told_in_a_line(trained):
    _, text = trained
    lines = [line for line in text.splitlines() if "specificity" in line]
    assert [line[:12] for line in lines] == ["epoch 1 of 2", "epoch 2 of 2"]
    for part in ("validation: loss", "AUC", "at 90 % sensitivity",
                 "images/s", "waiting"):
        assert part in lines[0]


def test_another_run_in_the_same_folder_is_refused(trained):
    path, _ = trained
    before = builds.contents(path)
    done = tiny_network.run(*WORDS, "--run_dir=trained", "--epochs=2",
                            "--momentum=0.9", "--seed=1", cwd=path.parent)
    assert done.returncode == 1
    assert "--momentum=0.0 became 0.9; --seed=0 became 1" in done.stderr
    assert builds.contents(path) == before


def test_overwriting_begins_anew(folder):
    words = (*WORDS, "--run_dir=over", "--epochs=1")
    assert tiny_network.run(*words, cwd=folder).returncode == 0
    done = tiny_network.run(*words, "--seed=1", "--overwrite", cwd=folder)
    assert done.returncode == 0, done.stderr
    document = json.loads((folder / "over/run.json").read_text())
    assert document["training"]["seed"] == 1
    assert len(document["epochs"]) == 1
    assert "going on" not in done.stderr


def test_a_loss_that_is_no_number_stops_it(folder):
    done = tiny_network.run(*WORDS, "--run_dir=nan", "--epochs=2",
                            "--learning_rate=1e30", cwd=folder)
    assert done.returncode == 1
    assert "the loss of step 2 is nan: stopped" in done.stderr
    assert "Traceback" not in done.stderr
    document = json.loads((folder / "nan/run.json").read_text())
    assert document["status"] == "nan_loss"


def test_a_corrupt_record_is_named(folder, tmp_path):
    for path in (folder / "records").rglob("*"):
        target = tmp_path / "records" / path.relative_to(folder / "records")
        if path.is_file():
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(path.read_bytes())
    shard = next((tmp_path / "records/resize-48x64").glob("train*.tfrecord"))
    data = bytearray(shard.read_bytes())
    data[1000] ^= 1
    shard.write_bytes(data)
    done = tiny_network.run(*WORDS, "--run_dir=corrupt", cwd=tmp_path)
    assert done.returncode == 1
    assert shard.name in done.stderr and "byte" in done.stderr
    assert "Traceback" not in done.stderr


def test_two_devices_train_by_the_same_command(folder):
    done = tiny_network.run(
        *WORDS, "--run_dir=two", "--epochs=1", "--strategy=mirrored",
        "--cpu_devices=2", "--sync_batch_norm", "--augment=default",
        "--balance=ratio:0.5", "--optimizer=adamw", "--schedule=cosine",
        "--warmup_steps=3", cwd=folder)
    assert done.returncode == 0, done.stderr
    run = runs.load_run(str(folder / "two"))
    assert run.document["strategy"]["replicas"] == 2
