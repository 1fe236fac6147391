"""ConvNeXt-Tiny, Liu et al. 2022."""

import keras

from model.architectures import NetworkOptions
from model.networks import head


def body(images: keras.KerasTensor,
         options: NetworkOptions) -> keras.KerasTensor:
    """From [batch, height, width, 1] to logits [batch, classes]."""
    features = keras.applications.ConvNeXtTiny(
        include_top=False, weights=None, input_tensor=images,
        input_shape=images.shape[1:], pooling="avg",
        include_preprocessing=False).output
    return head.logits(features, options)
