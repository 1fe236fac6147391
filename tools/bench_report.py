"""Measures how long the report of a large data set takes, and how large it is.

    python tools/bench_report.py
    python tools/bench_report.py --records=data/records --rows=5000000

The metadata of a built data set is repeated until it has so many rows, each
with its own path, patient and UIDs; the shards stay what they are, so that
pictures are read from as many places as there are shards. Then tools/report.py
runs in a process of its own.
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

RECORDS = flags.DEFINE_string(
    "records", "data/records", "Folder of a built data set to repeat.")
ROWS = flags.DEFINE_integer(
    "rows", 557_642, "Rows of metadata; as many as the thesis had images "
    "unless given.", lower_bound=1)

_ROOT = pathlib.Path(__file__).parents[1]
# What makes a repeated row another image of another patient.
_OWN = ("file", "sop_instance_uid", "study_instance_uid",
        "series_instance_uid", "patient_id")


def repeat(source: str, target: str, rows: int) -> None:
    """Makes a data set of so many rows of another one's.

    Args:
      source: The folder of one that was built.
      target: The folder to make; its shards are links.
      rows: Of `images`; of each variant's `records` as many as come with
        them.
    """
    from tools import datasets

    dataset = datasets.open_dataset(source)
    connection = datasets.connect(dataset)
    images, = connection.execute("SELECT count(*) FROM images").fetchone()
    copies = -(-rows // max(1, images))
    os.makedirs(os.path.join(target, "metadata"))
    shutil.copy(os.path.join(source, "dataset.json"), target)
    replaced = ", ".join(f"{name} || '.' || copy AS {name}" for name in _OWN)
    chosen = f"SELECT * EXCLUDE (copy) REPLACE ({replaced}) FROM"
    connection.execute(f"""
        COPY ({chosen} images, range({copies}) AS copies(copy) LIMIT {rows})
        TO '{target}/metadata/part-00000.parquet' (COMPRESSION zstd)""")
    for variant in dataset.variants:
        folder = os.path.join(target, variant.folder)
        os.makedirs(folder)
        for name in os.listdir(os.path.join(source, variant.folder)):
            if name.endswith(".tfrecord"):
                os.symlink(os.path.abspath(os.path.join(
                    source, variant.folder, name)), os.path.join(folder, name))
        connection.execute(f"""
            COPY ({chosen} records, range({copies}) AS copies(copy)
              WHERE variant = '{variant}')
            TO '{folder}/all.parquet' (COMPRESSION zstd)""")


def main(argv: list[str]) -> int:
    command.refuse_words(argv)
    from tools import benchmarks

    with tempfile.TemporaryDirectory() as folder:
        large = os.path.join(folder, "large")
        repeat(RECORDS.value, large, ROWS.value)
        page = os.path.join(folder, "report.html")
        seconds, peak = benchmarks.watch([
            sys.executable, str(_ROOT / "tools/report.py"),
            f"--records={large}", f"--output={page}"])
        size = os.path.getsize(page)
    print(f"{benchmarks.machine()}\n\n" + benchmarks.table(
        ["rows", "seconds", "page, MB", "peak memory, MB"],
        [[f"{ROWS.value:,}", f"{seconds:.1f}", f"{size / 1e6:.1f}",
          f"{peak / 1e6:.0f}"]]))
    return 0


if __name__ == "__main__":
    command.run(main)
