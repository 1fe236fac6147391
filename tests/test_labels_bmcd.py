"""BMCD's table: one row per case, of which there are two rounds."""

import pytest

from pipelines.labels import bmcd, formats, rows
from tests import label_dialects, scan_rows

_HEADER = ["dir", "laterality", "age", "density", "BIRADS", "biopsy_result",
           "folder_type"]


def _line(folder="1", side="Right", birads="4a", biopsy="BENIGN",
          group="suspicious") -> list[str]:
    return [folder, side, "57", "b", birads, biopsy, group]


def _read(*lines: list[str], save=label_dialects.csv_of, name="label.csv",
          **options) -> rows.LabelTable:
    return bmcd.read([(name, save([_HEADER, *lines]))],
                     rows.LabelOptions(**options))


def _rounds(labels: rows.LabelTable) -> dict[str, tuple]:
    """What is told of one view of each round."""
    return {row["image"]: tuple(row[name] for name in (
        "patient_id", "laterality", "birads", "cancer", "outcome",
        "follow_up", "rule"))
        for row in labels.rows.to_pylist() if row["view"] == "CC"}


_USUAL = (_line(), _line("1", "Left", "2", "", "normal"),
          _line("46", "Left", "5", "DCIS"))
_EXPECTED = {
    "suspicious_1/CC_recent": ("suspicious_1", "R", 4, 0, "FP", 1, None),
    "suspicious_1/CC_prior": (
        "suspicious_1", "R", None, 0, "TN", 0, "prior_exam"),
    "normal_1/CC_recent": ("normal_1", "L", 2, 0, "TN", 0, None),
    "normal_1/CC_prior": ("normal_1", "L", None, 0, "TN", 0, "prior_exam"),
    "suspicious_46/CC_recent": ("suspicious_46", "L", 5, 1, "TP", 1, None),
    "suspicious_46/CC_prior": (
        "suspicious_46", "L", None, 0, "TN", 0, "prior_exam")}


@pytest.mark.parametrize("name", label_dialects.DIALECTS)
def test_table_is_read_however_it_is_saved(name):
    labels = _read(*_USUAL, save=label_dialects.DIALECTS[name])
    assert labels.join == rows.IMAGE
    assert labels.rows.schema == rows.LABEL_SCHEMA
    assert labels.rows.num_rows == 12
    assert _rounds(labels) == _EXPECTED
    first = 4 if name == "blank rows" else 2
    assert labels.rows["row"].to_pylist() == [
        row for row in range(first, first + 3) for _ in range(4)]


@pytest.mark.parametrize("group, biopsy, cancer", [
    *(("suspicious", text, 1) for text in (
        "MALIGNANT", "malignant", "DCIS", "DCIS/IDC")),
    *(("suspicious", text, 0) for text in (
        "BENIGN", "Normal", "BENIGN/NORMAL")),
    *(("suspicious", text, None) for text in (
        "NOT AVAILABLE", "", "NaN", "N/A")),
    ("normal", "", 0), ("normal", "NAN", 0), ("normal", "MALIGNANT", 1),
    ("Suspicious_cases", "", None), ("Normal_case", "", 0)])
def test_truth_is_of_the_biopsy_and_a_normal_case_is_healthy(
        group, biopsy, cancer):
    labels = _read(_line(group=group, biopsy=biopsy))
    recent, _ = _rounds(labels).values()
    assert recent[3] == cancer
    assert (recent[4] is None) == (cancer is None)


@pytest.mark.parametrize("file, image", [
    ("Dataset/Suspicious_cases/17/CC_recent.dcm", "suspicious_17/CC_recent"),
    ("/data/Normal_cases/46/MLO_prior.DCM", "normal_46/MLO_prior"),
    ("normal_case/007/cc_PRIOR.dcm.gz", "normal_7/CC_prior"),
    ("a\\Suspicious_cases\\3\\CC_recemt.dcm", "suspicious_3/CC_recent"),
    ("Suspicious_cases/copies/17/CC_recent.dcm", None),
    ("Suspicious_cases/17/XX_recent.dcm", None),
    ("17/CC_recent.dcm", None),
])
def test_case_view_and_round_are_read_from_the_path(file, image):
    assert bmcd.image_of(file) == image
    assert bmcd.patient_of(file, "anonymous") == (
        image.partition("/")[0] if image else "anonymous")


def test_rows_that_cannot_be_attributed_are_noted_with_their_numbers():
    labels = _read(
        _line(), _line("", "Left"), _line("2", ""), _line("3", "both"),
        _line("4", group="benign"), _line("5", biopsy="NOT AVAILABLE"))
    assert labels.notes == (
        "label table: 6 rows read: 2 used, 4 left out",
        "label table: 1 row left out: without a folder (label.csv, row 3)",
        "label table: 1 row left out: without a side (label.csv, row 4)",
        "label table: 1 row left out: of both sides (label.csv, row 5)",
        "label table: 1 row left out: of neither folder_type, normal or "
        "suspicious (label.csv, row 6)",
        "label table: 2 cases, 0 with a cancer; their prior rounds count as "
        "healthy, as the data set describes them (label_rule prior_exam)",
        "label table: 1 case suspicious and without a biopsy result, the "
        "truth unknown (label.csv, row 7)")


