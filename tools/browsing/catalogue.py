"""A data set's tables in a database that can reach nothing else.

Everything that is asked of a data set while it is looked at is asked of one
DuckDB database in memory: table `browsed`, one row for each matched file with
what `images` says of it, where the record of one variant lies, and what a
model says; table `places`, where the records of all variants lie. Once it is
loaded, external access is off and the configuration is locked: no SQL reads
or writes a file, or loads an extension, whatever a filter says.
"""

import dataclasses
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import duckdb
import numpy as np

from pipelines import geometry
from pipelines import schema
from tools import datasets
from tools.browsing import predictions
from tools.browsing.selection import Refused, Selection, without_drawing

SECONDS = 20.0
_KEPT_SELECTIONS = 16
_ONLY_RECORDS = tuple(
    field.name for field in schema.fields(schema.RECORDS)
    if field not in schema.fields(schema.IMAGES))

# A SOP Instance UID where it names one image: duplicates are told apart by
# their paths, which are not shown. Only three columns pass through a window
# function, so that half a million rows take little memory.
_KEYS = """
    CREATE TEMP TABLE keys AS
    SELECT file, row_number() OVER (ORDER BY file) - 1 AS _row,
      CASE WHEN count(*) OVER same = 1 OR (status = 'written' AND
          count(*) FILTER (status = 'written') OVER same = 1)
        THEN sop_instance_uid END AS _unique,
      coalesce(_unique, 'file-' || left(sha256(file), 16)) AS _key
    FROM (SELECT file, sop_instance_uid, status FROM images)
    WINDOW same AS (PARTITION BY sop_instance_uid)"""


class Missing(LookupError):
    """There is no such image, or no such picture of it."""


@dataclasses.dataclass(frozen=True, eq=False)
class Catalogue:
    """What there is to look at.

    Attributes:
      dataset: The data set.
      variant: Whose records the rows tell of; None: there are none.
      predicted: The run whose predictions stand beside the labels, or None.
      connection: The locked database.
      seconds: How long a question may take.
      kept: The rows of the last few selections.
    """

    dataset: datasets.Dataset
    variant: geometry.Variant | None
    predicted: predictions.Predicted | None
    connection: duckdb.DuckDBPyConnection
    seconds: float = SECONDS
    kept: dict[Selection, np.ndarray] = dataclasses.field(
        default_factory=dict)

    def ask(self, sql: str, parameters: Sequence[Any] = ()
            ) -> list[dict[str, Any]]:
        """The rows of an answer.

        Raises:
          Refused: The database refuses it, or it takes too long.
        """
        cursor = self._executed(sql, parameters)
        try:
            names = [column[0] for column in cursor.description]
            return [dict(zip(names, row)) for row in cursor.fetchall()]
        finally:
            cursor.close()

    def rows(self, selection: Selection) -> np.ndarray:
        """Which rows are selected, in their order: int64 [n].

        Raises:
          Refused: The filter is none.
        """
        found = self.kept.get(selection)
        if found is None:
            condition, parameters = selection.condition()
            answer, = self.ask(
                f"SELECT list(_row ORDER BY {selection.order_sql}) AS rows "
                f"FROM browsed WHERE {condition}", parameters)
            found = np.array(answer["rows"] or (), np.int64)
            # Threads may meet here: each step leaves a whole dictionary.
            self.kept[selection] = found
            for oldest in list(self.kept)[:-_KEPT_SELECTIONS]:
                self.kept.pop(oldest, None)
        return found

    def shown(self, rows: Iterable[int],
              columns: Sequence[str]) -> Iterator[dict[str, Any]]:
        """The columns of rows, in the order of the rows."""
        listed = ", ".join(f'"{name}"' for name in ("_row", *columns))
        wanted = list(map(int, rows))
        found = {row["_row"]: row for row in self.ask(
            f"SELECT {listed} FROM browsed WHERE _row IN "
            "(SELECT unnest(?::BIGINT[]))", [wanted])}
        return (found[row] for row in wanted)

    def image(self, key: str) -> dict[str, Any]:
        """All columns of one image.

        Raises:
          Missing: There is no such image.
        """
        found = self.ask("SELECT * FROM browsed WHERE _key = ?", [key])
        if not found:
            raise Missing(f"there is no image {key[:80]!r} in this data set")
        return found[0]

    def places(self, row: int) -> Mapping[geometry.Variant, dict[str, Any]]:
        """Where an image's records lie, by variant."""
        found = self.ask("SELECT * FROM places WHERE _row = ?", [row])
        by_name = {place["variant"]: place for place in found}
        return {variant: by_name[str(variant)]
                for variant in self.dataset.variants
                if str(variant) in by_name}

    def _executed(self, sql: str, parameters: Sequence[Any]
                  ) -> duckdb.DuckDBPyConnection:
        cursor = self.connection.cursor()
        timer = threading.Timer(self.seconds, cursor.interrupt)
        timer.daemon = True
        timer.start()
        try:
            return cursor.execute(sql, parameters)
        except duckdb.InterruptException as error:
            raise Refused("the filter took longer than "
                          f"{self.seconds:g} seconds") from error
        except duckdb.Error as error:
            raise Refused(without_drawing(error)) from error
        finally:
            timer.cancel()


