"""VinDr-Mammo's tables: images of breasts, and what lies beside them."""

import collections
import hashlib

import pytest

from pipelines import plan
from pipelines.labels import formats, rows, vindr
from tests import image_tables, label_dialects, scan_rows

_BREASTS = ("study_id", "series_id", "image_id", "laterality",
            "view_position", "height", "width", "breast_birads",
            "breast_density", "split")
_FINDINGS = (*_BREASTS, "finding_categories", "finding_birads", "xmin",
             "ymin", "xmax", "ymax")
_METADATA = ("SOP Instance UID", "Series Instance UID", "Patient's Age",
             "View Position", "Manufacturer")
_STUDIES = 5000


def _id(name: str) -> str:
    return hashlib.md5(name.encode(), usedforsecurity=False).hexdigest()


def _row(study=0, side="L", view="CC", birads="BI-RADS 1", split="training"):
    return [_id(f"study {study}"), _id(f"series {study}"),
            _id(f"{study} {side} {view}"), side, view, 3518, 2800, birads,
            "DENSITY C", split]


def _whole() -> list[list]:
    """As many rows as VinDr-Mammo has: a fifth is its test set."""
    return [_row(study, side, view,
                 f"BI-RADS {1 + (study * 7 + (side == 'L')) % 5}",
                 "test" if study >= 4000 else "training")
            for study in range(_STUDIES) for side in "LR"
            for view in ("CC", "MLO")]


def _breasts(*lines) -> tuple[str, bytes]:
    return ("breast-level_annotations.csv",
            image_tables.table(_BREASTS, lines))


def _findings(*lines) -> tuple[str, bytes]:
    """One row for each, and a second finding of every third."""
    found = [["No Finding"], ["Mass", "Skin Thickening"]]
    lines = [[*line, str(found[number % 2]), "BI-RADS 4", 1.5, 2, 3, 4]
             for number, line in enumerate(lines)]
    return "finding_annotations.csv", image_tables.table(
        _FINDINGS, lines + lines[::3])


_OTHER = "metadata.csv", image_tables.table(
    _METADATA, [[_id("0 L CC"), "1.2", "049Y", "CC", "SIEMENS"]])


def test_row_is_read_as_it_is():
    labels = image_tables.read(vindr, _breasts(_row(birads="BI-RADS 5")))
    assert labels.rows.to_pylist() == [{
        "row": 2, "source": "breast-level_annotations.csv",
        "patient_id": _id("study 0"), "laterality": "L", "year": None,
        "birads": 5, "birads_1": 5, "birads_2": None, "birads_3": None,
        "cancer": 1, "outcome": "TP", "follow_up": 1,
        "official_split": "train", "contradicting": False,
        "image": _id("0 L CC"), "view": "CC", "rule": None,
        "implant": None}]


@pytest.fixture(scope="module")
def whole() -> rows.LabelTable:
    lines = _whole()
    # Breast by breast, and finding by finding, with what lies beside them.
    return image_tables.read(
        vindr, _findings(*lines), _breasts(*lines), _OTHER)


def test_whole_table(whole):
    assert whole.notes == (
        "label table: 20,000 rows read: 20,000 used, 0 left out",
        "label table: there is no pathology; a cancer is BI-RADS 5 "
        "(--cancer_birads): 4,000 images",
        "metadata.csv is not used: it has no column image_id, laterality, "
        "breast_birads",
        "finding_annotations.csv is not used: it repeats what the others say")
    assert set(whole.rows["source"].to_pylist()) == {
        "breast-level_annotations.csv"}
    assert collections.Counter(whole.rows["official_split"].to_pylist()) == {
        "train": 16000, "test": 4000}
    assert collections.Counter(whole.rows["outcome"].to_pylist()) == {
        "TN": 12000, "FP": 4000, "TP": 4000}


def test_files_join_by_name_and_keep_their_split(whole):
    images = [
        scan_rows.row(f"images/{line[0]}/{line[2]}.dicom", patient_id="other",
                      laterality=line[3], view=line[4])
        for line in _whole()]
    images.append(scan_rows.row(f"images/{_id('study 0')}/new.dicom",
                                patient_id="other"))
    found, audit = scan_rows.plan_of(images, whole,
                                     plan.PlanRules(splits="official"))
    assert audit.matched["image"].images == 20000 == audit.diagnoses
    assert audit.unmatched == 0 and audit.overruled == (0, 0)
    assert found[images[-1]["file"]]["reason"] == "no_diagnosis"
    assert found[images[-1]["file"]]["patient_id"] == _id("study 0")
    splits = collections.defaultdict(set)
    for row in found.values():
        if row["status"] == "planned":
            splits[row["patient_id"]].add(row["split"])
    assert len(splits) == _STUDIES
    assert {study for study, names in splits.items() if names == {"test"}} == {
        _id(f"study {number}") for number in range(4000, _STUDIES)}
    assert all(len(names) == 1 for names in splits.values())


