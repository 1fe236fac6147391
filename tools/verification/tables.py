"""Do the tables agree with each other and with `dataset.json`?

Each check is a query over the views of `datasets.connect` whose every row is
a problem. Patients and dates stay in the database: an image is named by its
file or its SOP Instance UID.
"""

import hashlib
from collections.abc import Iterator, Mapping
from typing import Any

from pipelines import geometry
from pipelines import local_copies
from pipelines import reasons
from pipelines import schema
from pipelines import shards
from tools import datasets
from tools.verification.problem import Problem

_SPLIT_ORDER = f"list_position({list(shards.SPLITS)}, split)"


def _shard_of(table: str) -> str:
    """The place of a row of `converted`, as SQL."""
    return f"printf('converted/%s-%05d', {table}.split, {table}.shard)"


def _record_of(table: str) -> str:
    """The place of a row of `records`, as SQL."""
    return (f"printf('%s %s-%05d record %d', {table}.variant, {table}.split, "
            f"{table}.shard, {table}.index_in_shard)")


def _names(conditions: Mapping[str, str]) -> str:
    """The names of those conditions that hold, as SQL."""
    cases = ", ".join(f"CASE WHEN {condition} THEN '{name}' END"
                      for name, condition in conditions.items())
    return (f"array_to_string(list_filter([{cases}], "
            "lambda x: x IS NOT NULL), ', ')")


_STATUSES = """
    SELECT 'metadata', concat(file, ' has status ', coalesce(i.status, 'NULL'),
      ' and reason ', coalesce(i.reason, 'NULL'), ', which do not go together')
    FROM images i LEFT JOIN expected_reasons e USING (reason)
    WHERE coalesce(CASE WHEN i.reason IS NULL THEN i.status <> 'written'
      ELSE i.status <> e.status END, true)
    ORDER BY file"""

_WRITTEN_ROWS = f"""
    SELECT 'metadata', concat(file, ' is written and has no ', missing)
    FROM (SELECT file, unnest([
        CASE WHEN sop_instance_uid IS NULL THEN 'sop_instance_uid' END,
        CASE WHEN patient_id IS NULL THEN 'patient_id' END,
        CASE WHEN split IS NULL OR {_SPLIT_ORDER} IS NULL THEN 'split' END])
        AS missing
      FROM images WHERE status = 'written')
    WHERE missing IS NOT NULL ORDER BY file"""

_PATIENTS = f"""
    SELECT 'metadata', concat('one patient is in ',
      string_agg(concat(split, ' (as ', file, ')'), ' and in '
                 ORDER BY {_SPLIT_ORDER}))
    FROM (SELECT dataset, patient_id, split, min(file) AS file FROM images
      WHERE split IS NOT NULL AND patient_id IS NOT NULL
      GROUP BY dataset, patient_id, split)
    GROUP BY dataset, patient_id HAVING count(*) > 1 ORDER BY min(file)"""

_DOUBLE_IMAGES = """
    SELECT 'metadata', concat(sop_instance_uid, ' is written ', count(*),
      ' times, as ', min(file), ' and ', max(file))
    FROM images WHERE status = 'written' AND sop_instance_uid IS NOT NULL
    GROUP BY sop_instance_uid HAVING count(*) > 1 ORDER BY sop_instance_uid"""

_MISSING_RECORDS = """
    SELECT variant, concat(sop_instance_uid, ' (', file,
      ') is written and has no record here')
    FROM images CROSS JOIN expected_variants v
    WHERE status = 'written' AND NOT EXISTS (
      SELECT 1 FROM records r WHERE r.variant = v.variant
        AND r.sop_instance_uid = images.sop_instance_uid)
    ORDER BY variant, file"""

_EXTRA_RECORDS = f"""
    SELECT {_record_of('r')}, concat(sop_instance_uid,
      ' is not written, by metadata')
    FROM records r WHERE NOT EXISTS (
      SELECT 1 FROM images WHERE status = 'written'
        AND images.sop_instance_uid = r.sop_instance_uid)
    ORDER BY ALL"""

