"""Measures how fast batches are read, against plain TFRecordDatasets.

    python tools/bench_loader.py
    python tools/bench_loader.py --input=224x224 --rounds=9
    python tools/bench_loader.py --cold

The training images are read in batches by each reader in turn, round after
round, so that the ratios hold on a machine whose speed comes and goes:

    records only       interleaved TFRecordDataset, nothing parsed
    parse_example      the same, batches parsed and decoded, in file order
    index, in order    our batches, unshuffled
    index, shuffled    our batches, as in training
    index, cached      our batches, shuffled, all images in memory already

With --cold the shards are dropped from the page cache before every pass.
"""

import os
import sys

if not __package__:
    sys.path[0] = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))

import functools
import itertools
import statistics
import time
from collections.abc import Callable
from typing import Any

from absl import app
from absl import flags

RECORDS = flags.DEFINE_string(
    "records", "data/records", "Folder of the data set to read.")
INPUT = flags.DEFINE_string(
    "input", "416x512", "Size of the images, or a variant: crop:224x224.")
BATCH_SIZE = flags.DEFINE_integer("batch_size", 32, "Images of a batch.")
IMAGES = flags.DEFINE_integer(
    "images", 2000, "Least number of images a round; small data sets are read "
    "several times.")
ROUNDS = flags.DEFINE_integer("rounds", 5, "Timed rounds of each reader.")
COLD = flags.DEFINE_bool(
    "cold", False, "Drop the shards from the page cache before every pass.")

_FILES_AT_A_TIME = 4


def _records_only(index: Any) -> Any:
    import tensorflow as tf

    dataset = tf.data.Dataset.from_tensor_slices(list(index.paths))
    dataset = dataset.interleave(
        tf.data.TFRecordDataset, cycle_length=_FILES_AT_A_TIME,
        num_parallel_calls=_FILES_AT_A_TIME)
    return dataset.batch(BATCH_SIZE.value).prefetch(2)


def _parse_example(index: Any) -> Any:
    import tensorflow as tf

    from pipelines import schema

    def parse(records):
        features = tf.io.parse_example(records, schema.feature_spec())
        pixels = tf.io.decode_raw(features["image"], tf.uint16)
        return tf.reshape(pixels, (-1, *index.size.shape))

    return _records_only(index).map(
        parse, num_parallel_calls=len(os.sched_getaffinity(0))).prefetch(2)


def _ours(index: Any, epochs: Any, **plan: Any) -> Any:
    from model import dataset

    return dataset.batches(index, dataset.BatchPlan(
        BATCH_SIZE.value, epoch=next(epochs), pad=False, **plan))


def _readers(index: Any) -> dict[str, Callable[[], Any]]:
    """What makes a pass over the images, by name."""
    epochs = itertools.count()
    readers: dict[str, Callable[[], Any]] = {
        "records only": functools.partial(_records_only, index),
        "parse_example": functools.partial(_parse_example, index),
        "index, in order": functools.partial(
            _ours, index, epochs, shuffle=False),
        "index, shuffled": functools.partial(_ours, index, epochs),
        "index, cached": functools.partial(
            _ours, index, epochs, cache="auto"),
    }
    if index.encoding != "raw":
        del readers["parse_example"]  # It would decode another way.
    if COLD.value:
        del readers["index, cached"]  # It reads no file.
    return readers


def _images_per_second(index: Any, reader: Callable[[], Any],
                       passes: int) -> float:
    seconds = 0.0
    for _ in range(passes):
        if COLD.value:
            _drop_from_page_cache(index.paths)
        start = time.perf_counter()
        for _ in reader():
            pass
        seconds += time.perf_counter() - start
    return len(index) * passes / seconds


def _drop_from_page_cache(paths: tuple[str, ...]) -> None:
    for path in paths:
        descriptor = os.open(path, os.O_RDONLY)
        os.fsync(descriptor)  # What is not on disk yet stays.
        os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
        os.close(descriptor)


def main(argv: list[str]) -> int:
    from model import index as indices
    from tools import benchmarks

    if len(argv) > 1:
        raise app.UsageError(f"unknown words: {' '.join(argv[1:])}")
    try:
        index = indices.load(RECORDS.value, INPUT.value, "train", columns=())
    except indices.RecordsError as error:
        print("bench_loader.py:", error, file=sys.stderr)
        return 1
    # Before TensorFlow is imported, which tells of the end of every pass.
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    readers = _readers(index)
    passes = -(-IMAGES.value // len(index))
    for reader in readers.values():
        _images_per_second(index, reader, 1)
    speeds: dict[str, list[float]] = {name: [] for name in readers}
    for _ in range(ROUNDS.value):
        for name, reader in readers.items():
            speeds[name].append(_images_per_second(index, reader, passes))
    print(f"{len(index)} images of {index.variant}, {index.encoding}, in "
          f"{len(index.paths)} shards, {'cold' if COLD.value else 'warm'}; "
          f"{benchmarks.machine()}")
    plain = speeds["records only"]
    print(benchmarks.table(
        ["reader", "images/s", "of records only"],
        [[name, f"{statistics.median(found):.0f}",
          f"{statistics.median(a / b for a, b in zip(found, plain)):.2f}"]
         for name, found in speeds.items()]))
    return 0


if __name__ == "__main__":
    app.run(main)
