"""The data sets of a build: what files they have, and what is told of them."""

import os

import pyarrow as pa
import pyarrow.compute as pc

from pipelines import config as configs
from pipelines import files
from pipelines import join
from pipelines import matching
from pipelines.labels import errors
from pipelines.labels import formats
from pipelines.labels import rows

_TABLE_SUFFIXES = (".csv", ".xlsx", ".parquet", ".json", ".xls")


def listing(sources: tuple[configs.Source, ...]) -> pa.Table:
    """All files of all data sets, each once, by path.

    Returns:
      A table of `matching.LISTING_SCHEMA` and `dataset`, sorted by `file`.

    Raises:
      ValueError: A pattern names no file, or a file is of two data sets.
    """
    parts = []
    for source in sources:
        try:
            part = matching.listing(source.dicoms, source.manifest)
        except matching.NothingMatched as error:
            if source.name is None:
                raise
            raise matching.NothingMatched(
                f"--dataset={source.name}: {error}") from error
        parts.append(part.append_column(
            "dataset", pa.array([source.name] * len(part), pa.string())))
    table = pa.concat_tables(parts).sort_by(
        [("file", "ascending"), ("dataset", "ascending")])
    paths = table["file"].combine_chunks()
    again = pc.equal(paths[1:], paths[:-1])
    if pc.any(again).as_py():
        second = pc.index(again, True).as_py() + 1
        names = table["dataset"].slice(second - 1, 2).to_pylist()
        raise ValueError(
            f"--dataset: {' and '.join(names)} share "
            f"{errors.counted(pc.sum(again).as_py(), 'file')}; a file is of "
            "one data set: give each a folder of its own")
    return table


def load_labels(config: configs.BuildConfig) -> join.Labels:
    """Reads the label tables: of each data set a file, a glob or a folder.

    Raises:
      ValueError: There is none, or its rows cannot be used.
    """
    labels = {}
    for source in config.sources:
        with errors.of_dataset(source.name):
            labels[source.name] = _load(source.labels, config)
    return labels


def _is_table(path: str) -> bool:
    return path.lower().endswith(_TABLE_SUFFIXES)


def _load(source: configs.LabelSource,
          config: configs.BuildConfig) -> rows.LabelTable:
    try:
        paths = matching.listing([source.table])["file"].to_pylist()
    except matching.NothingMatched:
        paths = []
    if len(paths) > 1 or not paths:
        is_label_file = getattr(formats.READERS[source.format],
                                "is_label_file", _is_table)
        paths = [path for path in paths if is_label_file(path)]
    if not paths:
        raise errors.LabelError(
            f"label table {source.table}: no such table; expected a file, a "
            f"glob or a folder with {', '.join(_TABLE_SUFFIXES)}")
    tables = [(os.path.basename(path), files.read(path)) for path in paths]
    hashed = config.pseudonyms.key is not None
    categories = config.rules.cancer_birads
    return formats.read(source.format, tables, rows.LabelOptions(
        columns=dict(source.columns), date_format=source.date_format,
        patient_id_width=source.patient_id_width,
        conflicts=config.rules.label_conflicts,
        cancer_birads=None if categories is None else frozenset(categories),
        transform_id=config.pseudonyms.patient if hashed else None))