_DOUBLE_RECORDS = f"""
    SELECT min({_record_of('r')}), concat(sop_instance_uid, ' has ',
      count(*), ' records, another is ', max({_record_of('r')}))
    FROM records r GROUP BY variant, sop_instance_uid HAVING count(*) > 1
    ORDER BY ALL"""

_DIFFERENT_RECORDS = f"""
    SELECT place, concat(sop_instance_uid, ' differs from metadata in ', names)
    FROM (SELECT {_record_of('r')} AS place, sop_instance_uid, {_names({
        field.name: f'r."{field.name}" IS DISTINCT FROM i."{field.name}"'
        for field in schema.fields("images")})} AS names
      FROM records r JOIN images i USING (sop_instance_uid)
      WHERE i.status = 'written')
    WHERE names <> '' ORDER BY ALL"""

_DOUBLE_CONVERTED = f"""
    SELECT min({_shard_of('c')}), concat(file, ' stands in converted ',
      count(*), ' times')
    FROM converted c GROUP BY file HAVING count(*) > 1 ORDER BY ALL"""

_DIFFERENT_CONVERTED = f"""
    SELECT place, concat(file, ' differs from metadata in ', names)
    FROM (SELECT {_shard_of('c')} AS place, file, {_names({
        name: f'c.{name} IS DISTINCT FROM i.{name}'
        for name in ('sop_instance_uid', 'status', 'reason', 'detail',
                     'split', 'pixel_laterality')})} AS names
      FROM converted c LEFT JOIN images i USING (file))
    WHERE names <> '' ORDER BY ALL"""

_UNCONVERTED = """
    SELECT 'metadata', concat(file, ' is written and in no file of converted')
    FROM images WHERE status = 'written' AND NOT EXISTS (
      SELECT 1 FROM converted WHERE converted.file = images.file)
    ORDER BY file"""

_CONVERTED_STATUS = f"""
    SELECT {_shard_of('c')}, concat(file, ' has status ', status)
    FROM converted c
    WHERE status IS NULL OR status NOT IN ('written', 'rejected')
    ORDER BY ALL"""

_CONVERTED_INDEX = f"""
    SELECT {_shard_of('c')}, concat('its index_in_shard does not count from '
      '0 to ', count(*) - 1)
    FROM converted c GROUP BY split, shard
    HAVING count(DISTINCT index_in_shard) <> count(*)
      OR min(index_in_shard) <> 0 OR max(index_in_shard) <> count(*) - 1
    ORDER BY ALL"""

_PLACES = f"""
    WITH places AS (
      SELECT file, split, shard, row_number() OVER (
        PARTITION BY split, shard ORDER BY index_in_shard) - 1 AS place
      FROM converted WHERE status = 'written')
    SELECT {_record_of('r')}, concat(r.sop_instance_uid, ' belongs at ',
      printf('%s-%05d record %d', p.split, p.shard, place), ', by converted')
    FROM records r JOIN places p USING (file)
    WHERE (r.split, r.shard, r.index_in_shard)
      IS DISTINCT FROM (p.split, p.shard, p.place)
    ORDER BY ALL"""

_CHECKS = (_STATUSES, _WRITTEN_ROWS, _PATIENTS, _DOUBLE_IMAGES,
           _MISSING_RECORDS, _EXTRA_RECORDS, _DOUBLE_RECORDS,
           _DIFFERENT_RECORDS, _DOUBLE_CONVERTED, _DIFFERENT_CONVERTED,
           _UNCONVERTED, _CONVERTED_STATUS, _CONVERTED_INDEX, _PLACES)


def table_problems(dataset: datasets.Dataset) -> Iterator[Problem]:
    """Everything that the Parquet files alone can tell.

    Args:
      dataset: One whose Parquet files can all be read.
    """
    connection = datasets.connect(dataset)
    _add_expected(connection, dataset)
    for sql in _CHECKS:
        for where, what in _rows(connection, sql):
            yield Problem(where, what)
    yield from _count_problems(connection, dataset)
    for variant in dataset.variants:
        yield from _variant_problems(connection, dataset, variant)
    yield from _matched_problems(connection, dataset)


