"""The register as a table: CSV and XLSX, the same bytes for the same rows."""

import csv
import dataclasses
import datetime
import io
import re
import zipfile
from collections.abc import Sequence

from tools.cohort.register import COLUMNS, Row

# The earliest time that a ZIP entry can have.
_EPOCH = (1980, 1, 1, 0, 0, 0)
_WHEN = datetime.datetime(*_EPOCH)


def csv_bytes(rows: Sequence[Row]) -> bytes:
    """UTF-8 CSV with a header line; ISO dates, nothing for no third reader."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for row in rows:
        values = dataclasses.asdict(row)
        writer.writerow("" if values[name] is None else values[name]
                        for name in COLUMNS)
    return text.getvalue().encode()


def xlsx_bytes(rows: Sequence[Row]) -> bytes:
    """A workbook of one sheet; IDs are text, dates are dates."""
    import openpyxl  # slow to import, and the CSV needs none of it

    book = openpyxl.Workbook()
    book.properties.creator = "Mammoflow"
    book.properties.created = _WHEN
    sheet = book.active
    sheet.title = "register"
    sheet.append(COLUMNS)
    for row in rows:
        values = dataclasses.asdict(row)
        sheet.append([values[name] for name in COLUMNS])
        identifier, _, date = sheet[sheet.max_row][:3]
        # As text, or programs that open the table drop leading zeros.
        identifier.number_format = "@"
        date.number_format = "yyyy-mm-dd"
    buffer = io.BytesIO()
    book.save(buffer)
    return _without_time(buffer.getvalue())


def _without_time(archive: bytes) -> bytes:
    """A workbook whose entries and properties do not tell when it was made."""
    fixed = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(archive)) as source, zipfile.ZipFile(
            fixed, "w", zipfile.ZIP_DEFLATED) as target:
        for name in source.namelist():
            data = source.read(name)
            if name == "docProps/core.xml":
                data = re.sub(rb"(<dcterms:modified[^>]*>)[^<]*",
                              rb"\g<1>" + _WHEN.isoformat().encode() + b"Z",
                              data)
            entry = zipfile.ZipInfo(name, _EPOCH)
            entry.compress_type = zipfile.ZIP_DEFLATED
            target.writestr(entry, data)
    return fixed.getvalue()
