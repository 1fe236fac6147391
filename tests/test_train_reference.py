"""Training with --normalisation=reference: what is kept with the model."""

import json
import pathlib
import subprocess
import sys

import numpy as np
import pytest

from model import index as indices
from model import normalisation
from model import reading
from model import runs
from model import scoring
from pipelines import plan
from pipelines import recipe
from pipelines.geometry import Variant
from tests import archive
from tests import builds

pytestmark = pytest.mark.slow

TRAIN = pathlib.Path(__file__).parents[1] / "model/train.py"
VARIANT = Variant.parse("resize:96x96")


def test_the_histogram_of_the_images_trained_on_is_part_of_the_model(
        tmp_path, monkeypatch):
    monkeypatch.chdir(archive.write(tmp_path, 10))
    status, told = builds.run(builds.config(
        "records", rules=plan.PlanRules(fractions=(0.5, 0.25, 0.25)),
        recipe=recipe.Recipe(variants=(VARIANT,))))
    assert status == 0, told
    done = subprocess.run(
        [sys.executable, str(TRAIN), "--records=records", "--run_dir=run",
         "--arch=alexnet", "--input=96x96", "--label=view", "--epochs=1",
         "--batch_size=8", "--learning_rate=1e-5",
         "--normalisation=reference"],
        capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    index = indices.load("records", VARIANT, "train", "view")
    expected = normalisation.reference_table(
        [reading.read(index, np.arange(len(index)))])
    kept = json.loads(pathlib.Path("run/run.json").read_text())["network"]
    assert kept["reference"] == pytest.approx(expected)
    layer, = (layer for layer in scoring.load_model(
        runs.load_run("run")).layers if hasattr(layer, "reference"))
    assert layer.method == "reference"
    assert list(layer.reference) == kept["reference"]
