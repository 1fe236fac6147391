"""Records of a data set, chosen in SQL, side by side with their labels."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from pipelines import geometry
from tools import datasets
from tools import panels

_HEIGHT = 320  # of a picture, pixels
_COLUMNS = ("variant", "split", "shard", "byte_offset", "byte_length", "view",
            "laterality", "cancer", "birads")


def variant_of(dataset: datasets.Dataset,
               text: str | None) -> geometry.Variant:
    """The variant asked for, or the data set's largest.

    Raises:
      ValueError: The data set does not hold it, or none at all.
    """
    names = ", ".join(map(str, dataset.variants)) or "none"
    if not text:
        if not dataset.variants:
            raise ValueError(f"{dataset.root} holds no variant yet")
        return max(dataset.variants,
                   key=lambda held: held.size.width * held.size.height)
    variant = geometry.Variant.parse(text)
    if variant not in dataset.variants:
        raise ValueError(
            f"{dataset.root} does not hold {variant}; it holds {names}")
    return variant


def select(dataset: datasets.Dataset, variant: geometry.Variant, where: str,
           limit: int) -> tuple[list[dict[str, Any]], int]:
    """Rows of `records`, in an order that mixes splits and labels.

    Args:
      dataset: The data set.
      variant: One of its variants.
      where: A predicate over `records`; empty selects all.
      limit: Rows at most.

    Returns:
      The rows, and how many the predicate selects in all. The order is that
      of a hash, so that equal data sets give equal sheets.

    Raises:
      ValueError: The predicate selects nothing, or is more than a predicate.
      duckdb.Error: The predicate is wrong.
    """
    connection = datasets.connect(dataset)
    # On lines of its own: a comment at its end must not hide what follows.
    source = (f"FROM records WHERE variant = '{variant}'\n"
              f"AND (\n{where or 'TRUE'}\n)")
    statement = (f"SELECT {', '.join(_COLUMNS)}, count(*) OVER () {source}\n"
                 f"ORDER BY md5(sop_instance_uid) LIMIT {limit}")
    if len(connection.extract_statements(statement)) != 1:
        raise ValueError("--where takes one predicate, as in "
                         "--where=\"view = 'MLO' AND cancer = 1\"")
    rows = connection.execute(statement).fetchall()
    if not rows:
        total, = connection.execute(
            f"SELECT count(*) FROM records WHERE variant = '{variant}'"
        ).fetchone()
        raise ValueError(f"--where={where!r} selects none of the {total} "
                         f"records of {variant}")
    return [dict(zip(_COLUMNS, row)) for row in rows], rows[0][-1]


def sheet(dataset: datasets.Dataset, rows: Sequence[Mapping[str, Any]]):
    """The contact sheet, uint8 `[height, width, 3]`.

    Args:
      dataset: The data set.
      rows: From `select`, at least one.

    Raises:
      ValueError: A record is damaged.
    """
    tiles = [_tile(dataset, row) for row in rows]
    across = math.ceil(math.sqrt(len(tiles) * 1.6))  # wider than high
    return panels.sheet([tiles[first:first + across]
                         for first in range(0, len(tiles), across)])


def _tile(dataset: datasets.Dataset, row: Mapping[str, Any]) -> panels.Panel:
    picture = panels.grey(datasets.read_image(dataset, row), _HEIGHT)
    cancer = {None: "cancer unknown", 0: "no cancer", 1: "cancer"}
    known = {name: "?" if value is None else value
             for name, value in row.items()}
    lines = [f"{known['laterality']} {known['view']}  {known['split']}",
             f"{cancer[row['cancer']]}, BI-RADS {known['birads']}"]
    if row["cancer"] == 1:
        return panels.Panel(picture, lines, panels.RED)
    return panels.Panel(picture, lines)
