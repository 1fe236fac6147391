"""The page that tells of a trained run on the cases that it was judged on.

Nothing that identifies a patient is on it, unless a subgroup was asked for
that does: images are told by their row in the table of predictions.
"""

import os
from collections.abc import Mapping, Sequence
from typing import Any

from model import breasts as breast_lib
from model import evaluation_text
from model import index as indices
from model import pages
from model import run_tables
from model import runs
from model.evaluation import Cases
from model.evaluation_text import counted, percent
from model.reporting import calibration
from model.reporting import drawing
from model.reporting import pictured

TABLES = ("6.3", "6.4")
# Whose scores are probabilities enough to ask whether they are right.
_CALIBRATED = (breast_lib.IMAGE, "mean")


def page(run: runs.Run, document: Mapping[str, Any],
         cases: Mapping[str, Cases], mistakes: pictured.Mistakes) -> str:
    """The whole page.

    Args:
      run: What was trained.
      document: What evaluation.json holds.
      cases: What was judged, by combination.
      mistakes: Those to show.
    """
    crossing, other = document["crossing"], document["comparison"]
    sections = [
        ("How it learned", _learning(run)),
        ("ROC and operating point", _roc(document, cases)),
        ("Figures", _figures(run, document)),
        ("Another data set", _crossing(crossing) if crossing else ""),
        (f"Against {other['name']}" if other else "",
         _comparison(other) if other else ""),
        ("Scores", _scores(document, cases)),
        ("Calibration", _calibration(cases)),
        ("Subgroups", _subgroups(document)),
        ("The most confident mistakes", pictured.mistakes(
            mistakes, document, indices.LABELS[document["label"]].classes))]
    return pages.page(
        f"{document['name']}: {document['label']}", _lead(document), sections,
        f"Made by model/evaluate.py --report, of {run.size} "
        f"{run.variant.method} images; epoch {document['epoch']} of "
        f"{len(run.epochs)}, the lowest validation loss.",
        _warnings(document) + _tiles(document))


def _lead(document: Mapping[str, Any]) -> str:
    where = f", where {document['where']}" if document["where"] else ""
    chosen = document["validation"]
    thresholds = (f"Thresholds for {percent(document['sensitivity'])} "
                  "sensitivity " + (
                      f"from {counted(chosen)} of validation" if chosen else
                      "as stored with the model"))
    split = document["split"]
    if document["crossing"]:
        name = os.path.basename(os.path.abspath(document["records"]))
        split = f"{split} of another data set, {name}"
    return (f"{thresholds}; judged on {split}: "
            f"{counted(document['judged'])} of "
            f"{document['judged']['patients']:,} patients{where}.")


def _warnings(document: Mapping[str, Any]) -> str:
    told = []
    if document["split"] in ("train", "validation"):
        told.append(f"Judged on {document['split']}, which the run was "
                    "trained or chosen by: figures flatter it.")
    judged = document["judged"]
    if not judged["positives"] or not judged["negatives"]:
        told.append("All cases are of one class: there is no ROC, no AUC, "
                    "and but one of sensitivity and specificity.")
    return "".join(pages.paragraph(text, "warning") for text in told)


def _tiles(document: Mapping[str, Any]) -> str:
    figures = document["results"][breast_lib.IMAGE]["judged"]
    told = [(f"{evaluation_text.TITLES[key]}, single images",
             percent(figures[key]))
            for key in ("auc", "sensitivity", "specificity")]
    if "mean" in document["results"]:
        breasts = document["results"]["mean"]["judged"]
        told += [(f"{evaluation_text.TITLES[key]}, breasts, mean",
                  percent(breasts[key]))
                 for key in ("auc", "sensitivity", "specificity")]
    return pages.tiles(told)


