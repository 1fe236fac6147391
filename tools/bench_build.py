"""Measures how fast records are built, by transfer syntax.

    python tools/bench_build.py
    python tools/bench_build.py --patients=20 --syntaxes=explicit,jpegls

For each syntax a synthetic cohort of full-size images is made; its headers are
scanned and planned; then the conversion of all of it into both default
variants is timed as a process of its own, Python's start, Beam and all writing
included, with the files in the page cache. The same images are converted by a
plain pool of processes (pydicom, gzip and OpenCV, no records written) in turn
with it, so that the ratio holds on a machine whose speed comes and goes.
"""

import os
import sys

if not __package__:
    sys.path[0] = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))

import pathlib
import shutil
import statistics
import tempfile

from absl import flags

from pipelines import command
from pipelines import console

PATIENTS = flags.DEFINE_integer(
    "patients", 8, "Patients of each cohort, with about eight images each.")
SYNTAXES = flags.DEFINE_list(
    "syntaxes", ["explicit+gzip", "explicit", "deflated", "rle",
                 "jpeg_lossless_sv1", "jpegls", "j2k", "htj2k"],
    "Names that tools/make_cohort.py knows; +gzip around any.")
ROUNDS = flags.DEFINE_integer("rounds", 3, "Timed builds of each.")
BASELINE = flags.DEFINE_bool(
    "baseline", True, "Also time a plain pool of pydicom, gzip and OpenCV.")
SCRATCH = flags.DEFINE_string(
    "scratch", None, "Folder for the cohorts; a temporary one unless given.")


def _measure(folder: pathlib.Path, syntax: str) -> list[str]:
    """One row: syntax, images, MB each, images/s, MB/s, against the pool."""
    from tools import benchmarks

    name, _, gzip = syntax.partition("+")
    benchmarks.make_cohort(
        folder, f"--patients={PATIENTS.value}", f"--transfer_syntaxes={name}",
        f"--gzip={'all' if gzip else 'none'}")
    files = [path for path in (folder / "dicoms").rglob("*")
             if path.is_file()]
    size = sum(path.stat().st_size for path in files)
    output = folder / "records"
    words = benchmarks.build_words(folder, output)
    benchmarks.watch([*words, "--plan_only"])
    ours, theirs = [], []
    for _ in range(ROUNDS.value):
        ours.append(benchmarks.watch(words)[0])
        for entry in output.iterdir():
            if entry.name != ".work":
                (shutil.rmtree if entry.is_dir() else os.remove)(entry)
        if BASELINE.value:
            theirs.append(benchmarks.watch([
                sys.executable, str(benchmarks.ROOT / "tools/bench_pool.py"),
                f"--dicoms={folder / 'dicoms'}"])[0])
    seconds = statistics.median(ours)
    ratio = (f"{statistics.median(t / o for t, o in zip(theirs, ours)):.1f}"
             if theirs else "")
    return [syntax, str(len(files)), f"{size / len(files) / 1e6:.1f}",
            f"{len(files) / seconds:.1f}", f"{size / seconds / 1e6:.0f}",
            ratio]


def main(argv: list[str]) -> None:
    from tools import benchmarks

    command.refuse_words(argv)
    rows = []
    for syntax in SYNTAXES.value:
        with tempfile.TemporaryDirectory(dir=SCRATCH.value) as folder:
            console.info(f"{syntax} ...")
            rows.append(_measure(pathlib.Path(folder), syntax))
    print(benchmarks.machine())
    print(benchmarks.table(["transfer syntax", "images", "MB each",
                            "images/s", "MB/s", "x plain pool"], rows))


if __name__ == "__main__":
    command.run(main)
