"""The loop: what it counts, tells, and when it stops."""

import math

import keras
import numpy as np
import pytest
import tensorflow as tf

from model import checkpoints
from model import losses
from model import schedules
from model import settings
from model import strategies
from model import training

IMAGES, BATCH = 20, 8
STEPS = 3


def batches(rows, weight=1.0):
    numbers = np.random.default_rng(0)
    image = numbers.integers(0, 99, (IMAGES, 4, 4, 1)).astype(np.uint16)
    label = (image.mean(axis=(1, 2, 3)) > 50).astype(np.int64)
    rows = np.asarray(rows)
    return tf.data.Dataset.from_tensor_slices({
        "image": image[rows], "label": label[rows], "row": rows,
        "weight": np.full(len(rows), weight, np.float32)}).batch(BATCH), label


def trainer(hooks=training.Hooks(), rate=0.1, checkpoint_steps=0,
            weight=1.0, augment=None, workers=strategies.Workers()):
    """A small network at its beginning, always the same."""
    keras.utils.set_random_seed(3)
    image = keras.Input((4, 4, 1), dtype="uint16")
    x = keras.layers.Flatten()(keras.layers.Rescaling(0.01)(image))
    x = keras.layers.Dropout(0.3, seed=5)(x)
    model = keras.Model(image, keras.layers.Dense(2, activation="softmax")(x))
    optimizer = schedules.make_optimizer(
        settings.Descent(learning_rate=rate, momentum=0.5), 100)

    def batches_of(epoch, skip):
        order = np.random.default_rng(epoch).permutation(IMAGES)
        # The last batch is filled up, as the reader does it.
        order = np.resize(order, STEPS * BATCH)
        dataset, _ = batches(order, weight)
        return dataset.skip(skip)

    learner = training.Learner(
        model, optimizer, losses.categorical_crossentropy,
        tf.distribute.get_strategy(), BATCH, workers, augment)
    _, label = batches(range(IMAGES))
    return training.Trainer(learner, training.Data(
        batches_of, STEPS, IMAGES, lambda: batches(range(IMAGES))[0], label),
        hooks, checkpoint_steps)


def test_figures_are_those_of_the_epoch():
    found = []
    trained = trainer(training.Hooks(
        on_step=lambda state, loss: found.append(loss)))
    assert trained.train(2) == "finished"
    first, second = trained.state.epochs
    assert len(found) == 2 * STEPS
    assert first["loss"] == pytest.approx(sum(found[:STEPS]) * BATCH / IMAGES)
    assert (first["epoch"], second["epoch"]) == (1, 2)
    assert (first["step"], second["step"]) == (STEPS, 2 * STEPS)
    assert first["learning_rate"] == pytest.approx(0.1)
    assert 0 <= first["waiting"] <= 1 and first["seconds"] > 0


def test_a_step_is_plain_gradient_descent():
    """The first step, done by hand."""
    done = {}

    def remember(state, loss):
        done.setdefault("loss", loss)
        done.setdefault("weights", trained._learner.model.get_weights())

    trained = trainer(training.Hooks(on_step=remember), weight=0.5)
    model = trainer()._learner.model
    batch = next(iter(trained._data.batches_of(0, 0)))
    with tf.GradientTape() as tape:
        losses_ = losses.categorical_crossentropy(
            batch["label"], model(batch["image"], training=True))
        loss = 0.5 * tf.reduce_sum(losses_) / BATCH
    gradients = tape.gradient(loss, model.trainable_variables)
    trained.train(1)
    assert done["loss"] == pytest.approx(float(loss))
    for found, before, gradient in zip(
            done["weights"], model.get_weights(), gradients):
        np.testing.assert_allclose(found, before - 0.1 * gradient, atol=1e-6)


@pytest.mark.parametrize("kept", [1, 2, 4, 5])
def test_restored_from_any_step_it_goes_on_as_if_undisturbed(kept):
    whole = trainer()
    whole.train(3)
    states = {}

    def keep(state, values):
        states[state.step] = values, vars(state).copy()

    trainer(training.Hooks(on_checkpoint=keep), checkpoint_steps=1).train(3)
    resumed = trainer()
    resumed.restore(*states[kept])
    resumed.train(3)
    for found, expected in zip(
            checkpoints.read(resumed._learner.variables),
            checkpoints.read(whole._learner.variables), strict=True):
        np.testing.assert_array_equal(found, expected)
    assert [epoch["loss"] for epoch in resumed.state.epochs] == [
        epoch["loss"] for epoch in whole.state.epochs]


def test_the_best_model_is_told_before_the_checkpoint_and_the_epoch():
    told = []
    trainer(training.Hooks(
        on_best=lambda model: told.append("best"),
        on_checkpoint=lambda state, values: told.append(
            f"checkpoint {state.step}"),
        on_epoch=lambda state: told.append("epoch")),
        checkpoint_steps=2).train(1)
    assert told == ["checkpoint 2", "best", "checkpoint 3", "epoch"]


def test_early_stopping_waits_for_its_patience():
    # So fast that it does not learn.
    trained = trainer(rate=50.0)
    assert trained.train(50, patience=2) == "stopped_early"
    best = [epoch["best"] for epoch in trained.state.epochs]
    assert best[-3:] == [True, False, False]


def test_a_loss_that_is_no_number_stops_it_before_a_checkpoint():
    told = []
    with pytest.raises(checkpoints.NotFinite, match="the loss of step 1 is "):
        trainer(training.Hooks(on_checkpoint=lambda *_: told.append(1)),
                weight=math.nan, checkpoint_steps=1).train(1)
    assert not told


def test_asked_to_stop_it_makes_a_checkpoint_first():
    told = []
    with pytest.raises(training.Interrupted):
        trainer(training.Hooks(
            on_checkpoint=lambda state, values: told.append(state.step),
            stopped=lambda: True)).train(1)
    assert told == [1]


def test_workers_stop_after_the_step_that_knows_of_it():
    asked, told = [False, False, True], []
    stopping = trainer(training.Hooks(
        on_checkpoint=lambda state, values: told.append(state.step),
        on_step=lambda state, loss: asked.pop(0),
        stopped=lambda: asked[0]), workers=strategies.Workers(0, 2))
    with pytest.raises(training.Interrupted):
        stopping.train(1)
    # Asked after the second step: the third tells the other workers.
    assert told == [3]


def test_images_are_varied_by_the_number_of_the_step():
    seen = []

    def augment(images, number, replica):
        tf.py_function(lambda *values: seen.append([*map(int, values)]),
                       [number, replica], [])
        return images

    trainer(augment=augment).train(2)
    assert [number for number, _ in seen] == list(range(2 * STEPS))
    assert {replica for _, replica in seen} == {0}


def test_judged_by_the_exact_metric():
    labels = np.array([0, 0, 0, 1, 1])
    assert training.judged(labels, np.array([.1, .6, .3, .4, .9])) == {
        "auc": pytest.approx(5 / 6), "specificity": pytest.approx(2 / 3),
        "threshold": 0.4, "accuracy": 0.6}
