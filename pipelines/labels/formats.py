"""The label tables that are known, by the name `--labels_format` takes."""

from collections.abc import Sequence
from types import ModuleType

from pipelines.labels import (
    bmcd, cbis_ddsm, cmmd, columns, embed, errors, inbreast, register, rows,
    rsna, tables, vindr)

READERS: dict[str, ModuleType] = {
    "register": register,
    "cbis_ddsm": cbis_ddsm,
    "inbreast": inbreast,
    "vindr": vindr,
    "rsna": rsna,
    "cmmd": cmmd,
    "embed": embed,
    "bmcd": bmcd,
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
        fitting = fitting_formats(files) - {name}
        if not fitting or name in fitting_formats(files):
            raise
        raise errors.LabelError(
            f"{error}\nIt has the columns of another format: try "
            + " or ".join(f"--labels_format={one}" for one in
                          sorted(fitting))) from error


def fitting_formats(files: Sequence[tuple[str, bytes]]) -> set[str]:
    """The formats whose columns one of the tables has, the most of them."""
    found: dict[str, int] = {}
    for file, data in files:
        try:
            table = tables.read_table(file, data)
        except errors.LabelError:
            continue
        for name, reader in READERS.items():
            needed = sum(column.required for column in reader.COLUMNS)
            try:
                columns.find(table, reader.COLUMNS, {})
            except errors.LabelError:
                continue
            if needed:
                found[name] = needed
    most = max(found.values(), default=0)
    return {name for name, needed in found.items() if needed == most}
