"""Tables with one row per image, for the tests of their readers."""

import csv
import io
from collections.abc import Iterable, Sequence

from pipelines.labels import rows
from tests import label_dialects


def table(header: Sequence[str], lines: Iterable[Sequence],
          delimiter: str = ",", **writing) -> bytes:
    """A CSV file of the header and the lines; None is a blank cell."""
    text = io.StringIO()
    writer = csv.writer(text, delimiter=delimiter, **writing)
    writer.writerow(header)
    writer.writerows(lines)
    return text.getvalue().encode()


def read(reader, *files: tuple[str, bytes], **options) -> rows.LabelTable:
    """What a reader gives, whose notes must add up to its tables."""
    labels = reader.read(files, rows.LabelOptions(**options))
    assert labels.join == "image"
    assert labels.rows.schema == rows.LABEL_SCHEMA
    contradicting = sum(labels.rows["contradicting"].to_pylist())
    assert label_dialects.assert_adds_up(labels) == (
        labels.rows.num_rows - contradicting)
    return labels


# How the same table may come: each takes and gives the bytes of a CSV file
# that is separated by commas.
DISGUISES = {
    "as it is": lambda data: data,
    "byte-order mark": lambda data: b"\xef\xbb\xbf" + data,
    "utf-16": lambda data: data.decode().encode("utf-16"),
    "unix line ends": lambda data: data.replace(b"\r\n", b"\n"),
    "semicolons": lambda data: data.replace(b",", b";"),
    "tabs": lambda data: data.replace(b",", b"\t"),
    "blank rows": lambda data: data.replace(b"\r\n", b"\r\n,\r\n\r\n"),
    "quoted": lambda data: _each_cell(data, b'"%b"'),
    "spaces": lambda data: _each_cell(data, b"  %b "),
    "header in capitals": lambda data: data.upper(),
    "a column more": lambda data: data.replace(b"\r\n", b",more\r\n"),
    "an index": lambda data: b"," + data[:-2].replace(
        b"\r\n", b"\r\n7,") + b"\r\n",
    "columns without a name": lambda data: data.replace(b"\r\n", b",,\r\n"),
}


def _each_cell(data: bytes, form: bytes) -> bytes:
    return b"\r\n".join(
        b",".join(form % cell for cell in line.split(b","))
        for line in data.splitlines()) + b"\r\n"
