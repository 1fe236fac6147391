"""A training that is killed goes on as if nothing had happened."""

import contextlib
import json

import numpy as np
import pytest

from model import checkpoints
from pipelines import geometry
from pipelines import recipe
from tests import archive
from tests import builds
from tests import tiny_network

pytestmark = pytest.mark.slow

# 68 images to train on: nine steps an epoch.
WORDS = ("--records=records", "--input=48x64", "--label=view",
         "--batch_size=8", "--epochs=3", "--deterministic",
         "--augment=default", "--momentum=0.9", "--schedule=cosine",
         "--warmup_steps=5")
# What depends on the clock.
CLOCK = ("seconds", "images_per_second", "waiting")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A data set, and an undisturbed run."""
    made = archive.write(tmp_path_factory.mktemp("resume"), 20)
    with contextlib.chdir(made):
        builds.run(builds.config("records", recipe=(
            recipe.Recipe((geometry.Variant.parse("resize:48x64"),)))))
    done = tiny_network.run(*WORDS, "--run_dir=whole", cwd=made)
    assert done.returncode == 0, done.stderr
    return made


def result(path):
    """The last checkpoint's variables, and the epochs without the clock."""
    values, _ = checkpoints.load(checkpoints.newest(str(path / "checkpoints")))
    document = json.loads((path / "run.json").read_text())
    assert document["status"] == "finished"
    return values, [{name: value for name, value in epoch.items()
                     if name not in CLOCK} for epoch in document["epochs"]]


def assert_equal(path, other):
    found, expected = result(path), result(other)
    assert found[1] == expected[1]
    for one, another in zip(found[0], expected[0], strict=True):
        np.testing.assert_array_equal(one, another)


@pytest.mark.parametrize("step, words", [
    # Before any checkpoint; in the second epoch.
    (3, ()), (14, ("--checkpoint_steps=4",)),
])
def test_killed_and_started_again_it_ends_with_the_same_numbers(
        folder, step, words):
    where = f"--run_dir=killed-{step}"
    done = tiny_network.run(*WORDS, *words, where, cwd=folder,
                            environment={"SIGKILL": str(step)})
    assert done.returncode == -9
    done = tiny_network.run(*WORDS, *words, where, cwd=folder)
    assert done.returncode == 0, done.stderr
    assert_equal(folder / f"killed-{step}", folder / "whole")


def test_interrupted_it_keeps_the_step_and_goes_on(folder):
    done = tiny_network.run(*WORDS, "--run_dir=interrupted", cwd=folder,
                            environment={"SIGINT": "13"})
    assert done.returncode == 130
    assert "goes on where it stopped" in done.stderr
    done = tiny_network.run(*WORDS, "--run_dir=interrupted", cwd=folder)
    assert done.returncode == 0, done.stderr
    assert "going on after step 13, in epoch 2" in done.stderr
    assert_equal(folder / "interrupted", folder / "whole")


def test_a_finished_run_has_nothing_left_to_do(folder):
    done = tiny_network.run(*WORDS, "--run_dir=whole", cwd=folder)
    assert done.returncode == 0
    assert "nothing is left to do" in done.stderr


def test_more_epochs_go_on_from_the_last(folder):
    words = (*(word for word in WORDS if "schedule" not in word and
               "epochs" not in word), "--run_dir=more")
    assert tiny_network.run(*words, "--epochs=1",
                            cwd=folder).returncode == 0
    done = tiny_network.run(*words, "--epochs=2", cwd=folder)
    assert done.returncode == 0, done.stderr
    assert "going on after step 9, in epoch 2" in done.stderr
    assert len(result(folder / "more")[1]) == 2
