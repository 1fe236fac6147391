"""The stored pictures of records: bytes of their values, and thumbnails."""

from collections.abc import Mapping
from typing import Any

import cv2
import numpy as np

from pipelines import geometry
from tools import datasets
from tools import panels

THUMBNAIL_HEIGHT = 320  # Pixels at most; twice that of a tile on the page.


def stored(dataset: datasets.Dataset, variant: geometry.Variant,
           place: Mapping[str, Any]) -> np.ndarray:
    """A record's picture, uint16 [height, width].

    Args:
      dataset: The data set.
      variant: One of its variants.
      place: Its split, shard, byte_offset and byte_length.

    Raises:
      ValueError: The record is damaged.
      OSError: The shard cannot be read.
    """
    return datasets.read_image(dataset, {**place, "variant": str(variant)})


def to_bytes(pixels: np.ndarray) -> bytes:
    """Little-endian uint16, row by row."""
    return np.ascontiguousarray(pixels, "<u2").tobytes()


def thumbnail(pixels: np.ndarray) -> bytes:
    """A grey PNG from black to the picture's own maximum.

    Args:
      pixels: uint16 [height, width].
    """
    small = panels.grey(pixels, THUMBNAIL_HEIGHT)[:, :, 0]
    _, data = cv2.imencode(".png", small, [cv2.IMWRITE_PNG_COMPRESSION, 3])
    return data.tobytes()
