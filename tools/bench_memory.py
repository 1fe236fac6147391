"""Measures the peak memory of a build, by the number of files.

    python tools/bench_memory.py
    python tools/bench_memory.py --files=60,480,2000 --scale=1

The same full-size JPEG lossless images, each with a SOP Instance UID of its
own, are built into both default variants; the peak is that of the whole process
tree (proportional set size), scan, plan and seal included.
"""

import os
import sys

if not __package__:
    sys.path[0] = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))

import pathlib
import shutil
import tempfile

from absl import flags

from pipelines import command
from pipelines import console

FILES = flags.DEFINE_list("files", ["200", "2000"], "Numbers of files.")
SCALE = flags.DEFINE_float("scale", 1.0, "Size of the images, as "
                           "tools/make_cohort.py has it.")
PATIENTS = flags.DEFINE_integer(
    "patients", 12, "Patients whose images are copied.")
PROCESSES = flags.DEFINE_bool(
    "processes", False, "Build with processes for workers, as where they are "
    "more than two.")
SCRATCH = flags.DEFINE_string(
    "scratch", None, "Folder for the files; a temporary one unless given.")


def main(argv: list[str]) -> None:
    from tools import benchmarks

    command.refuse_words(argv)
    mode = PROCESSES.value * ["--direct_running_mode=multi_processing"]
    rows = []
    with tempfile.TemporaryDirectory(dir=SCRATCH.value) as scratch:
        folder = pathlib.Path(scratch)
        benchmarks.make_cohort(
            folder, f"--patients={PATIENTS.value}", f"--scale={SCALE.value}",
            "--transfer_syntaxes=jpeg_lossless_sv1", "--gzip=none")
        for wanted in sorted(map(int, FILES.value)):
            files = benchmarks.multiply(folder, wanted)
            seconds, peak = benchmarks.watch(
                benchmarks.build_words(folder, folder / "records", *mode))
            shutil.rmtree(folder / "records")
            rows.append([f"{files:,}", f"{peak / 1e6:.0f}",
                         f"{files / seconds:.1f}"])
            console.info(f"{files} files: {peak / 1e6:.0f} MB")
    print(benchmarks.machine())
    print(benchmarks.table(["files", "peak MB", "images/s"], rows))


if __name__ == "__main__":
    command.run(main)
