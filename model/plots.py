"""How all drawings look: colours, sizes, bars; and how they become bytes.

A figure is one panel as wide as a phone, so that pages can lay panels beside
each other or below; what a reader cannot see stands in a table behind it.
Texts that come from data are shown by `label`, which takes them literally.
"""

import io
import warnings
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Distinguishable for the colour-blind: Okabe and Ito, 2008.
BLACK, ORANGE, SKY, GREEN = "#000000", "#e69f00", "#56b4e9", "#009e73"
YELLOW, BLUE, RED, PURPLE = "#f0e442", "#0072b2", "#d55e00", "#cc79a7"
SERIES = (BLUE, ORANGE, GREEN, RED, SKY, PURPLE, BLACK)
# Of what is told apart everywhere.
CANCER, NO_CANCER, UNKNOWN = RED, SKY, "#bbbbbb"
GREY, GRID, INK = "#999999", "#dddddd", "#333333"
WIDTH, HEIGHT = 4.6, 3.1  # inches
_DPI = 100
_SMALL, _SMALLER = 9, 8  # points
_SHORT = 26  # letters


def new(width: float = WIDTH, height: float = HEIGHT,
        dpi: int = _DPI) -> "Figure":
    """An empty figure, without pyplot, which would look for a screen."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), dpi=dpi, layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def panel(title: str = "", height: float = HEIGHT,
          grid: str = "y") -> tuple["Figure", "Axes"]:
    """A figure of one panel.

    Args:
      title: Over it.
      height: Inches; the width is that of all.
      grid: Which lines: x, y or both.
    """
    figure = new(WIDTH, height)
    axes = figure.subplots()
    tidy(axes, grid)
    if title:
        figure.suptitle(title, fontsize=_SMALL + 1, fontweight="bold",
                        color=INK)
    return figure, axes


def tidy(axes: "Axes", grid: str = "both") -> None:
    """Small letters, faint lines behind what is drawn, no box around it."""
    axes.grid(axis=grid, color=GRID, linewidth=0.6)  # type: ignore[arg-type]
    axes.set_axisbelow(True)
    axes.tick_params(labelsize=_SMALLER, colors=INK)
    axes.xaxis.label.set_fontsize(_SMALL)
    axes.yaxis.label.set_fontsize(_SMALL)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    for side in ("left", "bottom"):
        axes.spines[side].set_color(GREY)


def legend(axes: "Axes", columns: int = 4) -> None:
    """Below the panel, where it hides nothing."""
    handles, labels = axes.get_legend_handles_labels()
    if any(labels):
        axes.figure.legend(  # type: ignore[union-attr]
            handles, labels, loc="outside lower center", ncols=columns,
            fontsize=_SMALLER, frameon=False, handlelength=1.2,
            columnspacing=1.2)


def label(text: Any, most: int = _SHORT) -> str:
    r"""A text from data, of so many letters at most, for a drawing.

    >>> label("GE $MS$\n"), label("a name that is much too long", 12)
    ('GE \\$MS\\$?', 'a name th...')
    """
    shown = "".join(letter if letter.isprintable() else "?"
                    for letter in str(text))
    if len(shown) > most:
        shown = f"{shown[:most - 3]}..."
    # Between two dollars there would be a formula.
    return shown.replace("$", r"\$")


def stacked(axes: "Axes", names: Sequence[Any],
            series: Mapping[str, Sequence[float]],
            colours: Sequence[str]) -> None:
    """Upright bars, one for each name, of the series on top of each other."""
    places = np.arange(len(names))
    bottom = np.zeros(len(names))
    for (name, values), colour in zip(series.items(), colours):
        axes.bar(places, values, bottom=bottom, width=0.8, color=colour,
                 label=label(name) if any(values) else None)
        bottom += np.asarray(values, float)
    # One or two bars need not fill the panel.
    axes.set_xlim(-0.7, max(len(names), 5) - 0.3)
    few = all(len(str(name)) <= 5 for name in names) and len(names) <= 10
    axes.set_xticks(places, [label(name) for name in names],
                    rotation=0 if few else 45,
                    ha="center" if few else "right",
                    rotation_mode="anchor")
    _whole_numbers(axes.yaxis)


def lying(axes: "Axes", names: Sequence[Any],
          series: Mapping[str, Sequence[float]],
          colours: Sequence[str]) -> None:
    """Lying bars, the first name uppermost, of the series in a row."""
    places = np.arange(len(names))
    left = np.zeros(len(names))
    for (name, values), colour in zip(series.items(), colours):
        axes.barh(places, values, left=left, height=0.75, color=colour,
                  label=label(name) if any(values) else None)
        left += np.asarray(values, float)
    axes.set_yticks(places, [label(name) for name in names])
    axes.invert_yaxis()
    _whole_numbers(axes.xaxis)


def _whole_numbers(axis: Any) -> None:
    from matplotlib.ticker import MaxNLocator, StrMethodFormatter

    axis.set_major_locator(MaxNLocator(nbins=5, integer=True))
    axis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))


def svg(figure: "Figure") -> bytes:
    """For a page; equal figures give equal bytes.

    Letters are outlines, so that it looks alike everywhere.
    """
    import matplotlib

    stream = io.BytesIO()
    with matplotlib.rc_context({"svg.hashsalt": "mammoflow"}):
        _save(figure, stream, format="svg", metadata={
            "Date": None, "Creator": None, "Format": None, "Type": None})
    data = stream.getvalue()
    return data[data.index(b"<svg"):]


def png(figure: "Figure") -> bytes:
    """For a look without a browser."""
    stream = io.BytesIO()
    _save(figure, stream, format="png")
    return stream.getvalue()


def _save(figure: "Figure", stream: io.BytesIO, **options: Any) -> None:
    with warnings.catch_warnings():
        # A letter that the font lacks is drawn as a box; the table has it.
        warnings.filterwarnings("ignore", message="Glyph .* missing")
        figure.savefig(stream, **options)
