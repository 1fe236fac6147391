"""Runs as training leaves them, without training, and records for them."""

import json
import os
import pathlib

from model import runs
from pipelines import plan
from pipelines import recipe as recipes
from pipelines.geometry import Variant
from tests import archive
from tests import builds

VARIANT = Variant.parse("resize:48x64")
# Many patients to validate and to test on.
RULES = plan.PlanRules(fractions=(0.2, 0.4, 0.4))


def records(folder: pathlib.Path, patients: int = 30,
            output: str = "data/records", **changes) -> None:
    """Builds small records; the current folder must be the folder."""
    if not (folder / "labels.csv").exists():
        archive.write(folder, patients)
    status, told = builds.run(builds.config(
        output, rules=RULES,
        recipe=recipes.Recipe(variants=(VARIANT,), **changes)))
    assert status == 0, told


def document(name: str = "tiny-48x64", label: str = "cancer",
             **changes) -> dict:
    """A run.json of two epochs, of which the first was the better."""
    epochs = [{
        "epoch": number, "step": 10 * number, "loss": 0.5, "accuracy": 0.8,
        "validation_loss": loss, "auc": 0.7, "specificity": 0.3,
        "threshold": 0.1, "learning_rate": 0.01, "seconds": 2475.0 + number,
        "images_per_second": 10.0, "waiting": 0.01, "best": number == 1,
    } for number, loss in ((1, 0.4), (2, 0.6))]
    return {
        "format": runs.FORMAT, "version": runs.VERSION, "name": name,
        "network": {"arch": "tiny"}, "training": {"where": None},
        "label": label,
        "recipe": recipes.Recipe(variants=(VARIANT,)).to_json(),
        "records": {}, "versions": {"keras": "3.15.1"}, "git": None,
        "strategy": {}, "parameters": 23_532_418, "file_bytes": 189_792_256,
        "epochs": epochs, "status": "finished",
        "started": "2026-01-01T00:00:00+00:00", **changes}


def write(folder: pathlib.Path, values: dict, steepness: float = 0.0) -> str:
    """Writes a run; its model scores images by their mean, if it has one.

    Args:
      folder: Of the run.
      values: run.json.
      steepness: Of the logistic function; 0: an empty file for a model.

    Returns:
      The folder.
    """
    folder.mkdir(parents=True)
    (folder / "run.json").write_text(json.dumps(values))
    model = folder / "model.keras"
    if steepness:
        _save_model(model, steepness)
    else:
        model.touch()
    return str(folder)


def _save_model(path: pathlib.Path, steepness: float) -> None:
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    import keras
    import numpy as np

    image = keras.Input(VARIANT.size.shape, dtype="uint16", name="image")
    mean = keras.layers.GlobalAveragePooling2D()(
        keras.layers.Rescaling(1 / 1000)(image))
    dense = keras.layers.Dense(2, activation="softmax")
    model = keras.Model(image, dense(mean))
    dense.set_weights([np.array([[0, steepness]], np.float32),
                       np.zeros(2, np.float32)])
    model.save(path)
