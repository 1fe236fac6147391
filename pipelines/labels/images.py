"""Reads a data set's tables of images: one row says what one image shows.

A reader names its columns, and what is particular about them. Each row read
is a diagnosis, or the notes count it under the rule that left it out.
"""

import dataclasses
import functools
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from pipelines.labels import (
    cells, choosing, columns, contradictions, errors, ledger, rows, tables)

Parser = Callable[[tables.Cell], Any]


class LeftOut(Exception):
    """A row that no image can be given; the text is the rule."""


@dataclasses.dataclass(frozen=True)
class Layout:
    """What a data set's table of images has, and means.

    Attributes:
      name: As `--labels_format` has it.
      columns: `image`, `laterality` and `cancer` or `birads_1`, and any of
        `patient_id`, `view`, `birads_1`, `official_split` and `implant`. They
        are read in this order until one leaves the row out, so `image` goes
        first: the other cells of a footer may say anything.
      patient_of, image_of: As `rows.LabelTable` has them.
      parsers: Of columns whose cells say more than is usual.
      cancer_birads: The categories that are a cancer unless the user names
        others, where there is no column `cancer`.
      repeating: Header that only tables have which repeat the others' rows;
        they serve where there are no others.
      advice: What to do when no file has the columns.
    """

    name: str
    columns: tuple[columns.Column, ...]
    patient_of: Callable[[str, str], str | None] = rows.same_patient
    image_of: Callable[[str], str | None] = rows.stem
    parsers: Mapping[str, Parser] = dataclasses.field(default_factory=dict)
    cancer_birads: frozenset[int] = frozenset()
    repeating: str | None = None
    advice: str = ""

    def header(self, name: str) -> str:
        """What a column is called where the user does not say otherwise."""
        return next(column.header for column in self.columns
                    if column.name == name)

    @functools.cached_property
    def telling(self) -> str:
        """The column that tells of a cancer."""
        named = {column.name for column in self.columns}
        return "cancer" if "cancer" in named else "birads_1"


def read(layout: Layout, files: Sequence[tuple[str, bytes]],
         options: rows.LabelOptions) -> rows.LabelTable:
    """Reads all tables of a data set that have the layout's columns.

    Args:
      layout: Of the data set.
      files: Name and bytes of each table; those without the columns are not
        used, and noted.
      options: How to read them; of dates there are none.

    Returns:
      A table with one row per image.

    Raises:
      errors.LabelError: No file has the columns, a cell cannot be used, two
        rows contradict each other, there are no rows, or IDs are to be
        hashed.
    """
    options.check_ids_are_kept(
        layout.name, "its IDs are public, and which image is whose can only "
        "be read from them as they are")
    reading = _Reading(layout, options)
    chosen, others = _chosen(layout, files, options)
    for one in chosen:
        reading.read(one)
    return reading.result(
        [note for one in chosen for note in one.note()]
        + choosing.not_used(others))


def _chosen(layout: Layout, files: Sequence[tuple[str, bytes]],
            options: rows.LabelOptions,
            ) -> tuple[list[choosing.Chosen], dict[str, str]]:
    """The tables to read, and why the others are not used."""
    try:
        chosen, others = choosing.choose(
            files, options.columns, layout.columns)
    except errors.LabelError as error:
        raise errors.LabelError(f"{error}{layout.advice}") from None
    repeating = [one for one in chosen
                 if columns.has(one.table, layout.repeating)]
    if len(repeating) == len(chosen):
        return chosen, others
    return ([one for one in chosen if one not in repeating],
            others | {one.table.name: "it repeats what the others say"
                      for one in repeating})


@dataclasses.dataclass
class _Reading:
    """What has been read of the files so far."""

    layout: Layout
    options: rows.LabelOptions
    found: list[rows.Diagnosis] = dataclasses.field(default_factory=list)
    book: ledger.Ledger = dataclasses.field(default_factory=ledger.Ledger)

    def __post_init__(self):
        chosen = self.options.cancer_birads
        self.cancer_birads = (
            self.layout.cancer_birads if chosen is None else chosen)
        self._parsers = [
            (column.name,
             self.layout.parsers.get(column.name) or _PARSERS[column.name])
            for column in self.layout.columns]
        self._needed = frozenset({"image", "laterality", self.layout.telling})

    def read(self, chosen: choosing.Chosen) -> None:
        pick = chosen.cells()
        self.book.take(chosen.table,
                       lambda place, row: self._add(place, pick(row)))

    def _add(self, place: ledger.Place,
             said: Sequence[tables.Cell]) -> str | None:
        """Takes a row, or says by which rule it is left out."""
        values: dict[str, Any] = {}
        for (name, parse), cell in zip(self._parsers, said):
            try:
                value = values[name] = cells.told(name, parse, cell)
            except LeftOut as rule:
                return str(rule)
            if value in (None, "") and name in self._needed:
                return f"without {self.layout.header(name)}"
            if name == "laterality" and value == cells.BOTH:
                return "of both sides"
        self.found.append(self._diagnosis(place, values))
        return None

    def _diagnosis(self, place: ledger.Place,
                   values: Mapping[str, Any]) -> rows.Diagnosis:
        birads = values.get("birads_1")
        if self.layout.telling == "birads_1":
            cancer = int(birads in self.cancer_birads)
        else:
            cancer = values["cancer"]
        follow_up = rows.follow_up_of(birads)
        return rows.Diagnosis(
            row=place[1], source=place[0],
            patient_id=self.options.padded(values.get("patient_id", "")),
            laterality=values["laterality"], year=None, birads=birads,
            birads_1=birads, birads_2=None, birads_3=None, cancer=cancer,
            outcome=rows.outcome_of(cancer, follow_up), follow_up=follow_up,
            official_split=values.get("official_split"),
            image=values["image"], view=values.get("view"),
            implant=values.get("implant"))

    def result(self, notes: list[str]) -> rows.LabelTable:
        self._leave_out_unsplit()
        self.book.check(self.found)
        kept = contradictions.one_per_key(
            self.found, contradictions.KEYS[rows.IMAGE], self.options,
            self.book)
        return rows.LabelTable(
            rows=rows.to_arrow(kept), join=rows.IMAGE,
            patient_of=self.layout.patient_of, image_of=self.layout.image_of,
            notes=(*self.book.notes(), *self._cancers(kept), *notes),
            options=self.options)

    def _leave_out_unsplit(self) -> None:
        """An official split is one of all images, or none."""
        unsplit = [one for one in self.found if one.official_split is None]
        if len(unsplit) == len(self.found):
            return
        self.book.leave_out(
            f"without {self.layout.header('official_split')}",
            *((one.source, one.row) for one in unsplit))
        self.found = [one for one in self.found if one.official_split]

    def _cancers(self, kept: list[rows.Diagnosis]) -> Iterator[str]:
        cancers = sum(one.cancer == 1 for one in kept)
        missed = sum(one.outcome == "FN" for one in kept)
        if self.layout.telling == "birads_1":
            categories = ", ".join(map(str, sorted(self.cancer_birads)))
            yield ("label table: there is no pathology; a cancer is BI-RADS "
                   f"{categories} (--cancer_birads): "
                   f"{errors.counted(cancers, 'image')}")
        if missed:
            yield (f"label table: {errors.counted(missed, 'image')} with a "
                   "cancer and BI-RADS that ask for no follow-up (FN)")


_PARSERS: dict[str, Parser] = {
    "image": cells.identifier, "laterality": cells.side,
    "patient_id": cells.identifier, "view": cells.view,
    "birads_1": cells.birads, "cancer": cells.truth,
    "official_split": cells.split, "implant": cells.flag}
