"""What a run's model says of the images, as evaluation or prediction left it.

Read are the tables `predictions-*.parquet` (or .csv) in the run's folder, or
in the one within it for this data set where it is not the training's; those
that have a score by SOP Instance UID. TensorFlow is not needed.
"""

import dataclasses
import fnmatch
import os

from model import index as indices
from model import runs
from pipelines import database
from pipelines import files
from pipelines import local_copies

# What stands beside a label. The words of a diagnosis would be the reading's.
_COLUMNS = """
    CASE WHEN predicted.sop_instance_uid IS NOT NULL THEN {label} END AS label,
    predicted.score, predicted.decision,
    CASE WHEN label IS NULL OR predicted.decision IS NULL THEN NULL
      ELSE CASE WHEN label = predicted.decision THEN 'true' ELSE 'false' END
        || CASE predicted.decision WHEN 1 THEN ' positive' ELSE ' negative' END
      END AS verdict"""
_NOBODY = """
    SELECT NULL::VARCHAR AS sop_instance_uid, NULL::VARCHAR AS dataset,
      NULL::DOUBLE AS score, NULL::BIGINT AS decision WHERE false"""


@dataclasses.dataclass(frozen=True)
class Predicted:
    """A run and what it predicted.

    Attributes:
      run: The run.
      threshold: Of single images: a score from here on is detected; None
        where the run has none.
      paths: Tables of its predictions.
    """

    run: runs.Run
    threshold: float | None
    paths: tuple[str, ...]

    @property
    def classes(self) -> tuple[str, str]:
        """What the labels 0 and 1 mean."""
        return indices.LABELS[self.run.label].classes


def find(run_dir: str, records: str) -> Predicted:
    """Finds a run's predictions of a data set.

    Raises:
      RunError: There is no such run, or it has predicted nothing yet.
    """
    run = runs.load_run(run_dir)
    evaluate = f"python model/evaluate.py --run_dir={run_dir}"
    paths = _tables(run.dir.on_other(records)) or _tables(run.dir.path)
    if not paths:
        raise runs.RunError(f"the run in {run_dir} has no predictions yet; to "
                            f"make them: {evaluate} --records={records}")
    return Predicted(run, _threshold(run), tuple(paths))


def columns_and_source(predicted: Predicted | None) -> tuple[str, str]:
    """SQL of the columns label, score, decision and verdict, and of the table
    `predicted` that they come from: one row for each SOP Instance UID."""
    if predicted is None:
        return _COLUMNS.format(label="NULL::BIGINT"), _NOBODY
    label = indices.LABELS[predicted.run.label].sql
    tables = " UNION ALL ".join(f"""
        SELECT sop_instance_uid::VARCHAR AS sop_instance_uid,
          {_column(path, "dataset", "VARCHAR")},
          score::DOUBLE AS score, {_column(path, "decision", "BIGINT")},
          {number} AS _table FROM {_read(path)}
        WHERE score IS NOT NULL""" for number, path in enumerate(
            predicted.paths))
    return _COLUMNS.format(label=f"({label})"), f"""
        SELECT * FROM ({tables}) QUALIFY row_number() OVER (
          PARTITION BY sop_instance_uid, dataset ORDER BY _table) = 1"""


def _tables(folder: str) -> list[str]:
    names = [name for suffix in ("parquet", "csv") for name in fnmatch.filter(
        files.list_folder(folder), f"predictions*.{suffix}")]
    found = local_copies.of([os.path.join(folder, name) for name in names])
    return [path for path in found
            if {"sop_instance_uid", "score"} <= _columns(path)]


def _columns(path: str) -> set[str]:
    import duckdb

    try:
        return set(duckdb.connect().sql(f"FROM {_read(path)}").columns)
    except duckdb.Error as error:
        raise runs.RunError(f"{path} cannot be read: "
                            f"{str(error).partition(chr(10))[0]}") from error


def _column(path: str, name: str, kind: str) -> str:
    there = name if name in _columns(path) else "NULL"
    return f"{there}::{kind} AS {name}"


def _read(path: str) -> str:
    function = "read_parquet" if path.endswith(".parquet") else "read_csv"
    literal, = database.literal_paths([path])
    return f"{function}('{literal.replace(chr(39), chr(39) * 2)}')"


def _threshold(run: runs.Run) -> float | None:
    if not files.exists(run.dir.operating_point):
        return None
    return runs.read_json(run.dir.operating_point)["thresholds"]["image"]
