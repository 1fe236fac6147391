"""Our own layers against plain NumPy, eagerly and in graphs."""

import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import json  # noqa: E402
import subprocess  # noqa: E402
import sys  # noqa: E402

import keras  # noqa: E402
import numpy as np  # noqa: E402
import pytest  # noqa: E402
import tensorflow as tf  # noqa: E402

from model import layers  # noqa: E402
from tests import our_layers_trained  # noqa: E402

REFERENCE = (0.0, 0.2, 0.9, 1.0)
ALL = [layers.Normalise("percentile"),
       layers.Normalise("reference", REFERENCE),
       layers.Slice(2, 3),
       layers.LocalResponseNormalisation(radius=1, bias=1.5),
       layers.SynchronisedBatchNormalisation(momentum=0.9, epsilon=1e-5)]


def run(layer, values, graph):
    return (tf.function(layer) if graph else layer)(tf.constant(values))


def local_response_normalised(values, radius, bias, alpha, beta):
    result = np.empty(values.shape)
    for channel in range(values.shape[-1]):
        near = values[..., max(0, channel - radius):channel + radius + 1]
        result[..., channel] = values[..., channel] / (
            bias + alpha * (near.astype(np.float64) ** 2).sum(-1)) ** beta
    return result


@pytest.mark.parametrize("graph", [False, True])
@pytest.mark.parametrize("dtype, tolerance", [
    ("float32", 1e-5), ("float64", 1e-12), ("float16", 2e-3)])
def test_local_responses_are_divided_by_their_neighbours(dtype, tolerance,
                                                         graph):
    # Squares beyond what float16 holds.
    values = np.random.default_rng(0).normal(0, 400, (2, 3, 4, 9)).astype(
        dtype)
    layer = layers.LocalResponseNormalisation(dtype=dtype)
    found = run(layer, values, graph)
    assert found.dtype == dtype
    np.testing.assert_allclose(
        found, local_response_normalised(values, 2, 2, 1e-4, 0.75),
        rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("graph", [False, True])
def test_slices_part_the_channels(graph):
    values = np.random.default_rng(0).normal(0, 1, (2, 3, 4, 6)).astype(
        np.float32)
    parts = [run(layers.Slice(start, 3), values, graph) for start in (0, 3)]
    np.testing.assert_array_equal(np.concatenate(parts, axis=-1), values)


def test_a_slice_beyond_the_channels_is_refused():
    with pytest.raises(ValueError, match="channel 7 of 6"):
        layers.Slice(4, 3)(keras.Input((3, 4, 6)))


@pytest.mark.parametrize("graph", [False, True])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_stored_images_are_cast_and_normalised(dtype, graph):
    images = np.random.default_rng(0).integers(0, 65536, (3, 8, 9, 1)).astype(
        np.uint16)
    images[1] = 0
    found = run(layers.Normalise(dtype=dtype), images, graph)
    assert found.dtype == dtype
    largest = np.maximum(images.max((1, 2, 3), keepdims=True), 1)
    np.testing.assert_allclose(found, images / largest, rtol=1e-6)


@pytest.mark.parametrize("arguments, message", [
    (("sepia",), "'sepia' is none of max"),
    (("reference",), "needs the quantiles"),
    (("max", REFERENCE), "takes no reference")])
def test_normalisation_that_cannot_be_is_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        layers.Normalise(*arguments)


@pytest.mark.parametrize("layer", ALL,
                         ids=lambda layer: type(layer).__name__)
def test_layer_survives_its_configuration_as_json(layer):
    text = json.dumps(keras.saving.serialize_keras_object(layer))
    copy = keras.saving.deserialize_keras_object(json.loads(text))
    assert type(copy) is type(layer)
    assert copy.get_config() == layer.get_config()


@pytest.mark.parametrize("layer", ALL,
                         ids=lambda layer: type(layer).__name__)
def test_layer_is_registered_under_the_project_s_name(layer):
    name = keras.saving.get_registered_name(type(layer))
    assert name == f"mammoflow>{type(layer).__name__}"


@pytest.mark.parametrize("layer", ALL,
                         ids=lambda layer: type(layer).__name__)
def test_symbolic_shape_is_the_real_one(layer):
    symbolic = layer(keras.Input((8, 9, 6), dtype="uint16" if isinstance(
        layer, layers.Normalise) else "float32"))
    values = np.ones((2, 8, 9, 6), symbolic.dtype)
    if isinstance(layer, layers.Normalise):
        values = values.astype(np.uint16)
    found = layer(values)
    assert found.shape[1:] == symbolic.shape[1:]
    assert keras.backend.standardize_dtype(found.dtype) == symbolic.dtype


@pytest.mark.parametrize("training", [False, True])
def test_synchronised_moments_on_one_device_are_keras_s(training):
    values = np.random.default_rng(0).normal(3, 2, (5, 4, 3, 6))
    keras_s = keras.layers.BatchNormalization(dtype="float64")
    ours = layers.SynchronisedBatchNormalisation(dtype="float64")
    for _ in range(3):
        expected = keras_s(tf.constant(values), training=training)
        found = ours(tf.constant(values), training=training)
        np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-12)
    for mine, theirs in zip(ours.get_weights(), keras_s.get_weights()):
        np.testing.assert_allclose(mine, theirs, rtol=1e-12)


def trained(devices):
    """In a process of its own: devices are divided up before all else."""
    result = subprocess.run(
        [sys.executable, "-m", our_layers_trained.__name__, str(devices)],
        capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    return json.loads(result.stdout.splitlines()[-1])


def test_two_devices_train_our_layers_as_one_does():
    one, two = trained(1), trained(2)
    np.testing.assert_allclose(two["losses"], one["losses"], rtol=1e-10)
    for first, second in zip(one["weights"], two["weights"]):
        np.testing.assert_allclose(second, first, rtol=1e-8, atol=1e-10)
