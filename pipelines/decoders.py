"""Compressed frames to pixels, by transfer syntax (PS3.5, 8.2 and A.4).

A decoder is called only after the stream's own header was read and found to
promise what the DICOM header does, so that none allocates more. JPEG streams
are decoded by libjpeg-turbo, which decodes lossless ones 1.6 times as fast as
liblj92 but fills up a stream that ends early in silence: one without its end
marker is refused here. HTJ2K is decoded by OpenJPEG, since imagecodecs'
faster OpenJPH prints errors instead of raising them.
"""

import dataclasses
import struct
from collections.abc import Callable
from typing import Any

import imagecodecs
import numpy as np

from pipelines import reduced
from pipelines.dicom_elements import EXPLICIT
from pipelines.reasons import Rejected
from pipelines.workspace import Workspace

# It takes any buffer; its annotations leave memoryview out.
_imagecodecs: Any = imagecodecs

_JPEG = "1.2.840.10008.1.2.4."
RLE = "1.2.840.10008.1.2.5"
# Lossy by nature, or allowed to be: baseline, extended, JPEG-LS near-lossless,
# JPEG 2000 and HTJ2K of either kind.
LOSSY = frozenset(_JPEG + n for n in ("50", "51", "81", "91", "203"))

_SOF_DCT = (0xC0, 0xC1, 0xC2)
_SOF_LOSSLESS = (0xC3,)
_SOF_JPEGLS = (0xF7,)
_SOF_ALL = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC} | {0xF7}
_END_OF_IMAGE = b"\xff\xd9"
# How far from its end a stream's end marker may be: fragments are padded.
_MAX_PADDING_BYTES = 4096
_J2K_START = b"\xff\x4f\xff\x51"
# Boxes of a JP2 file before its codestream, which DICOM forbids and some
# writers leave in.
_MAX_JP2_BYTES = 64 << 10
# OpenJPEG takes some 5 KiB for each.
_MAX_J2K_TILES = 8192
_RLE_HEADER_BYTES = 64
# The buffer of a workspace that pixels are decoded into.
_DECODED = "decoded"


@dataclasses.dataclass(frozen=True)
class Frame:
    """What the DICOM header says of a frame.

    Attributes:
      rows: Height in pixels.
      columns: Width in pixels.
      itemsize: Bytes of a pixel, 1 or 2.
      signed: Whether pixels are in two's complement.
    """

    rows: int
    columns: int
    itemsize: int
    signed: bool

    @property
    def dtype(self) -> np.dtype:
        return np.dtype(f"{'i' if self.signed else 'u'}{self.itemsize}")

    @property
    def size(self) -> int:
        """Bytes of all pixels."""
        return self.rows * self.columns * self.itemsize


@dataclasses.dataclass(frozen=True)
class Stream:
    """What a compressed stream says of itself."""

    rows: int
    columns: int
    components: int
    precision: int
    signed: bool = False
    tiles: int = 1


Decoder = Callable[[memoryview, Frame, Workspace], np.ndarray]


def decode_frame(data: memoryview, transfer_syntax: str, frame: Frame,
                 workspace: Workspace | None = None,
                 j2k: str = "full") -> np.ndarray:
    """Decodes one frame.

    Args:
      data: The frame's bytes, all fragments joined.
      transfer_syntax: A key of `DECODERS`.
      frame: What the header says.
      workspace: Where pixels may be put, to stay until it is used again;
        None: in memory of their own.
      j2k: The recipe's: whether JPEG 2000 may be decoded at a quarter.

    Returns:
      `[rows, columns]`, dtype `frame.dtype`. Values of signed pixels carry
      their sign as far as the stream's precision tells it.

    Raises:
      Rejected: `undecodable` or `truncated`.
    """
    workspace = workspace or Workspace()
    try:
        pixels = None
        if j2k == "reduced" and DECODERS[transfer_syntax] is _jpeg2000:
            pixels = _reduced(data, frame, workspace)
        if pixels is None:
            pixels = DECODERS[transfer_syntax](data, frame, workspace)
    except Rejected:
        raise
    except Exception as error:
        raise Rejected("undecodable", f"{_kind(data)}: {error}") from None
    if pixels.shape != (frame.rows, frame.columns):
        raise Rejected("undecodable", f"pixels of shape {pixels.shape}, the "
                       f"header says ({frame.rows}, {frame.columns})")
    return pixels


