"""Lossless encodings of one stored image, and what reads them.

Those that TensorFlow's own operations decode (`native`) could stand in a
record; others show what is left to gain.
"""

import dataclasses
import functools
import statistics
import time
import zlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import cv2
import imagecodecs
import numpy as np

from pipelines import convert

_TF_ZLIB = "ZLIB"


@dataclasses.dataclass(frozen=True)
class Encoding:
    """One way to write an image.

    Attributes:
      encode: From uint16 [height, width] to bytes.
      decode: From bytes and a shape back to it, as our loader would.
      native: Likewise with TensorFlow's operations, a tensor; None where
        there are none.
    """

    encode: Callable[[np.ndarray], Any]
    decode: Callable[[bytes, tuple[int, ...]], np.ndarray]
    native: Callable[[Any, tuple[int, ...]], Any] | None = None


@dataclasses.dataclass(frozen=True)
class Measured:
    """What an encoding takes of one image.

    Attributes:
      bytes: The mean over images.
      encode_seconds, decode_seconds: Of the processor, medians over images.
      native_seconds: Likewise with TensorFlow, or None.
    """

    bytes: float
    encode_seconds: float
    decode_seconds: float
    native_seconds: float | None


def measure(encoding: Encoding, images: Sequence[np.ndarray],
            native: bool) -> Measured:
    """Encodes and decodes images of one shape.

    Raises:
      ValueError: Other pixels come back.
    """
    coded, encoding_took = _timed(encoding.encode, images)
    shape = images[0].shape
    decoded, decoding_took = _timed(
        lambda data: encoding.decode(data, shape), coded)
    results, native_took = decoded, None
    if native and encoding.native is not None:
        results, native_took = _timed(_compiled(encoding.native, shape), coded)
    for image, *others in zip(images, decoded, results):
        if any(not np.array_equal(image, other) for other in others):
            raise ValueError("other pixels came back")
    return Measured(statistics.mean(map(len, coded)), encoding_took,
                    decoding_took, native_took)


def _timed(function: Callable[[Any], Any], values: Sequence[Any]
           ) -> tuple[list[Any], float]:
    function(values[0])
    results, seconds = [], []
    for value in values:
        start = time.process_time()
        results.append(function(value))
        seconds.append(time.process_time() - start)
    return results, statistics.median(seconds)


def _compiled(native: Callable[[Any, tuple[int, ...]], Any],
              shape: tuple[int, ...]) -> Callable[[bytes], np.ndarray]:
    import tensorflow as tf

    function = tf.function(lambda data: native(data, shape))
    return lambda data: function(tf.constant(data)).numpy()


def delta(image: np.ndarray) -> np.ndarray:
    """Each pixel less its left neighbour, modulo 2^16; the first as it is.

    >>> delta(np.array([[5, 7, 6]], np.uint16))
    array([[    5,     2, 65535]], dtype=uint16)
    """
    difference = image.copy()
    difference[:, 1:] -= image[:, :-1]
    return difference


def undelta(difference: np.ndarray) -> np.ndarray:
    """What `delta` was given."""
    return np.cumsum(difference, axis=1, dtype=np.uint16)


def _planes(image: np.ndarray) -> bytes:
    """All low bytes, then all high ones."""
    pairs = image.astype("<u2", copy=False).view(np.uint8).reshape(-1, 2)
    return pairs.T.tobytes()


def _from_planes(data: bytes, shape: tuple[int, ...]) -> np.ndarray:
    pairs = np.frombuffer(data, np.uint8).reshape(2, -1)
    return np.ascontiguousarray(pairs.T).view("<u2").reshape(shape)


def _pixels(data: Any, shape: tuple[int, ...]) -> np.ndarray:
    return np.frombuffer(data, "<u2").reshape(shape)


def _native_raw(data: Any, shape: tuple[int, ...]) -> Any:
    import tensorflow as tf

    return tf.reshape(tf.io.decode_raw(data, tf.uint16), shape)


def _native_zlib(data: Any, shape: tuple[int, ...]) -> Any:
    import tensorflow as tf

    return _native_raw(tf.io.decode_compressed(data, _TF_ZLIB), shape)


def _native_delta_planes(data: Any, shape: tuple[int, ...]) -> Any:
    import tensorflow as tf

    planes = tf.io.decode_raw(
        tf.io.decode_compressed(data, _TF_ZLIB), tf.uint8)
    pairs = tf.transpose(tf.reshape(planes, [2, -1]))
    difference = tf.cast(tf.bitcast(pairs, tf.uint16), tf.int32)
    return tf.cast(tf.cumsum(tf.reshape(difference, shape), axis=1) % 65536,
                   tf.uint16)


def _native_png(data: Any, shape: tuple[int, ...]) -> Any:
    import tensorflow as tf

    return tf.reshape(tf.io.decode_png(data, 1, tf.uint16), shape)


def _png(level: int, strategy: int = 0, filters: int | None = None
         ) -> Encoding:
    return Encoding(
        functools.partial(imagecodecs.png_encode, level=level,
                          strategy=strategy, filter=filters),
        lambda data, shape: imagecodecs.png_decode(data), _native_png)


def _zlib(level: int) -> Encoding:
    return Encoding(
        lambda image: zlib.compress(convert.raw_bytes(image), level),
        lambda data, shape: _pixels(zlib.decompress(data), shape),
        _native_zlib)


ENCODINGS: Mapping[str, Encoding] = {
    "raw": Encoding(convert.raw_bytes, _pixels, _native_raw),
    "png, as built": Encoding(
        lambda image: convert.encode_image(image, "png"),
        lambda data, shape: imagecodecs.png_decode(data), _native_png),
    "png, as built, read by OpenCV": Encoding(
        lambda image: convert.encode_image(image, "png"),
        lambda data, shape: cv2.imdecode(
            np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)),
    "png, level 6, all filters": _png(6, filters=248),
    "png, level 9, all filters": _png(9, filters=248),
    "png, level 6, Paeth": _png(6, filters=128),
    "zlib, level 1": _zlib(1),
    "zlib, level 6": _zlib(6),
    "zlib, level 6, of differences by byte": Encoding(
        lambda image: zlib.compress(_planes(delta(image)), 6),
        lambda data, shape: undelta(_from_planes(zlib.decompress(data),
                                                 shape)),
        _native_delta_planes),
    "zstd": Encoding(
        lambda image: imagecodecs.zstd_encode(convert.raw_bytes(image), 3),
        lambda data, shape: _pixels(imagecodecs.zstd_decode(data), shape)),
    "JPEG-LS": Encoding(
        imagecodecs.jpegls_encode,
        lambda data, shape: imagecodecs.jpegls_decode(data)),
    "JPEG 2000": Encoding(
        lambda image: imagecodecs.jpeg2k_encode(image, level=0),
        lambda data, shape: imagecodecs.jpeg2k_decode(data)),
}
