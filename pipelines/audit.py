"""How the label table and the images met, for a person to judge."""

import dataclasses
from typing import TYPE_CHECKING

from pipelines import database
from pipelines import join

if TYPE_CHECKING:
    import duckdb

_EXAMPLES = 3
_RULES = {
    "own_year": "diagnosis of their own year",
    "next_year": "diagnosis of the next year",
    "rounded_year": "diagnosis of the nearest 1 January",
    "breast": "diagnosis of their breast",
    "image": "row of their own",
    "study": "diagnosis of their breast in their study",
}
_UNLABELLED = {
    "superseded": "a later visit took the diagnosis",
    "no_diagnosis": "without diagnosis",
    "contradicting_diagnosis": "with contradicting diagnoses",
    "ambiguous_image": "of a row that fits several files",
    "no_patient_id": "without PatientID",
    "no_laterality": "without side",
    "no_study_date": "without study date",
}

_COUNTS = """
SELECT coalesce(label_rule, reason) AS name, count(*) AS images,
       count(DISTINCT study) AS studies,
       count(DISTINCT (dataset, patient, laterality, day, image))
         FILTER (patient IS NOT NULL AND laterality IS NOT NULL
                 AND day IS NOT NULL) AS visits
FROM judged WHERE status <> 'rejected' GROUP BY name ORDER BY name
"""
_UNMATCHED = """
SELECT nullif(patient_id, ''), laterality, year, image FROM label
WHERE label NOT IN (SELECT label FROM claim)
ORDER BY dataset, patient_id, laterality, year, image
"""
_VISITS = f"""
SELECT DISTINCT patient, laterality,
       CASE WHEN claims IN ('{join.BY_YEAR}', '{join.BY_ROUNDING}')
            THEN day END, image
FROM visit ORDER BY ALL
"""
_PATIENTS = """
SELECT (SELECT count(DISTINCT (dataset, patient)) FROM image WHERE accepted
          AND patient IS NOT NULL),
       (SELECT count(DISTINCT (dataset, patient_id)) FROM label
        WHERE patient_id <> ''),
       (SELECT count(*) FROM (
          SELECT dataset, patient FROM image WHERE accepted
          INTERSECT SELECT dataset, patient_id FROM label))
"""
_DATASETS = """
SELECT name, (SELECT count(*) FROM judged j WHERE j.dataset = s.dataset),
       (SELECT count(label) FROM judged j WHERE j.dataset = s.dataset),
       (SELECT count(*) FROM label l WHERE l.dataset = s.dataset),
       (SELECT count(*) FROM label l WHERE l.dataset = s.dataset
          AND l.label NOT IN (SELECT label FROM claim))
FROM source s ORDER BY dataset
"""


@dataclasses.dataclass(frozen=True)
class Count:
    """How many images, their studies, and their visits.

    A visit is a patient, a side and a day (a breast, where there are no
    dates). A study counts wherever one of its images does.
    """

    images: int = 0
    studies: int = 0
    visits: int = 0


@dataclasses.dataclass(frozen=True)
class Dataset:
    """How one data set's images and diagnoses met.

    Attributes:
      name: As the user named it; None where there is one without a name.
      files: Matched files.
      labelled: Images that have a diagnosis, excluded or not.
      diagnoses: Of its label table.
      unmatched: Those that no image asked for.
    """

    name: str | None
    files: int
    labelled: int
    diagnoses: int
    unmatched: int