@pytest.mark.parametrize("line, message", [
    (_line("2", side="X"), "laterality is neither L, R"),
    (_line("2", birads="7"), "birads is not a BI-RADS"),
    (_line("2", biopsy="non-malignant"), "biopsy is none of MALIGNANT"),
    (_line("2", biopsy="MALIGNANT/BENIGN"), "biopsy is none of MALIGNANT"),
])
def test_cell_that_cannot_be_used_is_an_error_with_its_row(line, message):
    with pytest.raises(rows.LabelError, match=f"label.csv, row 3: {message}"):
        _read(_line(), line)


@pytest.mark.parametrize("change", [
    {"side": "Left"}, {"birads": "4"}, {"birads": "5"}, {"biopsy": "DCIS"}])
def test_two_rows_for_one_case(change):
    lines = _line(), _line("2"), _line(**change)
    if change == {"birads": "4"}:
        labels = _read(*lines)
        assert labels.notes[1] == (
            "label table: 1 row left out: as another row has it, counted "
            "once (label.csv, row 4)")
        assert not any(labels.rows["contradicting"].to_pylist())
        return
    with pytest.raises(rows.LabelError, match="rows 2, 4"):
        _read(*lines)
    labels = _read(*lines, conflicts="drop")
    assert labels.rows["contradicting"].to_pylist() == (
        [True] * 4 + [False] * 4)
    assert ("label table: 2 rows left out: contradicting another row for its "
            "folder, all of them dropped (label.csv, rows 2, 4)"
            in labels.notes)


def test_sheets_of_the_publication_are_read_by_their_names():
    header = ["Folder #", "Breast (Right/Left)", "Age",
              "BI-RADS categories for classification ", "Biopsy results"]
    files = [
        ("Normal_cases.csv", label_dialects.csv_of(
            [header[:4], ["1", "Left", "66", "2"]])),
        ("Suspicious_cases.csv", label_dialects.csv_of(
            [header, ["1", "Right", "57", "4a", "BENIGN"],
             ["46", "Left", "69", "5", "DCIS"]]))]
    assert _rounds(bmcd.read(files, rows.LabelOptions())) == _EXPECTED
    with pytest.raises(rows.LabelError, match="no column 'dir'"):
        bmcd.read([("Normal_cases.csv", label_dialects.csv_of(
            [header[1:4], ["Left", "66", "2"]]))], rows.LabelOptions())


def test_hashing_is_refused():
    with pytest.raises(rows.LabelError, match="--patient_ids=hash"):
        _read(_line(), transform_id=str.lower)


def test_wrong_table_is_an_error_that_names_its_own_format():
    with pytest.raises(rows.LabelError, match="try --labels_format=bmcd"):
        formats.read("cmmd", [(
            "label.csv", label_dialects.csv_of([_HEADER, *_USUAL]))],
            rows.LabelOptions())


def _file(group: str, folder: int, view: str, when: str) -> str:
    suffix = "DCM" if folder % 3 else "dcm"
    return f"Dataset/{group}_cases/{folder}/{view}_{when}.{suffix}"


def test_table_of_true_size_joins_and_its_audit_adds_up():
    """50 cases of each group: 11 cancers, 21 benign, 18 without a result."""
    results = ["MALIGNANT"] * 5 + ["DCIS"] * 6 + ["BENIGN"] * 21 + [
        "NOT AVAILABLE"] * 18
    labels = _read(
        *(_line(str(number), "Left" if number % 2 else "Right",
                biopsy=result)
          for number, result in enumerate(results, start=1)),
        *(_line(str(number), "Right", "1", "", "normal")
          for number in range(1, 51)))
    assert label_dialects.assert_adds_up(labels) == 100
    assert "label table: 100 cases, 11 with a cancer" in labels.notes[1]
    # The header knows neither side nor view, and one patient for all.
    images = [
        scan_rows.row(_file(group, folder, view, when), patient_id="anon",
                      laterality=None, view=None)
        for group in ("Normal", "Suspicious") for folder in range(1, 51)
        for view in ("CC", "MLO") for when in ("prior", "recent")]
    images.append(scan_rows.row("README.dcm", patient_id="anon"))
    found, audit = scan_rows.plan_of(images, labels)
    assert audit.matched["image"].images == 200
    assert audit.matched["prior_exam"].images == 200
    assert audit.unlabelled["no_diagnosis"].images == 1
    assert (audit.diagnoses, audit.unmatched) == (400, 0)
    planned = [row for row in found.values() if row["status"] == "planned"]
    assert len(planned) == 400
    assert len({row["patient_id"] for row in planned}) == 100
    assert sum(row["cancer"] == 1 for row in planned) == 22
    assert sum(row["cancer"] is None for row in planned) == 36
    row = found[_file("Suspicious", 1, "MLO", "recent")]
    assert (row["patient_id"], row["laterality"], row["view"],
            row["cancer"]) == ("suspicious_1", "L", "MLO", 1)
    row = found[_file("Suspicious", 1, "CC", "prior")]
    assert (row["view"], row["cancer"], row["label_rule"]) == (
        "CC", 0, "prior_exam")
    assert found[_file("Normal", 1, "CC", "recent")]["laterality"] == "R"
    by_patient = {}
    for row in planned:
        by_patient.setdefault(row["patient_id"], set()).add(row["split"])
    assert all(len(splits) == 1 for splits in by_patient.values())
