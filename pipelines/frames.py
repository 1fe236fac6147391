"""The frames of a file, each decoded when it is asked for.

However many there are, no more than one of them is unpacked at a time.
"""

import dataclasses
import struct
import zlib
from typing import Any

import imagecodecs
import numpy as np

from pipelines import decoders
from pipelines.decoders import Frame
from pipelines.dicom_elements import BIG_ENDIAN, EXPLICIT, NATIVE, Buffer
from pipelines.dicom_values import UNDEFINED_LENGTH, Elements, PixelElement
from pipelines.reasons import Rejected
from pipelines.workspace import Workspace

_imagecodecs: Any = imagecodecs  # It takes any buffer.

_ITEM = (0xFFFE, 0xE000)
_DELIMITER = (0xFFFE, 0xE0DD)
# What follows the pixels of a deflated data set, in most.
_MOST_BEHIND_BYTES = 64 << 10
_STREAM_STARTS = (b"\xff\xd8\xff", b"\xff\x4f\xff\x51", b"\0\0\0\x0cjP  ")


@dataclasses.dataclass(frozen=True, eq=False)
class Decoded:
    """One frame.

    Attributes:
      pixels: `[rows, columns]` of the frame's dtype; may be a read-only view
        of the file's bytes.
      transfer_syntax: UID of what it was in.
      precision: Bits of a compressed stream, None where it does not say.
    """

    pixels: np.ndarray
    transfer_syntax: str
    precision: int | None = None


