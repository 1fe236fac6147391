import datetime
import gzip

import pytest

from pipelines import files
from pipelines import inventory
from pipelines import matching
from pipelines import privacy
from pipelines import scan
from tests import archive
from tests import synthetic

LIMITS = scan.Limits()
KEPT = privacy.Pseudonyms()


def matched(path) -> matching.MatchedFile:
    file, = inventory.matched_files(matching.listing([str(path)]))
    return file


@pytest.fixture
def reads(monkeypatch):
    """How many bytes each read of a file asked for."""
    asked = []

    def read(path, limit=None):
        asked.append(limit)
        return original(path, limit)

    original = files.read
    monkeypatch.setattr(files, "read", read)
    return asked


def write(tmp_path, data: bytes):
    path = tmp_path / "a.dcm"
    path.write_bytes(data)
    return matched(path)


def test_a_row_holds_the_header(tmp_path):
    file = write(tmp_path, archive.mammogram(1, "L", "MLO"))
    row = scan.scan_row(file, LIMITS, KEPT)
    expected = {
        "file": file.path, "file_bytes": file.size, "patient_id": "000001",
        "study_date": datetime.date(2014, 3, 5), "laterality": "L",
        "view": "MLO", "rows": 192, "columns": 160, "bits_stored": 12,
        "modality": "MG", "transfer_syntax": "1.2.840.10008.1.2.1",
        "lossy": False, "status": None, "reason": None, "file_key": None}
    assert {name: row[name] for name in expected} == expected


def with_private_blob(size: int) -> bytes:
    dataset = synthetic.mammogram(synthetic.breast_pixels(160, 192))
    block = dataset.private_block(0x0011, "MAMMOFLOW TEST", create=True)
    block.add_new(0x10, "OB", b"\1" * size)
    return synthetic.to_bytes(dataset)


@pytest.mark.parametrize("blob, zipped, expected", [
    (0, False, [64 << 10]),
    (0, True, [64 << 10]),
    (200_000, False, [64 << 10, 512 << 10]),
    (200_000, True, [64 << 10, 512 << 10]),
    (1_000_000, False, [64 << 10, 512 << 10, 4 << 20]),
])
def test_the_prefix_grows_until_the_pixels_are_reached(
        tmp_path, reads, blob, zipped, expected):
    data = with_private_blob(blob)
    file = write(tmp_path, gzip.compress(data) if zipped else data)
    reads.clear()
    row = scan.scan_row(file, LIMITS, KEPT)
    assert row["status"] is None and row["rows"] == 192
    assert reads == expected


def test_the_search_for_the_pixels_ends_at_its_limit(tmp_path, reads):
    file = write(tmp_path, with_private_blob(1_000_000))
    reads.clear()
    row = scan.scan_row(
        file, scan.Limits(max_header_bytes=512 << 10), KEPT)
    assert (row["reason"], row["rows"]) == ("header_too_long", None)
    assert reads == [64 << 10, 512 << 10]


def test_no_name_and_no_birth_date_is_ever_in_a_row(tmp_path):
    secret = {"PatientName": "Geheim^Anna", "PatientBirthDate": "19480229",
              "PatientAddress": "Geheimstraat 1", "OtherPatientIDs": "geheim",
              "ReferringPhysicianName": "Geheim^Dokter"}
    good = archive.mammogram(1, "L", "CC", **secret)
    for number, data in enumerate((good, good[:-9], good[:700],
                                   good.replace(b"MG", b"XX"))):
        path = tmp_path / f"{number}.dcm"
        path.write_bytes(data)
        row = scan.scan_row(matched(path), LIMITS, KEPT)
        assert not any(word in str(row).lower() for word in (
            "geheim", "19480229", "1948"))


def test_of_an_unexpected_error_only_type_and_place_are_told():
    def fail():
        raise KeyError("Geheim^Anna")

    try:
        fail()
    except KeyError as error:
        row = scan.rejection(error)
    assert row["reason"] == "internal_error"
    assert row["detail"].startswith("KeyError in test_scan.py:")


def test_a_whole_file_is_bounded(tmp_path):
    path = tmp_path / "big"
    path.write_bytes(gzip.compress(bytes(2 << 20)))
    limits = scan.Limits(max_header_bytes=1 << 20, max_image_bytes=1 << 20)
    assert len(scan.read_whole(str(path), limits)) == 2 << 20
    path.write_bytes(gzip.compress(bytes((2 << 20) + 1)))
    with pytest.raises(scan.reasons.Rejected, match="over_limit"):
        scan.read_whole(str(path), limits)
    path.write_bytes(bytes((2 << 20) + 1))
    with pytest.raises(scan.reasons.Rejected, match="over_limit"):
        scan.read_whole(str(path), limits)


def test_contents_are_compared_inflated(tmp_path):
    plain, zipped, broken = (tmp_path / name for name in "abc")
    plain.write_bytes(b"the same")
    zipped.write_bytes(gzip.compress(b"the same"))
    broken.write_bytes(gzip.compress(b"the same")[:-3])
    rows = [scan.content_row(matched(path), LIMITS)["content"]
            for path in (plain, zipped, broken)]
    assert rows[0] == rows[1] != rows[2]
    assert rows[2] is None
