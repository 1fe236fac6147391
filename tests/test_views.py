"""Side and view from every place that a header names them in."""

import pytest

from pipelines import dicom
from tests import synthetic
from tools.cohort import dicom_files

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning:pydicom")

NOWHERE = {"ImageLaterality": None, "ViewPosition": None,
           "ViewCodeSequence": None, "PatientOrientation": None,
           "SeriesDescription": None}


def header(**overrides) -> dicom.Header:
    pixels = synthetic.breast_pixels(8, 8)
    found = dicom.parse_header(
        synthetic.mammogram_bytes(pixels, **NOWHERE | overrides), True)
    assert found is not None
    return found


def code(value: str, meaning: str = "", scheme: str = "SCT") -> list:
    return [dicom_files.code_item(value, meaning, scheme)]


def test_nothing_says_it():
    found = header()
    assert (found.view, found.view_source) == (None, None)
    assert (found.laterality, found.laterality_source) == (None, None)


@pytest.mark.parametrize("text, view, side", [
    ("CC", "CC", None),
    ("MLO", "MLO", None),
    ("mlo ", "MLO", None),
    ("ML", "ML", None),
    ("LM", "LM", None),
    ("LMO", "LMO", None),
    ("XCCL", "XCCL", None),
    ("AT", "AT", None),
    ("R CC", "CC", "R"),
    ("RIGHT CC", "CC", "R"),
    ("RCC", "CC", "R"),
    ("L-MLO", "MLO", "L"),
    ("LMLO", "MLO", "L"),
    ("LML", "ML", "L"),
    ("RLM", "LM", "R"),
    ("LXCCL", "XCCL", "L"),
    ("CC_LEFT", "CC", "L"),
    ("LAT", None, None),
    ("AP", None, None),
    ("CC MLO", None, None),
    ("RCC LCC", "CC", None),
    ("ACCESSORY", None, None),
])
def test_view_position(text, view, side):
    found = header(ViewPosition=text)
    assert (found.view, found.laterality) == (view, side)
    assert found.view_source == (view and "view_position")
    assert found.laterality_source == (side and "view_position")


@pytest.mark.parametrize("text, view, side", [
    ("L CC", "CC", "L"),
    ("RIGHT MLO", "MLO", "R"),
    ("Screening - RMLO", "MLO", "R"),
    ("Mammo LT XCCL 2D", "XCCL", "L"),
    ("R ML", None, None),
    ("RML", "ML", "R"),
    ("Contrast 20 ML", None, None),
    ("LEFT AT REST", None, "L"),
    ("LAT", None, None),
    ("VITAMIN L", None, None),
    ("LEFT AND RIGHT CC", "CC", None),
    ("R CC / R MLO", None, "R"),
    ("4 views", None, None),
])
def test_series_description(text, view, side):
    found = header(SeriesDescription=text)
    assert (found.view, found.laterality) == (view, side)
    assert found.view_source == (view and "series_description")
    assert found.laterality_source == (side and "series_description")


@pytest.mark.parametrize("item, view", [
    (code("399162004"), "CC"),
    (code("399368009"), "MLO"),
    (code("399260004"), "ML"),
    (code("399352003"), "LM"),
    (code("399099002"), "LMO"),
    (code("399192008"), "XCCL"),
    (code("399101009"), "XCCM"),
    (code("399196006"), "FB"),
    (code("399188001"), "SIO"),
    (code("441555000"), "ISO"),
    (code("R-10242", scheme="SRT"), "CC"),
    (code("R-10226", scheme="SNM3"), "MLO"),
    (code("Y-X1770", scheme="SRT"), "XCCL"),
    (code("399162004", "medio-lateral oblique"), "CC"),
    (code("unknown", "medio-lateral oblique"), "MLO"),
    (code("unknown", "Cranio-caudal exaggerated laterally"), "XCCL"),
    (code("unknown", "caudo-cranial (from below)"), "FB"),
    (code("unknown", "mediolateral"), "ML"),
    (code("unknown", "a view"), None),
    (code("399162004") + code("399368009"), None),
    ([], None),
])
def test_view_code(item, view):
    found = header(ViewCodeSequence=item)
    assert found.view == view
    assert found.view_source == (view and "view_code")


