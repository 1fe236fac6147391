"""Augmentation: the same by the same seed, and what it says, everywhere."""

import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np  # noqa: E402
import pytest  # noqa: E402
import tensorflow as tf  # noqa: E402

from model import augmentation  # noqa: E402
from model.architectures import Augmentation  # noqa: E402

ALL = Augmentation(mirror=True)
NOTHING = Augmentation.parse("rotation=0")


def images(count=6, dtype=np.uint16):
    random = np.random.default_rng(0)
    values = random.integers(1, 4096, (count, 20, 30, 1))
    values[:, :, 18:] = 0  # beside the breast
    return values.astype(dtype)


def draws(**values):
    """As `augmentation.draw` gives for one image."""
    names = ("rotation", "shift_x", "shift_y", "zoom", "brightness",
             "contrast", "mirror")
    return {name: tf.constant([float(values.get(name, 0))]) for name in names}


def bilinear(image, x, y):
    """The image at a place, its edges going on beyond it."""
    height, width = image.shape
    x, y = np.clip(x, 0, width - 1), np.clip(y, 0, height - 1)
    left, top = int(min(x, width - 2)), int(min(y, height - 2))
    right, down = x - left, y - top
    rows = image[top:top + 2, left:left + 2].astype(np.float64)
    return ((rows[0, 0] * (1 - right) + rows[0, 1] * right) * (1 - down) +
            (rows[1, 0] * (1 - right) + rows[1, 1] * right) * down)


def moved(image, degrees, zoom, dx, dy, mirrored):
    """Each pixel from where it came: back by the shift, turn, zoom, mirror."""
    height, width = image.shape
    middle = complex((width - 1) / 2, (height - 1) / 2)
    turn = np.exp(-1j * np.radians(degrees)) / zoom
    result = np.empty(image.shape)
    for y in range(height):
        for x in range(width):
            place = (complex(x, y) - middle - complex(dx, dy)) * turn
            if mirrored:
                place = complex(-place.real, place.imag)
            place += middle
            result[y, x] = bilinear(image, place.real, place.imag)
    return result


@pytest.mark.parametrize("drawn, degrees, zoom, dx, dy, mirrored", [
    ({}, 0, 1, 0, 0, False),
    ({"rotation": 1}, 30, 1, 0, 0, False),
    ({"rotation": -0.5}, -15, 1, 0, 0, False),
    ({"zoom": 1}, 0, 1.5, 0, 0, False),
    ({"zoom": -1}, 0, 1 / 1.5, 0, 0, False),
    ({"shift_x": 0.5, "shift_y": -1}, 0, 1, 3, -4, False),
    ({"mirror": -0.1}, 0, 1, 0, 0, True),
    ({"rotation": 0.3, "zoom": 0.2, "shift_x": -0.4, "shift_y": 0.7,
      "mirror": -1}, 9, 1.5 ** 0.2, -2.4, 2.8, True)])
@pytest.mark.parametrize("graph", [False, True])
def test_pixels_come_from_where_they_should(drawn, degrees, zoom, dx, dy,
                                            mirrored, graph):
    options = Augmentation(rotation=30, shift=0.2, zoom=0.5, mirror=True)
    values = images(1, np.float32)
    drawn = draws(**{"mirror": 1.0} | drawn)

    def warped(batch):
        return augmentation.warp(batch, augmentation.matrices(
            drawn, options, height=20, width=30))

    found = (tf.function(warped) if graph else warped)(tf.constant(values))
    np.testing.assert_allclose(
        found.numpy()[0, ..., 0],
        moved(values[0, ..., 0], degrees, zoom, dx, dy, mirrored), atol=0.2)


@pytest.mark.parametrize("brightness, contrast", [
    (0, 0), (1, 0), (-1, 0), (0, 1), (0, -1), (0.5, -0.3)])
def test_tones_follow_a_gamma_curve_and_stretch_about_the_mean(brightness,
                                                               contrast):
    values = images(1, np.float32)
    found = augmentation.change_tones(
        tf.constant(values), draws(brightness=brightness, contrast=contrast),
        Augmentation(brightness=0.5, contrast=0.3)).numpy()
    tones = (values / values.max()) ** 2 ** (0.5 * brightness)
    mean = tones[values > 0].mean()
    expected = np.clip(mean + 1.3 ** contrast * (tones - mean), 0, 1)
    expected = np.where(values > 0, expected, 0) * values.max()
    np.testing.assert_allclose(found, expected, atol=0.05)


