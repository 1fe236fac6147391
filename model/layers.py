"""The layers that Keras does not have.

All are registered, so that a saved network loads wherever this module has
been imported.
"""

from typing import Any

import keras
import tensorflow as tf

from model import architectures, normalisation

_register = keras.saving.register_keras_serializable(package="mammoflow")


@_register
class Normalise(keras.layers.Layer):
    """Casts stored images from uint16 and normalises their contrast.

    The first layer of every network: uint16 [batch, height, width, 1] to
    floating. Give it `dtype="float32"` under mixed precision, as a float16
    has too few digits for what an image holds.

    Args:
      method: One of NORMALISATIONS; see `model.normalisation.normalise`.
      reference: The quantiles that `reference` needs.
    """

    def __init__(self, method: str = "max",
                 reference: tuple[float, ...] | None = None, **kwargs: Any):
        super().__init__(**kwargs)
        self.method = method
        self.reference = None if reference is None else tuple(reference)
        if method not in architectures.NORMALISATIONS:
            raise ValueError(
                f"normalisation {method!r} is none of "
                f"{', '.join(architectures.NORMALISATIONS)}")
        architectures.check_reference(method, self.reference)

    def call(self, images: tf.Tensor) -> tf.Tensor:
        return normalisation.normalise(images, self.method, self.reference,
                                       self.compute_dtype)

    def compute_output_shape(self, input_shape: tuple) -> tuple:
        return input_shape

    def get_config(self) -> dict[str, Any]:
        reference = None if self.reference is None else list(self.reference)
        return super().get_config() | {"method": self.method,
                                       "reference": reference}


@_register
class Slice(keras.layers.Layer):
    """Channels `start` to `start + size` of [batch, height, width, channels].

    With two of these, two convolutions and a concatenation a layer is split
    as AlexNet splits it. (A grouped convolution says the same and trains
    three times slower on a CPU.)
    """

    def __init__(self, start: int, size: int, **kwargs: Any):
        super().__init__(**kwargs)
        self.start, self.size = start, size

    def call(self, inputs: tf.Tensor) -> tf.Tensor:
        return inputs[..., self.start:self.start + self.size]

    def compute_output_shape(self, input_shape: tuple) -> tuple:
        if input_shape[-1] < self.start + self.size:
            raise ValueError(
                f"a slice up to channel {self.start + self.size} of "
                f"{input_shape[-1]} channels")
        return (*input_shape[:-1], self.size)

    def get_config(self) -> dict[str, Any]:
        return super().get_config() | {"start": self.start, "size": self.size}


@_register
class LocalResponseNormalisation(keras.layers.Layer):
    """Divides each response by those of its neighbouring channels.

    `x / (bias + alpha * sum of x^2 over 2 * radius + 1 channels) ^ beta`, the
    defaults as in Krizhevsky et al. 2012, section 3.3 (k, alpha, n, beta).
    Never in half precision, where squares overflow from 256 on.
    """

    def __init__(self, radius: int = 2, bias: float = 2.0,
                 alpha: float = 1e-4, beta: float = 0.75, **kwargs: Any):
        super().__init__(**kwargs)
        self.radius, self.bias = radius, bias
        self.alpha, self.beta = alpha, beta

    def call(self, inputs: tf.Tensor) -> tf.Tensor:
        if inputs.dtype == tf.float64:  # which TensorFlow's own has not
            return self._in_steps(inputs)
        # Training takes a third of the time that the steps take.
        result = tf.nn.local_response_normalization(
            tf.cast(inputs, tf.float32), self.radius, self.bias, self.alpha,
            self.beta)
        return tf.cast(result, inputs.dtype)

    def _in_steps(self, inputs: tf.Tensor) -> tf.Tensor:
        channels = inputs.shape[-1]
        squares = tf.pad(tf.square(inputs), [[0, 0], [0, 0], [0, 0],
                                             [self.radius, self.radius]])
        sums = tf.add_n([squares[..., i:i + channels]
                         for i in range(2 * self.radius + 1)])
        return inputs * (self.bias + self.alpha * sums) ** -self.beta

    def compute_output_shape(self, input_shape: tuple) -> tuple:
        return input_shape

    def get_config(self) -> dict[str, Any]:
        return super().get_config() | {
            "radius": self.radius, "bias": self.bias, "alpha": self.alpha,
            "beta": self.beta}


@_register
class SynchronisedBatchNormalisation(keras.layers.BatchNormalization):
    """Batch normalisation with moments over all devices.

    As Keras's with `synchronized=True`, of the same weights, but with one sum
    over the devices in place of three, and none through which TensorFlow
    would search the whole graph for variables: a ResNet50 for two devices
    took over five minutes to trace.
    """

    def __init__(self, **kwargs: Any):
        kwargs["synchronized"] = True
        super().__init__(**kwargs)

    def _moments(self, inputs: tf.Tensor,
                 mask: tf.Tensor | None) -> tuple[tf.Tensor, tf.Tensor]:
        del mask  # networks of images have none
        axes = self._reduction_axes
        count = tf.cast(tf.size(inputs) // inputs.shape[self.axis],
                        inputs.dtype)
        sums = tf.stack([
            tf.reduce_sum(inputs, axes), tf.reduce_sum(inputs ** 2, axes),
            tf.fill([inputs.shape[self.axis]], count)])
        if tf.distribute.in_cross_replica_context():
            total = sums
        else:
            total = _sum_over_replicas(sums)
        mean, square = total[0] / total[2], total[1] / total[2]
        return mean, tf.maximum(square - mean ** 2, 0)


@tf.custom_gradient
def _sum_over_replicas(value: tf.Tensor) -> tuple[tf.Tensor, Any]:
    """The sum over all devices; its gradient is the sum of theirs."""
    # The gradient is given here, so nothing needs to look beyond this point.
    total = tf.distribute.get_replica_context().all_reduce(
        tf.distribute.ReduceOp.SUM, tf.stop_gradient(value))
    return total, _sum_over_replicas
