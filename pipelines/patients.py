"""Whose each image is, as the label readers tell, in DuckDB.

PatientID tells it, or a part of it, or the file's name; a table of images
may tell the side and the view too.

    patient   dataset, patient_id, patient, excluded one per PatientID
    keyed     id, dataset, image, patient, ...       one per file that a table
                                                     of images or of studies
                                                     may name
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from pipelines import join
from pipelines.labels import rows

if TYPE_CHECKING:
    import duckdb

_BATCH_ROWS = 1 << 16
_PATIENT_SCHEMA = pa.schema([
    ("dataset", pa.int32()), ("patient_id", pa.string()),
    ("patient", pa.string()), ("excluded", pa.string())])
_NAMED_SCHEMA = pa.schema([
    ("dataset", pa.int32()), ("id", pa.int64()), ("image", pa.string()),
    ("patient", pa.string())])

_PATIENT_IDS = """
SELECT patient_id, min(file) AS file
FROM read_parquet($scan, hive_partitioning = false)
WHERE trim(patient_id) <> '' AND dataset IS NOT DISTINCT FROM $name
GROUP BY patient_id
"""
_FILES = f"""
SELECT {join.ID} AS id, s.file, coalesce(s.patient_id, '') AS patient_id
FROM read_parquet($scan, hive_partitioning = false) s
WHERE s.dataset IS NOT DISTINCT FROM $name
"""
_KEYED = f"""
CREATE TEMP TABLE keyed AS
SELECT n.id, n.dataset, n.image, l.laterality, l.view, l.implant,
       coalesce(nullif(l.patient_id, ''), n.patient) AS patient
FROM named n JOIN source s USING (dataset)
LEFT JOIN label l ON l.dataset = n.dataset AND l.image = n.image
  AND s.claims = '{rows.IMAGE}'
"""


def make_patients(db: "duckdb.DuckDBPyConnection", scan: list[str],
                  labels: join.Labels) -> None:
    """Makes `patient` and `keyed`.

    Args:
      db: With the tables `source` and `label`.
      scan: The scan's Parquet files.
      labels: The readers' tables, which know who is who.
    """
    _create(db, "patient", _PATIENT_SCHEMA)
    _create(db, "named", _NAMED_SCHEMA)
    for dataset, (name, table) in enumerate(labels.items()):
        given = {"scan": scan, "name": name}
        for batch in _batches(db, _PATIENT_IDS, given):
            # In a table of images every file says itself whose it is.
            _insert(db, "patient", _PATIENT_SCHEMA, [
                (dataset, patient_id,
                 None if table.join == rows.IMAGE
                 else table.patient_of(file, patient_id) or None,
                 table.excluded_of(patient_id)) for patient_id, file in batch])
        if table.join not in (rows.IMAGE, rows.STUDY):
            continue
        for batch in _batches(db, _FILES, given):
            _insert(db, "named", _NAMED_SCHEMA, [
                (dataset, number, table.image_of(file),
                 table.patient_of(file, patient_id) or None)
                for number, file, patient_id in batch])
    db.execute(_KEYED)


def _create(db: "duckdb.DuckDBPyConnection", name: str,
            schema: pa.Schema) -> None:
    db.register("empty", schema.empty_table())
    db.execute(f"CREATE TEMP TABLE {name} AS SELECT * FROM empty")
    db.unregister("empty")


def _batches(db: "duckdb.DuckDBPyConnection", query: str,
             parameters: dict[str, Any]) -> Iterator[list[tuple]]:
    """The rows of a query, some at a time."""
    table: Any = db.sql(query, params=parameters).to_arrow_table()
    for batch in table.to_batches(_BATCH_ROWS):
        yield list(zip(*(column.to_pylist() for column in batch.columns)))


def _insert(db: "duckdb.DuckDBPyConnection", name: str, schema: pa.Schema,
            found: list[tuple]) -> None:
    db.register("found", pa.table(
        [pa.array(column, field.type)
         for column, field in zip(zip(*found), schema, strict=True)],
        schema=schema))
    db.execute(f"INSERT INTO {name} SELECT * FROM found")
    db.unregister("found")