def test_view_in_patient_orientation_as_cbis_ddsm_has_it():
    assert header(PatientOrientation="MLO").view == "MLO"
    assert header(PatientOrientation="CC").view_source == "patient_orientation"


@pytest.mark.parametrize("overrides, source", [
    ({"ViewPosition": "CC", "ViewCodeSequence": code("399368009")},
     "view_position"),
    ({"ViewPosition": "", "ViewCodeSequence": code("399162004"),
      "PatientOrientation": "MLO"}, "view_code"),
    ({"PatientOrientation": "CC", "SeriesDescription": "MLO"},
     "patient_orientation"),
])
def test_order_of_the_view_chain(overrides, source):
    found = header(**overrides)
    assert (found.view, found.view_source) == ("CC", source)


def shared_groups(*sides: str) -> list:
    group = dicom_files.Dataset()
    group.FrameAnatomySequence = []
    for side in sides:
        anatomy = dicom_files.Dataset()
        anatomy.FrameLaterality = side
        group.FrameAnatomySequence.append(anatomy)
    return [group]


@pytest.mark.parametrize("overrides, side, source", [
    ({"ImageLaterality": "L", "Laterality": "R"}, "L", "image_laterality"),
    ({"ImageLaterality": "l"}, "L", "image_laterality"),
    ({"ImageLaterality": "LEFT"}, "L", "image_laterality"),
    ({"ImageLaterality": "B"}, None, None),
    ({"ImageLaterality": "U"}, None, None),
    ({"ImageLaterality": "B", "Laterality": "R"}, "R", "laterality"),
    ({"ImageLaterality": "", "Laterality": "R"}, "R", "laterality"),
    ({"SharedFunctionalGroupsSequence": shared_groups("R")}, "R",
     "frame_laterality"),
    ({"SharedFunctionalGroupsSequence": shared_groups("R", "L")}, None, None),
    ({"Laterality": "L", "ViewPosition": "RCC"}, "L", "laterality"),
    ({"ViewPosition": "RCC", "SeriesDescription": "LCC"}, "R",
     "view_position"),
    ({"ViewPosition": "CC", "SeriesDescription": "LEFT"}, "L",
     "series_description"),
])
def test_laterality_chain(overrides, side, source):
    found = header(**overrides)
    assert (found.laterality, found.laterality_source) == (side, source)


@pytest.mark.parametrize("view, orientation, side", [
    ("MLO", ["A", "FR"], "L"),
    ("MLO", ["P", "FL"], "R"),
    ("MLO", ["P", "HL"], "L"),  # turned upside down
    ("MLO", ["FL", "A"], "R"),  # turned by 90 degrees
    ("LMO", ["A", "FR"], "L"),
    ("MLO", ["A", "F"], None),
    ("MLO", ["FR", "FL"], None),
    ("CC", ["A", "R"], None),  # either breast, one of them upside down
    ("ML", ["A", "F"], None),
    (None, ["A", "FR"], None),
])
def test_side_of_an_oblique_plane(view, orientation, side):
    found = header(ViewPosition=view, PatientOrientation=orientation)
    assert found.laterality == side
    assert found.laterality_source == (side and "patient_orientation")


@pytest.mark.parametrize("modifiers, expected", [
    ((), ()),
    ((("399055006", "Spot Compression"), ("399163009", "Magnification")),
     ("magnification", "spot_compression")),
    ((("R-102D5", "Implant Displaced"),), ("implant_displaced",)),
    ((("0", "unheard of"),), ()),
])
def test_view_modifiers(modifiers, expected):
    sequence = dicom_files.view_sequence("CC", modifiers)
    assert header(ViewCodeSequence=sequence).view_modifiers == expected


@pytest.mark.parametrize("syntax", ["implicit", "big_endian", "deflated"])
@pytest.mark.parametrize("undefined_length", [True, False])
def test_codes_in_every_encoding(syntax, undefined_length):
    dataset = synthetic.mammogram(
        transfer_syntax=syntax, ViewPosition="",
        ViewCodeSequence=dicom_files.view_sequence(
            "MLO", (("399055006", "Spot Compression"),)))
    dataset["ViewCodeSequence"].is_undefined_length = undefined_length
    found = dicom.parse_header(synthetic.to_bytes(dataset, syntax), True)
    assert found.view == "MLO"
    assert found.view_modifiers == ("spot_compression",)
