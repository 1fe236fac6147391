"""The parts of the page that show pixels: greys and examples."""

from collections.abc import Mapping
from typing import Any

from model import pages
from tools.reporting import drawing
from tools.reporting.samples import Example, Samples

_LABELS = {None: "cancer unknown", 0: "no cancer", 1: "cancer"}
_MOST_PROBLEMS = 5


def greys(samples: Samples) -> str:
    """Mean histograms of the foregrounds, by vendor."""
    if not samples.greys:
        return ""
    images = sum(one.images for one in samples.greys.values())
    edges = [round(100 * edge / 8) for edge in range(9)]
    eighths = [(vendor, f"{one.images:,}", *(
        f"{100 * share:.1f}" for share in one.shares.reshape(8, -1).sum(1)))
        for vendor, one in samples.greys.items()]
    table = pages.table(
        ("vendor", "images", *(f"{low}-{high}" for low, high in
                               zip(edges, edges[1:]))), eighths,
        "% of the foreground within eighths of the range")
    told = "; ".join(
        f"{vendor}, {one.images} images, most at "
        f"{100 * (one.shares.argmax() + 0.5) / len(one.shares):.0f} %"
        for vendor, one in samples.greys.items())
    return (pages.paragraph(
        f"Mean histograms of what is not background in {images:,} images of "
        f"{samples.variant}, always the same ones, as stored. Where vendors "
        "lie apart, a network trained on one may fail on the other: "
        "tools/compare_datasets.py says which normalisation helps.")
        + pages.figures(pages.drawing(
            drawing.greys(samples.greys), "Lines: share of the foreground by "
            f"grey. {told}.", table)))


def examples(samples: Samples, identifiers: bool,
             recipe: Mapping[str, Any]) -> str:
    """A contact sheet with every vendor and view."""
    if not samples.examples and not samples.problems:
        return ""
    parts = [pages.paragraph(f"Could not be read: {problem}", "warning")
             for problem in samples.problems[:_MOST_PROBLEMS]]
    if len(samples.problems) > _MOST_PROBLEMS:
        parts.append(pages.paragraph(
            f"and {len(samples.problems) - _MOST_PROBLEMS:,} more; "
            "tools/verify_records.py tells of all", "warning"))
    groups, shown = samples.groups
    left = "" if shown == groups else (
        f" {groups - shown:,} rarer vendors' views are left out.")
    parts.append(pages.paragraph(
        f"Of every vendor and view, {samples.variant}, each from black to its "
        f"own maximum, with the breast on the left.{left}"))
    if recipe.get("markers") == "keep":
        parts.append(pages.paragraph(
            "This recipe keeps burned-in text, which may name a patient.",
            "warning"))
    vendors: dict[str, list[Example]] = {}
    for one in samples.examples:
        vendors.setdefault(one.vendor, []).append(one)
    for vendor, examples in vendors.items():
        parts += [pages.heading(vendor), pages.pictures(
            _example(one, identifiers) for one in examples)]
    return "\n".join(parts)


def _example(one: Example, identifiers: bool) -> tuple[str, str, bool]:
    row = {name: "?" if value is None else value
           for name, value in one.row.items()}
    said = _LABELS[one.row["cancer"]]
    birads = ("" if one.row["birads"] is None
              else f", BI\u2011RADS {row['birads']}")
    caption = f"{row['laterality']} {row['view']}, {said}{birads}"
    alt = f"Mammogram, {caption}, {one.vendor}, {row['split']}"
    if identifiers:
        caption += f", {row['file']}"
    return (pages.image(one.jpeg, "jpeg", alt, one.size),
            f"{caption} ({row['split']})", one.row["cancer"] == 1)
