"""Where in an image a network saw what speaks for class 1: Grad-CAM.

Selvaraju et al., 2017: the channels of the last convolutional feature map,
each weighted by the mean gradient of the class over it, summed, and what is
negative left out. The map is brought back to the original image through the
scale, the crop and the flip of the recipe.
"""

from typing import Any

import cv2
import numpy as np

from model.placement import Placement
from pipelines.geometry import Size

PICTURE_HEIGHT = 1024
_STRONGEST = 0.55  # Share of colour where the map is at its maximum.
_GAP = 8
# From blue to yellow, which the colour-blind tell apart, and brighter with it.
_COLOURS = cv2.COLORMAP_PLASMA
# Probabilities of a float32 softmax may be 0.
_LEAST_PROBABILITY = 1e-7


class GradCam:
    """The maps of one model.

    Args:
      model: A `keras.Model` from images to probabilities `[b, 2]`.

    Raises:
      ValueError: It has no feature map.
    """

    def __init__(self, model: Any):
        import keras
        import tensorflow as tf

        features = feature_map(model)
        last = model.layers[-1]
        before_softmax = isinstance(last, keras.layers.Activation)
        # Only what follows the feature map is differentiated.
        body = keras.Model(model.inputs[0], features)
        head = keras.Model(
            features, last.input if before_softmax else model.outputs[0])

        @tf.function(reduce_retracing=True)
        def maps(images):
            found = body(images, training=False)
            with tf.GradientTape() as tape:
                tape.watch(found)
                logits = tf.cast(head(found, training=False), tf.float32)
                if not before_softmax:
                    logits = tf.math.log(logits + _LEAST_PROBABILITY)
                # As of the probability itself, but for a factor that an
                # image's maximum takes away, and that may underflow.
                evidence = logits[:, 1] - logits[:, 0]
            weights = tf.reduce_mean(
                tf.cast(tape.gradient(evidence, found), tf.float32),
                axis=(1, 2), keepdims=True)
            return tf.nn.relu(tf.reduce_sum(
                weights * tf.cast(found, tf.float32), axis=-1))

        self._maps = maps

    def __call__(self, images: np.ndarray) -> np.ndarray:
        """The map of each image.

        Args:
          images: uint16 `[b, height, width, 1]`.

        Returns:
          float32 `[b, rows, columns]` of the feature map, each from 0 to its
          maximum of 1, or all 0 where nothing speaks for class 1.
        """
        maps = np.asarray(self._maps(images))
        highest = maps.max(axis=(1, 2), keepdims=True)
        return maps / np.where(highest > 0, highest, 1)


def feature_map(model: Any) -> Any:
    """The last convolutional feature map: a tensor within a `keras.Model`.

    It is what the last layer takes that makes a list of features of a map,
    before that layer's pooling. (What comes last among all layers may be a
    branch that something else is still added to.)

    Raises:
      ValueError: There is none.
    """
    import keras

    pooled = {id(layer.output): layer.input for layer in model.layers
              if isinstance(layer, (keras.layers.MaxPooling2D,
                                    keras.layers.AveragePooling2D))}
    for layer in reversed(model.layers):
        taken = layer.input
        if (len(layer.output.shape) == 2 and not isinstance(taken, list)
                and len(taken.shape) == 4):
            while id(taken) in pooled:
                taken = pooled[id(taken)]
            return taken
    raise ValueError(f"the network {model.name!r} has no feature map to draw "
                     "heatmaps of: leave --heatmaps away")


def over_original(values: np.ndarray, placement: Placement,
                  size: Size) -> np.ndarray:
    """A map as the original image lies, interpolated linearly.

    Args:
      values: Float `[rows, columns]`, spanning the network's input.
      placement: Of that input in the original.
      size: Of the result, a smaller copy of the original.

    Returns:
      float32 `[size.height, size.width]`, 0 where the network saw nothing.
    """
    crop, network = placement.crop, placement.network
    x = _middles(size.width, placement.original.width)
    x = crop.right - x if placement.flipped else x - crop.left
    y = _middles(size.height, placement.original.height) - crop.top
    across = _interpolation(x / placement.scale_x / network.width,
                            values.shape[1])
    down = _interpolation(y / placement.scale_y / network.height,
                          values.shape[0])
    across[(x < 0) | (x >= crop.width)] = 0
    down[(y < 0) | (y >= crop.height)] = 0
    return (down @ values @ across.T).astype(np.float32)


def side_by_side(picture: np.ndarray, heat: np.ndarray) -> bytes:
    """The plain image and, right of it, the image under its heatmap.

    Args:
      picture: uint8 `[rows, columns]`.
      heat: float32 of the same shape, in [0, 1].

    Returns:
      A PNG.
    """
    _, data = cv2.imencode(".png", beside(picture, heat))
    return data.tobytes()


def beside(picture: np.ndarray, heat: np.ndarray) -> np.ndarray:
    """What `side_by_side` encodes: uint8 `[rows, 2 columns + gap, 3]`, BGR."""
    plain = cv2.cvtColor(picture, cv2.COLOR_GRAY2BGR)
    colours = cv2.applyColorMap(np.rint(heat * 255).astype(np.uint8),
                                _COLOURS)
    share = (_STRONGEST * heat)[..., np.newaxis]
    mixed = np.rint(plain * (1 - share) + colours * share).astype(np.uint8)
    gap = np.full((picture.shape[0], _GAP, 3), 255, np.uint8)
    return np.concatenate([plain, gap, mixed], axis=1)


def _middles(count: int, length: int) -> np.ndarray:
    """Middles of `count` equal parts of a length."""
    return (np.arange(count) + 0.5) * (length / count)


def _interpolation(positions: np.ndarray, cells: int) -> np.ndarray:
    """The share of each cell at each position: `[positions, cells]`.

    Args:
      positions: In [0, 1], from the first cell's edge to the last one's.
      cells: How many there are; beyond the middle of an outer one it counts
        alone.
    """
    middles = np.clip(positions * cells - 0.5, 0, cells - 1)
    return np.maximum(
        1 - np.abs(middles[:, np.newaxis] - np.arange(cells)), 0)
