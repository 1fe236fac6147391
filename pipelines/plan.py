"""Decides what becomes of every scanned file, before any pixel is read.

The plan is the scan's rows with the patient, the label, the split and the
place in it, or the reason why there is none. Precedence: what the scan
rejects (files that share a SOP Instance UID included), then unlabelled, then
excluded. Of several exclusions the first of these is named: not_whole_image,
other_kind, unknown_view, other_view, spot_or_magnification, special_view,
for_processing, implant, interval_cancer.
"""

import dataclasses
import os
import shutil
import uuid
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

import pyarrow as pa
from pyarrow import parquet

from pipelines import audit
from pipelines import database
from pipelines import join
from pipelines import kinds
from pipelines import patients
from pipelines import placement
from pipelines import schema
from pipelines import shards
from pipelines import splits
from pipelines.labels import errors
from pipelines.labels import ids
from pipelines.labels import rows

if TYPE_CHECKING:
    import duckdb

MATCHES = (join.BY_YEAR, join.BY_ROUNDING)
SPLITS = ("auto", "hash", "official")

# A worker reads whole row groups for its shard, and the places of all of them.
_ROW_GROUPS = 128
_FEWEST_ROWS, _MOST_ROWS = 1 << 11, 1 << 16
# What is decided of each file: the columns that are not the scan's.
_DECIDED = {
    "patient_id": "j.patient",
    "laterality": "j.laterality",
    "laterality_source": "CASE WHEN j.told_side THEN 'label_table' END",
    "view": "j.view",
    "view_source": "CASE WHEN j.told_view THEN 'label_table' END",
    "implant": "j.implant",
    "status": "j.status",
    "reason": "j.reason",
    "detail": "j.duplicate_detail",
    "birads": "l.birads",
    "outcome": "l.outcome",
    "cancer": "l.cancer",
    "follow_up": "l.follow_up",
    "label_rule": "j.label_rule",
    "label_row": "l.row",
    "label_contradicts_rounding": "j.contradicts",
    "split": "p.split",
    "shard": "p.shard",
    "index_in_shard": "p.index_in_shard",
}
# What the headers said, where the decision may be another.
_HEADERS = {"header_laterality": "laterality", "header_view": "view"}
# Where nothing is decided of these, the scan's value counts.
_ELSE_OF_SCAN = ("laterality_source", "view_source", "detail")
# Of which nothing is needed once all is decided.
_DONE_WITH = ("patient", "keyed", "named", "duplicate", "image", "visit",
              "claim", "judged", "label", "ranked", "patient_split", "placed")


@dataclasses.dataclass(frozen=True)
class PlanRules:
    """What the user can choose about labels, exclusions and splits.

    Attributes:
      keep_interval_cancers: Keep cancers that were not referred.
      exclude_implants: Leave out breasts with an implant, displaced or not.
      views: Which views to keep.
      image_kinds: Which of `kinds.KINDS` to keep.
      keep_spot_views: Keep spot compressions and magnifications.
      keep_special_views: Keep cleavage, axillary tail, tangential and rolled
        views.
      keep_for_processing: Keep raw detector images.
      label_match: `year`: a visit takes the diagnosis of its own year, else
        of the next; `rounding`: that of its rounded date.
      label_conflicts: Two different rows for one key are an `error`, or both
        `drop`ped.
      cancer_birads: The categories that count as a cancer where a data set has
        no pathology; None: what its label reader says is usual.
      salt: Of the split and the order; public.
      fractions: Of patients, for train, validation and test.
      splits: `hash`, `official`, or `auto`: official where there is one.
    """

    keep_interval_cancers: bool = False
    exclude_implants: bool = False
    views: tuple[str, ...] = ("CC", "MLO")
    image_kinds: tuple[str, ...] = kinds.DEFAULT_KINDS
    keep_spot_views: bool = False
    keep_special_views: bool = False
    keep_for_processing: bool = False
    label_match: str = "year"
    label_conflicts: str = "error"
    cancer_birads: tuple[int, ...] | None = None
    salt: str = "mammoflow-1"
    fractions: tuple[float, float, float] = (0.8, 0.1, 0.1)
    splits: str = "auto"

    def __post_init__(self):
        rows.check_choice("--label_match", self.label_match, MATCHES)
        rows.check_choice("--label_conflicts", self.label_conflicts,
                          rows.CONFLICTS)
        rows.check_choice("--splits", self.splits, SPLITS)
        if self.cancer_birads is not None and (
                not self.cancer_birads
                or not set(self.cancer_birads) <= set(range(7))):
            raise ValueError(
                f"--cancer_birads={','.join(map(str, self.cancer_birads))} is "
                "not a list of BI-RADS categories, 0 to 6, as in 4,5,6")
        for kind in self.image_kinds:
            rows.check_choice("--image_kinds", kind, tuple(kinds.KINDS))
        splits.check_fractions("--fractions", self.fractions)
        if not self.views or any(
                view != view.strip().upper() or not view
                for view in self.views):
            raise ValueError(
                f"--views={','.join(self.views)} is not a list of views in "
                "capitals, as in CC,MLO")


