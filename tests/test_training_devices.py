"""Several devices learn what one learns; the choices that touch them."""

import json
import os
import subprocess
import sys

import numpy as np
import pytest

from tests import trainees

pytestmark = pytest.mark.slow


def run(tmp_path, **options):
    """What `tests.trainees` printed, and the weights it ended with."""
    root = os.path.dirname(os.path.dirname(trainees.__file__))
    weights = str(tmp_path / f"{len(os.listdir(tmp_path))}.npz")
    done = subprocess.run(
        [sys.executable, "-m", "tests.trainees",
         json.dumps({"weights": weights, **options})],
        cwd=root, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    with np.load(weights) as arrays:
        return (json.loads(done.stdout.splitlines()[-1]),
                [arrays[name] for name in arrays.files])


def difference(found, expected):
    return max(np.abs(one - other).max()
               for one, other in zip(found, expected, strict=True))


@pytest.mark.parametrize("descent", [
    {}, {"optimizer": "adamw", "learning_rate": 1e-3, "weight_decay": 0.1,
         "schedule": "cosine", "warmup_steps": 3}])
def test_two_devices_equal_one_after_ten_steps(tmp_path, descent):
    words = {"network": "plain", "steps": 10, "descent": descent}
    one, expected = run(tmp_path, devices=1, **words)
    two, found = run(tmp_path, devices=2, **words)
    assert difference(found, expected) < 1e-6
    assert np.allclose(one["losses"], two["losses"], atol=1e-6)
    assert two["validation_loss"] == pytest.approx(one["validation_loss"])


@pytest.mark.slow
def test_two_devices_equal_one_for_a_resnet_with_synchronised_moments(
        tmp_path):
    words = {"network": "resnet", "steps": 3}
    _, expected = run(tmp_path, devices=1, **words)
    _, found = run(tmp_path, devices=2, **words)
    size = np.sqrt(sum(np.square(value).sum() for value in expected))
    away = np.sqrt(sum(np.square(one - other).sum()
                       for one, other in zip(found, expected, strict=True)))
    assert found[0].dtype == np.float64
    assert 0 < away / size < 1e-8


def test_compiled_by_xla_two_devices_equal_one(tmp_path):
    _, expected = run(tmp_path, devices=1, network="plain", steps=4)
    _, found = run(tmp_path, devices=2, network="plain", steps=4, xla=True)
    assert difference(found, expected) < 1e-5


def test_float16_trains_on_two_devices(tmp_path):
    one, _ = run(tmp_path, devices=1, network="plain", steps=4)
    two, _ = run(tmp_path, devices=2, network="plain", steps=4, mixed=True)
    assert np.allclose(one["losses"], two["losses"], rtol=0.02)


def test_devices_drop_different_units(tmp_path):
    options = {"network": "plain", "steps": 2, "dropout": 0.5}
    one, _ = run(tmp_path, devices=1, **options)
    two, _ = run(tmp_path, devices=2, **options)
    assert one["losses"] != two["losses"]
