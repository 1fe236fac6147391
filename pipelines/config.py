"""What a build does: the flags of build_records.py as one frozen value."""

import csv
import dataclasses
import difflib
import hashlib
import json
from collections.abc import Sequence

from pipelines import files
from pipelines import local_copies
from pipelines import plan
from pipelines import privacy
from pipelines import recipe as recipes
from pipelines import scan
from pipelines import schema
from pipelines import shards


@dataclasses.dataclass(frozen=True)
class LabelSource:
    """Where the diagnoses stand and how to read them.

    Attributes:
      table: A file, a glob or a folder.
      format: Key of `labels.formats.READERS`.
      columns: The table's name of each of our columns that differs.
      date_format: As strptime takes it, or None for ISO 8601.
      patient_id_width: Zero-pads the table's IDs to so many digits, or None.
    """

    table: str
    format: str = "register"
    columns: tuple[tuple[str, str], ...] = ()
    date_format: str | None = None
    patient_id_width: int | None = None


@dataclasses.dataclass(frozen=True)
class Source:
    """One data set of a build: its files and its diagnoses.

    Attributes:
      name: As the column `dataset` has it; None for a build of one.
      dicoms: Directories, files and globs.
      labels: Its label table.
      manifest: A file that lists more of them, or None.
    """

    name: str | None
    dicoms: tuple[str, ...]
    labels: LabelSource
    manifest: str | None = None


@dataclasses.dataclass(frozen=True)
class BuildConfig:
    """One build.

    Attributes:
      sources: The data sets; no two of them have one name.
      rules: Join, exclusions, split.
      recipe: How a file becomes a network's input.
      output: Folder of the data set.
      limits: How much of one file is held in memory.
      pseudonyms: How patient IDs are written.
      max_rejects: Fraction of rejected files that a good build may have.
      plan_only: Stop before any pixel is read.
      overwrite: Replace records of another recipe.
    """

    sources: tuple[Source, ...]
    output: str
    rules: plan.PlanRules = plan.PlanRules()
    recipe: recipes.Recipe = recipes.Recipe()
    limits: scan.Limits = scan.Limits()
    pseudonyms: privacy.Pseudonyms = privacy.Pseudonyms()
    max_rejects: float = 0.1
    plan_only: bool = False
    overwrite: bool = False

    def __post_init__(self):
        if not 0 <= self.max_rejects <= 1:
            raise ValueError(f"--max_rejects={self.max_rejects} is not a "
                             "fraction between 0 and 1")
        names = [source.name for source in self.sources]
        if len(set(names)) < len(names):
            raise ValueError(
                f"--dataset: the names {', '.join(map(str, names))} are not "
                "all different")
        for source in self.sources:
            if self.pseudonyms.key and source.labels.format != "register":
                raise ValueError(
                    f"the format {source.labels.format} reads who the patient "
                    "is from PatientID or the file's name, which "
                    "--patient_ids=hash hides")

    def path(self, *names: str) -> str:
        """A path within the data set."""
        return "/".join((self.output.rstrip("/"), *names))

    def work(self, *names: str) -> str:
        """A path within what is kept for the next build."""
        return self.path(shards.WORK_FOLDER, *names)

    @property
    def plan_path(self) -> str:
        """The plan's Parquet file."""
        return self.work("plan", "plan.parquet")

    @property
    def scratch(self) -> str:
        """A local folder that a database spills to; made when needed."""
        if files.is_local(self.output):
            return self.work("spill")
        return local_copies.scratch(self.output)

    @property
    def scan_version(self) -> str:
        """Equal for two builds that would scan a file alike."""
        columns = [field.name for field in schema.fields(schema.SCAN)]
        return _digest([columns, dataclasses.asdict(self.limits),
                        self.pseudonyms.fingerprint,
                        dataclasses.asdict(self.recipe.policy)])

    def to_json(self) -> dict:
        """What decides the content of the data set, beside the recipe."""
        return {
            "sources": [_source_json(source) for source in self.sources],
            "patient_ids": "keep" if self.pseudonyms.key is None else "hash",
            **dataclasses.asdict(self.rules),
            **dataclasses.asdict(self.limits),
        }


def _source_json(source: Source) -> dict:
    return {
        "dataset": source.name,
        "dicoms": list(source.dicoms),
        "manifest": source.manifest,
        "label_table": source.labels.table,
        "labels_format": source.labels.format,
        "label_columns": dict(source.labels.columns),
        "date_format": source.labels.date_format,
        "patient_id_width": source.labels.patient_id_width,
    }


def parse_dataset(text: str, formats: Sequence[str]) -> Source:
    """Reads `NAME,FORMAT,DICOMS,LABELS[,OURS=THEIRS...]` of `--dataset`.

    After the four come columns of the label table as in `--label_columns`,
    `date_format` and `patient_id_width`. A part with a comma is quoted.

    >>> parse_dataset("film,cbis_ddsm,data/film,film.csv", ["cbis_ddsm"])
    ... # doctest: +ELLIPSIS
    Source(name='film', dicoms=('data/film',), labels=LabelSource(...
    """
    fields = next(csv.reader([text], skipinitialspace=True), [])
    parts = [part.strip() for part in fields]
    if len(parts) < 4 or not all(parts):
        raise ValueError(
            f"--dataset={text}: expected NAME,FORMAT,DICOMS,LABELS, as in "
            "film,cbis_ddsm,archive/film,archive/film_labels")
    name, label_format, dicoms, table = parts[:4]
    if label_format not in formats:
        near = difflib.get_close_matches(label_format, formats, 1, 0)[0]
        raise ValueError(
            f"--dataset={text}: {label_format} is none of "
            f"{', '.join(formats)}; did you mean {near}?")
    columns = dict(parse_columns(parts[4:], "--dataset"))
    date_format = columns.pop("date_format", None)
    width = columns.pop("patient_id_width", None)
    if width is not None and not width.isdecimal():
        raise ValueError(f"--dataset={text}: patient_id_width={width} is not "
                         "a number of digits")
    return Source(name, (dicoms,), LabelSource(
        table, label_format, tuple(columns.items()), date_format,
        None if width is None else int(width)))


def parse_columns(pairs: Sequence[str], flag: str = "--label_columns",
                  ) -> tuple[tuple[str, str], ...]:
    """Reads `ours=theirs` pairs of `--label_columns`."""
    for pair in pairs:
        if "=" not in pair:
            raise ValueError(f"{flag} has {pair!r}: expected OURS=THEIRS, as "
                             "in patient_id=pid")
    split = (pair.split("=", 1) for pair in pairs)
    return tuple((ours.strip(), theirs.strip()) for ours, theirs in split)


def parse_birads(categories: Sequence[str] | None) -> tuple[int, ...] | None:
    """Reads `--cancer_birads`; None: each reader's own rule.

    >>> parse_birads(["5", "4"]), parse_birads(None)
    ((4, 5), None)
    """
    if categories is None:
        return None
    if not all(text.strip().isdecimal() for text in categories):
        raise ValueError(f"--cancer_birads={','.join(categories)}: expected "
                         "BI-RADS categories, as in 4,5,6")
    return tuple(sorted(set(map(int, categories))))


def parse_fractions(numbers: Sequence[str]) -> tuple[float, float, float]:
    """Reads `--fractions`."""
    try:
        train, validation, test = map(float, numbers)
    except ValueError:
        raise ValueError(f"--fractions={','.join(numbers)}: expected three "
                         "numbers, as in 0.8,0.1,0.1") from None
    return train, validation, test


def _digest(value) -> str:
    text = json.dumps(value, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]
