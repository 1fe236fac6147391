"""A whole DICOM file to its pixels as they are stored.

Nothing is masked, rescaled or inverted here: that is preprocessing, and the
attributes beside the pixels say how.
"""

import dataclasses
import struct
import zlib

import numpy as np

from pipelines import dicom
from pipelines.attributes import ImageAttributes, read_attributes
from pipelines.decoders import DECODERS, Frame, decode_frame
from pipelines.dicom_elements import (
    BIG_ENDIAN, Buffer, PIXEL_DATA, read_elements)
from pipelines.dicom_values import UNDEFINED_LENGTH, Elements, PixelElement
from pipelines.reasons import Rejected

_FIRST_PREFIX_BYTES = 64 << 10
_PREFIX_GROWTH = 8
_ITEM = (0xFFFE, 0xE000)
_DELIMITER = (0xFFFE, 0xE0DD)


@dataclasses.dataclass(frozen=True, eq=False)
class StoredImage:
    """One image as its file holds it.

    Attributes:
      pixels: uint8, int8, uint16 or int16 `[rows, columns]` in native byte
        order; may be a read-only view of the file's bytes. Bits beyond
        `attributes.bits_stored` are as they were found.
      attributes: What the values mean.
      header: What the scan records.
      remarks: Codes of `remarks.REMARKS` that only decoding tells.
      detail: What a remark found, or None.
    """

    pixels: np.ndarray
    attributes: ImageAttributes
    header: dicom.Header
    remarks: tuple[str, ...] = ()
    detail: str | None = None


def decode(data: Buffer, max_image_bytes: int) -> StoredImage:
    """Decodes a mammogram.

    Args:
      data: A whole file, without gzip around it.
      max_image_bytes: Bytes that its pixels may take.

    Raises:
      Rejected: What `parse_header` and `check_mammogram` raise, `truncated`,
        `undecodable` or `corrupt_deflate`.
    """
    elements = _elements(data)
    header = dicom.header_of(elements)
    dicom.check_mammogram(header, max_image_bytes)
    attributes = read_attributes(elements, header.lossy)
    frame = Frame(attributes.rows, attributes.columns,
                  attributes.bits_allocated // 8, attributes.signed)
    pixels = elements.pixels
    if pixels is None or pixels.tag != PIXEL_DATA:
        raise Rejected("no_pixel_data", "(7FE0,0010) Pixel Data is absent")
    if header.transfer_syntax in DECODERS:
        stream = _joined(memoryview(data), pixels, header.transfer_syntax)
        values = decode_frame(stream, header.transfer_syntax, frame)
    else:
        if elements.body is not None:
            data = _inflated(data, elements.body, pixels.offset + frame.size)
        big = header.transfer_syntax == BIG_ENDIAN
        values = _native(memoryview(data), pixels, frame, big)
    return StoredImage(values, attributes, header)


def _elements(data: Buffer) -> Elements:
    """The elements up to the pixels, copying as little as needed."""
    size = _FIRST_PREFIX_BYTES
    while size < len(data):
        elements = read_elements(bytes(data[:size]), False, dicom.TAGS)
        if elements is not None:
            return elements
        size *= _PREFIX_GROWTH
    elements = read_elements(data, True, dicom.TAGS)
    if elements is None:
        raise Rejected("truncated", "the file ends before its pixels")
    return elements


def _inflated(data: Buffer, start: int, size: int) -> bytes:
    """As much of a deflated data set as its pixels need."""
    try:
        return zlib.decompressobj(-zlib.MAX_WBITS).decompress(
            memoryview(data)[start:], size)
    except zlib.error as error:
        raise Rejected("corrupt_deflate", str(error)) from None


def _native(data: memoryview, pixels: PixelElement, frame: Frame,
            big: bool) -> np.ndarray:
    """Uncompressed pixels (PS3.5, 8.1.1), where they can be as a view."""
    if pixels.length == UNDEFINED_LENGTH:
        raise Rejected("undecodable", "pixels in items, which an uncompressed "
                       "transfer syntax does not allow")
    value = data[pixels.offset:pixels.offset + pixels.length]
    if len(value) < frame.size:
        raise Rejected("truncated", f"{len(value)} bytes of pixels, expected "
                       f"{frame.size}")
    if big and frame.itemsize == 1 and pixels.vr == "OW":
        # Pairs of pixels lie in words, of which the second byte comes first
        # (PS3.5, 8.1.1 and A.3).
        words = np.frombuffer(value[:len(value) // 2 * 2], ">u2")
        value = memoryview(words.astype("<u2").tobytes())
    stored = frame.dtype.newbyteorder(">" if big else "<")
    values = np.frombuffer(value[:frame.size], stored)
    values = values.astype(frame.dtype, copy=False)
    if not values.flags.aligned:  # which OpenCV does not take
        values = values.copy()
    return values.reshape(frame.rows, frame.columns)


def _joined(data: memoryview, pixels: PixelElement,
            transfer_syntax: str) -> memoryview:
    """The one frame of encapsulated pixels (PS3.5, A.4).

    All fragments are the frame's, and the offset table before them, which is
    often wrong, is not needed.
    """
    fragments, position = [], pixels.offset
    while position + 8 <= len(data):
        group, element, length = struct.unpack(
            "<HHL", data[position:position + 8])
        if (group, element) == _DELIMITER:
            break
        if (group, element) != _ITEM or length == UNDEFINED_LENGTH:
            raise Rejected(
                "undecodable", f"found ({group:04X},{element:04X}) at byte "
                f"{position}, where transfer syntax {transfer_syntax} has "
                "an item of its pixels")
        position += 8
        if position + length > len(data):
            raise Rejected("truncated", f"a fragment ends at byte "
                           f"{position + length}, the file at {len(data)}")
        fragments.append(data[position:position + length])
        position += length
    # Some writers leave the offset table out.
    fragments = fragments[1:] or fragments
    if not fragments:
        raise Rejected("truncated", "no fragment of pixels")
    return fragments[0] if len(fragments) == 1 else memoryview(
        b"".join(fragments))
