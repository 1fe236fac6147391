"""The label join and the exclusions, in DuckDB.

Each function makes one temporary table from those before it; all of them have
few and narrow columns, as the scan's wide rows are only needed once the plan
of each file is known. Images and diagnoses of one data set meet at the
*visit*: patient, side and calendar day (for tables without dates, patient and
side alone; for tables of images, each image is a visit of its own; for tables
of studies, each side of a study is).

    source    dataset (its number), name, claims, ... one per data set
    label     label (its number), dataset, ...       one per diagnosis
    patient, keyed                                   who is who: `patients`
    image     id, sop, study, patient, laterality, day, ... one per file
    visit     dataset, patient, laterality, day, image, year, rounded_year,
              files (how many)
    claim     visit + label, label_rule, wins, shared, contradicting
    judged    id, status, reason, label, ...         one per file
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import pyarrow as pa

from pipelines import database
from pipelines import kinds
from pipelines import modifiers
from pipelines import reasons
from pipelines.labels import rows

if TYPE_CHECKING:
    import duckdb

    from pipelines import plan

_DUPLICATE_SCHEMA = pa.schema([("file", pa.string()), ("reason", pa.string()),
                               ("detail", pa.string())])

# Dates were rounded to the nearest 1 January. 2 July of a leap year is as far
# from either and counts as the earlier year; so 2 July is the last day of
# every year that is rounded down.
_LAST_DAY_ROUNDED_DOWN = 702

# The label tables of a build, by the name of their data set; None: it has none.
Labels = Mapping[str | None, rows.LabelTable]

# Of a row `s` of the scan: its Parquet file's number and its row there.
ID = "(s.file_index::BIGINT << 40) + s.file_row_number"

_IMAGE = f"""
CREATE TEMP TABLE image AS
SELECT {ID} AS id, o.dataset, o.claims, k.image,
       s.sop_instance_uid AS sop, s.study_instance_uid AS study,
       coalesce(k.patient, p.patient) AS patient,
       coalesce(k.laterality, s.laterality) AS laterality,
       coalesce(k.view, s.view) AS view,
       k.laterality IS NOT NULL AS told_side, k.view IS NOT NULL AS told_view,
       coalesce(k.laterality <> s.laterality, false) AS overruled_side,
       coalesce(k.view <> s.view, false) AS overruled_view,
       coalesce(s.implant, k.implant) AS implant,
       CASE WHEN o.claims IN ('{rows.BREAST}', '{rows.IMAGE}', '{rows.STUDY}')
            THEN DATE '1970-01-01' ELSE s.study_date END AS day,
       s.status IS NULL AND d.file IS NULL AS accepted,
       coalesce(s.reason, d.reason) AS rejection,
       d.detail AS duplicate_detail,
       CASE WHEN p.excluded IS NOT NULL THEN p.excluded
            WHEN NOT list_contains($kinds, coalesce(s.image_kind, $acquired))
              THEN 'other_kind'
            WHEN coalesce(k.view, s.view) IS NULL THEN 'unknown_view'
            WHEN NOT list_contains($views, coalesce(k.view, s.view))
              THEN 'other_view'
            WHEN list_has_any(s.view_modifiers, $spot)
              THEN 'spot_or_magnification'
            WHEN list_has_any(s.view_modifiers, $special)
              THEN 'special_view'
            WHEN NOT $keep_for_processing
             AND s.presentation_intent = 'FOR PROCESSING' THEN 'for_processing'
            WHEN $exclude_implants AND (
                coalesce(s.implant, k.implant) OR list_contains(
                  s.view_modifiers, '{modifiers.IMPLANT_DISPLACED}'))
              THEN 'implant'
       END AS exclusion
FROM read_parquet($scan, hive_partitioning = false) s
JOIN source o ON o.name IS NOT DISTINCT FROM s.dataset
LEFT JOIN patient p ON p.dataset = o.dataset AND p.patient_id = s.patient_id
LEFT JOIN keyed k ON k.id = {ID}
LEFT JOIN duplicate d ON d.file = s.file
"""

_VISIT = f"""
CREATE TEMP TABLE visit AS
SELECT *, year + (month(day) * 100 + day(day) > {_LAST_DAY_ROUNDED_DOWN})::INT
          AS rounded_year
