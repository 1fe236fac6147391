"""Every architecture, saved and loaded: here, elsewhere, by another release."""

import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import subprocess  # noqa: E402
import sys  # noqa: E402

import keras  # noqa: E402
import numpy as np  # noqa: E402
import pytest  # noqa: E402

from model import architectures  # noqa: E402
from model.architectures import NetworkOptions  # noqa: E402
from model.networks import build  # noqa: E402
from pipelines.geometry import Size  # noqa: E402

# A Python with another TensorFlow, to carry files from one to the other;
# continuous integration names each lane the other's.
OTHER_PYTHON = os.environ.get("MAMMOFLOW_OTHER_PYTHON")

# The thesis's networks everywhere, the others where there is time.
EACH = pytest.mark.parametrize("arch", [
    pytest.param(arch, marks=() if arch in ("alexnet", "resnet") else
                 pytest.mark.slow) for arch in architectures.ARCHITECTURES])

# Loads the model, then its weights once more, and scores the images.
LOAD = """
import sys, keras, numpy as np, model.layers
network = keras.saving.load_model("model.keras")
images = np.load("images.npy")
np.save("found.npy", [network(images), (
    network.load_weights("model.weights.h5"), network(images))[1]])
"""


def saved(arch, folder, **changes):
    """Saves a network and images, and returns their scores."""
    size = Size(95, 95) if arch == "alexnet" else Size(32, 32)
    network = build.build(NetworkOptions(arch, size, **changes))
    images = np.random.default_rng(0).integers(
        0, 4096, (2, *size.shape)).astype(np.uint16)
    network.save(folder / "model.keras")
    network.save_weights(folder / "model.weights.h5")
    np.save(folder / "images.npy", images)
    return network(images).numpy()


@EACH
def test_a_loaded_network_gives_the_same(arch, tmp_path):
    expected = saved(arch, tmp_path)
    images = np.load(tmp_path / "images.npy")
    network = keras.saving.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(network(images), expected)
    weights = network.get_weights()
    network.set_weights([weight + 1 for weight in weights])
    network.load_weights(tmp_path / "model.weights.h5")
    for found, wanted in zip(network.get_weights(), weights):
        np.testing.assert_array_equal(found, wanted)


def loaded_by(python, folder):
    root = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    result = subprocess.run(
        [python, "-c", LOAD], cwd=folder, capture_output=True, text=True,
        check=False, env=os.environ | {"PYTHONPATH": root})
    assert result.returncode == 0, result.stderr
    return np.load(folder / "found.npy")


def test_a_process_that_knows_our_layers_alone_can_load(tmp_path):
    """In Keras's safe mode, with every layer that Keras does not have."""
    expected = saved("resnet", tmp_path, sync_batch_norm=True,
                     normalisation="reference", reference=(0.1, 0.5, 1.0))
    for found in loaded_by(sys.executable, tmp_path):
        np.testing.assert_array_equal(found, expected)


@pytest.mark.skipif(not OTHER_PYTHON,
                    reason="MAMMOFLOW_OTHER_PYTHON names no other Python")
@EACH
def test_another_tensorflow_loads_it_and_gives_the_same(arch, tmp_path):
    expected = saved(arch, tmp_path)
    for found in loaded_by(OTHER_PYTHON, tmp_path):
        np.testing.assert_allclose(found, expected, atol=1e-5)
