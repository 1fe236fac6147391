"""DenseNet121, Huang et al. 2016."""

import keras

from model.architectures import NetworkOptions
from model.networks import head


def body(images: keras.KerasTensor,
         options: NetworkOptions) -> keras.KerasTensor:
    """From [batch, height, width, 1] to logits [batch, classes]."""
    features = keras.applications.DenseNet121(
        include_top=False, weights=None, input_tensor=images,
        input_shape=images.shape[1:], pooling="avg").output
    return head.logits(features, options)
