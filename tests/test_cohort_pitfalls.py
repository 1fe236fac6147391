"""Each pitfall makes the file that it names, and no other harm."""

import gzip
import io
import struct
import warnings
import zlib

import numpy as np
import pydicom
import pytest

from tests import synthetic
from tools.cohort import cohort, dicom_files, pitfalls, variation

PIXELS = synthetic.breast_pixels(96, 128, side="R")
IMAGE = variation.Image(PIXELS, {
    "ImageLaterality": "R", "ViewPosition": "MLO", "PatientID": "000007",
    "BitsStored": 12, "SOPInstanceUID": dicom_files.make_uid("pitfall")})


def files(name):
    return pitfalls.apply(name, IMAGE)


def data(name):
    file, = files(name)
    return file.data


def dataset(name):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return pydicom.dcmread(io.BytesIO(data(name)), force=True)


@pytest.mark.parametrize("name", [
    name for name in pitfalls.PITFALLS if name != "gzip_bomb"])
def test_every_pitfall_is_described_and_deterministic(name):
    assert pitfalls.PITFALLS[name].__doc__.endswith(".")
    assert files(name) == files(name) != ()


def test_names_have_patients_of_their_own():
    identifiers = {cohort.special_id(name) for name in pitfalls.PITFALLS}
    assert len(identifiers) == len(pitfalls.PITFALLS)
    assert all("900000" <= text <= "999999" for text in identifiers)


def test_an_unknown_pitfall_is_refused_with_what_there_is():
    with pytest.raises(ValueError, match="'typo'.*monochrome1"):
        pitfalls.apply("typo", IMAGE)


# Plain header changes: expected value by keyword, None for an absent element.
HEADERS = {
    "monochrome1": {"PhotometricInterpretation": "MONOCHROME1",
                    "PresentationLUTShape": "INVERSE"},
    "monochrome1_no_lut_shape": {"PhotometricInterpretation": "MONOCHROME1",
                                 "PresentationLUTShape": None},
    "monochrome1_identity": {"PhotometricInterpretation": "MONOCHROME1",
                             "PresentationLUTShape": "IDENTITY"},
    "for_processing": {"PresentationIntentType": "FOR PROCESSING",
                       "SOPClassUID": dicom_files.MG_FOR_PROCESSING},
    "sigmoid": {"VOILUTFunction": "SIGMOID"},
    "several_windows": {"WindowWidth": [2047, 4094, 1023]},
    "window_width_zero": {"WindowWidth": 0},
    "voi_function_empty": {"VOILUTFunction": ""},
    "small_largest_wrong": {"LargestImagePixelValue": 600},
    "padding": {"PixelPaddingValue": 4095},
    "padding_range": {"PixelPaddingValue": 4095,
                      "PixelPaddingRangeLimit": 4055},
    "modality_rescale": {"RescaleSlope": 2, "RescaleIntercept": -100},
    "modality_lut": {"RescaleSlope": None},
    "bits_8": {"BitsAllocated": 8, "BitsStored": 8},
    "bits_10": {"BitsStored": 10, "HighBit": 9},
    "bits_13": {"BitsStored": 13},
    "bits_14": {"BitsStored": 14},
    "bits_16": {"BitsStored": 16, "HighBit": 15},
    "high_bit": {"BitsStored": 12, "HighBit": 15},
    "signed_pixels": {"PixelRepresentation": 1, "RescaleIntercept": 2048},
    "j2k_precision": {"BitsStored": 16},
    "no_patient_id": {"PatientID": None},
    "empty_patient_id": {"PatientID": ""},
    "no_study_date": {"StudyDate": ""},
    "no_sop_instance_uid": {"SOPInstanceUID": None},
    "old_age": {"PatientAge": "090Y"},
    "laterality_series": {"Laterality": "R", "ImageLaterality": None,
                          "PatientOrientation": None},
    "laterality_frame": {"ImageLaterality": None, "Laterality": None},
    "laterality_view_text": {"ViewPosition": "RIGHT MLO",
                             "ImageLaterality": None,
                             "ViewCodeSequence": None},
    "laterality_orientation": {"PatientOrientation": ["P", "FL"],
                               "ImageLaterality": None},
    "laterality_none": {"ImageLaterality": None, "Laterality": None,
                        "PatientOrientation": None},
    "laterality_wrong": {"ImageLaterality": "L"},
    "laterality_contradicted": {"ImageLaterality": "R",
                                "ViewPosition": "LMLO"},
    "laterality_both": {"ImageLaterality": "B"},
    "view_code_only": {"ViewPosition": None, "PatientOrientation": None},
    "view_orientation_only": {"ViewPosition": None, "ViewCodeSequence": None,
                              "PatientOrientation": "MLO"},
    "view_orientation_directions": {"ViewPosition": None,
                                    "PatientOrientation": ["P", "FL"]},
    "no_view_position": {"ViewPosition": None, "ViewCodeSequence": None,
                         "PatientOrientation": None},
    "view_ml": {"ViewPosition": "ML"},
    "view_xccl": {"ViewPosition": "XCCL"},
    "implant": {"BreastImplantPresent": "YES"},
    "spot_compression": {"PaddleDescription": "SPOT"},
    "spot_paddle": {"PaddleDescription": "10CM SPOT"},
    "view_suffix": {"ViewPosition": "MLOID", "ViewCodeSequence": None},
    "cview_named": {"SeriesDescription": "Intelligent 2D"},
    "tomosynthesis_slice": {"ImageType": [
        "DERIVED", "PRIMARY", "TOMOSYNTHESIS", "NONE"]},
    "specimen": {"SpecimenIdentifier": "1"},
    "quality_control": {"QualityControlImage": "YES"},
    "stereotactic": {"ImageType": ["ORIGINAL", "PRIMARY", "STEREO_PLUS"]},
    "screen_save": {"ImageType": ["DERIVED", "SECONDARY", "SCREEN SAVE"]},
    "no_spacing": {"ImagerPixelSpacing": None},
    "bits_mismatch": {"BitsStored": 10, "HighBit": 9},
    "derived_cview": {"ImageType": ["DERIVED", "PRIMARY", "TOMOSYNTHESIS",
                                    "GENERATED_2D"]},
    "both_spacings": {"PixelSpacing": [0.065, 0.065],
                      "ImagerPixelSpacing": [0.07, 0.07]},
    "anisotropic_spacing": {"ImagerPixelSpacing": [0.07, 0.1]},
    "charset_utf8": {"InstitutionName": "Sørlandet 放射線科"},
    "scanned_film": {"BitsStored": 16, "ConversionType": "DF"},
    "tomosynthesis": {"NumberOfFrames": 3, "ImageLaterality": None},
    "tomosynthesis_shuffled": {"NumberOfFrames": 3, "RescaleSlope": None},
    "tomosynthesis_fragments": {"NumberOfFrames": 3},
    "projections": {"NumberOfFrames": 2},
    "colour_capture": {"SamplesPerPixel": 3},
    "not_a_mammogram": {"Modality": "CR"},
    "structured_report": {"Modality": "SR", "Rows": None},
    "no_pixel_data": {"Rows": 128, "PixelData": None},
    "huge_header": {"Rows": 65535, "Columns": 65535},
}


