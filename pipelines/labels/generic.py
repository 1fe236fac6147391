"""Reads any table with one row per image, or per breast.

Columns, each of which may have another name by `--label_columns`:

    file             name, path or SOP Instance UID of the image
    patient_id       else the image's PatientID counts
    laterality       else, in a table of images, the image's own counts
    view             of the image, as CC
    date             of the exam, of which the year counts
    cancer           0, 1, or words as benign and malignant
    outcome          TP, TN, FP or FN
    years_to_cancer  0: found at this exam; 1 to 99: later; 100: never
    birads           0 to 6; of several findings, as 3$2, the most severe
    implant          0 or 1, of the image; counts where its header is silent
    split            train, validation (or dev), test
    exam_id          only to count exams that have a cancer on both sides

With `file` it is a table of images, which are matched by their names
(`image_paths`); else each row needs patient_id and laterality and is about a
breast, or with `date` about a breast in a year. Whether there is a cancer
must be told by one of cancer, outcome and years_to_cancer, or by birads where
`--cancer_birads` says which categories stand for one.

Mirai's table of exams (github.com/yala/Mirai, demo/sample_metadata.csv) is
read as it is; its years_to_cancer is of the exam, so that it does not tell
which breast had the cancer. Others, once their pictures are DICOM files:

    CDD-CESM   file=Image_name,patient_id=Patient_ID,laterality=Side,
               view=View,birads=BIRADS,
               cancer=Pathology Classification/ Follow up
    Mini-DDSM  file=fileName,laterality=Side,view=View,cancer=Status; Status
               is of the patient, so that a healthy breast is called a cancer
               for the other's, and PatientID must tell who she is
"""

import dataclasses
from collections.abc import Mapping, Sequence

from pipelines.labels import (
    columns, contradictions, errors, generic_cells, image_paths, ledger, rows,
    tables)

COLUMNS = tuple(
    columns.Column(name, name, required=False)
    for name in ("file", "patient_id", "exam_id", "laterality", "view",
                 "date", "cancer", "outcome", "years_to_cancer", "birads",
                 "implant", "split"))
# Headers that are taken for a column that goes by no other name.
_ALIASES = {"file": ("file_path", "file_name", "filename",
                     "sop_instance_uid"),
            "split": ("split_group",)}
_TRUTHS = ("cancer", "outcome", "years_to_cancer")


def read(files: Sequence[tuple[str, bytes]],
         options: rows.LabelOptions) -> rows.LabelTable:
    """Reads one or more tables, all of images or all of breasts.

    Args:
      files: Name and bytes of each.
      options: How to read them.

    Raises:
      errors.LabelError: Columns are missing, a cell cannot be used, two rows
        contradict each other, or no row can be used.
    """
    reading = _Reading(options)
    for name, data in files:
        reading.read(tables.read_table(name, data))
    return reading.result()


def fit(name: str, table: tables.Table | None,
        named: Mapping[str, str]) -> int:
    """Whether a table is one of these; less than any data set's own.

    Args:
      name: Of its file.
      table: Its header; None: it is no table.
      named: The columns that the user named.
    """
    del name
    try:
        return int(table is not None
                   and bool(_join(table, _places(table, named), None)))
    except errors.LabelError:
        return 0


def _places(table: tables.Table,
            named: Mapping[str, str]) -> dict[str, int]:
    headers = {header.casefold() for header in table.header}
    for name, aliases in _ALIASES.items():
        if name not in named and name not in headers:
            alias = next((one for one in aliases if one in headers), None)
            if alias:
                named = {**named, name: alias}
    return columns.find(table, COLUMNS, named)


def _join(table: tables.Table, places: dict[str, int],
          cancer_birads: frozenset[int] | None) -> str:
    """What the rows are about, if the table has the columns to tell."""
    by_birads = cancer_birads is not None and "birads" in places
    if not by_birads and not places.keys() & set(_TRUTHS):
        # Fails, and names the nearest header.
        _require(table, "cancer")
    if "file" in places:
        return rows.IMAGE
    for name in ("patient_id", "laterality"):
        if name not in places:
            _require(table, name)
    return rows.VISIT if "date" in places else rows.BREAST


