"""Generic tables: of images, of breasts, and Mirai's of exams."""

import datetime
import io

import openpyxl
import pytest

from pipelines import plan
from pipelines.labels import generic, rows
from tests import label_dialects, scan_rows

_MIRAI = "\ufeff" + """\
patient_id,exam_id,laterality,view,file_path,years_to_cancer,\
years_to_last_followup,split_group
1,ab,R,MLO,/data/png/1_MLO_R.png,0,10,test
1,ab,L,MLO,/data/png/1_MLO_L.png,0,10,test
1,ab,R,CC,/data/png/1_CC_R.png,0,10,test
2,cd,L,CC,/data/png/2_CC_L.png,3,10,dev
3,ef,L,CC,/data/png/3_CC_L.png,100,10,train
4,gh,R,CC,/data/png/4_CC_R.png,100.0,10,train
"""


def _read(*texts: str, **options) -> rows.LabelTable:
    files = [(f"{number}.csv", text.encode())
             for number, text in enumerate(texts)]
    return generic.read(files, rows.LabelOptions(**options))


def _said(labels: rows.LabelTable, *names: str) -> list[tuple]:
    return [tuple(row[name] for name in names)
            for row in labels.rows.to_pylist()]


def _assert_adds_up(labels: rows.LabelTable, read: int) -> None:
    """Rows read are those used and those left out by each rule."""
    contradicting = sum(labels.rows["contradicting"].to_pylist())
    assert label_dialects.assert_adds_up(labels) == (
        labels.rows.num_rows - contradicting)
    assert f": {read} row{'s' * (read != 1)} read:" in labels.notes[0]


def test_exams_of_mirai_as_they_are():
    labels = _read(_MIRAI)
    assert labels.join == "image"
    assert _said(labels, "image", "patient_id", "laterality", "view",
                 "cancer", "official_split", "row") == [
        ("1_MLO_R", "1", "R", "MLO", 1, "test", 2),
        ("1_MLO_L", "1", "L", "MLO", 1, "test", 3),
        ("1_CC_R", "1", "R", "CC", 1, "test", 4),
        ("2_CC_L", "2", "L", "CC", 0, "validation", 5),
        ("3_CC_L", "3", "L", "CC", 0, "train", 6),
        ("4_CC_R", "4", "R", "CC", 0, "train", 7)]
    _assert_adds_up(labels, 6)
    text = "\n".join(labels.notes)
    assert ("1 row with a cancer found 1 to 99 years later, which is none of "
            "this exam (0.csv, row 5)") in text
    assert "1 exam with years_to_cancer 0 on both sides" in text


def test_exams_of_mirai_join_to_their_files():
    images = [
        scan_rows.row("/a/1_MLO_R.dcm", patient_id="x", laterality="R",
                      view="MLO"),
        scan_rows.row("/a/2_CC_L.dcm.gz", patient_id="x", laterality="R"),
        scan_rows.row("/a/3_CC_L", patient_id=None, laterality=None,
                      view=None),
        scan_rows.row("/a/5_CC_L.dcm", patient_id="x")]
    found, audit = scan_rows.plan_of(images, _read(_MIRAI))
    assert [(row["status"], row["patient_id"], row["laterality"], row["view"],
             row["cancer"], row["split"], row["label_rule"])
            for row in (found[image["file"]] for image in images)] == [
        ("planned", "1", "R", "MLO", 1, "test", "image"),
        ("planned", "2", "L", "CC", 0, "validation", "image"),
        ("planned", "3", "L", "CC", 0, "train", "image"),
        ("unlabelled", "x", "L", "CC", None, None, None)]
    assert audit.overruled == (1, 0)
    assert audit.unmatched == 3


@pytest.mark.parametrize("text, join", [
    ("file,cancer\na,1\n", "image"),
    ("patient_id,laterality,cancer\na,L,1\n", "breast"),
    ("patient_id,laterality,date,cancer\na,L,2014-05-06,1\n", "visit"),
    ("patient_id,laterality,date,file,cancer\na,L,nonsense,x,1\n", "image"),
])
def test_columns_tell_what_a_row_is_about(text, join):
    labels = _read(text)
    assert labels.join == join
    assert labels.rows["year"].to_pylist() == [
        2014 if join == "visit" else None]