FROM (SELECT dataset, claims, patient, laterality, day, image,
             year(day) AS year, count(*) AS files FROM image
      WHERE accepted AND patient IS NOT NULL AND laterality IS NOT NULL
        AND day IS NOT NULL
      GROUP BY ALL)
"""

# Which diagnosis each visit asks for: expressions over the visit `v`.
BY_YEAR, BY_ROUNDING = "year", "rounding"
_CLAIMS = {
    BY_YEAR: """
SELECT v.*, coalesce(own.label, next.label) AS label,
       coalesce(own.contradicting, next.contradicting) AS contradicting,
       CASE WHEN own.label IS NOT NULL THEN 'own_year' ELSE 'next_year' END
         AS label_rule,
       own.label IS NOT NULL AND v.year <> v.rounded_year AS contradicts
FROM visit v
LEFT JOIN label own ON own.dataset = v.dataset AND own.patient_id = v.patient
  AND own.laterality = v.laterality AND own.year = v.year
LEFT JOIN label next ON next.dataset = v.dataset
  AND next.patient_id = v.patient AND next.laterality = v.laterality
  AND next.year = v.year + 1
WHERE coalesce(own.label, next.label) IS NOT NULL
""",
    BY_ROUNDING: """
SELECT v.*, l.label, l.contradicting, 'rounded_year' AS label_rule,
       false AS contradicts
FROM visit v JOIN label l ON l.dataset = v.dataset AND l.patient_id = v.patient
  AND l.laterality = v.laterality AND l.year = v.rounded_year
""",
    rows.BREAST: """
SELECT v.*, l.label, l.contradicting,
       coalesce(l.rule, 'breast') AS label_rule,
       NULL::BOOLEAN AS contradicts
FROM visit v JOIN label l ON l.dataset = v.dataset AND l.patient_id = v.patient
  AND l.laterality = v.laterality
""",
    rows.IMAGE: """
SELECT v.*, l.label, l.contradicting,
       coalesce(l.rule, 'image') AS label_rule,
       NULL::BOOLEAN AS contradicts
FROM visit v JOIN label l ON l.dataset = v.dataset AND l.image = v.image
""",
    rows.STUDY: """
SELECT v.*, l.label, l.contradicting, 'study' AS label_rule,
       NULL::BOOLEAN AS contradicts
FROM visit v JOIN label l ON l.dataset = v.dataset AND l.image = v.image
  AND l.laterality = v.laterality
""",
}
_KEYS = {rows.VISIT: "patient_id, laterality, year",
         rows.BREAST: "patient_id, laterality, year",
         rows.IMAGE: "image", rows.STUDY: "image, laterality"}

# A row about one image is about no other that has its name.
_CLAIM = f"""
CREATE TEMP TABLE claim AS
SELECT *, day = max(day) OVER (PARTITION BY label) AS wins,
       claims = '{rows.IMAGE}' AND sum(files) OVER (PARTITION BY label) > 1
         AS shared
FROM ({{claims}})
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
         WHEN c.shared THEN 'ambiguous_image'
         WHEN NOT c.wins THEN 'superseded'
         WHEN i.exclusion IS NOT NULL THEN i.exclusion
         WHEN NOT $keep_interval_cancers AND l.outcome = 'FN'
           THEN 'interval_cancer'
    END AS reason
  FROM image i
  LEFT JOIN claim c ON i.accepted AND c.dataset = i.dataset
    AND c.patient = i.patient AND c.laterality = i.laterality
    AND c.day = i.day AND c.image IS NOT DISTINCT FROM i.image
  LEFT JOIN label l ON l.label = c.label),
judged AS (
  SELECT *, CASE WHEN NOT accepted THEN 'rejected'
                 WHEN reason IS NULL THEN 'planned'
                 WHEN list_contains($unlabelled, reason) THEN 'unlabelled'
                 ELSE 'excluded' END AS status FROM reasoned)
SELECT id, dataset, sop, study, patient, laterality, view, day, image,
       told_side, told_view, overruled_side, overruled_view, implant,
       status, reason,
       duplicate_detail,
       CASE WHEN labelled THEN label END AS label,
       CASE WHEN labelled THEN label_rule END AS label_rule,
       CASE WHEN labelled THEN contradicts END AS contradicts
