"""Finds the elements of a DICOM file up to its pixels.

pydicom finds the elements; what their values mean is taken from the raw
bytes in `dicom_values`. Only the tags asked for are kept.
"""

import dataclasses
import logging
import struct
import warnings
import zlib
from collections.abc import Callable, Iterable
from io import BytesIO

from pydicom.filereader import data_element_generator

from pipelines.dicom_values import UNDEFINED_LENGTH, Elements, PixelElement
from pipelines.reasons import Rejected

# pydicom quotes header values in what it says about them.
logging.getLogger("pydicom").setLevel(logging.CRITICAL + 1)
warnings.filterwarnings("ignore", module=r"pydicom(\.|$)")

IMPLICIT = "1.2.840.10008.1.2"
EXPLICIT = "1.2.840.10008.1.2.1"
BIG_ENDIAN = "1.2.840.10008.1.2.2"
DEFLATED = "1.2.840.10008.1.2.1.99"
# Uncompressed pixels.
NATIVE = (IMPLICIT, EXPLICIT, BIG_ENDIAN, DEFLATED)

PIXEL_DATA = 0x7FE00010
# Float, double float and integer pixels (PS3.3, C.7.6.3 and C.7.6.24).
PIXEL_TAGS = (0x7FE00008, 0x7FE00009, PIXEL_DATA)
_ITEM_GROUP = 0xFFFE0000

_PREAMBLE_BYTES = 128
# Nobody's header unpacks to more; a deflate bomb does.
_MAX_DEFLATED_HEADER_BYTES = 64 << 20
_LONG_VRS = (b"OB", b"OD", b"OF", b"OL", b"OV", b"OW", b"SQ", b"SV", b"UC",
             b"UN", b"UR", b"UT", b"UV")

Buffer = bytes | bytearray | memoryview


def read_elements(data: Buffer, complete: bool,
                  tags: Iterable[int]) -> Elements | None:
    """Reads a data set until its pixel data element or its end.

    Args:
      data: The first bytes of an uncompressed file.
      complete: Whether that is all of it.
      tags: The elements to keep.

    Returns:
      The elements, or None if they may go on behind these bytes.

    Raises:
      Rejected: `empty_file`, `not_dicom`, `bad_header`, `corrupt_deflate`,
        `header_too_long` or `truncated`. The last two, and most of
        `bad_header`, only if `complete`.
    """
    if not data and complete:
        raise Rejected("empty_file", "0 bytes")
    try:
        return _read(data, complete, tags)
    except Rejected:
        raise
    except (EOFError, OSError, struct.error):
        if not complete:
            return None
        raise Rejected("truncated", f"the file ends at byte {len(data)}, in "
                       "the middle of its header") from None
    except Exception as error:  # its text may quote a value
        if not complete:
            return None
        raise Rejected("bad_header", type(error).__name__) from None


def _read(data: Buffer, complete: bool,
          tags: Iterable[int]) -> Elements | None:
    start = _PREAMBLE_BYTES + 4
    if bytes(data[_PREAMBLE_BYTES:start]) != b"DICM":
        if len(data) < start and not complete:
            return None
        start = 0
    start, stated = _file_meta(data, start)
    if start >= len(data) and not complete:
        return None
    syntax = _effective_syntax(bytes(data[start:start + 8]), stated, start)
    if syntax != DEFLATED:
        return _data_set(data, start, syntax, complete, tags)
    body, ended = _inflated(data, start)
    elements = _data_set(body, 0, syntax, ended, tags)
    if elements is None and complete:
        long = len(body) >= _MAX_DEFLATED_HEADER_BYTES
        raise Rejected("header_too_long" if long else "truncated",
                       f"no pixel data in the {len(body)} bytes that the data "
                       "set inflates to")
    return elements and dataclasses.replace(elements, body=start)


def _file_meta(data: Buffer, start: int) -> tuple[int, str]:
    """End of the file meta elements, and the transfer syntax they name.

    Explicit VR little endian whatever follows (PS3.10, 7.1). The group's
    stated length is often wrong, so the group is walked to its end.
    """
    position, syntax = start, ""
    while bytes(data[position:position + 2]) == b"\x02\x00":
        head = bytes(data[position:position + 12])
        vr, element = head[4:6], int.from_bytes(head[2:4], "little")
        if vr in _LONG_VRS:
            (length,), size = struct.unpack("<L", head[8:12]), 12
        elif _has_vr(head):
            (length,), size = struct.unpack("<H", head[6:8]), 8
        else:
            (length,), size = struct.unpack("<L", head[4:8]), 8
        end = position + size + length
        if end > len(data):
            raise EOFError
        if element == 0x0010:
            syntax = bytes(data[position + size:end]).decode("latin-1")
        position = end
    return position, syntax.strip(" \0")


