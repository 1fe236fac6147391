"""What a built data set holds, counted by SQL over its metadata alone."""

import dataclasses
import re
from collections.abc import Mapping, Sequence
from typing import Any

from pipelines import reasons
from tools import datasets
from tools import named_queries
from tools.comparing import facts

UNKNOWN = facts.UNKNOWN
FIRST_FILES = 5
# A table says how many values are left; a drawing shows fewer still.
MOST_VALUES = 40

# Classes in the order in which they are shown.
LABELS = ("no cancer", "cancer", "unknown")
DIAGNOSES = ("TN", "FP", "TP", "FN", *LABELS)
_LABEL = ("CASE cancer WHEN 1 THEN 'cancer' WHEN 0 THEN 'no cancer' "
          "ELSE 'unknown' END")
# Where nobody was asked back there is a diagnosis all the same.
_DIAGNOSIS = f"coalesce(outcome, {_LABEL})"
_AGE = ("CASE WHEN patient_age >= 90 THEN '90+' WHEN patient_age >= 0 THEN "
        "printf('%02d-%02d', patient_age // 5 * 5, patient_age // 5 * 5 + 4) "
        "END")

# What images are counted by, of those in the records; the latter half is what
# their files are like.
PEOPLE = ("dataset", "view", "laterality", "manufacturer", "model", "year",
          "implant")
FILES = ("size (columns x rows)", "detector pixel (mm)", "bits stored",
         "transfer syntax", "photometric", "presentation intent", "lossy",
         "kind")
_SQL = {**facts.CATEGORIES, "dataset": "dataset", "kind": "image_kind"}
# Values that have an order of their own, in which they are shown.
_ORDERED = ("year", "detector pixel (mm)", "bits stored")
# No other suffix is told: in M.SMITH.dcm there is a name.
_SUFFIX = "(?i)([.](dcm|dic|dicom|ima|gz|xml|csv|txt|png|jpg))+$"
_IN_RECORDS = "status IN ('written', 'planned')"
_COLUMNS = (
    "file", "file_bytes", "dataset", "patient_id", "study_instance_uid",
    "status", "reason", "detail", "remarks", "split", "cancer", "outcome",
    "birads", "patient_age", "study_date", "view", "laterality",
    "manufacturer", "manufacturer_model", "implant", "rows", "columns",
    "imager_pixel_spacing_mm", "pixel_spacing_mm", "bits_stored",
    "transfer_syntax", "photometric", "presentation_intent", "lossy",
    "image_kind")
_COPY = re.compile(r"^a copy of .*", re.DOTALL)
# A standard's own UIDs are nobody's.
_UID = re.compile(r"(?<![\d.])(?!1\.2\.840\.10008\.)\d+(?:\.\d+){4,}")


@dataclasses.dataclass(frozen=True)
class Cross:
    """Images by a value and by class.

    Attributes:
      classes: Those that occur, in order.
      rows: A value and how many images of each class.
      left_out: How many values more there are, and their images by class.
    """

    classes: tuple[str, ...]
    rows: tuple[tuple[str, tuple[int, ...]], ...]
    left_out: tuple[int, tuple[int, ...]] | None = None

    @property
    def total(self) -> int:
        """All images, those of the values left out too."""
        rows = [counts for _, counts in self.rows]
        return sum(map(sum, rows)) + sum(
            self.left_out[1] if self.left_out else ())

    @property
    def is_plain(self) -> bool:
        """Whether there is nothing to compare: no value is known."""
        return all(value == UNKNOWN for value, _ in self.rows)


@dataclasses.dataclass(frozen=True)
class FirstFile:
    """One of the first files that are in no record for some reason.

    Attributes:
      file: Its path.
      suffix: What its name ends in.
      file_bytes: Its size, or None.
      detail: What was found in it, or None.
    """

    file: str
    suffix: str
    file_bytes: int | None
    detail: str | None

    @property
    def anonymous_detail(self) -> str | None:
        """The detail without another file's path and without UIDs."""
        if self.detail is None:
            return None
        return _UID.sub("(a UID)", _COPY.sub("a copy of another file",
                                             self.detail))


@dataclasses.dataclass(frozen=True)
class Why:
    """The files that are in no record for one reason.

    Attributes:
      status: What became of them.
      reason: The code.
      files: How many.
      first: The first of them by path.
    """

    status: str
    reason: str
    files: int
    first: tuple[FirstFile, ...]

    @property
    def meaning(self) -> str:
        return self._told("meaning")

    @property
    def remedy(self) -> str:
        return self._told("remedy")

    def _told(self, what: str) -> str:
        known = reasons.REASONS.get(self.reason)
        return getattr(known, what) if known else ""


@dataclasses.dataclass(frozen=True)
class Counts:
    """All that is counted.

    Attributes:
      numbers: files, images, patients, studies, cancers, vendors, first_year
        and last_year; all but files of the images in the records.
      statuses: Files by status.
      splits: Columns and rows of the named query.
      categories: By `PEOPLE` and `FILES`, images by label.
      ages: Images by age and diagnosis, of all that have one.
      birads: Likewise by BI-RADS.
      why: Files that are in no record, by reason.
      remarks: Images by remark.
    """

    numbers: Mapping[str, Any]
    statuses: Mapping[str, int]
    splits: tuple[Sequence[str], Sequence[Sequence[Any]]]
    categories: Mapping[str, Cross]
    ages: Cross
    birads: Cross
    why: Sequence[Why]
    remarks: Mapping[str, int]


