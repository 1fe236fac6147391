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

from absl import app
from absl import flags

RECORDS = flags.DEFINE_string(
    "records", "data/records", "Folder of the data set to verify.")
WORKERS = flags.DEFINE_integer(
    "workers", 0, "Shards read at a time; 0: as many as there are cores.",
    lower_bound=0)
MAX_PROBLEMS = flags.DEFINE_integer(
    "max_problems", 50, "Problems listed; all are counted.", lower_bound=0)


def main(argv: list[str]) -> int:
    if len(argv) > 1:
        raise app.UsageError(f"unexpected {argv[1]!r}; the data set is named "
                             "by --records=FOLDER")
    from tools import datasets
    from tools.verification import checks
    from tools.verification import progress

    count = 0
    try:
        dataset = datasets.open_dataset(RECORDS.value)
        meter = progress.Meter(checks.record_bytes(dataset), sys.stderr)
        workers = WORKERS.value or os.cpu_count() or 1
        for problem in checks.problems(dataset, workers, meter.add):
            count += 1
            if count <= MAX_PROBLEMS.value:
                meter.clear()
                print(problem, flush=True)
        meter.close()
    except (datasets.DatasetError, OSError) as error:
        print(f"verify_records.py: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nverify_records.py: interrupted", file=sys.stderr)
        return 130
    if count > MAX_PROBLEMS.value:
        print(f"... and {count - MAX_PROBLEMS.value} more "
              f"(--max_problems={count} lists all)")
    if count:
        print(f"{RECORDS.value}: {count} problem{'s' * (count > 1)}")
        return 1
    print(f"{RECORDS.value}: {checks.summary(dataset)}; all is right")
    return 0


if __name__ == "__main__":
    app.run(main)
