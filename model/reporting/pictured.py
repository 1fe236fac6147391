"""The part of a run's page that shows its most confident mistakes."""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

from model import breasts as breast_lib
from model import pages
from model.reporting.mistakes import Mistake


@dataclasses.dataclass(frozen=True)
class Mistakes:
    """What is shown of them.

    Attributes:
      missed: Positive images below the threshold, the lowest score first.
      alarms: Negative ones at or above it, the highest first.
      problem: Why there is no heatmap, or no picture at all; or None.
    """

    missed: Sequence[Mistake]
    alarms: Sequence[Mistake]
    problem: str | None = None


def mistakes(found: Mistakes, document: Mapping[str, Any],
             classes: Sequence[str]) -> str:
    """Each image beside itself under its heatmap.

    Args:
      found: What to show.
      document: What evaluation.json holds.
      classes: What the labels 0 and 1 mean.
    """
    parts = []
    if found.problem:
        parts.append(pages.paragraph(found.problem, "warning"))
    threshold = document["results"][breast_lib.IMAGE]["threshold"]
    table = f"predictions-{document['split']}.parquet"
    for title, group in (
            (f"{classes[1]}, but below the threshold: the lowest scores",
             found.missed),
            (f"{classes[0]}, but detected: the highest scores",
             found.alarms)):
        if group:
            parts += [pages.heading(title[0].upper() + title[1:]),
                      pages.pictures(map(_one, group), "pairs")]
    if not parts:
        return pages.paragraph("At this threshold no image is judged wrong.")
    told = pages.paragraph(
        f"Single images at the threshold {threshold:.4g}, at most one of each "
        "patient. Beside each image: where the network saw what speaks for "
        f"{classes[1]} (Grad-CAM), from blue to yellow; without colour "
        f"nothing does. Rows are those of {table}, counted from 0.")
    command = pages.command(
        f"python -c \"import pandas; print(pandas.read_parquet('{table}')"
        ".iloc[ROW])\"")
    return "\n".join((told, *parts, command))


def _one(mistake: Mistake) -> tuple[str, str, bool]:
    facts = {name: value for name, value in mistake.facts.items()
             if value is not None}
    said = " ".join(str(facts[name]) for name in ("laterality", "view")
                    if name in facts)
    told = [said or "side and view unknown", f"score {mistake.score:.3g}"]
    if "manufacturer" in facts:
        told.append(str(facts["manufacturer"]))
    if "patient_age" in facts:
        age = facts["patient_age"]
        told.append("age 90 or more" if age >= 90 else f"age {age}")
    if "birads" in facts:
        told.append(f"BI\u2011RADS {facts['birads']}")
    told.append(f"row {mistake.row:,}")
    caption = ", ".join(told)
    return (pages.image(mistake.jpeg, "jpeg",
                        f"Mammogram and its heatmap: {caption}",
                        mistake.size), caption, False)
