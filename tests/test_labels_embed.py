"""EMBED's two tables: findings and files, met at patient, exam and side."""

import collections
import random

import pytest

from pipelines.labels import embed, formats, rows
from tests import label_dialects, scan_rows

_CLINICAL = ["empi_anon", "acc_anon", "study_date_anon", "desc", "asses",
             "numfind", "side", "bside", "path_severity"]
_METADATA = ["empi_anon", "acc_anon", "anon_dicom_path", "FinalImageType",
             "ImageLateralityFinal", "ViewPosition", "spot_mag"]
_NAMES = ("EMBED_OpenData_clinical.csv", "EMBED_OpenData_metadata.csv")
_SCREENING = "MG Screening Bilateral"
_DIAGNOSTIC = "MG Diagnostic Left w/CAD"


def _finding(side="L", asses="N", severity="", bside="", exam="10",
             date="2015-03-01", desc=_SCREENING, patient="1") -> list[str]:
    return [patient, exam, date, desc, asses, "1", side, bside, severity]


def _file(side="L", exam="10", view="CC", kind="2D", spot="", patient="1",
          name="") -> list[str]:
    name = name or f"1.2.{patient}.{exam}.{side}.{view}"
    path = f"/mnt/cohort_1/{patient}/{exam}/{name}.dcm" if name != "-" else ""
    return [patient, exam, path, kind, side, view, spot]


def _read(findings: list, files: list, save=label_dialects.csv_of,
          **options) -> rows.LabelTable:
    return embed.read(
        [(_NAMES[0], save([_CLINICAL, *findings])),
         (_NAMES[1], save([_METADATA, *files]))],
        rows.LabelOptions(**options))


def _told(labels: rows.LabelTable, *names: str) -> dict[str, tuple]:
    """What is told of each file, by the end of its name."""
    names = names or ("birads", "cancer", "outcome", "rule")
    return {row["image"].removeprefix("1.2.1."):
            tuple(row[name] for name in names)
            for row in labels.rows.to_pylist()}


def _breast(*findings: list[str], side="L", exam="10") -> tuple:
    """BI-RADS, cancer, outcome and rule of one breast."""
    one, = _told(_read(list(findings), [_file(side, exam)])).values()
    return one


def test_rows_are_read_as_they_are():
    labels = _read([_finding("L", "A", "1"), _finding("R")],
                   [_file("L"), _file("R", view="MLO")])
    assert labels.join == rows.IMAGE
    assert labels.rows.schema == rows.LABEL_SCHEMA
    assert labels.rows.to_pylist()[0] == {
        "row": 2, "source": _NAMES[0], "patient_id": "1", "laterality": "L",
        "year": None, "birads": 0, "birads_1": 0, "birads_2": None,
        "birads_3": None, "cancer": 1, "outcome": "TP", "follow_up": 1,
        "official_split": None, "contradicting": False,
        "image": "1.2.1.10.L.CC", "view": "CC", "rule": None,
        "implant": None}
    assert _told(labels)["10.R.MLO"] == (1, 0, "TN", None)


@pytest.mark.parametrize("name", label_dialects.DIALECTS)
def test_tables_are_read_however_they_are_saved(name):
    labels = _read(
        [_finding("L", "A", "0"), _finding("", "B", exam="11")],
        [_file(), _file("R", "11"), _file("R", kind="C-view"),
         _file("L", "11", spot="1"), _file("L", "11", spot="0")],
        save=label_dialects.DIALECTS[name])
    assert _told(labels) == {
        "10.L.CC": (0, 1, "TP", None), "11.R.CC": (2, 0, "TN", None),
        "11.L.CC": (2, 0, "TN", None)}
    assert set(labels.rows["patient_id"].to_pylist()) == {"1"}


@pytest.mark.parametrize("asses, severity, expected", [
    ("A", "", (0, 0, "FP")), ("N", "", (1, 0, "TN")), ("B", "", (2, 0, "TN")),
    ("P", "", (3, 0, "TN")), ("S", "", (4, None, None)),
    ("M", "", (5, None, None)), ("K", "", (6, None, None)),
    ("", "", (None, None, None)), ("x", "", (None, None, None)),
    ("S", "0", (4, 1, "TP")), ("S", "1.0", (4, 1, "TP")),
    *(("S", severity, (4, 0, "FP")) for severity in "23456"),
    ("N", "0", (1, 1, "FN")), ("", "0", (None, 1, None))])
def test_assessment_and_pathology_of_one_finding(asses, severity, expected):
    assert _breast(_finding("L", asses, severity)) == (*expected, None)