def _learning(run: runs.Run) -> str:
    if not run.epochs:
        return ""
    best = run.best_epoch["epoch"]

    def shown(value: Any, how: str) -> str:
        return "-" if value is None else format(value, how)

    table = pages.table(
        ("epoch", "loss", "validation loss", "AUC", "specificity",
         "accuracy"),
        [(str(epoch["epoch"]), shown(epoch["loss"], ".4f"),
          shown(epoch["validation_loss"], ".4f"),
          *(percent(epoch[key]) for key in ("auc", "specificity",
                                            "accuracy")))
         for epoch in run.epochs], "By epoch", str(best))
    first, last = run.epochs[0], run.epochs[-1]
    return pages.paragraph(
        f"{len(run.epochs):,} epochs of "
        f"{run_tables.duration(run.seconds_per_epoch)} each; kept is epoch "
        f"{best}, of the lowest validation loss.") + pages.figures(
            pages.drawing(
                drawing.losses(run.epochs, best),
                "Lines: the loss of training and of validation by epoch, "
                f"training from {shown(first['loss'], '.3f')} to "
                f"{shown(last['loss'], '.3f')}, validation from "
                f"{shown(first['validation_loss'], '.3f')} to "
                f"{shown(last['validation_loss'], '.3f')}; kept was epoch "
                f"{best}.", table),
            pages.drawing(
                drawing.progress(run.epochs, best),
                "Lines: AUC and specificity at 90 % sensitivity on the "
                "validation images by epoch, the AUC from "
                f"{percent(first['auc'])} to {percent(last['auc'])}.", table))


def _roc(document: Mapping[str, Any], cases: Mapping[str, Cases]) -> str:
    if not drawing.has_both(cases):
        return ""
    of = document["results"]
    told = "; ".join("{}, AUC {}, sensitivity {} at a specificity of {}".format(
        evaluation_text.NAMES[name], *(evaluation_text.with_interval(
            of[name]["judged"][key], of[name]["judged"]["intervals"][key])
            for key in ("auc", "sensitivity", "specificity")))
        for name in cases)
    drawn = drawing.roc(
        cases, document["label"] == "cancer",
        {name: of[name]["judged"]["intervals"] for name in cases})
    return pages.figures(pages.drawing(
        drawn, f"ROC with the operating points: {told}."),
        pages.paragraph(
            "Exact curves, a point for each score. A dot is the threshold "
            "that was chosen on validation, the cross through it the "
            "intervals of its sensitivity and specificity."
            + _of_intervals(document)))


def _of_intervals(document: Mapping[str, Any]) -> str:
    plan = document["bootstrap"]
    if not plan["resamples"]:
        return " No intervals were asked for."
    return (f" Intervals are of {100 * plan['level']:g} % over patients "
            f"({plan['resamples']:,} resamples).")


def _figures(run: runs.Run, document: Mapping[str, Any]) -> str:
    evaluated = run_tables.Evaluated(run, document, document["name"])
    parts = [pages.table(run_tables.TABLES[name].columns,
                         [run_tables.TABLES[name].row(evaluated)],
                         f"As table {name} of the thesis: "
                         f"{run_tables.TABLES[name].title}",
                         dense=True)
             for name in TABLES
             if name != "6.4" or len(document["results"]) > 1]
    return "\n".join((*parts, pages.paragraph(
        "All of it, with accuracy at 1/2 and at the threshold t."
        + _of_intervals(document)),
        pages.table(*evaluation_text.results_table(document),
                    "By combination of a breast's views", dense=True)))


def _crossing(crossing: Mapping[str, Any]) -> str:
    leak = evaluation_text.leak(crossing)
    return pages.paragraph(
        f"{leak[0].upper()}{leak[1:]}. Against the run's own "
        f"{crossing['home']['split']} split "
        f"({counted(crossing['home']['judged'])}), differences in percentage "
        "points; t needed: what would detect as many here as the thresholds "
        "were chosen for, with the specificity that leaves; not used."
    ) + pages.table(*evaluation_text.crossing_table(crossing),
                    "At home and here", dense=True)


