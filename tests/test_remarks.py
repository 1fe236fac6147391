"""What is odd about an image that is used all the same."""

import pytest

from pipelines import dicom
from pipelines import remarks
from tests import synthetic
from tools.cohort import dicom_files, pitfalls, variation

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning:pydicom")

IMAGE = variation.Image(synthetic.breast_pixels(side="R"), {
    "ImageLaterality": "R", "ViewPosition": "MLO", "BitsStored": 12,
    "SOPInstanceUID": dicom_files.make_uid("remarks")})
# What the scan remarks on each pitfall; of all others, nothing.
REMARKS = {
    "monochrome1_identity": {"polarity_contradicted"},
    "high_bit": {"bits_misplaced"},
    "window_width_zero": {"window_malformed"},
    "malformed_window": {"window_malformed"},
    "malformed_rescale": {"rescale_malformed"},
    "voi_lut_empty": {"voi_lut_malformed"},
    "voi_lut_wide": {"voi_lut_malformed"},
    "voi_lut_short": {"voi_lut_malformed"},
    "laterality_contradicted": {"laterality_contradicted"},
    "frames_none": {"frames_malformed"},
}


def remarks_on(data: bytes) -> set[str]:
    return set(dicom.parse_header(data, True).remarks)


@pytest.mark.parametrize("name", [
    *pitfalls.PIXELS, *pitfalls.LUTS, *pitfalls.HEADERS, *pitfalls.VIEWS])
def test_the_scan_remarks_on_what_is_odd_and_on_nothing_else(name):
    file, = pitfalls.apply(name, IMAGE)
    assert remarks_on(file.data) == REMARKS.get(name, set())


@pytest.mark.parametrize("code, overrides", [
    ("view_contradicted", {"ViewPosition": "CC",
                           "ViewCodeSequence":
                           dicom_files.view_sequence("MLO")}),
    ("laterality_contradicted", {"ImageLaterality": "R", "Laterality": "L"}),
    ("intent_contradicted", {"PresentationIntentType": "FOR PROCESSING"}),
    ("polarity_contradicted", {"PresentationLUTShape": "INVERSE"}),
    ("bits_misplaced", {"HighBit": 3}),
    ("rescale_malformed", {"RescaleSlope": "0"}),
    ("window_malformed", {"WindowCenter": ["1", "2"], "WindowWidth": "9"}),
    ("voi_function_unknown", {"VOILUTFunction": "CUBIC"}),
])
def test_remark(code, overrides):
    assert remarks_on(synthetic.mammogram_bytes(**overrides)) == {code}


@pytest.mark.parametrize("overrides", [
    {"PresentationLUTShape": None},
    {"PhotometricInterpretation": "MONOCHROME1",
     "PresentationLUTShape": "INVERSE"},
    {"HighBit": None},
    {"ImageLaterality": "B", "Laterality": "R"},
    {"WindowCenter": "0.3", "WindowWidth": "0.5",
     "VOILUTFunction": "LINEAR_EXACT"},
])
def test_what_is_in_order_has_no_remark(overrides):
    assert remarks_on(synthetic.mammogram_bytes(**overrides)) == set()


def test_remarks_are_told_once_and_in_order():
    assert remarks.ordered(["other_side", "bits_misplaced", "other_side"]) == (
        "bits_misplaced", "other_side")
    with pytest.raises(ValueError, match="unknown remark tired"):
        remarks.ordered(["tired"])
    assert all(f"| `{code}` |" in remarks.markdown()
               for code in remarks.REMARKS)
