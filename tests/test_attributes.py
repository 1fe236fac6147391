"""What a header says about the meaning of its pixel values."""

import numpy as np
from pydicom.dataset import Dataset
import pytest

from pipelines import pixels
from pipelines.dicom import ImageAttributes, Lut, Window
from pipelines.spacing import Spacing
from tests import synthetic


def attributes(syntax: str = "explicit", dtype: str = "uint16",
               **overrides) -> ImageAttributes:
    values = np.zeros((8, 10), dtype)
    data = synthetic.mammogram_bytes(
        values, transfer_syntax=syntax, **overrides)
    return pixels.decode(data, 1 << 20).attributes


def lut(descriptor: list, data: bytes, vr: str = "OW",
        descriptor_vr: str = "US") -> list[Dataset]:
    item = Dataset()
    item.add_new("LUTDescriptor", descriptor_vr, descriptor)
    item.add_new("LUTData", vr, data)
    return [item]


def words(*values: int) -> bytes:
    return np.array(values, "<u2").tobytes()


def equal(found: Lut | None, first: int, values: list, bits: int) -> bool:
    return (found is not None and found.first == first and found.bits == bits
            and found.values.dtype == np.uint16
            and found.values.tolist() == values)


def test_defaults():
    found = attributes(RescaleSlope=None, RescaleIntercept=None,
                       PresentationLUTShape=None)
    assert found == ImageAttributes(
        rows=8, columns=10, bits_allocated=16, bits_stored=12, high_bit=11,
        signed=False, photometric="MONOCHROME2", lut_shape=None,
        rescale_slope=1.0, rescale_intercept=0.0, modality_lut=None,
        padding=None, windows=(), voi_function="LINEAR", voi_luts=(),
        transfer_syntax="1.2.840.10008.1.2.1", lossy=False,
        spacing=Spacing(0.07, 0.07, "imager_pixel_spacing"))


@pytest.mark.parametrize("name, overrides, expected", [
    ("photometric", {"PhotometricInterpretation": "MONOCHROME1"},
     "MONOCHROME1"),
    ("lut_shape", {"PresentationLUTShape": "INVERSE"}, "INVERSE"),
    ("rescale_slope", {"RescaleSlope": "0.5"}, 0.5),
    ("rescale_slope", {"RescaleSlope": "0"}, 1.0),
    ("rescale_intercept", {"RescaleIntercept": "-1024"}, -1024.0),
    ("high_bit", {"HighBit": 15}, 15),
    ("high_bit", {"HighBit": 3}, 11),
    ("high_bit", {"HighBit": 16}, 11),
    ("high_bit", {"HighBit": None}, 11),
    ("windows", {"WindowCenter": "2048", "WindowWidth": "4096"},
     (Window(2048, 4096),)),
    ("windows", {"WindowCenter": ["1", "2", "3"],
                 "WindowWidth": ["10", "0", "30"]},
     (Window(1, 10), Window(3, 30))),
    ("windows", {"WindowCenter": ["1", "2"], "WindowWidth": "10"},
     (Window(1, 10),)),
    ("windows", {"WindowCenter": "", "WindowWidth": ""}, ()),
    ("voi_function", {"VOILUTFunction": "SIGMOID"}, "SIGMOID"),
    ("voi_function", {"VOILUTFunction": "LINEAR_EXACT"}, "LINEAR_EXACT"),
    ("voi_function", {"VOILUTFunction": ""}, "LINEAR"),
    ("voi_function", {"VOILUTFunction": "CUBIC"}, "LINEAR"),
    ("padding", {"PixelPaddingValue": 0}, (0, 0)),
    ("padding", {"PixelPaddingValue": 4000,
                 "PixelPaddingRangeLimit": 4095}, (4000, 4095)),
    ("padding", {"PixelPaddingValue": 4095,
                 "PixelPaddingRangeLimit": 4000}, (4000, 4095)),
    ("padding", {"PixelPaddingValue": 63536}, (63536, 63536)),
    ("padding", {"PixelPaddingValue": ""}, None),
])
@pytest.mark.parametrize("syntax", ["explicit", "implicit", "big_endian"])
def test_attribute(syntax, name, overrides, expected):
    assert getattr(attributes(syntax, **overrides), name) == expected


