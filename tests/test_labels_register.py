"""The register reader: columns, cells, BI-RADS, outcome, contradictions."""

import datetime
import io

import openpyxl
import pyarrow as pa
import pytest
from pyarrow import parquet

from pipelines.labels import cells, ids, register, rows
from tests import label_dialects

_HEADER = ("patient_id", "laterality", "diagnosis_date", "birads_1",
           "birads_2", "birads_3", "cancer", "outcome")
_USUAL = dict(zip(_HEADER, (
    "000123", "L", "2014-01-01", "1", "1", "", "0", "")))


def _csv(*changes: dict, header=_HEADER) -> bytes:
    """A register with one usual row for each dict of what is changed in it."""
    lines = [header] + [tuple((_USUAL | change)[name] for name in _HEADER)
                        for change in changes]
    return "\n".join(",".join(line) for line in lines).encode()


def _read(data: bytes, **options) -> rows.LabelTable:
    return register.read([("labels.csv", data)], rows.LabelOptions(**options))


def _row(change: dict, **options) -> dict:
    row, = _read(_csv(change), **options).rows.to_pylist()
    return row


def test_row_is_read_as_it_is():
    labels = _read(_csv({}))
    assert labels.rows.schema == rows.LABEL_SCHEMA
    assert labels.join == "visit"
    assert labels.rows.to_pylist() == [{
        "row": 2, "source": "labels.csv", "patient_id": "000123",
        "laterality": "L", "year": 2014, "birads": 1, "birads_1": 1,
        "birads_2": 1, "birads_3": None, "cancer": 0, "outcome": "TN",
        "follow_up": 0, "official_split": None, "contradicting": False,
        "image": None, "view": None, "rule": None, "implant": None}]
    assert labels.patient_of("file", "p") == "p"
    assert labels.excluded_of("p") is None
    assert labels.notes == ("label table: 1 row read: 1 used, 0 left out",)


def test_csv_xlsx_and_parquet_say_the_same():
    book = openpyxl.Workbook()
    book.active.append(_HEADER)
    book.active.append(["000123", "L", datetime.date(2014, 1, 1), 1, 1, None,
                        0, None])
    xlsx, table = io.BytesIO(), io.BytesIO()
    book.save(xlsx)
    parquet.write_table(pa.table({
        "patient_id": ["000123"], "laterality": ["L"],
        "diagnosis_date": [datetime.date(2014, 1, 1)], "birads_1": [1.0],
        "birads_2": [1], "birads_3": [float("nan")], "cancer": [False],
        "outcome": pa.array([None], pa.string())}), table)
    expected = _read(_csv({})).rows
    assert _read(xlsx.getvalue()).rows.equals(expected)
    assert _read(table.getvalue()).rows.equals(expected)


# The readings, and the category that decides: severity 6 5 4 0 3 2 1.
@pytest.mark.parametrize("first, second, third, birads, follow_up", [
    ("1", "1", "", 1, 0), ("1", "2", "", 2, 0), ("3", "2", "", 3, 0),
    ("3", "0", "", 0, 1), ("0", "4", "", 4, 1), ("5", "4", "", 5, 1),
    ("5", "6", "", 6, 1), ("4", "5", "1", 1, 0), ("1", "1", "0", 0, 1),
    ("2", "", "", 2, 0), ("", "4", "", 4, 1), ("", "", "3", 3, 0),
    ("", "", "", None, None),
])
def test_deciding_reading(first, second, third, birads, follow_up):
    row = _row({"birads_1": first, "birads_2": second, "birads_3": third})
    assert (row["birads"], row["follow_up"]) == (birads, follow_up)


@pytest.mark.parametrize("cancer, birads, outcome, expected", [
    ("1", "4", "", (1, "TP", 1)), ("1", "3", "", (1, "FN", 0)),
    ("0", "0", "", (0, "FP", 1)), ("0", "2", "", (0, "TN", 0)),
    ("1", "", "", (1, None, None)), ("0", "", "", (0, None, None)),
    ("1", "4", "TP", (1, "TP", 1)), ("", "", "fn", (1, "FN", 0)),
    # BI-RADS that contradict the outcome: the outcome counts.
    ("1", "1", "TP", (1, "TP", 1)), ("0", "5", "TN", (0, "TN", 0)),
])
def test_outcome(cancer, birads, outcome, expected):
    row = _row({"cancer": cancer, "birads_1": birads, "birads_2": "",
                "outcome": outcome})
    assert (row["cancer"], row["outcome"], row["follow_up"]) == expected


