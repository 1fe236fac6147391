"""Stored values to levels: every step against the plain rules."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom.pixels import processing

from pipelines import intensity
from pipelines import pixels
from pipelines.attributes import Lut, Window
from pipelines.reasons import Rejected
from tests import phantoms
from tests import reference_preprocess as reference
from tests import synthetic


def levels(pixels, windowing="none", **overrides) -> list[int]:
    image = phantoms.stored_image(np.atleast_2d(pixels), **overrides)
    out = np.empty(image.pixels.shape, np.uint16)
    intensity.mapping(image.attributes, windowing).apply(image.pixels, out)
    return out[0].tolist()


u8, i8, u16, i16 = (lambda *values, dtype=dtype: np.array(values, dtype)
                    for dtype in (np.uint8, np.int8, np.uint16, np.int16))


@pytest.mark.parametrize("name, pixels, header, expected", [
    ("identity", u16(0, 7, 4095), {}, [0, 7, 4095]),
    ("overlay bits above BitsStored", u16(0xf007, 0x8000), {}, [7, 0]),
    ("high bit 15", u16(0x0070, 0xfff0, 0x000f), dict(high_bit=15),
     [7, 4095, 0]),
    ("8 bits", u8(0, 255), {}, [0, 255]),
    ("8 of 16 bits", u16(255, 256), dict(bits_stored=8), [255, 0]),
    ("signed", i16(-2048, -1, 0, 2047), {}, [0, 2047, 2048, 4095]),
    ("signed without sign extension", i16(0x0fff, 0x0800), {}, [2047, 0]),
    ("signed 16 bits", i16(-32768, 0, 32767), dict(bits_stored=16),
     [0, 32768, 65535]),
    ("signed 8 bits", i8(-128, 0, 127), {}, [0, 128, 255]),
    ("MONOCHROME1 on the declared range", u16(0, 100), dict(
        photometric="MONOCHROME1"), [4095, 3995]),
    ("MONOCHROME1 with INVERSE, the normal pair", u16(0, 100), dict(
        photometric="MONOCHROME1", lut_shape="INVERSE"), [4095, 3995]),
    ("MONOCHROME1 with IDENTITY", u16(0, 100), dict(
        photometric="MONOCHROME1", lut_shape="IDENTITY"), [4095, 3995]),
    ("MONOCHROME2 with INVERSE: the photometric decides", u16(0, 100), dict(
        lut_shape="INVERSE"), [0, 100]),
    ("signed MONOCHROME1", i16(-2048, 2047), dict(
        photometric="MONOCHROME1"), [4095, 0]),
    ("intercept below 0 is subtracted", u16(0, 1024, 4095), dict(
        rescale_intercept=-1024.0), [0, 1024, 4095]),
    ("intercept above 0 stays", u16(0, 5), dict(rescale_intercept=100.0),
     [100, 105]),
    ("inverted about the middle of 100..4195", u16(0, 5, 4095), dict(
        rescale_intercept=100.0, photometric="MONOCHROME1"),
     [4195, 4190, 100]),
    ("half to even", u16(0, 1, 2, 3), dict(rescale_intercept=0.5),
     [0, 2, 2, 4]),
    ("half to even, below 0", u16(0, 1, 2, 3), dict(rescale_intercept=-2.5),
     [0, 0, 2, 2]),
    ("slope below 0", u16(0, 1, 4095), dict(rescale_slope=-1.0),
     [4095, 4094, 0]),
    ("a range of 131,070 is halved, half to even", u16(0, 1, 3, 65535), dict(
        bits_stored=16, rescale_slope=2.0), [0, 1, 3, 65535]),
    ("a range of 81,900", u16(0, 1, 2, 4095), dict(rescale_slope=20.0),
     [0, 16, 32, 65535]),
    ("modality LUT, ends repeated", u16(0, 2, 3, 9), dict(
        modality_lut=Lut(2, u16(10, 11, 12), 8)), [10, 10, 11, 12]),
    ("modality LUT of 8 bits, inverted", u16(0, 2, 3, 9), dict(
        modality_lut=Lut(2, u16(10, 11, 12), 8), photometric="MONOCHROME1"),
     [245, 245, 244, 243]),
    ("modality LUT from a negative value on", i16(-3, -2, -1), dict(
        modality_lut=Lut(-2, u16(5, 6), 8)), [5, 5, 6]),
    ("a LUT with more bits than declared", u16(0), dict(
        modality_lut=Lut(0, u16(1000), 8), photometric="MONOCHROME1"),
     [23]),
    ("padding", u16(0, 7, 8), dict(padding=(7, 7)), [0, 0, 8]),
    ("padding range", u16(0, 7, 8, 9, 10), dict(padding=(7, 9)),
     [0, 0, 0, 0, 10]),
    ("padding is black in MONOCHROME1 too", u16(0, 1, 4095), dict(
        padding=(0, 0), photometric="MONOCHROME1"), [0, 4094, 0]),
    ("padding is a stored value", u16(0, 1), dict(
        padding=(0, 0), rescale_intercept=50.0), [0, 51]),
    ("signed padding", i16(-2000, -5, 0), dict(padding=(-2000, -2000)),
     [0, 2043, 2048]),
    ("padding within the unused bits is masked first", u16(0xf007, 8), dict(
        padding=(7, 7)), [0, 8]),
    ("padding beyond what is stored", u16(0, 7), dict(padding=(9999, 9999)),
     [0, 7]),
], ids=lambda value: value if isinstance(value, str) else "")
def test_levels(name, pixels, header, expected):
    assert levels(pixels, **header) == expected


@pytest.mark.parametrize("name, windowing, header, expected", [
    ("off by default", "none", dict(windows=(Window(2048, 1000),)),
     [0, 1548, 2048, 2548, 4095]),
    # PS3.3 C.11.2.1.2.1: from 1548 to 2547 onto 0..4095.
    ("linear", "window", dict(windows=(Window(2048, 1000),)),
     [0, 0, 2050, 4095, 4095]),
    ("linear exact", "window", dict(
        windows=(Window(2048, 1000),), voi_function="LINEAR_EXACT"),
     [0, 0, 2048, 4095, 4095]),
    ("sigmoid", "window", dict(
        windows=(Window(2048, 1000),), voi_function="SIGMOID"),
     [1, 488, 2048, 3607, 4094]),
    ("the first of several", "window", dict(
        windows=(Window(2048, 1000), Window(0, 1))),
     [0, 0, 2050, 4095, 4095]),
    ("width 1 is a step", "window", dict(windows=(Window(2048.5, 1),)),
     [0, 0, 0, 4095, 4095]),
    ("width 0 is no window", "window", dict(windows=(Window(2048, 0),)),
     [0, 1548, 2048, 2548, 4095]),
    ("no window", "window", {}, [0, 1548, 2048, 2548, 4095]),
    ("inverted after the window", "window", dict(
        windows=(Window(2048, 1000),), photometric="MONOCHROME1"),
     [4095, 4095, 2045, 0, 0]),
    ("LUT", "lut", dict(voi_luts=(Lut(2047, u16(3, 4, 5), 8),)),
     [3, 3, 4, 5, 5]),
    ("LUT inverted on its own range", "lut", dict(
        voi_luts=(Lut(2047, u16(3, 4, 5), 8),), photometric="MONOCHROME1"),
     [252, 252, 251, 250, 250]),
    ("no LUT: the window", "lut", dict(windows=(Window(2048, 1000),)),
     [0, 0, 2050, 4095, 4095]),
    ("window in modality units", "window", dict(
        windows=(Window(1024, 1000),), rescale_intercept=-1024.0),
     [0, 0, 2050, 4095, 4095]),
], ids=lambda value: value if isinstance(value, str) else "")
def test_windowing(name, windowing, header, expected):
    pixels = u16(0, 1548, 2048, 2548, 4095)
    assert levels(pixels, windowing, **header) == expected


@pytest.mark.parametrize("index, expected", [
    (0, [0, 2050, 4095]), (1, [1024, 2050, 3072]), (2, [1024, 2050, 3072])])
def test_window_of_an_index_is_the_last_where_there_are_fewer(
        index, expected):
    image = phantoms.stored_image(u16(1000, 2048, 3096).reshape(1, 3),
                                  windows=(Window(2048, 1000),
                                           Window(2048, 4194)))
    out = np.empty((1, 3), np.uint16)
    intensity.mapping(image.attributes, "window", index).apply(
        image.pixels, out)
    np.testing.assert_allclose(out[0], expected, rtol=0, atol=3)


def test_lut_of_an_index():
    luts = Lut(0, u16(3, 4, 5), 8), Lut(0, u16(7, 8, 9), 8)
    header = phantoms.attributes(1, 1, voi_luts=luts)
    for index, expected in ((0, 3), (1, 7), (5, 7)):
        *_, (_, levels) = intensity.steps(header, "lut", index)
        assert levels.values[0] == expected


@pytest.mark.parametrize("header", [
    dict(rescale_slope=float("nan")), dict(rescale_intercept=float("inf")),
    dict(rescale_slope=1e300), dict(bits_stored=0), dict(bits_stored=17)])
def test_header_that_cannot_be_is_rejected(header):
    with pytest.raises(Rejected) as rejected:
        intensity.mapping(phantoms.attributes(1, 1, **header), "none")
    assert rejected.value.reason == "bad_header"


@pytest.mark.parametrize("photometric, shape, disagrees", [
    ("MONOCHROME1", None, False), ("MONOCHROME1", "INVERSE", False),
    ("MONOCHROME1", "IDENTITY", True), ("MONOCHROME2", None, False),
    ("MONOCHROME2", "IDENTITY", False), ("MONOCHROME2", "INVERSE", True)])
def test_polarity_disagreement(photometric, shape, disagrees):
    header = phantoms.attributes(1, 1, photometric=photometric,
                                 lut_shape=shape)
    assert intensity.polarity_disagrees(header) == disagrees


@pytest.mark.parametrize("header, keeps, has_table", [
    ({}, True, False),
    (dict(padding=(0, 0)), True, False),
    (dict(padding=(9, 9)), False, False),
    (dict(photometric="MONOCHROME1", padding=(4095, 4095)), False, False),
    (dict(rescale_intercept=-1024.0), True, False),
    (dict(rescale_slope=2.0), False, True)])
def test_mapping_takes_its_cheapest_form(header, keeps, has_table):
    mapping = intensity.mapping(phantoms.attributes(1, 1, **header), "none")
    assert mapping.keeps(np.empty((1, 1), np.uint16)) == keeps
    assert (mapping.table is not None) == has_table
    assert not mapping.keeps(np.empty((1, 1), np.uint8))


@settings(deadline=None, max_examples=300)
@given(phantoms.noise_images(),
       st.sampled_from(("none", "none", "window", "lut")))
def test_mapping_equals_the_plain_rules(image, windowing):
    header = image.attributes
    if header.rescale_slope == 20:
        windowing = "none"  # a scaled level is in no unit exactly
    out = np.empty(image.pixels.shape, np.uint16)
    intensity.mapping(header, windowing).apply(image.pixels, out)
    np.testing.assert_array_equal(out, reference.levels(image, windowing))


@pytest.mark.parametrize("function", ["LINEAR", "LINEAR_EXACT", "SIGMOID"])
@pytest.mark.parametrize("slope, intercept", [(1, 0), (1, -1024), (3, -100)])
def test_window_of_a_file_equals_pydicom(function, slope, intercept):
    dataset = synthetic.mammogram(
        np.arange(4096, dtype=np.uint16).reshape(64, 64),
        RescaleSlope=slope, RescaleIntercept=intercept, RescaleType="US",
        WindowCenter=1500, WindowWidth=900, VOILUTFunction=function)
    image = pixels.decode(synthetic.to_bytes(dataset), 1 << 20)
    out = np.empty(image.pixels.shape, np.uint16)
    intensity.mapping(image.attributes, "window").apply(image.pixels, out)
    rescaled = processing.apply_modality_lut(image.pixels, dataset)
    expected = processing.apply_windowing(rescaled, dataset) - intercept
    np.testing.assert_allclose(out, expected, rtol=0, atol=0.5 + 1e-6)
