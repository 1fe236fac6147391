"""Train, go on, evaluate and predict, with everything in a store."""

import contextlib
import importlib.util
import json
import os
import subprocess
import sys

import numpy as np
import pytest

from model import checkpoints
from model import index as indices
from model import reading
from model import runs
from pipelines import files
from pipelines import geometry
from pipelines import plan
from pipelines import recipe as recipes
from pipelines import tfrecord
from tests import archive
from tests import builds
from tests import object_store
from tests import tiny_network

pytestmark = object_store.needs_store

SIZE = "48x64"
VARIANT = geometry.Variant.parse(f"resize:{SIZE}")
# As in test_train_resume: no thread decides what a sum comes to.
WORDS = (f"--input={SIZE}", "--batch_size=8", "--epochs=2", "--deterministic",
         "--checkpoint_steps=2")


@pytest.fixture(scope="module")
def bucket(store, tmp_path_factory):
    """Equal records in a bucket and in the folder where the tests are."""
    made = archive.write(tmp_path_factory.mktemp("train_s3"), 20)
    bucket = object_store.make_bucket(store, "test-train")
    with contextlib.chdir(made):
        status, told = builds.run(builds.config(
            rules=plan.PlanRules(fractions=(0.4, 0.3, 0.3)),
            recipe=recipes.Recipe(variants=(VARIANT,))))
        assert status == 0, told
        for name in files.below("records"):
            files.write_atomically(f"{bucket}/records/{name}",
                                   files.read(f"records/{name}"))
        for name in ("000001-L-CC.dcm", "000001-R-MLO.dcm.gz"):
            files.write_atomically(f"{bucket}/new/{name}",
                                   files.read(f"dicoms/{name}"))
        yield bucket


@pytest.mark.parametrize("split", ["train", "test"])
def test_the_index_and_the_images_are_those_of_a_disk(bucket, split):
    here, there = (indices.load(folder, SIZE, split) for folder in (
        "records", f"{bucket}/records"))
    assert there.digest == here.digest
    assert there.rows.equals(here.rows)
    rows = np.random.default_rng(0).permutation(len(here))
    np.testing.assert_array_equal(reading.read(there, rows),
                                  reading.read(here, rows))


def test_a_batch_takes_its_records_and_neighbours_at_once(store, bucket):
    index = indices.load(f"{bucket}/records", SIZE, "train")
    store.reset()
    rows = np.array([5, 0, 1, 2])
    reading.read(index, rows)
    assert sum(store.sent.values()) == index.byte_length[rows].sum()
    assert len(store.requests) == 2


def test_a_damaged_or_missing_record_names_shard_and_offset(bucket):
    index = indices.load(f"{bucket}/records", SIZE, "train")
    path = index.paths[0]
    data = files.read(path)
    files.write_atomically(path, data[:100] + b"\0\0\0" + data[103:])
    try:
        with pytest.raises(reading.CorruptRecordError,
                           match=f"{path} at byte 0: the CRC"):
            reading.read(index, np.array([0]))
        files.write_atomically(path, data[:100])
        with pytest.raises(indices.RecordsError, match="cut off"):
            indices.load(f"{bucket}/records", SIZE, "train")
        files.remove(path)
        with pytest.raises(reading.CorruptRecordError, match="no such object"):
            reading.read(index, np.array([0]))
        with pytest.raises(indices.RecordsError, match="cannot be read"):
            indices.load(f"{bucket}/records", SIZE, "train")
    finally:
        files.write_atomically(path, data)


# What tensorflow-io leaves running aborts the process at its end.
_READ_BY_TENSORFLOW = """
import json, os, sys
import tensorflow as tf
import tensorflow_io
print(json.dumps([bytes(record).hex() for record in
                  tf.data.TFRecordDataset(sys.argv[1:]).as_numpy_iterator()]),
      flush=True)
os._exit(0)
"""


@pytest.mark.skipif(
    importlib.util.find_spec("tensorflow_io") is None,
    reason="needs tensorflow-io, which does not fit the newest TensorFlow")
def test_tensorflow_itself_reads_the_same_records(store, bucket):
    index = indices.load("records", SIZE, "test")
    wanted = []
    for path in index.paths:
        with open(path, "rb") as file:
            wanted += [record.hex()
                       for _, record in tfrecord.read_records(file, path)]
    run = subprocess.run(
        [sys.executable, "-c", _READ_BY_TENSORFLOW,
         *(f"{bucket}/{path}" for path in index.paths)],
        env={**os.environ, "S3_ENDPOINT": store.url, "S3_VERIFY_SSL": "0"},
        capture_output=True, text=True, check=True)
    assert json.loads(run.stdout) == wanted


