"""Contrast normalisation of stored images, from each image alone.

Images are uint16 [batch, height, width, 1]; what comes out is floating, in
[0, 1]. Zeros stay zeros, an image of zeros too.
Every function is pure and works eagerly, in graphs and on any device.

The foreground of an image is what is brighter than 0.4 of Otsu's threshold,
both on a scale of square roots: the rule by which the pipeline finds where a
breast ends. It leaves the grey background of films out.
"""

from collections.abc import Iterable

import tensorflow as tf

VALUES = 1 << 16  # of uint16
# A reference has a quantile at each of these many probabilities, 0 to 1.
QUANTILES = 129

_OTSU_BINS = 256
_FOREGROUND = 0.4  # of Otsu's threshold
_PERCENTILES = (0.01, 0.99)
_MODE_BINS = 256
_MODE_SMOOTHING = 9  # bins
# Half the interval about the mode, in mean absolute deviations from it.
_INTERVAL = 3


def normalise(images: tf.Tensor, method: str, reference: tuple | None = None,
              dtype: str = "float32") -> tf.Tensor:
    """Brings the contrast of each image to a common scale.

    Args:
      images: uint16 [batch, height, width, 1].
      method: `max` divides by the image's maximum; `percentile` stretches
        the foreground's 1st to 99th percentile to [0, 1]; `foreground` an
        interval about the mode of the foreground, 3 mean deviations either
        way but within [0, maximum]; `reference` gives the foreground the
        reference's histogram.
      reference: For `reference`, what `reference_table` gave.
      dtype: Of the result.

    Returns:
      Of the images' shape.
    """
    pixels = _flat(images)
    if method == "max":
        result = _divide(tf.cast(pixels, dtype),
                         tf.cast(_maximum(pixels), dtype))
    elif method == "percentile":
        result = _stretched(pixels, *_percentiles(pixels), dtype)
    elif method == "foreground":
        result = _stretched(pixels, *_about_mode(pixels), dtype)
    elif method == "reference" and reference is not None:
        result = _matched(pixels, reference, dtype)
    else:
        raise ValueError(f"normalisation {method!r} with reference "
                         f"{reference} is not known")
    return tf.reshape(result, tf.shape(images))


def foreground(images: tf.Tensor) -> tf.Tensor:
    """Which pixels are brighter than the background: bool, of images' shape.

    Args:
      images: uint16 [batch, height, width, 1].
    """
    return tf.reshape(_is_foreground(_flat(images)), tf.shape(images))


def reference_table(batches: Iterable[tf.Tensor]) -> tuple[float, ...]:
    """The mean quantiles of the foregrounds of a data set.

    Args:
      batches: Images, uint16 [batch, height, width, 1] each. A few hundred
        images say enough about a data set.

    Returns:
      QUANTILES rising numbers in [0, 1], 1 being an image's maximum.

    Raises:
      ValueError: There is no image that is not black.
    """
    total, count = tf.zeros([QUANTILES], tf.float64), 0
    for images in batches:
        quantiles, seen = _quantiles(tf.convert_to_tensor(images))
        total += tf.reduce_sum(quantiles, axis=0)
        count += int(seen)
    if not count:
        raise ValueError("a reference needs images that are not black")
    return tuple(float(value) for value in (total / count).numpy())


