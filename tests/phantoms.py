"""Small stored images with everything that preprocessing has a rule for."""

import numpy as np
from hypothesis import strategies as st

from pipelines.attributes import ImageAttributes, Lut, Window
from pipelines.pixels import StoredImage

BITS = (8, 10, 12, 13, 14, 16)


def attributes(rows: int, columns: int, **overrides) -> ImageAttributes:
    """Those of a plain 12-bit MONOCHROME2 image."""
    values = dict(
        rows=rows, columns=columns, bits_allocated=16, bits_stored=12,
        high_bit=11, signed=False, photometric="MONOCHROME2", lut_shape=None,
        rescale_slope=1.0, rescale_intercept=0.0, modality_lut=None,
        padding=None, windows=(), voi_function="LINEAR", voi_luts=(),
        transfer_syntax="1.2.840.10008.1.2.1", lossy=False)
    return ImageAttributes(**(values | overrides))


def stored_image(pixels: np.ndarray, **overrides) -> StoredImage:
    """An image of these pixels; attributes follow them unless given."""
    itemsize = pixels.itemsize
    bits = overrides.get("bits_stored", 8 if itemsize == 1 else 12)
    values = dict(bits_allocated=8 * itemsize, bits_stored=bits,
                  high_bit=bits - 1, signed=pixels.dtype.kind == "i")
    return StoredImage(
        pixels, attributes(*pixels.shape, **(values | overrides)), None)


def breast(height: int, width: int, *, side: str = "L", top: int = 4095,
           seed: int = 0, marker: bool = False,
           dtype: type = np.uint16) -> np.ndarray:
    """A bright half-ellipse at its chest wall, on a dim noisy background."""
    noise = np.random.default_rng(seed).random((height, width))
    y, x = np.mgrid[:height, :width]
    inside = (x / (0.6 * width))**2 + (
        (y - 0.45 * height) / (0.4 * height))**2 < 1
    pixels = np.where(inside, (0.3 + 0.4 * noise) * top, 0.02 * noise * top)
    if marker:
        pixels[height // 16:height // 16 + 12, -height // 8:-4] = top
    if side == "R":
        pixels = pixels[:, ::-1]
    return np.ascontiguousarray(pixels.astype(dtype))


@st.composite
def any_attributes(draw, rows: int = 1, columns: int = 1) -> ImageAttributes:
    """Any header whose LUT, window or padding makes sense."""
    allocated = draw(st.sampled_from((8, 16)))
    bits = draw(st.sampled_from([b for b in BITS if b <= allocated]))
    signed = draw(st.booleans())
    low, high = (-1 << bits - 1, (1 << bits - 1) - 1) if signed else (
        0, (1 << bits) - 1)
    value = st.integers(low, high)
    ends = st.one_of(st.sampled_from((low, high)), value)
    overrides = dict(
        bits_allocated=allocated, bits_stored=bits, signed=signed,
        high_bit=draw(st.integers(bits - 1, allocated - 1)),
        photometric=draw(st.sampled_from(("MONOCHROME1", "MONOCHROME2"))),
        lut_shape=draw(st.sampled_from((None, "IDENTITY", "INVERSE"))),
        padding=draw(st.none() | st.tuples(ends, ends).map(
            lambda pair: tuple(sorted(pair)))))
    kind = draw(st.sampled_from(("none", "none", "rescale", "lut")))
    if kind == "rescale":
        overrides["rescale_slope"] = draw(
            st.sampled_from((1.0, 0.25, 0.1, 2.0, 20.0, -1.0)))
        overrides["rescale_intercept"] = draw(
            st.sampled_from((0.0, -1024.0, 0.5, 100.0)))
    elif kind == "lut":
        overrides["modality_lut"] = draw(luts(value))
    overrides["windows"] = draw(st.lists(st.builds(
        Window, st.integers(low, high).map(float),
        st.integers(1, 1 << bits).map(float)), max_size=2).map(tuple))
    overrides["voi_function"] = draw(
        st.sampled_from(("LINEAR", "LINEAR_EXACT", "SIGMOID")))
    overrides["voi_luts"] = draw(st.lists(luts(value), max_size=1).map(tuple))
    return attributes(rows, columns, **overrides)


@st.composite
def luts(draw, firsts) -> Lut:
    """A LUT of a few entries."""
    bits = draw(st.sampled_from((8, 12, 16)))
    values = draw(st.lists(st.integers(0, (1 << bits) - 1), min_size=1,
                           max_size=40))
    return Lut(draw(firsts), np.array(values, np.uint16), bits)


@st.composite
def noise_images(draw) -> StoredImage:
    """Pixels of any bits, unused ones set as well."""
    height, width = draw(st.tuples(st.integers(1, 90), st.integers(1, 20)))
    header = draw(any_attributes(height, width))
    seed = draw(st.integers(0, 1 << 32))
    dtype = np.dtype(f"{'i' if header.signed else 'u'}"
                     f"{header.bits_allocated // 8}")
    raw = np.random.default_rng(seed).bytes(height * width * dtype.itemsize)
    pixels = np.frombuffer(raw, dtype).reshape(height, width)
    return StoredImage(pixels, header, None)


@st.composite
def breast_images(draw) -> StoredImage:
    """A breast of either side and polarity, odd sizes, with and without
    markers, padding and a sign."""
    height, width = draw(st.tuples(st.integers(60, 200), st.integers(48, 180)))
    bits = draw(st.sampled_from(BITS))
    top = (1 << bits) - 1
    seed = draw(st.integers(0, 1 << 32))
    pixels = breast(height, width, side=draw(st.sampled_from("LR")), top=top,
                    seed=seed, marker=draw(st.booleans()), dtype=np.int64)
    for _ in range(draw(st.integers(0, 3))):  # saturated spots anywhere
        y, x = draw(st.integers(0, height - 1)), draw(
            st.integers(0, width - 1))
        size = draw(st.integers(1, 12))
        pixels[y:y + size, x:x + size] = top
    padding = None
    if draw(st.booleans()):
        padded = draw(st.integers(0, top))
        pixels[:, -width // 10:] = padded
        padding = (padded, padded)
    photometric = draw(st.sampled_from(("MONOCHROME1", "MONOCHROME2")))
    if photometric == "MONOCHROME1":
        pixels = top - pixels
        padding = padding and (top - padding[1], top - padding[0])
    signed = draw(st.booleans())
    if signed:
        pixels = pixels - (1 << bits - 1)
        padding = padding and tuple(end - (1 << bits - 1) for end in padding)
    dtype = np.dtype(f"{'i' if signed else 'u'}{1 if bits == 8 else 2}")
    return stored_image(pixels.astype(dtype), bits_stored=bits,
                        padding=padding, photometric=photometric)
