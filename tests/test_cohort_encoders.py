"""Every stream is read back by a decoder of another family."""

import io

import numpy as np
import pydicom
import pytest

from tests import synthetic
from tools.cohort import encoders

OPENJPEG = ("j2k", "j2k_lossy", "htj2k", "htj2k_rpcl", "htj2k_lossy")
LIBJPEG = ("jpeg_lossless", "jpeg_lossless_sv1", "jpegls", "jpegls_near",
           "jpeg_baseline", "jpeg_extended")


def decode(name: str, stream: bytes) -> np.ndarray:
    if name in OPENJPEG:
        openjpeg = pytest.importorskip("openjpeg")
        return openjpeg.decode(stream, j2k_format=0)
    return pytest.importorskip("libjpeg").decode(stream)


def noise(bits: int, signed: bool = False) -> np.ndarray:
    kind = np.dtype(f"{'i' if signed else 'u'}{1 if bits <= 8 else 2}")
    low = -(1 << (bits - 1)) if signed else 0
    return np.random.default_rng(bits).integers(
        low, low + (1 << bits), (33, 21)).astype(kind)


@pytest.mark.parametrize("name", OPENJPEG + LIBJPEG)
@pytest.mark.parametrize("bits", [8, 10, 12, 14, 16])
def test_streams_equal_an_independent_decoders(name, bits):
    syntax = encoders.transfer_syntax(name)
    if bits > syntax.max_bits:
        pytest.skip("the stream holds fewer bits")
    if name == "jpeg_extended" and bits not in (8, 12):
        pytest.skip("the extended process has 8 or 12 bits")
    pixels = synthetic.breast_pixels(bits=bits)
    decoded = decode(name, syntax.encode(pixels, bits)).astype(int)
    worst = np.abs(decoded - pixels).max()
    if not syntax.lossy:
        assert worst == 0
    elif name == "jpegls_near":
        assert 0 < worst <= encoders.NEAR
    else:
        # A step below one grey value may leave eight bits as they are.
        assert (bits == 8) or worst > 0
        assert worst <= 0.05 * (1 << bits)


@pytest.mark.parametrize("name", [
    name for name in LIBJPEG + OPENJPEG if name in encoders.LOSSLESS])
def test_lossless_streams_hold_noise_of_the_whole_range(name):
    pixels = noise(16)
    stream = encoders.transfer_syntax(name).encode(pixels, 16)
    np.testing.assert_array_equal(decode(name, stream), pixels)


@pytest.mark.parametrize("name", ["j2k", "htj2k"])
def test_jpeg2000_keeps_the_sign(name):
    pixels = noise(12, signed=True)
    stream = encoders.transfer_syntax(name).encode(pixels, 12)
    np.testing.assert_array_equal(decode(name, stream), pixels)


@pytest.mark.parametrize("name", ["jpeg_lossless_sv1", "jpegls"])
def test_others_hold_the_bits_of_signed_pixels(name):
    pixels = noise(12, signed=True)
    stream = encoders.transfer_syntax(name).encode(pixels, 12)
    np.testing.assert_array_equal(
        decode(name, stream), pixels.view(np.uint16) & 0xfff)


@pytest.mark.parametrize("name,marker,predictor", [
    ("jpeg_lossless", b"\xff\xc3", 4), ("jpeg_lossless_sv1", b"\xff\xc3", 1),
    ("jpeg_baseline", b"\xff\xc0", 0), ("jpeg_extended", b"\xff\xc1", 0)])
def test_jpeg_processes_are_what_their_uid_says(name, marker, predictor):
    bits = 8 if name == "jpeg_baseline" else 12
    stream = encoders.transfer_syntax(name).encode(
        synthetic.breast_pixels(bits=bits), bits)
    assert marker in stream
    scan = stream.index(b"\xff\xda")
    assert stream[scan + 7] == predictor


def test_jpegls_has_no_file_header():
    stream = encoders.transfer_syntax("jpegls").encode(noise(12), 12)
    assert stream[:4] == b"\xff\xd8\xff\xf7"


def test_htj2k_rpcl_has_its_order_and_tile_lengths():
    stream = encoders.transfer_syntax("htj2k_rpcl").encode(noise(12), 12)
    coding = stream.index(b"\xff\x52")
    assert stream[coding + 5] == 2  # RPCL
    assert b"\xff\x55" in stream[:200]  # TLM


@pytest.mark.parametrize("name", encoders.LOSSLESS)
@pytest.mark.parametrize("shape", [(33, 21), (3, 33, 22), (34, 22, 3)])
def test_lossless_files_read_back_by_pydicom(name, shape):
    kind = np.uint8 if shape[-1] == 3 else np.uint16
    pixels = np.random.default_rng(3).integers(
        0, 250, shape).astype(kind)
    data = synthetic.mammogram_bytes(pixels, transfer_syntax=name)
    dataset = pydicom.dcmread(io.BytesIO(data))
    assert dataset.file_meta.TransferSyntaxUID == encoders.transfer_syntax(
        name).uid
    np.testing.assert_array_equal(dataset.pixel_array, pixels)


def test_unknown_syntax_is_refused_with_what_there_is():
    with pytest.raises(ValueError, match="mpeg2.*explicit"):
        encoders.transfer_syntax("mpeg2")


def test_too_many_bits_for_a_stream_are_refused():
    with pytest.raises(ValueError, match="at most 8 bits stored, found 12"):
        synthetic.mammogram_bytes(transfer_syntax="jpeg_baseline")


def test_gzip_tells_no_time():
    member = encoders.gzip_member(b"x" * 100)
    assert member[:4] == b"\x1f\x8b\x08\x00" and member[4:8] == b"\0" * 4
