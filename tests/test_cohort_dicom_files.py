"""Headers, UIDs and the helper that all tests build their files with."""

import io

import numpy as np
import pydicom
import pytest

from tests import synthetic
from tools.cohort import dicom_files


def read(data: bytes) -> pydicom.Dataset:
    return pydicom.dcmread(io.BytesIO(data))


def test_equal_arguments_give_equal_bytes():
    first = synthetic.mammogram_bytes(PatientID="000123")
    assert first == synthetic.mammogram_bytes(PatientID="000123")


@pytest.mark.parametrize("change", [
    {"PatientID": "000124"}, {"ViewPosition": "MLO"},
    {"pixels": synthetic.breast_pixels(seed=1)},
    {"transfer_syntax": "rle"}])
def test_another_image_has_another_sop_instance_uid(change):
    before = read(synthetic.mammogram_bytes()).SOPInstanceUID
    assert read(synthetic.mammogram_bytes(**change)).SOPInstanceUID != before


def test_overrides_set_empty_and_remove():
    dataset = read(synthetic.mammogram_bytes(
        PatientID="", StudyDate=None, ImageLaterality="L"))
    assert dataset.PatientID == ""
    assert "StudyDate" not in dataset
    assert dataset.PatientOrientation == ["A", "R"]


def test_without_side_or_view_nothing_else_tells_them():
    dataset = read(synthetic.mammogram_bytes(
        ImageLaterality=None, ViewPosition=None))
    assert "PatientOrientation" not in dataset
    assert "ViewCodeSequence" not in dataset


def test_uids_are_valid_and_depend_on_their_parts_alone():
    uid = pydicom.uid.UID(dicom_files.make_uid("a", 1))
    assert uid.is_valid and len(uid) <= 64
    assert uid == dicom_files.make_uid("a", 1) != dicom_files.make_uid("a1")


def test_meta_and_data_set_agree():
    dataset = read(synthetic.mammogram_bytes())
    assert (dataset.file_meta.MediaStorageSOPInstanceUID
            == dataset.SOPInstanceUID)
    assert (dataset.file_meta.MediaStorageSOPClassUID == dataset.SOPClassUID
            == dicom_files.MG_FOR_PRESENTATION)


def test_lossy_files_say_so():
    dataset = read(synthetic.mammogram_bytes(transfer_syntax="j2k_lossy"))
    assert dataset.LossyImageCompression == "01"
    assert float(dataset.LossyImageCompressionRatio) > 1


def test_signed_pixels_read_back():
    pixels = (synthetic.breast_pixels() - 2048.).astype(np.int16)
    dataset = read(synthetic.mammogram_bytes(
        pixels, transfer_syntax="big_endian"))
    assert dataset.PixelRepresentation == 1
    np.testing.assert_array_equal(dataset.pixel_array, pixels)


def test_breast_pixels_lie_on_their_side():
    left = synthetic.breast_pixels(side="L").astype(int)
    assert left[:, :24].sum() > 5 * left[:, 24:].sum()
    np.testing.assert_array_equal(
        synthetic.breast_pixels(side="R"), left[:, ::-1])
