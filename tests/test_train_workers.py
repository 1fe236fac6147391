"""Two workers train together, are killed, and go on together."""

import contextlib
import json
import os
import pathlib
import socket
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

ROOT = pathlib.Path(__file__).parents[1]
WORDS = ("--records=records", "--input=48x64", "--label=view",
         "--batch_size=8", "--epochs=2", "--deterministic",
         "--checkpoint_steps=4", "--sync_batch_norm")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    made = archive.write(tmp_path_factory.mktemp("workers"), 20)
    with contextlib.chdir(made):
        builds.run(builds.config("records", recipe=(
            recipe.Recipe((geometry.Variant.parse("resize:48x64"),)))))
    return made


def free_ports(count):
    with contextlib.ExitStack() as stack:
        found = [stack.enter_context(socket.socket()) for _ in range(count)]
        for each in found:
            each.bind(("localhost", 0))
        return [each.getsockname()[1] for each in found]


def run(folder, run_dir, environment):
    """Runs both; returns their exit statuses and what they printed."""
    workers = [f"localhost:{port}" for port in free_ports(2)]
    processes = [subprocess.Popen(
        [sys.executable, "-m", tiny_network.MODULE, *WORDS,
         # Only the first one's folder is written to.
         f"--run_dir={run_dir if index == 0 else 'nobody'}"],
        cwd=folder, text=True, stderr=subprocess.PIPE, env={
            **os.environ, "PYTHONPATH": str(ROOT), **environment,
            "TF_CONFIG": json.dumps({
                "cluster": {"worker": workers},
                "task": {"type": "worker", "index": index}})})
        for index in range(2)]
    texts = [process.communicate(timeout=300)[1] for process in processes]
    return [process.returncode for process in processes], texts


@pytest.mark.slow
def test_two_workers_killed_and_started_again_end_with_the_same_numbers(
        folder):
    statuses, texts = run(folder, "whole", {})
    assert statuses == [0, 0], texts
    statuses, texts = run(folder, "killed", {"SIGKILL": "13"})
    # The second, told of no step, is not killed but left alone.
    assert statuses == [-9, 1]
    assert "another worker is gone: start all" in texts[1], texts[1]
    statuses, texts = run(folder, "killed", {})
    assert statuses == [0, 0], texts
    assert "going on after step 12, in epoch 2" in texts[0]
    assert not (folder / "nobody").exists()
    values, epochs = [], []
    for name in ("whole", "killed"):
        document = json.loads((folder / name / "run.json").read_text())
        assert document["strategy"]["workers"] == 2
        epochs.append([(epoch["loss"], epoch["validation_loss"])
                       for epoch in document["epochs"]])
        values.append(checkpoints.load(checkpoints.newest(
            str(folder / name / "checkpoints")))[0])
    assert epochs[0] == epochs[1]
    for one, other in zip(*values, strict=True):
        np.testing.assert_array_equal(one, other)