@tf.function(reduce_retracing=True)
def _quantiles(images: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """Per image [batch, QUANTILES], zeros for black ones; how many are not."""
    pixels = _flat(images)
    maximum = _maximum(pixels)
    values = _values_at(_foreground_counts(pixels),
                        tf.linspace(tf.constant(0.0, tf.float64), 1, QUANTILES))
    scaled = _divide(tf.cast(values, tf.float64), tf.cast(maximum, tf.float64))
    return scaled, tf.math.count_nonzero(maximum)


def _flat(images: tf.Tensor) -> tf.Tensor:
    """As int32 [batch, pixels]."""
    return tf.reshape(tf.cast(images, tf.int32), [tf.shape(images)[0], -1])


def _maximum(pixels: tf.Tensor) -> tf.Tensor:
    return tf.reduce_max(pixels, axis=1, keepdims=True)


def _divide(value: tf.Tensor, by: tf.Tensor) -> tf.Tensor:
    """The quotient, and zero where the divisor is zero."""
    return tf.math.divide_no_nan(value, by)


def _counts(bins: tf.Tensor, size: int) -> tf.Tensor:
    """How often each of `size` values occurs, int32 [batch, size]."""
    return tf.raw_ops.DenseBincount(
        input=bins, size=size, weights=tf.zeros([0], tf.int32),
        binary_output=False)


def _threshold(pixels: tf.Tensor) -> tf.Tensor:
    """The brightest value that is not foreground, float32 [batch, 1]."""
    maximum = tf.cast(_maximum(pixels), tf.float32)
    roots = tf.sqrt(_divide(tf.cast(pixels, tf.float32), maximum))
    bins = tf.cast(roots * (_OTSU_BINS - 1), tf.int32)
    level = tf.cast(_otsu(_counts(bins, _OTSU_BINS)), tf.float32)
    return maximum * tf.square(_FOREGROUND / (_OTSU_BINS - 1) * level)


def _otsu(counts: tf.Tensor) -> tf.Tensor:
    """The bin that ends the darker class, [batch, 1]: the first of the best.

    In float64, as sums of squares over a whole image need it.
    """
    counts = tf.cast(counts, tf.float64)
    bins = tf.range(_OTSU_BINS, dtype=tf.float64)
    below = tf.cumsum(counts, axis=1)
    sum_below = tf.cumsum(counts * bins, axis=1)
    total, total_sum = below[:, -1:], sum_below[:, -1:]
    # The variance between two classes is proportional to this.
    between = _divide(tf.square(total_sum * below - total * sum_below),
                      below * (total - below))
    return tf.argmax(between, axis=1)[:, tf.newaxis]


def _is_foreground(pixels: tf.Tensor) -> tf.Tensor:
    return tf.cast(pixels, tf.float32) > _threshold(pixels)


def _foreground_counts(pixels: tf.Tensor) -> tf.Tensor:
    """The histogram of the foreground, int32 [batch, VALUES]."""
    counts = _counts(pixels, VALUES)
    values = tf.range(VALUES, dtype=tf.float32)
    return tf.where(values > _threshold(pixels), counts, 0)


def _values_at(counts: tf.Tensor, probabilities: tf.Tensor) -> tf.Tensor:
    """Quantiles by nearest rank, int32 [batch, len(probabilities)].

    The smallest value that at least that part of the pixels does not exceed;
    0 where there are no pixels.
    """
    below = tf.cumsum(counts, axis=1)
    total = below[:, -1:]
    ranks = tf.cast(tf.math.ceil(
        tf.cast(total, tf.float64) * tf.cast(probabilities, tf.float64)),
                    tf.int32)
    values = tf.searchsorted(below, tf.maximum(ranks, 1), side="left")
    return tf.where(total > 0, values, 0)


def _percentiles(pixels: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    values = tf.cast(_values_at(_foreground_counts(pixels),
                                tf.constant(_PERCENTILES, tf.float64)),
                     tf.float32)
    return values[:, :1], values[:, 1:]


def _about_mode(pixels: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """An interval about the commonest grey of the foreground, [batch, 1]."""
    inside = _is_foreground(pixels)
    values = tf.cast(pixels, tf.float32)
    maximum = tf.cast(_maximum(pixels), tf.float32)
    width = maximum / _MODE_BINS
    bins = tf.minimum(tf.cast(_divide(values, width), tf.int32),
                      _MODE_BINS - 1)
    # All that is not foreground goes to a bin beyond the last.
    counts = _counts(tf.where(inside, bins, _MODE_BINS),
                     _MODE_BINS + 1)[:, :_MODE_BINS]
    smooth = _box_sums(counts, _MODE_SMOOTHING)
    mode = (tf.cast(tf.argmax(smooth, axis=1), tf.float32)[:, tf.newaxis] +
            0.5) * width
    weights = tf.cast(inside, tf.float32)
    deviation = _divide(
        tf.reduce_sum(tf.abs(values - mode) * weights, axis=1, keepdims=True),
        tf.reduce_sum(weights, axis=1, keepdims=True))
    return (tf.maximum(mode - _INTERVAL * deviation, 0),
            tf.minimum(mode + _INTERVAL * deviation, maximum))


def _box_sums(counts: tf.Tensor, size: int) -> tf.Tensor:
    """Sums of `size` neighbouring bins, zeros beyond the ends."""
    bins = counts.shape[1]
    padded = tf.pad(counts, [[0, 0], [size // 2, size // 2]])
    return tf.add_n([padded[:, i:i + bins] for i in range(size)])


def _stretched(pixels: tf.Tensor, low: tf.Tensor, high: tf.Tensor,
               dtype: str) -> tf.Tensor:
    """`low` to 0 and `high` to 1, clipped; of one grey, that grey to 1."""
    values, low, high = (tf.cast(x, dtype) for x in (pixels, low, high))
    one_grey = tf.cast((values >= high) & (values > 0), dtype)
    return tf.where(high > low,
                    tf.clip_by_value(_divide(values - low, high - low), 0, 1),
                    one_grey)


def _matched(pixels: tf.Tensor, reference: tuple, dtype: str) -> tf.Tensor:
    """The foreground at the reference's quantiles, the rest linearly below.

    A value's probability is the middle of its ranks, so that an image of the
    reference's own histogram stays as it is.
    """
    counts = _foreground_counts(pixels)
    below = tf.cumsum(counts, axis=1)
    middle = tf.cast(below, tf.float64) - 0.5 * tf.cast(counts, tf.float64)
    table = tf.constant(reference, tf.float64)
    places = (len(reference) - 1) * _divide(
        middle, tf.cast(below[:, -1:], tf.float64))
    index = tf.clip_by_value(tf.cast(places, tf.int32), 0, len(reference) - 2)
    left, right = tf.gather(table, index), tf.gather(table, index + 1)
    matched = left + (right - left) * (places - tf.cast(index, tf.float64))
    values = tf.range(VALUES, dtype=tf.float64)
    threshold = tf.cast(_threshold(pixels), tf.float64)
    lookup = tf.where(values > threshold, matched,
                      table[0] * _divide(values, threshold))
    return tf.gather(tf.cast(lookup, dtype), pixels, batch_dims=1)
