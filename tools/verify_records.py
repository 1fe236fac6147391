"""Reads a data set back, every record of every shard, and says what is wrong.

    python tools/verify_records.py
    python tools/verify_records.py --records=data/records --workers=4

Holds the shards against the Parquet files, those against each other, and all
of it against dataset.json: checksums, places, shapes, digests, labels, counts,
patients in one split only, one row for every file, nothing left over. Exit
status 0 if everything is right; 1, and a list, if anything is not.
"""

import os
import sys

if not __package__:
    sys.path[0] = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))

from absl import flags

from pipelines import command

RECORDS = flags.DEFINE_string(
    "records", "data/records", "Folder of the data set to verify.")
WORKERS = flags.DEFINE_integer(
    "workers", 0, "Shards read at a time; 0: as many as there are cores.",
    lower_bound=0)
MAX_PROBLEMS = flags.DEFINE_integer(
    "max_problems", 50, "Problems listed; all are counted.", lower_bound=0)


def main(argv: list[str]) -> int:
    command.refuse_words(argv)
    from pipelines import progress
    from tools import datasets
    from tools.verification import checks

    count = 0
    dataset = datasets.open_dataset(RECORDS.value)
    meter = progress.Meter("verify", "MB", checks.record_bytes(dataset) / 1e6)
    workers = WORKERS.value or os.cpu_count() or 1
    for problem in checks.problems(dataset, workers,
                                   lambda size: meter.add(size / 1e6)):
        count += 1
        if count <= MAX_PROBLEMS.value:
            meter.clear()
            print(problem, flush=True)
    meter.close()
    if count > MAX_PROBLEMS.value:
        print(f"... and {count - MAX_PROBLEMS.value} more "
              f"(--max_problems={count} lists all)")
    if count:
        print(f"{RECORDS.value}: {count} problem{'s' * (count > 1)}")
        return command.WRONG
    print(f"{RECORDS.value}: {checks.summary(dataset)}; all is right")
    return command.DONE


if __name__ == "__main__":
    command.run(main)
