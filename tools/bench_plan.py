"""Measures the planning stages by the number of files, without any pixel.

    python tools/bench_plan.py
    python tools/bench_plan.py --rows=1000000,10000000

Header rows and a register are made; then the stages of a build that run in one
process do as in a build: the register is read, tasks for the scan are made,
its parts put together, shared UIDs looked for, the plan made, its shards
listed, and the metadata sealed. Each number of rows is a process of its own.
Peak memory is the process's (resident), with what a build holds meanwhile.
"""

import os
import sys

if not __package__:
    sys.path[0] = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))

import pathlib
import tempfile

from absl import flags

from pipelines import command
from pipelines import console

ROWS = flags.DEFINE_list("rows", ["100000", "1000000"], "Numbers of files.")
SCRATCH = flags.DEFINE_string(
    "scratch", None, "Folder for the rows; a temporary one unless given.")


def main(argv: list[str]) -> None:
    from tools import benchmarks

    benchmarks.quieten()
    from tools import planning

    command.refuse_words(argv)
    rows = []
    for count in sorted(map(int, ROWS.value)):
        with tempfile.TemporaryDirectory(dir=SCRATCH.value) as folder:
            measured = benchmarks.in_new_process(
                planning.measure, pathlib.Path(folder), count)
        for stage in measured.stages:
            rows.append([f"{count:,}", stage.name, f"{stage.seconds:.1f}",
                         f"{stage.cpu_seconds:.1f}",
                         f"{stage.seconds / count * 1e6:.1f}",
                         f"{stage.cpu_seconds / count * 1e6:.1f}",
                         f"{stage.peak_bytes / 1e6:,.0f}"])
            console.info(" ".join(rows[-1]))
    print(benchmarks.machine())
    print(benchmarks.table(
        ["rows", "stage", "s", "CPU s", "us a row", "CPU us a row",
         "peak MB"], rows))


if __name__ == "__main__":
    command.run(main)
