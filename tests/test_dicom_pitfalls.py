"""Every known pitfall of mammography DICOM: its file, its test, its answer.

`ROWS` names the forty of them by number. Each has the switches of
`tools/make_cohort.py --pitfalls` that make a file of it, and the tests that
hold what the program does; BUILD.md says it in words.
"""

import ast
import io
import pathlib
import re

import numpy as np
import pydicom
import pytest

from pipelines import dicom
from pipelines import kinds
from pipelines import pixels
from pipelines import preprocess
from pipelines import reasons
from pipelines import recipe as recipes
from pipelines import remarks
from pipelines import schema
from pipelines.geometry import Variant
from pipelines.labels import rows
from tests import scan_rows
from tests import synthetic
from tools.cohort import dicom_files, encoders, pitfalls, variation

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning:pydicom")

ROOT = pathlib.Path(__file__).parents[1]
OUTCOME = "test_transforms_pitfalls::test_pitfall_has_its_outcome"
ALLOWED = ("test_transforms_pitfalls::"
           "test_flags_allow_what_is_left_out_by_default")
FOUND = ("test_transforms_pitfalls::"
         "test_what_was_found_stands_in_the_metadata")
REMARKS = ("test_remarks::"
           "test_the_scan_remarks_on_what_is_odd_and_on_nothing_else")
LOSSLESS = ("test_pixels::"
            "test_lossless_equals_input_and_independent_decoder")

