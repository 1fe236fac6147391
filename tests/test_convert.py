import cv2
import numpy as np
import pytest

from pipelines import convert


@pytest.fixture
def image():
    return np.arange(12, dtype=np.uint16).reshape(3, 4) * 5000


def test_raw_is_little_endian_row_by_row(image):
    assert convert.encode_image(image, "raw") == image.astype(
        "<u2").tobytes() == convert.raw_bytes(image)
    assert convert.raw_bytes(image.astype(">u2")) == convert.raw_bytes(image)
    assert convert.raw_bytes(image)[2:4] == bytes([0x88, 0x13])


def test_png_keeps_every_value(image):
    data = convert.encode_image(image, "png")
    decoded = cv2.imdecode(np.frombuffer(data, np.uint8),
                           cv2.IMREAD_UNCHANGED)
    assert decoded.dtype == np.uint16
    np.testing.assert_array_equal(decoded, image)
