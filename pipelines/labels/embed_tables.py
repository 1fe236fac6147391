"""EMBED's two tables, found by their columns among others of a folder."""

from collections.abc import Mapping, Sequence

from pipelines.labels import choosing, columns, errors

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

Found = list[choosing.Chosen]


def sorted_out(files: Sequence[tuple[str, bytes]], named: Mapping[str, str],
               ) -> tuple[dict[str, Found], list[str]]:
    """Which tables are `clinical`, which `metadata`, and notes on all.

    Args:
      files: Name and bytes of each.
      named: Our name to a table's header, from `--label_columns`.

    Raises:
      errors.LabelError: One of the two is missing.
    """
    found: dict[str, Found] = {}
    less: dict[str, str] = {}
    unfit: dict[str, dict[str, str]] = {}
    for kind, known in _KINDS.items():
        try:
            chosen, unfit[kind] = choosing.choose(
                files, _named(kind, named), known)
        except errors.LabelError as error:
            raise errors.LabelError(
                f"EMBED's {kind} table is missing: --label_table has to name "
                "the folder that holds both EMBED_OpenData_clinical.csv and "
                f"EMBED_OpenData_metadata.csv\n{error}") from None
        # A reduced copy would tell less.
        most = max(len(one.places) for one in chosen)
        found[kind] = [one for one in chosen if len(one.places) == most]
        less |= {one.table.name: "it has fewer columns than another"
                 for one in chosen if len(one.places) < most}
    metadata = unfit["metadata"]
    # What cannot be read at all is so for both.
    others = {name: reason if reason == metadata[name] else
              "it is neither the clinical table nor the metadata"
              for name, reason in unfit["clinical"].items()
              if name in metadata}
    return found, [
        *(note for chosen in found.values() for one in chosen
          for note in one.note()),
        *choosing.not_used(others | less)]


def _named(kind: str, named: Mapping[str, str]) -> dict[str, str]:
    """What `--label_columns` says of one of the tables.

    A name that neither knows is left to the clinical table to refuse.
    """
    own = {column.name for column in _KINDS[kind]}
    others = {column.name for known in _KINDS.values()
              for column in known} - own
    return {name: header for name, header in named.items()
            if name in own or kind == "clinical" and name not in others}
