"""INbreast's sheet and its copy: images whose patient only files tell."""

import itertools

import pytest

from pipelines import plan
from pipelines.labels import formats, inbreast, rows
from tests import image_tables, label_dialects, old_excel, scan_rows

_CSV = ("Patient ID", "Patient age", "Laterality", "View", "Acquisition date",
        "File Name", "ACR", "Bi-Rads")
_XLS = ("Patient ID", "Patient age", "Laterality", "View", "Acquisition date",
        "File Name ", "ACR", "Bi-Rads", "Mass ", "Micros ", "Distortion",
        "Asymmetry", "Findings Notes (in Portuguese)", "Other Notes",
        "Lesion Annotation Status", "Pectoral Muscle Annotation",
        "Other Annotations")
_FOOTER = [[None] * 8 + [107.0, 301.0, "x", 5.0],
           ["Total", None, None, None, None, None, None, "410 images"]]
_BIRADS = ("1", "2", "3", "4a", "4b", "4c", "5", "6")


def _row(number, side="R", view="CC", birads="2"):
    return ["removed", "removed", side, view, 201001.0, float(number), 4.0,
            float(birads) if birads.isdigit() else birads]


def _csv(*lines, header=_CSV) -> tuple[str, bytes]:
    return "INbreast.csv", image_tables.table(
        header, [[int(cell) if isinstance(cell, float) else cell
                  for cell in line] for line in lines], ";")


def _xls(*lines, footer=()) -> tuple[str, bytes]:
    notes = [None, None, None, None, "calcificações", None,
             "NO ANNOTATION (NORMAL)", None, None]
    return "INbreast.xls", old_excel.xls(
        [_XLS, *([*line, *notes] for line in lines), *footer])


