"""Gzip around a file: sniffed, inflated within bounds, never trusted.

Any file may be gzipped, whatever its name. The size that a gzip file states
about itself is a hint; the limit holds whatever it says.
"""

import struct
import zlib
from collections.abc import Iterator
from typing import Any

import imagecodecs

from pipelines.reasons import Rejected
from pipelines.workspace import Workspace

_imagecodecs: Any = imagecodecs  # It takes any buffer.

_MAGIC = b"\x1f\x8b"
_DEFLATE = 8  # the only method there is
_HEADER_CRC, _EXTRA, _NAME, _COMMENT = 2, 4, 8, 16
_FLAGS = 31
_TRAILER = struct.Struct("<LL")
_GZIP_WBITS = 16 + zlib.MAX_WBITS
# An empty member: ten bytes of header, two of stream, eight of trailer.
_MIN_MEMBER_BYTES = 20
# Compressed bytes given to zlib at a time; what it does not use is copied.
_INPUT_BYTES = 256 << 10
_OUTPUT_BYTES = 4 << 20
# A name and a comment, mostly of some ten bytes.
_MOST_HEADER_BYTES = 64 << 10
_SEARCHED_BYTES = 1 << 20

Buffer = bytes | bytearray | memoryview


def is_gzip(data: Buffer) -> bool:
    """Whether the data opens as a gzip member does (RFC 1952, 2.3.1).

    >>> is_gzip(bytes.fromhex("1f8b0800")), is_gzip(b"DICM")
    (True, False)
    """
    return bytes(data[:2]) == _MAGIC


def inflate_prefix(data: Buffer, limit: int) -> bytes:
    """What the first bytes of a gzip file unpack to, as far as they go.

    Args:
      data: The first bytes of a gzip file, or all of it.
      limit: Bytes to return at most.

    Raises:
      Rejected: `corrupt_gzip` if zlib cannot read what is there. That the
        data ends early is no error.
    """
    output = bytearray()
    for chunk, _ in _chunks(data, limit):
        output += chunk
    return bytes(output[:limit])


def inflate(data: Buffer, max_bytes: int,
            workspace: Workspace | None = None) -> bytes | memoryview:
    """A whole file without its gzip; as it is if it is not gzipped.

    Concatenated members are joined and zeros after the last one are ignored
    (as gzip(1) does). Memory beyond `max_bytes` is never used, whatever the
    file claims or holds.

    Args:
      data: The whole file.
      max_bytes: Bytes that it may unpack to.
      workspace: Where they may be put, to stay until it is used again; None:
        in memory of their own.

    Raises:
      Rejected: `truncated`, `corrupt_gzip` or `over_limit`.
    """
    if not is_gzip(data):
        return data if isinstance(data, bytes) else memoryview(data)
    whole = _inflate_one_member(data, max_bytes, workspace or Workspace())
    if whole is not None:
        return whole
    output, complete = bytearray(), False
    for chunk, complete in _chunks(data, max_bytes + 1):
        output += chunk
        if len(output) > max_bytes:
            raise Rejected("over_limit", f"the gzip file of {len(data)} bytes "
                           f"unpacks to more than {max_bytes}")
    if not complete:
        raise Rejected("truncated", f"the gzip file ends at byte {len(data)}, "
                       "in the middle of a member")
    return memoryview(output).toreadonly()


def _inflate_one_member(data: Buffer, max_bytes: int,
                        workspace: Workspace) -> memoryview | None:
    """The fast path: libdeflate, for a sound file of one member.

    libdeflate stops silently after the first member's stream. It was the only
    one if what it holds has the size and the CRC-32 that stand at the end of
    the file: they are the last member's. That could still be a copy of the
    first, for which only small files are searched: what comes after an image
    of megabytes is not looked at anyway.
    """
    start = _stream_start(data)
    trailer = bytes(data[-_TRAILER.size:])
    if start is None or len(data) < _MIN_MEMBER_BYTES:
        return None
    crc, size = _TRAILER.unpack(trailer)
    if size > max_bytes:
        return None
    try:
        output = _imagecodecs.deflate_decode(
            memoryview(data)[start:], raw=True,
            out=workspace.room("inflated", size))
    except Exception:  # its errors do not tell what is wrong; zlib's do
        return None
    if len(output) != size or _imagecodecs.deflate_crc32(output) != crc:
        return None
    if len(data) <= _SEARCHED_BYTES and trailer + _MAGIC in bytes(data):
        return None
    return memoryview(output)


def _stream_start(data: Buffer) -> int | None:
    """Where the first member's stream begins (RFC 1952, 2.3).

    None where the header says what that document does not know, or does not
    end within its first bytes.
    """
    header = bytes(data[:_MOST_HEADER_BYTES])
    if len(header) < 10 or header[2] != _DEFLATE or header[3] & ~_FLAGS:
        return None
    flags, position = header[3], 10
    if flags & _EXTRA:
        position += 2 + int.from_bytes(header[position:position + 2], "little")
    for flag in _NAME, _COMMENT:
        if flags & flag:
            position = header.find(b"\0", position) + 1 or len(header)
    if flags & _HEADER_CRC:
        position += 2
    return position if position < len(header) else None


def _chunks(data: Buffer, limit: int) -> Iterator[tuple[bytes, bool]]:
    """Unpacked pieces, and whether the last member was complete by then.

    Stops once `limit` bytes are out, or where the data ends. Raises Rejected
    (`corrupt_gzip`) for anything that is neither a member nor zero padding.
    """
    view, position, left = memoryview(data), 0, limit
    while position < len(view) and left > 0:
        unpacker = zlib.decompressobj(_GZIP_WBITS)
        while not unpacker.eof and position < len(view) and left > 0:
            feed = view[position:position + _INPUT_BYTES]
            try:
                chunk = unpacker.decompress(feed, min(left, _OUTPUT_BYTES))
            except zlib.error as error:
                raise Rejected("corrupt_gzip", f"{error}, within "
                               f"{_INPUT_BYTES} bytes of byte {position}"
                               ) from None
            # At a member's end zlib leaves the rest in both attributes.
            rest = (unpacker.unused_data if unpacker.eof
                    else unpacker.unconsumed_tail)
            position += len(feed) - len(rest)
            left -= len(chunk)
            yield chunk, unpacker.eof
        position = _skip_zeros(view, position)


def _skip_zeros(view: memoryview, position: int) -> int:
    """Where the next member starts; the end if only zeros are left."""
    while position < len(view):
        block = bytes(view[position:position + _INPUT_BYTES])
        kept = block.lstrip(b"\0")
        position += len(block) - len(kept)
        if kept:
            break
    return position
