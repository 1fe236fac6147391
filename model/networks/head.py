"""The ends of the networks: from features to logits."""

import keras

from model.architectures import NetworkOptions


def logits(features: keras.KerasTensor,
           options: NetworkOptions) -> keras.KerasTensor:
    """Dropout, if any, and one dense layer: [batch, n] to [batch, classes]."""
    if options.dropout_rate:
        features = keras.layers.Dropout(options.dropout_rate,
                                        name="dropout")(features)
    return keras.layers.Dense(options.classes, name="logits")(features)


def dense_logits(features: keras.KerasTensor, options: NetworkOptions,
                 activation: str) -> keras.KerasTensor:
    """Two dense layers of 4,096, each with dropout, and a third."""
    for number in (1, 2):
        features = keras.layers.Dense(4096, activation=activation,
                                      name=f"dense{number}")(features)
        if options.dropout_rate:
            features = keras.layers.Dropout(
                options.dropout_rate, name=f"dropout{number}")(features)
    return keras.layers.Dense(options.classes, name="logits")(features)
