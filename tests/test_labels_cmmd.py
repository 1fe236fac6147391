"""CMMD's table: one row per diseased breast."""

import pytest

from pipelines.labels import cmmd, formats, rows
from tests import label_dialects, scan_rows

_NAME = "CMMD_clinicaldata_revision.csv"
_HEADER = ["ID1", "LeftRight", "Age", "number", "abnormality",
           "classification", "subtype"]


def _line(patient="D1-0001", side="R", classification="Benign",
          abnormality="mass", age="44") -> list[str]:
    return [patient, side, age, "2", abnormality, classification, ""]


def _read(*lines: list[str], save=label_dialects.csv_of,
          **options) -> rows.LabelTable:
    return cmmd.read([(_NAME, save([_HEADER, *lines]))],
                     rows.LabelOptions(**options))


def _breasts(labels: rows.LabelTable) -> dict[tuple[str, str], tuple]:
    """Cancer, row and rule of each breast."""
    return {(row["patient_id"], row["laterality"]):
            (row["cancer"], row["row"], row["rule"])
            for row in labels.rows.to_pylist()}


_USUAL = (_line(), _line("D2-0749", "L", "Malignant"),
          _line("D2-0002", "L", "Malignant"), _line("D2-0002", "R"))
_EXPECTED = {
    ("D1-0001", "L"): (0, 2, "other_side"), ("D1-0001", "R"): (0, 2, None),
    ("D2-0002", "L"): (1, 4, None), ("D2-0002", "R"): (0, 5, None),
    ("D2-0749", "L"): (1, 3, None), ("D2-0749", "R"): (0, 3, "other_side")}


def test_rows_are_read_as_they_are():
    labels = _read(*_USUAL)
    assert labels.join == rows.BREAST
    assert labels.rows.schema == rows.LABEL_SCHEMA
    assert _breasts(labels) == _EXPECTED
    for row in labels.rows.to_pylist():
        assert row["source"] == _NAME
        assert [row[name] for name in (
            "year", "birads", "birads_1", "outcome", "follow_up",
            "official_split", "image", "contradicting")] == [
                None] * 7 + [False]


@pytest.mark.parametrize("name", label_dialects.DIALECTS)
def test_table_is_read_however_it_is_saved(name):
    found = _breasts(_read(*_USUAL, save=label_dialects.DIALECTS[name]))
    if name == "blank rows":
        found = {key: (cancer, row - 2, rule)
                 for key, (cancer, row, rule) in found.items()}
    assert found == _EXPECTED


@pytest.mark.parametrize("classes, cancer, row", [
    (("Benign", "Malignant"), 1, 3), (("Malignant", "Benign"), 1, 2),
    (("Benign", "Benign"), 0, 2), (("Malignant", "Malignant"), 1, 2),
    (("normal", "MALIGNANT"), 1, 3)])
def test_malignant_wins_of_two_rows_of_one_breast(classes, cancer, row):
    labels = _read(*(_line(classification=one, abnormality=kind)
                     for one, kind in zip(classes, ("mass", "calc"))))
    assert _breasts(labels)["D1-0001", "R"] == (cancer, row, None)
    assert ("label table: 1 row of a breast that another row tells of; "
            f"malignant wins ({_NAME}, row 3)") in labels.notes


def test_other_side_is_healthy_only_where_every_row_names_a_side():
    labels = _read(_line(), _line("D1-0002", "L"), _line("D1-0002", ""),
                   _line("D1-0003", "L"), _line("D1-0003", "B"),
                   _line("D1-0004", "L"), _line("D1-0004", "R", ""))
    assert _breasts(labels) == {
        ("D1-0001", "L"): (0, 2, "other_side"),
        ("D1-0001", "R"): (0, 2, None), ("D1-0002", "L"): (0, 3, None),
        ("D1-0003", "L"): (0, 5, None), ("D1-0004", "L"): (0, 7, None)}


def test_rows_that_cannot_be_attributed_are_noted_with_their_numbers():
    labels = _read(
        _line(), _line("", "R"), _line("Total", "", ""), _line(side=""),
        _line("D1-0002", "both"), _line("D1-0003", classification="nan"))
    assert labels.notes == (
        "label table: 6 rows read: 1 used, 5 left out",
        "label table: 2 rows left out: without a patient as D1-0001 "
        f"({_NAME}, rows 3, 4)",
        f"label table: 1 row left out: without a side ({_NAME}, row 5)",
        f"label table: 1 row left out: of both sides ({_NAME}, row 6)",
        "label table: 1 row left out: without a classification "
        f"({_NAME}, row 7)",
        "label table: 1 breast, 0 with a cancer",
        "label table: 0 breasts have no row while the patient's other one "
        "has; where there are images of them they count as healthy "
        "(label_rule other_side)")


