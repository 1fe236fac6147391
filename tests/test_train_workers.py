"""Several workers learn what one does, and go on when one was killed."""

import contextlib
import json
import os
import pathlib
import subprocess
import sys

import numpy as np
import pytest

from model import checkpoints
from pipelines import geometry
from pipelines import recipe
from tests import archive
from tests import builds
from tests import tiny_network
from tools import clusters

pytestmark = pytest.mark.slow

ROOT = pathlib.Path(__file__).parents[1]
# 68 images, of which the last batch of an epoch has four: none is left for
# the second worker.
WORDS = ("--records=records", "--input=48x64", "--label=view",
         "--batch_size=8", "--epochs=2", "--deterministic",
         "--checkpoint_steps=4", "--sync_batch_norm")
ALONE = {"PLAIN": "1"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    made = archive.write(tmp_path_factory.mktemp("workers"), 20)
    with contextlib.chdir(made):
        builds.run(builds.config("records", recipe=(
            recipe.Recipe((geometry.Variant.parse("resize:48x64"),)))))
    return made


def run(folder, run_dir, environment):
    """Runs two workers; their exit statuses and what they printed."""
    # On a machine that does not let a worker answer for half a minute the
    # others take it for lost; here nobody starts them again.
    for _ in range(3):
        cluster = clusters.Cluster((sys.executable, "-m", tiny_network.MODULE,
                                    *WORDS))
        processes = [subprocess.Popen(
            # Only the first one's folder is written to.
            [*start.words, f"--run_dir={'nobody' if index else run_dir}"],
            cwd=folder, text=True, stderr=subprocess.PIPE, env={
                **os.environ, "PYTHONPATH": str(ROOT), **environment,
                **start.environment})
            for index, start in enumerate(cluster.starts())]
        texts = [process.communicate(timeout=600)[1] for process in processes]
        statuses = [process.returncode for process in processes]
        if statuses != [75, 75]:
            break
    assert not (folder / "nobody").exists()
    return statuses, texts


def result(path):
    """run.json, the epochs' losses, and the variables of the checkpoint."""
    document = json.loads((path / "run.json").read_text())
    assert document["status"] == "finished"
    losses = [(epoch["loss"], epoch["validation_loss"])
              for epoch in document["epochs"]]
    values, _ = checkpoints.load(
        checkpoints.newest(str(path / "checkpoints")))
    return document, losses, values


def test_two_workers_learn_what_one_process_learns(folder):
    done = tiny_network.run(*WORDS, "--run_dir=one", cwd=folder,
                            environment=ALONE)
    assert done.returncode == 0, done.stderr
    statuses, texts = run(folder, "two", ALONE)
    assert statuses == [0, 0], texts
    _, losses, values = result(folder / "one")
    document, losses_of_two, values_of_two = result(folder / "two")
    assert sum(document["records"]["images"]["train"]) % 8 == 4
    assert document["strategy"]["workers"] == 2
    np.testing.assert_allclose(losses_of_two, losses, rtol=0, atol=1e-6)
    for found, expected in zip(values_of_two, values, strict=True):
        np.testing.assert_allclose(found, expected, rtol=0, atol=1e-6)


def test_killed_workers_are_started_again_and_end_with_the_same_numbers(
        folder):
    statuses, texts = run(folder, "whole", {})
    assert statuses == [0, 0], texts
    (folder / "once").mkdir()
    # First the second worker is killed, then the one that writes the run.
    launched = subprocess.run(
        [sys.executable, str(ROOT / "tools/launch_workers.py"), "--local=2",
         "--backoff_seconds=0.1", "--grace_seconds=300", "--",
         sys.executable, "-m", tiny_network.MODULE, *WORDS,
         "--run_dir=killed"], cwd=folder, text=True, timeout=1200,
        stdout=subprocess.PIPE, check=False, env={
            **os.environ, "PYTHONPATH": str(ROOT), "SIGKILL": "5@1,13@0",
            "ONCE": str(folder / "once")})
    text = launched.stdout
    assert launched.returncode == 0, text
    for killed, left in ((1, 0), (0, 1)):
        assert f"worker {killed} was killed by SIGKILL" in text
        assert f"worker {left} lost another worker (status 75)" in text
        assert f"[{left}] tiny_network: another worker is gone" in text
    assert "[0] going on after step 4, in epoch 1" in text
    assert "[0] going on after step 12, in epoch 2" in text
    assert text.count("all workers start again") >= 2
    _, losses, values = result(folder / "whole")
    _, losses_after, values_after = result(folder / "killed")
    assert losses_after == losses
    for found, expected in zip(values_after, values, strict=True):
        np.testing.assert_array_equal(found, expected)
