"""EMBED's two tables, found by their columns among others of a folder."""

from collections.abc import Mapping, Sequence

from pipelines.labels import columns, errors, keys, tables

_IDS = (columns.Column("patient_id", "empi_anon"),
        columns.Column("exam_id", "acc_anon"))
CLINICAL = (
    *_IDS,
    columns.Column("laterality", "side"),
    columns.Column("birads", "asses"),
    columns.Column("severity", "path_severity"),
    columns.Column("biopsied", "bside", required=False),
    columns.Column("exam_date", "study_date_anon", required=False),
    columns.Column("description", "desc", required=False),
)
METADATA = (
    *_IDS,
    columns.Column("image", "anon_dicom_path"),
    columns.Column("image_kind", "FinalImageType"),
    columns.Column("image_laterality", "ImageLateralityFinal"),
    columns.Column("view", "ViewPosition", required=False),
    columns.Column("spot", "spot_mag", required=False),
)
_KINDS = {"clinical": CLINICAL, "metadata": METADATA}

Found = list[tuple[tables.Table, keys.Places]]


def sorted_out(files: Sequence[tuple[str, bytes]], named: Mapping[str, str],
               ) -> tuple[dict[str, Found], list[str]]:
    """Which tables are `clinical`, which `metadata`, and notes on the rest.

    Args:
      files: Name and bytes of each.
      named: Our name to a table's header, from `--label_columns`.

    Raises:
      errors.LabelError: One of the two is missing.
    """
    found: dict[str, Found] = {kind: [] for kind in _KINDS}
    wrong: dict[str, list[str]] = {kind: [] for kind in _KINDS}
    notes = []
    for name, data in files:
        try:
            table = tables.read_table(name, data)
        except errors.LabelError as error:
            notes.append(f"left out: {error}")
            continue
        fits = False
        for kind, known in _KINDS.items():
            try:
                places = columns.find(table, known, _named(kind, named))
            except errors.LabelError as error:
                wrong[kind].append(str(error))
            else:
                found[kind].append((table, places))
                fits = True
        if not fits:
            notes.append(f"left out: {name}, neither clinical nor metadata")
    for kind, of_kind in found.items():
        if not of_kind:
            raise errors.LabelError("\n".join(
                [f"EMBED's {kind} table is missing: --label_table has to name "
                 "the folder that holds both EMBED_OpenData_clinical.csv and "
                 "EMBED_OpenData_metadata.csv", *(wrong[kind] or notes)]))
        found[kind], less = _fullest(of_kind)
        notes += less + _absent(kind, found[kind])
    return found, notes


def _named(kind: str, named: Mapping[str, str]) -> dict[str, str]:
    """What `--label_columns` says of one of the tables.

    A name that neither knows is left to the clinical table to refuse.
    """
    own = {column.name for column in _KINDS[kind]}
    others = {column.name for known in _KINDS.values()
              for column in known} - own
    return {name: header for name, header in named.items()
            if name in own or kind == "clinical" and name not in others}


def _fullest(found: Found) -> tuple[Found, list[str]]:
    """The tables with the most columns: a reduced copy would tell less."""
    most = max(len(places) for _, places in found)
    return ([one for one in found if len(one[1]) == most],
            [f"left out: {table.name}, which has fewer columns than another"
             for table, places in found if len(places) < most])


def _absent(kind: str, found: Found) -> list[str]:
    notes = []
    for table, places in found:
        absent = [column.header for column in _KINDS[kind]
                  if column.name not in places]
        if absent:
            notes.append(f"{table.name} has no {', '.join(absent)}")
    return notes