def test_breasts_join_to_their_images():
    labels = _read("patient_id,laterality,view,cancer\n"
                   "a,L,CC,1\na,L,MLO,1\na,R,CC,0\nb,R,,0\n")
    images = [scan_rows.row(f"{patient}{side}{view}", patient_id=patient,
                            laterality=side, view=view)
              for patient in "ab" for side in "LR" for view in ("CC", "MLO")]
    found, audit = scan_rows.plan_of(images, labels)
    assert {file: row["cancer"] for file, row in found.items()} == {
        "aLCC": 1, "aLMLO": 1, "aRCC": 0, "aRMLO": 0, "bLCC": None,
        "bLMLO": None, "bRCC": 0, "bRMLO": 0}
    assert audit.unlabelled["no_diagnosis"].visits == 1
    _assert_adds_up(labels, 4)


def test_breasts_of_a_year_join_to_its_visit():
    labels = _read("patient_id;laterality;date;cancer\r\n"
                   "a;L;06-05-2014;1\r\na;L;01-02-2017;0\r\n",
                   date_format="%d-%m-%Y")
    images = [
        scan_rows.row("2014", patient_id="a",
                      study_date=datetime.date(2014, 5, 6)),
        scan_rows.row("2017", patient_id="a",
                      study_date=datetime.date(2017, 2, 1))]
    found, _ = scan_rows.plan_of(images, labels)
    assert {file: row["cancer"] for file, row in found.items()} == {
        "2014": 1, "2017": 0}


_MESSY = [
    ("byte order mark", "\ufefffile,cancer\na,1\nb,0\n"),
    ("carriage returns", "file,cancer\r\na,1\r\nb,0\r\n"),
    ("semicolons", "file;cancer\na;1\nb;0\n"),
    ("tabs", "file\tcancer\na\t1\nb\t0\n"),
    ("headers", " FILE , Cancer \na,1\nb,0\n"),
    ("quotes", '"file","cancer"\n"a\n","1"\n"b","0"\n'),
    ("floats", "file,cancer\na,1.0\nb,0.0\n"),
    ("words", "file,cancer\na,MALIGNANT\nb, Benign \n"),
    ("more columns", "x,file,cancer,,y\n,a,1,,\n7,b,0,,z\n"),
    ("blank rows", "file,cancer\n\na,1\n,\nb,0\n,,\n"),
    ("blank cells", "file,patient_id,laterality,view,birads,cancer,outcome\n"
                    "a,p,,NaN,nan,1,NA\nb,q,-,,None,0,\n"),
]


@pytest.mark.parametrize("text", [text for _, text in _MESSY],
                         ids=[name for name, _ in _MESSY])
def test_mess_changes_nothing(text):
    labels = _read(text)
    assert _said(labels, "image", "cancer", "laterality") == [
        ("a", 1, None), ("b", 0, None)]
    _assert_adds_up(labels, 2)


def test_spreadsheet_of_numbers():
    book = openpyxl.Workbook()
    for row in (["Patient ", "Side", "Cancer"], [12, "LEFT", 1.0],
                [13.0, "r", 0], [None, None, None], ["Total", None, 1]):
        book.active.append(row)
    data = io.BytesIO()
    book.save(data)
    labels = generic.read([("a.xlsx", data.getvalue())], rows.LabelOptions(
        columns={"patient_id": "patient", "laterality": "side"},
        patient_id_width=4))
    assert _said(labels, "patient_id", "laterality", "cancer") == [
        ("0012", "L", 1), ("0013", "R", 0)]
    assert labels.numeric_ids == {"0012", "0013"}
    assert labels.notes[1].endswith(
        "left out: without a side (a.xlsx, row 5)")


_LEFT_OUT = [
    ("without file", "file,cancer", ",1"),
    ("without patient_id", "patient_id,laterality,cancer", "NaN,L,1"),
    ("without patient_id", "file,patient_id,cancer", "x,,1"),
    ("of both sides", "patient_id,laterality,cancer", "a,Both,1"),
    ("of both sides", "file,laterality,cancer", "x,B,1"),
    ("without a side", "patient_id,laterality,cancer", "a,NaN,1"),
    ("without a date", "patient_id,laterality,date,cancer", "a,L,,1"),
    ("without a word on cancer", "file,cancer", "x,NaN"),
    ("without a word on cancer", "file,years_to_cancer", "x,"),
    ("without patient_id", "patient_id,laterality,cancer,split",
     ",,45 of 410,"),
]
_GOOD = {"file": "good", "patient_id": "p", "laterality": "L", "date": "2014",
         "cancer": "0", "years_to_cancer": "100", "split": "test"}


@pytest.mark.parametrize("rule, header, line", _LEFT_OUT)
def test_row_that_cannot_be_attributed_is_listed(rule, header, line):
    good = ",".join(_GOOD[name] for name in header.split(","))
    labels = _read(f"{header}\n{good}\n{line}\n")
    assert labels.rows.num_rows == 1
    assert labels.notes[1] == (
        f"label table: 1 row left out: {rule} (0.csv, row 3)")
    _assert_adds_up(labels, 2)


