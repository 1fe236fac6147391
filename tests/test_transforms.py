"""What the workers make of everything that an archive holds.

Each kind of file has its own clear outcome, and none stops the build.
"""

import gzip
import os
import zlib

import pyarrow.dataset as ds
import pydicom.data
import pytest

from pipelines import matching
from pipelines import reasons
from pipelines import scan
from tests import archive
from tests import builds
from tests import synthetic

LIMITS = scan.Limits(max_image_bytes=1 << 20)


def good(uid: str | None = "1.2.3", **overrides) -> bytes:
    return archive.mammogram(1, "L", "CC", SOPInstanceUID=uid, **overrides)


def bomb(uid: str) -> bytes:
    """A small gzip file that would inflate to 2 GiB."""
    packer = zlib.compressobj(9, wbits=31)
    header = good(uid)[:-2 * 160 * 192]
    parts = [packer.compress(header)]
    parts += [packer.compress(bytes(1 << 24)) for _ in range(128)]
    return b"".join((*parts, packer.flush()))


CASES = {
    "good.dcm": (good, "written", None),
    "good.dcm.gz": (lambda uid: gzip.compress(good(uid)), "written", None),
    "truncated.dcm": (lambda uid: good(uid)[:-100], "rejected", "truncated"),
    "cut_header.dcm": (lambda uid: good(uid)[:300], "rejected",
                       "truncated"),
    "truncated.dcm.gz": (lambda uid: gzip.compress(good(uid))[:-1000],
                         "rejected", "truncated"),
    "corrupt.dcm.gz": (lambda uid: gzip.compress(good(uid))[:-8] + bytes(8),
                       "rejected", "corrupt_gzip"),
    "bomb.dcm.gz": (bomb, "rejected", "over_limit"),
    "huge.dcm": (lambda uid: good(uid, Rows=65535, Columns=65535), "rejected",
                 "over_limit"),
    "text.txt": (lambda uid: b"nothing but text\n" * 99, "rejected",
                 "not_dicom"),
    "empty.dcm": (lambda uid: b"", "rejected", "empty_file"),
    "ct.dcm": (lambda uid: good(
        uid, Modality="CT", SOPClassUID="1.2.840.10008.5.1.4.1.1.2"),
        "rejected", "not_a_mammogram"),
    "no_uid.dcm": (lambda uid: good(None), "rejected",
                   "no_sop_instance_uid"),
    "no_patient.dcm": (lambda uid: good(uid, PatientID=None), "unlabelled",
                       "no_patient_id"),
    "empty_patient.dcm": (lambda uid: good(uid, PatientID=""), "unlabelled",
                          "no_patient_id"),
    "no_side.dcm": (lambda uid: good(uid, ImageLaterality=None), "unlabelled",
                    "no_laterality"),
    "both_sides.dcm": (lambda uid: good(uid, ImageLaterality="B"), "unlabelled",
                       "no_laterality"),
    "no_date.dcm": (lambda uid: good(uid, StudyDate=""), "unlabelled",
                    "no_study_date"),
    "bad_date.dcm": (lambda uid: good(uid, StudyDate="20141399"), "unlabelled",
                     "no_study_date"),
    "later.dcm": (lambda uid: good(uid, StudyDate="20190305"), "unlabelled",
                  "no_diagnosis"),
    "earlier.dcm": (lambda uid: good(uid, StudyDate="20140105"), "unlabelled",
                    "superseded"),
    "no_view.dcm": (lambda uid: good(uid, ViewPosition=None), "excluded",
                    "unknown_view"),
    "other_view.dcm": (lambda uid: good(uid, ViewPosition="ML"), "excluded",
                       "other_view"),
    "raw.dcm": (lambda uid: good(uid, PresentationIntentType="FOR PROCESSING"),
                "excluded", "for_processing"),
    "blank.dcm": (lambda uid: synthetic.mammogram_bytes(
        synthetic.breast_pixels(160, 192) * 0, PatientID="000001",
        SOPInstanceUID=uid,
        ImageLaterality="L", StudyDate="20140305"),
        "rejected", "no_breast_found"),
    "lies.dcm": (lambda uid: synthetic.mammogram_bytes(
        synthetic.breast_pixels(160, 192, side="L"),
        transfer_syntax="jpeg_lossless_sv1", PatientID="000001",
        SOPInstanceUID=uid,
        ImageLaterality="L", StudyDate="20140305").replace(
            b"1.2.840.10008.1.2.4.70", b"1.2.840.10008.1.2.4.90"),
        "rejected", "undecodable"),
}