def test_birads_that_contradict_the_outcome_are_noted_with_their_rows():
    labels = _read(_csv({}, {"laterality": "R", "outcome": "FP"}))
    assert labels.rows.to_pylist()[1]["birads"] == 1
    assert labels.notes[1:] == (
        "label table: 1 row with BI-RADS that contradict its outcome, which "
        "counts (labels.csv, row 3)",)


@pytest.mark.parametrize("name, text, value", [
    *(("laterality", text, "L") for text in ("l", "LEFT", "left", " L ")),
    *(("laterality", text, "R") for text in ("r", "RIGHT", "Right")),
    *(("cancer", text, 1) for text in ("1", "true", "YES", "1.0")),
    *(("cancer", text, 0) for text in ("0", "False", "no")),
    *(("birads_1", text, 4) for text in (
        "4", "4a", "4C", "BI-RADS 4", "birads 4b", "BIRADS4", "4.0")),
    *(("birads_1", text, None) for text in ("", "NA", "nan", "-")),
    *(("year", text, 2014) for text in (
        "2014-01-01", "20140101", "2014-01-01T00:00:00",
        "2014-01-01 00:00:00", "2014")),
])
def test_cells_as_people_write_them(name, text, value):
    column = "diagnosis_date" if name == "year" else name
    assert _row({column: text})[name] == value


def test_date_format_is_followed_but_not_by_real_dates():
    assert _row({"diagnosis_date": "01-02-2014"},
                date_format="%d-%m-%Y")["year"] == 2014
    assert cells.date(datetime.date(2014, 1, 1), "%d-%m-%Y").year == 2014


def test_dates_that_are_not_rounded_are_noted():
    labels = _read(_csv({"diagnosis_date": "2014-06-30"}))
    assert labels.rows["year"].to_pylist() == [2014]
    assert "other than 1 January" in labels.notes[1]


@pytest.mark.parametrize("change, message", [
    ({"patient_id": ""}, "patient_id is missing"),
    ({"laterality": "B"}, "laterality is neither L, R.*found: 'B'"),
    ({"laterality": ""}, "laterality .*found: blank"),
    ({"diagnosis_date": ""}, "diagnosis_date is missing"),
    ({"diagnosis_date": "31/12/2013"},
     "like '99/99/9999'.*|--date_format=%d-%m-%Y"),
    ({"diagnosis_date": "41640"}, "day number"),
    ({"diagnosis_date": "2014-02-30"}, "not a day of the calendar"),
    ({"diagnosis_date": "0014-01-01"}, "year outside 1900 to 2100"),
    ({"birads_1": "7"}, "birads_1 is not a BI-RADS category"),
    ({"birads_3": "Jansen"}, "birads_3 .*like 'aaaaaa'"),
    ({"cancer": ""}, "cancer is missing"),
    ({"cancer": "maybe"}, "cancer is none of 0, 1"),
    ({"outcome": "T"}, "outcome is none of TP"),
    ({"cancer": "0", "outcome": "TP"}, "outcome TP contradicts cancer 0"),
])
def test_cell_that_cannot_be_used_is_an_error_with_its_row(change, message):
    with pytest.raises(rows.LabelError,
                       match=f"labels.csv, row 3: .*({message})") as error:
        _read(_csv({}, {"laterality": "R"} | change))
    assert "31/12/2013" not in str(error.value)
    assert "Jansen" not in str(error.value)


def test_all_errors_are_counted_and_five_shown():
    with pytest.raises(rows.LabelError) as error:
        _read(_csv(*[{"cancer": "x", "birads_1": "9"}] * 4))
    assert str(error.value).count("row ") == 5
    assert str(error.value).startswith("8 errors in the label table:")
    assert str(error.value).endswith("and 3 more")


def test_columns_may_have_other_names_in_any_case():
    data = _csv({}, header=("PID", "Side", "When", "birads_1", "birads_2",
                            "birads_3", "Truth", "OUTCOME"))
    named = {"patient_id": "pid", "laterality": "side",
             "diagnosis_date": "when", "cancer": "truth"}
    assert _read(data, columns=named).rows.equals(_read(_csv({})).rows)


def _without(*names: str) -> bytes:
    kept = [name for name in _HEADER if name not in names]
    return "\n".join([",".join(kept), ",".join(
        _USUAL[name] for name in kept)]).encode()


