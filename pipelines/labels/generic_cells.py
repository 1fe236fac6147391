"""What one row of a generic table says: of whom, and whether it is a cancer."""

import dataclasses
import functools
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from pipelines import views
from pipelines.labels import cells, rows, tables

_PATHOLOGIES = {"malignant": 1, "cancer": 1, "benign": 0, "normal": 0,
                "negative": 0, "positive": 1,
                "benign_without_callback": 0}
# Between the categories of several findings, as CDD-CESM has them.
_AND = "$"
# Mirai: no cancer while she was observed.
_NEVER = 100


@dataclasses.dataclass(frozen=True)
class Parsed:
    """One row.

    Attributes:
      said: What it says, by column; `follow_up` and `of_exam` besides.
      messages: What is wrong with its cells.
      left_out: The rule by which it is not used, or None.
      remarks: What to count of it though it is used.
    """

    said: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    messages: tuple[str, ...] = ()
    left_out: str | None = None
    remarks: tuple[str, ...] = ()


class Parser:
    """Parses the rows of one table.

    Args:
      options: How to read them.
      places: Where each column stands.
      join: What the rows are about.
    """

    def __init__(self, options: rows.LabelOptions, places: Mapping[str, int],
                 join: str):
        self._cancer_birads = options.cancer_birads
        self._join = join
        self._keys = (("file",) if join == rows.IMAGE
                      else ("patient_id", "laterality"))
        parsers: dict[str, Callable[[tables.Cell], Any]] = {
            "file": cells.identifier, "patient_id": cells.identifier,
            "exam_id": cells.identifier, "laterality": cells.side,
            "view": _view,
            "date": lambda cell: _date(cell, options.date_format),
            "cancer": _cancer, "outcome": cells.outcome,
            "years_to_cancer": _years, "birads": _birads,
            "implant": cells.flag, "split": cells.split}
        if join == rows.IMAGE:
            # The image's own date is there.
            del parsers["date"]
        else:
            # A breast's rows may be of several views, with and without.
            del parsers["implant"]
        self._absent = dict.fromkeys((*parsers, "date", "implant"))
        self._columns = [(name, places[name], parse)
                         for name, parse in parsers.items() if name in places]
        self._names = frozenset(places)

    def __call__(self, row: Sequence[tables.Cell]) -> Parsed:
        """What a row, of which `places` tells the cells, says."""
        said: dict[str, Any] = dict(self._absent)
        wrong = {}
        for name, index, parse in self._columns:
            try:
                said[name] = cells.told(name, parse, row[index])
            except cells.CellError as error:
                wrong[name] = str(error)
        # A footer's cells may say anything.
        left_out = self._not_attributed(said)
        if wrong and (not left_out or any(
                said[key] or key in wrong for key in self._keys)):
            return Parsed(messages=tuple(wrong.values()))
        if left_out:
            return Parsed(left_out=left_out)
        said["patient_id"] = said["patient_id"] or ""
        if self._join != rows.IMAGE:
            # Rows of several views are about one breast.
            said["view"] = None
        return self._judged(said)

    def _not_attributed(self, said: Mapping[str, Any]) -> str | None:
        """Why nobody can tell whom or what a row is about."""
        if self._join == rows.IMAGE and not said["file"]:
            return "without file"
        if "patient_id" in self._names and not said["patient_id"]:
            return "without patient_id"
        if said["laterality"] == cells.BOTH:
            return "of both sides"
        if self._join != rows.IMAGE and not said["laterality"]:
            return "without a side"
        if self._join == rows.VISIT and said["date"] is None:
            return "without a date"
        return None

    def _judged(self, said: dict[str, Any]) -> Parsed:
        """Adds whether there is a cancer, who was referred, the outcome."""
        outcome, years = said["outcome"], said["years_to_cancer"]
        told = {"cancer": said["cancer"],
                "years_to_cancer": None if years is None else int(years == 0),
                "outcome": outcome and rows.meaning_of(outcome)[0]}
        told = {name: cancer for name, cancer in told.items()
                if cancer is not None}
        if len(set(told.values())) > 1:
            return Parsed(messages=(
                f"{' and '.join(told)} contradict each other; mend whichever "
                "is wrong",))
        if not told and self._cancer_birads and said["birads"] is not None:
            told["birads"] = int(said["birads"] in self._cancer_birads)
        if not told:
            return Parsed(left_out="without a word on cancer")
        if "split" in self._names and said["split"] is None:
            return Parsed(messages=(
                "split is missing; tell it of every row, or remove the "
                "column",))
        cancer = next(iter(told.values()))
        follow_up = rows.follow_up_of(said["birads"])
        remarks = []
        if years and years < _NEVER:
            remarks.append("with a cancer found 1 to 99 years later, which "
                           "is none of this exam")
        if outcome:
            referred = rows.meaning_of(outcome)[1]
            if follow_up not in (None, referred):
                remarks.append("with a BI-RADS that contradicts its outcome, "
                               "which counts")
            follow_up = referred
        said |= {"cancer": cancer, "follow_up": follow_up,
                 "outcome": outcome or rows.outcome_of(cancer, follow_up),
                 "of_exam": cancer and [*told] == ["years_to_cancer"]}
        return Parsed(said, remarks=tuple(remarks))


@functools.cache
def _view(cell: tables.Cell) -> str | None:
    view = cells.view(cell)
    if view is not None and view not in views.VIEWS:
        raise cells.CellError("is none of " + ", ".join(sorted(views.VIEWS)))
    return view


def _date(cell: tables.Cell, date_format: str | None) -> Any:
    return None if cells.is_blank(cell) else cells.date(cell, date_format)


@functools.cache
def _cancer(cell: tables.Cell) -> int | None:
    """1 or 0, also of the words of a pathologist."""
    value = tables.text(cell).lower()
    if value in _PATHOLOGIES:
        return _PATHOLOGIES[value]
    try:
        return cells.truth(cell)
    except cells.CellError:
        raise cells.CellError(
            "is none of 0, 1, true, false, yes, no, "
            + ", ".join(_PATHOLOGIES)) from None


@functools.cache
def _birads(cell: tables.Cell) -> int | None:
    """A BI-RADS category; the most severe of several.

    >>> _birads("4a"), _birads("3$2"), _birads("")
    (4, 3, None)
    """
    return rows.most_severe(
        cells.birads(part.strip()) for part in tables.text(cell).split(_AND))


@functools.cache
def _years(cell: tables.Cell) -> int | None:
    if cells.is_blank(cell):
        return None
    value = cells.identifier(cell)
    if not rows.is_digits(value) or int(value) > _NEVER:
        raise cells.CellError(
            f"is not a whole number of years, 0 to {_NEVER}")
    return int(value)
