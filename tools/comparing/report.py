"""A comparison of two data sets as JSON, as a page, and for the terminal."""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

from model import pages
from model import plots
from tools.comparing import drawing
from tools.comparing import histograms as histogram_lib
from tools.comparing.facts import Facts, Shares
from tools.comparing.histograms import Compared

FORMAT = "mammoflow-comparison"
# A share that differs by less is not drawn.
_LEAST = 0.005


@dataclasses.dataclass(frozen=True)
class Comparison:
    """All that was found out about A and B.

    Attributes:
      names: Their folders.
      variant: What was compared of them, as in resize:416x512.
      facts: What they say of themselves.
      images: How many images of each the histograms are of.
      histograms: By `histograms.METHODS`.
    """

    names: tuple[str, str]
    variant: str
    facts: Facts
    images: tuple[int, int]
    histograms: Mapping[str, Compared]

    @property
    def closest(self) -> str:
        """The normalisation after which they differ least."""
        return histogram_lib.ranked(self.histograms)[0]

    @property
    def advice(self) -> str:
        """What to do about the contrast, in a sentence."""
        told = [f"{name} {self.histograms[name].relative:.2f}"
                for name in histogram_lib.ranked(self.histograms)]
        advice = (f"{self.closest} brings the two closest; what differs after "
                  f"each, in spreads: {', '.join(told)}")
        if self.closest == "reference":
            # Whether what tells a cancer survives it, only judging can say.
            advice += ("; reference gives every image the same histogram, so "
                       "it is near by construction: try the next one, too")
        return advice

    @property
    def warnings(self) -> list[str]:
        """What makes judging on B of what was trained on A doubtful."""
        told = [f"{count:,} {what} are in both" for what, count in
                self.facts.in_both.items() if count]
        told += [f"the recipes differ: {name} is {a} in A, {b} in B; a model "
                 "trained on one is refused on the other"
                 for name, (a, b) in self.facts.recipe.items()]
        return told

    def to_json(self) -> dict[str, Any]:
        return {
            "format": FORMAT, "a": self.names[0], "b": self.names[1],
            "variant": self.variant, **self.facts.to_json(),
            "sampled": {"a": self.images[0], "b": self.images[1]},
            "histograms": {name: one.to_json()
                           for name, one in self.histograms.items()},
            "closest": self.closest}

    def differing(self) -> list[str]:
        """The categories whose shares differ, the most differing first."""
        return sorted((name for name, one in self.facts.shares.items()
                       if one.distance >= _LEAST),
                      key=lambda name: -self.facts.shares[name].distance)


def text(found: Comparison) -> str:
    """For the terminal."""
    lines = [f"A: {found.names[0]}", f"B: {found.names[1]}",
             f"{found.variant}, greys of {found.images[0]:,} and "
             f"{found.images[1]:,} images", ""]
    lines += [f"note: {warning}" for warning in found.warnings]
    lines += _aligned([("", "A", "B"), *_numbers(found)]) + [""]
    lines += ["share of the images that differs"]
    lines += _aligned([
        (name, f"{found.facts.shares[name].distance:.1%}")
        for name in found.differing()] or [("nothing", "")]) + [""]
    lines += _aligned([("normalisation", "distance", "of the spread",
                        "between halves"), *_distances(found)])
    return "\n".join([*lines, "", found.advice]) + "\n"


def page(found: Comparison) -> str:
    """A page of HTML that needs nothing else."""
    a, b = found.names
    return pages.page(
        f"{a} and {b}",
        f"A is {a}, B is {b}; images of {found.variant}.",
        [("Contrast", _contrast(found)),
         ("Numbers", pages.table(("", "A", "B"), _numbers(found),
                                 "Of the images of this variant")),
         ("Shares", _shares(found))],
        "Made by tools/compare_datasets.py.",
        "".join(pages.paragraph(warning, "warning")
                for warning in found.warnings))


def _contrast(found: Comparison) -> str:
    return "\n".join((
        pages.paragraph(f"{found.advice[0].upper()}{found.advice[1:]}."),
        pages.paragraph(
            "Mean histograms of the foregrounds of "
            f"{found.images[0]:,} images of A and {found.images[1]:,} of B. "
            "The distance is Wasserstein's first, on greys from 0 to 1; the "
            "spread is the standard deviation of the greys of both. Between "
            "two halves of one data set's own patients there is a distance, "
            "too: one that is no larger means nothing. reference gives both "
            "the histogram of A, as a network trained on A does."),
        pages.table(("normalisation", "distance", "of the spread",
                     "between halves"), _distances(found),
                    "How far A and B lie apart", found.closest),
        pages.figures(*(pages.drawing(
            plots.svg(drawing.histogram(name, one, name == found.closest)),
            f"Histograms of A and B, {name}: they lie {one.distance:.4f} "
            f"apart, {one.relative:.2f} of the spread.")
            for name, one in found.histograms.items()))))


def _shares(found: Comparison) -> str:
    differing = found.differing()
    same = [name for name in found.facts.shares if name not in differing]
    drawn = pages.figures(*(
        _share_drawing(name, found.facts.shares[name]) for name in differing))
    return drawn + (pages.paragraph(f"No difference: {', '.join(same)}.")
                    if same else "")


def _share_drawing(name: str, one: Shares) -> str:
    rows = [(value, _share(one.a, value), _share(one.b, value))
            for value in one.values]
    told = "; ".join(f"{value}: {a} and {b}" for value, a, b in rows[:4])
    return pages.drawing(
        plots.svg(drawing.shares(name, one)),
        f"Bars: {name} of A and of B, {one.distance:.0%} differs. {told}.",
        pages.table(("", "A", "B"), rows, name))


def _numbers(found: Comparison) -> list[tuple[str, str, str]]:
    return [(name, _number(a), _number(b))
            for name, (a, b) in found.facts.numbers.items()] + [
                (f"{what} in both", "", _number(count))
                for what, count in found.facts.in_both.items()]


def _distances(found: Comparison) -> list[tuple[str, ...]]:
    return [(name, f"{one.distance:.4f}", f"{one.relative:.3f}",
             f"{one.own:.4f}" if one.own == one.own else "-")
            for name, one in found.histograms.items()]


def _share(counts: Mapping[str, int], value: str) -> str:
    count = counts.get(value, 0)
    return f"{count:,} ({count / sum(counts.values()):.1%})"


def _number(value: Any) -> str:
    """
    >>> _number(1234), _number(0.28), _number(None)
    ('1,234', '0.28', '-')
    """
    if value is None:
        return "-"
    return f"{value:,}" if isinstance(value, int) else f"{value:,g}"


def _aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    widths = [max(map(len, column)) for column in zip(*rows)]
    return ["  ".join([row[0].ljust(widths[0]),
                       *map(str.rjust, row[1:], widths[1:])]).rstrip()
            for row in rows]
