"""What becomes of each pitfall of real archives, by a whole build."""

import pathlib
import subprocess
import sys

import pyarrow.dataset as ds
import pytest

from pipelines import geometry
from pipelines import plan
from pipelines import recipe
from pipelines import scan
from tests import builds
from tools.cohort import pitfalls

ROOT = pathlib.Path(__file__).parents[1]

# Of the two images (left CC and right MLO) that each pitfall is made of: the
# reasons why they are not written. Every other pitfall leaves them sound.
OUTCOMES = {
    "all_padding": {"no_breast_found"},
    "black": {"no_breast_found"},
    "cleavage": {"special_view"},
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
    "magnification": {"spot_or_magnification"},
    "no_patient_id": {"no_patient_id"},
    "no_pixel_data": {"no_pixel_data"},
    "no_sop_instance_uid": {"no_sop_instance_uid"},
    "no_study_date": {"no_study_date"},
    "no_view_position": {"unknown_view"},
    "not_a_mammogram": {"not_a_mammogram"},
    "projections": {"multi_frame"},
    "quality_control": {"other_kind"},
    "rolled": {"special_view"},
    "screen_save": {"other_kind"},
    "short_pixels": {"truncated"},
    "specimen": {"other_kind"},
    "spot_compression": {"spot_or_magnification"},
    "spot_paddle": {"spot_or_magnification"},
    "stereotactic": {"other_kind"},
    "structured_report": {"not_a_mammogram"},
    "text_file": {"not_dicom"},
    "tomosynthesis": {"multi_frame"},
    "tomosynthesis_fragments": {"multi_frame"},
    "tomosynthesis_shuffled": {"multi_frame"},
    "tomosynthesis_slice": {"other_kind"},
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


# What becomes of some of them where flags say so.
ALLOWED = {
    "cleavage": {None},
    "derived_cview": {"other_kind"},
    "magnification": {None},
    "no_spacing": {"no_pixel_spacing"},
    "implant_displaced": {"implant"},
    "projections": {"multi_frame"},
    "specimen": {None},
    "spot_paddle": {None},
    "tomosynthesis": {None},
    "tomosynthesis_fragments": {None},
    "tomosynthesis_shuffled": {None},
    "unknown_transfer_syntax": {None},
    "view_suffix": {"implant"},
    "wrong_codec": {None},
    "wrong_transfer_syntax": {None},
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> pathlib.Path:
    made = tmp_path_factory.mktemp("pitfalls")
    subprocess.run(
        [sys.executable, str(ROOT / "tools/make_cohort.py"),
         f"--output={made}", "--patients=1", "--scale=0.0625",
         "--pitfalls=all"], check=True, capture_output=True)
    return made


@pytest.fixture(scope="module")
def built(folder) -> tuple[dict[str, list], str]:
    """Of each pitfall, the rows of its files; and what was printed."""
    return build(folder, "records", "dicoms")


@pytest.fixture(scope="module")
def allowed(folder) -> dict[str, list]:
    """The rows of those of `ALLOWED`, by flags that allow what they do."""
    rows, _ = build(
        folder, "allowed", *(f"dicoms/pitfalls/{name}" for name in ALLOWED),
        recipe=recipe.Recipe(tomosynthesis="mip", lenient=True,
                             resample=geometry.Resample("spacing", 0.56)),
        rules=plan.PlanRules(
            keep_spot_views=True, keep_special_views=True,
            exclude_implants=True,
            image_kinds=("2d", "specimen", "tomosynthesis")))
    return rows


def build(folder: pathlib.Path, output: str, *dicoms: str,
          **changes) -> tuple[dict[str, list], str]:
    settings = builds.config(
        str(folder / output),
        dicoms=tuple(str(folder / name) for name in dicoms),
        labels=builds.configs.LabelSource(str(folder / "labels.xlsx")),
        limits=scan.Limits(max_image_bytes=8 << 20), max_rejects=1.0,
        **changes)
    status, text = builds.run(settings)
    assert status == 0, text
    rows: dict[str, list] = {}
    for row in ds.dataset(folder / output / "metadata").to_table().to_pylist():
        parts = pathlib.PurePath(row["file"]).parts
        if "pitfalls" in parts:
            name = parts[parts.index("pitfalls") + 1]
            rows.setdefault(name, []).append(row)
    return rows, text


@pytest.mark.parametrize("name", pitfalls.PITFALLS)
def test_pitfall_has_its_outcome(built, name):
    rows, _ = built
    reasons = {row["reason"] for row in rows[name]}
    assert reasons == OUTCOMES.get(name, {None})


@pytest.mark.parametrize("name", ALLOWED)
def test_flags_allow_what_is_left_out_by_default(allowed, name):
    assert {row["reason"] for row in allowed[name]} == ALLOWED[name]


def test_what_lenient_decoded_is_marked(allowed):
    for name in ("wrong_codec", "wrong_transfer_syntax",
                 "unknown_transfer_syntax"):
        for row in allowed[name]:
            assert row["remarks"] == ["other_transfer_syntax"]
            assert "decoded by transfer syntax" in row["detail"]


@pytest.mark.parametrize("name, column, expected", [
    ("laterality_wrong", "remarks", [["other_side"]] * 2),
    ("laterality_contradicted", "remarks",
     [["laterality_contradicted"]] * 2),
    ("high_bit", "remarks", [["bits_misplaced"]] * 2),
    ("truncated", "remarks", [[]] * 2),
    ("several_windows", "voi_luts", [1, 1]),
    ("derived_cview", "image_kind", ["synthetic_2d"] * 2),
    ("both_spacings", "spacing_source", ["pixel_spacing"] * 2),
    ("magnification", "magnification_factor", [1.8] * 2),
    ("implant_displaced", "view_modifiers", [["implant_displaced"]] * 2),
    ("laterality_series", "laterality_source", ["laterality"] * 2),
])
def test_what_was_found_stands_in_the_metadata(built, name, column, expected):
    rows, _ = built
    assert [row[column] for row in rows[name]] == expected


def test_the_report_counts_remarks(built):
    rows, text = built
    assert "other_side" in text and "bits_misplaced" in text
    for column in ("window_center", "window_width"):
        assert all(len(row[column]) == 3 for row in rows["several_windows"])
