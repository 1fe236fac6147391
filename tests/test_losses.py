"""Losses by example, against plain NumPy."""

import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np  # noqa: E402
import pytest  # noqa: E402
import tensorflow as tf  # noqa: E402

from model import losses  # noqa: E402

LABELS = np.array([0, 1, 1, 0])
PROBABILITIES = np.array([[0.9, 0.1], [0.3, 0.7], [1, 0], [1, 0]])
EXPECTED = {
    "categorical_crossentropy": [-np.log(0.9), -np.log(0.7), -np.log(1e-30),
                                 0],
    "squared_error": [0.01, 0.09, 1, 0],
}


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("graph", [False, True])
@pytest.mark.parametrize("name", losses.LOSSES)
def test_each_example_has_its_loss(name, graph, dtype):
    loss = losses.LOSSES[name]
    found = (tf.function(loss) if graph else loss)(
        tf.constant(LABELS), tf.constant(PROBABILITIES, dtype))
    assert found.dtype == dtype
    np.testing.assert_allclose(found, EXPECTED[name], rtol=1e-5, atol=1e-7)


def test_an_image_that_is_badly_wrong_still_has_a_gradient():
    logits = tf.Variable([[60.0, 0.0]])
    with tf.GradientTape() as tape:
        loss = losses.categorical_crossentropy(
            tf.constant([1]), tf.nn.softmax(logits))
    np.testing.assert_allclose(loss, [60], rtol=1e-5)
    np.testing.assert_allclose(tape.gradient(loss, logits), [[1, -1]],
                               rtol=1e-4)


@pytest.mark.parametrize("name", losses.LOSSES)
def test_nan_is_not_hidden(name):
    found = losses.LOSSES[name](tf.constant([0, 1]),
                                tf.constant([[np.nan, np.nan], [0.5, 0.5]]))
    assert np.isnan(found).tolist() == [True, False]