def load(dataset: datasets.Dataset,
         predicted: predictions.Predicted | None = None) -> Catalogue:
    """Reads the tables, then locks the database.

    Args:
      dataset: The data set.
      predicted: Predictions to stand beside the labels.

    Raises:
      duckdb.Error: A Parquet file is damaged.
    """
    connection = datasets.connect(dataset)
    variant = _largest(dataset)
    connection.execute(_KEYS)
    _create_places(connection, dataset)
    _create_browsed(connection, variant, predicted)
    connection.execute("DROP TABLE keys")
    for table in datasets.TABLES:
        connection.execute(f"DROP VIEW {table}")
    # As one asks `query.py`: "patient_id IN (SELECT patient_id FROM images
    # WHERE ...)".
    connection.execute("CREATE VIEW images AS SELECT "
                       "* EXCLUDE (_row, _key, _unique) FROM browsed")
    for setting in ("temp_directory = ''", "enable_external_access = false",
                    "lock_configuration = true"):
        connection.execute(f"SET {setting}")
    return Catalogue(dataset, variant, predicted, connection)


def _largest(dataset: datasets.Dataset) -> geometry.Variant | None:
    # Without a description nobody knows how many shards there will be.
    return max(dataset.variants if dataset.description else (), default=None,
               key=lambda held: held.size.width * held.size.height)


def _create_places(connection: duckdb.DuckDBPyConnection,
                   dataset: datasets.Dataset) -> None:
    listed = ", ".join(f'records."{name}"'
                       for name in ("split", *_ONLY_RECORDS))
    described = "true" if dataset.description else "false"
    connection.execute(f"""
        CREATE TABLE places AS SELECT _row, {listed}
        FROM records JOIN keys USING (file) WHERE {described}""")


def _create_browsed(connection: duckdb.DuckDBPyConnection,
                    variant: geometry.Variant | None,
                    predicted: predictions.Predicted | None) -> None:
    record = ", ".join(f'placed."{name}"' for name in _ONLY_RECORDS)
    says, source = predictions.columns_and_source(predicted)
    connection.execute(f"""
        CREATE TABLE browsed AS
        WITH placed AS (SELECT * EXCLUDE (split) FROM places
                        WHERE variant = '{variant}'),
          predicted AS ({source})
        SELECT _row, _key, _unique, images.*, {record}, {says}
        FROM images JOIN keys USING (file) LEFT JOIN placed USING (_row)
          LEFT JOIN predicted ON predicted.sop_instance_uid = _unique
            AND (predicted.dataset IS NULL
                 OR predicted.dataset = images.dataset)""")
