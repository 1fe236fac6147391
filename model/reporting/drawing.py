"""The drawings of a run's report."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from model import curves
from model import plots
from model.evaluation import Cases
from model.reporting.calibration import Bin

_BINS = 30
_MOST_GROUPS = 12
_ROW = 0.34  # inches


def losses(epochs: Sequence[Mapping[str, Any]], best: int) -> bytes:
    """The losses of training and of validation by epoch."""
    return _learning("Loss", epochs, best, {
        "training": "loss", "validation": "validation_loss"}, "loss")


def progress(epochs: Sequence[Mapping[str, Any]], best: int) -> bytes:
    """AUC and specificity on validation by epoch."""
    return _learning("On the validation images", epochs, best, {
        "AUC": "auc", "specificity at 90 % sensitivity": "specificity"}, "",
        (-0.02, 1.02))


def _learning(title: str, epochs: Sequence[Mapping[str, Any]], best: int,
              columns: Mapping[str, str], what: str,
              limits: tuple[float, float] | None = None) -> bytes:
    from matplotlib.ticker import MaxNLocator

    figure, axes = plots.panel(title, grid="both")
    numbers = [epoch["epoch"] for epoch in epochs]
    for (name, column), colour, style in zip(
            columns.items(), (plots.BLUE, plots.RED), ("-", "--")):
        values = [math.nan if epoch[column] is None else epoch[column]
                  for epoch in epochs]
        axes.plot(numbers, values, color=colour, linestyle=style,
                  marker="o" if len(numbers) <= 20 else None, markersize=3.5,
                  linewidth=1.5, label=name)
    axes.axvline(best, color=plots.GREY, linewidth=1, linestyle=":",
                 label="kept")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    if limits:
        axes.set_ylim(*limits)
    axes.set_xlabel("epoch", fontsize=9)
    axes.set_ylabel(what, fontsize=9)
    plots.legend(axes)
    return plots.svg(figure)


def roc(cases: Mapping[str, Cases], radiologists: bool,
        intervals: Mapping[str, Mapping[str, Any]]) -> bytes:
    """The ROC with its operating points and their intervals."""
    figure, axes = plots.panel("ROC", 5.6, grid="both")
    curves.draw_roc(axes, cases, radiologists, intervals)
    plots.tidy(axes)
    plots.legend(axes, columns=1)
    return plots.svg(figure)


def scores(name: str, one: Cases, classes: Sequence[str]) -> bytes:
    """The share of each class's cases by score, and the threshold."""
    figure, axes = plots.panel(curves.NAMES[name], grid="both")
    low = min(one.scores.min(initial=one.threshold), one.threshold)
    high = max(one.scores.max(initial=one.threshold), one.threshold)
    margin = 0.01 * (high - low) or 0.01
    edges = np.linspace(max(0, low - margin), min(1, high + margin),
                        _BINS + 1)
    for label, colour, style in ((0, plots.NO_CANCER, "-"),
                                 (1, plots.CANCER, "--")):
        of_class = one.scores[one.labels == label]
        if not len(of_class):
            continue
        counts, _ = np.histogram(of_class, edges)
        share = 100 * counts / len(of_class)
        axes.stairs(share, edges, color=colour, fill=True, alpha=0.3)
        axes.stairs(share, edges, color=colour, linewidth=1.5,
                    linestyle=style,
                    label=f"{classes[label]} ({len(of_class):,})")
    axes.axvline(one.threshold, color=plots.INK, linewidth=1.2,
                 linestyle=":", label=f"threshold {one.threshold:.4g}")
    axes.set_ylim(bottom=0)
    axes.set_xlabel("score", fontsize=9)
    axes.set_ylabel("% of the class", fontsize=9)
    plots.legend(axes, columns=3)
    return plots.svg(figure)


def reliability(name: str, bins: Sequence[Bin]) -> bytes:
    """The share of positive cases against the score, bin by bin."""
    figure, axes = plots.panel(curves.NAMES[name], 3.6, grid="both")
    tops = [max(one.score, one.interval[1]) for one in bins]
    highest = min(1.0, 1.08 * max(tops, default=1.0))
    axes.plot([0, highest], [0, highest], color=plots.GREY, linestyle=":",
              linewidth=1, label="as it should be")
    places = [one.score for one in bins]
    shares = [one.share for one in bins]
    axes.errorbar(
        places, shares,
        # Rounding may put an end on the wrong side of the share.
        yerr=[[max(0.0, one.share - one.interval[0]) for one in bins],
              [max(0.0, one.interval[1] - one.share) for one in bins]],
        fmt="o", color=plots.BLUE, markersize=4.5, elinewidth=1, capsize=2,
        label="found, with 95 % intervals")
    axes.set(xlim=(-0.02 * highest, highest), ylim=(-0.02 * highest, highest))
    axes.set_xlabel("mean score", fontsize=9)
    axes.set_ylabel("share that is positive", fontsize=9)
    plots.legend(axes, columns=2)
    return plots.svg(figure)


def subgroups(title: str, groups: Sequence[Mapping[str, Any]],
              whole: Mapping[str, Any]) -> bytes:
    """Sensitivity and specificity of each subgroup with their intervals."""
    shown = groups[:_MOST_GROUPS]
    figure, axes = plots.panel(title, 1.1 + _ROW * len(shown), grid="x")
    for key, colour, marker, offset in (
            ("sensitivity", plots.RED, "o", -0.15),
            ("specificity", plots.BLUE, "s", 0.15)):
        for place, group in enumerate(shown):
            if group[key] is None:
                continue
            if group["intervals"][key]:
                low, high = group["intervals"][key]
                axes.plot([100 * low, 100 * high], [place + offset] * 2,
                          color=colour, linewidth=1.5)
            axes.plot(100 * group[key], place + offset, marker, color=colour,
                      markersize=5)
        axes.plot([], [], f"{marker}-", color=colour, markersize=5, label=key)
        if whole[key] is not None:
            axes.axvline(100 * whole[key], color=colour, linewidth=1,
                         linestyle=":")
    axes.set_yticks(range(len(shown)), [
        f"{plots.label('-' if one['value'] is None else one['value'], 20)} "
        f"({one['positives']:,}/{one['cases']:,})" for one in shown])
    axes.set_ylim(len(shown) - 0.5, -0.5)
    axes.set_xlim(-2, 102)
    axes.set_xlabel("%; dotted: of all", fontsize=9)
    plots.legend(axes)
    return plots.svg(figure)


def has_both(cases: Mapping[str, Cases]) -> bool:
    """Whether there is a curve to draw: both classes are there."""
    return all(0 < one.labels.sum() < len(one.labels)
               for one in cases.values())


def score_shares(one: Cases, label: int) -> list[str]:
    """What stands in a table behind `scores`: quantiles of a class."""
    of_class = one.scores[one.labels == label]
    if not len(of_class):
        return ["0", *["-"] * 5]
    return [f"{len(of_class):,}", *(
        f"{value:.4g}" for value in np.quantile(
            of_class, [0.05, 0.25, 0.5, 0.75, 0.95]))]
