"""Encodings give back every pixel, or it is said."""

import numpy as np
import pytest

from tools import lossless

IMAGES = [np.random.default_rng(seed).integers(
    0, 1 << 16, (9, 7), dtype=np.uint16) for seed in range(2)]


@pytest.mark.parametrize("name", lossless.ENCODINGS)
def test_every_encoding_gives_back_every_pixel(name):
    found = lossless.measure(lossless.ENCODINGS[name], IMAGES, False)
    assert found.bytes > 0 and found.native_seconds is None
    assert name != "raw" or found.bytes == 9 * 7 * 2


def test_tensorflow_reads_what_is_native():
    pytest.importorskip("tensorflow")
    native = {name: encoding for name, encoding in lossless.ENCODINGS.items()
              if encoding.native}
    assert len(native) > 5
    for encoding in native.values():
        assert lossless.measure(encoding, IMAGES, True).native_seconds > 0


def test_other_pixels_are_an_error():
    raw = lossless.ENCODINGS["raw"]
    wrong = lossless.Encoding(
        raw.encode, lambda data, shape: raw.decode(data, shape) ^ 1)
    with pytest.raises(ValueError, match="other pixels"):
        lossless.measure(wrong, IMAGES, False)
