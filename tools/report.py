r"""Writes a page that tells of a built data set: pictures, tables, counts.

    python tools/report.py
    python tools/report.py --records=data/inbreast --output=inbreast.html
    python tools/report.py --images=1000 --identifiers

One file of HTML for a browser or a printer, which needs nothing else: images
by split, label, view, vendor and year, diagnosis by age, BI-RADS by diagnosis,
sizes and encodings, greys by vendor, examples of every vendor and view, how
labels and images met, why files are in no record, and the recipe in words.
There are no file paths, UIDs or patients' IDs in it unless --identifiers is
given. `pipelines/build_records.py --report` writes it at the end of a build.
"""

import os
import sys

if not __package__:
    sys.path[0] = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))

from absl import flags

from pipelines import command

RECORDS = flags.DEFINE_string(
    "records", "data/records", "Folder of the data set.")
OUTPUT = flags.DEFINE_string(
    "output", None, "Page to write; report.html in the data set's folder "
    "unless given.")
IMAGES = flags.DEFINE_integer(
    "images", 200, "Images whose greys are looked at, always the same ones.",
    lower_bound=0)
IDENTIFIERS = flags.DEFINE_bool(
    "identifiers", False, "Also show paths of files, and patients' IDs in "
    "examples of the label join.")


def report(root: str, images: int, identifiers: bool) -> str:
    """The page of a data set.

    Raises:
      ValueError: There is none, or it cannot be read.
    """
    from tools import datasets
    from tools.reporting import counts
    from tools.reporting import page
    from tools.reporting import samples

    dataset = datasets.open_dataset(root)
    return page.page(dataset, counts.count(dataset),
                     samples.look(dataset, images), identifiers)


def main(argv: list[str]) -> int:
    command.refuse_words(argv)
    import duckdb

    from pipelines import files
    from pipelines import shards

    path = OUTPUT.value or os.path.join(RECORDS.value, shards.REPORT_FILE)
    try:
        text = report(RECORDS.value, IMAGES.value, IDENTIFIERS.value)
        files.write_atomically(
            files.to_text(os.path.abspath(path)) if files.is_local(path)
            else path, text.encode())
    except duckdb.Error as error:
        return command.fail(error)
    print(f"{path}: {len(text) / 1e6:.1f} MB")
    return command.DONE


if __name__ == "__main__":
    command.run(main)
