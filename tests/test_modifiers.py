"""View modifiers from every place that a header names them in."""

import pytest

from pipelines import dicom
from pipelines import modifiers
from tests import synthetic
from tools.cohort import dicom_files

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning:pydicom")


def header(**overrides) -> dicom.Header:
    data = synthetic.mammogram_bytes(
        synthetic.breast_pixels(8, 8), **overrides)
    return dicom.parse_header(data, True)


@pytest.mark.parametrize("overrides, expected", [
    ({}, ()),
    ({"PaddleDescription": "SPOT"}, ("spot_compression",)),
    ({"PaddleDescription": "7.5CM SPT"}, ("spot_compression",)),
    ({"PaddleDescription": "15cm mag"}, ("magnification",)),
    ({"PaddleDescription": "SPOT CONTACT MAG"},
     ("magnification", "spot_compression")),
    ({"PaddleDescription": "24CM X 30CM"}, ()),
    ({"PaddleDescription": "MAGIC"}, ()),
    ({"ViewPosition": "CC SPOT"}, ("spot_compression",)),
    ({"ViewPosition": "CCSPOT"}, ("spot_compression",)),
    ({"ViewPosition": "RMLOID"}, ("implant_displaced",)),
    ({"ViewPosition": "MLO ID"}, ("implant_displaced",)),
    ({"SeriesDescription": "R MLO spot mag"},
     ("magnification", "spot_compression")),
    ({"SeriesDescription": "ID 7"}, ()),
    ({"EstimatedRadiographicMagnificationFactor": "1.8"},
     ("magnification",)),
    ({"EstimatedRadiographicMagnificationFactor": "1.08"}, ()),
])
def test_words_and_factors(overrides, expected):
    assert header(**overrides).view_modifiers == expected


@pytest.mark.parametrize("text, view, side", [
    ("CCSPOT", "CC", None), ("RMLOID", "MLO", "R"), ("LCCMAG", "CC", "L"),
    ("SPOT", None, None), ("ID", None, None)])
def test_a_suffix_does_not_hide_the_view(text, view, side):
    found = header(ViewPosition=text, ViewCodeSequence=None,
                   PatientOrientation=None, ImageLaterality=None)
    assert (found.view, found.laterality) == (view, side)


@pytest.mark.parametrize("value, meaning, expected", [
    ("399055006", "", "spot_compression"),
    ("R-102D7", "", "spot_compression"),
    ("local", "Spot Compression", "spot_compression"),
    ("local", "implant displaced", "implant_displaced"),
    ("399161006", "", "cleavage"),
    ("399226006", "", "rolled_medial"),
])
def test_codes_and_their_meanings(value, meaning, expected):
    sequence = dicom_files.view_sequence("CC", ((value, meaning),))
    assert header(ViewCodeSequence=sequence).view_modifiers == (expected,)


def test_what_is_excluded_are_modifiers_that_there_are():
    names = {name for name, *_ in modifiers._CID_4015}
    assert names >= {*modifiers.SPOT_OR_MAGNIFICATION, *modifiers.SPECIAL,
                     modifiers.IMPLANT_DISPLACED}
    assert not set(modifiers.SPECIAL) & set(modifiers.SPOT_OR_MAGNIFICATION)


@pytest.mark.parametrize("factor, expected", [
    ("1.8", 1.8), ("1", 1.0), ("0", None), ("0.5", None), ("", None)])
def test_magnification_factor(factor, expected):
    found = header(EstimatedRadiographicMagnificationFactor=factor)
    assert found.magnification_factor == expected
