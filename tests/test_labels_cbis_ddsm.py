"""CBIS-DDSM's tables: from abnormalities to breasts."""

import pathlib

import pytest

from pipelines import plan
from pipelines.labels import cbis_ddsm, formats, rows
from tests import label_dialects, scan_rows

_REAL = (pathlib.Path(__file__).resolve().parents[2]
         / "shared/data/labels/cbis-ddsm")
_COUNTS = {
    "calc_case_description_train_set.csv": 1546,
    "calc_case_description_test_set.csv": 326,
    "mass_case_description_train_set.csv": 1318,
    "mass_case_description_test_set.csv": 378,
}
_HEADER = ("patient_id,breast_density,left or right breast,assessment,"
           "pathology,image file path\n")


def _table(*lines: str, name="mass_case_description_train_set.csv"):
    return name, (_HEADER + "\n".join(lines)).encode()


def _read(*tables) -> list[dict]:
    labels = cbis_ddsm.read(tables, rows.LabelOptions())
    assert labels.join == "breast"
    return labels.rows.to_pylist()


def _line(patient="P_00001", side="LEFT", assessment="4",
          pathology="BENIGN", part="Training") -> str:
    return (f"{patient},3,{side},{assessment},{pathology},"
            f'"Mass-{part}_{patient}_{side}_CC/1.2/1.3/000000.dcm\n"')


@pytest.fixture(scope="module")
def real() -> rows.LabelTable:
    if not _REAL.is_dir():
        pytest.skip(f"no tables in {_REAL}")
    return formats.read(
        "cbis_ddsm", [(name, (_REAL / name).read_bytes()) for name in _COUNTS],
        rows.LabelOptions())


def test_published_counts(real):
    assert sum(_COUNTS.values()) == 3568
    assert "3,568 abnormalities of 1,708 breasts" in real.notes[1]
    assert label_dialects.assert_adds_up(real) == 3568
    found = real.rows.to_pylist()
    assert len(found) == 1708
    assert len({row["patient_id"] for row in found}) == 1566
    assert sum(row["cancer"] for row in found) == 761


@pytest.mark.parametrize("name", _COUNTS)
def test_published_count_of_each_table(name):
    if not _REAL.is_dir():
        pytest.skip(f"no tables in {_REAL}")
    labels = cbis_ddsm.read([(name, (_REAL / name).read_bytes())],
                            rows.LabelOptions())
    assert f"{_COUNTS[name]:,} abnormalities" in labels.notes[1]
    part = "test" if "test" in name else "train"
    assert set(labels.rows["official_split"].to_pylist()) == {part}


def test_two_real_exams_join_to_their_tables(real):
    images = [
        scan_rows.row(f"{patient}-{side}-{view}{crop}",
                      patient_id=f"Mass-Test_{patient}_{side}_{view}{crop}",
                      laterality=side[0], view=view)
        for patient in ("P_00173", "P_00820") for side in ("LEFT", "RIGHT")
        for view in ("CC", "MLO") for crop in ("", "_1")]
    found, audit = scan_rows.plan_of(images, real)
    planned = [row for row in found.values() if row["status"] == "planned"]
    assert len(planned) == 8
    assert {(row["patient_id"], row["laterality"]) for row in planned
            if row["cancer"]} == {("P_00820", "L")}
    assert {row["split"] for row in planned} == {"test"}
    assert {row["label_rule"] for row in planned} == {"breast"}
    crops = [row for row in found.values() if row["file"].endswith("_1")]
    assert {row["reason"] for row in crops} == {"not_whole_image"}
    assert {row["patient_id"] for row in crops} == {"P_00173", "P_00820"}
    assert audit.matched["breast"].visits == 4
    assert audit.unmatched == 1704


def test_no_patient_is_in_two_splits(real):
    found = real.rows.to_pylist()
    images = [scan_rows.row(str(number), patient_id=row["patient_id"],
                            laterality=row["laterality"])
              for number, row in enumerate(found)]
    planned, _ = scan_rows.plan_of(
        images, real, plan.PlanRules(keep_interval_cancers=True))
    splits = {}
    for row in planned.values():
        splits.setdefault(row["patient_id"], set()).add(row["split"])
    assert all(len(names) == 1 for names in splits.values())
    tested = {row["patient_id"] for row in found
              if row["official_split"] == "test"}
    assert tested == {patient for patient, names in splits.items()
                      if names == {"test"}}
    assert len({patient for patient, names in splits.items()
                if names == {"validation"}}) > 100