@pytest.mark.parametrize("findings, left, right", [
    # Each side for itself; the most severe of several counts.
    ([("L", "A"), ("R", "N")], (0, 0), (1, 0)),
    ([("L", "B"), ("L", "A"), ("R", "N")], (0, 0), (1, 0)),
    ([("L", "S", "4"), ("L", "S", "0"), ("R", "N")], (4, 1), (1, 0)),
    ([("L", "S", "6"), ("L", "S", "1"), ("R", "N")], (4, 1), (1, 0)),
    # B and blank are both sides.
    ([("B", "N")], (1, 0), (1, 0)), ([("", "N")], (1, 0), (1, 0)),
    ([("", "N"), ("L", "A")], (0, 0), (1, 0)),
    ([("B", "S", "0")], (4, 1), (4, 1)),
    # Pathology is of the biopsy's side.
    ([("B", "S", "0", "R")], (4, None), (4, 1)),
    ([("", "A", "0", "L")], (0, 1), (0, 0)),
    ([("L", "A", "0", "R"), ("R", "N")], (0, 0), (1, 1)),
    ([("L", "A", "0", "B"), ("R", "N")], (0, 1), (1, 1)),
    ([("L", "S", "0", "R")], (4, None), (None, 1)),
])
def test_sides_of_findings_and_biopsies(findings, left, right):
    told = _told(_read([_finding(*one) for one in findings],
                       [_file("L"), _file("R")]), "birads", "cancer")
    assert told == {"10.L.CC": left, "10.R.CC": right}


def test_bilateral_exam_implies_that_the_other_breast_is_negative():
    files = [_file("L"), _file("R")]
    assert _told(_read([_finding("L", "A")], files))["10.R.CC"] == (
        1, 0, "TN", "other_side")
    labels = _read([_finding("L", "A", desc=_DIAGNOSTIC)], files)
    assert list(_told(labels)) == ["10.L.CC"]
    assert ("label table: 1 file left out: of a breast of which its exam has "
            f"no finding ({_NAMES[1]}, row 3)") in labels.notes


def _diagnosed(date: str, side="L", desc=_DIAGNOSTIC, exam="11",
               severity="0") -> list[str]:
    return _finding(side, "M", severity, exam=exam, date=date, desc=desc)


# A screening of 1 March 2015, what it found, and an exam with a cancer.
@pytest.mark.parametrize("asses, later, expected", [
    ("A", _diagnosed("2015-03-01"), (0, 1, "TP", "later_exam")),
    ("A", _diagnosed("2015-08-28"), (0, 1, "TP", "later_exam")),
    ("A", _diagnosed("2015-08-29"), (0, 0, "FP", None)),
    ("N", _diagnosed("2015-08-29"), (1, 1, "FN", "later_exam")),
    ("N", _diagnosed("2016-02-29"), (1, 1, "FN", "later_exam")),
    ("N", _diagnosed("2016-03-01"), (1, 0, "TN", None)),
    ("A", _diagnosed("2015-02-28"), (0, 0, "FP", None)),
    ("A", _diagnosed("2015-04-01", side="R"), (0, 0, "FP", None)),
    ("A", _diagnosed("2015-04-01", side="B"), (0, 1, "TP", "later_exam")),
    ("A", _diagnosed("2015-04-01", severity="2"), (0, 0, "FP", None)),
    # A cancer that the next screening found is that one's own.
    ("N", _diagnosed("2016-02-01", desc=_SCREENING), (1, 0, "TN", None)),
    ("A", _diagnosed(""), (0, 0, "FP", None)),
])
def test_cancer_of_a_later_exam_within_the_window(asses, later, expected):
    assert _breast(_finding("L", asses), _finding("R"), later) == expected


def test_later_cancer_belongs_to_the_last_screening_before_it():
    findings = [
        _finding("L", "N", exam="10", date="2015-03-01"),
        _finding("L", "A", exam="11", date="2016-02-01"),
        _diagnosed("2016-02-20", exam="12")]
    labels = _read(findings, [_file(exam=exam) for exam in "10 11 12".split()])
    assert _told(labels) == {
        "10.L.CC": (1, 0, "TN", None), "11.L.CC": (0, 1, "TP", "later_exam"),
        "12.L.CC": (5, 1, "TP", None)}
    assert labels.rows["row"].to_pylist() == [2, 4, 4]


def test_cancer_of_another_patient_is_not_attributed():
    other = _finding("L", "M", "0", exam="11", date="2015-04-01",
                     desc=_DIAGNOSTIC, patient="2")
    assert _breast(_finding("L", "A"), other) == (0, 0, "FP", None)


