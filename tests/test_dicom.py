"""The scan's columns, and which files are let through."""

import dataclasses
import datetime
import os
import time

import numpy as np
import pydicom.data
import pytest

from pipelines import compression, dicom
from pipelines.reasons import Rejected
from tests import synthetic
from tools.cohort import dicom_files

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning:pydicom")

MAX_IMAGE_BYTES = 1 << 24
TEST_FILES = os.path.join(
    os.path.dirname(pydicom.data.__file__), "test_files")


def header(**overrides) -> dicom.Header:
    found = dicom.parse_header(synthetic.mammogram_bytes(**overrides), True)
    assert found is not None
    return found


def reason_of(found: dicom.Header, limit: int = MAX_IMAGE_BYTES) -> str | None:
    try:
        dicom.check_mammogram(found, limit)
    except Rejected as error:
        return error.reason
    return None


def test_every_column():
    found = header(
        SOPInstanceUID="1.2.3", StudyInstanceUID="1.2.4",
        SeriesInstanceUID="1.2.5", PatientID="000123", StudyDate="20120315",
        PatientAge="056Y", BreastImplantPresent="NO", Manufacturer="Maker",
        ManufacturerModelName="Model 1", PixelSpacing=[0.065, 0.065],
        ImagerPixelSpacing=[0.07, 0.07], PatientName="Somebody^Else",
        PatientBirthDate="19500101", StudyDescription="secret")
    assert found == dicom.Header(
        sop_instance_uid="1.2.3",
        sop_class_uid="1.2.840.10008.5.1.4.1.1.1.2",
        study_instance_uid="1.2.4", series_instance_uid="1.2.5",
        patient_id="000123", study_date=datetime.date(2012, 3, 15),
        modality="MG", laterality="R", laterality_source="image_laterality",
        view="CC", view_source="view_position", view_modifiers=(),
        patient_age=56, implant=False, manufacturer="Maker",
        manufacturer_model="Model 1", rows=64, columns=48, frames=1,
        samples_per_pixel=1, bits_allocated=16, bits_stored=12,
        photometric="MONOCHROME2", transfer_syntax="1.2.840.10008.1.2.1",
        presentation_intent="FOR PRESENTATION", pixel_spacing_mm=0.065,
        imager_pixel_spacing_mm=0.07, breast_spacing_mm=0.065,
        spacing_source="pixel_spacing", lossy=False, has_pixels=True,
        float_pixels=False)
    assert reason_of(found) is None


def test_nothing_personal_is_read():
    personal = {0x00100010, 0x00100030, 0x00100040, 0x00101040, 0x00080050,
                0x00080080, 0x00080081, 0x00080090, 0x00081030, 0x00104000}
    assert not personal & set(dicom.TAGS)
    assert not any("description" in field.name
                   for field in dataclasses.fields(dicom.Header))


@pytest.mark.parametrize("column, overrides, expected", [
    ("patient_id", {"PatientID": " 000123 "}, "000123"),
    ("patient_id", {"PatientID": ""}, None),
    ("patient_id", {"PatientID": None}, None),
    ("patient_id", {"PatientID": "Jürgen"}, "Jürgen"),
    ("patient_id", {"PatientID": "Ålesund", "SpecificCharacterSet":
                    "ISO_IR 192"}, "Ålesund"),
    ("patient_id", {"PatientID": "Ålesund", "SpecificCharacterSet":
                    ["", "ISO 2022 IR 100"]}, "Ålesund"),
    ("manufacturer", {"Manufacturer": ""}, None),
    ("study_date", {"StudyDate": ""}, None),
    ("study_date", {"StudyDate": "", "AcquisitionDate": "20120315"}, None),
    ("study_date", {"StudyDate": "2012.03.15"}, datetime.date(2012, 3, 15)),
    ("study_date", {"StudyDate": "20120230"}, None),
    ("study_date", {"StudyDate": "20120315-20120316"}, None),
    ("patient_age", {"PatientAge": "045Y"}, 45),
    ("patient_age", {"PatientAge": "018M"}, 1),
    ("patient_age", {"PatientAge": "024M"}, 2),
    ("patient_age", {"PatientAge": "104W"}, 1),
    ("patient_age", {"PatientAge": "731D"}, 2),
    ("patient_age", {"PatientAge": "45"}, None),
    ("patient_age", {"PatientAge": "old"}, None),
    ("patient_age", {"PatientAge": None}, None),
    ("implant", {"BreastImplantPresent": "YES"}, True),
    ("implant", {"BreastImplantPresent": "maybe"}, None),
    ("implant", {}, None),
    ("frames", {"NumberOfFrames": "1"}, 1),
    ("frames", {"NumberOfFrames": ""}, 1),
    ("frames", {"NumberOfFrames": "57"}, 57),
    ("pixel_spacing_mm", {"PixelSpacing": ""}, None),
    ("pixel_spacing_mm", {"PixelSpacing": ["0", "0"]}, None),
    ("photometric", {"PhotometricInterpretation": "MONOCHROME1"},
     "MONOCHROME1"),
    ("lossy", {"LossyImageCompression": "01"}, True),
    ("presentation_intent", {"PresentationIntentType": "FOR PROCESSING"},
     "FOR PROCESSING"),
    ("presentation_intent", {"PresentationIntentType": None},
     "FOR PRESENTATION"),
    ("presentation_intent", {
        "PresentationIntentType": None,
        "SOPClassUID": dicom_files.MG_FOR_PROCESSING}, "FOR PROCESSING"),
    ("presentation_intent", {
        "PresentationIntentType": "",
        "SOPClassUID": dicom_files.SECONDARY_CAPTURE}, None),
])
def test_column(column, overrides, expected):
    pixels = synthetic.breast_pixels(side="R")
    assert getattr(header(pixels=pixels, **overrides), column) == expected


