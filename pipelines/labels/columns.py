"""Finds a label table's columns by their headers, which the user may name."""

import dataclasses
import difflib
from collections.abc import Mapping

from pipelines.labels import errors, tables

_MOST_HEADERS = 12


@dataclasses.dataclass(frozen=True)
class Column:
    """A column that a reader knows.

    Attributes:
      name: Our name for it, as `--label_columns` takes it.
      header: What its header is unless the user says otherwise.
      required: Whether a table must have it.
    """

    name: str
    header: str
    required: bool = True


def find(table: tables.Table, columns: tuple[Column, ...],
         named: Mapping[str, str]) -> dict[str, int]:
    """Where each column stands; optional ones that are not there are left out.

    Args:
      table: The table, of which only the header is read.
      columns: What the reader knows.
      named: Our name to the table's header, from `--label_columns`. Case does
        not matter.

    Raises:
      errors.LabelError: A column is missing or there twice, or `named` has a
        name that the reader does not know.
    """
    _check_names(columns, named)
    headers = [_plain(header) for header in table.header]
    places = {}
    for column in columns:
        header = named.get(column.name, column.header)
        count = headers.count(_plain(header))
        if count > 1:
            raise errors.LabelError(
                f"{table.name} has {count} columns {header!r}; rename or "
                "remove all but one")
        if count:
            places[column.name] = headers.index(_plain(header))
        elif column.required or column.name in named:
            raise errors.LabelError(_missing(table, column.name, header))
    return places


def absent(table: tables.Table, columns: tuple[Column, ...],
           named: Mapping[str, str]) -> list[str]:
    """The headers of required columns that a table does not have."""
    wanted = [named.get(column.name, column.header) for column in columns
              if column.required]
    return [header for header in wanted if not has(table, header)]


def has(table: tables.Table, header: str | None) -> bool:
    """Whether a table has a column of that name, however it is written."""
    return header is not None and _plain(header) in map(_plain, table.header)


def _plain(header: str) -> str:
    """A header as it is compared: any case, any spaces.

    >>> _plain(" File  Name")
    'file name'
    """
    return " ".join(header.split()).casefold()


def _check_names(columns: tuple[Column, ...],
                 named: Mapping[str, str]) -> None:
    known = [column.name for column in columns]
    for name in named:
        if name not in known:
            near = difflib.get_close_matches(name, known, 1, 0)[0]
            raise errors.LabelError(
                f"--label_columns: there is no {name!r}; did you mean "
                f"{near!r}? Known: {', '.join(known)}")


def _missing(table: tables.Table, name: str, header: str) -> str:
    headers = [header for header in table.header if header]
    lowered = {header.casefold(): header for header in headers}
    near = difflib.get_close_matches(header.casefold(), lowered, 1, 0)
    listed = ", ".join(headers[:_MOST_HEADERS])
    if len(headers) > _MOST_HEADERS:
        listed += ", ..."
    advice = ("--label_columns=" + f"{name}={lowered[near[0]]}"
              if near else "--label_columns")
    return (f"{table.name} has no column {header!r}. It has: {listed}. If one "
            f"of them is meant, say which, as in {advice}")
