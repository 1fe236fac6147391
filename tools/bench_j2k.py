"""Measures what --j2k=reduced gains, and how far its pixels are others.

    python tools/bench_j2k.py
    python tools/bench_j2k.py --patients=8 --rounds=5 --json=j2k.json

Synthetic full-size JPEG 2000 images are decoded and preprocessed in one
thread, in full and at a quarter in turn. Differences are of the breast's
pixels in each default variant, in levels of the image's own bits: the mean,
and what 99 % of the pixels do not exceed; medians over images, with the
largest in brackets.
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

PATIENTS = flags.DEFINE_integer(
    "patients", 4, "Patients of the cohort, with about eight images each.")
IMAGES = flags.DEFINE_integer(
    "images", 24, "Images to decode, spread over the cohort.", lower_bound=1)
ROUNDS = flags.DEFINE_integer("rounds", 3, "Timed rounds.", lower_bound=1)
JSON = flags.DEFINE_string("json", None, "File to write all figures to.")


def _measured(folder: pathlib.Path, recipe: Any) -> list[Any]:
    """A `reduction.Reduction` for each image that has a breast."""
    import numpy as np

    from pipelines import reasons
    from tools import benchmarks
    from tools import reduction

    benchmarks.make_cohort(folder, f"--patients={PATIENTS.value}",
                           "--transfer_syntaxes=j2k", "--gzip=none")
    files = sorted((folder / "dicoms").rglob("*.dcm"))
    found = []
    for number in np.unique(np.linspace(
            0, len(files) - 1, IMAGES.value).astype(int)):
        try:
            found.append(reduction.measure(str(files[number]), recipe,
                                           ROUNDS.value))
        except reasons.Rejected:
            continue  # A build would not convert it either.
    return found


def _rows(found: list[Any], recipe: Any) -> list[list[str]]:
    """A line of the table for each number of bits and variant."""
    rows = []
    for bits in sorted({one.bits_stored for one in found}):
        images = [one for one in found if one.bits_stored == bits]
        full, reduced = (statistics.median(
            getattr(one, name) for one in images) * 1e3
            for name in ("full_seconds", "reduced_seconds"))
        for number, variant in enumerate(recipe.variants):
            cells = []
            for name in ("mean", "most"):
                values = [getattr(one.differences[number], name)
                          for one in images]
                cells.append(f"{statistics.median(values):.1f} "
                             f"({max(values):.1f})")
            rows.append([
                str(bits), str(len(images)), f"{full:.0f}", f"{reduced:.0f}",
                f"{full / reduced:.1f}", str(variant), *cells,
                f"{sum(not one.same_box for one in images)}",
                f"{sum(not one.same_side for one in images)}"])
    return rows


def main(argv: list[str]) -> None:
    command.refuse_words(argv)
    from pipelines import geometry
    from pipelines import recipe as recipes
    from tools import benchmarks
    from tools import rounds

    recipe = recipes.Recipe(variants=tuple(map(geometry.Variant.parse, (
        "resize:416x512", "crop:224x224"))))
    with tempfile.TemporaryDirectory() as folder:
        found = _measured(pathlib.Path(folder), recipe)
    print(rounds.headline())
    print(benchmarks.table(
        ["bits", "images", "full ms", "reduced ms", "times", "variant",
         "mean difference", "99 % within", "other boxes", "other sides"],
        _rows(found, recipe)))
    rounds.write_json(JSON.value, {
        "images": [dataclasses.asdict(one) for one in found]})


if __name__ == "__main__":
    command.run(main)
