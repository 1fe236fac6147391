"""RSNA 2023's train.csv: cancers of breasts, told image by image."""

import collections

import pytest

from pipelines import plan
from pipelines.labels import formats, rows, rsna
from tests import image_tables, label_dialects, scan_rows

_TRAIN = ("site_id", "patient_id", "image_id", "laterality", "view", "age",
          "cancer", "biopsy", "invasive", "BIRADS", "implant", "density",
          "machine_id", "difficult_negative_case")
_TEST = ("site_id", "patient_id", "image_id", "laterality", "view", "age",
         "implant", "machine_id", "prediction_id")
_IMAGES = 54_706


def _row(image=1, patient=10006, side="L", view="CC", **said):
    said = {"cancer": 0, "BIRADS": "", "implant": 0} | said
    return [2, patient, image, side, view, 61.0, said["cancer"], 0, 0,
            said["BIRADS"], said["implant"], "", 29, "False"]


def _train(*lines) -> tuple[str, bytes]:
    return "train.csv", image_tables.table(_TRAIN, lines)


_UNLABELLED = "test.csv", image_tables.table(
    _TEST, [[2, 10008, 736471439, "L", "MLO", 81, 0, 21, "10008_L"]])


def _whole() -> list[list]:
    """As many rows as the RSNA's: BI-RADS of half, cancers of one in 48."""
    return [_row(1_000_000 + number, 5 + number // 4, "LR"[number // 2 % 2],
                 ("CC", "MLO", "AT", "LM", "ML", "LMO")[
                     number % 2 if number % 1000 else number // 1000 % 6],
                 cancer=int(number // 2 % 48 == 0),
                 BIRADS=("", "0.0", "nan", "1.0", "2", "0")[number // 2 % 6],
                 implant=int(number // 4 % 37 == 0))
            for number in range(_IMAGES)]


@pytest.fixture(scope="module")
def whole() -> rows.LabelTable:
    return image_tables.read(rsna, _train(*_whole()), _UNLABELLED)


def test_row_is_read_as_it_is():
    labels = image_tables.read(rsna, _train(
        _row(462822612, cancer=1, BIRADS="0.0", implant="1")))
    assert labels.rows.to_pylist() == [{
        "row": 2, "source": "train.csv", "patient_id": "10006",
        "laterality": "L", "year": None, "birads": 0, "birads_1": 0,
        "birads_2": None, "birads_3": None, "cancer": 1, "outcome": "TP",
        "follow_up": 1, "official_split": None, "contradicting": False,
        "image": "462822612", "view": "CC", "rule": None, "implant": True}]


def test_whole_table(whole):
    assert whole.notes == (
        "label table: 54,706 rows read: 54,706 used, 0 left out",
        "test.csv is not used: it has no column cancer")
    found = whole.rows.to_pylist()
    lines = _whole()
    assert [row["image"] for row in found] == [str(line[2]) for line in lines]
    assert [row["cancer"] for row in found] == [line[6] for line in lines]
    assert collections.Counter(
        (row["birads"], row["follow_up"]) for row in found) == {
        (None, None): 18236, (0, 1): 18234, (1, 0): 9118, (2, 0): 9118}
    assert all((row["outcome"] is None) == (row["birads"] is None)
               for row in found)


def test_files_join_by_name(whole):
    lines = _whole()[:4000]
    # Headers that know neither side, view nor implant, or know better.
    images = [scan_rows.row(f"train_images/{line[1]}/{line[2]}.dcm",
                            patient_id=str(line[1]), laterality=None,
                            view=None)
              for line in lines]
    images[1] |= {"implant": False}
    images[4] |= {"implant": True, "laterality": "R", "view": "MLO"}
    found, audit = scan_rows.plan_of(images, whole,
                                     plan.PlanRules(exclude_implants=True))
    assert audit.matched["image"].images == 4000
    assert audit.unmatched == _IMAGES - 4000
    assert audit.overruled == (1, 1)
    for number, (image, line) in enumerate(zip(images, lines)):
        row = found[image["file"]]
        assert (row["patient_id"], row["laterality"], row["view"]) == (
            str(line[1]), line[3], line[4])
        implant = bool(line[10]) if number not in (1, 4) else number == 4
        assert row["implant"] == implant
        assert row["cancer"] == line[6]
        assert row["reason"] == (
            "other_view" if line[4] not in ("CC", "MLO") else
            "implant" if implant else
            "interval_cancer" if row["outcome"] == "FN" else None)


@pytest.mark.parametrize("dialect", label_dialects.DIALECTS)
def test_table_is_read_however_it_is_saved(dialect):
    name, data = _train(_row(1, BIRADS="1.0"),
                        _row("2.0", "10006.0", "R", "MLO", cancer="1.0"))
    data = label_dialects.saved(data, dialect)
    found = image_tables.read(rsna, (name, data)).rows.to_pylist()
    assert [(row["image"], row["patient_id"], row["laterality"], row["view"],
             row["birads"], row["cancer"]) for row in found] == [
        ("1", "10006", "L", "CC", 1, 0), ("2", "10006", "R", "MLO", None, 1)]


@pytest.mark.parametrize("blank", ["", "nan", "NaN", "NA", "None", "<NA>"])
def test_blank_cells(blank):
    row, = image_tables.read(rsna, _train(
        _row(1, blank, view=blank, BIRADS=blank, implant=blank, cancer=1),
    )).rows.to_pylist()
    assert (row["patient_id"], row["view"], row["birads"], row["implant"]) == (
        "", None, None, None)
    assert (row["cancer"], row["follow_up"], row["outcome"]) == (
        1, None, None)


def test_patient_is_that_of_the_header_where_the_table_does_not_tell():
    labels = image_tables.read(rsna, _train(_row(1, ""), _row(2, "")))
    images = [scan_rows.row("a/1.dcm", patient_id="10006"),
              scan_rows.row("a/2.dcm")]
    found, _ = scan_rows.plan_of(images, labels)
    assert found["a/1.dcm"]["patient_id"] == "10006"
    assert found["a/2.dcm"]["reason"] == "no_patient_id"


@pytest.mark.parametrize("line, rule", [
    (_row(2, side=""), "without laterality"),
    (_row(2, side="Both"), "of both sides"),
    (_row(2, cancer="nan"), "without cancer"),
    (_row(""), "without image_id"),
])
def test_row_of_no_image_is_left_out_by_rule(line, rule):
    labels = image_tables.read(rsna, _train(*[line] * 7, _row(1)))
    assert labels.rows["image"].to_pylist() == ["1"]
    assert (f"label table: 7 rows left out: {rule} (train.csv, rows 2, 3, 4, "
            "5, 6, ...)" in labels.notes)


@pytest.mark.parametrize("change", [
    {"cancer": 1}, {"BIRADS": "2"}, {"side": "R"}, {"patient": 7},
    {"view": "MLO"}, {"implant": 1}])
def test_different_rows_for_one_image(change):
    lines = _row(1), _row(2), _row(1, **change), _row(1, cancer=1)
    with pytest.raises(rows.LabelError, match="train.csv, rows 2, 4, 5"):
        image_tables.read(rsna, _train(*lines))
    labels = image_tables.read(rsna, _train(*lines), conflicts="drop")
    images = [scan_rows.row(f"{image}.dcm", patient_id="10006")
              for image in (1, 2)]
    found, audit = scan_rows.plan_of(
        images, labels, plan.PlanRules(label_conflicts="drop"))
    assert found["1.dcm"]["reason"] == "contradicting_diagnosis"
    assert found["2.dcm"]["status"] == "planned"
    assert audit.diagnoses == 2


@pytest.mark.parametrize("files, message", [
    ([_UNLABELLED], "test.csv has no column 'cancer'.*only train.csv tells"),
    ([_train(_row(1, side="X"))], "row 2: laterality is neither L, R"),
    ([_train(_row(1, cancer="2"))], "row 2: cancer is none of 0, 1"),
    ([_train(_row(1, implant="?"))], "row 2: implant is none of 0, 1"),
    ([_train(_row(1, cancer=""))],
     "(?s)no row of train.csv can be used.* 1 row left out: without cancer"),
])
def test_tables_that_cannot_be_used(files, message):
    with pytest.raises(rows.LabelError, match=message):
        image_tables.read(rsna, *files)


def test_lost_zeros_can_be_put_back():
    labels = image_tables.read(rsna, _train(_row(1, 7)), patient_id_width=5)
    assert labels.rows["patient_id"].to_pylist() == ["00007"]


def test_table_of_another_format_is_named():
    with pytest.raises(rows.LabelError, match="--labels_format=rsna"):
        formats.read("register", [_train(_row())], rows.LabelOptions())
