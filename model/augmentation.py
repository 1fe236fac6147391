"""Varies training images: a pure function of the images and a seed.

There is no state: the same images, seed and step give the same result, so
that a training run that was stopped goes on exactly as it would have.
Images are [batch, height, width, 1], uint16 as records hold them or floating;
what comes out has their type, since the networks take what a record holds.
"""

import tensorflow as tf

from model.architectures import Augmentation

# Uniform numbers in [-1, 1) that each image draws.
_DRAWS = ("rotation", "shift_x", "shift_y", "zoom", "brightness", "contrast",
          "mirror")


def augment(images: tf.Tensor, options: Augmentation, seed: tf.Tensor,
            replica: tf.Tensor | int = 0) -> tf.Tensor:
    """Rotates, zooms, shifts, brightens and stretches each image at random.

    Args:
      images: uint16 or floating, not negative, [batch, height, width, 1].
      options: How far.
      seed: int [2], the run's seed and the number of the training step.
      replica: Which of several devices this is: each varies its own part of
        a batch in its own way.

    Returns:
      Of the images' shape and type; where nothing is asked for, the images.
    """
    draws = draw(tf.shape(images)[0], seed, replica)
    values = tf.cast(images, tf.float32)
    if options.rotation or options.shift or options.zoom or options.mirror:
        values = warp(values, matrices(
            draws, options, height=images.shape[1], width=images.shape[2]))
    if options.brightness or options.contrast:
        values = change_tones(values, draws, options)
    if images.dtype.is_integer:
        values = tf.round(values)
    return tf.cast(values, images.dtype)


def draw(batch: tf.Tensor | int, seed: tf.Tensor,
         replica: tf.Tensor | int = 0) -> dict[str, tf.Tensor]:
    """The numbers of _DRAWS, each float32 [batch], uniform in [-1, 1)."""
    folded = tf.random.experimental.stateless_fold_in(
        tf.cast(seed, tf.int64), tf.cast(replica, tf.int64))
    # By name, since what is chosen otherwise depends on the device.
    numbers = tf.random.stateless_uniform(
        [batch, len(_DRAWS)], folded, -1, 1, alg="philox")
    return dict(zip(_DRAWS, tf.unstack(numbers, axis=1)))


def matrices(draws: dict[str, tf.Tensor], options: Augmentation, height: int,
             width: int) -> tf.Tensor:
    """From a pixel of the result to its place in the image, [batch, 8].

    The rows are `a0 a1 a2 b0 b1 b2 0 0`: x = a0 x' + a1 y' + a2, y likewise.
    Rotation and zoom are about the image's middle.
    """
    angle = draws["rotation"] * options.rotation * (3.141592653589793 / 180)
    shrink = (1 + options.zoom) ** -draws["zoom"]
    mirrored = (draws["mirror"] < 0) if options.mirror else False
    sign = tf.where(mirrored, -1.0, 1.0)
    a0, a1 = sign * shrink * tf.cos(angle), sign * shrink * tf.sin(angle)
    b0, b1 = -shrink * tf.sin(angle), shrink * tf.cos(angle)
    middle_x, middle_y = (width - 1) / 2, (height - 1) / 2
    from_x = middle_x + draws["shift_x"] * options.shift * width
    from_y = middle_y + draws["shift_y"] * options.shift * height
    a2 = middle_x - a0 * from_x - a1 * from_y
    b2 = middle_y - b0 * from_x - b1 * from_y
    zero = tf.zeros_like(a0)
    return tf.stack([a0, a1, a2, b0, b1, b2, zero, zero], axis=1)


def warp(values: tf.Tensor, transforms: tf.Tensor) -> tf.Tensor:
    """Moves the pixels of float32 images, bilinearly.

    What comes from outside is as the nearest edge: the breast goes on beyond
    the chest wall, and what was black stays black.
    """
    return tf.raw_ops.ImageProjectiveTransformV3(
        images=values, transforms=transforms,
        output_shape=tf.shape(values)[1:3], fill_value=0.0,
        interpolation="BILINEAR", fill_mode="NEAREST")


def change_tones(values: tf.Tensor, draws: dict[str, tf.Tensor],
                 options: Augmentation) -> tf.Tensor:
    """Brightens by a gamma curve, then stretches about the mean.

    Within [0, the image's maximum]; black stays black, and the mean is that
    of what is not black.
    """
    gamma, factor = (
        tf.reshape(numbers, [-1, 1, 1, 1])
        for numbers in (2 ** (draws["brightness"] * options.brightness),
                        (1 + options.contrast) ** draws["contrast"]))
    maximum = tf.reduce_max(values, axis=[1, 2, 3], keepdims=True)
    tones = tf.math.divide_no_nan(values, maximum) ** gamma
    inside = values > 0
    mean = tf.math.divide_no_nan(
        tf.reduce_sum(tones, axis=[1, 2, 3], keepdims=True),
        tf.reduce_sum(tf.cast(inside, tf.float32), axis=[1, 2, 3],
                      keepdims=True))
    stretched = tf.clip_by_value(mean + factor * (tones - mean), 0, 1)
    return tf.where(inside, stretched * maximum, 0)
