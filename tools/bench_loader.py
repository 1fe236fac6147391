"""Measures how fast batches are read, against floors and other loaders.

    python tools/bench_loader.py
    python tools/bench_loader.py --records=data/records --input=224x224
    python tools/bench_loader.py --records=data/records --cold --nopeers

Without --records a small cohort is made and built first, once in each
encoding. Every loader reads all training images in turn, round after round,
so that the ratios hold on a machine whose speed comes and goes. Times end at
the last batch: taking an iterator apart is not reading.

    records only         interleaved TFRecordDataset, nothing parsed
    parse_example        the same, parsed and decoded by batch, in file order
    memory-mapped array  the images as one NumPy file, read by threads
    ours                 as in training: shuffled, each record's CRC checked
    ours, cached         likewise, all images in memory already
    tf.data, PNG files   a file an image: read_file, decode_png, batch
    Grain, ArrayRecord   random access, Grain's own threads
    WebDataset           tar files, in one process

float32 batches are divided by each image's maximum. Peers are measured where
they are installed: pip install -r requirements-bench.txt. With --cold, files
are dropped from the page cache before every pass.
"""

import os
import sys

if not __package__:
    sys.path[0] = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))

import dataclasses
import pathlib
import statistics
import tempfile
from typing import Any

from absl import flags

from pipelines import command
from pipelines import console

RECORDS = flags.DEFINE_string(
    "records", None, "Folder of the data set to read; one is made unless "
    "given.")
INPUT = flags.DEFINE_string(
    "input", "416x512", "Size of the images, or a variant: crop:224x224.")
WHERE = flags.DEFINE_string(
    "where", None, "SQL predicate that chooses whole shards: \"shard < 4\".")
BATCH_SIZE = flags.DEFINE_integer("batch_size", 32, "Images of a batch.")
PATIENTS = flags.DEFINE_integer(
    "patients", 130, "Patients of the data set that is made, with about eight "
    "images each.")
ROUNDS = flags.DEFINE_integer("rounds", 7, "Timed rounds of each reader.")
COLD = flags.DEFINE_bool(
    "cold", False, "Drop the files from the page cache before every pass.")
PEERS = flags.DEFINE_bool("peers", True, "Also measure other loaders.")
SCRATCH = flags.DEFINE_string(
    "scratch", None, "Folder for what is made, which is found there again; a "
    "temporary one unless given.")
JSON = flags.DEFINE_string("json", None, "File to write all figures to.")


def _indices(folder: pathlib.Path) -> list[Any]:
    """The data sets to read: the one that is there, or those made here."""
    from model import index

    found = ([pathlib.Path(RECORDS.value)] if RECORDS.value else
             [folder / f"records-{name}" for name in ("raw", "png")])
    if not RECORDS.value and not all(
            (output / "dataset.json").exists() for output in found):
        _build(folder / "cohort", found)
    return [index.load(str(records), INPUT.value, "train", where=WHERE.value,
                       columns=()) for records in found]


def _build(cohort: pathlib.Path, outputs: list[pathlib.Path]) -> None:
    from tools import benchmarks

    benchmarks.make_cohort(
        cohort, f"--patients={PATIENTS.value}", "--scale=0.25",
        "--transfer_syntaxes=explicit", "--gzip=none", "--overwrite")
    for output in outputs:
        console.info(f"{output} ...")
        # Images are small, but fill the whole size.
        benchmarks.watch(benchmarks.build_words(
            cohort, output, f"--encoding={output.name.rpartition('-')[2]}",
            "--resample=fit", "--fractions=1,0,0"))


def _readers(found: list[Any], folder: pathlib.Path) -> tuple[list[Any],
                                                              list[str]]:
    """All readers, and the packages that are missing for more."""
    from tools.loading import formats
    from tools.loading import readers

    first, size = found[0], BATCH_SIZE.value
    folder = folder / f"peers-{first.variant.folder}"
    made: str | None = None
    peers: list[Any] = []
    missing: list[str] = []
    if PEERS.value:
        made = str(folder)
        os.makedirs(made, exist_ok=True)
        console.info(f"{made} ...")
        formats.write(first, made)
        peers, missing = readers.peers(first, size, made)
    listed = readers.floors(first, size, made)
    for index in found:
        listed += readers.ours(index, size, not COLD.value)
    return listed + peers, missing


def _table(passes: dict[str, list[Any]]) -> str:
    from tools import benchmarks
    from tools import rounds

    rates = {name: [one.rate for one in found]
             for name, found in passes.items()}
    against = {name: name.rpartition(" / ")[2] for name in rates}
    records = next(name for name, gives in against.items()
                   if gives == "records")
    grain = next((name for name in rates if name.startswith("Grain")), None)
    rows = []
    for name, found in rates.items():
        floating = grain is not None and against[name] == "float32"
        first = statistics.median(one.first for one in passes[name])
        cpu = statistics.median(one.cpu / one.images for one in passes[name])
        rows.append([
            *name.split(" / "), f"{statistics.median(found):.0f}",
            rounds.spread(found), f"{first * 1e3:.0f}", f"{cpu * 1e6:.0f}",
            f"{rounds.ratio(found, rates[records]):.2f}",
            f"{rounds.ratio(found, rates[str(grain)]):.2f}"
            if floating else ""])
    return benchmarks.table(
        ["reader", "gives", "images/s", "lowest-highest", "first batch ms",
         "CPU us an image", "of records only", "x Grain"], rows)


def main(argv: list[str]) -> int:
    command.refuse_words(argv)
    # Before TensorFlow is imported, which tells of the end of every pass.
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    from tools import rounds
    from tools.loading import timing

    with tempfile.TemporaryDirectory() as temporary:
        folder = pathlib.Path(SCRATCH.value or temporary)
        found = _indices(folder)
        readers, missing = _readers(found, folder)
        drop = [path for index in found for path in index.paths]
        if COLD.value and PEERS.value:
            drop += [str(path) for path in folder.rglob("peers-*/**/*")
                     if path.is_file()]
        passes = rounds.interleaved(
            {f"{reader.name} / {reader.gives}": timing.a_pass(
                reader, len(found[0]), BATCH_SIZE.value,
                drop if COLD.value else [])
             for reader in readers}, ROUNDS.value)
    print(f"{len(found[0])} images of {found[0].variant}, batches of "
          f"{BATCH_SIZE.value}, {'cold' if COLD.value else 'warm'}; "
          f"{rounds.headline()}")
    print(_table(passes))
    if missing:
        print(f"not installed, so not measured: {', '.join(missing)}")
    rounds.write_json(JSON.value, {
        name: [dataclasses.asdict(one) for one in values]
        for name, values in passes.items()})
    return 0


if __name__ == "__main__":
    command.run(main)
