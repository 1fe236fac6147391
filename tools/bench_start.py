"""Measures how soon every script answers, and a question to a data set.

    python tools/bench_start.py
    python tools/bench_start.py --records=data/records --rounds=9

Each script is started with --help and with a flag that does not exist, and
tools/query.py asked a question, as from a shell, round after round. Processor
time is told beside the seconds: on a busy machine it is what a script costs.
Without --records a data set of two patients is made first.
"""

import os
import sys

if not __package__:
    sys.path[0] = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))

import functools
import pathlib
import statistics
import tempfile
from collections.abc import Callable
from typing import Any

from absl import flags

from pipelines import command

RECORDS = flags.DEFINE_string(
    "records", None, "Folder of the data set to ask; a small one is made "
    "unless given.")
ROUNDS = flags.DEFINE_integer("rounds", 5, "Timed starts of each.")
JSON = flags.DEFINE_string("json", None, "File to write all figures to.")

_QUESTIONS = ("splits",
              "SELECT split, view, count(*) FROM images GROUP BY ALL")


def _starts(records: str) -> dict[tuple[str, str], Callable[[], Any]]:
    """What starts each script, by its path and what is asked of it."""
    from tools import starting

    asked = [(script, word, [word]) for script in starting.scripts()
             for word in ("--help", starting.WRONG_FLAG)]
    asked += [("tools/query.py", question, [f"--records={records}", question])
              for question in _QUESTIONS]
    return {(script, what): functools.partial(
        starting.start, script, words, what != starting.WRONG_FLAG)
            for script, what, words in asked}


def main(argv: list[str]) -> None:
    from tools import benchmarks
    from tools import rounds

    command.refuse_words(argv)
    with tempfile.TemporaryDirectory() as folder:
        records = RECORDS.value
        if records is None:
            cohort = pathlib.Path(folder, "cohort")
            benchmarks.make_cohort(cohort, "--patients=2", "--scale=0.1")
            records = str(pathlib.Path(folder, "records"))
            benchmarks.watch(benchmarks.build_words(
                cohort, pathlib.Path(records)))
        starts = _starts(records)
        found = rounds.interleaved(
            {" ".join(key): start for key, start in starts.items()},
            ROUNDS.value)
    print(rounds.headline())
    print(benchmarks.table(
        ["script", "asked", "s", "lowest-highest", "CPU s"],
        [[script, what,
          f"{statistics.median(o.seconds for o in values):.2f}",
          rounds.spread([o.seconds for o in values], 2),
          f"{statistics.median(o.cpu_seconds for o in values):.2f}"]
         for (script, what), values in zip(starts, found.values())]))
    rounds.write_json(JSON.value, {
        name: [[o.seconds, o.cpu_seconds] for o in values]
        for name, values in found.items()})


if __name__ == "__main__":
    command.run(main)
