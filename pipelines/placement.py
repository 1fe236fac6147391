"""The split, the shard and the place in it of every labelled file, in DuckDB.

`splits` and `shards` say what is right, for one patient and one position; the
SQL here is the same for millions, and a test holds it to them.

    splitting      dataset, official, has_validation one per data set
    patient_split  dataset, patient, split           one per labelled patient
    ranked         id, split, position, images       one per planned file
    placed         id, split, shard, index_in_shard  one per labelled file
"""

from typing import TYPE_CHECKING

from pipelines import database
from pipelines import shards
from pipelines import splits

if TYPE_CHECKING:
    import duckdb

    from pipelines import plan

# splits.split_value and splits.split_of.
_VALUE = f"""
('0x' || substr(sha256($salt || patient), 1, {splits.HASH_DIGITS}))::BIGINT
  / {splits.HASH_RANGE}::DOUBLE"""
_BY_HASH = """
CASE WHEN value < $validation_from THEN 'train'
     WHEN value < $test_from THEN 'validation' ELSE 'test' END"""
# splits.official_split.
_BY_OFFICIAL = """
CASE WHEN list_contains(parts, 'test') THEN 'test'
     WHEN list_contains(parts, 'validation') THEN 'validation'
     WHEN NOT has_validation AND value >= $official_validation_from
       THEN 'validation' ELSE 'train' END"""

_SPLITTING = f"""
CREATE TEMP TABLE splitting AS
SELECT dataset, $may_be_official AND count(official_split) > 0 AS official,
       coalesce(bool_or(official_split = '{splits.VALIDATION}'), false)
         AS has_validation
FROM label GROUP BY dataset
"""
# All rows of a patient count, of images that are not there too; a table of
# images may know her by her images alone.
_SPLIT = f"""
CREATE TEMP TABLE patient_split AS
WITH valued AS (
  SELECT dataset, patient, {_VALUE} AS value
  FROM (SELECT DISTINCT dataset, patient FROM judged
        WHERE label IS NOT NULL)),
official AS (
  SELECT dataset, patient, list(DISTINCT official_split) AS parts FROM (
    SELECT dataset, patient_id AS patient, official_split FROM label
    UNION ALL
    SELECT dataset, k.patient, l.official_split
    FROM keyed k JOIN label l USING (dataset, image))
  WHERE official_split IS NOT NULL GROUP BY dataset, patient)
SELECT dataset, patient,
       CASE WHEN official THEN {_BY_OFFICIAL} ELSE {_BY_HASH} END AS split
FROM valued LEFT JOIN official USING (dataset, patient)
  JOIN splitting USING (dataset)
"""

# Ordered by all of the hash; its first digits alone decide almost always, and
# a number sorts faster than a text.
_RANKED = """
CREATE TEMP TABLE ranked AS
SELECT id, split,
       row_number() OVER (PARTITION BY split ORDER BY
         ('0x' || substr(hash, 1, 16))::UBIGINT, hash) - 1 AS position,
       count(*) OVER (PARTITION BY split) AS images
FROM (SELECT j.id, s.split, sha256($salt || j.sop) AS hash
      FROM judged j JOIN patient_split s USING (dataset, patient)
      WHERE j.status = 'planned')
"""

# shards.shard_of: the first `larger` shards hold one image more.
_PLACED = """
CREATE TEMP TABLE placed AS
WITH sized AS (
  SELECT id, position, images // count AS size, images % count AS larger,
         (images % count) * (images // count + 1) AS boundary
  FROM ranked JOIN shard_count USING (split)),
place AS (
  SELECT id,
    CASE WHEN position < boundary THEN position // (size + 1)
         ELSE larger + (position - boundary) // size END AS shard,
    CASE WHEN position < boundary THEN position % (size + 1)
         ELSE (position - boundary) % size END AS index_in_shard
  FROM sized)
SELECT j.id, s.split, p.shard, p.index_in_shard
FROM judged j JOIN patient_split s USING (dataset, patient)
LEFT JOIN place p USING (id)
WHERE j.label IS NOT NULL
"""


def place(db: "duckdb.DuckDBPyConnection", rules: "plan.PlanRules") -> None:
    """Makes `placed`: the split of each labelled file, its shard and place."""
    validation, test = splits.bounds(rules.fractions)
    db.execute(_SPLITTING, {"may_be_official": rules.splits != "hash"})
    db.execute(_SPLIT, {
        "salt": rules.salt, "validation_from": validation, "test_from": test,
        "official_validation_from": splits.OFFICIAL_VALIDATION_FROM})
    planned, different = database.one_row(
        db, "SELECT count(*), count(DISTINCT sop) FROM judged "
        "WHERE status = 'planned'")
    if planned != different:
        raise ValueError(
            f"{planned} images to plan have {different} SOP Instance UIDs; "
            "the scan has a file twice, or duplicates that it did not find")
    db.execute(_RANKED, {"salt": rules.salt})
    db.execute("CREATE TEMP TABLE shard_count (split VARCHAR, count BIGINT)")
    for split, images in db.execute(
            "SELECT split, count(*) FROM ranked GROUP BY split").fetchall():
        db.execute("INSERT INTO shard_count VALUES (?, ?)",
                   [split, shards.shard_count(images)])
    db.execute(_PLACED)
