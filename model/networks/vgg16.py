"""VGG16, Simonyan and Zisserman 2014, dense layers included.

The first of these grows with the input as AlexNet's does.
"""

import keras

from model.architectures import NetworkOptions
from model.networks import head


def body(images: keras.KerasTensor,
         options: NetworkOptions) -> keras.KerasTensor:
    """From [batch, height, width, 1] to logits [batch, classes]."""
    features = keras.applications.VGG16(
        include_top=False, weights=None, input_tensor=images,
        input_shape=images.shape[1:]).output
    features = keras.layers.Flatten(name="flatten")(features)
    # build.py gives the hidden layers, these too, the activation asked for.
    return head.dense_logits(features, options, "relu")
