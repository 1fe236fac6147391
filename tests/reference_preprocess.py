"""The rules of preprocessing, written down plainly and slowly.

Nothing here is shared with `pipelines`: every step is done on the whole image,
in the order of the rules. The functions that a rule names by OpenCV's name
(INTER_AREA, Otsu, ...) are OpenCV's.
"""

import math
from fractions import Fraction

import cv2
import numpy as np


def stored_values(image) -> np.ndarray:
    """Masked to BitsStored, sign extended, int64."""
    attributes = image.attributes
    bits, allocated = attributes.bits_stored, image.pixels.itemsize * 8
    raw = image.pixels.astype(np.int64) % (1 << allocated)
    code = raw // 2**max(0, attributes.high_bit - bits + 1) % 2**bits
    if attributes.signed:
        code = np.where(code >= 2**(bits - 1), code - 2**bits, code)
    return code


def _each(values: np.ndarray, function) -> np.ndarray:
    """A function applied to each distinct value."""
    distinct, places = np.unique(values, return_inverse=True)
    results = np.array([function(int(value)) for value in distinct], np.int64)
    return results[places.reshape(values.shape)]


def levels(image, windowing: str = "none") -> np.ndarray:
    """uint16 levels in which bright is dense, padding black."""
    attributes = image.attributes
    stored = stored_values(image)
    padding = np.zeros(stored.shape, bool)
    if attributes.padding is not None:
        low, high = attributes.padding
        padding = (stored >= low) & (stored <= high)
    result, low, high, to_units = _modality(stored, attributes)
    result, low, high = _voi(result, low, high, to_units, attributes,
                             windowing)
    if attributes.photometric == "MONOCHROME1":
        result = high - (result - low)
    result[padding] = 0
    return result.astype(np.uint16)


def _modality(stored, attributes):
    if attributes.modality_lut is not None:
        lut = attributes.modality_lut
        result = _each(stored, lambda value: _entry(lut, value))
        return result, 0, 2**lut.bits - 1, lambda level: Fraction(level)
    slope, intercept = attributes.rescale_slope, attributes.rescale_intercept
    bits = attributes.bits_stored
    ends = (-2**(bits - 1), 2**(bits - 1) - 1) if attributes.signed else (
        0, 2**bits - 1)
    low, high = sorted(round(end * slope + intercept) for end in ends)
    subtracted = min(low, 0)
    low, high = low - subtracted, high - subtracted
    factor = Fraction(65535, high) if high > 65535 else Fraction(1)
    result = _each(stored, lambda value: round(
        (round(value * slope + intercept) - subtracted) * factor))
    return (result, round(low * factor), round(high * factor),
            lambda level: level / factor + subtracted)


def _entry(lut, value: int) -> int:
    return int(lut.values[min(max(value - lut.first, 0),
                              len(lut.values) - 1)])


def _voi(result, low, high, to_units, attributes, windowing):
    if windowing == "lut" and attributes.voi_luts:
        lut = attributes.voi_luts[0]
        return _each(result, lambda level: _entry(
            lut, round(to_units(level)))), 0, 2**lut.bits - 1
    if windowing == "none" or not attributes.windows:
        return result, low, high
    c, w = attributes.windows[0].center, attributes.windows[0].width
    ymin, ymax = low, high

    # PS3.3 C.11.2.1.2.1, C.11.2.1.3.2 and C.11.2.1.3.1, as they are printed.
    def linear(level):
        x = float(to_units(level))
        if x <= c - 0.5 - (w - 1) / 2:
            return ymin
        if x > c - 0.5 + (w - 1) / 2:
            return ymax
        return round(((x - (c - 0.5)) / (w - 1) + 0.5) * (ymax - ymin) + ymin)

    def linear_exact(level):
        x = float(to_units(level))
        if x <= c - w / 2:
            return ymin
        if x > c + w / 2:
            return ymax
        return round(((x - c) / w + 0.5) * (ymax - ymin) + ymin)

    def sigmoid(level):
        x = float(to_units(level))
        exponent = min(-4 * (x - c) / w, 700)  # exp overflows beyond it
        return round((ymax - ymin) / (1 + math.exp(exponent)) + ymin)

    function = {"LINEAR": linear, "LINEAR_EXACT": linear_exact,
                "SIGMOID": sigmoid}[attributes.voi_function]
    return _each(result, function), low, high


