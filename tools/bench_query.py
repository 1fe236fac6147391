"""Measures questions to the metadata: DuckDB on Parquet, SQLite with pandas.

    python tools/bench_query.py
    python tools/bench_query.py --rows=100000 --rounds=9

Header rows of an archive are planned and sealed as a build does it, which
gives the metadata's Parquet; the same rows are written to an SQLite database
by pandas, as the thesis had them, and to JSON, one row a line. Every question
is then asked of each in turn, round after round; SQLite's answers come as
pandas' frames, JSON is read by DuckDB. Answers are compared.
"""

import os
import sys

if not __package__:
    sys.path[0] = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))

import pathlib
import statistics
import tempfile
from typing import Any

from absl import flags

from pipelines import command
from pipelines import console

ROWS = flags.DEFINE_integer(
    "rows", 557_642, "Files that there are rows of.", lower_bound=1000)
ROUNDS = flags.DEFINE_integer("rounds", 5, "Times each question is asked.")
SCRATCH = flags.DEFINE_string(
    "scratch", None, "Folder for the rows; a temporary one unless given.")
JSON = flags.DEFINE_string("json", None, "File to write all figures to.")


def _table(stores: dict[str, Any],
           found: dict[tuple[str, str], list[float]]) -> str:
    from tools import asking
    from tools import benchmarks
    from tools import rounds

    ours, *others = stores

    def line(what, cells, quotient):
        return [what, *cells, *(f"{quotient(name):.1f}" for name in others)]

    rows = [line("size", [f"{store.bytes / 1e6:.0f} MB"
                          for store in stores.values()],
                 lambda name: stores[name].bytes / stores[ours].bytes)]
    for question in asking.QUESTIONS:
        rows.append(line(
            question,
            [f"{statistics.median(found[name, question]) * 1e3:.1f} ms"
             for name in stores],
            lambda name, q=question: rounds.ratio(found[name, q],
                                                  found[ours, q])))
    return benchmarks.table(
        ["", *stores, *(f"{name}: times ours" for name in others)], rows)


def main(argv: list[str]) -> None:
    command.refuse_words(argv)
    from tools import asking
    from tools import benchmarks
    from tools import planning
    from tools import rounds

    with tempfile.TemporaryDirectory(dir=SCRATCH.value) as name:
        folder = pathlib.Path(name)
        console.info(f"{ROWS.value:,} rows ...")
        benchmarks.in_new_process(planning.measure, folder, ROWS.value)
        stores = asking.write(folder, str(folder / "records"))
        found = rounds.interleaved(asking.measures(stores), ROUNDS.value)
    print(f"{ROWS.value:,} rows; {rounds.headline()}")
    print(_table(stores, found))
    rounds.write_json(JSON.value, {
        "bytes": {name: store.bytes for name, store in stores.items()},
        "seconds": {" / ".join(key): seconds
                    for key, seconds in found.items()}})


if __name__ == "__main__":
    command.run(main)
