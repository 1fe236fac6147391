"""The label join and the exclusions, in DuckDB.

Each function makes one temporary table from those before it; all of them have
few and narrow columns, as the scan's wide rows are only needed once the plan
of each file is known. Images and diagnoses meet at the *visit*: patient, side
and calendar day (for data sets without dates, patient and side alone).

    patient   patient_id, patient, excluded          one per PatientID
    image     id, sop, study, patient, laterality, day, ... one per file
    visit     patient, laterality, day, year, rounded_year
    claim     visit + label (its number), label_rule, wins, contradicting
    judged    id, status, reason, label, ...         one per file
"""

from typing import TYPE_CHECKING, Any

import pyarrow as pa

from pipelines import database
from pipelines import reasons
from pipelines.labels import rows

if TYPE_CHECKING:
    import duckdb

    from pipelines import plan

_BATCH_ROWS = 1 << 16
_DUPLICATE_SCHEMA = pa.schema([("file", pa.string()), ("reason", pa.string()),
                               ("detail", pa.string())])

# Dates were rounded to the nearest 1 January. 2 July of a leap year is as far
# from either and counts as the earlier year; so 2 July is the last day of
# every year that is rounded down.
_LAST_DAY_ROUNDED_DOWN = 702

# Of a row `s` of the scan: its Parquet file's number and its row there.
ID = "(s.file_index::BIGINT << 40) + s.file_row_number"

_IMAGE = f"""
CREATE TEMP TABLE image AS
SELECT {ID} AS id, s.sop_instance_uid AS sop, s.study_instance_uid AS study,
       p.patient, s.laterality,
       CASE WHEN $by_breast THEN DATE '1970-01-01' ELSE s.study_date END AS day,
       s.status IS NULL AND d.file IS NULL AS accepted,
       coalesce(s.reason, d.reason) AS rejection,
       d.detail AS duplicate_detail,
       CASE WHEN p.excluded IS NOT NULL THEN p.excluded
            WHEN s.view IS NULL THEN 'unknown_view'
            WHEN NOT list_contains($views, s.view) THEN 'other_view'
            WHEN NOT $keep_for_processing
             AND s.presentation_intent = 'FOR PROCESSING' THEN 'for_processing'
            WHEN $exclude_implants AND s.implant THEN 'implant'
       END AS exclusion
FROM read_parquet($scan, hive_partitioning = false) s
LEFT JOIN patient p ON p.patient_id = s.patient_id
LEFT JOIN duplicate d ON d.file = s.file
"""

_VISIT = f"""
CREATE TEMP TABLE visit AS
SELECT *, year + (month(day) * 100 + day(day) > {_LAST_DAY_ROUNDED_DOWN})::INT
          AS rounded_year
FROM (SELECT DISTINCT patient, laterality, day, year(day) AS year FROM image
      WHERE accepted AND patient IS NOT NULL AND laterality IS NOT NULL
        AND day IS NOT NULL)
"""

# Which diagnosis each visit asks for: expressions over the visit `v`.
_CLAIMS = {
    "year": """
SELECT v.*, coalesce(own.label, next.label) AS label,
       coalesce(own.contradicting, next.contradicting) AS contradicting,
       CASE WHEN own.label IS NOT NULL THEN 'own_year' ELSE 'next_year' END
         AS label_rule,
       own.label IS NOT NULL AND v.year <> v.rounded_year AS contradicts
FROM visit v
LEFT JOIN label own ON own.patient_id = v.patient
  AND own.laterality = v.laterality AND own.year = v.year
LEFT JOIN label next ON next.patient_id = v.patient
  AND next.laterality = v.laterality AND next.year = v.year + 1
WHERE coalesce(own.label, next.label) IS NOT NULL
""",
    "rounding": """
SELECT v.*, l.label, l.contradicting, 'rounded_year' AS label_rule,
       false AS contradicts
FROM visit v JOIN label l ON l.patient_id = v.patient
  AND l.laterality = v.laterality AND l.year = v.rounded_year
""",
    "breast": """
SELECT v.*, l.label, l.contradicting, 'breast' AS label_rule,
       NULL::BOOLEAN AS contradicts
FROM visit v JOIN label l ON l.patient_id = v.patient
  AND l.laterality = v.laterality
""",
}

_CLAIM = """
CREATE TEMP TABLE claim AS
SELECT *, day = max(day) OVER (PARTITION BY label) AS wins FROM ({claims})
"""

