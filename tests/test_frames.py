"""Frames where they lie, and pixels in another syntax than they say."""

import io
import struct

import numpy as np
import pydicom
import pytest
from pydicom.encaps import encapsulate

from pipelines import decoders
from pipelines import dicom
from pipelines import dicom_elements
from pipelines import frames
from pipelines import pixels
from pipelines.reasons import Rejected
from pipelines.recipe import Recipe
from tests import synthetic

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning:pydicom")

LENIENT = Recipe(lenient=True)
RANDOM = np.random.default_rng(0)
VALUES = RANDOM.integers(0, 4096, (5, 13, 10)).astype(np.uint16)
# RLE has none, and some encoders write all that is allocated.
PRECISION = {"rle": None, **dict.fromkeys((
    "jpegls", "jpegls_near", *(name for name in synthetic.TRANSFER_SYNTAXES
                               if name.startswith("htj2k"))), 16)}
ENCAPSULATED = ("rle", "jpeg_lossless_sv1", "jpegls", "j2k", "htj2k")


def opened(data: bytes) -> frames.Frames:
    elements = dicom_elements.read_elements(data, True, dicom.TAGS)
    return frames.Frames(data, elements, decoders.Frame(13, 10, 2, False),
                         len(VALUES))


def decoded(data: bytes) -> np.ndarray:
    found = opened(data)
    return np.stack([found.decode(i).pixels for i in range(len(VALUES))])


def volume(syntax: str, **encapsulation) -> bytes:
    dataset = synthetic.mammogram(VALUES, transfer_syntax=syntax)
    if encapsulation:
        whole = list(pydicom.encaps.generate_frames(
            dataset.PixelData, number_of_frames=len(VALUES)))
        dataset.PixelData = encapsulate(whole, **encapsulation)
        dataset["PixelData"].is_undefined_length = True
    return synthetic.to_bytes(dataset, syntax)


@pytest.mark.parametrize("syntax", [
    "explicit", "implicit", "big_endian", "deflated", *ENCAPSULATED])
def test_every_frame_in_every_syntax(syntax):
    np.testing.assert_array_equal(decoded(volume(syntax)), VALUES)


@pytest.mark.parametrize("syntax", ENCAPSULATED)
@pytest.mark.parametrize("per_frame, table", [(1, False), (2, True)])
def test_fragments_go_to_their_frames(syntax, per_frame, table):
    data = volume(syntax, fragments_per_frame=per_frame, has_bot=table)
    np.testing.assert_array_equal(decoded(data), VALUES)


@pytest.mark.parametrize("syntax", ["jpegls", "j2k"])
@pytest.mark.parametrize("table", [
    b"", struct.pack("<5L", 1, 2, 3, 4, 5), struct.pack("<L", 0)])
def test_without_a_sound_table_the_streams_tell(syntax, table):
    data = volume(syntax, fragments_per_frame=2, has_bot=False)
    item = b"\xfe\xff\x00\xe0" + struct.pack("<L", len(table)) + table
    data = data.replace(b"\xfe\xff\x00\xe0" + bytes(4), item, 1)
    np.testing.assert_array_equal(decoded(data), VALUES)


def test_frames_that_nothing_tells_apart_are_undecodable():
    with pytest.raises(Rejected, match="10 fragments for 5 frames") as caught:
        opened(volume("rle", fragments_per_frame=2, has_bot=False)).decode(0)
    assert caught.value.reason == "undecodable"


@pytest.mark.parametrize("syntax", ["explicit", "deflated"])
def test_a_frame_short_is_truncated(syntax):
    dataset = synthetic.mammogram(VALUES, transfer_syntax=syntax)
    dataset.NumberOfFrames = 6
    data = synthetic.to_bytes(dataset, syntax)
    elements = dicom_elements.read_elements(data, True, dicom.TAGS)
    found = frames.Frames(data, elements, decoders.Frame(13, 10, 2, False), 6)
    with pytest.raises(Rejected, match="truncated"):
        found.decode(0)


def test_plain_frames_are_views():
    data = volume("explicit")
    assert np.shares_memory(opened(data).decode(3).pixels,
                            np.frombuffer(data, np.uint8))


def relabelled(stream: str, stated: str, values: np.ndarray) -> bytes:
    """Pixels in one transfer syntax, in a file that states another one."""
    dataset = synthetic.mammogram(values, transfer_syntax=stream)
    return synthetic.to_bytes(dataset, stated)


@pytest.mark.parametrize("values", [VALUES[0], VALUES],
                         ids=["one frame", "five"])