def test_table_of_which_no_row_can_be_used_tells_why():
    with pytest.raises(rows.LabelError,
                       match="(?s)no row .* 2 rows left out: of both sides"):
        _read("patient_id,laterality,cancer\na,B,1\nb,B,0\n")


@pytest.mark.parametrize("written, birads", [
    ("3$2", 3), ("2$4", 4), ("3$2$2", 3), ("2 $ 0", 0), ("4a$", 4)])
def test_most_severe_of_several_birads_counts(written, birads):
    labels = _read(f"file,birads,cancer\nx,{written},0\n")
    assert _said(labels, "birads") == [(birads,)]


@pytest.mark.parametrize("written, told, header_says, implant", [
    ("1", True, None, True), ("no", False, None, False),
    ("", None, None, None), ("0", False, True, True)])
def test_implant_counts_where_the_header_does_not_tell(
        written, told, header_says, implant):
    labels = _read(f"file,cancer,Implant\nx,0,{written}\n")
    assert _said(labels, "implant") == [(told,)]
    image = scan_rows.row("x", patient_id="p") | {"implant": header_says}
    found, _ = scan_rows.plan_of([image], labels)
    assert (found["x"]["cancer"], found["x"]["implant"]) == (0, implant)


def test_implant_is_of_images_only():
    labels = _read("patient_id,laterality,cancer,implant\np,L,0,1\np,L,0,0\n")
    assert _said(labels, "implant", "row") == [(None, 2)]
    assert labels.notes[-1] == (
        "0.csv: implant is not used, as its rows are about breasts")


@pytest.mark.parametrize("line, outcome, follow_up", [
    ("x,4,1,", "TP", 1), ("x,2,1,", "FN", 0), ("x,0,0,", "FP", 1),
    ("x,1,0,", "TN", 0), ("x,,1,", None, None), ("x,2,,FP", "FP", 1)])
def test_outcome_follows_or_is_told(line, outcome, follow_up):
    labels = _read(f"file,birads,cancer,outcome\n{line}\n")
    assert _said(labels, "outcome", "follow_up") == [(outcome, follow_up)]


def test_birads_stand_for_a_cancer_only_where_that_is_said():
    text = "file,birads\na,4a\nb,3\nc,\n"
    labels = _read(text, cancer_birads=frozenset({4, 5, 6}))
    assert _said(labels, "image", "cancer") == [("a", 1), ("b", 0)]
    _assert_adds_up(labels, 3)
    with pytest.raises(rows.LabelError, match="--cancer_birads"):
        _read(text)


def test_published_tables_by_named_columns():
    labels = _read(
        "Image_name,Patient_ID,Side,BIRADS,View,"
        "Pathology Classification/ Follow up\n"
        " P1_L_DM_MLO ,1,L ,4,MLO,Malignant\nP2_R_DM_CC,2,R,3$2,CC,Normal\n",
        columns={"file": "Image_name", "patient_id": "Patient_ID",
                 "laterality": "Side", "view": "View", "birads": "BIRADS",
                 "cancer": "Pathology Classification/ Follow up"})
    assert _said(labels, "image", "patient_id", "laterality", "cancer",
                 "outcome") == [("P1_L_DM_MLO", "1", "L", 1, "TP"),
                                ("P2_R_DM_CC", "2", "R", 0, "TN")]


_WRONG = [
    ("cancer is none of", "file,cancer\na,maybe\n"),
    ("view is none of", "file,view,cancer\na,front,1\n"),
    ("laterality is neither", "file,laterality,cancer\na,up,1\n"),
    ("birads is not a BI-RADS", "file,birads,cancer\na,9,1\n"),
    ("years_to_cancer is not a whole number", "file,years_to_cancer\na,-1\n"),
    ("years_to_cancer is not a whole number", "file,years_to_cancer\na,0.5\n"),
    ("implant is none of", "file,cancer,implant\na,1,left\n"),
    ("split is none of", "file,cancer,split\na,1,fold3\n"),
    ("split is missing", "file,cancer,split\na,1,\n"),
    ("cancer and years_to_cancer contradict",
     "file,cancer,years_to_cancer\na,1,4\n"),
    ("cancer and outcome contradict", "file,cancer,outcome\na,1,FP\n"),
    ("date is not an ISO date",
     "patient_id,laterality,date,cancer\na,L,6/5/2014,1\n"),
]