@pytest.mark.parametrize("name", HEADERS)
def test_headers(name):
    found = dataset(name)
    for keyword, expected in HEADERS[name].items():
        assert found.get(keyword) == expected, keyword


@pytest.mark.parametrize("name", ["laterality_frame", "tomosynthesis"])
def test_the_side_stands_in_the_frames(name):
    group, = dataset(name).SharedFunctionalGroupsSequence
    assert group.FrameAnatomySequence[0].FrameLaterality == "R"


@pytest.mark.parametrize("name,code", [
    ("implant_displaced", "399209000"), ("spot_compression", "399055006"),
    ("magnification", "399163009"), ("cleavage", "399161006"),
    ("rolled", "399197002")])
def test_view_modifiers(name, code):
    item = dataset(name).ViewCodeSequence[0]
    assert item.CodeValue == "399368009"
    assert item.ViewModifierCodeSequence[0].CodeValue == code


@pytest.mark.parametrize("name", [
    "sigmoid", "several_windows", "voi_lut", "modality_rescale",
    "small_largest_wrong", "private_tags", "private_blob", "long_sequence",
    "no_view_position", "malformed_ds", "malformed_window",
    "charset_unknown", "excess_padding", "bad_offset_table",
    "empty_offset_table", "several_fragments", "no_preamble",
    "j2k_precision"])
def test_pixels_are_what_they_were(name):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        np.testing.assert_array_equal(dataset(name).pixel_array, PIXELS)


@pytest.mark.parametrize("name", [
    "monochrome1", "monochrome1_no_lut_shape", "monochrome1_identity"])
def test_monochrome1_pixels_are_inverted_on_the_range(name):
    np.testing.assert_array_equal(dataset(name).pixel_array, 4095 - PIXELS)


def raw(name):
    return np.frombuffer(dataset(name).PixelData, "<u2").reshape(PIXELS.shape)


def test_bits_beyond_those_stored():
    np.testing.assert_array_equal(raw("high_bit"), PIXELS << 4)
    assert (raw("overlay_bits") >> 12).any()
    np.testing.assert_array_equal(raw("overlay_bits") & 0xfff, PIXELS)


def test_signed_pixels_with_their_intercept_are_what_they_were():
    found = dataset("signed_pixels")
    np.testing.assert_array_equal(found.pixel_array + 2048, PIXELS)