def in_data(batch, options, seed):
    data = tf.data.Dataset.from_tensors(batch).map(
        lambda values: augmentation.augment(values, options, seed))
    return next(iter(data))


@pytest.mark.parametrize("dtype", [np.uint16, np.float32])
def test_eagerly_in_a_graph_and_in_tf_data_are_the_same(dtype):
    batch, seed = tf.constant(images(dtype=dtype)), tf.constant([7, 42])
    eager = augmentation.augment(batch, ALL, seed)
    graph = tf.function(augmentation.augment)(batch, ALL, seed)
    data = in_data(batch, ALL, seed)
    assert eager.dtype == batch.dtype and eager.shape == batch.shape
    # What falls between two values may be rounded either way.
    for other in (graph, data):
        np.testing.assert_allclose(
            eager.numpy().astype(float), other.numpy().astype(float), atol=1)


def test_the_same_step_gives_the_same_and_another_does_not():
    batch = tf.constant(images())
    step = tf.function(lambda number, replica: augmentation.augment(
        batch, ALL, tf.stack([tf.constant(3, tf.int64), number]), replica))
    first = step(tf.constant(10, tf.int64), 0).numpy()
    np.testing.assert_array_equal(first, step(tf.constant(10, tf.int64), 0))
    for number, replica in ((11, 0), (10, 1)):
        other = step(tf.constant(number, tf.int64), tf.constant(replica))
        assert (first != other.numpy()).any()


def test_the_images_of_a_batch_are_varied_each_in_its_own_way():
    batch = np.repeat(images(1), 4, axis=0)
    found = augmentation.augment(tf.constant(batch), ALL,
                                 tf.constant([0, 0])).numpy()
    assert len({image.tobytes() for image in found}) == 4


def test_draws_are_uniform_and_independent_of_what_is_asked_for():
    drawn = augmentation.draw(4000, tf.constant([1, 2]))
    for numbers in drawn.values():
        assert -1 <= numbers.numpy().min() and numbers.numpy().max() < 1
        assert abs(numbers.numpy().mean()) < 0.05
    correlation = np.corrcoef(np.stack(list(drawn.values())))
    assert np.abs(correlation - np.eye(len(drawn))).max() < 0.06


def test_nothing_asked_for_is_nothing_done():
    batch = images()
    np.testing.assert_array_equal(augmentation.augment(
        tf.constant(batch), NOTHING, tf.constant([0, 1])), batch)


def test_mirroring_mirrors_about_half_and_only_when_asked_for():
    batch = images(64)
    found = augmentation.augment(
        tf.constant(batch), Augmentation.parse("mirror"),
        tf.constant([0, 1])).numpy()
    mirrored = (found == batch[:, :, ::-1]).all(axis=(1, 2, 3))
    untouched = (found == batch).all(axis=(1, 2, 3))
    assert (mirrored ^ untouched).all() and 20 < mirrored.sum() < 44


def test_default_keeps_the_breast_on_the_left():
    found = augmentation.augment(tf.constant(images(32)), Augmentation(),
                                 tf.constant([5, 6])).numpy()
    assert (found[:, :, :15].mean(axis=(1, 2, 3)) >
            found[:, :, 15:].mean(axis=(1, 2, 3))).all()


def test_brightness_survives_division_by_the_maximum():
    batch = images(32)
    found = augmentation.augment(
        tf.constant(batch), Augmentation.parse("brightness=0.5"),
        tf.constant([5, 6])).numpy()
    np.testing.assert_array_equal(found.max(axis=(1, 2, 3)),
                                  batch.max(axis=(1, 2, 3)))
    assert (found[batch == 0] == 0).all()
    assert np.ptp((found / found.max(axis=(1, 2, 3), keepdims=True)).mean(
        axis=(1, 2, 3))) > 0.05


@pytest.mark.parametrize("value", [0, 65535])
def test_black_and_saturated_images_stay_as_they_are(value):
    batch = np.full((4, 16, 16, 1), value, np.uint16)
    np.testing.assert_array_equal(augmentation.augment(
        tf.constant(batch), ALL, tf.constant([5, 6])), batch)