def test_a_run_is_removed_but_not_what_is_not_its_own(bucket):
    run = runs.RunDir(f"{bucket}/runs/removed")
    for name in ("run.json", "checkpoints/step-000000001.npz",
                 "tensorboard/events", "on-others/x.json",
                 "predictions-test.parquet", "mine.txt"):
        files.write_atomically(run.file(name), b"")
    run.remove()
    assert list(files.below(run.path)) == ["mine.txt"]


def test_old_checkpoints_go_and_a_damaged_one_is_passed_over(bucket, capsys):
    folder = f"{bucket}/runs/kept/checkpoints"
    for step in range(1, 5):
        checkpoints.save(folder, [np.full(3, step)], {"step": step})
    assert files.list_folder(folder) == [
        "step-000000003.npz", "step-000000004.npz"]
    files.write_atomically(f"{folder}/step-000000004.npz", b"damaged")
    values, state = checkpoints.load(checkpoints.newest(folder))
    assert (state["step"], values[0].tolist()) == (3, [3, 3, 3])
    assert "is damaged" in capsys.readouterr().err


def run_script(name, *words):
    root = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    return subprocess.run(
        [sys.executable, os.path.join(root, name), *words], text=True,
        capture_output=True, timeout=300, check=False)


@pytest.mark.slow
def test_a_training_killed_in_a_store_ends_as_one_on_a_disk(bucket):
    words = (*WORDS, "--records=records", "--run_dir=run")
    done = tiny_network.run(*words, cwd=".")
    assert done.returncode == 0, done.stderr
    run = f"{bucket}/runs/tiny"
    words = (*WORDS, f"--records={bucket}/records", f"--run_dir={run}")
    done = tiny_network.run(*words, cwd=".", environment={"SIGKILL": "6"})
    assert done.returncode == -9, done.stderr
    done = tiny_network.run(*words, cwd=".")
    assert done.returncode == 0, done.stderr
    assert "going on after step" in done.stderr
    here, there = (json.loads(files.read(f"{folder}/run.json"))
                   for folder in ("run", run))
    assert there["status"] == "finished"
    for one, other in zip(here["epochs"], there["epochs"], strict=True):
        for name in ("loss", "validation_loss", "auc"):
            assert one[name] == other[name]
    one, other = (checkpoints.load(checkpoints.newest(
        f"{folder}/checkpoints"))[0] for folder in ("run", run))
    for value, same in zip(one, other, strict=True):
        np.testing.assert_array_equal(value, same)
    assert files.list_folder(f"{run}/tensorboard")
    _evaluate_and_predict(bucket, run)


def _evaluate_and_predict(bucket, run):
    """What comes after a training, from and to the store as well."""
    done = run_script("model/evaluate.py", f"--records={bucket}/records",
                      f"--run_dir={run}", "--resamples=10")
    assert done.returncode == 0, done.stderr
    here = run_script("model/evaluate.py", "--records=records",
                      "--run_dir=run", "--resamples=10")
    assert here.returncode == 0, here.stderr
    one, other = (json.loads(files.read(f"{folder}/evaluation.json"))
                  for folder in ("run", run))
    assert one["results"] == other["results"]
    done = run_script("model/predict.py", f"--run_dir={run}",
                      f"--files={bucket}/new", "--output="
                      f"{bucket}/predictions.csv")
    assert done.returncode == 0, done.stderr
    lines = files.read(f"{bucket}/predictions.csv").decode().splitlines()
    assert [line.count("scored") for line in lines] == [0, 1, 1]


@pytest.mark.parametrize("script, words, told", [
    ("model/train.py", ["--records=s3://no-such-bucket/r"],
     "there is no bucket no-such-bucket"),
    ("model/train.py", ["--records={}/records", "--input=48x64",
                        "--run_dir=s3://no-such-bucket/r"],
     "there is no bucket no-such-bucket"),
    ("model/evaluate.py", ["--run_dir=s3://no-such-bucket/r"],
     "there is no bucket no-such-bucket"),
    ("tools/verify_records.py", ["--records=s3://no-such-bucket/r"],
     "there is no bucket no-such-bucket"),
    ("tools/query.py", ["--records={}/nothing", "splits"], "no data set in"),
])
def test_a_wrong_place_is_one_line_and_no_traceback(
        bucket, script, words, told):
    done = run_script(script, *(word.format(bucket) for word in words))
    assert done.returncode == 1
    assert told in done.stderr and done.stderr.count("\n") == 1
