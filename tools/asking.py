"""The metadata in three stores, and the same questions to each."""

import dataclasses
import functools
import os
import pathlib
import sqlite3
import time
from collections.abc import Callable
from typing import Any

from tools import datasets

# In SQL that DuckDB and SQLite both read.
QUESTIONS = {
    "count by split, view and cancer": """
        SELECT split, view, cancer, count(*) FROM images
        GROUP BY split, view, cancer ORDER BY split, view, cancer""",
    "count by status and reason": """
        SELECT status, reason, count(*) FROM images
        GROUP BY status, reason ORDER BY status, reason""",
    "cancers and mean age by maker": """
        SELECT manufacturer, manufacturer_model, count(*), sum(cancer),
               avg(patient_age) FROM images
        GROUP BY manufacturer, manufacturer_model
        ORDER BY manufacturer, manufacturer_model""",
    "patients with a cancer": """
        SELECT count(DISTINCT patient_id) FROM images WHERE cancer = 1""",
    "one image's row": """
        SELECT file, view, cancer FROM images
        WHERE sop_instance_uid = (SELECT max(sop_instance_uid) FROM images)""",
}
_ROWS_AT_ONCE = 1 << 16


@dataclasses.dataclass(frozen=True)
class Store:
    """One way to keep the metadata.

    Attributes:
      bytes: On the disk.
      ask: From SQL to the rows of its answer, as tuples.
    """

    bytes: int
    ask: Callable[[str], list[tuple[Any, ...]]]


def write(folder: pathlib.Path, records: str) -> dict[str, Store]:
    """Puts a data set's metadata into the other stores.

    Args:
      folder: Where they go to.
      records: The data set.

    Returns:
      The stores by name: ours, SQLite, JSON.
    """
    dataset = datasets.open_dataset(records)
    ours = datasets.connect(dataset)
    lines = str(folder / "images.json")
    ours.execute(f"COPY images TO '{lines}' (FORMAT json)")
    base = str(folder / "images.sqlite")
    _write_sqlite(ours, base)
    size = sum(map(os.path.getsize, dataset.parts("images")))
    return {
        "DuckDB, Parquet": Store(size, functools.partial(_ask_duckdb, ours)),
        "SQLite, pandas": Store(os.path.getsize(base),
                                functools.partial(_ask_sqlite, base)),
        "DuckDB, JSON": Store(os.path.getsize(lines), functools.partial(
            _ask_duckdb, _over_json(lines)))}


def measures(stores: dict[str, Store]
             ) -> dict[tuple[str, str], Callable[[], float]]:
    """What asks each question of each store, and returns the seconds.

    Raises:
      RuntimeError: Answers differ.
    """
    for question, sql in QUESTIONS.items():
        answers = {name: store.ask(sql) for name, store in stores.items()}
        first, *others = answers.values()
        if any(not same(first, other) for other in others):
            raise RuntimeError(f"answers to {question!r} differ: "
                               f"{ {n: a[:3] for n, a in answers.items()} }")
    return {(name, question): functools.partial(_seconds, store.ask, sql)
            for question, sql in QUESTIONS.items()
            for name, store in stores.items()}


def same(one: list[tuple[Any, ...]], other: list[tuple[Any, ...]]) -> bool:
    """Whether two answers have equal rows, in any order; NaN is NULL.

    >>> same([(1, None), (2.0, "a")], [(2, "a"), (1, float("nan"))])
    True
    """
    return sorted(map(_plain, one)) == sorted(map(_plain, other))


def _plain(row: tuple[Any, ...]) -> tuple[str, ...]:
    return tuple("" if value is None or value != value else
                 f"{value:.6f}" if isinstance(value, (int, float)) else
                 str(value) for value in row)


def _seconds(ask: Callable[[str], Any], sql: str) -> float:
    start = time.perf_counter()
    ask(sql)
    return time.perf_counter() - start


def _ask_duckdb(connection: Any, sql: str) -> list[tuple[Any, ...]]:
    return connection.execute(sql).fetchall()


def _ask_sqlite(base: str, sql: str) -> list[tuple[Any, ...]]:
    import pandas

    connection = sqlite3.connect(base)
    try:
        frame = pandas.read_sql_query(sql, connection)
    finally:
        connection.close()
    return list(frame.itertuples(index=False, name=None))


def _over_json(path: str) -> Any:
    import duckdb

    connection = duckdb.connect(":memory:")
    connection.execute(f"""
        CREATE VIEW images AS SELECT * FROM read_json(
            '{path}', format = 'newline_delimited', sample_size = 100000)""")
    return connection


def _write_sqlite(ours: Any, base: str) -> None:
    """As pandas writes a table; lists and dates become text."""
    frame = ours.execute("SELECT * FROM images").fetch_df_chunk
    connection = sqlite3.connect(base)
    try:
        while len(rows := frame(_ROWS_AT_ONCE // 2048)):
            for name in rows.columns[rows.dtypes == object]:
                rows[name] = rows[name].map(
                    lambda value: str(list(value))
                    if hasattr(value, "__len__") and
                    not isinstance(value, str) else value)
            rows.to_sql("images", connection, if_exists="append", index=False)
    finally:
        connection.close()
