"""Builds a network from its options."""

import contextlib
import random
from collections.abc import Callable, Iterator

import keras

from model import architectures, layers
from model.architectures import NetworkOptions
from model.networks import (alexnet, convnext_tiny, densenet121,
                            efficientnetv2s, resnet, vgg16)

# From normalised images and options to logits.
BODIES: dict[str, Callable[[keras.KerasTensor, NetworkOptions],
                           keras.KerasTensor]] = {
    "resnet": resnet.body,
    "alexnet": alexnet.body,
    "vgg16": vgg16.body,
    "densenet121": densenet121.body,
    "efficientnetv2s": efficientnetv2s.body,
    "convnext_tiny": convnext_tiny.body,
}


def build(options: NetworkOptions) -> keras.Model:
    """The network, with initial weights that the seed decides.

    Under a mixed-precision policy the images are normalised and the softmax
    is taken in float32; under `float64` all of it is float64.

    Returns:
      From `image`, uint16 [batch, height, width, 1] as records hold it, to
      `probabilities`, float32 [batch, classes]. Its layers lie flat in it
      (but for the strides of ConvNeXt), so that any of them can be looked at.

    Raises:
      RuntimeError: Keras is too old.
    """
    architectures.check_keras_version(keras.__version__)
    policy = keras.config.dtype_policy()
    outer = "float64" if policy.compute_dtype == "float64" else "float32"
    with _seeded(options.seed):
        image = keras.Input(options.size.shape, dtype="uint16", name="image")
        x = layers.Normalise(options.normalisation, options.reference,
                             dtype=outer, name="normalise")(image)
        logits = BODIES[options.arch](x, options)
        probabilities = keras.layers.Activation(
            "softmax", dtype=outer, name="probabilities")(logits)
        network = keras.Model(image, probabilities, name=options.arch)
        return _adapted(network, options)


@contextlib.contextmanager
def _seeded(seed: int) -> Iterator[None]:
    """Makes what Keras draws as default seeds follow from one seed."""
    # Initialisers and dropout without a seed take one from `random`.
    state = random.getstate()
    random.seed(seed)
    try:
        yield
    finally:
        random.setstate(state)


def _adapted(network: keras.Model, options: NetworkOptions) -> keras.Model:
    """With other activations or synchronised moments, of the same weights.

    keras.applications offer neither, so their layers are made anew.
    """
    def adapt(layer: keras.layers.Layer) -> keras.layers.Layer:
        kind, config = type(layer), layer.get_config()
        if config.get("activation") == "relu":
            config["activation"] = options.activation
        if options.sync_batch_norm and kind is keras.layers.BatchNormalization:
            kind = layers.SynchronisedBatchNormalisation
        return kind.from_config(config)

    if options.activation == "relu" and not options.sync_batch_norm:
        return network
    adapted = keras.models.clone_model(network, clone_function=adapt)
    adapted.set_weights(network.get_weights())
    return adapted
