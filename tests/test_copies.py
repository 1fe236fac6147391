"""Copies of a cohort's files, each an image of its own."""

import pytest

from pipelines import compression
from pipelines import dicom
from pipelines import pixels
from tests import synthetic
from tools import copies


def uid_of(data):
    return dicom.parse_header(data, complete=True).sop_instance_uid


@pytest.mark.parametrize("gzip", [False, True])
def test_copies_differ_in_their_uid_alone(tmp_path, gzip):
    folder = tmp_path / "dicoms" / "a"
    folder.mkdir(parents=True)
    suffix = ".dcm.gz" if gzip else ".dcm"
    for number in range(2):
        data = synthetic.mammogram_bytes(
            SOPInstanceUID=f"1.2.826.0.1.{number}.1123456789")
        (folder / f"{number}{suffix}").write_bytes(
            synthetic.gzipped(data) if gzip else data)
    files = copies.multiply(tmp_path, 7)
    assert sorted(files) == sorted(folder.iterdir()) and len(files) == 7
    found = [compression.inflate(path.read_bytes(), 1 << 20)
             for path in files]
    assert len({uid_of(data) for data in found}) == 7
    first = pixels.decode(found[0], 1 << 20)
    for data in found:
        assert len(data) == len(found[0])
        assert (pixels.decode(data, 1 << 20).pixels == first.pixels).all()
    assert copies.multiply(tmp_path, 3) == sorted(files)


def test_of_deflated_files_there_are_no_copies(tmp_path):
    (tmp_path / "dicoms").mkdir()
    path = tmp_path / "dicoms" / "0.dcm"
    path.write_bytes(synthetic.mammogram_bytes(transfer_syntax="deflated"))
    assert copies.multiply(tmp_path, 5) == [path]