@pytest.fixture(scope="module")
def rows(tmp_path_factory) -> dict[str, dict]:
    """All cases in one build: each file's row of the metadata."""
    folder = tmp_path_factory.mktemp("bad")
    (folder / "dicoms").mkdir()
    for number, (name, (make, *_)) in enumerate(CASES.items()):
        data = make(f"1.2.3.8.{number}")
        (folder / "dicoms" / name).write_bytes(data)
    os.symlink("nowhere", folder / "dicoms/dangling.dcm")
    os.mkfifo(folder / "dicoms/pipe.dcm")
    archive.write_register(folder / "labels.csv",
                           [archive.register_row(1, "L")])
    settings = builds.config(
        str(folder / "records"), dicoms=(str(folder / "dicoms"),),
        labels=builds.configs.LabelSource(str(folder / "labels.csv")),
        limits=LIMITS, max_rejects=1.0)
    status, text = builds.run(settings)
    assert status == 0, text
    table = ds.dataset(folder / "records/metadata").to_table()
    return {os.path.basename(row["file"]): row for row in table.to_pylist()}


@pytest.mark.parametrize("name", CASES)
def test_each_bad_file_has_its_own_outcome(rows, name):
    _, status, reason = CASES[name]
    row = rows[name]
    assert (row["status"], row["reason"]) == (status, reason), row["detail"]


@pytest.mark.parametrize("name, reason", [
    ("dangling.dcm", "dangling_link"), ("pipe.dcm", "not_a_file")])
def test_what_is_no_file_has_a_row(rows, name, reason):
    assert (rows[name]["status"], rows[name]["reason"]) == (
        "rejected", reason)


def test_every_matched_file_has_one_row(rows):
    assert set(rows) == {*CASES, "dangling.dcm", "pipe.dcm"}


def test_a_file_that_cannot_be_read_is_a_row(tmp_path, monkeypatch):
    path = tmp_path / "a.dcm"
    path.write_bytes(good())

    def refuse(name, limit=None):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(scan.files, "read", refuse)
    row = scan.scan_row(matching.MatchedFile(str(path), 10, "1"), LIMITS,
                        builds.configs.privacy.Pseudonyms())
    assert (row["status"], row["reason"], row["detail"]) == (
        "rejected", "unreadable", "Permission denied")


def test_pydicoms_test_files_are_rejected_for_true_reasons(tmp_path):
    folder = tmp_path / "dicoms"
    folder.mkdir()
    root = os.path.join(os.path.dirname(pydicom.data.__file__), "test_files")
    os.symlink(root, folder / "pydicom")
    (folder / "good.dcm").write_bytes(good())
    archive.write_register(tmp_path / "labels.csv",
                           [archive.register_row(1, "L")])
    settings = builds.config(
        str(tmp_path / "records"), dicoms=(str(folder),),
        labels=builds.configs.LabelSource(str(tmp_path / "labels.csv")),
        max_rejects=1.0)
    status, text = builds.run(settings)
    assert status == 0, text
    rows = ds.dataset(tmp_path / "records/metadata").to_table().to_pylist()
    assert len(rows) > 100
    written = [row for row in rows if row["status"] == "written"]
    assert [os.path.basename(row["file"]) for row in written] == ["good.dcm"]
    rejected = [row for row in rows if row["status"] != "written"]
    assert all(row["reason"] in reasons.REASONS for row in rejected)
    found = {os.path.basename(row["file"]): row["reason"] for row in rejected}
    assert "internal_error" not in found.values()
    assert found["CT_small.dcm"] == "not_a_mammogram"
    assert found["README.txt"] == "not_dicom"
