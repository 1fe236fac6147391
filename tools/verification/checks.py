"""All checks of a data set, the quick ones first."""

from collections.abc import Callable, Iterator

from pipelines import files
from pipelines import shards
from tools import datasets
from tools.verification import folder
from tools.verification import parquet
from tools.verification import records
from tools.verification import tables
from tools.verification.problem import Problem


def problems(dataset: datasets.Dataset, workers: int,
             on_bytes: Callable[[int], None]) -> Iterator[Problem]:
    """Everything that is wrong with a data set.

    Args:
      dataset: From `datasets.open_dataset`.
      workers: How many shards are read at a time.
      on_bytes: Called, from any thread, with the size of each record read.

    Yields:
      Problems; none if the data set is right.
    """
    if not dataset.description:
        yield Problem(shards.DATASET_FILE, "is missing: " + (
            "there is only a plan; run the build without --plan_only"
            if dataset.only_planned else
            "the build did not finish; run it again"))
        return
    if malformed := list(folder.description_problems(dataset.description)):
        yield from malformed
        return
    yield from folder.folder_problems(dataset)
    yield from folder.size_problems(dataset)
    if damaged := list(parquet.parquet_problems(dataset)):
        yield from damaged
        yield Problem("metadata", "the tables were not held against each "
                      "other, since some cannot be trusted")
    else:
        yield from parquet.order_problems(dataset)
        yield from tables.table_problems(dataset)
    yield from records.record_problems(dataset, workers, on_bytes)


def record_bytes(dataset: datasets.Dataset) -> int:
    """The size of all shards of records, for the progress."""
    return sum(size for variant in dataset.variants
               for name, size in files.sizes(
                   dataset.path(variant.folder)).items()
               if name.endswith(".tfrecord"))


def summary(dataset: datasets.Dataset) -> str:
    """What a right data set holds, in one line."""
    counts = dataset.description["counts"]["images"]
    variants = dataset.description["variants"].values()
    files = sum(counts.values())
    return (f"{files} files, {counts.get('written', 0)} of them written, "
            f"{len(variants)} variant{'s' * (len(variants) != 1)}, "
            f"{sum(v['records'] for v in variants)} records, "
            f"{sum(v['bytes'] for v in variants) / 1e6:.1f} MB")
