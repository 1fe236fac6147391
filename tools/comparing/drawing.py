"""Drawing a comparison: histograms, and shares as bars; a panel each."""

from typing import TYPE_CHECKING

import numpy as np

from model import plots
from tools.comparing.facts import Shares
from tools.comparing.histograms import BINS, Compared, STORED

if TYPE_CHECKING:
    from matplotlib.figure import Figure

A_COLOUR, B_COLOUR = plots.BLUE, plots.RED
_MOST_VALUES = 6


def histogram(method: str, one: Compared, best: bool) -> "Figure":
    """The mean histograms of A and B after one normalisation.

    Args:
      method: The normalisation, or as stored.
      one: What it gave.
      best: Whether none brings them closer.
    """
    title = "as stored, of the bits' range" if method == STORED else method
    figure, axes = plots.panel(
        f"{title}: {one.relative:.2f} of the spread"
        + ", the closest" * best, 2.6, grid="both")
    edges = np.linspace(0, 1, BINS + 1)
    for values, colour, style, letter in ((one.a, A_COLOUR, "-", "A"),
                                          (one.b, B_COLOUR, "--", "B")):
        axes.stairs(100 * values, edges, color=colour, fill=True, alpha=0.25)
        axes.stairs(100 * values, edges, color=colour, linewidth=1.2,
                    linestyle=style, label=letter)
    # One bin into which all is clipped must not flatten the others.
    inner = np.concatenate([one.a[2:-2], one.b[2:-2]])
    axes.set_ylim(0, 115 * inner.max() or 1)
    axes.set_xlim(0, 1)
    axes.set_ylabel("% of the foreground", fontsize=9)
    plots.legend(axes)
    return figure


def shares(name: str, one: Shares) -> "Figure":
    """The shares of the commonest values of a category in A and in B."""
    values = one.values[:_MOST_VALUES]
    figure, axes = plots.panel(f"{name}: {one.distance:.0%} differs",
                               1.0 + 0.36 * len(values), grid="x")
    places = np.arange(len(values))
    for counts, offset, colour, letter in ((one.a, -0.2, A_COLOUR, "A"),
                                           (one.b, 0.2, B_COLOUR, "B")):
        total = sum(counts.values())
        axes.barh(places + offset, [100 * counts.get(value, 0) / total
                                    for value in values],
                  height=0.38, color=colour, label=letter)
    axes.set_yticks(places, [plots.label(value) for value in values])
    axes.invert_yaxis()
    axes.set_xlim(0, 100)
    axes.set_xlabel("% of the images", fontsize=9)
    plots.legend(axes)
    return figure
