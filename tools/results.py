"""Printing and writing the rows that a query gave."""

import contextlib
import csv
import datetime
import decimal
import itertools
import json
import math
import os
import uuid
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, TextIO

from pipelines import shards
from pipelines import text_table

# Column widths come from this many rows, so that printing a large result
# starts at once and keeps only these in memory.
_ROWS_FOR_WIDTHS = 1000


def write_table(columns: Sequence[str], rows: Iterable[Sequence[Any]],
                file: TextIO) -> None:
    """Aligned columns for a terminal, numbers at the right, NULL empty."""
    rows = iter(rows)
    first = list(itertools.islice(rows, _ROWS_FOR_WIDTHS))
    texts = [[_text(value) for value in row] for row in first]
    right = [any(map(_is_number, column)) for column in zip(*first)]
    layout = text_table.Layout(columns, texts,
                               right or [False] * len(columns))
    for line in layout.head():
        file.write(line + "\n")
    for cells in itertools.chain(texts, (map(_text, row) for row in rows)):
        file.write(layout.line(cells) + "\n")


def write_csv(columns: Sequence[str], rows: Iterable[Sequence[Any]],
              file: TextIO) -> None:
    """RFC 4180 with a header and line feeds, NULL empty."""
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(map(_text, row) for row in rows)


def write_json(columns: Sequence[str], rows: Iterable[Sequence[Any]],
               file: TextIO) -> None:
    """An array of objects, one on each line."""
    separator = "[\n"
    for row in rows:
        values = dict(zip(columns, map(json_value, row)))
        file.write(separator + json.dumps(values, ensure_ascii=False))
        separator = ",\n"
    file.write("\n]\n" if separator == ",\n" else "[]\n")


WRITERS = {"table": write_table, "csv": write_csv, "json": write_json}


@contextlib.contextmanager
def complete_or_absent(path: str) -> Iterator[str]:
    """A temporary path that becomes `path` when the block ends well."""
    temporary = f"{path}{shards.TEMPORARY_MARK}{uuid.uuid4().hex[:8]}"
    try:
        yield temporary
        os.replace(temporary, path)
    finally:
        with contextlib.suppress(FileNotFoundError):
            os.remove(temporary)


def _text(value: Any) -> str:
    """A value as a cell of a table or CSV file.

    >>> [_text(v) for v in (None, True, 3, 0.5, ["L", None])]
    ['', 'true', '3', '0.5', '["L", null]']
    """
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, (list, tuple, dict)):
        return json.dumps(json_value(value), ensure_ascii=False)
    return str(value)


def json_value(value: Any) -> Any:
    """A value as JSON has it: dates as ISO 8601, no NaN or infinities."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, decimal.Decimal):
        return float(value)
    if isinstance(value, (list, tuple)):
        return [json_value(item) for item in value]
    if isinstance(value, dict):
        return {str(key): json_value(item) for key, item in value.items()}
    if isinstance(value, (datetime.date, datetime.time)):
        return value.isoformat()
    if value is None or isinstance(value, (bool, int, str)):
        return value
    return str(value)


def _is_number(value: Any) -> bool:
    return (isinstance(value, (int, float, decimal.Decimal)) and
            not isinstance(value, bool))
