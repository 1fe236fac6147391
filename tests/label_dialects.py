"""One label table as different people save it, for tests of its reader."""

import csv
import io
import re
from collections.abc import Callable

import openpyxl

from pipelines.labels import rows

Lines = list[list[str]]


def csv_of(lines: Lines, separator: str = ",", end: str = "\n",
           quoting: int = csv.QUOTE_MINIMAL) -> bytes:
    """A header and rows as CSV."""
    text = io.StringIO()
    csv.writer(text, delimiter=separator, lineterminator=end,
               quoting=quoting).writerows(lines)
    return text.getvalue().encode()


def xlsx_of(lines: Lines) -> bytes:
    """The same as a spreadsheet, whose numbers are numbers."""
    book = openpyxl.Workbook()
    for number, line in enumerate(lines):
        book.active.append(
            [float(cell) if number and _is_number(cell) else cell or None
             for cell in line])
    data = io.BytesIO()
    book.save(data)
    return data.getvalue()


def _is_number(cell: str) -> bool:
    return cell.replace(".", "", 1).isdigit()


def _blanks(lines: Lines) -> Lines:
    blank = [""] * len(lines[0])
    return [blank, lines[0], blank, *lines[1:], blank]


DIALECTS: dict[str, Callable[[Lines], bytes]] = {
    "csv": csv_of,
    "byte order mark and CRLF": lambda lines: (
        b"\xef\xbb\xbf" + csv_of(lines, end="\r\n")),
    "semicolons": lambda lines: csv_of(lines, ";"),
    "tabs": lambda lines: csv_of(lines, "\t"),
    "quoted": lambda lines: csv_of(lines, quoting=csv.QUOTE_ALL),
    "stray spaces and capitals in the header": lambda lines: csv_of(
        [[f" {cell.upper()} " for cell in lines[0]],
         *([f"{cell} " for cell in line] for line in lines[1:])]),
    "blank rows": lambda lines: csv_of(_blanks(lines)),
    "more columns": lambda lines: csv_of(
        [["Unnamed: 0", *lines[0], "remark, of us"],
         *([str(number), *line, "a;b"]
           for number, line in enumerate(lines[1:]))]),
    "NaN for blanks": lambda lines: csv_of(
        [lines[0], *([cell or "NaN" for cell in line]
                     for line in lines[1:])]),
    "whole numbers as floats": lambda lines: csv_of(
        [lines[0], *([f"{cell}.0" if cell.isdigit() else cell
                      for cell in line] for line in lines[1:])]),
    "xlsx": xlsx_of,
    "utf-16": lambda lines: csv_of(lines).decode().encode("utf-16"),
    "columns without a name": lambda lines: csv_of(
        [[*line, "", ""] for line in lines]),
    "spaces around each cell": lambda lines: csv_of(
        [[f"  {cell} " for cell in line] for line in lines]),
}


def saved(data: bytes, dialect: str) -> bytes:
    """A CSV file, saved in one of `DIALECTS`."""
    return DIALECTS[dialect](
        list(csv.reader(io.StringIO(data.decode(), newline=""))))


def assert_adds_up(labels: rows.LabelTable, noun: str = "row") -> int:
    """Rows read are those used and those left out, each by one rule.

    Args:
      labels: What a reader gave.
      noun: What a row of one of its tables is called.

    Returns:
      How many rows are used.
    """
    total = re.compile(rf"label table: ([\d,]+) {noun}s? read: ([\d,]+) used, "
                       r"([\d,]+) left out")
    rule = re.compile(rf"label table: ([\d,]+) {noun}s? left out: .* \(.*\)")
    totals = [one for one in map(total.fullmatch, labels.notes) if one]
    assert len(totals) == 1, labels.notes
    read, used, left_out = (int(number.replace(",", ""))
                            for number in totals[0].groups())
    by_rule = [int(one[1].replace(",", ""))
               for one in map(rule.fullmatch, labels.notes) if one]
    assert read == used + left_out and left_out == sum(by_rule), labels.notes
    return used