# Number: switches, tests.
ROWS: dict[int, tuple[str, tuple[str, ...]]] = {
    1: ("monochrome1 monochrome1_no_lut_shape",
        ("test_intensity::test_levels",
         "test_preprocess::test_sides_and_polarities_of_one_breast")),
    2: ("monochrome1_identity",
        ("test_intensity::test_polarity_disagreement",
         "test_remarks::test_remark")),
    3: ("for_processing",
        ("test_dicom::test_column", "test_plan::"
         "test_switches_keep_what_is_excluded_by_default", OUTCOME)),
    4: ("sigmoid voi_lut", ("test_intensity::test_windowing", FOUND)),
    5: ("sigmoid",
        ("test_intensity::test_window_of_a_file_equals_pydicom",)),
    6: ("several_windows",
        ("test_intensity::test_lut_of_an_index", "test_intensity::"
         "test_window_of_an_index_is_the_last_where_there_are_fewer",
         "test_transforms_pitfalls::test_the_report_counts_remarks")),
    7: ("voi_lut voi_lut_empty voi_lut_words voi_lut_wide "
        "voi_lut_signed_first voi_lut_65536 voi_lut_short "
        "voi_function_empty",
        ("test_attributes::test_odd_luts", "test_attributes::"
         "test_first_input_value_has_the_sign_of_what_comes_in",
         "test_attributes::test_malformed_lut_is_left_out", REMARKS)),
    8: ("modality_rescale modality_lut",
        ("test_intensity::test_mapping_equals_the_plain_rules",)),
    9: ("window_width_zero malformed_ds malformed_window malformed_rescale",
        ("test_attributes::test_attribute", REMARKS)),
    10: ("bits_8 bits_10 bits_13 bits_14 bits_16 j2k_precision "
         "bits_mismatch",
         ("test_frames::test_bits_are_those_that_hold_the_values",
          LOSSLESS)),
    11: ("signed_jpegls signed_pixels",
         (LOSSLESS, "test_frames::"
          "test_signed_values_without_their_sign_need_no_more_bits")),
    12: ("", (
        "test_dicom_pitfalls::"
        "test_pillow_decodes_nothing_unless_it_is_asked_for", LOSSLESS)),
    13: ("bits_16", ("test_intensity::test_levels",
                     "test_preprocess::test_equals_the_plain_rules")),
    14: ("small_largest_wrong",
         ("test_dicom_pitfalls::test_the_stated_maximum_is_never_asked",)),
    15: ("padding padding_range all_padding black",
         ("test_intensity::test_levels",
          "test_preprocess::test_blank_images_have_no_breast",
          "test_preprocess::"
          "test_padding_does_not_change_the_side_or_the_maximum")),
    16: ("high_bit overlay_bits",
         ("test_intensity::test_levels",
          "test_preprocess::test_unused_bits_do_not_show", REMARKS)),
    17: ("", (LOSSLESS,
              "test_pixels::test_lossy_equals_independent_decoder",
              "test_frames::test_every_frame_in_every_syntax",
              "test_dicom_pitfalls::"
              "test_make_cohort_writes_every_transfer_syntax_of_the_list")),
    18: ("wrong_transfer_syntax wrong_codec unknown_transfer_syntax",
         ("test_frames::test_lenient_reads_what_is_there_and_marks_it",
          "test_transforms_pitfalls::test_what_lenient_decoded_is_marked")),
    19: ("deflated_plain deflated_corrupt",
         ("test_dicom_elements::"
          "test_transfer_syntax_that_the_bytes_refute",
          "test_dicom_elements::test_damaged_deflate_is_corrupt", OUTCOME)),
    20: ("gzip_no_suffix gzip_multi_member gzip_padded gzip_truncated "
         "gzip_corrupt gzip_wrong_size gzip_bomb",
         ("test_compression::test_inflates",
          "test_compression::test_corrupt_gzip",
          "test_compression::test_truncated_gzip",
          "test_compression::"
          "test_bomb_is_over_limit_whatever_size_it_states", OUTCOME)),
    21: ("no_preamble no_meta no_meta_explicit no_meta_big_endian",
         ("test_dicom_elements::test_without_preamble",
          "test_dicom_elements::test_preamble_without_meta")),
    22: ("truncated truncated_stream truncated_header short_pixels "
         "excess_padding",
         ("test_pixels::test_every_truncation_of_the_pixels_is_rejected",
          "test_pixels::test_excess_pixel_bytes_are_accepted", OUTCOME)),
    23: ("bad_offset_table empty_offset_table several_fragments "
         "no_delimiter tomosynthesis_fragments",
         ("test_pixels::test_fragments_are_joined_whatever_the_offset_"
          "table_says",
          "test_frames::test_without_a_sound_table_the_streams_tell")),
    24: ("tomosynthesis tomosynthesis_shuffled tomosynthesis_fragments "
         "projections laterality_frame",
         ("test_projection::test_several_frames_are_rejected_by_default",
          "test_projection::"
          "test_the_middle_frame_by_the_order_in_the_breast",
          "test_projection::"
          "test_the_maximum_is_of_levels_each_frame_by_its_own_header",
          "test_projection::test_one_frame_at_a_time_is_in_memory",
          ALLOWED)),
    25: ("laterality_wrong",
         (FOUND, "test_dicom_pitfalls::"
          "test_the_label_table_overrules_the_header_and_both_are_kept")),
    26: ("derived_cview cview_named tomosynthesis_slice",
         ("test_kinds::test_kind", ALLOWED)),
    27: ("laterality_series laterality_frame laterality_view_text "
         "laterality_orientation laterality_none laterality_both "
         "laterality_contradicted",
         ("test_views::test_laterality_chain",
          "test_views::test_side_of_an_oblique_plane", FOUND)),
    28: ("view_code_only view_orientation_only view_orientation_directions "
         "no_view_position",
         ("test_views::test_view_code",
          "test_views::test_order_of_the_view_chain")),
    29: ("laterality_wrong laterality_contradicted",
         ("test_preprocess::test_sides_and_polarities_of_one_breast",
          FOUND, "test_transforms_pitfalls::"
          "test_the_report_counts_remarks")),
    30: ("view_ml view_xccl view_suffix implant_displaced spot_compression "
         "spot_paddle magnification cleavage rolled",
         ("test_modifiers::test_words_and_factors",
          "test_modifiers::test_codes_and_their_meanings",
          "test_join_random::test_join_equals_plain_loops", ALLOWED)),
    31: ("implant implant_displaced",
         ("test_dicom::test_column",
          "test_join_random::test_join_equals_plain_loops")),
    32: ("colour_capture structured_report not_a_mammogram no_pixel_data "
         "screen_save specimen quality_control stereotactic",
         ("test_kinds::test_kind", "test_dicom::test_check_mammogram",
          OUTCOME)),
    33: ("duplicate_identical duplicate_different",
         ("test_build::"
          "test_copies_count_once_and_contradicting_ones_not_at_all",)),
    34: ("private_tags private_blob",
         ("test_dicom::test_nothing_personal_is_read",
          "test_scan::test_the_prefix_grows_until_the_pixels_are_reached")),
    35: ("grey_marker",
         ("test_markers::test_modes",
          "test_markers::test_brightest_needs_64_pixels_outside_the_"
          "breast")),
    36: ("old_age",
         ("test_privacy::"
          "test_ages_above_89_are_one_where_patients_are_hashed",
          "test_scan::test_no_name_and_no_birth_date_is_ever_in_a_row")),
    37: ("scanned_film",
         ("test_breast::test_film_edge_and_label_are_not_the_breast",
          "test_preprocess_films::test_side_box_and_letters")),
    38: ("", ("test_preprocess::test_equals_the_plain_rules",
              "test_resampling::"
              "test_pixels_are_means_of_what_the_row_says_they_show")),
    39: ("both_spacings anisotropic_spacing no_spacing magnification",
         ("test_spacing::test_order",
          "test_resampling::"
          "test_a_lesion_has_one_size_whatever_the_detector", ALLOWED)),
    40: ("charset_utf8 charset_unknown frames_none malformed_age",
         ("test_dicom::test_malformed_value_costs_its_column_alone",
          REMARKS)),
}
# Which no file can show: a decoder (12), the flag --transfer_syntaxes (17),
# what becomes of any image (38).
WITHOUT_SWITCH = {12, 17, 38}
# Pitfalls of archives rather than of mammography.
OTHERS = set("""no_patient_id empty_patient_id no_study_date
    no_sop_instance_uid long_sequence huge_header text_file xml_file
    empty_file dangling_link good_link odd_name""".split())

