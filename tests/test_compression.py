"""Gzip in every state that an archive holds it."""

import gzip
import struct
import zlib

from hypothesis import given, strategies as st
import numpy as np
import pytest

from pipelines import compression
from pipelines.reasons import Rejected

LIMIT = 1 << 20
TEXT = np.random.default_rng(0).integers(0, 9, 50_000, np.uint8).tobytes()


def member(data: bytes, stated_size: int | None = None) -> bytes:
    packed = gzip.compress(data, 1, mtime=0)
    if stated_size is None:
        return packed
    return packed[:-4] + stated_size.to_bytes(4, "little")


def reason_of(data: bytes, limit: int = LIMIT) -> str:
    with pytest.raises(Rejected) as caught:
        compression.inflate(data, limit)
    return caught.value.reason


def with_header(flags: int, fields: bytes) -> bytes:
    """A member whose header has optional fields (RFC 1952, 2.3)."""
    plain = member(TEXT)
    return plain[:3] + bytes([flags]) + plain[4:10] + fields + plain[10:]


@pytest.mark.parametrize("data", [
    with_header(1, b""), with_header(8, b"name.dcm\0"),
    with_header(16, b"a comment\0"), with_header(4, b"\3\0abc"),
    with_header(31, b"\3\0abcname\0comment\0" + struct.pack(
        "<H", zlib.crc32(with_header(31, b"\3\0abcname\0comment\0")[
            :10 + 18]) & 0xFFFF)),
], ids=["text", "name", "comment", "extra", "all"])
def test_optional_fields_of_the_header_are_passed(data):
    assert gzip.decompress(data) == TEXT
    assert bytes(compression.inflate(data, LIMIT)) == TEXT
    # And on the fast path, where zlib has nothing to say.
    assert compression._inflate_one_member(
        data, LIMIT, compression.Workspace()) == TEXT


@pytest.mark.parametrize("data", [
    with_header(32, b""), with_header(8, b"a name without an end"),
    with_header(4, b"\xff\xff"), member(TEXT)[:10]],
    ids=["reserved", "endless name", "endless extra", "header alone"])
def test_headers_that_cannot_be_are_rejected(data):
    assert reason_of(data) in ("corrupt_gzip", "truncated")


@pytest.mark.parametrize("data, expected", [
    (member(TEXT), TEXT),
    (member(b""), b""),
    (member(TEXT) + member(b"abc"), TEXT + b"abc"),
    (member(b"abc") + member(TEXT), b"abc" + TEXT),
    # The last member's size is also the first one's.
    (member(TEXT) + member(TEXT), TEXT + TEXT),
    (member(TEXT) + member(b"") + member(TEXT), TEXT + TEXT),
    (member(TEXT) + bytes(1000), TEXT),
    (member(TEXT) + bytes(7) + member(b"abc"), TEXT + b"abc"),
    (b"DICM, not gzipped", b"DICM, not gzipped"),
    (b"", b""),
    (b"\x1f", b"\x1f"),
], ids=["one", "empty", "large and small", "small and large", "equal",
        "empty between", "zeros after", "zeros between", "plain", "no bytes",
        "one byte"])
def test_inflates(data, expected):
    assert bytes(compression.inflate(data, LIMIT)) == expected
    assert bytes(compression.inflate(memoryview(data), LIMIT)) == expected


@pytest.mark.parametrize("kept", [2, 9, 10, 11, 100, 10_000, -9, -8, -4, -1])
def test_truncated_gzip(kept):
    assert reason_of(member(TEXT)[:kept]) == "truncated"


def test_truncated_in_the_second_member():
    assert reason_of(member(TEXT) + member(TEXT)[:-1]) == "truncated"
    assert reason_of(member(TEXT) + member(TEXT)[:1]) in (
        "truncated", "corrupt_gzip")


@pytest.mark.parametrize("data", [
    b"\x1f\x8b" + b"garbage" * 10,
    member(TEXT)[:100] + b"garbage" + member(TEXT)[107:],
    member(TEXT)[:-8] + bytes(4) + member(TEXT)[-4:],
    member(TEXT, stated_size=len(TEXT) + 1),
    member(TEXT, stated_size=5),
    member(TEXT) + b"garbage after it",
], ids=["header", "stream", "checksum", "size over", "size under", "after"])
def test_corrupt_gzip(data):
    assert reason_of(data) == "corrupt_gzip"


def test_limit_is_inclusive():
    assert len(compression.inflate(member(TEXT), len(TEXT))) == len(TEXT)
    assert reason_of(member(TEXT), len(TEXT) - 1) == "over_limit"
    twice = member(TEXT) + member(TEXT)
    assert len(compression.inflate(twice, 2 * len(TEXT))) == 2 * len(TEXT)
    assert reason_of(twice, 2 * len(TEXT) - 1) == "over_limit"


@pytest.mark.parametrize("stated_size", [None, 1, 100, 0xFFFFFFFF])
def test_bomb_is_over_limit_whatever_size_it_states(stated_size):
    bomb = member(bytes(64 << 20), stated_size)
    assert len(bomb) < LIMIT
    assert reason_of(bomb) == "over_limit"


def test_members_that_unpack_to_more_than_a_chunk_are_joined():
    parts = [bytes(9 << 20), b"between", b"\1" * (9 << 20)]
    data = b"".join(map(gzip.compress, parts))
    assert bytes(compression.inflate(data, 32 << 20)) == b"".join(parts)


def test_bomb_of_many_members():
    assert reason_of(member(bytes(LIMIT // 4)) * 9) == "over_limit"


@given(st.lists(st.binary(max_size=300), min_size=1, max_size=4),
       st.integers(0, 20), st.integers(0, 1200))
def test_prefix_is_what_the_whole_begins_with(parts, zeros, kept):
    data = b"".join(map(member, parts)) + bytes(zeros)
    whole = b"".join(parts)
    assert bytes(compression.inflate(data, LIMIT)) == whole
    for limit in (0, 1, 50, LIMIT):
        prefix = compression.inflate_prefix(data[:kept], limit)
        assert whole.startswith(prefix)
        assert len(prefix) <= limit
    assert compression.inflate_prefix(data, 50) == whole[:50]


def test_prefix_uses_all_that_is_there():
    packed = gzip.compress(TEXT, 1)
    prefix = compression.inflate_prefix(packed[:10_000], LIMIT)
    expected = zlib.decompressobj(31).decompress(packed[:10_000])
    assert len(expected) > 10_000
    assert prefix == expected


def test_prefix_of_a_bomb_stops_at_its_limit():
    prefix = compression.inflate_prefix(member(bytes(64 << 20)), 1000)
    assert prefix == bytes(1000)


def test_prefix_that_is_garbage_is_corrupt():
    with pytest.raises(Rejected, match="corrupt_gzip"):
        compression.inflate_prefix(b"\x1f\x8b" + b"garbage" * 10, LIMIT)


@given(st.binary(min_size=1, max_size=200), st.data())
def test_damaged_gzip_is_rejected_or_right(content, draw):
    data = bytearray(member(content))
    offset = draw.draw(st.integers(0, len(data) - 1))
    data[offset] ^= draw.draw(st.integers(1, 255))
    try:
        output = compression.inflate(bytes(data), LIMIT)
    except Rejected as error:
        assert error.reason in ("truncated", "corrupt_gzip", "over_limit")
    else:
        assert bytes(output) in (content, bytes(data))
