"""Grad-CAM against its formula, and its way back to the original image."""

import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import cv2  # noqa: E402
import keras  # noqa: E402
import numpy as np  # noqa: E402
import pytest  # noqa: E402

from model import heatmaps  # noqa: E402
from model import inference  # noqa: E402
from model.inference import Placement  # noqa: E402
from pipelines import preprocess  # noqa: E402
from pipelines import recipe as recipes  # noqa: E402
from pipelines.geometry import Box, Size, Variant  # noqa: E402
from tests import synthetic  # noqa: E402


def network(end="activation", pool=False, shape=(12, 8, 1)):
    """Convolution, pooling, one dense layer: small weights from a seed."""
    keras.utils.set_random_seed(1)
    image = keras.Input(shape, dtype="uint16", name="image")
    x = keras.layers.Rescaling(1 / 1000)(image)
    x = keras.layers.Conv2D(3, 3, strides=2, padding="same",
                            activation="relu", name="conv")(x)
    if pool:
        x = keras.layers.MaxPooling2D(2, name="pool")(x)
    x = keras.layers.GlobalAveragePooling2D()(x)
    if end == "dense":
        return keras.Model(image, keras.layers.Dense(
            2, activation="softmax", name="logits")(x))
    x = keras.layers.Dense(2, name="logits")(x)
    return keras.Model(image, keras.layers.Activation("softmax")(x))


@pytest.mark.parametrize("end", ["activation", "dense"])
def test_map_is_what_the_formula_says(end):
    model = network(end)
    images = np.random.default_rng(0).integers(
        0, 4096, (4, 12, 8, 1), np.uint16)
    features = np.asarray(keras.Model(
        model.inputs[0], model.get_layer("conv").output)(images))
    weights = model.get_layer("logits").get_weights()[0]
    # Behind an average the gradient is the same in every place.
    expected = np.maximum(features @ (weights[:, 1] - weights[:, 0]), 0)
    highest = expected.max(axis=(1, 2), keepdims=True)
    expected = expected / np.where(highest > 0, highest, 1)
    assert expected.max() == 1
    found = heatmaps.GradCam(model)(images)
    np.testing.assert_allclose(found, expected, atol=1e-5)


def test_map_is_zero_where_nothing_speaks_for_the_class():
    model = network()
    images = np.zeros((1, 12, 8, 1), np.uint16)
    np.testing.assert_array_equal(heatmaps.GradCam(model)(images), 0)


def test_last_feature_map_is_that_before_pooling():
    model = network(pool=True)
    assert heatmaps.feature_map(model) is model.get_layer("conv").output


def test_feature_map_has_all_its_branches():
    image = keras.Input((8, 8, 1))
    one = keras.layers.Conv2D(3, 3, padding="same")(image)
    added = one + keras.layers.Conv2D(3, 3, padding="same")(one)
    ends = keras.layers.GlobalAveragePooling2D()(added)
    model = keras.Model(image, keras.layers.Dense(2)(ends))
    assert heatmaps.feature_map(model) is added


def test_network_without_a_feature_map_is_refused():
    image = keras.Input((4,))
    model = keras.Model(image, keras.layers.Dense(2)(image))
    with pytest.raises(ValueError, match="leave --heatmaps away"):
        heatmaps.feature_map(model)


def test_map_covers_the_crop_and_nothing_else():
    placement = Placement(Size(100, 60), Size(20, 20), Box(40, 10, 40, 40),
                          2.0, 2.0, flipped=False)
    heat = heatmaps.over_original(np.ones((2, 2)), placement, Size(100, 60))
    expected = np.zeros((60, 100))
    expected[10:50, 40:80] = 1
    np.testing.assert_array_equal(heat, expected)


def test_map_of_a_flipped_image_is_flipped_back():
    feature_map = np.random.default_rng(0).random((4, 5))
    box = Box(10, 20, 50, 40)
    placements = [Placement(Size(80, 64), Size(10, 8), box, 5.0, 5.0, flipped)
                  for flipped in (False, True)]
    plain, flipped = (heatmaps.over_original(feature_map, one, Size(80, 64))
                      for one in placements)
    np.testing.assert_allclose(
        flipped[20:60, 10:60], plain[20:60, 10:60][:, ::-1], atol=1e-6)


def test_map_is_interpolated_as_opencv_does():
    feature_map = np.random.default_rng(0).random((4, 5)).astype(np.float32)
    placement = Placement(Size(50, 40), Size(10, 8), Box(0, 0, 50, 40), 5.0,
                          5.0, flipped=False)
    np.testing.assert_allclose(
        heatmaps.over_original(feature_map, placement, Size(50, 40)),
        cv2.resize(feature_map, (50, 40)), atol=1e-5)


@pytest.mark.parametrize("side", ["L", "R"])
@pytest.mark.parametrize("variant", ["resize:48x64", "crop:48x64",
                                     "resize:16x16"])
def test_spot_is_found_where_the_original_has_it(side, variant):
    pixels = synthetic.breast_pixels(203, 250, side=side)  # Not of eighths.
    spot = (110, 60 if side == "L" else 203 - 61)
    pixels[spot[0] - 8:spot[0] + 9, spot[1] - 8:spot[1] + 9] = 4000
    replay = inference.Replay(
        recipes.Recipe(variants=(Variant.parse(variant),)),
        picture_height=125)
    one = inference.prepare(
        "a.dcm", synthetic.mammogram_bytes(pixels, ImageLaterality=side),
        replay, preprocess.Workspace())
    assert one.placement.flipped == (side == "R")
    # The input itself stands for a feature map of its size.
    heat = heatmaps.over_original(
        one.pixels[..., 0] / one.pixels.max(), one.placement,
        Size(*one.picture.shape[::-1]))
    assert heat.shape == one.picture.shape == (125, 102)
    # A pixel of 16 x 16 is as large as the spot.
    blurred = cv2.GaussianBlur(heat, (0, 0), 3)
    found = np.unravel_index(blurred.argmax(), heat.shape)
    np.testing.assert_allclose(np.array(found) * 2, spot, atol=8)


def test_picture_stands_beside_its_heatmap():
    plain = np.full((30, 20), 100, np.uint8)
    heat = np.zeros((30, 20), np.float32)
    heat[10:20, 5:10] = 1
    picture = cv2.imdecode(np.frombuffer(
        heatmaps.side_by_side(plain, heat), np.uint8), cv2.IMREAD_COLOR)
    assert picture.shape == (30, 48, 3)
    assert (picture[:, :20] == 100).all()
    overlay = picture[:, 28:]
    assert (overlay[heat == 0] == 100).all()
    blue, _, red = overlay[15, 7]
    assert red > 100 > blue