FROM (SELECT *, status IN ('planned', 'excluded') AS labelled FROM judged)
"""


def make_sources(db: "duckdb.DuckDBPyConnection", labels: Labels,
                 rules: "plan.PlanRules") -> None:
    """Makes `source`: how each data set's images find their diagnosis."""
    db.execute("CREATE TEMP TABLE source (dataset INTEGER, name VARCHAR, "
               "claims VARCHAR)")
    for number, (name, table) in enumerate(labels.items()):
        claims = rules.label_match if table.join == rows.VISIT else table.join
        db.execute("INSERT INTO source VALUES (?, ?, ?)",
                   [number, name, claims])


def make_labels(db: "duckdb.DuckDBPyConnection", labels: Labels) -> None:
    """Makes the table `label`: the diagnoses, numbered from 0."""
    parts = []
    for dataset, table in enumerate(labels.values()):
        count = table.rows.num_rows
        parts.append(table.rows.append_column(
            "dataset", pa.array([dataset] * count, pa.int32())))
        _check_keys(db, table)
    numbered = pa.concat_tables(parts)
    numbered = numbered.append_column(
        "label", pa.array(range(numbered.num_rows), pa.int64()))
    db.register("numbered", numbered)
    db.execute("CREATE TEMP TABLE label AS SELECT * FROM numbered")
    db.unregister("numbered")


def _check_keys(db: "duckdb.DuckDBPyConnection",
                table: rows.LabelTable) -> None:
    key = _KEYS[table.join]
    db.register("keys", table.rows)
    keys, = database.one_row(
        db, f"SELECT count(*) FROM (SELECT DISTINCT {key} FROM keys)")
    db.unregister("keys")
    if keys != table.rows.num_rows:
        raise ValueError(
            f"the label reader gave {table.rows.num_rows} rows for {keys} "
            f"keys ({key}); it must give one for each")


def make_images(db: "duckdb.DuckDBPyConnection", scan: list[str],
                duplicates: pa.Table, rules: "plan.PlanRules") -> None:
    """Makes `image`: what the join needs of each file, and its exclusion.

    Raises:
      ValueError: A file of the scan is of no data set that has labels, or
        would have two rows.
    """
    db.register("given", duplicates.select(
        _DUPLICATE_SCHEMA.names).cast(_DUPLICATE_SCHEMA))
    db.execute("CREATE TEMP TABLE duplicate AS SELECT * FROM given")
    db.unregister("given")
    db.execute(_IMAGE, {
        "scan": scan, "views": list(rules.views),
        "kinds": list(rules.image_kinds), "acquired": kinds.ACQUIRED,
        "spot": [] if rules.keep_spot_views else list(
            modifiers.SPOT_OR_MAGNIFICATION),
        "special": [] if rules.keep_special_views else list(
            modifiers.SPECIAL),
        "keep_for_processing": rules.keep_for_processing,
        "exclude_implants": rules.exclude_implants})
    scanned, = database.one_row(
        db, "SELECT count(*) FROM read_parquet($scan, "
        "hive_partitioning = false)", {"scan": scan})
    images, = database.one_row(db, "SELECT count(*) FROM image")
    if images != scanned:
        raise ValueError(
            f"the scan has {scanned:,} files, of which {images:,} rows of a "
            "data set with labels came; each must give one")


def join_labels(db: "duckdb.DuckDBPyConnection",
                rules: "plan.PlanRules") -> None:
    """Makes `visit`, `claim` and `judged`: status, reason, label of each file.

    Args:
      db: With the tables `source`, `image` and `label`.
      rules: Whether interval cancers are kept.
    """
    db.execute(_VISIT)
    used = db.execute("SELECT DISTINCT claims FROM source ORDER BY 1")
    claims = "UNION ALL".join(
        f"{_CLAIMS[name].rstrip()}\n  AND v.claims = '{name}'\n"
        for name, in used.fetchall())
    db.execute(_CLAIM.format(claims=claims))
    db.execute(_JUDGED, {
        "keep_interval_cancers": rules.keep_interval_cancers,
        "unlabelled": [
            code for code, reason in reasons.REASONS.items()
            if reason.status is reasons.Status.UNLABELLED]})