@pytest.mark.parametrize("line, message", [
    (_line(side="X"), "laterality is neither L, R"),
    (_line(classification="Benin"), "classification is none of Malignant"),
])
def test_cell_that_cannot_be_used_is_an_error_with_its_row(line, message):
    with pytest.raises(rows.LabelError, match=f"{_NAME}, row 3: {message}"):
        _read(_line(), line)


def test_other_tables_of_the_folder_and_broken_copies_are_left_out():
    table = label_dialects.csv_of([_HEADER, *_USUAL])
    labels = cmmd.read(
        [("CMMD_clinicaldata_revision.xlsx", b"PK\x03\x04broken"),
         ("label.csv", table), ("metadata.csv", b"Series UID,Modality\n1,MG")],
        rows.LabelOptions())
    assert _breasts(labels) == _EXPECTED
    assert "cannot be read as XLSX" in labels.notes[-2]
    assert labels.notes[-1] == (
        "metadata.csv is not used: it has no column ID1, LeftRight, "
        "classification")


def test_two_copies_count_once():
    table = label_dialects.csv_of([_HEADER, *_USUAL])
    labels = cmmd.read([("a.csv", table), ("b.csv", table)],
                       rows.LabelOptions())
    assert _breasts(labels) == _EXPECTED
    assert "8 rows read: 8 used, 0 left out" in labels.notes[0]
    assert "label table: 4 breasts, 2 with a cancer" in labels.notes


def test_wrong_table_is_an_error_that_names_its_own_format():
    with pytest.raises(rows.LabelError, match="no column 'ID1'"):
        cmmd.read([("a.csv", b"patient_id,laterality\n1,L\n")],
                  rows.LabelOptions())
    with pytest.raises(rows.LabelError, match="try --labels_format=cmmd"):
        formats.read(
            "register", [(_NAME, label_dialects.csv_of([_HEADER, *_USUAL]))],
            rows.LabelOptions())


def _true_size() -> list[list[str]]:
    """As published: 1,872 breasts of 1,775 patients, 1,316 malignant."""
    lines = []
    for number in range(1775):
        patient = f"D{1 + (number >= 1026)}-{number:04d}"
        for side in "LR" if number < 97 else "LR"[number % 2]:
            lines.append(_line(
                patient, side, "Benign" if len(lines) % 1872 < 556
                else "Malignant"))
    return lines


def test_table_of_true_size_joins_and_its_audit_adds_up():
    lines = _true_size()
    assert len(lines) == 1872
    labels = _read(*lines)
    assert label_dialects.assert_adds_up(labels) == 1872
    assert "label table: 1,872 breasts, 1,316 with a cancer" in labels.notes
    assert "1,678 breasts have no row" in labels.notes[-1]
    named = {(line[0], line[1]) for line in lines}
    # Both breasts of the first 826 patients, as there are images of them.
    images = [
        scan_rows.row(f"{patient}/{side}-{view}", patient_id=patient,
                      laterality=side, view=view)
        for number, patient in enumerate(
            dict.fromkeys(line[0] for line in lines))
        for side in "LR" if number < 826 or (patient, side) in named
        for view in ("CC", "MLO")]
    images.append(scan_rows.row("unknown", patient_id="D2-9999"))
    assert len(images) == 5203
    found, audit = scan_rows.plan_of(images, labels)
    assert audit.matched["breast"].images == 3744
    assert audit.matched["other_side"].images == 1458
    assert audit.unlabelled["no_diagnosis"].images == 1
    assert (audit.diagnoses, audit.unmatched) == (1872 + 729, 0)
    assert sum(row["cancer"] or 0 for row in found.values()) == 2632
    assert {row["label_rule"] for row in found.values()} == {
        "breast", "other_side", None}
    assert all(row["cancer"] == 0 for row in found.values()
               if row["label_rule"] == "other_side")
    assert found["unknown"]["reason"] == "no_diagnosis"
    assert "row of the other breast only: healthy" in "\n".join(audit.lines())