def _add_expected(connection: Any, dataset: datasets.Dataset) -> None:
    """What the queries compare with, as tables."""
    connection.execute(
        "CREATE TABLE expected_reasons (reason VARCHAR, status VARCHAR)")
    connection.executemany(
        "INSERT INTO expected_reasons VALUES (?, ?)",
        [(code, reason.status.value)
         for code, reason in reasons.REASONS.items()])
    connection.execute("CREATE TABLE expected_variants (variant VARCHAR)")
    for variant in dataset.variants:
        connection.execute("INSERT INTO expected_variants VALUES (?)",
                           [str(variant)])


def _count_problems(connection: Any,
                    dataset: datasets.Dataset) -> Iterator[Problem]:
    """The counts of `dataset.json` against the rows of `metadata`."""
    counts = dataset.description["counts"]
    for key, column in (("images", "status"), ("reasons", "reason")):
        found = dict(_rows(connection, f"""
            SELECT {column}, count(*) FROM images
            WHERE {column} IS NOT NULL GROUP BY {column}"""))
        yield from _differences(f"counts.{key}", counts[key], found)
    splits = {row[0]: row[1:] for row in _rows(connection, """
        SELECT split, count(*), count(*) FILTER (cancer = 1),
          count(*) FILTER (cancer = 0), count(*) FILTER (cancer IS NULL)
        FROM images WHERE status = 'written' GROUP BY split""")}
    names = ("images", "cancer", "not_cancer", "unknown")
    for split in shards.SPLITS:
        found = dict(zip(names, splits.get(split, (0, 0, 0, 0))))
        yield from _differences(f"counts.splits.{split}",
                                counts["splits"].get(split, {}), found)


def _differences(key: str, expected: Mapping[str, int],
                 found: Mapping[str, int]) -> Iterator[Problem]:
    for name in sorted({*expected, *found}):
        said, there = expected.get(name, 0), found.get(name, 0)
        if said != there:
            yield Problem(shards.DATASET_FILE, f"{key}.{name} is {said}, "
                          f"metadata has {there}")


def _variant_problems(connection: Any, dataset: datasets.Dataset,
                      variant: geometry.Variant) -> Iterator[Problem]:
    """A variant's number of records and digest, against `dataset.json`."""
    digest, records = hashlib.sha256(), 0
    for (text,) in _rows(connection, f"""
            SELECT coalesce(digest, '') FROM records WHERE variant = ?
            ORDER BY {_SPLIT_ORDER}, shard, index_in_shard""",
                         [str(variant)]):
        digest.update(text.encode())
        records += 1
    described = dataset.description["variants"][str(variant)]
    for key, found in (("records", records), ("digest", digest.hexdigest())):
        if described[key] != found:
            yield Problem(
                shards.DATASET_FILE, f"variants.{variant}.{key} is "
                f"{described[key]}, its table has {found}")


def _matched_problems(connection: Any,
                      dataset: datasets.Dataset) -> Iterator[Problem]:
    """Files that were lost between the scan or plan and `metadata`.

    These may be of a later build than the data set, by `--plan_only`: they
    count as this one's if exactly the images that were planned were
    converted.
    """
    same = """
        SELECT count(*) FROM (SELECT file FROM plan WHERE status = 'planned')
          AS p FULL JOIN converted c USING (file)
        WHERE p.file IS NULL OR c.file IS NULL"""
    if not dataset.parts("plan") or next(_rows(connection, same))[0]:
        return
    scan = local_copies.of(dataset.parts("scan"))
    scanned = (f"UNION SELECT file FROM {datasets.read_parquet_sql(scan)}"
               if scan else "")
    for file, matched in _rows(connection, f"""
            SELECT file, m.file IS NOT NULL
            FROM (SELECT file FROM plan {scanned}) m
              FULL JOIN (SELECT file FROM images) i USING (file)
            WHERE m.file IS NULL OR i.file IS NULL ORDER BY file"""):
        yield Problem("metadata", f"{file} was matched and has no row"
                      if matched else f"{file} was not matched, by the plan")


def _rows(connection: Any, sql: str,
          parameters: list[str] | None = None) -> Iterator[tuple]:
    # A cursor of its own: the caller may ask something else in between.
    cursor = connection.cursor().execute(sql, parameters)
    while rows := cursor.fetchmany(10_000):
        yield from rows
