"""Learning rates over the steps, and the optimizers that follow them."""

import keras
import numpy as np
import pytest

from model import schedules
from model import settings


@pytest.mark.parametrize("kind, expected", [
    # Ten steps, of which the first two rise.
    ("constant", [.5, 1, 1, 1, 1, 1, 1, 1, 1, 1]),
    ("linear", [.5, 1, 1, .875, .75, .625, .5, .375, .25, .125]),
    ("cosine", [.5, 1, *((1 + np.cos(np.pi * np.arange(8) / 8)) / 2)]),
    ("step", [.5, 1, 1, 1, 1, .1, .1, .1, .01, .01]),
])
def test_the_rate_rises_and_then_follows_its_schedule(kind, expected):
    rate = schedules.Schedule(kind, 1.0, total_steps=10, warmup_steps=2)
    assert np.allclose([rate(step) for step in range(10)], expected,
                       atol=1e-6)


@pytest.mark.parametrize("kind", settings.SCHEDULES)
def test_the_rate_stays_where_it_ended_should_training_go_on(kind):
    rate = schedules.Schedule(kind, 1.0, total_steps=10)
    last = {"constant": 1, "linear": 0, "cosine": 0, "step": 0.01}[kind]
    assert float(rate(10)) == pytest.approx(last, abs=1e-6)
    assert float(rate(1000)) == pytest.approx(last, abs=1e-6)


@pytest.mark.parametrize("name, kind", [
    ("sgd", keras.optimizers.SGD), ("adam", keras.optimizers.Adam),
    ("adamw", keras.optimizers.AdamW), ("rmsprop", keras.optimizers.RMSprop)])
def test_each_optimizer_is_keras_s(name, kind):
    found = schedules.make_optimizer(
        settings.Descent(name, learning_rate=0.125), total_steps=10)
    assert type(found) is kind
    assert schedules.rate_of(found) == 0.125


def test_the_rate_of_a_schedule_is_that_of_the_next_step():
    optimizer = schedules.make_optimizer(
        settings.Descent(learning_rate=1.0, schedule="linear"), 4)
    variable = keras.Variable([1.0])
    optimizer.build([variable])
    assert schedules.rate_of(optimizer) == 1.0
    optimizer.apply([keras.ops.zeros(1)])
    assert schedules.rate_of(optimizer) == 0.75


def test_weight_decay_spares_biases_and_normalisation():
    image = keras.Input((4,))
    x = keras.layers.Dense(3, bias_initializer="ones")(image)
    model = keras.Model(image, keras.layers.BatchNormalization()(x))
    before = [variable.numpy() for variable in model.trainable_variables]
    optimizer = schedules.make_optimizer(settings.Descent(
        learning_rate=0.5, weight_decay=0.1), 10)
    optimizer.build(model.trainable_variables)
    optimizer.apply([keras.ops.zeros(variable.shape)
                     for variable in model.trainable_variables])
    after = [variable.numpy() for variable in model.trainable_variables]
    kernel, *others = zip(before, after)
    assert np.allclose(kernel[1], kernel[0] * 0.95)
    assert all((one == other).all() for one, other in others)


def test_a_warm_up_longer_than_the_training_is_refused():
    with pytest.raises(ValueError, match="--warmup_steps=11 are more than"):
        schedules.make_optimizer(settings.Descent(warmup_steps=11), 10)
