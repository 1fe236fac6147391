"""The page that tells of a data set.

Without identifiers no path, no UID and no patient ID is on it, nor anything
that was made of one: files are told by their reason, size and what was found,
and the command that lists them stands beside.
"""

import os

from model import pages
from tools import datasets
from tools.reporting import counted
from tools.reporting import pictured
from tools.reporting import told
from tools.reporting.counts import Counts, FILES, PEOPLE
from tools.reporting.samples import Samples


def page(dataset: datasets.Dataset, counts: Counts, samples: Samples,
         identifiers: bool = False) -> str:
    """The whole page.

    Args:
      dataset: What it tells of.
      counts: Of its metadata.
      samples: Of its records.
      identifiers: Whether paths and patients' IDs may be on it.
    """
    name = os.path.basename(os.path.abspath(dataset.root))
    folder = dataset.root if identifiers else "FOLDER"
    audit = dataset.description.get("audit") or {}
    sections = [
        ("What became of the files", counted.files(counts)),
        ("Splits and labels", counted.splits(counts)),
        ("Views, vendors, years", counted.categories(
            counts, PEOPLE, "The same in all images")),
        ("Age and outcome", counted.outcomes(counts)),
        ("The images as they came", counted.categories(
            counts, FILES, "The same in all files")),
        ("Greys of the foreground", pictured.greys(samples)),
        ("Examples", pictured.examples(
            samples, identifiers, dataset.description.get("recipe") or {})),
        ("How labels and images met", told.audit(audit, identifiers)),
        ("Why files are in no record",
         told.why(counts.why, folder, identifiers)),
        ("Remarks", told.remarks(counts.remarks)),
        ("The recipe", told.recipe(dataset.description))]
    return pages.page(
        f"Data set {name}", _lead(dataset, counts), sections,
        _closing(dataset, identifiers), _tiles(dataset, counts))


def _lead(dataset: datasets.Dataset, counts: Counts) -> str:
    if not counts.numbers["files"]:
        return "No file was matched: there is nothing to tell of."
    if dataset.only_planned:
        return ("Only planned so far: what follows is of the images that "
                "would be written.")
    if not dataset.description:
        return "The build was not finished; run it again to go on."
    return ("Counts are of the images in the records unless they say "
            "otherwise.")


def _tiles(dataset: datasets.Dataset, counts: Counts) -> str:
    numbers = counts.numbers
    images = numbers["images"]
    share = f" ({numbers['cancers'] / images:.1%})" if images else ""
    told = [("files matched", f"{numbers['files']:,}"),
            ("images in records", f"{images:,}"),
            ("with cancer", f"{numbers['cancers']:,}{share}"),
            ("patients", f"{numbers['patients']:,}"),
            ("studies", f"{numbers['studies']:,}"),
            ("vendors", f"{numbers['vendors']:,}")]
    first, last = numbers["first_year"], numbers["last_year"]
    if first:
        told.append(("years", f"{first}" if first == last
                     else f"{first} to {last}"))
    told += [(name, _size(variant["bytes"])) for name, variant in
             sorted(dataset.description.get("variants", {}).items())]
    return pages.tiles(told)


def _closing(dataset: datasets.Dataset, identifiers: bool) -> str:
    digests = [variant["digest"][:12] for _, variant in
               sorted(dataset.description.get("variants", {}).items())]
    made = f" Of the records {', '.join(digests)}." if digests else ""
    what = ("With file paths and patients' IDs: not to be passed on."
            if identifiers else
            "Without file paths, UIDs or patients' IDs; --identifiers adds "
            "them.")
    return f"Made by tools/report.py. {what}{made}"


def _size(size: int) -> str:
    """
    >>> _size(1_503_238), _size(263_900_000_000)
    ('1.5 MB', '263.9 GB')
    """
    value = size / 1e6
    return (f"{value / 1000:,.1f} GB" if value >= 1000
            else f"{value:,.1f} MB")