def test_any_malignant_abnormality_makes_a_cancer():
    row, = _read(
        _table(_line(assessment="3"), _line(pathology="MALIGNANT"),
               _line(pathology="BENIGN_WITHOUT_CALLBACK", assessment="2")))
    assert (row["cancer"], row["birads"], row["row"]) == (1, 4, 3)
    assert (row["outcome"], row["follow_up"]) == ("TP", 1)


@pytest.mark.parametrize("assessments, birads", [
    (("0", "3"), 0), (("0", "4"), 4), (("2", "1"), 2), (("5", "0"), 5)])
def test_most_severe_assessment_counts(assessments, birads):
    row, = _read(_table(*(_line(assessment=one) for one in assessments)))
    assert row["birads"] == birads


def test_sides_are_apart_and_masses_and_calcifications_together():
    found = _read(
        _table(_line(), _line(side="RIGHT")),
        _table(_line(pathology="MALIGNANT", part="Test"),
               name="calc_case_description_test_set.csv"))
    assert [(row["laterality"], row["cancer"], row["official_split"])
            for row in found] == [("L", 1, "test"), ("R", 0, "train")]


def test_part_is_of_the_path_or_else_of_the_name():
    row, = _read(_table(_line(part="Test")))
    assert row["official_split"] == "test"
    line = "P_00001,3,LEFT,4,BENIGN,"
    row, = _read(_table(line, name="calc_case_description_test_set.csv"))
    assert row["official_split"] == "test"
    with pytest.raises(rows.LabelError, match="which part of CBIS-DDSM"):
        _read(_table(line, name="labels.csv"))


@pytest.mark.parametrize("patient_id, patient, reason", [
    ("Mass-Test_P_00173_LEFT_CC", "P_00173", None),
    ("Calc-Training_P_00005_RIGHT_MLO", "P_00005", None),
    ("Calc-Training_P_00005_RIGHT_MLO_1", "P_00005", "not_whole_image"),
    ("Mass-Training_P_01234_LEFT_CC_12", "P_01234", "not_whole_image"),
    ("P_00173", "P_00173", None),
    ("D-4115", "D-4115", None),
    ("Mass-Test_P_00173_LEFT_CC_1_2", "Mass-Test_P_00173_LEFT_CC_1_2", None),
])
def test_who_the_patient_is(patient_id, patient, reason):
    assert cbis_ddsm.patient_of("file", patient_id) == patient
    assert cbis_ddsm.excluded_of(patient_id) == reason


@pytest.mark.parametrize("line, message", [
    (_line(pathology="UNPROVEN"), "pathology is none of MALIGNANT"),
    (_line(assessment="x"), "birads_1 is not a BI-RADS"),
    (_line(side="BOTH"), "laterality is neither"),
    (_line(patient="D-4115"), "patient_id is not one of CBIS-DDSM"),
])
def test_cell_that_cannot_be_used_is_an_error_with_its_row(line, message):
    with pytest.raises(rows.LabelError, match=f"row 3: {message}"):
        _read(_table(_line(), line))


def test_other_tables_of_the_folder_are_not_used():
    labels = cbis_ddsm.read(
        [("dicom_info.csv", b"file_path,PatientID\nx,y\n"),
         ("empty.csv", b""), _table(_line())], rows.LabelOptions())
    assert labels.rows["patient_id"].to_pylist() == ["P_00001"]
    assert labels.notes[-2:] == (
        "dicom_info.csv is not used: it has no column patient_id, left or "
        "right breast, pathology, assessment",
        "empty.csv is not used: empty.csv is empty")


def test_wrong_table_is_an_error_that_names_the_column():
    with pytest.raises(rows.LabelError, match="no column 'left or right"):
        _read(("labels.csv", b"patient_id,laterality\nP_00001,L\n"))


def test_hashing_is_refused():
    with pytest.raises(rows.LabelError, match="--patient_ids=hash"):
        cbis_ddsm.read([_table(_line())],
                       rows.LabelOptions(transform_id=str.lower))