def eighth(pixels: np.ndarray) -> np.ndarray:
    """The mean of 8 x 8 pixels, zeros beyond the right and the bottom."""
    height, width = pixels.shape
    padded = np.zeros((-(-height // 8) * 8, -(-width // 8) * 8), np.int64)
    padded[:height, :width] = pixels
    means = [[round(Fraction(int(padded[y:y + 8, x:x + 8].sum()), 64))
              for x in range(0, padded.shape[1], 8)]
             for y in range(0, padded.shape[0], 8)]
    return np.array(means, np.uint16)


def component(small: np.ndarray) -> np.ndarray | None:
    """The breast on the eighth, by OpenCV's own operations."""
    height, width = small.shape
    shorter = min(height, width)
    border = max(1, round(0.02 * shorter))
    if shorter <= 2 * border:
        return None
    blurred = cv2.GaussianBlur(small, (5, 5), 0)
    inner = blurred[border:height - border, border:width - border]
    root = np.sqrt(inner.astype(np.float32))
    low, high = float(root.min()), float(root.max())
    scaled = np.rint((root - low) * (255 / ((high - low) or 1)))
    scaled = scaled.astype(np.uint8)
    t, bright = cv2.threshold(scaled, 0, 1,
                              cv2.THRESH_BINARY + cv2.THRESH_OTSU)
    size = max(3, round(0.05 * shorter) | 1)
    ellipse = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size))
    padded = cv2.copyMakeBorder(bright, *(size,) * 4, cv2.BORDER_CONSTANT,
                                value=0)
    opened = cv2.morphologyEx(padded, cv2.MORPH_OPEN, ellipse)
    count, labels, stats, _ = cv2.connectedComponentsWithStats(
        opened[size:-size, size:-size], connectivity=8)
    if count == 1:
        return None
    areas = stats[1:, cv2.CC_STAT_AREA].tolist()
    core = labels == 1 + areas.index(max(areas))
    reach = cv2.dilate(core.astype(np.uint8), ellipse, iterations=2)
    candidates = (reach > 0) & (scaled > 0.4 * t)
    _, labels = cv2.connectedComponents(candidates.astype(np.uint8),
                                        connectivity=8)
    touching = set(labels[core].tolist()) - {0}
    mask = np.zeros(small.shape, bool)
    mask[border:height - border, border:width - border] = np.isin(
        labels, list(touching))
    return mask


def component_box(mask, width, height) -> tuple[int, int, int, int]:
    """left, top, right, bottom in pixels."""
    border = max(1, round(0.02 * min(mask.shape)))

    def side(indices, length):
        low, high = int(min(indices)), int(max(indices)) + 1
        margin = round(0.05 * (high - low))
        return (0 if low <= border else max(0, low - margin),
                length if high >= length - border else min(
                    length, high + margin))

    rows, columns = np.nonzero(mask)
    left, right = side(columns, mask.shape[1])
    top, bottom = side(rows, mask.shape[0])
    return (left * 8, top * 8, min(right * 8, width),
            min(bottom * 8, height))


def run_through(mask: np.ndarray) -> np.ndarray:
    """The component on through the dropped border."""
    border = max(1, round(0.02 * min(mask.shape)))
    height, width = mask.shape
    result = mask.copy()
    for y in range(height):
        for x in range(width):
            result[y, x] = mask[
                min(max(y, border), height - border - 1),
                min(max(x, border), width - border - 1)]
    return result


def without_markers(pixels, mask, mode: str) -> np.ndarray:
    """The image after one of the four modes."""
    height, width = pixels.shape

    def by_pixel(cells):
        return np.repeat(np.repeat(cells, 8, 0), 8, 1)[:height, :width]

    gone = np.zeros(pixels.shape, bool)
    at_maximum = pixels == pixels.max()
    if mode == "brightest":
        gone = at_maximum & ~by_pixel(mask)
        if gone.sum() < 64:
            gone[:] = False
    elif mode == "thesis":
        gone = at_maximum
    elif mode == "largest":
        gone = ~by_pixel(run_through(mask))
    return np.where(gone, 0, pixels).astype(np.uint16)


def is_right(pixels: np.ndarray) -> bool:
    """Whether the breast is at the right, so that the image is flipped."""
    half = pixels.shape[1] // 2
    wide = pixels.astype(np.int64)
    return bool(half) and int(wide[:, -half:].sum()) > int(
        wide[:, :half].sum())


def resize(pixels: np.ndarray, width: int, height: int) -> np.ndarray:
    """The whole image, on black."""
    h, w = pixels.shape
    small = eighth(pixels) if math.ceil(w / 8) <= width and (
        math.ceil(h / 8) <= height) else None
    if small is None:
        if h * width >= w * height:
            new = (math.floor((height * w + Fraction(h, 2)) / h), height)
        else:
            new = (width, math.floor((width * h + Fraction(w, 2)) / w))
        small = cv2.resize(pixels, (max(1, new[0]), max(1, new[1])),
                           interpolation=cv2.INTER_AREA)
    result = np.zeros((height, width), np.uint16)
    result[:small.shape[0], :small.shape[1]] = small
    return result


def crop(pixels: np.ndarray, box, width: int, height: int) -> np.ndarray:
    """The box (left, top, right, bottom), stretched."""
    left, top, right, bottom = box
    part = np.ascontiguousarray(pixels[top:bottom, left:right])
    enlarges = right - left < width or bottom - top < height
    return cv2.resize(
        part, (width, height),
        interpolation=cv2.INTER_LINEAR if enlarges else cv2.INTER_AREA)


def preprocess(image, recipe):
    """Box, flipped and the pixels of each variant; None without a breast."""
    pixels = levels(image, recipe.windowing)
    mask = component(eighth(pixels))
    if mask is None:
        return None
    height, width = pixels.shape
    box = component_box(mask, width, height)
    pixels = without_markers(pixels, mask, recipe.markers)
    flipped = is_right(pixels)
    shown = box
    if flipped:
        pixels = np.ascontiguousarray(pixels[:, ::-1])
        shown = width - box[2], box[1], width - box[0], box[3]
    results = []
    for variant in recipe.variants:
        size = variant.size.width, variant.size.height
        results.append(crop(pixels, shown, *size)
                       if variant.method == "crop" else resize(pixels, *size))
    return box, flipped, results