def _whole() -> list[list]:
    """As many rows as INbreast has."""
    return [_row(20586908 + 2 * number, "LR"[number % 2],
                 ("CC", "MLO")[number // 2 % 2],
                 _BIRADS[number // 4 % len(_BIRADS)])
            for number in range(410)]


def _file(number, patient, side="R", view="CC") -> str:
    return (f"AllDICOMs/{number}_{patient:016x}_MG_{side}_"
            f"{'ML' if view == 'MLO' else view}_ANON.dcm")


def test_row_is_read_as_it_is():
    labels = image_tables.read(
        inbreast, _csv(_row(20586908, "L", "MLO", "4a")))
    assert labels.rows.to_pylist() == [{
        "row": 2, "source": "INbreast.csv", "patient_id": "",
        "laterality": "L", "year": None, "birads": 4, "birads_1": 4,
        "birads_2": None, "birads_3": None, "cancer": 1, "outcome": "TP",
        "follow_up": 1, "official_split": None, "contradicting": False,
        "image": "20586908", "view": "MLO", "rule": None, "implant": None}]


@pytest.mark.parametrize("written, view", [
    ("CC", "CC"), ("MLO", "MLO"), ("ML", "MLO"), ("cc", "CC"), ("FB", "FB"),
    ("", None)])
def test_view_ml_is_mlo(written, view):
    labels = image_tables.read(inbreast, _csv(_row(1, view=written)))
    assert labels.rows["view"].to_pylist() == [view]


@pytest.mark.parametrize("files", [
    [_csv(*_whole())], [_xls(*_whole(), footer=_FOOTER)],
    [_csv(*_whole()), _xls(*_whole(), footer=_FOOTER)]],
    ids=["csv", "xls", "both"])
def test_sheet_and_copy_say_the_same(files):
    labels = image_tables.read(inbreast, *files)
    expected = image_tables.read(inbreast, _csv(*_whole())).rows
    names = [name for name in expected.column_names if name != "source"]
    assert labels.rows.select(names).equals(expected.select(names))
    assert len(labels.rows) == 410
    assert [note for note in labels.notes if "without" in note] == [
        "label table: 2 rows left out: without File Name (INbreast.xls, rows "
        "412, 413)"] * ("INbreast.xls" in dict(files))
    assert [note for note in labels.notes if "counted once" in note] == [
        "label table: 410 rows left out: as another row has it, counted once "
        "(INbreast.xls, rows 2, 3, 4, 5, 6, ...)"] * (len(files) - 1)


@pytest.mark.parametrize("dialect", label_dialects.DIALECTS)
def test_table_is_read_however_it_is_saved(dialect):
    name, data = _csv(_row(1), _row(2, "L", "MLO", "4c"))
    data = label_dialects.saved(data.replace(b";", b","), dialect)
    found = image_tables.read(inbreast, (name, data)).rows.to_pylist()
    assert [(row["image"], row["laterality"], row["view"], row["birads"])
            for row in found] == [("1", "R", "CC", 2), ("2", "L", "MLO", 4)]


@pytest.mark.parametrize("chosen, cancers, note", [
    (None, [0, 0, 0, 1, 1, 1, 1, 1],
     "a cancer is BI-RADS 4, 5, 6 (--cancer_birads): 5 images"),
    (frozenset({5, 6}), [0, 0, 0, 0, 0, 0, 1, 1],
     "a cancer is BI-RADS 5, 6 (--cancer_birads): 2 images"),
    (frozenset({3, 6}), [0, 0, 1, 0, 0, 0, 0, 1], "(FN)"),
])
def test_birads_tell_of_a_cancer(chosen, cancers, note):
    labels = image_tables.read(
        inbreast, _csv(*(_row(number, birads=birads)
                         for number, birads in enumerate(_BIRADS))),
        cancer_birads=chosen)
    assert labels.rows["birads"].to_pylist() == [1, 2, 3, 4, 4, 4, 5, 6]
    assert labels.rows["cancer"].to_pylist() == cancers
    assert any(note in one for one in labels.notes)


@pytest.mark.parametrize("file, image, patient", [
    ("A/20586908_6c613a14b80a8591_MG_R_CC_ANON.dcm", "20586908",
     "6c613a14b80a8591"),
    ("20586908_6C613A14B80A8591_MG_R_ML_ANON.DCM.gz", "20586908",
     "6c613a14b80a8591"),
    ("20586908.dcm", "20586908", None),
    ("20586908.xml", None, None),
    ("AllROI/20586908.roi", None, None),
    ("IM0001.dcm", None, None),
])
def test_file_tells_image_and_patient(file, image, patient):
    labels = image_tables.read(inbreast, _csv(_row(1)))
    assert labels.image_of(file) == image
    assert labels.patient_of(file, "removed") == patient


@pytest.mark.parametrize("line, rule", [
    (_row(3, side=""), "without Laterality"),
    (_row(3, side="nan"), "without Laterality"),
    (_row(3, side="B"), "of both sides"),
    (_row(3, birads="NaN"), "without Bi-Rads"),
    ([*_row(3)[:5], "", 4, "?"], "without File Name"),
    ([*_row(3)[:5], "IM03", 4, "2"], "whose File Name is no number"),
])
def test_row_of_no_image_is_left_out_by_rule(line, rule):
    labels = image_tables.read(inbreast, _csv(_row(1), line, _row(2), line))
    assert labels.rows["image"].to_pylist() == ["1", "2"]
    assert (f"label table: 2 rows left out: {rule} (INbreast.csv, rows 3, 5)"
            in labels.notes)


@pytest.mark.parametrize("line, message", [
    (_row(3, side="U"), "laterality is neither L, R"),
    (_row(3, birads="7"), "birads_1 is not a BI-RADS"),
    (_row(3, view="?"), "view is not the code of a view"),
])
def test_cell_that_cannot_be_used_is_an_error_with_its_row(line, message):
    with pytest.raises(rows.LabelError, match=f"csv, row 3: {message}"):
        image_tables.read(inbreast, _csv(_row(1), line))


def test_sheet_and_copy_that_differ_contradict():
    files = _csv(_row(1), _row(2)), _xls(_row(1), _row(2, birads="5"))
    with pytest.raises(rows.LabelError, match="different rows for one image:\n"
                       "  INbreast.csv, row 3; INbreast.xls, row 3"):
        image_tables.read(inbreast, *files)
    labels = image_tables.read(inbreast, *files, conflicts="drop")
    assert labels.rows["contradicting"].to_pylist() == [False, True]
    assert labels.rows["cancer"].to_pylist() == [0, None]


def test_table_of_another_format_is_named():
    with pytest.raises(rows.LabelError, match="--labels_format=inbreast"):
        formats.read("vindr", [_xls(_row(1))], rows.LabelOptions())


def test_hashing_is_refused():
    with pytest.raises(rows.LabelError, match="--patient_ids=hash"):
        image_tables.read(inbreast, _csv(_row(1)), transform_id=str.lower)


def test_files_join_by_their_number_and_split_by_their_patient():
    lines = _whole()
    images = [
        scan_rows.row(_file(int(line[5]), number // 4, line[2], line[3]),
                      patient_id="removed", laterality=line[2],
                      view="ML" if line[3] == "MLO" else "CC")
        for number, line in enumerate(lines)]
    images += [
        # Not in the table; of a patient whom no name tells.
        scan_rows.row(_file(99, 1), patient_id="removed"),
        scan_rows.row("Copies/20586908.dcm", patient_id="removed")]
    labels = image_tables.read(inbreast, _xls(*lines, footer=_FOOTER))
    found, audit = scan_rows.plan_of(images, labels,
                                     plan.PlanRules(splits="hash"))
    planned = [row for row in found.values() if row["status"] == "planned"]
    assert len(planned) == 410 == audit.matched["image"].images
    assert {row["view"] for row in planned} == {"CC", "MLO"}
    assert audit.overruled == (0, 204) and audit.unmatched == 0
    assert sum(row["cancer"] for row in planned) == sum(
        str(line[7])[0] in "456" for line in lines)
    splits = {(row["patient_id"], row["split"]) for row in planned}
    assert len(splits) == 103 == len({patient for patient, _ in splits})
    assert [found[image["file"]]["reason"] for image in images[-2:]] == [
        "no_diagnosis", "no_patient_id"]
    for image, line in itertools.islice(zip(images, lines), 8):
        assert found[image["file"]]["birads"] == int(float(str(line[7])[0]))
