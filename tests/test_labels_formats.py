"""A table of another format: the reader that would fit is named."""

import io
import pathlib
import subprocess
import sys

import openpyxl
import pytest

from pipelines.labels import formats, generic, register, rows

SCRIPT = pathlib.Path(__file__).parents[1] / "pipelines/build_records.py"


def _header_of(name: str) -> tuple[str, bytes]:
    """A file that has all the columns that a format needs, and no row."""
    if name == "omidb":
        return "nbss_demd1.json", b"{}"
    if name == "generic":
        return "labels.csv", b"file,cancer\n"
    return "labels.csv", ",".join(
        f'"{column.header}"' for column in formats.READERS[name].COLUMNS
        if column.required).encode()


@pytest.mark.parametrize("name", formats.READERS)
def test_every_format_is_known_by_its_columns(name):
    assert name in formats.fitting_formats([_header_of(name)])


@pytest.mark.parametrize("name", formats.READERS)
@pytest.mark.parametrize("other", formats.READERS)
def test_format_that_fits_is_named(name, other):
    files = [_header_of(other)]
    with pytest.raises(rows.LabelError) as error:
        formats.read(name, files, rows.LabelOptions())
    named = f"--labels_format={other}" in str(error.value)
    assert named == (name != other)


def test_own_data_set_goes_before_generic():
    files = [("labels.csv", b"patient_id,laterality,diagnosis_date,birads_1,"
              b"cancer\n1,L,2014,1,0\n")]
    assert formats.fitting_formats(files) == {"register"}
    assert formats.fitting_formats([
        ("a.csv", b"patient_id,exam_id,laterality,view,file_path,"
                  b"years_to_cancer,years_to_last_followup,split_group\n")
    ]) == {"generic"}


def test_table_of_the_named_format_keeps_its_own_error():
    files = [("labels.csv", b"pid,laterality,diagnosis_date,birads_1,cancer\n"
              b"1,L,2014,1,maybe\n")]
    with pytest.raises(rows.LabelError) as error:
        formats.read("register", files, rows.LabelOptions(
            columns={"patient_id": "pid"}))
    assert "row 2: cancer" in str(error.value)
    assert "another format" not in str(error.value)


def _xlsx_without_a_header() -> bytes:
    data = io.BytesIO()
    openpyxl.Workbook().save(data)
    return data.getvalue()


_NO_TABLES = {
    "empty": b"", "blank": b" \n\n", "commas": b",,,\n,,,\n",
    "zeros": bytes(64), "latin-1": b"\xe9,\xe8\n", "quote": b'"a,b\n1,2\n',
    "zip": b"PK\x03\x04nonsense", "parquet": b"PAR1nonsense",
    "old excel": b"\xd0\xcf\x11\xe0" + bytes(64), "utf-16": b"\xff\xfea",
    "twice": b"file,file,cancer\n", "text": b"Please read this first.\n",
    "blank sheet": _xlsx_without_a_header(), "json": b'{"a": [1, "b"]}',
}


@pytest.mark.parametrize("name", formats.READERS)
@pytest.mark.parametrize("data", _NO_TABLES.values(), ids=_NO_TABLES)
def test_what_is_no_table_is_an_error_and_fits_nothing(name, data):
    for file in ("a.csv", "imagedb.json"):
        assert formats.fitting_formats([(file, data)]) == set()
        with pytest.raises(rows.LabelError):
            formats.read(name, [(file, data)], rows.LabelOptions())


def test_only_headers_are_read():
    """Rows that cannot be read do not matter for what a table is."""
    data = b"file,cancer\n" + b'x,"1\n' * 3
    assert formats.fitting_formats([("a.csv", data)]) == {"generic"}


def test_help_names_every_format_and_its_columns():
    # In a process of its own: other tests import scripts with equal flags.
    done = subprocess.run(
        [sys.executable, str(SCRIPT), "--help"], capture_output=True,
        text=True, check=False)
    told = "".join(done.stdout.split())
    assert f"Oneof{','.join(formats.READERS)}." in told
    for reader in (register, generic):
        assert ",".join(column.name for column in reader.COLUMNS) in told