def test_rows_left_out_and_remarked_are_noted_with_their_numbers():
    labels = _read(
        [_finding("L", "A", "0"), _finding("R"), _finding("L", exam=""),
         _finding("", "B", exam="11"), _finding("B", "S", "1", exam="12"),
         _finding("L", "S", "6", "R", exam="13"),
         _finding("L", exam="14", date="")],
        [_file(), _file("R"), _file("L", kind="C-view"), _file(kind="3D"),
         _file(kind="ROI_SSC"), _file(kind="other"), _file(spot="1.0"),
         _file(side="B"), _file(name="-"), _file(exam="99"), _file(),
         _file(exam="12", view="weird")])
    clinical, metadata = _NAMES
    left_out = {
        "of FinalImageType C-view": 4, "of FinalImageType 3D": 5,
        "of FinalImageType ROI_SSC": 6, "of FinalImageType other than 2D": 7,
        "of a spot or magnification view (spot_mag)": 8,
        "with ImageLateralityFinal neither L nor R": 9, "without a file": 10,
        "of an exam without a finding": 11,
        "as another row has it, counted once": 12}
    remarks = {
        "without a side: tells of both breasts": 5,
        "of both sides: tells of both breasts": 6,
        "with pathology of which neither side nor bside tells one breast: of "
        "both": 6,
        "with pathology of the other breast (bside): of that": 7,
        "with path_severity 6, a cancer other than of the breast: no "
        "cancer": 7,
        "of a screening without a date: no later cancer is sought": 8}
    assert labels.notes == (
        "label table: 7 findings read: 6 used, 1 left out",
        "label table: 1 finding left out: without a patient or an exam "
        f"({clinical}, row 4)",
        *(f"label table: 1 finding {remark} ({clinical}, row {row})"
          for remark, row in remarks.items()),
        "label table: 12 files read: 3 used, 9 left out",
        *(f"label table: 1 file left out: {rule} ({metadata}, row {row})"
          for rule, row in left_out.items()),
        "label table: 3 findings of breasts without a labelled file",
        "label table: 3 files, 2 with a cancer, 0 of them recorded with a "
        "later exam (label_rule later_exam); 0 of a breast that a bilateral "
        "exam does not name, so negative (other_side); 0 with BI-RADS 4 to 6 "
        "or none and no pathology, the truth unknown")
    assert labels.rows["view"].to_pylist() == ["CC", "CC", None]


@pytest.mark.parametrize("finding, message", [
    (_finding("Q"), "laterality is neither L, R"),
    (_finding("L", "Z"), "birads is none of A, N, B"),
    (_finding("L", "N", "7"), "severity is none of 0 to 6"),
    (_finding("L", "N", "0.5"), "severity is none of 0 to 6"),
    (_finding("L", "N", "0", "Q"), "biopsied is neither L, R"),
    (_finding(date="March"), "exam_date is not an ISO date"),
])
def test_cell_that_cannot_be_used_is_an_error_with_its_row(finding, message):
    with pytest.raises(rows.LabelError, match=f"clinical.csv, row 3: {message}"
                       ):
        _read([_finding(), finding], [_file()])


def test_two_different_rows_of_one_file():
    files = [_file("L", name="1.2.1.x"), _file("R"),
             _file("R", name="1.2.1.x")]
    findings = [_finding("L", "A", "0"), _finding("R")]
    with pytest.raises(rows.LabelError, match="different rows for one image"):
        _read(findings, files)
    labels = _read(findings, files, conflicts="drop")
    assert _told(labels, "contradicting", "cancer", "laterality") == {
        "x": (True, None, None), "10.R.CC": (False, 0, "R")}


def test_other_tables_of_the_folder_are_left_out_and_the_fuller_ones_read():
    # Without bside the reduced table would make it a cancer of the left.
    findings = [_finding("L", "A", "0", "R"), _finding("R")]
    reduced = [line[:7] + line[8:] for line in (_CLINICAL, *findings)]
    tables = [
        (_NAMES[0], label_dialects.csv_of([_CLINICAL, *findings])),
        ("EMBED_OpenData_clinical_reduced.csv",
         label_dialects.csv_of(reduced)),
        ("AWS_Open_Data_Clinical_Legend.csv", b"Header in export,Code\na,b"),
        (_NAMES[1], label_dialects.csv_of(
            [_METADATA, _file("L"), _file("R")]))]
    labels = embed.read(tables, rows.LabelOptions())
    assert _told(labels, "cancer") == {"10.L.CC": (0,), "10.R.CC": (1,)}
    assert labels.notes[-2:] == (
        "AWS_Open_Data_Clinical_Legend.csv is not used: it is neither the "
        "clinical table nor the metadata",
        "EMBED_OpenData_clinical_reduced.csv is not used: it has fewer "
        "columns than another")
    labels = embed.read(tables[1:], rows.LabelOptions())
    assert _told(labels, "cancer") == {"10.L.CC": (1,), "10.R.CC": (0,)}
    assert "EMBED_OpenData_clinical_reduced.csv has no bside" in labels.notes


