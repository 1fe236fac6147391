"""ResNet50, He et al. 2015, with each stage's stride on its first 1 x 1."""

import keras

from model.architectures import NetworkOptions
from model.networks import head


def body(images: keras.KerasTensor,
         options: NetworkOptions) -> keras.KerasTensor:
    """From [batch, height, width, 1] to logits [batch, classes]."""
    features = keras.applications.ResNet50(
        include_top=False, weights=None, input_tensor=images,
        input_shape=images.shape[1:], pooling="avg").output
    return head.logits(features, options)