@dataclasses.dataclass(frozen=True)
class Audit:
    """What the label join came to.

    Attributes:
      files: Matched files.
      accepted: Those that the scan did not reject; they claim diagnoses.
      matched: By label_rule: those that have a diagnosis, excluded or not.
      unlabelled: By reason: those that have none.
      contradicts_rounding: Images whose diagnosis has a year that cannot be
        their rounded date.
      diagnoses: Keys (patient, side, year) of the label table.
      unmatched: Those that no image asked for.
      unmatched_examples: Up to three of them.
      image_examples: Up to three visits of images.
      patients: Of the images, of the table, of both.
      overruled: Images of which the table tells another side, or another
        view, than the header; the table counts.
      datasets: The same of each data set.
      notes: What the label readers found.
    """

    files: int
    accepted: int
    matched: dict[str, Count]
    unlabelled: dict[str, Count]
    contradicts_rounding: int
    diagnoses: int
    unmatched: int
    unmatched_examples: tuple[str, ...]
    image_examples: tuple[str, ...]
    patients: tuple[int, int, int]
    overruled: tuple[int, int]
    datasets: tuple[Dataset, ...]
    notes: tuple[str, ...] = ()

    @property
    def no_match(self) -> tuple[str | None, ...]:
        """The data sets of whose diagnoses none was asked for."""
        return tuple(dataset.name for dataset in self.datasets
                     if dataset.unmatched == dataset.diagnoses)

    def to_json(self) -> dict:
        """Everything, as values that JSON knows."""
        return dataclasses.asdict(self) | {"no_match": self.no_match}

    def lines(self) -> list[str]:
        """What the terminal shows."""
        lines = [f"Labels of {self.accepted:,} images that the scan accepted "
                 f"({self.files:,} files):",
                 f"  {'images':>9} {'studies':>9} {'visits':>9}"]
        for names, counts in ((_RULES, self.matched),
                              (_UNLABELLED, self.unlabelled)):
            lines += [
                f"  {counts[name].images:9,} {counts[name].studies:9,} "
                f"{counts[name].visits:9,}  {what}"
                for name, what in names.items() if name in counts]
        if self.contradicts_rounding:
            lines.append(
                f"  {self.contradicts_rounding:9,} images have a diagnosis "
                "whose year cannot be their rounded date; "
                "--label_match=rounding matches by that")
        lines.append(
            f"  {self.unmatched:,} of {self.diagnoses:,} diagnoses belong to "
            "no image" + (f", as {'; '.join(self.unmatched_examples)}"
                          if self.unmatched_examples else ""))
        lines += [
            f"  {count:9,} images have another {what} in the label table than "
            "in their header; the table counts"
            for count, what in zip(self.overruled, ("side", "view")) if count]
        if len(self.datasets) > 1:
            lines += [
                f"  {dataset.name}: {dataset.labelled:,} of "
                f"{dataset.files:,} files have a diagnosis; "
                f"{dataset.unmatched:,} of {dataset.diagnoses:,} diagnoses "
                "belong to no image" for dataset in self.datasets]
        lines += [f"  {note}" for note in self.notes]
        return lines + (self._no_match_lines() if self.no_match else [])

    def _no_match_lines(self) -> list[str]:
        images, table, both = self.patients
        return [
            *(f"The label table of {name} matches no image." if name
              else "The label table matches no image."
              for name in self.no_match),
            "  keys of images (patient, side, date): "
            + ("; ".join(self.image_examples) or "none is complete"),
            "  keys of the table: " + "; ".join(self.unmatched_examples),
            f"  patients: {images:,} of images, {table:,} of the table, "
            f"{both:,} of both"]


def audit(db: "duckdb.DuckDBPyConnection",
          labels: join.Labels) -> Audit:
    """Counts what `join` made of the images and the diagnoses.

    Args:
      db: With the tables of `join`.
      labels: What `label` was made from.
    """
    counts = {name: Count(*numbers) for name, *numbers in
              db.execute(_COUNTS).fetchall()}
    files, accepted, contradicts = database.one_row(
        db, "SELECT count(*), count(*) FILTER (status <> 'rejected'), "
        "count(*) FILTER (contradicts) FROM judged")
    overruled = database.one_row(
        db, "SELECT count(*) FILTER (overruled_side), "
        "count(*) FILTER (overruled_view) FROM judged "
        "WHERE status <> 'rejected'")
    diagnoses, = database.one_row(db, "SELECT count(*) FROM label")
    unmatched, = database.one_row(db, f"SELECT count(*) FROM ({_UNMATCHED})")
    images, table, both = database.one_row(db, _PATIENTS)
    return Audit(
        files=files, accepted=accepted,
        matched={name: counts[name] for name in _RULES if name in counts},
        unlabelled={name: counts[name] for name in _UNLABELLED
                    if name in counts},
        contradicts_rounding=contradicts,
        diagnoses=diagnoses, unmatched=unmatched,
        unmatched_examples=_examples(db, _UNMATCHED),
        image_examples=_examples(db, _VISITS),
        patients=(images, table, both), overruled=overruled,
        datasets=tuple(Dataset(*row)
                       for row in db.execute(_DATASETS).fetchall()),
        notes=tuple(f"{name}: {note}" if name else note
                    for name, one in labels.items() for note in one.notes))


def _examples(db: "duckdb.DuckDBPyConnection", query: str) -> tuple[str, ...]:
    found = db.execute(f"SELECT * FROM ({query}) LIMIT {_EXAMPLES}").fetchall()
    return tuple(" ".join(str(part) for part in key if part is not None)
                 for key in found)
