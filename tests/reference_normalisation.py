"""Contrast normalisation of one image in plain NumPy, the long way round."""

import fractions
import math

import numpy as np


def threshold(pixels):
    """The foreground is what is brighter than this."""
    maximum = pixels.max()
    if not maximum:
        return 0.0
    roots = np.sqrt(pixels.astype(np.float32) / np.float32(maximum))
    bins = (roots * np.float32(255)).astype(int).ravel().tolist()
    counts = [bins.count(value) for value in range(256)]
    return float(maximum) * (0.4 / 255 * otsu(counts)) ** 2


def otsu(counts):
    """The first bin that parts the counts best, in exact numbers."""
    best, level = -1, 0
    for end in range(256):
        dark = sum(counts[:end + 1])
        bright = sum(counts) - dark
        if not dark or not bright:
            between = fractions.Fraction(0)
        else:
            means = [fractions.Fraction(
                sum(n * value for value, n in part), size)
                     for part, size in (
                         (list(enumerate(counts))[:end + 1], dark),
                         (list(enumerate(counts))[end + 1:], bright))]
            between = dark * bright * (means[0] - means[1]) ** 2
        if between > best:
            best, level = between, end
    return level


def foreground(pixels):
    """Its values in rising order."""
    return np.sort(pixels[pixels > threshold(pixels)].astype(np.float64))


def nearest_rank(values, probability):
    return values[max(math.ceil(probability * len(values)), 1) - 1]


def stretch(pixels, low, high):
    if low == high:
        return ((pixels >= high) & (pixels > 0)).astype(float)
    return np.clip((pixels - low) / (high - low), 0, 1)


def about_mode(pixels):
    values, maximum = foreground(pixels), float(pixels.max())
    width = maximum / 256
    bins = np.minimum(values / width, 255).astype(int).tolist()
    smooth = [sum(bins.count(near) for near in range(value - 4, value + 5)
                  if 0 <= near < 256) for value in range(256)]
    mode = (smooth.index(max(smooth)) + 0.5) * width
    spread = 3 * np.abs(values - mode).mean()
    return max(mode - spread, 0), min(mode + spread, maximum)


def match(pixels, reference):
    values, cut = foreground(pixels), threshold(pixels)
    result = np.zeros(pixels.shape)
    for place, value in np.ndenumerate(pixels):
        if value > cut:
            rank = ((values < value).sum() + (values <= value).sum()) / 2
            result[place] = np.interp(
                rank / len(values) * (len(reference) - 1),
                np.arange(len(reference)), reference)
        elif value:
            result[place] = reference[0] * value / cut
    return result


def quantiles(pixels, count):
    values = foreground(pixels)
    return [nearest_rank(values, probability) / pixels.max()
            for probability in np.linspace(0, 1, count)]


def normalise(pixels, method, reference=None):
    """Of uint16 [height, width, 1], float64."""
    if not pixels.any():
        return np.zeros(pixels.shape)
    if method == "max":
        return pixels / pixels.max()
    if method == "percentile":
        values = foreground(pixels)
        return stretch(pixels.astype(float), nearest_rank(values, 0.01),
                       nearest_rank(values, 0.99))
    if method == "foreground":
        return stretch(pixels.astype(float), *about_mode(pixels))
    return match(pixels, reference)
