"""A comparison of two data sets as JSON, as a page, and for the terminal."""

import dataclasses
import html
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from tools.comparing import drawing
from tools.comparing import histograms as histogram_lib
from tools.comparing.facts import Facts
from tools.comparing.histograms import Compared

FORMAT = "mammoflow-comparison"
# A share that differs by less is not drawn.
_LEAST = 0.005

_STYLE = """
body { font: 15px/1.45 sans-serif; max-width: 1100px; margin: 2em auto;
       padding: 0 1em; color: #222; }
table { border-collapse: collapse; margin: 0.6em 0 1.4em; }
th, td { text-align: right; padding: 0.15em 0.9em; }
th:first-child, td:first-child { text-align: left; }
tr + tr { border-top: 1px solid #ddd; }
.best { font-weight: bold; background: #eef6ea; }
.warning { background: #fdf0e2; padding: 0.5em 1em; }
svg { max-width: 100%; height: auto; }
"""


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
    facts = found.facts
    differing = found.differing()
    parts = [
        f"<h1>{_safe(found.names[0])} and {_safe(found.names[1])}</h1>",
        f"<p>A is {_safe(found.names[0])}, B is {_safe(found.names[1])}; "
        f"images of {_safe(found.variant)}.</p>",
        *(f'<p class="warning">{_safe(warning)}</p>'
          for warning in found.warnings),
        "<h2>Contrast</h2>",
        f"<p>{_safe(found.advice[0].upper() + found.advice[1:])}.</p>",
        "<p>Mean histograms of the foregrounds of "
        f"{found.images[0]:,} images of A and {found.images[1]:,} of B. The "
        "distance is Wasserstein's first, on greys from 0 to 1; the spread "
        "is the standard deviation of the greys of both. Between two halves "
        "of one data set's own patients there is a distance, too: one that "
        "is no larger means nothing. <i>reference</i> gives both the "
        "histogram of A, as a network trained on A does.</p>",
        drawing.svg(drawing.histograms(
            found.histograms, found.names, found.closest)),
        _table(("normalisation", "distance", "of the spread",
                "between halves"), _distances(found), found.closest),
        "<h2>Numbers</h2>", _table(("", "A", "B"), _numbers(found)),
        "<h2>Shares</h2>"]
    if differing:
        parts.append(drawing.svg(drawing.shares(
            {name: facts.shares[name] for name in differing})))
    same = [name for name in facts.shares if name not in differing]
    if same:
        parts.append(f"<p>No difference: {_safe(', '.join(same))}.</p>")
    for name in differing:
        one = facts.shares[name]
        parts += [f"<h3>{_safe(name)}</h3>", _table(
            ("", "A", "B"),
            [(value, _share(one.a, value), _share(one.b, value))
             for value in one.values])]
    body = "\n".join(parts)
    return ('<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
            f"<title>Two data sets</title><style>{_STYLE}</style></head>\n"
            f"<body>\n{body}\n</body></html>\n")


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


def _table(header: Sequence[str], rows: Iterable[Sequence[str]],
           best: str | None = None) -> str:
    lines = ["<tr>" + "".join(f"<th>{_safe(cell)}</th>" for cell in header) +
             "</tr>"]
    for row in rows:
        mark = ' class="best"' if row[0] == best else ""
        lines.append(f"<tr{mark}>" + "".join(
            f"<td>{_safe(cell)}</td>" for cell in row) + "</tr>")
    return "<table>\n" + "\n".join(lines) + "\n</table>"


def _safe(value: Any) -> str:
    return html.escape(str(value))
