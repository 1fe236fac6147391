"""Drawing a comparison: histograms, and shares as bars; SVG or PNG."""

import io
from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from tools.comparing.facts import Shares
from tools.comparing.histograms import BINS, Compared, STORED

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# Distinguishable for the colour-blind: Okabe and Ito, 2008.
A_COLOUR, B_COLOUR = "#0072b2", "#d55e00"
_DPI = 110
_MOST_VALUES = 6
_SHORT = 26  # letters


def histograms(compared: Mapping[str, Compared], names: tuple[str, str],
               best: str) -> "Figure":
    """A panel a normalisation: the mean histograms of A and B.

    Args:
      compared: By normalisation, and as stored.
      names: Of A and B.
      best: The normalisation that brings them closest.
    """
    figure = _figure(10.5, 5.6)
    panels = figure.subplots(2, 3).reshape(-1)
    edges = np.linspace(0, 1, BINS + 1)
    for axes, (method, one) in zip(panels, compared.items()):
        for values, colour in ((one.a, A_COLOUR), (one.b, B_COLOUR)):
            axes.stairs(100 * values, edges, color=colour, fill=True,
                        alpha=0.3)
            axes.stairs(100 * values, edges, color=colour, linewidth=1)
        # One bin into which all is clipped must not flatten the others.
        inner = np.concatenate([one.a[2:-2], one.b[2:-2]])
        axes.set_ylim(0, 115 * inner.max() or 1)
        axes.set_xlim(0, 1)
        title = "as stored, of the bits' range" if method == STORED else method
        axes.set_title(f"{title}\ndistance {one.distance:.3f}, "
                       f"{one.relative:.2f} of the spread", fontsize=9,
                       fontweight="bold" if method == best else "normal")
        axes.tick_params(labelsize=7)
        axes.grid(color="#dddddd", linewidth=0.5)
    for axes in panels[::3]:
        axes.set_ylabel("% of the foreground", fontsize=8)
    for axes in panels[len(compared):]:
        axes.set_axis_off()
        for name, letter, colour in zip(names, "AB", (A_COLOUR, B_COLOUR)):
            axes.plot([], [], color=colour, linewidth=6, alpha=0.5,
                      label=f"{letter}: {_short(name)}")
        axes.legend(loc="center", fontsize=9, frameon=False)
    return figure


def shares(found: Mapping[str, Shares]) -> "Figure":
    """A panel a category: the share of each of its commonest values."""
    columns = 3
    rows = -(-len(found) // columns)
    figure = _figure(10.5, 0.6 + 1.75 * rows)
    panels = figure.subplots(rows, columns, squeeze=False).reshape(-1)
    for axes in panels[len(found):]:
        axes.set_visible(False)
    for axes, (name, one) in zip(panels, found.items()):
        values = one.values[:_MOST_VALUES]
        places = np.arange(len(values))
        for counts, offset, colour in ((one.a, -0.2, A_COLOUR),
                                       (one.b, 0.2, B_COLOUR)):
            total = sum(counts.values())
            axes.barh(places + offset, [100 * counts.get(value, 0) / total
                                        for value in values],
                      height=0.38, color=colour)
        axes.set_yticks(places, [_short(value) for value in values],
                        fontsize=7)
        axes.invert_yaxis()
        axes.set_xlim(0, 100)
        axes.tick_params(axis="x", labelsize=7)
        more = len(one.values) - len(values)
        axes.set_title(f"{name}: {one.distance:.0%} differs"
                       + f" ({more} more values)" * bool(more), fontsize=8)
        axes.grid(axis="x", color="#dddddd", linewidth=0.5)
        axes.set_axisbelow(True)
    return figure


def svg(figure: "Figure") -> str:
    """For a page; equal figures give equal text.

    Letters are outlines, so that it looks alike everywhere.
    """
    import matplotlib

    stream = io.StringIO()
    with matplotlib.rc_context({"svg.hashsalt": "mammoflow"}):
        figure.savefig(stream, format="svg", metadata={
            "Date": None, "Creator": None, "Format": None, "Type": None})
    text = stream.getvalue()
    return text[text.index("<svg"):]


def png(figure: "Figure") -> bytes:
    """For a look without a browser."""
    stream = io.BytesIO()
    figure.savefig(stream, format="png")
    return stream.getvalue()


def _short(text: str) -> str:
    return text if len(text) <= _SHORT else f"...{text[3 - _SHORT:]}"


def _figure(width: float, height: float) -> "Figure":
    """Without pyplot, which would look for a screen."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), dpi=_DPI, layout="constrained")
    FigureCanvasAgg(figure)
    return figure