def _rle(data: memoryview, frame: Frame, workspace: Workspace) -> np.ndarray:
    """RLE, one segment a byte of the pixel (PS3.5, G)."""
    if len(data) < _RLE_HEADER_BYTES:
        raise Rejected("truncated", f"an RLE frame of {len(data)} bytes")
    count, *offsets = struct.unpack("<16L", data[:_RLE_HEADER_BYTES])
    # imagecodecs follows offsets wherever they point.
    bounds = [_RLE_HEADER_BYTES, *offsets[:min(count, 15)], len(data)]
    if count != frame.itemsize or bounds != sorted(bounds):
        raise Rejected("undecodable", f"an RLE header of {count} segments; "
                       f"expected {frame.itemsize}, one after the other "
                       f"within {len(data)} bytes")
    pixels = _imagecodecs.dicomrle_decode(
        data, f"<u{frame.itemsize}", out=workspace.room(_DECODED, frame.size))
    if len(pixels) < frame.size:
        raise Rejected("truncated", f"RLE segments of {len(pixels)} bytes, "
                       f"expected {frame.size}")
    little = np.frombuffer(pixels, frame.dtype.newbyteorder("<"))
    return little.reshape(frame.rows, frame.columns).astype(
        frame.dtype, copy=False)


def _jpeg(processes: tuple[int, ...]) -> Decoder:
    """JPEG by any of these processes (start of frame markers)."""

    def decode(data: memoryview, frame: Frame,
               workspace: Workspace) -> np.ndarray:
        stream = _jpeg_stream(data, processes)
        _check(stream, frame)
        return _as_stored(_imagecodecs.jpeg8_decode(
            data, out=_room(stream, workspace)), stream, frame)

    return decode


def _jpegls(data: memoryview, frame: Frame,
            workspace: Workspace) -> np.ndarray:
    stream = _jpeg_stream(data, _SOF_JPEGLS)
    _check(stream, frame)
    return _as_stored(_imagecodecs.jpegls_decode(
        data, out=_room(stream, workspace)), stream, frame)


def _jpeg2000(data: memoryview, frame: Frame,
              workspace: Workspace) -> np.ndarray:
    stream, codes = _j2k_checked(data, frame)
    return _as_stored(_imagecodecs.jpeg2k_decode(
        codes, out=_room(stream, workspace)), stream, frame)


def _reduced(data: memoryview, frame: Frame,
             workspace: Workspace) -> np.ndarray | None:
    """JPEG 2000 at a quarter, enlarged; None where it takes all of it."""
    stream, codes = _j2k_checked(data, frame)
    room = _room(stream, workspace)
    if room is None or not reduced.decode(codes, stream.precision, room):
        return None
    return _as_stored(room, stream, frame)


def _j2k_checked(data: memoryview,
                 frame: Frame) -> tuple[Stream, memoryview]:
    """What a JPEG 2000 stream says of itself, and where it begins."""
    start = bytes(data[:_MAX_JP2_BYTES]).find(_J2K_START)
    if start < 0:
        raise Rejected("undecodable", f"expected a JPEG 2000 codestream, "
                       f"found {_kind(data)}")
    stream = _j2k_stream(data[start:])
    _check(stream, frame)
    return stream, data[start:]


def _room(stream: Stream, workspace: Workspace) -> np.ndarray | None:
    """Where a stream's pixels may go; None: where its decoder puts them."""
    if stream.signed:
        return None
    itemsize = 1 if stream.precision <= 8 else 2
    room = workspace.room(_DECODED, stream.rows * stream.columns * itemsize)
    return np.frombuffer(room, f"u{itemsize}").reshape(
        stream.rows, stream.columns)


DECODERS: dict[str, Decoder] = {
    RLE: _rle,
    _JPEG + "50": _jpeg(_SOF_DCT),
    _JPEG + "51": _jpeg(_SOF_DCT),
    _JPEG + "57": _jpeg(_SOF_LOSSLESS),
    _JPEG + "70": _jpeg(_SOF_LOSSLESS),
    _JPEG + "80": _jpegls,
    _JPEG + "81": _jpegls,
    _JPEG + "90": _jpeg2000,
    _JPEG + "91": _jpeg2000,
    _JPEG + "201": _jpeg2000,
    _JPEG + "202": _jpeg2000,
    _JPEG + "203": _jpeg2000,
}


def precision_of(data: memoryview, transfer_syntax: str) -> int | None:
    """Bits of a stream's pixels; None where the syntax has no such header.

    Args:
      data: What `decode_frame` could decode.
      transfer_syntax: Likewise.
    """
    if transfer_syntax == RLE:
        return None
    if data[:2] == b"\xff\xd8":
        return _jpeg_stream(data, tuple(_SOF_ALL)).precision
    start = bytes(data[:_MAX_JP2_BYTES]).find(_J2K_START)
    return _j2k_stream(data[start:]).precision


