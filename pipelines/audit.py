"""How the label table and the images met, for a person to judge."""

import dataclasses
from typing import TYPE_CHECKING

from pipelines import database
from pipelines import join
from pipelines.labels import rows

if TYPE_CHECKING:
    import duckdb

_EXAMPLES = 3
RULES = {
    "own_year": "diagnosis of their own year",
    "next_year": "diagnosis of the next year",
    "rounded_year": "diagnosis of the nearest 1 January",
    "breast": "diagnosis of their breast",
    "image": "row of their own",
    rows.OTHER_SIDE: "row of the other breast only: healthy",
    rows.PRIOR_EXAM: "row of the next exam: healthy then",
    rows.LATER_EXAM: "cancer recorded with a later exam",
    "study": "diagnosis of their breast in their study",
}
UNLABELLED = {
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
# A breast that no row names, and of which there is no image, is nothing.
_TOLD = f"""
(SELECT * FROM label WHERE dataset = $dataset
   AND (rule IS DISTINCT FROM '{rows.OTHER_SIDE}' OR image IS NOT NULL
        OR label IN (SELECT label FROM claim)))"""
# What follows is of one data set.
_FILES = """
SELECT count(*), count(label) FROM judged WHERE dataset = $dataset
"""
_DIAGNOSES = f"""
SELECT count(*), count(*) FILTER (label NOT IN (SELECT label FROM claim))
FROM {_TOLD}
"""
_UNMATCHED = f"""
SELECT nullif(patient_id, ''), laterality, year, image FROM {_TOLD}
WHERE label NOT IN (SELECT label FROM claim)
ORDER BY patient_id, laterality, year, image
"""
_VISITS = f"""
SELECT DISTINCT patient, laterality,
       CASE WHEN claims IN ('{join.BY_YEAR}', '{join.BY_ROUNDING}')
            THEN day END, image
FROM visit WHERE dataset = $dataset ORDER BY ALL
"""
_PATIENTS = """
WITH imaged AS (
  SELECT DISTINCT patient FROM image
  WHERE dataset = $dataset AND accepted AND patient IS NOT NULL),
diagnosed AS (
  SELECT DISTINCT patient_id FROM label
  WHERE dataset = $dataset AND patient_id <> '')
SELECT (SELECT count(*) FROM imaged), (SELECT count(*) FROM diagnosed),
       (SELECT count(*) FROM imaged JOIN diagnosed ON patient = patient_id)
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
      diagnoses: Keys of its label table, as patient, side and year.
      unmatched: Those that no image asked for.
      unmatched_examples: Up to three of them.
      image_examples: Up to three visits of images.
      patients: Of the images, of the table, of both.
    """

    name: str | None
    files: int
    labelled: int
    diagnoses: int
    unmatched: int
    unmatched_examples: tuple[str, ...]
    image_examples: tuple[str, ...]
    patients: tuple[int, int, int]

    @property
    def no_match(self) -> bool:
        """Whether no diagnosis was asked for by any image."""
        return self.unmatched == self.diagnoses

    def unmatched_line(self) -> str:
        """How many diagnoses belong to no image."""
        return (f"{self.unmatched:,} of {self.diagnoses:,} diagnoses belong "
                "to no image" + (f", as {'; '.join(self.unmatched_examples)}"
                                 if self.unmatched_examples else ""))

    def no_match_lines(self) -> list[str]:
        """What a person needs to see why nothing matches."""
        images, table, both = self.patients
        whose = "" if self.name is None else f" of {self.name}"
        return [
            f"The label table{whose} matches no image.",
            "  keys of images (patient, side, date): "
            + ("; ".join(self.image_examples) or "none is complete"),
            "  keys of the table: " + "; ".join(self.unmatched_examples),
            f"  patients: {images:,} of images, {table:,} of the table, "
            f"{both:,} of both"]


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
      diagnoses: Keys of all label tables.
      unmatched: Those that no image asked for.
      overruled: Images of which the table tells another side, or another
        view, than the header; the table counts.
      datasets: Each of them.
      notes: What the label readers found.
    """

    files: int
    accepted: int
    matched: dict[str, Count]
    unlabelled: dict[str, Count]
    contradicts_rounding: int
    diagnoses: int
    unmatched: int
    overruled: tuple[int, int]
    datasets: tuple[Dataset, ...]
    notes: tuple[str, ...] = ()

    @property
    def no_match(self) -> tuple[Dataset, ...]:
        """The data sets of whose diagnoses none was asked for."""
        return tuple(one for one in self.datasets if one.no_match)

    def to_json(self) -> dict:
        """Everything, as values that JSON knows."""
        return dataclasses.asdict(self)

    def lines(self) -> list[str]:
        """What the terminal shows."""
        lines = [f"Labels of {self.accepted:,} images that the scan accepted "
                 f"({self.files:,} files):",
                 f"  {'images':>9} {'studies':>9} {'visits':>9}"]
        for names, counts in ((RULES, self.matched),
                              (UNLABELLED, self.unlabelled)):
            lines += [
                f"  {counts[name].images:9,} {counts[name].studies:9,} "
                f"{counts[name].visits:9,}  {what}"
                for name, what in names.items() if name in counts]
        if self.contradicts_rounding:
            lines.append(
                f"  {self.contradicts_rounding:9,} images have a diagnosis "
                "whose year cannot be their rounded date; "
                "--label_match=rounding matches by that")
        lines += [
            f"  {count:9,} images have another {what} in the label table than "
            "in their header; the table counts"
            for count, what in zip(self.overruled, ("side", "view")) if count]
        lines += [
            f"  {one.unmatched_line()}" if one.name is None else
            f"  {one.name}: {one.labelled:,} of {one.files:,} files have a "
            f"diagnosis; {one.unmatched_line()}" for one in self.datasets]
        lines += [f"  {note}" for note in self.notes]
        return lines + [line for one in self.no_match
                        for line in one.no_match_lines()]


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
    datasets = tuple(_dataset(db, number, name)
                     for number, name in enumerate(labels))
    return Audit(
        files=files, accepted=accepted,
        matched={name: counts[name] for name in RULES if name in counts},
        unlabelled={name: counts[name] for name in UNLABELLED
                    if name in counts},
        contradicts_rounding=contradicts,
        diagnoses=sum(one.diagnoses for one in datasets),
        unmatched=sum(one.unmatched for one in datasets),
        overruled=overruled, datasets=datasets,
        notes=tuple(f"{name}: {note}" if name else note
                    for name, one in labels.items() for note in one.notes))


def _dataset(db: "duckdb.DuckDBPyConnection", number: int,
             name: str | None) -> Dataset:
    given = {"dataset": number}
    files, labelled = database.one_row(db, _FILES, given)
    diagnoses, unmatched = database.one_row(db, _DIAGNOSES, given)
    images, table, both = database.one_row(db, _PATIENTS, given)
    return Dataset(name, files, labelled, diagnoses, unmatched,
                   _examples(db, _UNMATCHED, given),
                   _examples(db, _VISITS, given), (images, table, both))


def _examples(db: "duckdb.DuckDBPyConnection", query: str,
              given: dict[str, int]) -> tuple[str, ...]:
    found = db.execute(f"SELECT * FROM ({query}) LIMIT {_EXAMPLES}",
                       given).fetchall()
    return tuple(" ".join(str(part) for part in key if part is not None)
                 for key in found)