@pytest.mark.parametrize("data, named, message", [
    (_csv({}, header=("PatientID", *_HEADER[1:])), {},
     "no column 'patient_id'.*--label_columns=patient_id=PatientID"),
    (_without("birads_1"), {}, "no column 'birads_1'"),
    (_without("cancer", "outcome"), {}, "no column 'cancer'"),
    (_csv({}), {"cancer": "truth"}, "no column 'truth'"),
    (_csv({}), {"outcome": "truth"}, "no column 'truth'"),
    (_csv({}), {"pateint_id": "x"}, "did you mean 'patient_id'"),
    (_csv({}, header=("patient_id", "Cancer", *_HEADER[2:])), {},
     "2 columns 'cancer'|no column 'laterality'"),
    (_csv(), {}, "no row of labels.csv can be used"),
])
def test_wrong_columns_are_errors_that_name_the_nearest(data, named, message):
    with pytest.raises(rows.LabelError, match=message):
        _read(data, columns=named)


def test_optional_columns_may_be_absent_and_are_noted():
    labels = _read(_without("birads_2", "birads_3", "outcome"))
    assert labels.rows["outcome"].to_pylist() == ["TN"]
    assert labels.notes[1:] == (
        "labels.csv has no birads_2, birads_3, outcome",)


def test_outcome_alone_tells_cancer():
    data = _without("cancer").replace(b",1,1,,", b",4,4,,FP")
    row, = _read(data).rows.to_pylist()
    assert (row["cancer"], row["follow_up"]) == (0, 1)


def test_identical_rows_count_once():
    labels = _read(_csv({}, {}, {"laterality": "left", "cancer": "no"}))
    assert labels.rows["row"].to_pylist() == [2]
    assert "2 rows left out: as another row has it" in labels.notes[1]
    assert label_dialects.assert_adds_up(labels) == 1


@pytest.mark.parametrize("change", [
    {"cancer": "1"}, {"birads_1": "2"}, {"birads_3": "1"},
    {"outcome": "FP"}, {"diagnosis_date": "2014-02-01", "birads_2": "2"}])
def test_different_rows_for_one_key_are_an_error_with_both(change):
    with pytest.raises(rows.LabelError, match="labels.csv, rows 2, 4"):
        _read(_csv({}, {"laterality": "R"}, change))


def test_files_are_read_together():
    first, second = _csv({}), _csv({"cancer": "1"})
    files = [("a.csv", first), ("b.csv", second)]
    with pytest.raises(rows.LabelError, match="a.csv, row 2; b.csv, row 2"):
        register.read(files, rows.LabelOptions())
    files[1] = ("b.csv", _csv({"laterality": "R"}))
    labels = register.read(files, rows.LabelOptions())
    assert labels.rows["source"].to_pylist() == ["a.csv", "b.csv"]


def test_conflicts_can_be_dropped():
    labels = _read(_csv({}, {"laterality": "R"}, {"cancer": "1"}, {}),
                   conflicts="drop")
    first, second = labels.rows.to_pylist()
    assert first["contradicting"] and first["cancer"] is None
    assert not second["contradicting"] and second["cancer"] == 0
    assert labels.notes[-1] == (
        "label table: 3 rows left out: contradicting another row for its "
        "patient, side and year, all of them dropped (labels.csv, rows 2, 4, "
        "5)")
    assert label_dialects.assert_adds_up(labels) == 1


def test_ids_of_digits_are_padded_then_transformed():
    data = _csv({"patient_id": "123"}, {"patient_id": "A12"})
    labels = _read(data, patient_id_width=6,
                   transform_id=lambda given: f"<{given}>")
    assert labels.rows["patient_id"].to_pylist() == ["<000123>", "<A12>"]
    assert labels.numeric_ids == {"000123"}


@pytest.mark.parametrize("table_ids, scan_ids, width", [
    (["123"], ["000123"], 6),
    (["123", "123456"], ["000123", "123456"], 6),
    (["123"], ["123", "000123"], None),
    (["000123", "123"], ["000123"], None),
    (["123"], ["999"], None),
    (["A123"], ["00A123"], None),
    (["1", "2", "3"], ["01", "002", "003"], 3),
])
def test_lost_zeros_are_found(table_ids, scan_ids, width):
    labels = _read(_csv(*({"patient_id": name} for name in table_ids)))
    if width is None:
        ids.check_patient_ids(labels, scan_ids)
    else:
        with pytest.raises(rows.LabelError,
                           match=f"--patient_id_width={width}$"):
            ids.check_patient_ids(labels, scan_ids)


@pytest.mark.parametrize("options, message", [
    ({"conflicts": "drp"}, "--label_conflicts=drp .*did you mean drop"),
    ({"patient_id_width": 0}, "--patient_id_width=0"),
    ({"date_format": "DD-MM-YYYY"}, "--date_format=DD-MM-YYYY"),
    ({"date_format": "%d-%m"}, "--date_format=%d-%m"),
])
def test_options_that_make_no_sense_name_their_flag(options, message):
    with pytest.raises(ValueError, match=message):
        rows.LabelOptions(**options)
