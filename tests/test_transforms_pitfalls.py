"""What becomes of each pitfall of real archives, by a whole build."""

import pathlib
import subprocess
import sys

import pyarrow.dataset as ds
import pytest

from pipelines import scan
from tests import builds
from tools.cohort import pitfalls

ROOT = pathlib.Path(__file__).parents[1]

# Of the two images (left CC and right MLO) that each pitfall is made of: the
# reasons why they are not written. Every other pitfall leaves them sound.
OUTCOMES = {
    "all_padding": {"no_breast_found"},
    "black": {"no_breast_found"},
    "colour_capture": {"colour"},
    "dangling_link": {"dangling_link"},
    "deflated_corrupt": {"corrupt_deflate"},
    "duplicate_different": {"duplicate_different"},
    "duplicate_identical": {"duplicate_identical", None},
    "empty_file": {"empty_file"},
    "empty_patient_id": {"no_patient_id"},
    "for_processing": {"for_processing"},
    "good_link": {"duplicate_identical", None},
    "gzip_bomb": {"over_limit"},
    "gzip_corrupt": {"corrupt_gzip"},
    "gzip_truncated": {"truncated"},
    "gzip_wrong_size": {"corrupt_gzip"},
    "huge_header": {"over_limit"},
    "laterality_both": {"no_laterality"},
    "laterality_none": {"no_laterality"},
    # A CC's orientation is the same for both breasts, an MLO's is not.
    "laterality_orientation": {"no_laterality", None},
    "no_patient_id": {"no_patient_id"},
    "no_pixel_data": {"no_pixel_data"},
    "no_sop_instance_uid": {"no_sop_instance_uid"},
    "no_study_date": {"no_study_date"},
    "no_view_position": {"unknown_view"},
    "not_a_mammogram": {"not_a_mammogram"},
    "short_pixels": {"truncated"},
    "structured_report": {"not_a_mammogram"},
    "text_file": {"not_dicom"},
    "tomosynthesis": {"multi_frame"},
    "truncated": {"truncated"},
    "truncated_header": {"truncated"},
    "truncated_stream": {"truncated"},
    "unknown_transfer_syntax": {"unsupported_transfer_syntax"},
    "view_ml": {"other_view"},
    "view_orientation_directions": {"unknown_view"},
    "view_xccl": {"other_view"},
    "wrong_codec": {"undecodable"},
    "wrong_transfer_syntax": {"undecodable"},
    "xml_file": {"not_dicom"},
}


@pytest.fixture(scope="module")
def found(tmp_path_factory) -> dict[str, set]:
    """Of each pitfall, the reasons of its files; None is written."""
    folder = tmp_path_factory.mktemp("pitfalls")
    subprocess.run(
        [sys.executable, str(ROOT / "tools/make_cohort.py"),
         f"--output={folder}", "--patients=1", "--scale=0.0625",
         "--pitfalls=all"], check=True, capture_output=True)
    settings = builds.config(
        str(folder / "records"), dicoms=(str(folder / "dicoms"),),
        labels=builds.configs.LabelSource(str(folder / "labels.xlsx")),
        limits=scan.Limits(max_image_bytes=8 << 20), max_rejects=1.0)
    status, text = builds.run(settings)
    assert status == 0, text
    reasons: dict[str, set] = {}
    for row in ds.dataset(folder / "records/metadata").to_table().to_pylist():
        parts = pathlib.PurePath(row["file"]).parts
        if "pitfalls" in parts:
            name = parts[parts.index("pitfalls") + 1]
            reasons.setdefault(name, set()).add(row["reason"])
    return reasons


@pytest.mark.parametrize("name", pitfalls.PITFALLS)
def test_pitfall_has_its_outcome(found, name):
    assert found[name] == OUTCOMES.get(name, {None})
