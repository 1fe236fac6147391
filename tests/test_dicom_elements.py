"""Finding the elements of sound, damaged and cut files."""

import logging
import struct
import warnings
import zlib

from hypothesis import given, settings, strategies as st
import pytest

from pipelines import dicom
from pipelines.reasons import Rejected
from tests import synthetic
from tools.cohort import dicom_files, encoders

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning:pydicom")

IMPLICIT = encoders.transfer_syntax("implicit")
EXPLICIT = encoders.transfer_syntax("explicit")
BIG_ENDIAN = encoders.transfer_syntax("big_endian")
DEFLATED = encoders.transfer_syntax("deflated")
EXPECTED = dicom.parse_header(synthetic.mammogram_bytes(), True)


def same(found: dicom.Header | None) -> bool:
    """Whether all that does not hang on the encoding is as expected."""
    return found is not None and all(
        getattr(found, name) == getattr(EXPECTED, name)
        for name in ("sop_class_uid", "patient_id", "study_date", "modality",
                     "laterality", "view", "rows", "columns", "bits_stored",
                     "imager_pixel_spacing_mm", "has_pixels"))


def reason_of(data: bytes, complete: bool = True) -> str:
    with pytest.raises(Rejected) as caught:
        dicom.parse_header(data, complete)
    return caught.value.reason


def meta_of(syntax: encoders.TransferSyntax) -> bytes:
    """A file up to its data set."""
    empty = dicom_files.file_bytes(synthetic.mammogram(), syntax, b"")
    return empty[:-len(dicom_files.deflate(b""))] if syntax.deflated else empty


@pytest.mark.parametrize("syntax", synthetic.TRANSFER_SYNTAXES)
def test_every_prefix_gives_the_header_or_asks_for_more(syntax):
    values = synthetic.breast_pixels(
        bits=8 if syntax == "jpeg_baseline" else 12)
    data = synthetic.mammogram_bytes(values, transfer_syntax=syntax)
    whole = dicom.parse_header(data, True)
    reached = False
    for size in range(0, len(data), 13):
        found = dicom.parse_header(data[:size], False)
        assert found is None or found == whole
        assert not (reached and found is None)
        reached = reached or found is not None
    assert reached


@pytest.mark.parametrize("syntax", [IMPLICIT, EXPLICIT, BIG_ENDIAN])
@pytest.mark.parametrize("meta", [True, False])
def test_without_preamble(syntax, meta):
    dataset = synthetic.mammogram(transfer_syntax=syntax.name)
    data = dicom_files.file_bytes(dataset, syntax)[132:]
    if not meta:
        data = dicom_files.dataset_bytes(dataset, syntax)
    found = dicom.parse_header(data, True)
    assert same(found)
    assert found.transfer_syntax == syntax.uid
    assert same(dicom.parse_header(data[:3000], False))


@pytest.mark.parametrize("syntax", [IMPLICIT, EXPLICIT, BIG_ENDIAN])
def test_preamble_without_meta(syntax):
    dataset = synthetic.mammogram(transfer_syntax=syntax.name)
    body = dicom_files.dataset_bytes(dataset, syntax)
    found = dicom.parse_header(bytes(128) + b"DICM" + body, True)
    assert same(found)
    assert found.transfer_syntax == syntax.uid


@pytest.mark.parametrize("stated, actual", [
    (DEFLATED, EXPLICIT), (BIG_ENDIAN, EXPLICIT), (BIG_ENDIAN, IMPLICIT),
    (EXPLICIT, BIG_ENDIAN), (IMPLICIT, BIG_ENDIAN)])
def test_transfer_syntax_that_the_bytes_refute(stated, actual):
    dataset = synthetic.mammogram(transfer_syntax=actual.name)
    body = dicom_files.dataset_bytes(dataset, actual)
    found = dicom.parse_header(meta_of(stated) + body, True)
    assert same(found)
    assert found.transfer_syntax == actual.uid


@pytest.mark.parametrize("stated, actual", [
    (EXPLICIT, IMPLICIT), (IMPLICIT, EXPLICIT)])
def test_value_representations_that_the_meta_denies(stated, actual):
    dataset = synthetic.mammogram(transfer_syntax=actual.name)
    data = dicom_files.file_bytes(
        dataset, stated, dicom_files.dataset_bytes(dataset, actual))
    assert same(dicom.parse_header(data, True))


@pytest.mark.parametrize("length", [0, 10_000, 0xFFFFFFFF])
def test_wrong_group_length_of_the_meta(length):
    data = synthetic.mammogram_bytes()
    wrong = data[:140] + struct.pack("<L", length) + data[144:]
    assert data[132:136] == b"\x02\0\0\0"
    assert same(dicom.parse_header(wrong, True))


def test_long_private_element_is_jumped_over():
    dataset = synthetic.mammogram()
    dataset.add_new(0x00211001, "OB", bytes(200_000))
    data = synthetic.to_bytes(dataset)
    assert dicom.parse_header(data[:65536], False) is None
    assert same(dicom.parse_header(data[:len(data) - 5000], False))