@pytest.mark.parametrize("syntax", ["explicit", "implicit", "big_endian"])
def test_padding_of_signed_pixels_is_signed(syntax):
    found = attributes(syntax, "int16", PixelPaddingValue=-2000,
                       PixelPaddingRangeLimit=-1990)
    assert found.signed
    assert found.padding == (-2000, -1990)


@pytest.mark.parametrize("vr", ["OW", "US"])
def test_luts(vr):
    data = words(0, 5, 4000)
    found = attributes(
        ModalityLUTSequence=lut(
            [3, 7, 12], data if vr == "OW" else [0, 5, 4000], vr),
        VOILUTSequence=lut([3, 0, 12], data) + lut([1, 9, 16], words(8)))
    assert equal(found.modality_lut, 7, [0, 5, 4000], 12)
    assert equal(found.voi_luts[0], 0, [0, 5, 4000], 12)
    assert equal(found.voi_luts[1], 9, [8], 16)


@pytest.mark.parametrize("descriptor, data, first, values, bits", [
    ([0, 0, 16], words(*range(1 << 16)), 0, list(range(1 << 16)), 16),
    ([3, 0, 12], words(1, 2, 3, 0), 0, [1, 2, 3], 12),
    # Two entries of 8 bits in a word.
    ([4, 0, 8], b"\1\2\3\4", 0, [1, 2, 3, 4], 8),
    ([3, 0, 8], words(1, 2, 255), 0, [1, 2, 255], 8),
    # More bits in the data than the descriptor says.
    ([2, 0, 8], words(1, 4095), 0, [1, 4095], 12),
    ([2, 0, 0], words(0, 0), 0, [0, 0], 1),
    ([2, 0, 200], words(1, 4095), 0, [1, 4095], 16),
    ([2, 40000, 12], words(1, 2), 40000, [1, 2], 12),
])
def test_odd_luts(descriptor, data, first, values, bits):
    found = attributes(VOILUTSequence=lut(descriptor, data))
    assert equal(found.voi_luts[0], first, values, bits)


def test_lut_in_big_endian():
    item = lut([3, 7, 12], np.array([0, 5, 4000], ">u2").tobytes())
    found = attributes("big_endian", VOILUTSequence=item)
    assert equal(found.voi_luts[0], 7, [0, 5, 4000], 12)


@pytest.mark.parametrize("item", [
    lut([9, 0, 12], words(1, 2, 3)), lut([3, 0], words(1, 2, 3)),
    lut([3, 0, 12], b""), [Dataset()], []],
    ids=["short", "half a descriptor", "no data", "empty item", "no item"])
def test_malformed_lut_is_left_out(item):
    found = attributes(VOILUTSequence=item, ModalityLUTSequence=item,
                       WindowCenter="1", WindowWidth="2")
    assert found.voi_luts == ()
    assert found.modality_lut is None
    assert found.windows == (Window(1, 2),)


@pytest.mark.parametrize("overrides, first", [
    ({"dtype": "int16"}, -1000),
    ({"RescaleIntercept": "-1024"}, -1000),
    ({}, 64536),
    ({"dtype": "int16", "ModalityLUTSequence": lut([1, 0, 12], words(1))},
     64536),
])
def test_first_input_value_has_the_sign_of_what_comes_in(overrides, first):
    found = attributes(
        VOILUTSequence=lut([1, 64536, 12], words(1)), **overrides)
    assert found.voi_luts[0].first == first


def test_first_input_value_that_is_stated_signed():
    found = attributes(VOILUTSequence=lut(
        [1, -1000, 12], words(1), descriptor_vr="SS"))
    assert found.voi_luts[0].first == -1000