IMAGE = variation.Image(synthetic.breast_pixels(160, 192, side="R"), {
    "ImageLaterality": "R", "ViewPosition": "MLO", "BitsStored": 12,
    "SOPInstanceUID": dicom_files.make_uid("dicom pitfalls")})


def functions(module: str) -> set[str]:
    path = ROOT / "tests" / f"{module}.py"
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return {node.name for node in ast.walk(tree)
            if isinstance(node, ast.FunctionDef)}


def test_all_forty_are_there():
    assert sorted(ROWS) == list(range(1, 41))


@pytest.mark.parametrize("number", ROWS)
def test_row_has_its_switch_and_its_test(number):
    switches, tests = ROWS[number]
    assert bool(switches) != (number in WITHOUT_SWITCH)
    assert set(switches.split()) <= set(pitfalls.PITFALLS)
    assert tests
    for test in tests:
        module, _, name = test.partition("::")
        assert name in functions(module), test


def test_every_pitfall_is_of_a_row():
    named = {name for switches, _ in ROWS.values()
             for name in switches.split()}
    assert named | OTHERS == set(pitfalls.PITFALLS)
    assert not named & OTHERS


def documented() -> dict[int, list[str]]:
    """BUILD.md's table: of each number what happens, what is done, switches."""
    text = (ROOT / "BUILD.md").read_text(encoding="utf-8")
    block = re.search("<!-- pitfalls -->\n(.*?)<!-- end -->", text,
                      re.DOTALL)[1]
    rows = [[cell.strip() for cell in line.strip("|\n ").split(" | ")]
            for line in block.splitlines()[2:]]
    return {int(number): rest for number, *rest in rows}


@pytest.mark.parametrize("number", ROWS)
def test_build_md_says_what_is_done(number):
    happens, done, switches = documented()[number]
    assert happens and done
    assert re.findall("`([a-z0-9_]+)`", switches) == ROWS[number][0].split()


def test_build_md_names_only_flags_and_codes_that_there_are():
    scripts = "".join(
        (ROOT / path).read_text(encoding="utf-8") for path in (
            "pipelines/build_records.py", "tools/make_cohort.py",
            "tools/show_records.py"))
    known = {*pitfalls.PITFALLS, *kinds.KINDS, *remarks.REMARKS,
             *reasons.REASONS, *(field.name for field in schema.FIELDS)}
    for happens, done, _ in documented().values():
        for flag in re.findall("--([a-z_]+)", done):
            assert f'"{flag}"' in scripts, flag
        for code in re.findall("`([a-z0-9_]+)`", happens + done):
            assert code in known, code


def test_pillow_decodes_nothing_unless_it_is_asked_for():
    """It reads some JPEG 2000 streams shifted by bits."""
    users = [path.name for path in (ROOT / "pipelines").rglob("*.py")
             if re.search(r"^\s*(import|from) PIL\b",
                          path.read_text(encoding="utf-8"), re.MULTILINE)]
    assert users == ["reduced.py"]  # --j2k=reduced


def test_the_stated_maximum_is_never_asked():
    file, = pitfalls.apply("small_largest_wrong", IMAGE)
    assert not {0x00280106, 0x00280107} & set(dicom.TAGS)
    recipe = recipes.Recipe(variants=(Variant.parse("resize:30x30"),))
    found, expected = (
        preprocess.preprocess(pixels.decode(data, 1 << 20), recipe)
        for data in (file.data, IMAGE.write()))
    assert found.outputs[0].max_value == expected.outputs[0].max_value > 600
    np.testing.assert_array_equal(found.outputs[0].pixels,
                                  expected.outputs[0].pixels)


def test_make_cohort_writes_every_transfer_syntax_of_the_list():
    """Of part 17, each as a file that says what it is."""
    wanted = {f"1.2.840.10008.1.2{end}" for end in (
        "", ".1", ".2", ".1.99", ".5", *(f".4.{n}" for n in (
            50, 51, 57, 70, 80, 81, 90, 91, 201, 202, 203)))}
    found = {syntax.uid for syntax in encoders.TRANSFER_SYNTAXES.values()}
    assert found == wanted
    data = synthetic.mammogram_bytes(transfer_syntax="htj2k")
    stated = pydicom.dcmread(io.BytesIO(data)).file_meta.TransferSyntaxUID
    assert stated == synthetic.TRANSFER_SYNTAXES["htj2k"].uid


def test_the_label_table_overrules_the_header_and_both_are_kept():
    told = rows.Diagnosis(2, "paths.csv", "p", "R", None, 2, None, None, None,
                          0, "TN", 0, image="a", view="MLO")
    labels = rows.LabelTable(rows.to_arrow([told]), rows.IMAGE)
    found, audit = scan_rows.plan_of(
        [scan_rows.row("x/a.dcm", patient_id="p", laterality="L", view="CC",
                       laterality_source="image_laterality")], labels)
    row = found["x/a.dcm"]
    assert (row["laterality"], row["header_laterality"]) == ("R", "L")
    assert (row["view"], row["header_view"]) == ("MLO", "CC")
    assert row["laterality_source"] == "label_table"
    assert audit.overruled == (1, 1)
