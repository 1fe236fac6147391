"""Contrast normalisation against plain NumPy, eagerly and in graphs."""

import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np  # noqa: E402
import pytest  # noqa: E402
import tensorflow as tf  # noqa: E402

from model import normalisation  # noqa: E402
from model.architectures import NORMALISATIONS  # noqa: E402
from tests import reference_normalisation as plain  # noqa: E402

SHAPE = (24, 20, 1)
REFERENCE = (0.1, 0.15, 0.3, 0.3, 0.7, 1.0)


def breast(seed, top=4095, background=0):
    """Half a disc with texture, on black or on a film's grey."""
    random = np.random.default_rng(seed)
    y, x = np.mgrid[:SHAPE[0], :SHAPE[1]]
    inside = (x ** 2 + (y - SHAPE[0] / 2) ** 2 < 14 ** 2)[..., None]
    texture = random.gamma(6, 1, SHAPE)
    texture = texture / texture.max() * top
    around = random.integers(0, background + 1, SHAPE)
    return np.where(inside, texture, around).astype(np.uint16)


def one_pixel():
    image = np.zeros(SHAPE, np.uint16)
    image[3, 4] = 7
    return image


IMAGES = {
    "digital": breast(0),
    "film": breast(1, top=65535, background=4000),
    "noise": np.random.default_rng(2).integers(
        0, 65536, SHAPE).astype(np.uint16),
    "dark": breast(3, top=40),
    "one pixel": one_pixel(),
    "one grey": np.where(breast(4) > 0, 900, 0).astype(np.uint16),
    "all one grey": np.full(SHAPE, 65535, np.uint16),
    "black": np.zeros(SHAPE, np.uint16),
}
BATCH = np.stack(list(IMAGES.values()))


def reference_for(method):
    return REFERENCE if method == "reference" else None


def eagerly(images, method):
    return normalisation.normalise(tf.constant(images), method,
                                   reference_for(method))


def in_graph(images, method):
    function = tf.function(
        lambda batch: normalisation.normalise(batch, method,
                                              reference_for(method)),
        input_signature=[tf.TensorSpec([None, *SHAPE], tf.uint16)])
    return function(tf.constant(images))


def compiled(images, method):
    function = tf.function(
        lambda batch: normalisation.normalise(batch, method,
                                              reference_for(method)),
        jit_compile=True)
    return function(tf.constant(images))


def in_data(images, method):
    data = tf.data.Dataset.from_tensor_slices(images).batch(3).map(
        lambda batch: normalisation.normalise(batch, method,
                                              reference_for(method)))
    return np.concatenate(list(data.as_numpy_iterator()))


# XLA takes 10 s to compile the other methods on a CPU.
COMPILED = ("max", "foreground")


@pytest.mark.parametrize("method, run", [
    (method, run) for method in NORMALISATIONS
    for run in (eagerly, in_graph, in_data, compiled)
    if run is not compiled or method in COMPILED])
def test_every_image_is_as_plain_numpy_has_it(method, run):
    found = np.asarray(run(BATCH, method))
    assert found.dtype == np.float32
    for name, image, result in zip(IMAGES, BATCH, found):
        np.testing.assert_allclose(
            result, plain.normalise(image, method, REFERENCE), atol=2e-6,
            err_msg=name)


def test_the_foreground_is_as_plain_numpy_has_it():
    found = normalisation.foreground(tf.constant(BATCH)).numpy()
    assert found.shape == BATCH.shape
    for name, image, result in zip(IMAGES, BATCH, found):
        np.testing.assert_array_equal(
            result, image > plain.threshold(image), err_msg=name)


@pytest.mark.parametrize("method", NORMALISATIONS)
def test_zeros_stay_zeros_and_all_lies_between_0_and_1(method):
    found = eagerly(BATCH, method).numpy()
    assert not found[BATCH == 0].any()
    assert found.min() >= 0 and found.max() <= 1


@pytest.mark.parametrize("method", NORMALISATIONS)
def test_an_image_does_not_depend_on_its_batch(method):
    together = eagerly(BATCH, method).numpy()
    for number, image in enumerate(BATCH):
        np.testing.assert_array_equal(
            eagerly(image[None], method).numpy()[0], together[number])


@pytest.mark.parametrize("method", NORMALISATIONS)
def test_a_detector_s_gain_does_not_matter(method):
    image = breast(5)[None]
    np.testing.assert_allclose(eagerly(image, method),
                               eagerly(image * 8, method), atol=2e-3)


@pytest.mark.parametrize("method", ["percentile", "foreground"])
def test_one_bright_marker_does_not_darken_the_breast(method):
    image = breast(6, top=1000)
    marked = image.copy()
    marked[0, -1] = 2500
    inside = image > 300
    by_max = eagerly(marked[None], "max").numpy()[0][inside].mean()
    assert eagerly(marked[None], method).numpy()[0][inside].mean() > by_max


@pytest.mark.parametrize("method", NORMALISATIONS)
def test_float64_is_float64(method):
    found = normalisation.normalise(tf.constant(BATCH), method,
                                    reference_for(method), "float64")
    assert found.dtype == tf.float64
    np.testing.assert_allclose(found, eagerly(BATCH, method), atol=2e-6)


def test_unknown_method_raises():
    with pytest.raises(ValueError, match="'sepia'"):
        normalisation.normalise(tf.constant(BATCH), "sepia")


def test_reference_table_is_the_mean_of_the_images_quantiles():
    images = [IMAGES["digital"], IMAGES["film"], IMAGES["dark"]]
    table = normalisation.reference_table(
        [np.stack(images[:2]), np.stack([images[2], IMAGES["black"]])])
    np.testing.assert_allclose(table, np.mean(
        [plain.quantiles(image, normalisation.QUANTILES)
         for image in images], axis=0), rtol=1e-12)
    assert table[-1] == 1 and list(table) == sorted(table)


def test_an_image_matched_to_itself_stays_as_it_is():
    image = IMAGES["digital"][None]
    table = normalisation.reference_table([image])
    inside = image > plain.threshold(image[0])
    matched = normalisation.normalise(tf.constant(image), "reference", table)
    np.testing.assert_allclose(
        matched.numpy()[inside], (image / image.max())[inside], atol=0.04)


def test_images_of_two_detectors_become_alike():
    """The same breast through two tone curves."""
    image = IMAGES["digital"]
    other = (65535 * (image / 4095) ** 0.5).astype(np.uint16)
    table = normalisation.reference_table([image[None]])
    ours, theirs = normalisation.normalise(
        tf.constant(np.stack([image, other])), "reference", table).numpy()
    inside = image > 1200
    by_max = np.abs(image / image.max() - other / other.max())[inside].mean()
    assert np.abs(ours - theirs)[inside].mean() < by_max / 5


def test_a_reference_of_black_images_is_refused():
    with pytest.raises(ValueError, match="not black"):
        normalisation.reference_table([IMAGES["black"][None]])