@pytest.mark.parametrize("column, tag, vr, value, expected", [
    ("frames", 0x00280008, "IS", b"None", 1),
    ("frames", 0x00280008, "IS", b"1" + b"0" * 11, 1),
    ("frames", 0x00280008, "IS", b"-3", 1),
    ("pixel_spacing_mm", 0x00280030, "DS", b"0,07\\0,07 ", None),
    ("pixel_spacing_mm", 0x00280030, "DS", b"nan\\nan ", None),
    ("pixel_spacing_mm", 0x00280030, "DS", b"0.07\\wide ", 0.07),
    ("patient_age", 0x00101010, "AS", "٠٤٥Y".encode(), None),
    ("study_date", 0x00080020, "DA", b"\xff\xfe\xfd\xfc", None),
    ("rows", 0x00280010, "US", b"", None),
    ("bits_stored", 0x00280101, "US", b"", 16),
    ("rows", 0x00280010, "UL", b"\x40\0\0\0", 64),
    ("rows", 0x00280010, "IS", b"64", 64),
    ("patient_id", 0x00100020, "LO", b"\xff\xfe", "ÿþ"),
    ("patient_id", 0x00100020, "UN", b"000123\0\0", "000123"),
    ("view", 0x00185101, "CS", b"\xe9\xe9", "CC"),  # from its code
])
def test_malformed_value_costs_its_column_alone(
        column, tag, vr, value, expected):
    dataset = synthetic.mammogram()
    keep = {"patient_id", "modality", "sop_instance_uid"} - {column}
    sound = dicom.parse_header(synthetic.to_bytes(dataset), True)
    dataset[tag] = pydicom.dataelem.RawDataElement(
        pydicom.tag.Tag(tag), vr, len(value), value, 0, False, True)
    found = dicom.parse_header(synthetic.to_bytes(dataset), True)
    assert getattr(found, column) == expected
    assert all(getattr(found, k) == getattr(sound, k) for k in keep)


@pytest.mark.parametrize("reason, overrides", [
    (None, {}),
    (None, {"SOPClassUID": dicom_files.SECONDARY_CAPTURE}),
    (None, {"Modality": "CR"}),
    (None, {"SOPClassUID": dicom_files.BREAST_TOMOSYNTHESIS}),
    (None, {"PresentationIntentType": "FOR PROCESSING"}),
    ("not_a_mammogram", {"SOPClassUID": dicom_files.SECONDARY_CAPTURE,
                         "Modality": "OT"}),
    ("not_a_mammogram", {"SOPClassUID": "1.2.3", "Modality": "",
                         "NumberOfFrames": "9"}),
    ("multi_frame", {"NumberOfFrames": "57"}),
    ("colour", {"SamplesPerPixel": 3}),
    ("colour", {"PhotometricInterpretation": "PALETTE COLOR"}),
    ("colour", {"PhotometricInterpretation": "RGB", "BitsAllocated": 32}),
    ("unsupported_bits", {"BitsAllocated": 32, "BitsStored": 32}),
    ("unsupported_bits", {"BitsAllocated": 1, "BitsStored": 1}),
    ("unsupported_bits", {"BitsAllocated": 12, "BitsStored": 12}),
    ("unsupported_bits", {"BitsStored": 17}),
    ("unsupported_bits", {"BitsAllocated": None, "BitsStored": None}),
    ("no_sop_instance_uid", {"SOPInstanceUID": ""}),
    ("bad_header", {"PhotometricInterpretation": ""}),
    ("bad_header", {"Rows": 0}),
    ("bad_header", {"Columns": None}),
    ("over_limit", {"Rows": 65535, "Columns": 65535}),
])
def test_check_mammogram(reason, overrides):
    dataset = synthetic.mammogram()
    for keyword, value in overrides.items():
        setattr(dataset, keyword, value)
    found = dicom.parse_header(synthetic.to_bytes(dataset), True)
    assert reason_of(found) == reason