def make_plan(scan_paths: list[str], duplicates: pa.Table,
              labels: join.Labels, rules: PlanRules, output: str,
              threads: int | None = None) -> audit.Audit:
    """Joins the labels to the scan and writes the plan.

    The file is complete or not there: it is written under a temporary name.
    Its rows are sorted: the planned by split, shard and index_in_shard, then
    the others by file. The same input gives the same bytes, whatever the
    number of threads.

    Args:
      scan_paths: Local Parquet files of the schema `scan`; each file that was
        matched has one row.
      duplicates: The files rejected for their SOP Instance UID: file, reason,
        detail.
      labels: The diagnoses of each data set.
      rules: How to join, what to exclude, how to split.
      output: Path of the Parquet file to write, of the schema `plan`.
      threads: How many to use; None: one per core.

    Returns:
      How images and diagnoses met.

    Raises:
      rows.LabelError: A table contradicts itself, its patient IDs lost
        their zeros, or there is no official split to follow.
    """
    for name, table in labels.items():
        with errors.of_dataset(name):
            _check_labels(table, rules)
    temporary = f"{output}{shards.TEMPORARY_MARK}{uuid.uuid4().hex[:8]}"
    scratch = f"{temporary}-scratch"
    scan = database.literal_paths(scan_paths)
    try:
        with database.connect(scratch, threads) as db:
            join.make_sources(db, labels, rules)
            join.make_labels(db, labels)
            patients.make_patients(db, scan, labels)
            _check_patient_ids(db, labels)
            join.make_images(db, scan, duplicates, rules)
            join.join_labels(db, rules)
            placement.place(db, rules)
            found = audit.audit(db, labels)
            _write(db, scan, temporary)
        os.replace(temporary, output)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
        if os.path.exists(temporary):
            os.remove(temporary)
    return found


def _check_labels(labels: rows.LabelTable, rules: PlanRules) -> None:
    contradicting = labels.rows.filter(labels.rows["contradicting"])
    if contradicting.num_rows and rules.label_conflicts == "error":
        raise rows.LabelError(
            f"{contradicting.num_rows:,} diagnoses contradict each other; "
            "mend the label table, or leave those images out with "
            "--label_conflicts=drop")
    missing = labels.rows["official_split"].null_count
    if 0 < missing < labels.rows.num_rows:
        raise ValueError(
            f"the label reader gave an official split for all but {missing} "
            "rows; it must give one for all or for none")
    if rules.splits == "official" and missing:
        raise rows.LabelError(
            "--splits=official: this label table has no official split; "
            "--splits=hash makes one, --splits=auto does where there is none")


def _check_patient_ids(db: "duckdb.DuckDBPyConnection",
                       labels: join.Labels) -> None:
    for dataset, (name, table) in enumerate(labels.items()):
        if table.numeric_ids:
            found = db.execute(
                "SELECT DISTINCT patient FROM patient WHERE dataset = ? "
                "AND patient IS NOT NULL", [dataset]).fetchall()
            with errors.of_dataset(name):
                ids.check_patient_ids(table, {patient for patient, in found})


def _write(db: "duckdb.DuckDBPyConnection", scan: list[str],
           path: str) -> None:
    """Writes the plan, a row group at a time.

    The scan's rows are wide, and all of them are sorted: one join with them,
    and nothing else in memory meanwhile.
    """
    decided = ", ".join(f"{value} AS {name}"
                        for name, value in _DECIDED.items())
    db.execute(f"""
CREATE TEMP TABLE decided AS SELECT j.id, {decided}
FROM judged j LEFT JOIN label l ON l.label = j.label
LEFT JOIN placed p ON p.id = j.id""")
    for name in _DONE_WITH:
        db.execute(f"DROP TABLE {name}")
    arrow_schema = schema.arrow_schema(schema.PLAN)
    selected = ", ".join(
        f's."{_HEADERS.get(name, name)}" AS "{name}"'
        if name not in _DECIDED else
        f'coalesce(d.{name}, s.{name}) AS "{name}"'
        if name in _ELSE_OF_SCAN else f'd."{name}"'
        for name in arrow_schema.names)
    (count,), = db.sql("SELECT count(*) FROM decided").fetchall()
    length = row_group(count)
    reader: Any = db.sql(f"""
SELECT {selected}
FROM read_parquet($scan, hive_partitioning = false) s
JOIN decided d ON d.id = {join.ID}
ORDER BY d.shard IS NULL, CASE WHEN d.shard IS NOT NULL THEN d.split END,
  d.shard, d.index_in_shard, s.file""", params={"scan": scan}).to_arrow_reader(
        length)
    with parquet.ParquetWriter(path, arrow_schema) as writer:
        for table in _row_groups(reader, arrow_schema, length):
            writer.write_table(table)


def row_group(rows: int) -> int:
    """How many rows of a plan stand together.

    >>> [row_group(rows) for rows in (332, 557_642, 10_000_000)]
    [2048, 4357, 65536]
    """
    return min(max(-(-rows // _ROW_GROUPS), _FEWEST_ROWS), _MOST_ROWS)


def _row_groups(batches: Iterable[pa.RecordBatch], arrow_schema: pa.Schema,
                length: int) -> Iterator[pa.Table]:
    """Tables of equal length: batches are not, with other numbers of threads.
    """
    waiting = arrow_schema.empty_table()
    for batch in batches:
        waiting = pa.concat_tables(
            [waiting, pa.Table.from_batches([batch]).cast(arrow_schema)])
        while waiting.num_rows >= length:
            yield waiting.slice(0, length).combine_chunks()
            waiting = waiting.slice(length)
    if waiting.num_rows:
        yield waiting.combine_chunks()
