r"""Asks questions of a data set in SQL (DuckDB), or one of the named ones.

    python tools/query.py splits
    python tools/query.py --list
    python tools/query.py \
        "SELECT split, view, count(*) FROM images GROUP BY ALL"
    python tools/query.py --format=csv --output=cancers.csv \
        "SELECT file, view, birads FROM images WHERE cancer = 1"

Tables: `images` has one row for every file that the build matched, with what
became of it; `records` one for every stored image of every variant, with its
place in its shard; `converted` what each shard's conversion said; `plan` what
was planned. BUILD.md lists their columns, as does "DESCRIBE images". Other
files can be joined by name: "... JOIN 'mine.csv' USING (patient_id)".
"""

import os
import sys

if not __package__:
    sys.path[0] = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))

import itertools
from typing import Any

from absl import flags

from pipelines import command
from pipelines import console

RECORDS = flags.DEFINE_string(
    "records", "data/records", "Folder of the data set to ask.")
FORMAT = flags.DEFINE_enum(
    "format", "table", ["table", "csv", "json", "parquet"],
    "How the result is written; parquet needs --output.")
OUTPUT = flags.DEFINE_string(
    "output", None, "File to write instead of the terminal; it appears when "
    "it is complete.")
LIST = flags.DEFINE_boolean(
    "list", False, "Print the named queries and what they answer.")

# What only reads; PIVOT counts as several statements (MULTI).
_READING = frozenset({"SELECT", "EXPLAIN", "MULTI", "PRAGMA", "CALL"})
_ROWS_AT_ONCE = 10_000


def run(dataset: Any, sql: str, result_format: str,
        output: str | None) -> None:
    """Asks and writes the answer.

    Args:
      dataset: A `datasets.Dataset`.
      sql: The question.
      result_format: One of --format.
      output: File to write, or None for the terminal.

    Raises:
      ValueError: The SQL is not one reading statement.
      duckdb.Error: The SQL is wrong.
    """
    from tools import datasets
    from tools import results

    connection = datasets.connect(dataset)
    _check_one_reading_statement(connection.extract_statements(sql))
    if result_format == "parquet":
        assert output  # main sees to it.
        with results.complete_or_absent(output) as temporary:
            connection.sql(sql).write_parquet(temporary)
        return
    cursor = connection.execute(sql)
    columns = [column[0] for column in cursor.description]
    rows = itertools.chain.from_iterable(
        iter(lambda: cursor.fetchmany(_ROWS_AT_ONCE), []))
    write = results.WRITERS[result_format]
    if not output:
        write(columns, rows, sys.stdout)
        return
    with results.complete_or_absent(output) as temporary:
        with open(temporary, "w", encoding="utf-8", newline="") as file:
            write(columns, rows, file)


def list_queries() -> None:
    """Prints the named queries."""
    from tools import named_queries

    width = max(map(len, named_queries.QUERIES))
    for name, query in named_queries.QUERIES.items():
        print(f"{name:{width}}  {query.meaning}")


def _check_one_reading_statement(statements: list[Any]) -> None:
    if len(statements) != 1:
        raise ValueError(
            f"{len(statements)} statements found, one is needed")
    kind = statements[0].type.name
    if kind not in _READING:
        raise ValueError(
            f"{kind} is not a question: this only reads; "
            "--output=FILE writes a result")


def _sql_of(question: str) -> str:
    """The SQL of a named query, or the question itself.

    Raises:
      ValueError: It is one word that is no named query.
    """
    import difflib

    from tools import named_queries

    if question in named_queries.QUERIES:
        return named_queries.QUERIES[question].sql
    if question.isidentifier():
        nearest = difflib.get_close_matches(question, named_queries.QUERIES, 1)
        hint = f"did you mean {nearest[0]}?" if nearest else "see --list"
        raise ValueError(f"no named query {question!r}; {hint}")
    return question


def _reason(error: Exception) -> str:
    """DuckDB's message without its drawing of the place."""
    message = str(error).partition("\n\nLINE ")[0]
    if "Table with name" in message:
        # DuckDB's own guess is often a table of its catalog.
        message = message.partition("Did you mean")[0]
        message += "The tables are images, records, converted and plan"
    return message


def main(argv: list[str]) -> int:
    if LIST.value:
        list_queries()
        return 0
    if len(argv) != 2:
        raise command.UsageError(
            "give one question, in quotes: SQL, or a name that --list shows")
    if FORMAT.value == "parquet" and not OUTPUT.value:
        raise command.UsageError("--format=parquet needs --output=FILE")
    from tools import datasets

    import duckdb

    try:
        sql = _sql_of(argv[1])
        dataset = datasets.open_dataset(RECORDS.value)
        if dataset.only_planned:
            console.warning(f"{RECORDS.value} is only planned: `images` is "
                            "the plan's, `records` is empty")
        run(dataset, sql, FORMAT.value, OUTPUT.value)
    except duckdb.Error as error:
        return command.fail(_reason(error))
    return command.DONE


if __name__ == "__main__":
    command.run(main)
