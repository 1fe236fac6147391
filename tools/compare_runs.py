"""Prints trained runs side by side, in the layout of the thesis's tables.

    python tools/compare_runs.py
    python tools/compare_runs.py data/runs/alexnet-224x224 data/runs/mine
    python tools/compare_runs.py --format=csv --tables=6.3

6.2: what each costs to train and save; 6.3: AUC, specificity, sensitivity and
accuracy of single images, at the threshold that validation chose; 6.4: AUC
and specificity when the views of a breast combine. Without folders, all runs
in data/runs. The figures are those of run.json and evaluation.json, which
model/train.py and model/evaluate.py write.
"""

import os
import sys

if not __package__:
    sys.path[0] = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))

from absl import flags

from pipelines import command
from pipelines import console

TABLES = flags.DEFINE_list(
    "tables", ["6.2", "6.3", "6.4"], "Which of the thesis's tables.")
FORMAT = flags.DEFINE_enum(
    "format", "table", ["table", "csv", "json"], "How they are printed.")


def main(argv: list[str]) -> int:
    from model import run_tables
    from model import runs
    from tools import results

    unknown = sorted(set(TABLES.value) - set(run_tables.TABLES))
    if unknown:
        raise command.UsageError(f"--tables={','.join(unknown)}: there are "
                                 f"{', '.join(run_tables.TABLES)}")
    found = [run_tables.load(folder)
             for folder in argv[1:] or run_tables.all_runs()]
    if not found:
        return command.fail(f"there are no runs in {runs.RUNS_FOLDER}; "
                            "model/train.py makes one")
    for number, name in enumerate(TABLES.value):
        table = run_tables.TABLES[name]
        if number:
            print()
        if FORMAT.value == "table":
            print(f"Table {name}: {table.title}\n")
        results.WRITERS[FORMAT.value](
            table.columns, [table.row(one) for one in found], sys.stdout)
    for note in run_tables.notes(found):
        console.warning(note)
    return command.DONE


if __name__ == "__main__":
    command.run(main)
