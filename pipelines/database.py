"""DuckDB as every stage uses it: bounded memory, paths taken literally."""

import os
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import duckdb

MEMORY_LIMIT_BYTES = 10**9
_GLOB_SIGN = re.compile(r"[*?[]")


def connect(scratch: str, threads: int | None = None
            ) -> "duckdb.DuckDBPyConnection":
    """A database in memory that spills into `scratch` beyond its limit.

    Args:
      scratch: A folder for it, which it makes when needed.
      threads: How many to use; None: one per core.
    """
    import duckdb  # Slow to import, and not every user of a module needs it.

    return duckdb.connect(":memory:", config={
        "memory_limit": f"{MEMORY_LIMIT_BYTES}B",
        "temp_directory": scratch,
        "threads": str(threads or os.cpu_count() or 1),
        "autoinstall_known_extensions": "false",
        # Whatever has an order says so.
        "preserve_insertion_order": "false",
    })


def view_parquet(db: "duckdb.DuckDBPyConnection", name: str,
                 paths: Sequence[str], filename: bool = False) -> None:
    """Makes a view of Parquet files, with their `filename` if asked for.

    A folder called `year=2020` is a folder, not a column.
    """
    db.read_parquet(literal_paths(paths), hive_partitioning=False,
                    filename=filename).create_view(name)


def one_row(db: "duckdb.DuckDBPyConnection", query: str,
            parameters: dict[str, Any] | None = None) -> tuple:
    """The only row of a query's answer."""
    row, = db.execute(query, parameters).fetchall()
    return row


def literal_paths(paths: Sequence[str]) -> list[str]:
    """Paths for read_parquet, which would take some characters for a glob.

    >>> literal_paths(["we[i]rd/scan.parquet"])
    ['we[[]i]rd/scan.parquet']
    """
    return [_GLOB_SIGN.sub(r"[\g<0>]", path) for path in paths]
