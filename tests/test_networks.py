"""Every architecture: built and run, with every option and precision."""

import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import random  # noqa: E402

import keras  # noqa: E402
import numpy as np  # noqa: E402
import pytest  # noqa: E402

from model import architectures  # noqa: E402
from model.architectures import NetworkOptions  # noqa: E402
from model.networks import build  # noqa: E402
from pipelines.geometry import Size  # noqa: E402

SMALLEST = {"alexnet": Size(95, 95)}

# What keras.applications train with three channels and 1,000 classes, less
# two channels of the first kernel and 998 classes.
PARAMETERS = {
    "resnet": 25_583_592 - 2 * 7 * 7 * 64 - 998 * 2049,
    "densenet121": 7_978_856 - 2 * 7 * 7 * 64 - 998 * 1025,
    "efficientnetv2s": 21_458_488 - 2 * 3 * 3 * 24 - 998 * 1281,
    "convnext_tiny": 28_589_128 - 2 * 4 * 4 * 96 - 998 * 769,
}


def options(arch, **changes):
    size = SMALLEST.get(arch, Size(32, 32))
    return NetworkOptions(**{"arch": arch, "size": size} | changes)


def images(size, count=2):
    return np.random.default_rng(0).integers(
        0, 4096, (count, *size.shape)).astype(np.uint16)


@pytest.fixture(scope="module", params=architectures.ARCHITECTURES)
def network(request):
    return build.build(options(request.param))


def test_there_is_a_network_for_every_name():
    assert set(build.BODIES) == set(architectures.ARCHITECTURES)


def test_takes_what_a_record_holds_and_gives_probabilities(network):
    assert network.input.dtype == "uint16"
    assert network.input.name == "image"
    assert network.output_names == ["probabilities"]
    size = SMALLEST.get(network.name, Size(32, 32))
    assert network.input_shape == (None, *size.shape)
    found = network(images(size)).numpy()
    assert found.shape == (2, 2) and found.dtype == np.float32
    np.testing.assert_allclose(found.sum(axis=1), 1, rtol=1e-5)
    assert len(np.unique(found)) == 4, "two images, two scores"


def test_normalisation_is_the_first_layer(network):
    assert network.layers[1].name == "normalise"
    assert network.layers[1].dtype_policy.compute_dtype == "float32"
    assert not [layer.name for layer in network.layers if isinstance(
        layer, (keras.layers.Rescaling, keras.layers.Normalization))]


def test_has_as_many_parameters_as_keras_counts(network):
    if network.name in PARAMETERS:
        assert sum(np.prod(variable.shape) for variable in
                   network.trainable_variables) == PARAMETERS[network.name]


def test_any_input_size_will_do():
    network = build.build(options("resnet", size=Size(48, 80)))
    assert network(images(Size(48, 80))).shape == (2, 2)


@pytest.mark.parametrize("arch", ["alexnet", "vgg16"])
def test_dense_layers_grow_with_the_input(arch):
    small, large = (build.build(options(arch, size=size)).count_params()
                    for size in (Size(96, 96), Size(128, 128)))
    assert large > small


def test_weights_follow_from_the_seed_alone():
    random.seed(4)
    before = random.getstate()
    first = build.build(options("resnet", seed=3)).get_weights()
    assert random.getstate() == before
    random.seed(5)
    again = build.build(options("resnet", seed=3)).get_weights()
    other = build.build(options("resnet", seed=4)).get_weights()
    for one, two in zip(first, again):
        np.testing.assert_array_equal(one, two)
    assert any((one != two).any() for one, two in zip(first, other))


def activations(network):
    return {layer.activation.__name__ for layer in network.layers
            if hasattr(layer, "activation")} - {"softmax", "linear"}


@pytest.mark.parametrize("arch, activation", [
    ("alexnet", "leaky_relu"), ("resnet", "leaky_relu"), ("resnet", "tanh"),
    ("vgg16", "sigmoid")])
def test_hidden_layers_have_the_activation_asked_for(arch, activation):
    plain = build.build(options(arch))
    network = build.build(options(arch, activation=activation))
    assert activations(plain) == {"relu"}
    assert activations(network) == {activation}
    assert network.count_params() == plain.count_params()
    for one, two in zip(plain.get_weights(), network.get_weights()):
        np.testing.assert_array_equal(one, two)
    assert network.input.dtype == "uint16"


@pytest.mark.parametrize("arch, count", [("resnet", 53), ("alexnet", 0)])
def test_batch_normalisation_is_synchronised_when_asked_for(arch, count):
    network = build.build(options(arch, sync_batch_norm=True))
    found = [layer for layer in network.layers
             if isinstance(layer, keras.layers.BatchNormalization)]
    assert len(found) == count
    assert all(layer.synchronized for layer in found)
    plain = build.build(options(arch))
    pixels = images(Size(*network.input_shape[2:0:-1]))
    np.testing.assert_array_equal(network(pixels), plain(pixels))
    assert [layer.name for layer in network.layers] == [
        layer.name for layer in plain.layers]


@pytest.mark.parametrize("arch, dropout, rates", [
    ("alexnet", None, [0.5, 0.5]), ("alexnet", 0.0, []), ("resnet", None, []),
    ("resnet", 0.25, [0.25]), ("vgg16", 0.1, [0.1, 0.1])])
def test_dropout_is_before_or_after_dense_layers(arch, dropout, rates):
    network = build.build(options(arch, dropout=dropout))
    assert [layer.rate for layer in network.layers
            if isinstance(layer, keras.layers.Dropout)] == rates


@pytest.mark.parametrize("policy, inner, outer", [
    ("mixed_float16", "float16", "float32"),
    ("mixed_bfloat16", "bfloat16", "float32"),
    ("float64", "float64", "float64")])
@pytest.mark.parametrize("arch", ["alexnet", "resnet"])
def test_only_what_is_between_is_in_half_precision(arch, policy, inner, outer):
    keras.config.set_dtype_policy(policy)
    try:
        network = build.build(options(arch))
    finally:
        keras.config.set_dtype_policy("float32")
    dtypes = {layer.name: layer.compute_dtype for layer in network.layers}
    assert dtypes["normalise"] == dtypes["probabilities"] == outer
    assert dtypes["logits"] == inner
    assert network.output.dtype == outer
    found = network(images(SMALLEST.get(arch, Size(32, 32)))).numpy()
    np.testing.assert_allclose(found.astype(float).sum(axis=1), 1, rtol=1e-5)


def test_old_keras_is_refused(monkeypatch):
    monkeypatch.setattr(build.keras, "__version__", "3.9.0")
    with pytest.raises(RuntimeError, match="keras>=3.10"):
        build.build(options("resnet"))
