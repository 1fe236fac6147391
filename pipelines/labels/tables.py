"""Reads label tables as they come: CSV, XLSX, XLS or Parquet, by their bytes.

Nothing is guessed about what a cell means: it arrives as stripped text, or as
a date where the file itself says that it is one. Row numbers are those that a
spreadsheet shows: the header is row 1, and a line break within a cell does
not count. Blank rows and blank trailing columns are left out.
"""

import csv
import dataclasses
import datetime
import decimal
import io
import math
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from pipelines.labels import errors

Cell = str | datetime.date
Row = tuple[int, Sequence[Cell]]

_ZIP, _PARQUET, _OLE = b"PK\x03\x04", b"PAR1", b"\xd0\xcf\x11\xe0"
_UTF16 = (b"\xff\xfe", b"\xfe\xff")
# Who separates by semicolon may have commas in a header, not the reverse.
_DELIMITERS = ";\t,"
_QUOTED = re.compile(r'"[^"]*"')
_HEADER_CHARACTERS = 1 << 16


@dataclasses.dataclass(frozen=True)
class Table:
    """A table as its file has it.

    Attributes:
      name: The file's name, for messages.
      header: The names of its columns, stripped.
      rows: Row number and as many cells as the header has; can be read once.
    """

    name: str
    header: tuple[str, ...]
    rows: Iterator[Row]


def read_table(name: str, data: bytes) -> Table:
    """Reads a CSV, XLSX, XLS or Parquet file.

    Args:
      name: Its name, for messages.
      data: The whole file. CSV is UTF-8, or UTF-16 with a byte order mark,
        separated by comma, semicolon or tab. Of an XLSX or XLS file the
        first sheet is read.

    Raises:
      errors.LabelError: It is none of these, damaged or empty; iterating the
        rows raises it too.
    """
    if not data.strip():
        raise errors.LabelError(f"{name} is empty")
    if data.startswith(_OLE):
        return _with_header(name, _xls_rows(name, data))
    if data.startswith(_ZIP):
        return _with_header(name, _xlsx_rows(name, data))
    if data.startswith(_PARQUET):
        return _with_header(name, _parquet_rows(name, data))
    return _with_header(name, _csv_rows(name, data))


def text(cell: Cell) -> str:
    """A cell as text; dates in ISO 8601."""
    return cell if isinstance(cell, str) else cell.isoformat()


def _with_header(name: str, rows: Iterable[Row]) -> Table:
    filled = ((number, cells) for number, cells in rows if any(cells))
    first = next(filled, None)
    if first is None:
        raise errors.LabelError(f"{name} has only blank cells")
    header = [text(cell) for cell in first[1]]
    while header and not header[-1]:
        header.pop()
    return Table(name, tuple(header), _fitted(name, len(header), filled))


def _fitted(name: str, width: int, rows: Iterable[Row]) -> Iterator[Row]:
    """Rows as wide as the header: shorter ones filled, blanks cut off."""
    for number, cells in rows:
        if len(cells) < width:
            cells = [*cells, *[""] * (width - len(cells))]
        elif any(cells[width:]):
            raise errors.LabelError(
                f"{name}, row {number}: there are {len(cells)} cells, but "
                f"the header has {width}; quote the cell that holds the "
                "separator, or name the column")
        yield number, cells[:width]


def _csv_rows(name: str, data: bytes) -> Iterator[Row]:
    content = _decoded(name, data)
    start = content[:_HEADER_CHARACTERS]
    first_line = _QUOTED.sub("", start).lstrip().partition("\n")[0]
    delimiter = max(_DELIMITERS, key=first_line.count)
    reader = csv.reader(io.StringIO(content, newline=""),
                        delimiter=delimiter, strict=True)
    number = 0
    try:
        for number, cells in enumerate(reader, start=1):
            yield number, [cell.strip() for cell in cells]
    except csv.Error as error:
        raise errors.LabelError(
            f"{name}, row {number + 1}: {error}; mend its quotes or save the "
            "table again") from error


