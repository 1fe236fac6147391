"""How the label table and the images met, for a person to judge."""

import dataclasses
from typing import TYPE_CHECKING

from pipelines import database
from pipelines.labels import rows

if TYPE_CHECKING:
    import duckdb

_EXAMPLES = 3
_RULES = {
    "own_year": "diagnosis of their own year",
    "next_year": "diagnosis of the next year",
    "rounded_year": "diagnosis of the nearest 1 January",
    "breast": "diagnosis of their breast",
}
_UNLABELLED = {
    "superseded": "a later visit took the diagnosis",
    "no_diagnosis": "without diagnosis",
    "contradicting_diagnosis": "with contradicting diagnoses",
    "no_patient_id": "without PatientID",
    "no_laterality": "without side",
    "no_study_date": "without study date",
}

_COUNTS = """
SELECT coalesce(label_rule, reason) AS name, count(*) AS images,
       count(DISTINCT study) AS studies,
       count(DISTINCT (patient, laterality, day))
         FILTER (patient IS NOT NULL AND laterality IS NOT NULL
                 AND day IS NOT NULL) AS visits
FROM judged WHERE status <> 'rejected' GROUP BY name ORDER BY name
"""
_UNMATCHED = """
SELECT patient_id, laterality, year FROM label
WHERE label NOT IN (SELECT label FROM claim)
ORDER BY patient_id, laterality, year
"""
_VISITS = """
SELECT patient, laterality, day FROM visit
ORDER BY patient, laterality, day
"""
_PATIENTS = """
SELECT (SELECT count(DISTINCT patient) FROM image WHERE accepted),
       (SELECT count(DISTINCT patient_id) FROM label),
       (SELECT count(*) FROM (
          SELECT patient FROM image WHERE accepted
          INTERSECT SELECT patient_id FROM label))
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
      notes: What the label reader found.
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
    notes: tuple[str, ...] = ()

    @property
    def no_match(self) -> bool:
        """Whether no diagnosis was asked for by any image."""
        return self.unmatched == self.diagnoses

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
        lines += [f"  {note}" for note in self.notes]
        return lines + (self._no_match_lines() if self.no_match else [])

    def _no_match_lines(self) -> list[str]:
        images, table, both = self.patients
        return [
            "The label table matches no image.",
            "  keys of images (patient, side, date): "
            + ("; ".join(self.image_examples) or "none is complete"),
            "  keys of the table: " + "; ".join(self.unmatched_examples),
            f"  patients: {images:,} of images, {table:,} of the table, "
            f"{both:,} of both"]


def audit(db: "duckdb.DuckDBPyConnection",
          labels: rows.LabelTable) -> Audit:
    """Counts what `join` made of the images and the diagnoses.

    Args:
      db: With the tables `image`, `visit`, `claim`, `label` and `judged`.
      labels: What `label` was made from.
    """
    counts = {name: Count(*numbers) for name, *numbers in
              db.execute(_COUNTS).fetchall()}
    files, accepted, contradicts = database.one_row(
        db, "SELECT count(*), count(*) FILTER (status <> 'rejected'), "
        "count(*) FILTER (contradicts) FROM judged")
    unmatched, = database.one_row(db, f"SELECT count(*) FROM ({_UNMATCHED})")
    images, table, both = database.one_row(db, _PATIENTS)
    return Audit(
        files=files, accepted=accepted,
        matched={name: counts[name] for name in _RULES if name in counts},
        unlabelled={name: counts[name] for name in _UNLABELLED
                    if name in counts},
        contradicts_rounding=contradicts,
        diagnoses=labels.rows.num_rows, unmatched=unmatched,
        unmatched_examples=_examples(db, _UNMATCHED),
        image_examples=_examples(
            db, _VISITS if labels.join == rows.VISIT else
            "SELECT DISTINCT patient, laterality FROM visit ORDER BY ALL"),
        patients=(images, table, both), notes=labels.notes)


def _examples(db: "duckdb.DuckDBPyConnection", query: str) -> tuple[str, ...]:
    found = db.execute(f"SELECT * FROM ({query}) LIMIT {_EXAMPLES}").fetchall()
    return tuple(" ".join(str(part) for part in key if part is not None)
                 for key in found)