def likely_syntaxes(data: memoryview, frame: Frame) -> tuple[str, ...]:
    """The transfer syntaxes that a frame's bytes may be in, by their looks."""
    if data[:2] == b"\xff\xd8":
        return _JPEG + "57", _JPEG + "51", _JPEG + "80"
    if _J2K_START in bytes(data[:_MAX_JP2_BYTES]):
        return _JPEG + "90",
    # Uncompressed pixels may be padded to an even number of bytes.
    if len(data) in (frame.size, frame.size + 1):
        return EXPLICIT, RLE
    return RLE,


def _check(stream: Stream, frame: Frame) -> None:
    if (stream.rows, stream.columns, stream.components) != (
            frame.rows, frame.columns, 1):
        raise Rejected(
            "undecodable", f"a stream of {stream.rows} rows, {stream.columns} "
            f"columns and {stream.components} components; the header says "
            f"{frame.rows}, {frame.columns} and 1")
    if stream.tiles > _MAX_J2K_TILES:
        raise Rejected("undecodable", f"a JPEG 2000 stream of {stream.tiles} "
                       f"tiles, the limit is {_MAX_J2K_TILES}")
    if not 1 <= stream.precision <= 8 * frame.itemsize:
        raise Rejected("undecodable", f"a stream of {stream.precision} bits, "
                       f"{8 * frame.itemsize} are allocated")


def _as_stored(pixels: np.ndarray, stream: Stream,
               frame: Frame) -> np.ndarray:
    """Decoded values as the bits that the header says they are.

    JPEG and JPEG-LS know no sign, and JPEG 2000 streams may contradict their
    header: the sign is then the highest bit of the stream's precision.
    """
    kind = pixels.dtype.kind
    wide = pixels.astype(f"{kind}{frame.itemsize}", copy=False)
    stored = wide.view(frame.dtype)
    unused = 8 * frame.itemsize - stream.precision
    if unused and stream.signed != frame.signed:
        np.left_shift(stored, unused, out=stored)
        np.right_shift(stored, unused, out=stored)
    return stored


def _kind(data: memoryview) -> str:
    """What a stream looks like, for messages."""
    if data[:2] == b"\xff\xd8":
        return "a JPEG stream"
    if data[:4] == _J2K_START:
        return "a JPEG 2000 stream"
    return f"{len(data)} bytes of no known stream"


def _jpeg_stream(data: memoryview, processes: tuple[int, ...]) -> Stream:
    """The frame header of a JPEG or JPEG-LS stream (ISO 10918-1, B.2.2).

    Raises Rejected where there is none, or no end marker: libjpeg would fill
    up what is missing, and CharLS can take seconds to find it out.
    """
    position = 2
    if data[:2] != b"\xff\xd8":
        raise Rejected("undecodable", f"expected a JPEG stream, found "
                       f"{_kind(data)}")
    while position + 10 <= len(data) and data[position] == 0xFF:
        marker = data[position + 1]
        if marker == 0xFF:  # fill bytes
            position += 1
        elif marker not in _SOF_ALL:
            position += 2 + int.from_bytes(
                data[position + 2:position + 4], "big")
        elif marker in processes:
            if _END_OF_IMAGE not in bytes(data[-_MAX_PADDING_BYTES:]):
                raise Rejected("truncated", "a JPEG stream without its end")
            precision, rows, columns, components = struct.unpack(
                ">BHHB", data[position + 4:position + 10])
            return Stream(rows, columns, components, precision)
        else:
            raise Rejected("undecodable", f"a JPEG stream of process "
                           f"{marker:02X}, which is not its transfer syntax's")
    raise Rejected("undecodable", "a JPEG stream without a frame header")


def _j2k_stream(data: memoryview) -> Stream:
    """The SIZ segment of a codestream (ISO 15444-1, A.5.1)."""
    fields = struct.unpack(">8LH3B", data[8:45])
    right, bottom, left, top, tile_width, tile_height = fields[:6]
    components, depth, step_x, step_y = fields[8:]
    width, height = right - left, bottom - top
    if (step_x, step_y) != (1, 1) or not tile_width or not tile_height:
        raise Rejected("undecodable", f"a JPEG 2000 stream in tiles of "
                       f"{tile_width} x {tile_height} pixels and steps of "
                       f"{step_x} x {step_y}")
    tiles = -(-width // tile_width) * -(-height // tile_height)
    return Stream(height, width, components, (depth & 0x7F) + 1, depth > 0x7F,
                  tiles)
