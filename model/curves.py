"""Drawing: the ROC, and sensitivity and specificity against the threshold."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from model import metrics
from model import plots
from model.evaluation import Cases

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# The thesis's estimate of the radiologists of the Dutch screening programme:
# of a million women a year 24,600 are referred, 6,900 of them with cancer;
# of 2,200 interval cancers half may have been visible.
RADIOLOGISTS_SENSITIVITY = 0.863
RADIOLOGISTS_SPECIFICITY = 0.982

NAMES = {"image": "single images", "min": "breasts, minimum of views",
         "max": "breasts, maximum of views",
         "mean": "breasts, mean of views",
         "learned": "breasts, learned combination"}
COLOURS = {"image": plots.BLACK, "min": plots.SKY, "max": plots.ORANGE,
           "mean": plots.BLUE, "learned": plots.GREEN}
_DPI = 120
_BEYOND = 2.0  # Above every score.


def roc_png(cases: Mapping[str, Cases], title: str,
            radiologists: bool) -> bytes:
    """The exact ROC of each combination, with its operating point.

    Args:
      cases: By combination; both classes are present.
      title: Over the picture.
      radiologists: Whether to mark the estimate of theirs, which is of
        cancers.

    Returns:
      A PNG.
    """
    figure = plots.new(6.5, 6.5, _DPI)
    axes = figure.subplots()
    draw_roc(axes, cases, radiologists)
    axes.set_title(title)
    axes.grid(color=plots.GRID, linewidth=0.5)
    axes.legend(loc="lower right", fontsize=8, frameon=True)
    return plots.png(figure)


def draw_roc(axes: "Axes", cases: Mapping[str, Cases], radiologists: bool,
             intervals: Mapping[str, Mapping[str, Any]] | None = None) -> None:
    """Draws what `roc_png` shows into a panel.

    Args:
      axes: The panel.
      cases: By combination; both classes are present.
      radiologists: Whether to mark the estimate of theirs.
      intervals: By combination, those of the sensitivity and the specificity
        at the operating point, drawn as a cross where they are known.
    """
    axes.plot([0, 1], [0, 1], color=plots.GREY, linewidth=0.8, linestyle=":")
    for name, one in cases.items():
        curve = metrics.roc(one.labels, one.scores)
        point = metrics.judge(one.labels, one.scores, one.threshold)
        area = metrics.auc(one.labels, one.scores)
        axes.plot(1 - curve.specificity, curve.sensitivity,
                  color=COLOURS[name], linewidth=1.4,
                  label=f"{NAMES[name]}: AUC {area:.3f}")
        axes.plot(1 - point.specificity, point.sensitivity, "o",
                  color=COLOURS[name], markersize=6)
        _draw_cross(axes, point, (intervals or {}).get(name, {}),
                    COLOURS[name])
    axes.plot([], [], "o", color=plots.GREY,
              label="at the threshold of validation")
    if radiologists:
        axes.plot(1 - RADIOLOGISTS_SPECIFICITY, RADIOLOGISTS_SENSITIVITY, "*",
                  color=plots.RED, markersize=13, linestyle="none",
                  label="radiologists (estimate): sensitivity "
                        f"{RADIOLOGISTS_SENSITIVITY:.1%},\nspecificity "
                        f"{RADIOLOGISTS_SPECIFICITY:.1%}")
    axes.set(xlabel="1 - specificity", ylabel="sensitivity",
             xlim=(-0.02, 1.02), ylim=(-0.02, 1.02), aspect="equal")


def _draw_cross(axes: "Axes", point: metrics.Judgement,
                intervals: Mapping[str, Any], colour: str) -> None:
    if intervals.get("sensitivity"):
        axes.plot([1 - point.specificity] * 2, intervals["sensitivity"],
                  color=colour, linewidth=1)
    if intervals.get("specificity"):
        low, high = intervals["specificity"]
        axes.plot([1 - low, 1 - high], [point.sensitivity] * 2, color=colour,
                  linewidth=1)


def thresholds_png(cases: Mapping[str, Cases], title: str) -> bytes:
    """Sensitivity and specificity against the threshold, a panel each.

    Args:
      cases: By combination; both classes are present.
      title: Over the picture.

    Returns:
      A PNG.
    """
    rows = -(-len(cases) // 2)
    columns = min(2, len(cases))
    figure = plots.new(5 * columns, 3.2 * rows + 0.4, _DPI)
    figure.suptitle(title)
    panels = figure.subplots(rows, columns, squeeze=False).reshape(-1)
    for axes in panels[len(cases):]:
        axes.set_visible(False)
    for axes, (name, one) in zip(panels, cases.items()):
        curve = metrics.roc(one.labels, one.scores)
        point = metrics.judge(one.labels, one.scores, one.threshold)
        for values, colour, label in (
                (curve.sensitivity, COLOURS["mean"], "sensitivity"),
                (curve.specificity, COLOURS["max"], "specificity")):
            # A value holds from the next lower score up to its threshold,
            # beyond the highest score nothing is detected.
            beyond = np.append(curve.thresholds[:0:-1], _BEYOND)
            axes.step(beyond, values[::-1], where="pre",
                      color=colour, linewidth=1.4, label=label)
        axes.axvline(one.threshold, color=plots.GREY, linewidth=1,
                     linestyle="--")
        axes.plot([one.threshold] * 2,
                  [point.sensitivity, point.specificity], "o",
                  color=plots.GREY, markersize=5, zorder=3)
        axes.set(xlabel="threshold", ylim=(-0.02, 1.02),
                 title=f"{NAMES[name]}: t = {one.threshold:.4g}",
                 xlim=_range(one))
        axes.title.set_fontsize(9)
        axes.grid(color=plots.GRID, linewidth=0.5)
        axes.legend(loc="center right", fontsize=8)
    return plots.png(figure)


def _range(cases: Cases) -> tuple[float, float]:
    """Of thresholds worth seeing: without the outermost scores."""
    low, high = np.quantile(cases.scores, [0.005, 0.995])
    low, high = min(low, cases.threshold), max(high, cases.threshold)
    margin = 0.03 * (high - low) or 0.01
    return float(low - margin), float(high + margin)