@pytest.mark.parametrize("name,descriptor,length", [
    ("voi_lut", [4096, 0, 12], 8192), ("voi_lut_wide", [4096, 0, 8], 8192),
    ("voi_lut_signed_first", [4096, 65535, 12], 8192),
    ("voi_lut_words", [4096, 0, 12], 4096),
    ("voi_lut_65536", [0, 0, 16], 131072),
    ("voi_lut_short", [4096, 0, 12], 200)])
def test_look_up_tables(name, descriptor, length):
    item, = dataset(name).VOILUTSequence
    assert list(item.LUTDescriptor) == descriptor
    assert len(item.LUTData) == length


def test_an_empty_sequence():
    assert len(dataset("voi_lut_empty").VOILUTSequence) == 0


@pytest.mark.parametrize("name,text", [
    ("malformed_ds", b"56,5mm"), ("malformed_window", b"none"),
    ("malformed_rescale", b"n/a "), ("malformed_age", b"  56"),
    ("frames_none", b"None"), ("charset_unknown", b"ISO_IR 999"),
    ("charset_unknown", b"S\xf8r\xff\xfe")])
def test_malformed_values(name, text):
    assert text in data(name)


def test_files_without_meta_are_bare_data_sets():
    assert data("no_preamble")[:4] == b"\x02\0\0\0"
    assert data("no_meta")[:8] == b"\x08\0\x05\0\x0a\0\0\0"
    assert data("no_meta_explicit")[:6] == b"\x08\0\x05\0CS"
    assert data("no_meta_big_endian")[:6] == b"\0\x08\0\x05CS"


@pytest.mark.parametrize("name", ["deflated_plain", "deflated_corrupt"])
def test_deflated_files_do_not_inflate(name):
    with pytest.raises(zlib.error):
        pydicom.dcmread(io.BytesIO(data(name)))


@pytest.mark.parametrize("name", [
    "gzip_no_suffix", "gzip_multi_member", "gzip_padded"])
def test_sound_gzip(name):
    assert gzip.decompress(data(name)) == IMAGE.write()


@pytest.mark.parametrize("name", [
    "gzip_truncated", "gzip_corrupt", "gzip_wrong_size"])
def test_unsound_gzip(name):
    with pytest.raises((EOFError, gzip.BadGzipFile)):
        gzip.decompress(data(name))


def test_a_gzip_bomb_is_small_and_begins_like_a_mammogram():
    bomb = data("gzip_bomb")
    assert len(bomb) < 10 << 20
    start = zlib.decompressobj(31).decompress(bomb, 4096)
    assert start[128:132] == b"DICM" and b"PHANTOM" not in start[:128]


@pytest.mark.parametrize("name", ["truncated", "truncated_stream",
                                  "truncated_header", "short_pixels"])
def test_truncated_files_are_shorter(name):
    assert len(data(name)) < len(IMAGE.write()) * 0.8


def test_a_huge_header_is_a_small_file():
    assert len(data("huge_header")) < 10_000
    assert struct.pack("<I", 0xfffffffe) in data("huge_header")


def test_the_blob_lies_before_the_pixels():
    content = data("private_blob")
    assert content.index(b"\xe0\x7f\x10\0OW") > 200_000


@pytest.mark.parametrize("name,syntax,start", [
    ("wrong_transfer_syntax", "1.2.840.10008.1.2.4.70", None),
    ("wrong_codec", "1.2.840.10008.1.2.4.70", b"\xff\x4f\xff\x51"),
    ("unknown_transfer_syntax", "1.2.840.10008.1.2.4.999", None)])
def test_transfer_syntaxes_that_lie(name, syntax, start):
    assert dataset(name).file_meta.TransferSyntaxUID == syntax
    if start:
        assert start in data(name)


def test_what_is_no_dicom():
    assert data("empty_file") == b""
    assert b"DICM" not in data("text_file") + data("xml_file")


def test_links():
    link, = files("dangling_link")
    assert link.link and not link.data
    file, link = files("good_link")
    assert file.data and link.link == "{name}.dcm"


def test_duplicates_share_their_uid():
    first, second = files("duplicate_identical")
    assert gzip.decompress(second.data) == first.data
    first, second = (pydicom.dcmread(io.BytesIO(file.data))
                     for file in files("duplicate_different"))
    assert first.SOPInstanceUID == second.SOPInstanceUID
    assert first.PixelData != second.PixelData


def test_all_padding_and_black():
    assert np.unique(dataset("all_padding").pixel_array).tolist() == [7]
    assert not dataset("black").pixel_array.any()


def test_a_scanned_film_has_white_edges_and_grey_air():
    film = dataset("scanned_film").pixel_array
    assert film.min() >= 2600
    assert film[0].mean() > 60000 and film[:, 0].mean() > 60000