_JUDGED = """
CREATE TEMP TABLE judged AS
WITH reasoned AS (
  SELECT i.*, c.label, c.label_rule, c.contradicts,
    CASE WHEN NOT i.accepted THEN i.rejection
         WHEN i.patient IS NULL THEN 'no_patient_id'
         WHEN i.laterality IS NULL THEN 'no_laterality'
         WHEN i.day IS NULL THEN 'no_study_date'
         WHEN c.label IS NULL THEN 'no_diagnosis'
         WHEN c.contradicting THEN 'contradicting_diagnosis'
         WHEN NOT c.wins THEN 'superseded'
         WHEN i.exclusion IS NOT NULL THEN i.exclusion
         WHEN NOT $keep_interval_cancers AND l.outcome = 'FN'
           THEN 'interval_cancer'
    END AS reason
  FROM image i
  LEFT JOIN claim c ON i.accepted AND c.patient = i.patient
    AND c.laterality = i.laterality AND c.day = i.day
  LEFT JOIN label l ON l.label = c.label),
judged AS (
  SELECT *, CASE WHEN NOT accepted THEN 'rejected'
                 WHEN reason IS NULL THEN 'planned'
                 WHEN list_contains($unlabelled, reason) THEN 'unlabelled'
                 ELSE 'excluded' END AS status FROM reasoned)
SELECT id, sop, study, patient, laterality, day, status, reason,
       duplicate_detail,
       CASE WHEN labelled THEN label END AS label,
       CASE WHEN labelled THEN label_rule END AS label_rule,
       CASE WHEN labelled THEN contradicts END AS contradicts
FROM (SELECT *, status IN ('planned', 'excluded') AS labelled FROM judged)
"""


def make_labels(db: "duckdb.DuckDBPyConnection",
                labels: rows.LabelTable) -> None:
    """Makes the table `label`: the diagnoses, numbered from 0."""
    numbers = pa.array(range(labels.rows.num_rows), pa.int64())
    numbered = labels.rows.append_column("label", numbers)
    db.register("numbered", numbered)
    db.execute("CREATE TEMP TABLE label AS SELECT * FROM numbered")
    db.unregister("numbered")
    keys, = database.one_row(
        db, "SELECT count(*) FROM (SELECT DISTINCT patient_id, laterality, "
        "year FROM label)")
    if keys != labels.rows.num_rows:
        raise ValueError(
            f"the label reader gave {labels.rows.num_rows} rows for {keys} "
            "keys (patient, side and year); it must give one for each")


def make_patients(db: "duckdb.DuckDBPyConnection", scan: list[str],
                  labels: rows.LabelTable) -> None:
    """Makes the table `patient`: who the patient of each PatientID is."""
    db.execute("CREATE TEMP TABLE patient (patient_id VARCHAR, "
               "patient VARCHAR, excluded VARCHAR)")
    table: Any = db.sql(
        "SELECT patient_id, min(file) AS file FROM "
        "read_parquet($scan, hive_partitioning = false) "
        "WHERE trim(patient_id) <> '' GROUP BY patient_id",
        params={"scan": scan}).to_arrow_table()
    for batch in table.to_batches(_BATCH_ROWS):
        ids = batch.column("patient_id").to_pylist()
        files = batch.column("file").to_pylist()
        found = pa.table({
            "patient_id": pa.array(ids, pa.string()),
            "patient": pa.array(
                [labels.patient_of(file, patient_id) or None
                 for file, patient_id in zip(files, ids)], pa.string()),
            "excluded": pa.array(map(labels.excluded_of, ids), pa.string()),
        })
        db.register("found", found)
        db.execute("INSERT INTO patient SELECT * FROM found")
        db.unregister("found")


def make_images(db: "duckdb.DuckDBPyConnection", scan: list[str],
                duplicates: pa.Table, by_breast: bool,
                rules: "plan.PlanRules") -> None:
    """Makes `image`: what the join needs of each file, and its exclusion."""
    db.register("given", duplicates.select(
        _DUPLICATE_SCHEMA.names).cast(_DUPLICATE_SCHEMA))
    db.execute("CREATE TEMP TABLE duplicate AS SELECT * FROM given")
    db.unregister("given")
    db.execute(_IMAGE, {
        "scan": scan, "by_breast": by_breast, "views": list(rules.views),
        "keep_for_processing": rules.keep_for_processing,
        "exclude_implants": rules.exclude_implants})


def join_labels(db: "duckdb.DuckDBPyConnection", claims: str,
                rules: "plan.PlanRules") -> None:
    """Makes `visit`, `claim` and `judged`: status, reason, label of each file.

    Args:
      db: With the tables `image` and `label`.
      claims: year, rounding or breast: which diagnosis a visit asks for.
      rules: Whether interval cancers are kept.
    """
    db.execute(_VISIT)
    db.execute(_CLAIM.format(claims=_CLAIMS[claims]))
    db.execute(_JUDGED, {
        "keep_interval_cancers": rules.keep_interval_cancers,
        "unlabelled": [
            code for code, reason in reasons.REASONS.items()
            if reason.status is reasons.Status.UNLABELLED]})
