"""JPEG 2000 at a quarter: what stays of an image, and when it is refused."""

import dataclasses

import imagecodecs
import numpy as np
import pytest

from pipelines import decoders
from pipelines import pixels
from pipelines import preprocess
from pipelines import recipe as recipes
from pipelines import reduced
from pipelines.geometry import Variant
from pipelines.reasons import Rejected
from tests import phantoms
from tests import synthetic

J2K = "1.2.840.10008.1.2.4.90"
FULL = recipes.Recipe(variants=(Variant.parse("resize:104x128"),
                                Variant.parse("crop:56x56")))
REDUCED = dataclasses.replace(FULL, j2k="reduced")


def smooth(height, width, bits):
    """Waves of some twenty pixels, over the whole range."""
    rows, columns = np.mgrid[:height, :width]
    wave = np.sin(rows / 9) * np.cos(columns / 11)
    return np.rint((wave + 1) / 2 * ((1 << bits) - 1)).astype(
        np.uint8 if bits <= 8 else np.uint16)


def stream(values, bits, **options):
    return memoryview(imagecodecs.jpeg2k_encode(
        values, codecformat="j2k", bitspersample=bits, reversible=True,
        **options))


@pytest.mark.parametrize("shape, side", [
    ((256, 192), 4), ((254, 191), 4), ((253, 200), 2), ((256, 190), 4),
    ((200, 193), 2)])
@pytest.mark.parametrize("bits", [8, 10, 12, 16])
def test_each_sample_fills_the_square_about_its_pixel(shape, side, bits):
    values = smooth(*shape, bits)
    out = np.full_like(values, 77)
    assert reduced.decode(stream(values, bits), bits, out)
    rows, columns = (
        np.minimum((np.arange(length) + side // 2) // side * side,
                   (length - 1) // side * side) for length in shape)
    np.testing.assert_array_equal(out, out[rows][:, columns])
    difference = np.abs(out.astype(int) - values)[::side, ::side]
    assert difference.mean() < 0.01 * (1 << bits)


def test_a_constant_image_stays_as_it_is():
    for shape in (64, 64), (65, 64), (67, 70):
        values = np.full(shape, 1234, np.uint16)
        out = np.zeros_like(values)
        assert reduced.decode(stream(values, 12), 12, out)
        np.testing.assert_array_equal(out, values)


@pytest.mark.parametrize("values, bits, cut, options", [
    (smooth(128, 128, 12), 12, 40, {}),
    (smooth(128, 128, 12), 12, 0, {"resolutions": 1})],
    ids=["without its end", "without levels"])
def test_what_only_a_full_decoding_can_tell(values, bits, cut, options):
    data = stream(values, bits, **options)
    out = np.zeros_like(values)
    assert not reduced.decode(data[:len(data) - cut], bits, out)


def decoded(values, recipe, syntax="j2k", **attributes):
    data = synthetic.mammogram_bytes(values, transfer_syntax=syntax,
                                     **attributes)
    return pixels.decode(data, 1 << 24, recipe)


@pytest.mark.parametrize("syntax", ["j2k", "htj2k"])
def test_variants_are_close_to_those_of_a_full_decoding(syntax):
    values = phantoms.breast(1024, 832, side="R", marker=True)
    outputs = [preprocess.preprocess(decoded(values, recipe, syntax), recipe)
               for recipe in (FULL, REDUCED)]
    assert outputs[0].flipped and outputs[1].flipped
    for full, quick in zip(outputs[0].outputs, outputs[1].outputs):
        assert quick.crop == full.crop and quick.scale_x == full.scale_x
        assert (quick.pixels != full.pixels).any()
        breast = full.pixels > full.pixels.max() // 10
        difference = np.abs(quick.pixels.astype(int) - full.pixels)[breast]
        assert difference.mean() < 0.02 * full.pixels.max()


def test_signed_streams_and_other_syntaxes_are_decoded_in_full():
    values = smooth(128, 96, 12)
    for syntax in "jpegls", "explicit", "rle":
        np.testing.assert_array_equal(
            decoded(values, REDUCED, syntax).pixels, values)
    signed = values.astype(np.int16) - 2048
    data = memoryview(imagecodecs.jpeg2k_encode(
        signed, codecformat="j2k", bitspersample=12, reversible=True))
    found = decoders.decode_frame(
        data, J2K, decoders.Frame(128, 96, 2, True), j2k="reduced")
    np.testing.assert_array_equal(found, signed)


def test_a_damaged_stream_is_refused_as_in_full():
    data = stream(smooth(128, 96, 12), 12)
    frame = decoders.Frame(128, 96, 2, False)
    for damaged in data[:len(data) // 2], data[:200]:
        for j2k in "full", "reduced":
            with pytest.raises(Rejected):
                decoders.decode_frame(damaged, J2K, frame, j2k=j2k)