class Frames:
    """All frames of one file."""

    def __init__(self, data: Buffer, elements: Elements, frame: Frame,
                 count: int, workspace: Workspace | None = None,
                 j2k: str = "full"):
        """Finds where each frame lies.

        Args:
          data: The whole file.
          elements: Its header; it has pixels.
          frame: What the header says of each frame.
          count: How many frames it says there are.
          workspace: Where frames may be unpacked, each to stay until the
            next one; None: in memory of their own.
          j2k: The recipe's: whether JPEG 2000 may be decoded at a quarter.

        Raises:
          Rejected: `truncated`, `undecodable` or `corrupt_deflate`.
        """
        assert elements.pixels is not None
        self._pixels: PixelElement = elements.pixels
        self._frame = frame
        self._count = count
        self._workspace = workspace
        self._j2k = j2k
        if elements.body is not None:
            end = self._pixels.offset + frame.size * count
            data = _inflated(data, elements.body, end, workspace)
        self._data = memoryview(data)
        self._syntax = elements.transfer_syntax
        self._streams: list[list[memoryview]] | None = None
        if self._syntax not in NATIVE:
            try:
                self._streams = self._split()
            except Rejected as error:
                self._error = error

    def decode(self, index: int, lenient: bool = False) -> Decoded:
        """Decodes one frame.

        Args:
          index: From 0, as they lie in the file.
          lenient: Whether a frame that cannot be decoded by its transfer
            syntax is decoded by what it looks like.

        Raises:
          Rejected: `undecodable` or `truncated`.
        """
        try:
            return self._as_stated(index)
        except Rejected:
            found = self._by_looks(index) if lenient else None
            if found is None:
                raise
            return found

    def _as_stated(self, index: int) -> Decoded:
        if self._syntax in NATIVE:
            return Decoded(self._native(index), self._syntax)
        if self._streams is None:
            raise self._error
        return self._decoded(_join(self._streams[index]), self._syntax)

    def _decoded(self, stream: memoryview, syntax: str) -> Decoded:
        pixels = decoders.decode_frame(stream, syntax, self._frame,
                                       self._workspace, self._j2k)
        return Decoded(pixels, syntax, decoders.precision_of(stream, syntax))

    def _by_looks(self, index: int) -> Decoded | None:
        """By whatever syntax takes the frame's bytes, if one does."""
        try:
            if self._pixels.length == UNDEFINED_LENGTH:
                stream = _join(self._split()[index])
            elif self._count == 1:
                stream = self._value()
            else:
                stream = self._value_of(index)
        except Rejected:
            return None
        for syntax in decoders.likely_syntaxes(stream, self._frame):
            if syntax == self._syntax:
                continue
            try:
                if syntax != EXPLICIT:
                    return self._decoded(stream, syntax)
                return Decoded(_pixels_of(stream, self._frame), syntax)
            except Rejected:
                continue
        return None

    def _value(self) -> memoryview:
        start = self._pixels.offset
        return self._data[start:start + self._pixels.length]

    def _value_of(self, index: int) -> memoryview:
        """One frame's bytes of a value that has all of them in a row."""
        if self._pixels.length == UNDEFINED_LENGTH:
            raise Rejected("undecodable", "pixels in items, which an "
                           "uncompressed transfer syntax does not allow")
        value, size = self._value(), self._frame.size
        if len(value) < size * self._count:
            raise Rejected("truncated", f"{len(value)} bytes of pixels, "
                           f"expected {size * self._count}")
        return value[index * size:(index + 1) * size]

    def _native(self, index: int) -> np.ndarray:
        """Uncompressed pixels (PS3.5, 8.1.1), where they can be as a view."""
        value = self._value_of(index)
        big = self._syntax == BIG_ENDIAN
        if big and self._frame.itemsize == 1 and self._pixels.vr == "OW":
            # Pairs of pixels lie in words, of which the second byte comes
            # first (PS3.5, 8.1.1 and A.3).
            whole, size = self._value(), self._frame.size
            words = np.frombuffer(whole[:len(whole) // 2 * 2], ">u2")
            swapped = memoryview(words.astype("<u2").tobytes())
            value = swapped[index * size:(index + 1) * size]
        return _pixels_of(value, self._frame, big)

    def _split(self) -> list[list[memoryview]]:
        """The fragments of each frame (PS3.5, A.4).

        All fragments are the only frame's, and the offset table before them,
        which is often wrong, is not needed; of several frames each has one
        fragment, or the table or the fragments' first bytes tell where each
        begins.
        """
        items = _items(self._data, self._pixels.offset, self._syntax)
        table = items[0] if items else memoryview(b"")
        # Some writers leave the offset table out.
        leaves_out = len(items) == self._count and _starts(table)
        fragments = items if leaves_out else items[1:] or items
        if not fragments:
            raise Rejected("truncated", "no fragment of pixels")
        if self._count == 1:
            return [fragments]
        if len(fragments) == self._count:
            return [[fragment] for fragment in fragments]
        starts = (_by_table(table, fragments, self._count)
                  or [i for i, part in enumerate(fragments) if _starts(part)])
        if len(starts) != self._count or starts[0]:
            raise Rejected(
                "undecodable", f"{len(fragments)} fragments for {self._count} "
                "frames, and nothing that tells which are whose")
        return [fragments[start:end] for start, end in zip(
            starts, [*starts[1:], len(fragments)])]


def _pixels_of(value: memoryview, frame: Frame,
               big: bool = False) -> np.ndarray:
    if len(value) < frame.size:
        raise Rejected("truncated", f"{len(value)} bytes of pixels, expected "
                       f"{frame.size}")
    stored = frame.dtype.newbyteorder(">" if big else "<")
    values = np.frombuffer(value[:frame.size], stored)
    values = values.astype(frame.dtype, copy=False)
    if not values.flags.aligned:  # which OpenCV does not take
        values = values.copy()
    return values.reshape(frame.rows, frame.columns)


def _inflated(data: Buffer, start: int, size: int,
              workspace: Workspace | None) -> Buffer:
    """As much of a deflated data set as its pixels need."""
    room = (workspace or Workspace()).room("body", size + _MOST_BEHIND_BYTES)
    try:
        # Three times as fast as zlib, but only for a sound stream.
        return _imagecodecs.deflate_decode(
            memoryview(data)[start:], raw=True, out=room)
    except Exception:
        pass  # zlib tells what is wrong, or that it is long.
    try:
        return zlib.decompressobj(-zlib.MAX_WBITS).decompress(
            memoryview(data)[start:], size)
    except zlib.error as error:
        raise Rejected("corrupt_deflate", str(error)) from None


def _items(data: memoryview, position: int,
           transfer_syntax: str) -> list[memoryview]:
    """The items of encapsulated pixels, the offset table included."""
    items = []
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
        items.append(data[position:position + length])
        position += length
    return items


def _starts(fragment: memoryview) -> bool:
    """Whether a compressed stream begins here."""
    return bytes(fragment[:8]).startswith(_STREAM_STARTS)


def _by_table(table: memoryview, fragments: list[memoryview],
              count: int) -> list[int] | None:
    """The first fragment of each frame by the basic offset table, if that
    points to fragments (PS3.5, A.4)."""
    if len(table) != 4 * count:
        return None
    offsets = struct.unpack(f"<{count}L", table)
    places, position = {}, 0
    for number, fragment in enumerate(fragments):
        places[position] = number
        position += 8 + len(fragment)
    starts = [places.get(offset, -1) for offset in offsets]
    rising = all(a < b for a, b in zip(starts, starts[1:]))
    return starts if starts[0] == 0 and rising else None


def _join(fragments: list[memoryview]) -> memoryview:
    return fragments[0] if len(fragments) == 1 else memoryview(
        b"".join(fragments))