def count(dataset: datasets.Dataset) -> Counts:
    """Counts everything, or what is planned where nothing else is there."""
    connection = datasets.connect(dataset)
    # Each Parquet part is read once, and only the columns that are needed.
    names = ", ".join(f'"{name}"' for name in _COLUMNS)
    connection.execute(
        f"CREATE TEMP TABLE every AS SELECT {names} FROM images")
    connection.execute("CREATE OR REPLACE VIEW images AS FROM every")
    connection.execute(f"CREATE VIEW used AS FROM every WHERE {_IN_RECORDS}")
    # Also of those that were left out: interval cancers are, by default.
    connection.execute("CREATE VIEW diagnosed AS FROM every WHERE outcome IS "
                       "NOT NULL OR cancer IS NOT NULL")
    found = connection.execute(named_queries.QUERIES["splits"].sql)
    splits = [column[0] for column in found.description], found.fetchall()
    return Counts(
        _numbers(connection), dict(connection.execute(
            "SELECT status, count(*) FROM every GROUP BY 1 ORDER BY 2 DESC, 1"
        ).fetchall()),
        splits,
        {name: cross(connection, "used", _SQL[name], _LABEL, LABELS,
                     name in _ORDERED) for name in PEOPLE + FILES},
        cross(connection, "diagnosed", _AGE, _DIAGNOSIS, DIAGNOSES, True),
        cross(connection, "diagnosed", "birads", _DIAGNOSIS, DIAGNOSES, True),
        _why(connection), dict(connection.execute("""
            SELECT remark, count(*) FROM (
              SELECT unnest(remarks) AS remark FROM every)
            GROUP BY 1 ORDER BY 2 DESC, 1""").fetchall()))


def cross(connection: Any, table: str, value: str, kind: str,
          kinds: Sequence[str], ordered: bool) -> Cross:
    """Counts images by a value and by class.

    Args:
      connection: To DuckDB.
      table: To count in.
      value: SQL of the value; NULL becomes `UNKNOWN`.
      kind: SQL of the class.
      kinds: All classes, in order.
      ordered: Whether values are shown in their own order, the unknown last,
        instead of the commonest first.
    """
    # Grouped as it is: 12 comes after 8.
    order = "v IS NULL, v" if ordered else "sum(n) DESC, shown"
    found = connection.execute(f"""
        SELECT coalesce(CAST(v AS VARCHAR), '{UNKNOWN}') AS shown,
          map(list(k), list(n)) FROM (
            SELECT {value} AS v, {kind} AS k, count(*) AS n FROM {table}
            GROUP BY ALL)
        GROUP BY v ORDER BY {order}""").fetchall()
    there = tuple(kind for kind in kinds
                  if any(kind in by for _, by in found))
    rows = [(shown, tuple(by.get(kind, 0) for kind in there))
            for shown, by in found]
    if len(rows) <= MOST_VALUES:
        return Cross(there, tuple(rows))
    kept = rows if not ordered else sorted(
        rows, key=lambda row: -sum(row[1]))
    kept = kept[:MOST_VALUES]
    names = {shown for shown, _ in kept}
    rest = [counts for shown, counts in rows if shown not in names]
    return Cross(there, tuple(row for row in rows if row[0] in names),
                 (len(rest), tuple(map(sum, zip(*rest)))))


def _numbers(connection: Any) -> dict[str, Any]:
    found = connection.execute("""
        SELECT (SELECT count(*) FROM every) AS files, count(*) AS images,
          count(DISTINCT (dataset, patient_id)) FILTER (
            patient_id IS NOT NULL) AS patients,
          count(DISTINCT study_instance_uid) AS studies,
          count(*) FILTER (cancer = 1) AS cancers,
          count(DISTINCT manufacturer) AS vendors,
          year(min(study_date)) AS first_year,
          year(max(study_date)) AS last_year
        FROM used""")
    return dict(zip([column[0] for column in found.description],
                    found.fetchone()))


def _why(connection: Any) -> list[Why]:
    counted = connection.execute("""
        SELECT status, reason, count(*) FROM every WHERE reason IS NOT NULL
        GROUP BY ALL ORDER BY count(*) DESC, reason""").fetchall()
    first = connection.execute(f"""
        SELECT status, reason, file,
          regexp_extract(file, '{_SUFFIX}'), file_bytes, detail FROM every
        WHERE reason IS NOT NULL QUALIFY row_number() OVER (
          PARTITION BY status, reason ORDER BY file) <= {FIRST_FILES}
        ORDER BY file""").fetchall()
    return [Why(status, reason, files, tuple(
        FirstFile(*rest) for its_status, its_reason, *rest in first
        if (its_status, its_reason) == (status, reason)))
        for status, reason, files in counted]
