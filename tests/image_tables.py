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
