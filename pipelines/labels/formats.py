"""The label tables that are known, by the name `--labels_format` takes."""

from collections.abc import Mapping, Sequence
from types import ModuleType

from pipelines.labels import (
    bmcd, cbis_ddsm, cmmd, columns, embed, errors, generic, inbreast, omidb,
    register, rows, rsna, tables, vindr)

READERS: dict[str, ModuleType] = {
    "register": register,
    "cbis_ddsm": cbis_ddsm,
    "inbreast": inbreast,
    "vindr": vindr,
    "rsna": rsna,
    "cmmd": cmmd,
    "embed": embed,
    "bmcd": bmcd,
    "omidb": omidb,
    "generic": generic,
}


def read(name: str, files: Sequence[tuple[str, bytes]],
         options: rows.LabelOptions) -> rows.LabelTable:
    """Reads a data set's label files.

    Args:
      name: Key of `READERS`.
      files: Name and bytes of each.
      options: How to read them.

    Raises:
      errors.LabelError: They cannot be used. If they are another data set's,
        it is named.
    """
    try:
        return READERS[name].read(files, options)
    except errors.LabelError as error:
        found = _fits(files, {name: options.columns})
        most = max(found.values())
        if found[name] == most:
            raise
        fitting = [one for one, fit in found.items() if fit == most]
        raise errors.LabelError(
            f"{error}\nIt has the columns of another format: try "
            + " or ".join(f"--labels_format={one}" for one in
                          sorted(fitting))) from error


def fitting_formats(files: Sequence[tuple[str, bytes]]) -> set[str]:
    """The formats whose columns one of the tables has, the most of them."""
    found = _fits(files, {})
    most = max(found.values())
    return {name for name, fit in found.items() if fit == most > 0}


def _fits(files: Sequence[tuple[str, bytes]],
          named: Mapping[str, Mapping[str, str]]) -> dict[str, int]:
    """How well the files fit each format; only their headers are read."""
    found = dict.fromkeys(READERS, 0)
    for file, data in files:
        table = _table(file, data)
        for name, reader in READERS.items():
            found[name] = max(found[name], _fit(
                reader, file, table, named.get(name, {})))
    return found


def _table(file: str, data: bytes) -> tables.Table | None:
    # A folder may have thousands of these.
    if file.lower().endswith(".json"):
        return None
    try:
        return tables.read_table(file, data)
    except errors.LabelError:
        return None


def _fit(reader: ModuleType, file: str, table: tables.Table | None,
         named: Mapping[str, str]) -> int:
    """How many columns make a file one of the reader's; 0: it is none.

    A reader that is not known by its columns says so itself, by `fit`.
    """
    if hasattr(reader, "fit"):
        return reader.fit(file, table, named)
    if table is None:
        return 0
    try:
        columns.find(table, reader.COLUMNS, named)
    except errors.LabelError:
        return 0
    return sum(column.required for column in reader.COLUMNS)
