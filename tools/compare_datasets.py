r"""Tells what differs between two built data sets, before anyone trains.

    python tools/compare_datasets.py data/records data/inbreast
    python tools/compare_datasets.py data/records data/inbreast \
        --variant=crop:224x224 --images=1000 --output=report.html

Vendors, sizes, spacing, bit depth, views, labels; the histograms of what is
not background; and after which of the four contrast normalisations these are
closest. A is the data set to train on, B the one to work on. Written are a
page to look at and a JSON to go on from; the terminal has the summary.
"""

import os
import sys

if not __package__:
    sys.path[0] = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))

import json

from absl import flags

from pipelines import command

VARIANT = flags.DEFINE_string(
    "variant", None, "Which variant's images, as in resize:416x512; the first "
    "that both have unless given.")
OUTPUT = flags.DEFINE_string(
    "output", "data/comparison.html", "Page to write.")
JSON = flags.DEFINE_string(
    "json", None, "JSON to write; beside the page unless given.")
IMAGES = flags.DEFINE_integer(
    "images", 200, "Images of each data set whose greys are looked at, always "
    "the same ones.", lower_bound=1)


def compare(folders: tuple[str, str]):
    """All that there is to say about two data sets.

    Raises:
      ValueError: One is no complete data set, or they share no variant.
    """
    from tools.comparing import facts
    from tools.comparing import histograms
    from tools.comparing import report

    a, b = map(facts.open_complete, folders)
    variant = facts.common_variant(a, b, VARIANT.value)
    found = facts.compare(a, b, variant)
    samples = [histograms.sample(dataset, variant, IMAGES.value)
               for dataset in (a, b)]
    return report.Comparison(
        folders, str(variant), found,
        (len(samples[0].images), len(samples[1].images)),
        histograms.compare(*samples))


def main(argv: list[str]) -> int:
    if len(argv) != 3:
        raise command.UsageError("the folders of two data sets are needed: "
                                 "compare_datasets.py A B")
    from pipelines import files
    from tools.comparing import report

    page = OUTPUT.value
    data = JSON.value or f"{os.path.splitext(page)[0]}.json"
    found = compare((argv[1], argv[2]))
    for path, text in (
            (page, report.page(found)),
            (data, json.dumps(found.to_json(), indent=1) + "\n")):
        files.write_atomically(files.to_text(os.path.abspath(path)),
                               text.encode())
    print(report.text(found), end="")
    print(f"\n{page} and {data} say more")
    return command.DONE


if __name__ == "__main__":
    command.run(main)