def _decoded(name: str, data: bytes) -> str:
    encoding = "utf-16" if data.startswith(_UTF16) else "utf-8-sig"
    try:
        content = data.decode(encoding)
    except UnicodeDecodeError as error:
        raise errors.LabelError(
            f"{name} is not {encoding.removesuffix('-sig')} text at byte "
            f"{error.start}; save it as 'CSV UTF-8', XLSX or "
            "Parquet") from error
    if "\0" in content:
        raise errors.LabelError(
            f"{name} is neither CSV, XLSX nor Parquet: it holds zero bytes")
    return content


def _xlsx_rows(name: str, data: bytes) -> Iterator[Row]:
    number = 0
    try:
        for number, cells in _openpyxl_rows(data):
            yield number, cells
        return
    # openpyxl raises whatever its parsers raise, from KeyError to BadZipFile.
    except Exception as error:  # pylint: disable=broad-except
        refusal = error
    # It refuses what other programs wrote and Excel opens.
    try:
        rest = _calamine_rows(data)
    except ValueError:
        raise errors.LabelError(
            f"{name} cannot be read as XLSX ({type(refusal).__name__}); save "
            "it again, or as CSV") from refusal
    yield from (row for row in rest if row[0] > number)


def _xls_rows(name: str, data: bytes) -> Iterator[Row]:
    try:
        yield from _calamine_rows(data)
    except ValueError as error:
        raise errors.LabelError(
            f"{name} cannot be read as XLS: it is damaged, or it has a "
            "password; save it as XLSX or CSV without one") from error


def _openpyxl_rows(data: bytes) -> Iterator[Row]:
    import openpyxl  # Slow to import, and most tables are CSV.

    book = openpyxl.load_workbook(
        io.BytesIO(data), read_only=True, data_only=True)
    sheet = book.worksheets[0]
    # What a file says about its own extent is often wrong.
    sheet.reset_dimensions()
    for number, values in enumerate(
            sheet.iter_rows(values_only=True), start=1):
        yield number, [_cell(value) for value in values]


def _calamine_rows(data: bytes) -> list[Row]:
    """The first sheet of an Excel file, old or new; ValueError if it is none.
    """
    import python_calamine

    try:
        book = python_calamine.load_workbook(io.BytesIO(data))
        sheet = book.get_sheet_by_index(0).to_python(skip_empty_area=False)
    # A parser's failed assertion comes as an exception of no common class.
    except BaseException as error:
        if isinstance(error, KeyboardInterrupt | SystemExit):
            raise
        raise ValueError("cannot be read") from error
    return [(number, [_cell(value) for value in values])
            for number, values in enumerate(sheet, start=1)]


def _parquet_rows(name: str, data: bytes) -> Iterator[Row]:
    import pyarrow as pa
    from pyarrow import parquet

    try:
        file = parquet.ParquetFile(pa.BufferReader(data))
        yield 1, [column.strip() for column in file.schema_arrow.names]
        number = 1
        for batch in file.iter_batches():
            columns = [map(_cell, column.to_pylist())
                       for column in batch.columns]
            for cells in zip(*columns):
                number += 1
                yield number, cells
    except pa.ArrowException as error:
        raise errors.LabelError(
            f"{name} cannot be read as Parquet; write it again") from error


def _cell(value: Any) -> Cell:
    """A typed value as a cell; whole numbers without a decimal point.

    >>> [_cell(v) for v in (None, 123.0, 4, True, float("nan"), " x ")]
    ['', '123', '4', 'true', '', 'x']
    """
    if value is None:
        return ""
    if isinstance(value, str):
        return value.strip()
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, datetime.datetime):
        return value.date()
    if isinstance(value, datetime.date):
        return value
    if isinstance(value, float | decimal.Decimal):
        if math.isnan(value):
            return ""
        whole = math.isfinite(value) and value == int(value)
        return str(int(value)) if whole else str(value)
    if isinstance(value, bytes):
        return value.decode(errors="replace").strip()
    return str(value)