def test_missing_table_is_an_error_that_names_the_folder():
    clinical = _NAMES[0], label_dialects.csv_of([_CLINICAL, _finding()])
    metadata = _NAMES[1], label_dialects.csv_of([_METADATA, _file()])
    for given, missing in ((clinical, "metadata"), (metadata, "clinical")):
        with pytest.raises(rows.LabelError, match=f"EMBED's {missing} table "
                           "is missing: --label_table has to name the folder"):
            embed.read([given], rows.LabelOptions())
    with pytest.raises(rows.LabelError, match="try --labels_format=embed"):
        formats.read("register", [clinical, metadata], rows.LabelOptions())


def test_columns_may_be_named_in_either_table():
    findings = [["who", *_CLINICAL[1:4], "grade", *_CLINICAL[5:]],
                _finding("L", "A")]
    files = [["who", "acc_anon", "path", *_METADATA[3:]], _file()]
    labels = embed.read(
        [("a.csv", label_dialects.csv_of(findings)),
         ("b.csv", label_dialects.csv_of(files))],
        rows.LabelOptions(columns={"patient_id": "who", "birads": "grade",
                                   "image": "path"}))
    assert _told(labels) == {"10.L.CC": (0, 0, "FP", None)}
    with pytest.raises(rows.LabelError, match="did you mean 'birads'"):
        _read([_finding()], [_file()], columns={"biards": "asses"})


def _generated(choice: random.Random) -> tuple[list, list]:
    """20,000 findings of screenings and what followed, and their files."""
    findings, files = [], []
    exam = 1000
    while len(findings) < 20_000:
        patient, exam = str(exam), exam + 1
        recalled = choice.random() < 0.3
        side = choice.choice("LR")
        findings.append(_finding(side, "A" if recalled else "B",
                                 exam=str(exam), patient=patient))
        files += [_file(one, str(exam), view, patient=patient)
                  for one in "LR" for view in ("CC", "MLO")]
        files.append(_file(side, str(exam), "CC", "C-view", "", patient,
                           f"1.2.{exam}.synthetic"))
        if recalled:
            exam += 1
            cancer = choice.random() < 0.4
            findings.append(_finding(
                side, "S", "0" if cancer else "4", exam=str(exam),
                date="2015-04-01", desc=_DIAGNOSTIC, patient=patient))
            files.append(_file(side, str(exam), "ML", "2D", "1", patient,
                               f"1.2.{exam}.spot"))
            files.append(_file(side, str(exam), "ML", patient=patient))
    return findings[:20_000], files


def test_generated_tables_of_20_000_findings_join_and_their_audit_adds_up():
    findings, files = _generated(random.Random(1))
    labels = _read(findings, files)
    diagnostic = [line for line in findings if line[3] == _DIAGNOSTIC]
    cancers = {(line[0], line[6]) for line in diagnostic if line[8] == "0"}
    screened = 20_000 - len(diagnostic)
    left_out = sum(line[3] == "C-view" or line[6] == "1" for line in files)
    # The last screening may have lost its diagnostic exam to the count.
    without = len({line[1] for line in files} - {line[1] for line in findings})
    notes = "\n".join(labels.notes)
    assert label_dialects.assert_adds_up(labels, "finding") == 20_000
    assert label_dialects.assert_adds_up(labels, "file") == (
        len(files) - left_out - without)
    assert labels.rows.num_rows == len(files) - left_out - without
    assert (f"{3 * len(cancers):,} with a cancer, {2 * len(cancers):,} of "
            "them recorded with a later exam") in notes
    rules = collections.Counter(labels.rows["rule"].to_pylist())
    assert rules == {
        rows.LATER_EXAM: 2 * len(cancers), rows.OTHER_SIDE: 2 * screened,
        None: 2 * (screened - len(cancers)) + len(diagnostic)}
    _assert_joined(labels, [line for line in files if line[0][-2] == "7"],
                   cancers)


def _assert_joined(labels: rows.LabelTable, files: list[list[str]],
                   cancers: set[tuple[str, str]]) -> None:
    """The images of some patients get what the table has of their breasts."""
    found, audit = scan_rows.plan_of([
        scan_rows.row(line[2], patient_id=line[0], laterality=line[4],
                      view=line[5]) for line in files], labels)
    later = 2 * len({key for key in cancers
                     if key[0] in {line[0] for line in files}})
    assert audit.matched["later_exam"].images == later > 100
    left_out = sum(line[3] == "C-view" or line[6] == "1" for line in files)
    assert audit.unlabelled["no_diagnosis"].images == left_out
    labelled = [row for row in found.values() if row["label_rule"]]
    assert len(labelled) == len(files) - left_out
    assert audit.unmatched == labels.rows.num_rows - len(labelled)
    for row in labelled:
        assert row["cancer"] == (
            (row["patient_id"], row["laterality"]) in cancers
            and row["label_rule"] != "other_side")