def _effective_syntax(head: bytes, stated: str, start: int) -> str:
    """The transfer syntax of a data set that opens with these 8 bytes.

    What the bytes show wins over what the meta elements state where the two
    exclude each other: a data set that was rewritten plain under the deflated
    UID, or one of the other byte order.
    """
    explicit = _has_vr(head)
    little, big = head[1:2] == b"\0", head[:2] == b"\0\x08"
    if stated == DEFLATED:
        return EXPLICIT if head[:2] == b"\x08\0" and explicit else DEFLATED
    if big and explicit:
        return BIG_ENDIAN
    if stated == BIG_ENDIAN and little:
        return EXPLICIT if explicit else IMPLICIT
    if stated:
        return stated
    # Without a preamble anything may come here, so that the first element
    # has to make sense: group 0008, and an early one with a short value.
    short = head[3:4] == b"\0" and head[6:8] == b"\0\0"
    if start == 0 and not (head[:2] == b"\x08\0" and (explicit or short)):
        raise Rejected("not_dicom", "neither DICM at byte 128 nor elements of "
                       "group 0002 or 0008 at byte 0")
    return EXPLICIT if explicit else IMPLICIT


def _has_vr(head: bytes) -> bool:
    """Whether the element that opens so is in explicit VR (PS3.5, 7.1.2)."""
    return head[4:6].isalpha() and head[4:6].isupper()


def _inflated(data: Buffer, start: int) -> tuple[bytes, bool]:
    """A deflated data set's beginning, and whether it is all of it."""
    unpacker = zlib.decompressobj(-zlib.MAX_WBITS)
    try:
        body = unpacker.decompress(
            bytes(data[start:]), _MAX_DEFLATED_HEADER_BYTES)
    except zlib.error as error:
        raise Rejected("corrupt_deflate", str(error)) from None
    return body, unpacker.eof


def _data_set(data: Buffer, start: int, syntax: str, complete: bool,
              tags: Iterable[int]) -> Elements | None:
    """The elements from `start` on; see `read_elements`."""
    little = syntax != BIG_ENDIAN
    explicit = _has_vr(bytes(data[start:start + 6]))
    stream = BytesIO(data)
    stream.seek(start)
    watch = _Watch(stream.tell)
    raw = {int(element.tag): element for element in data_element_generator(
        stream, not explicit, little, watch, specific_tags=list(tags))}
    if not watch.reached:
        if not complete:
            return None
        if not watch.met or watch.end > len(data) or _cut(
                data, watch.end):
            known = any(tag >> 16 == 0x0008 for tag in raw)
            raise Rejected("truncated" if known else "bad_header",
                           f"the data ends at byte {len(data)}, element "
                           f"{watch.name} at byte {watch.end}")
    return Elements(raw, little, syntax, watch.pixels)


def _cut(data: Buffer, end: int) -> bool:
    """Whether some bytes of an element follow the last whole one."""
    rest = bytes(data[end:end + 8]) if end else b""
    return len(rest) < 8 and any(rest)


class _Watch:
    """Tells pydicom to stop at the pixels, and remembers what it met."""

    def __init__(self, tell: Callable[[], int]):
        self._tell = tell
        self._tag = 0
        self.met = False
        self.end = 0
        self.reached = False
        self.pixels: PixelElement | None = None

    @property
    def name(self) -> str:
        return f"({self._tag >> 16:04X},{self._tag & 0xFFFF:04X})"

    def __call__(self, tag: int, vr: str | None, length: int) -> bool:
        offset = self._tell()
        tag = int(tag)  # pydicom's own type compares ten times as slowly
        self.met = True
        # Beyond the pixels; a stray delimiter is not.
        if PIXEL_TAGS[0] <= tag < _ITEM_GROUP:
            self.reached = True
            if tag in PIXEL_TAGS:
                self.pixels = PixelElement(tag, vr, length, offset)
            return True
        # Where the element ends; 0 if only reading it tells.
        self._tag, self.end = tag, offset + length
        if length == UNDEFINED_LENGTH:
            self.end = 0
        return False
