"""An evaluation as a person reads it in the terminal."""

from collections.abc import Mapping, Sequence
from typing import Any

from model.bootstrap import METRICS
from model.evaluation import SEVERAL
from pipelines import text_table

TITLES = {"auc": "AUC", "sensitivity": "sensitivity",
          "specificity": "specificity", "accuracy_half": "accuracy at 1/2",
          "accuracy_threshold": "accuracy at t"}
NAMES = {"image": "single images", "min": "breasts, min",
         "max": "breasts, max", "mean": "breasts, mean",
         "learned": "breasts, learned"}
_NOTHING = "-"
# Header and rows, the first column naming the row.
Table = tuple[Sequence[str], Sequence[Sequence[str]]]


def percent(value: float | None) -> str:
    """As the thesis's tables have it.

    >>> percent(0.7604), percent(None)
    ('76.0%', '-')
    """
    return _NOTHING if value is None else f"{100 * value:.1f}%"


def with_interval(value: float | None,
                  interval: Sequence[float] | None) -> str:
    """A share with its interval, in percent.

    >>> with_interval(0.76, [0.71, 0.805])
    '76.0% (71.0-80.5)'
    """
    if value is None or interval is None:
        return percent(value)
    low, high = interval
    return f"{percent(value)} ({100 * low:.1f}-{100 * high:.1f})"


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Aligned columns, the first to the left.

    >>> print(table(["", "n"], [["all", "10"]]))
          n
    ---  --
    all  10
    """
    return text_table.table(header, rows,
                            [column > 0 for column in range(len(header))])


def report(document: Mapping[str, Any]) -> str:
    """All that evaluation.json holds, in tables."""
    parts = [_heading(document), table(*results_table(document))]
    if document["crossing"]:
        parts.append(_crossing(document["crossing"]))
    for expression, groups in document["subgroups"].items():
        parts += [f"by {expression}, {NAMES[name]}\n"
                  + table(*subgroups_table(of_one))
                  for name, of_one in told_subgroups(groups).items()]
    if document["comparison"]:
        parts.append(_comparison(document["comparison"]))
    return "\n\n".join(parts) + "\n"


def _heading(document: Mapping[str, Any]) -> str:
    judged, chosen = document["judged"], document["validation"]
    lines = [
        f"{document['name']}: {document['label']}, thresholds for "
        f"{percent(document['sensitivity'])} sensitivity "
        + (f"from {counted(chosen)} of validation" if chosen
           else "as stored with the model"),
        f"judged on {_what(document)}: {counted(judged)} of "
        f"{judged['patients']:,} patients" + (
            f", where {document['where']}" if document["where"] else "")]
    plan = document["bootstrap"]
    if plan["resamples"]:
        lines.append(f"in brackets: {100 * plan['level']:g} % intervals over "
                     f"patients ({plan['resamples']:,} resamples)")
    return "\n".join(lines)


def _what(document: Mapping[str, Any]) -> str:
    """The images that were judged, as in `test` or `all of data/inbreast`."""
    split = document["split"]
    return (f"{split} of {document['records']}" if document["crossing"]
            else split)


def told_subgroups(groups: Mapping[str, Any]) -> dict[str, Any]:
    """Those by combination that say something: no breast lies within a view.
    """
    return {name: of_one for name, of_one in groups.items()
            if [group["value"] for group in of_one] != [SEVERAL]}


def _crossing(crossing: Mapping[str, Any]) -> str:
    home = crossing["home"]
    return (
        f"another data set than the training's: {leak(crossing)}\n"
        f"against its own {home['split']} split "
        f"({counted(home['judged'])}), differences in percentage points;\n"
        "t needed: what would detect as many here as the thresholds were "
        "chosen for, with the specificity that leaves; not used\n"
        + table(*crossing_table(crossing)))


def leak(crossing: Mapping[str, Any]) -> str:
    """Whether what was judged was trained on, in words."""
    shared = crossing["shared"]
    if shared is None:
        return ("its training's records are not there to look for shared "
                "patients")
    return (f"of these images {shared['images']:,} and of these patients "
            f"{shared['patients']:,} were trained or validated on")


def crossing_table(crossing: Mapping[str, Any]) -> Table:
    """The figures on another data set against those on the run's own."""
    rows = []
    for name, of_one in crossing["results"].items():
        needed = of_one["needed"] or {}
        cells = [NAMES[name]]
        for key in ("auc", "sensitivity", "specificity"):
            change = of_one["difference"][key]
            cells += [percent(of_one["home"][key]),
                      percent(of_one["here"][key]),
                      _NOTHING if change is None else f"{100 * change:+.1f}"]
        threshold = needed.get("threshold")
        rows.append([*cells,
                     _NOTHING if threshold is None else f"{threshold:.4g}",
                     percent(needed.get("specificity"))])
    return ["", "AUC own", "here", "", "sensitivity own", "here", "",
            "specificity own", "here", "", "t needed", "specificity"], rows


def counted(counts: Mapping[str, int]) -> str:
    return f"{counts['images']:,} images ({counts['positives']:,} positive)"


def results_table(document: Mapping[str, Any]) -> Table:
    """Each combination with its threshold and all figures."""
    rows = []
    for name, of_one in document["results"].items():
        chosen = of_one["validation"] or {}
        rows.append([
            NAMES[name], f"{of_one['threshold']:.4g}",
            percent(chosen.get("auc")), percent(chosen.get("specificity")),
            *_figures(of_one["judged"])])
    return ["", "t", "val AUC", "val specificity", *TITLES.values()], rows


def _figures(figures: Mapping[str, Any]) -> list[str]:
    return [with_interval(figures[key], figures["intervals"][key])
            for key in METRICS]


def subgroups_table(groups: Sequence[Mapping[str, Any]]) -> Table:
    """The figures of each subgroup."""
    return ["", "cases", "positive", *TITLES.values()], [
        [_NOTHING if group["value"] is None else group["value"],
         f"{group['cases']:,}", f"{group['positives']:,}", *_figures(group)]
        for group in groups]


def _comparison(comparison: Mapping[str, Any]) -> str:
    return (
        f"against {comparison['name']} ({comparison['run_dir']}), same cases; "
        "differences in percentage points, this run's minus the other's\n"
        + table(*comparison_table(comparison)))


def comparison_table(comparison: Mapping[str, Any]) -> Table:
    """This run's figures against another's."""
    rows = []
    for name, of_one in comparison["results"].items():
        p = of_one["delong"]["p"]
        rows.append([
            NAMES[name], percent(of_one["auc"]), percent(of_one["other_auc"]),
            _NOTHING if p is None else f"{p:.3g}",
            *(_points(of_one, key)
              for key in ("auc", "sensitivity", "specificity"))])
    return ["", "AUC", "other AUC", "p (DeLong)", "AUC difference",
            "sensitivity difference", "specificity difference"], rows


def _points(of_one: Mapping[str, Any], key: str) -> str:
    value, interval = of_one["differences"][key], of_one["intervals"][key]
    if value is None:
        return _NOTHING
    text = f"{100 * value:+.1f}"
    if interval is None:
        return text
    low, high = interval
    return f"{text} ({100 * low:+.1f} to {100 * high:+.1f})"
