"""Reads a data set's tables of images: one row says what one image shows.

A reader names its columns, and what is particular about them. Each row read
is a diagnosis, or the notes count it under the rule that left it out: the
numbers add up to the table.
"""

import dataclasses
import functools
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from pipelines.labels import (
    cells, columns, contradictions, errors, rows, tables)

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
    if options.transform_id:
        raise errors.LabelError(
            f"--labels_format={layout.name} cannot be had with "
            "--patient_ids=hash: its IDs are public, and which image is whose "
            "can only be read from them as they are")
    reading = _Reading(layout, options)
    for table in _fitting(layout, files, options, reading.notes):
        reading.read(table)
    reading.wrong.check()
    return reading.result(", ".join(name for name, _ in files))


def _fitting(layout: Layout, files: Sequence[tuple[str, bytes]],
             options: rows.LabelOptions, notes: list[str],
             ) -> list[tables.Table]:
    """The tables that have the columns; the others are noted."""
    found = []
    others = []
    for name, data in files:
        table = tables.read_table(name, data)
        absent = columns.absent(table, layout.columns, options.columns)
        if absent:
            others.append((len(absent), table))
            notes.append(f"{name} is not used: it has no column "
                         f"{', '.join(absent)}")
        else:
            found.append(table)
    if not found:
        _, nearest = min(others, key=lambda other: other[0])
        try:
            columns.find(nearest, layout.columns, options.columns)
        except errors.LabelError as error:
            raise errors.LabelError(f"{error}{layout.advice}") from None
    repeating = [table for table in found
                 if columns.has(table, layout.repeating)]
    if len(repeating) == len(found):
        return found
    notes += [f"{table.name} is not used: it repeats what the others say"
              for table in repeating]
    return [table for table in found if table not in repeating]


@dataclasses.dataclass
class _Reading:
    """What has been read of the files so far."""

    layout: Layout
    options: rows.LabelOptions
    found: list[rows.Diagnosis] = dataclasses.field(default_factory=list)
    left_out: dict[str, list[tuple[str, int]]] = dataclasses.field(
        default_factory=dict)
    wrong: errors.RowErrors = dataclasses.field(
        default_factory=errors.RowErrors)
    count: int = 0
    notes: list[str] = dataclasses.field(default_factory=list)

    @property
    def cancer_birads(self) -> frozenset[int]:
        chosen = self.options.cancer_birads
        return self.layout.cancer_birads if chosen is None else chosen

    def read(self, table: tables.Table) -> None:
        places = columns.find(table, self.layout.columns,
                              self.options.columns)
        for number, row in table.rows:
            self.count += 1
            said = {name: row[place] for name, place in places.items()}
            try:
                diagnosis = self._diagnosis(table.name, number, said)
            except LeftOut as rule:
                self._leave_out(str(rule), table.name, number)
            else:
                if diagnosis:
                    self.found.append(diagnosis)

    def _leave_out(self, rule: str, source: str, number: int) -> None:
        self.left_out.setdefault(rule, []).append((source, number))

    def _diagnosis(self, source: str, number: int,
                   said: dict[str, tables.Cell]) -> rows.Diagnosis | None:
        """What a row says; None if that is an error, which is noted."""
        values: dict[str, Any] = {}
        for name, cell in said.items():
            parse = self.layout.parsers.get(name) or _PARSERS[name]
            try:
                values[name] = parse(cell)
            except cells.CellError as error:
                self.wrong.add(source, number, f"{name} {error} (found: "
                               f"{cells.found(cell)})")
                return None
            self._check_attributed(name, values[name])
        birads = values.get("birads_1")
        if self.layout.telling == "birads_1":
            cancer = int(birads in self.cancer_birads)
        else:
            cancer = values["cancer"]
        follow_up = rows.follow_up_of(birads)
        patient_id = values.get("patient_id", "")
        return rows.Diagnosis(
            row=number, source=source,
            patient_id=self.options.padded(patient_id),
            laterality=values["laterality"], year=None, birads=birads,
            birads_1=birads, birads_2=None, birads_3=None, cancer=cancer,
            outcome=rows.outcome_of(cancer, follow_up), follow_up=follow_up,
            official_split=values.get("official_split"),
            image=values["image"], view=values.get("view"),
            implant=values.get("implant"))

    def _check_attributed(self, name: str, value: Any) -> None:
        if name in ("image", "laterality", self.layout.telling) and (
                value is None or value == ""):
            raise LeftOut(f"without {self.layout.header(name)}")
        if name == "laterality" and value == cells.BOTH:
            raise LeftOut("of both breasts")

    def result(self, names: str) -> rows.LabelTable:
        self._leave_out_unsplit()
        if not self.found:
            raise errors.LabelError("\n".join(
                [f"no diagnosis in {names}", *self._rules()]))
        kept, pairs = contradictions.one_per_key(self.found, ("image",))
        if self.options.conflicts == "error":
            contradictions.refuse(pairs, "image")
        return rows.LabelTable(
            rows=rows.to_arrow(kept), join=rows.IMAGE,
            patient_of=self.layout.patient_of, image_of=self.layout.image_of,
            notes=tuple(self._notes(kept, pairs)), options=self.options)

    def _leave_out_unsplit(self) -> None:
        """An official split is one of all images, or none."""
        unsplit = [one for one in self.found if one.official_split is None]
        if len(unsplit) == len(self.found):
            return
        for one in unsplit:
            self._leave_out(f"without {self.layout.header('official_split')}",
                            one.source, one.row)
        self.found = [one for one in self.found if one.official_split]

    def _notes(self, kept: list[rows.Diagnosis],
               pairs: list[contradictions.Contradiction]) -> Iterator[str]:
        yield (f"label table: {errors.counted(self.count, 'row')} for "
               f"{errors.counted(len(kept), 'image')}")
        yield from self._rules()
        same = len(self.found) - len(kept) - len(pairs)
        if same:
            yield (f"label table: {errors.counted(same, 'row')} as another "
                   "row has it, counted once")
        if pairs:
            where = [(pair.second.source, pair.second.row) for pair in pairs]
            yield (f"label table: {errors.counted(len(pairs), 'row')} "
                   "contradicting another row for its image, both dropped "
                   f"({_listed(where)})")
        yield from self._cancers(kept)
        yield from self.notes

    def _rules(self) -> Iterator[str]:
        for rule, where in self.left_out.items():
            yield (f"label table: {errors.counted(len(where), 'row')} {rule}, "
                   f"left out ({_listed(where)})")

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


def _listed(where: list[tuple[str, int]]) -> str:
    """The first rows of each table, as text.

    >>> _listed([("a.csv", 3), ("a.csv", 5), ("b.csv", 2)])
    'a.csv: rows 3, 5; b.csv: row 2'
    """
    numbers: dict[str, list[int]] = {}
    for source, number in where:
        numbers.setdefault(source, []).append(number)
    return "; ".join(f"{source}: {errors.row_list(of_source)}"
                     for source, of_source in numbers.items())


def _implant(cell: tables.Cell) -> bool | None:
    known = cells.truth(cell)
    return None if known is None else bool(known)


_PARSERS: dict[str, Parser] = {
    "image": cells.identifier, "laterality": cells.side,
    "patient_id": cells.identifier, "view": cells.view,
    "birads_1": cells.birads, "cancer": cells.truth,
    "official_split": cells.split, "implant": _implant}
