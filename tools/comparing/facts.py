"""What two built data sets say of themselves: counts and shares, by SQL.

Everything is of the images of one variant, so of those that a network of its
size would see.
"""

import dataclasses
from collections.abc import Mapping
from typing import Any

from pipelines import geometry
from tools import datasets
from tools.datasets import Dataset

UNKNOWN = "(unknown)"

# What shares are compared of: title and SQL over the columns of `records`.
CATEGORIES = {
    "manufacturer": "manufacturer",
    "model": "manufacturer_model",
    "size (columns x rows)": '"columns" || \'x\' || "rows"',
    "detector pixel (mm)":
        "round(coalesce(imager_pixel_spacing_mm, pixel_spacing_mm), 3)",
    "output pixel (mm)": "round(scale_x * coalesce(imager_pixel_spacing_mm, "
                         "pixel_spacing_mm), 2)",
    "bits stored": "bits_stored",
    "photometric": "photometric",
    "presentation intent": "presentation_intent",
    "transfer syntax": "transfer_syntax",
    "lossy": "lossy",
    "view": "view",
    "laterality": "laterality",
    "implant": "implant",
    "age": "CASE WHEN patient_age IS NOT NULL THEN "
           "(patient_age // 10 * 10) || ' to ' || (patient_age // 10 * 10 + 9)"
           " END",
    "year": "year(study_date)",
    "cancer": "cancer",
    "follow-up": "follow_up",
    "BI-RADS": "birads",
    "outcome": "outcome",
    "split": "split",
}

_NUMBERS = {
    "images": "count(*)",
    "patients": "count(DISTINCT (dataset, patient_id))",
    "studies": "count(DISTINCT study_instance_uid)",
    "images with cancer": "count(*) FILTER (cancer = 1)",
    "patients with cancer": "count(DISTINCT (dataset, patient_id)) "
                            "FILTER (cancer = 1)",
    "images with follow-up": "count(*) FILTER (follow_up = 1)",
    "median of the largest value": "median(max_value)",
    "median output pixel (mm)": "round(median(scale_x * coalesce("
                                "imager_pixel_spacing_mm, pixel_spacing_mm)),"
                                " 4)",
}


@dataclasses.dataclass(frozen=True)
class Shares:
    """How often each value occurs in A and in B.

    Attributes:
      a: Images by value; what is unknown is `UNKNOWN`.
      b: Likewise.
    """

    a: Mapping[str, int]
    b: Mapping[str, int]

    @property
    def distance(self) -> float:
        """The total variation: the share that differs, 0 to 1.

        >>> Shares({"CC": 5, "MLO": 5}, {"CC": 1}).distance
        0.5
        """
        total_a, total_b = sum(self.a.values()), sum(self.b.values())
        return sum(abs(self.a.get(value, 0) / total_a -
                       self.b.get(value, 0) / total_b)
                   for value in sorted({*self.a, *self.b})) / 2

    @property
    def values(self) -> list[str]:
        """All values, the commonest in both together first."""
        total_a, total_b = sum(self.a.values()), sum(self.b.values())
        return sorted({*self.a, *self.b}, key=lambda value: (
            -self.a.get(value, 0) / total_a - self.b.get(value, 0) / total_b,
            value))


@dataclasses.dataclass(frozen=True)
class Facts:
    """What differs before any pixel is looked at.

    Attributes:
      numbers: By title, of A and of B.
      shares: By `CATEGORIES`.
      recipe: By name, of A and of B, where they differ.
      in_both: How many patients and images are in both, by those names.
    """

    numbers: Mapping[str, tuple[Any, Any]]
    shares: Mapping[str, Shares]
    recipe: Mapping[str, tuple[Any, Any]]
    in_both: Mapping[str, int]

    def to_json(self) -> dict[str, Any]:
        return {
            "numbers": {name: {"a": a, "b": b}
                        for name, (a, b) in self.numbers.items()},
            "shares": {name: {"distance": one.distance, "a": dict(one.a),
                              "b": dict(one.b)}
                       for name, one in self.shares.items()},
            "recipe": {name: {"a": a, "b": b}
                       for name, (a, b) in self.recipe.items()},
            "in_both": dict(self.in_both)}


def open_complete(root: str) -> Dataset:
    """A data set whose build was finished.

    Raises:
      DatasetError: It is none, or is not finished.
    """
    dataset = datasets.open_dataset(root)
    if not dataset.description:
        raise datasets.DatasetError(
            f"the build in {root} was not finished; run it again")
    return dataset


def common_variant(a: Dataset, b: Dataset,
                   wanted: str | None) -> geometry.Variant:
    """The variant to compare: the one asked for, or the first of both.

    Raises:
      ValueError: It is not in both.
    """
    there = [variant for variant in a.variants if variant in b.variants]
    if wanted is None and there:
        return there[0]
    if wanted is not None:
        variant = geometry.Variant.parse(wanted)
        if variant in there:
            return variant
    have = "; ".join(
        f"{dataset.root} has {', '.join(map(str, dataset.variants)) or 'none'}"
        for dataset in (a, b))
    what = f"the variant {wanted}" if wanted else "no variant"
    raise ValueError(
        f"{what} is not in both data sets: {have}; "
        f"build one of them with the other's --variants" if wanted else
        f"{what} is in both data sets: {have}; build one of them with the "
        "other's --variants")


def compare(a: Dataset, b: Dataset, variant: geometry.Variant) -> Facts:
    """All facts of two data sets.

    Raises:
      DatasetError: One has no image of the variant.
    """
    found = [_of_one(dataset, variant) for dataset in (a, b)]
    recipes = [dataset.description["recipe"] for dataset in (a, b)]
    differing = {
        name: (recipes[0].get(name), recipes[1].get(name))
        for name in sorted({*recipes[0], *recipes[1]} -
                           {"variants", "normalisation", "encoding"})
        if recipes[0].get(name) != recipes[1].get(name)}
    return Facts(
        {name: (found[0].numbers[name], found[1].numbers[name])
         for name in _NUMBERS},
        {name: Shares(found[0].shares[name], found[1].shares[name])
         for name in CATEGORIES},
        differing,
        {what: len(found[0].names[what] & found[1].names[what])
         for what in found[0].names})


@dataclasses.dataclass(frozen=True)
class _One:
    numbers: Mapping[str, Any]
    shares: Mapping[str, Mapping[str, int]]
    names: Mapping[str, set[str]]


def _of_one(dataset: Dataset, variant: geometry.Variant) -> _One:
    connection = datasets.connect(dataset)
    chosen = "FROM records WHERE variant = $variant"
    parameters = {"variant": str(variant)}

    def rows(select: str, rest: str = "") -> list[tuple]:
        return connection.execute(f"SELECT {select} {chosen} {rest}",
                                  parameters).fetchall()

    values, = rows(", ".join(_NUMBERS.values()))
    numbers = dict(zip(_NUMBERS, values))
    if not numbers["images"]:
        raise datasets.DatasetError(
            f"{dataset.root} has no images of {variant}")
    shares = {
        name: dict(rows(
            f"coalesce(CAST({sql} AS VARCHAR), '{UNKNOWN}') AS v, count(*)",
            "GROUP BY v ORDER BY v"))
        for name, sql in CATEGORIES.items()}
    names = {what: {name for name, in rows(f"DISTINCT {column}")
                    if name is not None}
             for what, column in (("patients", "patient_id"),
                                  ("images", "sop_instance_uid"))}
    return _One(numbers, shares, names)