@pytest.mark.parametrize("message, text", _WRONG)
def test_cell_that_cannot_be_used_is_an_error_with_its_row(message, text):
    with pytest.raises(rows.LabelError, match=f"0.csv, row 2: {message}"):
        _read(text)


@pytest.mark.parametrize("message, texts", [
    ("no column 'cancer'", ["file,cancr\na,1\n"]),
    ("no column 'laterality'", ["patient_id,cancer\na,1\n"]),
    ("no column 'patient_id'", ["laterality,cancer\nL,1\n"]),
    ("1.csv has not the columns", ["file,cancer\na,1\n",
                                   "patient_id,laterality,cancer\na,L,1\n"]),
    ("1.csv has not the columns", ["file,cancer\na,1\n",
                                   "file,cancer,split\nb,1,test\n"]),
    ("2 columns 'file'", ["file,file,cancer\na,a,1\n"]),
])
def test_columns_that_do_not_do_are_an_error(message, texts):
    with pytest.raises(rows.LabelError, match=message):
        _read(*texts)


def test_identical_rows_count_once_and_contradictions_never():
    labels = _read("file,cancer\na.png,1\na.dcm,1\nb,0\n")
    assert _said(labels, "image", "row") == [("a", 2), ("b", 4)]
    _assert_adds_up(labels, 3)
    text = "file,cancer\na,1\nb,0\na,0\na,1\nb,0\n"
    with pytest.raises(rows.LabelError,
                       match="one image:\n  0.csv, rows 2, 4, 5\nMend"):
        _read(text)
    labels = _read(text, conflicts="drop")
    assert _said(labels, "image", "cancer", "contradicting") == [
        ("a", None, True), ("b", 0, False)]
    _assert_adds_up(labels, 5)
    found, _ = scan_rows.plan_of(
        [scan_rows.row("a", patient_id="p"),
         scan_rows.row("b", patient_id="p")],
        labels, plan.PlanRules(label_conflicts="drop"))
    assert found["a"]["reason"] == "contradicting_diagnosis"
    assert found["b"]["cancer"] == 0


@pytest.mark.parametrize("text, what", [
    ("patient_id,laterality,cancer\na,L,1\na,L,0\n", "patient and side"),
    ("patient_id,laterality,date,cancer\na,L,2014,1\na,L,2014-03-01,0\n",
     "patient, side and year")])
def test_contradiction_is_of_the_key(text, what):
    with pytest.raises(rows.LabelError, match=f"for one {what}:"):
        _read(text)


def test_one_name_in_several_folders_is_matched_by_path_or_not_at_all():
    labels = _read("file,patient_id,cancer\n"
                   "D1/s/1-1.dcm,D1,1\nD2/s/1-1.dcm,D2,0\nD1/s/1-2.dcm,D1,1\n")
    images = [scan_rows.row(file, patient_id="x") for file in (
        "/a/D1/s/1-1.dcm", "/a/D2/s/1-1.dcm", "/a/D3/s/1-1.dcm",
        "/a/D1/s/1-2.dcm", "/a/1-1.dcm")]
    found, _ = scan_rows.plan_of(images, labels)
    assert [found[image["file"]]["cancer"] for image in images] == [
        1, 0, None, 1, None]
    assert "1 file name in several folders" in labels.notes[-1]


def test_row_that_fits_several_files_is_of_none():
    labels = _read("file,cancer\nD1/1-1.png,1\nD1/1-2.png,1\n")
    images = [scan_rows.row("/a/D1/1-1.dcm", patient_id="p"),
              scan_rows.row("/a/D2/1-1.dcm", patient_id="q", laterality="R"),
              scan_rows.row("/a/D1/1-2.dcm", patient_id="p"),
              scan_rows.row("/a/D2/1-2.dcm", patient_id="q")]
    found, audit = scan_rows.plan_of(
        images, labels, rejected={"/a/D2/1-2.dcm": "duplicate_identical"})
    assert [(found[image["file"]]["reason"], found[image["file"]]["cancer"])
            for image in images] == [
        ("ambiguous_image", None), ("ambiguous_image", None), (None, 1),
        ("duplicate_identical", None)]
    assert audit.unlabelled["ambiguous_image"].images == 2


def test_hashed_ids_of_breasts_but_not_of_images():
    options = {"transform_id": lambda patient_id: f"<{patient_id}>",
               "patient_id_width": 3}
    labels = _read("patient_id,laterality,cancer\n7,L,1\n", **options)
    assert _said(labels, "patient_id") == [("<007>",)]
    with pytest.raises(rows.LabelError, match="--patient_ids=hash"):
        _read("file,patient_id,cancer\nx,7,1\n", **options)
