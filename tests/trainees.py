"""A process that trains on some devices, and tells what became of it.

    python -m tests.trainees '{"devices": 2, "network": "plain", "steps": 10}'

Devices must be divided up before TensorFlow's first operation, so each case
is a process of its own. Prints JSON: the losses, and where to find the
weights.
"""

import json
import sys

import numpy as np

BATCH = 8


def plain(keras, options):
    """No batch normalisation."""
    image = keras.Input((32, 32, 1), dtype="uint16")
    x = keras.layers.Rescaling(1 / 4096)(image)
    x = keras.layers.Conv2D(4, 3, strides=2, activation="relu")(x)
    x = keras.layers.Flatten()(x)
    if options.get("dropout"):
        x = keras.layers.Dropout(options["dropout"], seed=1)(x)
    return keras.Model(image, keras.layers.Dense(2, activation="softmax")(x))


def resnet(keras, options):
    """The real one, with synchronised moments, in float64."""
    from model import architectures
    from model.networks import build
    from pipelines import geometry

    keras.config.set_dtype_policy("float64")
    return build.build(architectures.NetworkOptions(
        "resnet", geometry.Size(32, 32), sync_batch_norm=True))


def examples(steps):
    """Batches of one size, the same in every process."""
    numbers = np.random.default_rng(0)
    count = steps * BATCH
    return {"image": numbers.integers(
                0, 4096, (count, 32, 32, 1)).astype(np.uint16),
            "label": numbers.integers(0, 2, count),
            "weight": numbers.uniform(0.5, 1.5, count).astype(np.float32),
            "row": np.arange(count)}


def train(options):
    """Trains as `options` say; returns the trainer and its losses."""
    import keras
    import tensorflow as tf

    from model import losses
    from model import schedules
    from model import settings
    from model import strategies
    from model import training

    workers = strategies.Workers()
    strategy = strategies.make("cpu", options["devices"], workers)
    keras.utils.set_random_seed(1)
    if options.get("mixed"):
        keras.mixed_precision.set_global_policy("mixed_float16")
    steps = options["steps"]
    with strategy.scope():
        model = {"plain": plain, "resnet": resnet}[options["network"]](
            keras, options)
        optimizer = schedules.make_optimizer(
            settings.Descent(**options.get("descent", {})), steps,
            loss_scale=options.get("mixed", False))
    data = examples(steps)
    learner = training.Learner(
        model, optimizer, losses.categorical_crossentropy, strategy, BATCH,
        workers, xla=options.get("xla", False))
    found = []
    trainer = training.Trainer(learner, training.Data(
        lambda epoch, skip: tf.data.Dataset.from_tensor_slices(data).batch(
            BATCH).skip(skip),
        steps, steps * BATCH,
        lambda: tf.data.Dataset.from_tensor_slices(data).batch(
            BATCH, drop_remainder=True),
        data["label"]), training.Hooks(
            on_step=lambda state, loss: found.append(loss)))
    trainer.train(1)
    return trainer, learner, found


def main(text):
    options = json.loads(text)
    trainer, learner, found = train(options)
    if "weights" in options:
        np.savez(options["weights"], *[
            variable.numpy() for variable in learner.model.variables])
    print(json.dumps({"losses": found, **trainer.state.epochs[0]}))


if __name__ == "__main__":
    main(sys.argv[1])
