"""A process that trains a network of our own layers on some devices.

    python -m tests.our_layers_trained 2

Prints JSON: the losses and, flattened, the weights.
"""

import json
import os
import sys

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras  # noqa: E402
import numpy as np  # noqa: E402
import tensorflow as tf  # noqa: E402

from model import augmentation, layers, losses  # noqa: E402
from model.architectures import Augmentation  # noqa: E402

BATCH, STEPS = 8, 3


def network():
    image = keras.Input((16, 16, 1), dtype="uint16")
    x = layers.Normalise("reference", (0.1, 0.4, 1.0))(image)
    x = keras.layers.Conv2D(6, 3)(x)
    x = layers.SynchronisedBatchNormalisation()(x)
    x = keras.layers.Activation("relu")(x)
    x = layers.LocalResponseNormalisation()(x)
    x = keras.layers.Concatenate()([layers.Slice(3, 3)(x),
                                    layers.Slice(0, 3)(x)])
    x = keras.layers.Conv2D(4, 3)(x)
    x = layers.SynchronisedBatchNormalisation()(x)
    x = keras.layers.GlobalAveragePooling2D()(x)
    return keras.Model(image, keras.layers.Dense(2, activation="softmax")(x))


def strategy_for(devices):
    tf.config.set_logical_device_configuration(
        tf.config.list_physical_devices("CPU")[0],
        [tf.config.LogicalDeviceConfiguration()] * devices)
    if devices == 1:
        return tf.distribute.get_strategy()
    return tf.distribute.MirroredStrategy(
        [f"CPU:{number}" for number in range(devices)],
        cross_device_ops=tf.distribute.ReductionToOneDevice())


def main(devices):
    keras.config.set_dtype_policy("float64")
    keras.utils.set_random_seed(1)
    strategy = strategy_for(devices)
    with strategy.scope():
        model = network()
        optimizer = keras.optimizers.SGD(0.5)
        optimizer.build(model.trainable_variables)

    def on_replica(images, labels):
        # Next to nothing: what replicas draw differs from one device's.
        images = augmentation.augment(
            images, Augmentation(0, 0, 1e-9, 0, 0), tf.constant([1, 2]),
            tf.distribute.get_replica_context().replica_id_in_sync_group)
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum(losses.categorical_crossentropy(
                labels, model(images, training=True))) / BATCH
        optimizer.apply_gradients(zip(
            tape.gradient(loss, model.trainable_variables),
            model.trainable_variables))
        return loss

    @tf.function
    def step(images, labels):
        return strategy.reduce(
            "SUM", strategy.run(on_replica, args=(images, labels)), axis=None)

    random = np.random.default_rng(0)
    data = tf.data.Dataset.from_tensor_slices((
        random.integers(0, 4096, (BATCH * STEPS, 16, 16, 1)).astype(np.uint16),
        random.integers(0, 2, BATCH * STEPS))).batch(BATCH)
    found = [float(step(images, labels)) for images, labels in
             strategy.experimental_distribute_dataset(data)]
    print(json.dumps({"losses": found, "weights": [
        weight.ravel().tolist() for weight in model.get_weights()]}))


if __name__ == "__main__":
    main(int(sys.argv[1]))