def _comparison(comparison: Mapping[str, Any]) -> str:
    return pages.paragraph(
        "On the same cases; differences in percentage points, this run's "
        "minus the other's.") + pages.table(
            *evaluation_text.comparison_table(comparison),
            "The two runs", dense=True)


def _scores(document: Mapping[str, Any],
            cases: Mapping[str, Cases]) -> str:
    classes = indices.LABELS[document["label"]].classes
    header = ("", "cases", "5 %", "25 %", "median", "75 %", "95 %")
    return pages.paragraph(
        "How often each score is given to either class, and the threshold."
    ) + pages.figures(*(pages.drawing(
        drawing.scores(name, one, classes),
        f"Histograms of the scores of {evaluation_text.NAMES[name]}: medians "
        + ", ".join(f"{classes[label]} {drawing.score_shares(one, label)[3]}"
                    for label in (0, 1))
        + f"; threshold {one.threshold:.4g}.",
        pages.table(header, [
            (classes[label], *drawing.score_shares(one, label))
            for label in (0, 1)],
            f"Quantiles of the scores, {evaluation_text.NAMES[name]}"))
        for name, one in cases.items()))


def _calibration(cases: Mapping[str, Cases]) -> str:
    drawn = []
    for name in _CALIBRATED:
        one = cases.get(name)
        if one is None or not len(one.labels):
            continue
        bins = calibration.reliability(one.labels, one.scores)
        error = calibration.expected_error(bins)
        brier = calibration.brier(one.labels, one.scores)
        told = (f"Brier score {brier:.4f}, expected calibration error "
                f"{error:.4f}; mean score {one.scores.mean():.4f}, share of "
                f"positives {one.labels.mean():.4f}.")
        drawn.append(pages.drawing(
            drawing.reliability(name, bins),
            "Reliability diagram: share of positive cases by mean score of "
            f"{evaluation_text.NAMES[name]}. {told}",
            pages.table(
                ("scores", "mean", "cases", "positive", "share", "interval"),
                [(f"{each.low:.4g} to {each.high:.4g}", f"{each.score:.4f}",
                  f"{each.cases:,}", f"{each.positives:,}",
                  percent(each.share), "{:.1%} to {:.1%}".format(
                      *each.interval)) for each in bins],
                f"{evaluation_text.NAMES[name]} by score, about as many "
                "each", dense=True), caption=told))
    return pages.paragraph(
        "Whether a score of 20 % means that one in five is positive. Networks "
        "that were trained on balanced batches say too much; thresholds do "
        "not suffer from it. Intervals as if cases were independent."
    ) + pages.figures(*drawn) if drawn else ""


def _subgroups(document: Mapping[str, Any]) -> str:
    parts = []
    for expression, groups in document["subgroups"].items():
        parts.append(pages.heading(f"By {expression}"))
        parts.append(pages.figures(*(
            _subgroup(expression, name, of_one, document["results"])
            for name, of_one in evaluation_text.told_subgroups(
                groups).items() if name in _CALIBRATED)))
        parts.append(pages.details("All figures", *(pages.table(
            *evaluation_text.subgroups_table(of_one),
            f"By {expression}, {evaluation_text.NAMES[name]}", dense=True)
            for name, of_one in evaluation_text.told_subgroups(
                groups).items())))
    return pages.paragraph(
        "At the same thresholds; beside each name its positive cases and all "
        f"its cases.{_of_intervals(document)}"
    ) + "\n".join(parts) if parts else ""


def _subgroup(expression: str, name: str, groups: Sequence[Mapping[str, Any]],
              results: Mapping[str, Any]) -> str:
    told = "; ".join(
        f"{'-' if one['value'] is None else one['value']}: sensitivity "
        f"{percent(one['sensitivity'])}, specificity "
        f"{percent(one['specificity'])}" for one in groups[:6])
    return pages.drawing(
        drawing.subgroups(evaluation_text.NAMES[name], groups,
                          results[name]["judged"]),
        f"Dots with intervals, {evaluation_text.NAMES[name]} by "
        f"{expression}. {told}.")
