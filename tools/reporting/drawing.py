"""The drawings of a data set's report."""

from collections.abc import Mapping, Sequence

import numpy as np

from model import plots
from tools.reporting.counts import Cross
from tools.reporting.samples import BINS, Greys

COLOURS = {"no cancer": plots.NO_CANCER, "cancer": plots.CANCER,
           "unknown": plots.UNKNOWN, "TN": plots.NO_CANCER,
           "FP": plots.ORANGE, "TP": plots.BLUE, "FN": plots.CANCER}
_MOST_BARS = 12
_MOST_LINES = 6
_BAR = 0.24  # inches
# Healthy and not referred: nearly all, so that shares are drawn without it.
COMMON = "TN"


def lying_bars(found: Cross, title: str) -> bytes:
    """The commonest values as bars, by class."""
    rows = sorted(found.rows, key=lambda row: -sum(row[1]))[:_MOST_BARS]
    if len(found.rows) <= _MOST_BARS:
        rows = list(found.rows)
    figure, axes = plots.panel(title, 1.1 + _BAR * len(rows), grid="x")
    plots.lying(axes, [value for value, _ in rows], _series(found, rows),
                _colours(found))
    axes.set_xlabel("images", fontsize=9)
    plots.legend(axes)
    return plots.svg(figure)


def upright_bars(found: Cross, title: str, what: str) -> bytes:
    """All values in their order as bars, by class."""
    figure, axes = plots.panel(title)
    plots.stacked(axes, [value for value, _ in found.rows],
                  _series(found, found.rows), _colours(found))
    axes.set_xlabel(what, fontsize=9)
    axes.set_ylabel("images", fontsize=9)
    plots.legend(axes)
    return plots.svg(figure)


def shares(found: Cross, title: str, what: str) -> bytes:
    """The share of each class but the common one within each value."""
    rows = [row for row in found.rows if sum(row[1])]
    figure, axes = plots.panel(title)
    kinds = [kind for kind in found.classes if kind != COMMON] or list(
        found.classes)
    series = {kind: [100 * counts[found.classes.index(kind)] / sum(counts)
                     for _, counts in rows] for kind in kinds}
    plots.stacked(axes, [value for value, _ in rows], series,
                  [COLOURS[kind] for kind in kinds])
    axes.set_xlabel(what, fontsize=9)
    axes.set_ylabel("% of the images", fontsize=9)
    plots.legend(axes)
    return plots.svg(figure)


def parts(names: Sequence[str], values: Sequence[int], title: str,
          colours: Sequence[str]) -> bytes:
    """Bars without classes, each in its own colour."""
    figure, axes = plots.panel(title, 0.8 + _BAR * len(names), grid="x")
    plots.lying(axes, names, {"": values}, [plots.BLUE])
    for bar, colour in zip(axes.patches, colours):
        bar.set_facecolor(colour)
    axes.set_xlabel("files", fontsize=9)
    return plots.svg(figure)


def greys(found: Mapping[str, Greys]) -> bytes:
    """The mean histogram of each vendor's foregrounds as a line."""
    figure, axes = plots.panel("Greys of the foreground, by vendor", 3.6,
                               grid="both")
    edges = np.linspace(0, 100, BINS + 1)
    styles = ("-", "--", "-.", ":")
    for number, (vendor, one) in enumerate(
            list(found.items())[:_MOST_LINES]):
        axes.stairs(100 * one.shares, edges, linewidth=1.6,
                    color=plots.SERIES[number],
                    linestyle=styles[number % len(styles)],
                    label=plots.label(vendor))
    axes.set_xlim(0, 100)
    axes.set_ylim(bottom=0)
    axes.set_xlabel("% of the largest grey that the bits can hold",
                    fontsize=9)
    axes.set_ylabel("% of the foreground", fontsize=9)
    plots.legend(axes, columns=2)
    return plots.svg(figure)


def _series(found: Cross, rows: Sequence[tuple[str, tuple[int, ...]]]
            ) -> dict[str, list[int]]:
    return {kind: [counts[place] for _, counts in rows]
            for place, kind in enumerate(found.classes)}


def _colours(found: Cross) -> list[str]:
    return [COLOURS[kind] for kind in found.classes]
