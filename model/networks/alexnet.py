"""AlexNet as Krizhevsky et al. 2012 have it, for one grey channel.

Local responses are normalised after pooling, second, fourth and fifth
convolutions are split in two, and the fifth has 5 x 5 kernels on a padding of
1 and so loses two pixels at each side.
"""

import keras

from model import layers
from model.architectures import NetworkOptions
from model.networks import head


def body(images: keras.KerasTensor,
         options: NetworkOptions) -> keras.KerasTensor:
    """From [batch, height, width, 1] to logits [batch, classes]."""
    activation = options.activation
    x = keras.layers.ZeroPadding2D(2, name="pad1")(images)
    x = keras.layers.Conv2D(96, 11, strides=4, activation=activation,
                            name="conv1")(x)
    x = _pool(x, 1)
    x = layers.LocalResponseNormalisation(name="norm1")(x)
    x = keras.layers.ZeroPadding2D(2, name="pad2")(x)
    x = _split(x, 2, filters=256, kernel=5, activation=activation)
    x = _pool(x, 2)
    x = layers.LocalResponseNormalisation(name="norm2")(x)
    x = keras.layers.ZeroPadding2D(1, name="pad3")(x)
    x = keras.layers.Conv2D(384, 3, activation=activation, name="conv3")(x)
    x = keras.layers.ZeroPadding2D(1, name="pad4")(x)
    x = _split(x, 4, filters=384, kernel=3, activation=activation)
    x = keras.layers.ZeroPadding2D(1, name="pad5")(x)
    x = _split(x, 5, filters=256, kernel=5, activation=activation)
    x = _pool(x, 5)
    x = keras.layers.Flatten(name="flatten")(x)
    return head.dense_logits(x, options, activation)


def _pool(x: keras.KerasTensor, number: int) -> keras.KerasTensor:
    return keras.layers.MaxPooling2D(3, strides=2, name=f"pool{number}")(x)


def _split(x: keras.KerasTensor, number: int, filters: int, kernel: int,
           activation: str) -> keras.KerasTensor:
    """Two convolutions, each of half the channels to half the filters."""
    size = x.shape[-1] // 2
    halves = []
    for half in (1, 2):
        part = layers.Slice((half - 1) * size, size,
                            name=f"slice{number}_{half}")(x)
        halves.append(keras.layers.Conv2D(
            filters // 2, kernel, activation=activation,
            name=f"conv{number}_{half}")(part))
    return keras.layers.Concatenate(name=f"concatenate{number}")(halves)