def _require(table: tables.Table, name: str) -> None:
    try:
        columns.find(table, (columns.Column(name, name),), {})
    except errors.LabelError as error:
        raise errors.LabelError(
            f"{error}. A table needs file, or patient_id and laterality; and "
            "one of cancer, outcome and years_to_cancer, or birads with "
            "--cancer_birads") from None


@dataclasses.dataclass
class _Reading:
    """What has been read of the files so far."""

    options: rows.LabelOptions
    join: str | None = None
    has_split: bool | None = None
    found: list[rows.Diagnosis] = dataclasses.field(default_factory=list)
    book: ledger.Ledger = dataclasses.field(default_factory=ledger.Ledger)
    notes: list[str] = dataclasses.field(default_factory=list)
    numeric_ids: set[str] = dataclasses.field(default_factory=set)
    # Sides with a cancer, of exams of which only years_to_cancer tells.
    exams: dict[tuple[str, str], set[str]] = dataclasses.field(
        default_factory=dict)

    def read(self, table: tables.Table) -> None:
        places = _places(table, self.options.columns)
        join = _join(table, places, self.options.cancer_birads)
        if self.join not in (None, join) or self.has_split not in (
                None, "split" in places):
            raise errors.LabelError(
                f"{table.name} has not the columns of the tables before it: "
                "all must have file, date and split, or none of them")
        self.join, self.has_split = join, "split" in places
        if join == rows.IMAGE:
            self.options.check_ids_are_kept(
                "generic", "images are found by their file's name, which "
                "that hides")
        elif "implant" in places:
            self.notes.append(f"{table.name}: implant is not used, as its "
                              "rows are about breasts")
        parse = generic_cells.Parser(self.options, places, join)
        self.book.take(table, lambda place, row: self._add(place, parse(row)))

    def _add(self, place: ledger.Place,
             parsed: generic_cells.Parsed) -> str | None:
        """Takes a row, or says by which rule it is left out."""
        for message in parsed.messages:
            self.book.wrong.add(*place, message)
        if parsed.messages or parsed.left_out:
            return parsed.left_out
        for remark in parsed.remarks:
            self.book.remark(remark, place)
        said = parsed.said
        self.found.append(rows.Diagnosis(
            row=place[1], source=place[0],
            patient_id=self._final_id(said["patient_id"]),
            laterality=said["laterality"],
            year=said["date"].year if said["date"] else None,
            birads=said["birads"], birads_1=said["birads"], birads_2=None,
            birads_3=None, cancer=said["cancer"], outcome=said["outcome"],
            follow_up=said["follow_up"], official_split=said["split"],
            image=said["file"], view=said["view"], implant=said["implant"]))
        if said["of_exam"] and said["exam_id"] and said["laterality"]:
            self.exams.setdefault((said["patient_id"], said["exam_id"]),
                                  set()).add(said["laterality"])
        return None

    def _final_id(self, given: str) -> str:
        padded = self.options.padded(given)
        # What images are found by is not the patient.
        if self.join != rows.IMAGE and rows.is_digits(padded):
            self.numeric_ids.add(padded)
        return self.options.final(padded) if padded else ""

    def result(self) -> rows.LabelTable:
        self.book.check(self.found)
        assert self.join is not None
        paths = image_paths.ImagePaths(one.image for one in self.found
                                       if one.image is not None)
        if self.join == rows.IMAGE:
            self.found = [
                one._replace(image=paths.key_of_row(one.image or ""))
                for one in self.found]
        kept = contradictions.one_per_key(
            self.found, contradictions.KEYS[self.join], self.options,
            self.book)
        return rows.LabelTable(
            rows=rows.to_arrow(kept), join=self.join,
            image_of=paths.key_of_file,
            notes=(*self.book.notes(), *self._more_notes(paths), *self.notes),
            numeric_ids=frozenset(self.numeric_ids), options=self.options)

    def _more_notes(self, paths: image_paths.ImagePaths) -> tuple[str, ...]:
        counts = (
            (sum(len(sides) == 2 for sides in self.exams.values()), "exam",
             "with years_to_cancer 0 on both sides: it is told of the exam, "
             "so that one of the breasts may have no cancer"),
            (paths.shared, "file name",
             "in several folders: of these, images are matched by the end of "
             "their path, and not at all where two rows fit as well"))
        return tuple(
            f"label table: {errors.counted(count, noun)} {what}"
            for count, noun, what in counts if count)
