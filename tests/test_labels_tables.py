"""Label tables as people save them: CSV, XLSX, XLS and Parquet."""

import datetime
import io
import zipfile

import openpyxl
import pyarrow as pa
import pytest
from pyarrow import parquet

from pipelines.labels import errors, tables
from tests import old_excel

_DAY = datetime.date(2014, 1, 1)


def _read(data: bytes) -> list:
    table = tables.read_table("t", data)
    return [table.header, *((number, list(row)) for number, row in table.rows)]


def _xlsx(*rows) -> bytes:
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    data = io.BytesIO()
    book.save(data)
    return data.getvalue()


def _parquet(**columns) -> bytes:
    data = io.BytesIO()
    parquet.write_table(pa.table(columns), data)
    return data.getvalue()


@pytest.mark.parametrize("data", [
    b"id,side\n000123,L\n7,R\n",
    b"id,side\r\n000123,L\r\n7,R",
    b"\xef\xbb\xbfid,side\n000123,L\n7,R\n",
    b"id;side\n000123;L\n7;R\n",
    b"id\tside\n000123\tL\n7\tR\n",
    b" id , side \n 000123, L\n7 ,R \n",
    b'"id","side"\n"000123","L"\n"7\n","R"\n',
    "id,side\n000123,L\n7,R\n".encode("utf-16"),
    b"id,side,,\n000123,L,,\n7,R\n,,\n\n",
], ids=["plain", "crlf", "bom", "semicolon", "tab", "spaces", "quoted",
        "utf-16", "blank ends"])
def test_csv_is_text(data):
    assert _read(data) == [("id", "side"), (2, ["000123", "L"]),
                           (3, ["7", "R"])]


@pytest.mark.parametrize("data", [
    b"id;note, with comma\n1;a,b,c\n",
    b'"id";"note, with comma"\n1;"a,b,c"\n',
    b'id,"note, with comma"\n1,"a,b,c"\n',
])
def test_separator_is_not_one_of_the_quoted(data):
    assert _read(data) == [
        ("id", "note, with comma"), (2, ["1", "a,b,c"])]


def test_rows_are_counted_as_a_spreadsheet_does():
    data = b'id,note\n1,"two\nlines"\n\n,\n5,\n'
    assert [number for number, _ in _read(data)[1:]] == [2, 5]


def test_xlsx_keeps_dates_and_loses_no_digits():
    data = _xlsx(["id ", "day", "x", "y"], [123, _DAY, True, 4.0],
                 ["000123", "2014-01-01", " a ", 4.5], [], [None, None],
                 [9, datetime.datetime(2014, 1, 1, 12), None, ""])
    assert _read(data) == [
        ("id", "day", "x", "y"), (2, ["123", _DAY, "true", "4"]),
        (3, ["000123", "2014-01-01", "a", "4.5"]), (6, ["9", _DAY, "", ""])]


def test_xls_has_whole_numbers_and_its_rows_in_place():
    data = old_excel.xls([
        ["id ", "note", "x"], [20586934.0, "removed"], [],
        [None, " calcificações ", 4.5], [None, None, None], ["7", "", -1.0]])
    assert _read(data) == [
        ("id", "note", "x"), (2, ["20586934", "removed", ""]),
        (4, ["", "calcificações", "4.5"]), (6, ["7", "", "-1"])]


def _with_part(data: bytes, part: str, old: bytes, new: bytes) -> bytes:
    """An XLSX file of which one part is changed."""
    changed = io.BytesIO()
    with (zipfile.ZipFile(io.BytesIO(data)) as book,
          zipfile.ZipFile(changed, "w") as copy):
        for name in book.namelist():
            content = book.read(name)
            if name == part:
                assert content.count(old) == 1
                content = content.replace(old, new)
            copy.writestr(name, content)
    return changed.getvalue()


# At once, and after it has given the first rows.
@pytest.mark.parametrize("part, old, new, row_4", [
    ("xl/styles.xml", b'patternType="gray125"', b'patternType="odd"', "12"),
    ("xl/worksheets/sheet1.xml", b'<c r="A4" t="n"><v>12</v>',
     b'<c r="A4" t="d"><v>later</v>', "later")])
def test_xlsx_that_openpyxl_refuses_is_read(part, old, new, row_4):
    data = _xlsx(["id", "side"], [10, "L"], [], [12, "L"], [13, "R"])
    data = _with_part(data, part, old, new)
    with pytest.raises(ValueError):
        book = openpyxl.load_workbook(io.BytesIO(data), read_only=True)
        list(book.worksheets[0].iter_rows())
    assert _read(data) == [
        ("id", "side"), (2, ["10", "L"]), (4, [row_4, "L"]), (5, ["13", "R"])]


def test_parquet_types_become_text():
    data = _parquet(
        id=["000123", None, "7"], day=[_DAY, _DAY, None],
        number=[4.0, float("nan"), 2.5], flag=[True, False, None],
        moment=pa.array([0, 1, None], pa.timestamp("ns")))
    epoch = datetime.date(1970, 1, 1)
    assert _read(data) == [
        ("id", "day", "number", "flag", "moment"),
        (2, ["000123", _DAY, "4", "true", epoch]),
        (3, ["", _DAY, "", "false", epoch]), (4, ["7", "", "2.5", "", ""])]


@pytest.mark.parametrize("data, message", [
    (b"", "is empty"),
    (b"\n \n", "is empty"),
    (b",,\n,\n", "only blank cells"),
    (b"a,b\n1,2,3\n", "row 2: there are 3 cells, but the header has 2"),
    (b'a,b\n1,"2\n', "row 2: .*mend its quotes"),
    (b"a,b\n\xff\xfe1,2\n", "not utf-8 text at byte 4"),
    (b"a,b\n1,\0\n", "zero bytes"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1", "cannot be read as XLS: it is damaged"),
    (b"PK\x03\x04nothing", "cannot be read as XLSX"),
    (b"PAR1nothing", "cannot be read as Parquet"),
])
def test_what_is_no_table_is_an_error_with_its_name(data, message):
    with pytest.raises(errors.LabelError, match=f"^t.*{message}"):
        _read(data)


def test_truncated_files_are_errors():
    for data in (_xlsx(["a", "b"], [1, 2]), _parquet(a=[1], b=[2]),
                 old_excel.xls([["a", "b"], [1, 2]])):
        with pytest.raises(errors.LabelError, match="cannot be read"):
            _read(data[:len(data) // 2])