@pytest.mark.parametrize("stream, stated", [
    ("explicit", "jpeg_lossless"), ("explicit", "j2k"), ("explicit", "rle"),
    ("jpegls", "jpeg_lossless_sv1"), ("j2k", "jpegls"),
    ("jpeg_lossless_sv1", "j2k"), ("rle", "jpegls"),
    ("jpegls", "explicit"), ("j2k", "explicit"), ("rle", "explicit")])
def test_lenient_reads_what_is_there_and_marks_it(stream, stated, values):
    data = relabelled(stream, stated, values)
    policy = Recipe(tomosynthesis="middle")
    with pytest.raises(Rejected) as caught:
        pixels.decode(data, 1 << 20, policy)
    assert caught.value.reason == "undecodable"
    image = pixels.decode(data, 1 << 20,
                          Recipe(tomosynthesis="middle", lenient=True))
    expected = values if values.ndim == 2 else values[2]
    np.testing.assert_array_equal(image.pixels, expected)
    assert image.remarks == ("other_transfer_syntax",)
    assert synthetic.TRANSFER_SYNTAXES[stated].uid in image.detail


def test_lenient_reads_an_unknown_transfer_syntax():
    data = synthetic.mammogram_bytes(VALUES[0], transfer_syntax="jpegls")
    data = data.replace(b"1.2.840.10008.1.2.4.80", b"1.2.840.10008.1.2.4.99")
    with pytest.raises(Rejected, match="unsupported_transfer_syntax"):
        pixels.decode(data, 1 << 20)
    image = pixels.decode(data, 1 << 20, LENIENT)
    np.testing.assert_array_equal(image.pixels, VALUES[0])
    assert image.remarks == ("other_transfer_syntax",)


@pytest.mark.parametrize("syntax", ["explicit", *ENCAPSULATED])
def test_lenient_changes_nothing_of_what_is_sound_or_broken(syntax):
    data = synthetic.mammogram_bytes(VALUES[0], transfer_syntax=syntax)
    image = pixels.decode(data, 1 << 20, LENIENT)
    np.testing.assert_array_equal(image.pixels, VALUES[0])
    assert image.remarks == ()
    for size in range(len(data) - 120, len(data) - 20, 17):
        with pytest.raises(Rejected):
            pixels.decode(data[:size], 1 << 20, LENIENT)


@pytest.mark.parametrize("stored, precision, top, expected", [
    (16, 12, 4095, 12),  # as little as the stream has
    (12, 16, 4095, 12),  # encoders that write all that is allocated
    (10, 12, 4095, 12),  # more than the header says, and needed
    (12, 12, 4095, 12)])
@pytest.mark.parametrize("syntax", ["jpeg_lossless_sv1", "j2k"])
def test_bits_are_those_that_hold_the_values(
        syntax, stored, precision, top, expected):
    values = (VALUES[0] % (top + 1)).astype(np.uint16)
    values[0, 0] = top
    dataset = synthetic.mammogram(
        values, transfer_syntax=syntax, BitsStored=precision)
    dataset.BitsStored, dataset.HighBit = stored, stored - 1
    image = pixels.decode(synthetic.to_bytes(dataset, syntax), 1 << 20)
    assert image.attributes.bits_stored == expected
    assert image.attributes.high_bit == expected - 1
    assert image.remarks == (("stream_bits",) if expected != stored else ())
    np.testing.assert_array_equal(image.pixels, values)


def test_precision_of_every_stream():
    for name, syntax in synthetic.TRANSFER_SYNTAXES.items():
        if not syntax.encapsulated:
            continue
        bits = min(syntax.max_bits, 12)
        data = synthetic.mammogram_bytes(
            synthetic.breast_pixels(bits=bits), transfer_syntax=name)
        dataset = pydicom.dcmread(io.BytesIO(data))
        stream = next(pydicom.encaps.generate_frames(
            dataset.PixelData, number_of_frames=1))
        assert decoders.precision_of(memoryview(stream), syntax.uid) == (
            PRECISION.get(name, bits)), name


def test_signed_values_without_their_sign_need_no_more_bits():
    """A stream of 16 bits that holds 13 signed ones, not extended."""
    values = VALUES[0].astype(np.int16) - 2048
    dataset = synthetic.mammogram(
        (values & 0x1fff).astype(np.uint16), transfer_syntax="jpegls",
        BitsStored=16)
    dataset.BitsStored, dataset.HighBit = 13, 12
    dataset.PixelRepresentation = 1
    image = pixels.decode(synthetic.to_bytes(dataset, "jpegls"), 1 << 20)
    assert image.attributes.bits_stored == 13
    assert image.remarks == ()
    stored = (image.pixels << 3) >> 3
    np.testing.assert_array_equal(stored, values)
