"""Losses by example: one number for each image of a batch.

The training loop weights them, sums them over a replica and divides by the
global batch. Labels are int64 [batch], probabilities [batch, classes]; the
losses are [batch], of the probabilities' type.
"""

import tensorflow as tf

# Far below any probability that matters, and far enough above the smallest
# float32 that the gradient, its inverse, is finite.
_EPSILON = 1e-30


def categorical_crossentropy(labels: tf.Tensor,
                             probabilities: tf.Tensor) -> tf.Tensor:
    """`-log p` of the right class.

    Keras clips at 1e-7, below which an image that is badly wrong has no
    gradient any more; here it has one down to 1e-30.
    """
    right = tf.reduce_sum(
        probabilities * _one_hot(labels, probabilities), axis=-1)
    return -tf.math.log(tf.maximum(right, _EPSILON))


def squared_error(labels: tf.Tensor, probabilities: tf.Tensor) -> tf.Tensor:
    """Half the sum over the classes of `(target - p)^2`, as in the thesis."""
    errors = _one_hot(labels, probabilities) - probabilities
    return 0.5 * tf.reduce_sum(tf.square(errors), axis=-1)


def _one_hot(labels: tf.Tensor, probabilities: tf.Tensor) -> tf.Tensor:
    return tf.one_hot(labels, probabilities.shape[-1],
                      dtype=probabilities.dtype)


LOSSES = {
    "categorical_crossentropy": categorical_crossentropy,
    "squared_error": squared_error,
}
