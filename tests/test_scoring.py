"""Scores of images: each row once, whatever the batches."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from model import runs
from model import scoring

ROWS = 11


@pytest.fixture(scope="module")
def model():
    """The probability of class 1 is the image's mean over 100."""
    image = keras.Input((4, 4, 1), dtype="uint16")
    x = keras.layers.Rescaling(0.01)(image)
    x = keras.layers.GlobalAveragePooling2D()(x)
    kernel = keras.initializers.Constant(np.array([[-1.0, 1.0]]))
    bias = keras.initializers.Constant(np.array([1.0, 0.0]))
    return keras.Model(image, keras.layers.Dense(
        2, kernel_initializer=kernel, bias_initializer=bias)(x))


def batches(rows, size=4, **more):
    rows = np.asarray(rows)
    image = np.broadcast_to(rows[:, None, None, None], (len(rows), 4, 4, 1))
    return tf.data.Dataset.from_tensor_slices(
        {"image": image.astype(np.uint16), "row": rows, **more}).batch(size)


@pytest.mark.parametrize("order", [range(ROWS), range(ROWS - 1, -1, -1)])
def test_scores_stand_in_their_rows_whatever_the_order(model, order):
    told = []
    found = scoring.score(model, batches(list(order)), ROWS, told=told.append)
    assert found.dtype == np.float64
    assert np.allclose(found, np.arange(ROWS) / 100)
    assert told == [4, 4, 3]


def test_a_strategy_gives_the_same(model):
    strategy = tf.distribute.get_strategy()
    scorer = scoring.Scorer(model, strategy)
    for _ in range(2):
        found = scorer.probabilities(batches(range(ROWS)), ROWS)
        assert np.allclose(found[:, 1], np.arange(ROWS) / 100)
        assert np.allclose(found.sum(axis=1), 1)


def test_images_that_only_fill_up_are_left_out(model):
    rows = [*range(ROWS), 0]
    weight = np.array([1.0] * ROWS + [0.0], np.float32)
    found = scoring.score(model, batches(rows, weight=weight), ROWS)
    assert np.allclose(found, np.arange(ROWS) / 100)


@pytest.mark.parametrize("rows, message", [
    (range(ROWS - 1), "of 11 images 1 were not scored and 0 more than once"),
    ([*range(ROWS), 3], "0 were not scored and 1 more than once")])
def test_a_missing_or_repeated_row_is_an_error(model, rows, message):
    with pytest.raises(ValueError, match=message):
        scoring.score(model, batches(list(rows)), ROWS)


def test_a_score_that_is_no_number_is_an_error():
    image = keras.Input((4, 4, 1), dtype="uint16")
    x = keras.layers.Flatten()(image)
    broken = keras.Model(image, keras.layers.Dense(
        2, kernel_initializer=keras.initializers.Constant(np.nan))(x))
    with pytest.raises(ValueError, match="no number for 11 of 11 images"):
        scoring.score(broken, batches(range(ROWS)), ROWS)


def test_a_saved_model_scores_as_before(model, tmp_path):
    paths = runs.RunDir(str(tmp_path))
    model.save(paths.model)
    run = runs.Run(paths, {"versions": {"keras": keras.__version__}})
    loaded = scoring.load_model(run)
    assert (scoring.score(loaded, batches(range(ROWS)), ROWS) ==
            scoring.score(model, batches(range(ROWS)), ROWS)).all()


def test_a_damaged_model_is_named(tmp_path):
    paths = runs.RunDir(str(tmp_path))
    (tmp_path / "model.keras").write_bytes(b"not a model")
    run = runs.Run(paths, {"versions": {"keras": "3.0"}})
    with pytest.raises(runs.RunError, match="model.keras cannot be read"):
        scoring.load_model(run)