@pytest.mark.parametrize("undefined", [True, False])
def test_long_sequence(undefined):
    dataset = synthetic.mammogram()
    item = dicom_files.code_item("1", "x" * 60)
    dataset.ReferencedImageSequence = [item] * 1000
    dataset["ReferencedImageSequence"].is_undefined_length = undefined
    data = synthetic.to_bytes(dataset)
    assert dicom.parse_header(data[:65536], False) is None
    assert reason_of(data[:65536]) == "truncated"
    assert same(dicom.parse_header(data, True))


def test_stray_delimiter_before_the_pixels():
    data = synthetic.mammogram_bytes()
    pixels = data.index(b"\xe0\x7f\x10\0OW")
    stray = b"\xfe\xff\xdd\xe0" + bytes(4)
    assert same(dicom.parse_header(
        data[:pixels] + stray + data[pixels:], True))


@pytest.mark.parametrize("data, reason", [
    (b"", "empty_file"),
    (b"x", "not_dicom"),
    (b"A text file.\n" * 100, "not_dicom"),
    (bytes(10_000), "not_dicom"),
    (b"\xff" * 10_000, "not_dicom"),
    (b"\x89PNG\r\n\x1a\n" + bytes(1000), "not_dicom"),
    (b"\x08\0" + b"\xff" * 1000, "not_dicom"),
    (b"PK\3\4" + bytes(1000), "not_dicom"),
    (bytes(128) + b"DICM", "bad_header"),
    (bytes(128) + b"DICM" + b"garbage, more of it" * 9, "bad_header"),
])
def test_what_is_no_dicom_file(data, reason):
    assert reason_of(data) == reason


@pytest.mark.parametrize("size", range(0, 133, 11))
def test_short_prefix_is_no_verdict(size):
    assert dicom.parse_header(synthetic.mammogram_bytes()[:size],
                              False) is None


def test_header_that_ends_early_is_truncated():
    data = synthetic.mammogram_bytes()
    pixels = data.index(b"\xe0\x7f\x10\0OW")
    reasons = set()
    for size in range(400, pixels):
        try:
            found = dicom.parse_header(data[:size], True)
        except Rejected as error:
            reasons.add(error.reason)
        else:  # between two elements nothing tells
            assert not found.has_pixels
    assert reasons == {"truncated"}


def test_damaged_deflate_is_corrupt():
    data = synthetic.mammogram_bytes(transfer_syntax="deflated")
    start = len(meta_of(DEFLATED))
    assert reason_of(data[:start] + b"\xff" * 500) == "corrupt_deflate"
    assert reason_of(data[:start + 200]) == "truncated"


def test_deflate_bomb_is_bounded():
    packer = zlib.compressobj(1, wbits=-zlib.MAX_WBITS)
    # A private element that states 3 GB and holds 70 MB of zeros.
    head = struct.pack("<HH2sHL", 9, 0x1001, b"OB", 0, 3 << 30)
    bomb = packer.compress(head + bytes(70 << 20)) + packer.flush()
    assert len(bomb) < 1 << 20
    assert reason_of(meta_of(DEFLATED) + bomb) == "header_too_long"


HEADERS = {
    syntax: synthetic.mammogram_bytes(transfer_syntax=syntax)[:1200]
    for syntax in ("explicit", "implicit", "big_endian", "deflated")
}


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(sorted(HEADERS)), st.booleans(), st.data())
def test_damaged_headers_raise_nothing_else(syntax, complete, draw):
    data = bytearray(HEADERS[syntax])
    for _ in range(draw.draw(st.integers(1, 5))):
        offset = draw.draw(st.integers(0, len(data) - 1))
        data[offset] = draw.draw(st.integers(0, 255))
    try:
        found = dicom.parse_header(bytes(data), complete)
        if found is not None:
            dicom.check_mammogram(found, 1 << 24)
    except Rejected:
        pass


@given(st.binary(max_size=600), st.booleans(), st.booleans())
def test_any_bytes_raise_nothing_else(tail, marked, complete):
    data = bytes(128) + b"DICM" + tail if marked else b"\x08\0" + tail
    try:
        dicom.parse_header(data, complete)
    except Rejected:
        pass


def test_values_reach_neither_log_nor_error(caplog, capfd):
    dataset = synthetic.mammogram(PatientID="SECRET", Modality="OT",
                                  SOPClassUID="1.2.3")
    data = synthetic.to_bytes(dataset).replace(
        b"ISO_IR 100", b"SECRET 100").replace(b"0.07\\0.07", b"SECRET\\07")
    with caplog.at_level(logging.DEBUG), warnings.catch_warnings(record=True):
        found = dicom.parse_header(data, True)
        assert found.patient_id == "SECRET"
        errors = []
        for size in range(400, len(data), 7):
            try:
                dicom.check_mammogram(
                    dicom.parse_header(data[:size], True), 1 << 24)
            except Rejected as error:
                errors.append(str(error))
    assert errors
    assert "SECRET" not in "".join(errors)
    assert "SECRET" not in caplog.text
    assert "SECRET" not in "".join(capfd.readouterr())