def test_no_pixel_data():
    dataset = synthetic.mammogram()
    del dataset.PixelData
    found = dicom.parse_header(synthetic.to_bytes(dataset), True)
    assert not found.has_pixels
    assert reason_of(found) == "no_pixel_data"


@pytest.mark.parametrize("tag, vr", [(0x7FE00008, "OF"), (0x7FE00009, "OD")])
def test_floating_point_pixels_are_unsupported(tag, vr):
    dataset = synthetic.mammogram()
    del dataset.PixelData
    dataset.add_new(tag, vr, bytes(64 * 48 * 8))
    found = dicom.parse_header(synthetic.to_bytes(dataset), True)
    assert found.has_pixels and found.float_pixels
    assert reason_of(found) == "unsupported_bits"


@pytest.mark.parametrize("uid", [
    "1.2.840.10008.1.2.4.100", "1.2.840.113619.5.2", "1.2.3"])
def test_unsupported_transfer_syntax_is_named(uid):
    found = dataclasses.replace(header(), transfer_syntax=uid)
    with pytest.raises(Rejected, match=uid) as caught:
        dicom.check_mammogram(found, MAX_IMAGE_BYTES)
    assert caught.value.reason == "unsupported_transfer_syntax"


@pytest.mark.parametrize("syntax", synthetic.TRANSFER_SYNTAXES)
def test_lossy_by_transfer_syntax(syntax):
    values = synthetic.breast_pixels(
        bits=8 if syntax == "jpeg_baseline" else 12)
    dataset = synthetic.mammogram(values, transfer_syntax=syntax)
    del dataset.LossyImageCompression
    found = dicom.parse_header(synthetic.to_bytes(dataset, syntax), True)
    assert found.lossy == synthetic.TRANSFER_SYNTAXES[syntax].lossy
    assert found.transfer_syntax == synthetic.TRANSFER_SYNTAXES[syntax].uid


def pydicoms_files() -> list[str]:
    return sorted(os.path.join(folder, name)
                  for folder, _, names in os.walk(TEST_FILES)
                  for name in names)


# What each of pydicom's files is; all others are DICOM, but no mammogram.
PYDICOM_REASONS = {
    "README.txt": "not_dicom",
    "README": "not_dicom",
    "crayons.icc": "not_dicom",
    "no_meta.dcm": "not_dicom",  # a stray byte before its first element
    "rtplan.dump": "not_dicom",
    "rtstruct.dump": "not_dicom",
    "test1.json": "not_dicom",
    "test_PN.json": "not_dicom",
    "rtplan_truncated.dcm": "truncated",
}


@pytest.mark.parametrize(
    "path", pydicoms_files(), ids=lambda path: os.path.relpath(
        path, TEST_FILES))
def test_pydicoms_own_files(path):
    with open(path, "rb") as file:
        data = compression.inflate(file.read(), 1 << 28)
    expected = PYDICOM_REASONS.get(os.path.basename(path), "not_a_mammogram")
    try:
        found = dicom.parse_header(data, True)
    except Rejected as error:
        assert error.reason == expected
        return
    assert reason_of(found) == expected
    prefix = dicom.parse_header(data[:65536], len(data) <= 65536)
    assert prefix in (None, found)
    meta = pydicom.dcmread(
        path, stop_before_pixels=True, force=True) if path.endswith(
            ".dcm") else None
    if meta is not None:
        assert found.modality == (meta.get("Modality") or None)
        assert found.rows == meta.get("Rows")
        assert found.sop_instance_uid == meta.get("SOPInstanceUID")


def test_a_header_takes_less_than_a_millisecond():
    values = np.zeros((512, 512), np.uint16)
    prefix = synthetic.mammogram_bytes(values)[:65536]
    best = float("inf")
    for _ in range(30):
        start = time.perf_counter()
        dicom.parse_header(prefix, False)
        best = min(best, time.perf_counter() - start)
    # 0.3 ms measured; the bound leaves room for a busy machine.
    assert best < 0.001