def test_findings_serve_where_they_are_alone():
    lines = [_row(study, birads=f"BI-RADS {1 + study % 5}")
             for study in range(30)]
    labels = image_tables.read(vindr, _findings(*lines), _OTHER)
    expected = image_tables.read(vindr, _breasts(*lines)).rows
    names = [name for name in expected.column_names if name != "source"]
    assert labels.rows.select(names).equals(expected.select(names))
    assert ("label table: 10 rows left out: as another row has it, counted "
            "once (finding_annotations.csv, rows 32, 33, 34, 35, 36, ...)"
            in labels.notes)


@pytest.mark.parametrize("dialect", label_dialects.DIALECTS)
def test_table_is_read_however_it_is_saved(dialect):
    name, data = _breasts(_row(0), _row(1, "R", "MLO", "BI-RADS 4", "test"))
    data = label_dialects.saved(data, dialect)
    found = image_tables.read(vindr, (name, data)).rows.to_pylist()
    assert [(row["image"], row["laterality"], row["view"],
             row["birads"], row["official_split"]) for row in found] == [
        (_id("0 L CC"), "L", "CC", 1, "train"),
        (_id("1 R MLO"), "R", "MLO", 4, "test")]


@pytest.mark.parametrize("chosen, cancers", [
    (None, [0, 0, 0, 0, 1]), (frozenset({4, 5}), [0, 0, 0, 1, 1])])
def test_birads_tell_of_a_cancer(chosen, cancers):
    labels = image_tables.read(vindr, _breasts(
        *(_row(number, birads=f"BI-RADS {number}")
          for number in range(1, 6))), cancer_birads=chosen)
    assert labels.rows["cancer"].to_pylist() == cancers


@pytest.mark.parametrize("change, rule", [
    ({"side": ""}, "without laterality"), ({"side": "B"}, "of both sides"),
    ({"birads": "nan"}, "without breast_birads"),
    ({"split": ""}, "without split"),
])
def test_row_of_no_image_is_left_out_by_rule(change, rule):
    labels = image_tables.read(vindr, _breasts(_row(0), _row(1, **change)))
    assert labels.rows["image"].to_pylist() == [_id("0 L CC")]
    assert (f"label table: 1 row left out: {rule} "
            "(breast-level_annotations.csv, row 3)" in labels.notes)


def test_split_may_be_absent_altogether():
    labels = image_tables.read(vindr, _breasts(
        _row(0, split=""), _row(1, split="")))
    assert labels.rows["official_split"].to_pylist() == [None, None]


def test_different_rows_for_one_image():
    lines = _row(), _row(1), _row(birads="BI-RADS 2"), _row()
    with pytest.raises(rows.LabelError, match="csv, rows 2, 4"):
        image_tables.read(vindr, _breasts(*lines))
    labels = image_tables.read(vindr, _breasts(*lines), conflicts="drop")
    assert labels.rows["contradicting"].to_pylist() == [True, False]
    assert labels.rows["birads"].to_pylist() == [None, 1]
    assert labels.notes[1] == (
        "label table: 3 rows left out: contradicting another row for its "
        "image, all of them dropped (breast-level_annotations.csv, rows 2, "
        "4, 5)")


@pytest.mark.parametrize("file, patient", [
    (f"images/{'0a' * 16}/{'1b' * 16}.dicom", "0a" * 16),
    ("flat/1b.dicom", "PatientID"), ("1b.dicom", "PatientID")])
def test_patient_of_a_file_is_its_study(file, patient):
    assert vindr.patient_of(file, "PatientID") == patient


@pytest.mark.parametrize("files, message", [
    ([_OTHER], "metadata.csv has no column 'image_id'"),
    ([_breasts()], "no row of breast-level_annotations.csv can"),
    ([_breasts(_row(birads="BI-RADS 9"))], "row 2: birads_1 is not"),
    ([_breasts(_row(split="later"))], "row 2: official_split is none of"),
])
def test_tables_that_cannot_be_used(files, message):
    with pytest.raises(rows.LabelError, match=message):
        image_tables.read(vindr, *files)


def test_table_of_another_format_is_named():
    with pytest.raises(rows.LabelError, match="--labels_format=vindr"):
        formats.read("register", [_OTHER, _breasts(_row())],
                     rows.LabelOptions())
