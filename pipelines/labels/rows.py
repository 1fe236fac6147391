"""What every label reader gives: one row per diagnosis, and who is who.

Also the rules that all readers share: which BI-RADS decides, what it means,
and the outcome that follows from it.
"""

import dataclasses
import datetime
import difflib
from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

import pyarrow as pa

from pipelines.labels import errors

LabelError = errors.LabelError

# Breast Imaging Reporting and Data System: which of two readings decides.
_SEVERITY = (1, 2, 3, 0, 4, 5, 6)
_FOLLOW_UP = frozenset({0, 4, 5, 6})
_OUTCOMES = {(1, 1): "TP", (0, 0): "TN", (0, 1): "FP", (1, 0): "FN"}
_MEANING = {name: pair for pair, name in _OUTCOMES.items()}

CONFLICTS = ("error", "drop")
VISIT, BREAST, IMAGE, STUDY = "visit", "breast", "image", "study"
# How a reader comes to a diagnosis that no row has: a breast that a table of
# diseased breasts does not name is healthy; an exam before the one that the
# table is about; a cancer that was recorded with a later exam only.
OTHER_SIDE, PRIOR_EXAM, LATER_EXAM = "other_side", "prior_exam", "later_exam"
RULES = (OTHER_SIDE, PRIOR_EXAM, LATER_EXAM)
# What the names of image files end in, the last of them first.
_SUFFIXES = (".gz", ".dcm", ".dicom")


class Diagnosis(NamedTuple):
    """One row of `LABEL_SCHEMA`; None is unknown.

    Attributes:
      row: Its row in its file, counted from 1 with the header.
      source: Name of that file.
      patient_id: Of the patient, padded and hashed as the options say.
      laterality: L or R; None, in a table of images only: the header's
        counts.
      year: Of the diagnosis; None where the table has no dates.
      birads: Of the reading that decided, 0 to 6.
      birads_1, birads_2, birads_3: Of each reader.
      cancer: 1 or 0.
      outcome: TP, TN, FP or FN.
      follow_up: 1 or 0.
      official_split: train, validation or test, where the data set has one.
      contradicting: The table has other rows too for its key, so that it says
        nothing of it.
      image: Key of the one image that the row is about, in a table of images;
        of the study, in a table of studies.
      view: Of that image, where the table tells it.
      rule: Of `RULES`, where the reader concluded what no row says of its key.
      implant: Whether there is one, where the table tells it; only where the
        header does not, it counts.
    """

    row: int
    source: str
    patient_id: str
    laterality: str | None
    year: int | None
    birads: int | None
    birads_1: int | None
    birads_2: int | None
    birads_3: int | None
    cancer: int | None
    outcome: str | None
    follow_up: int | None
    official_split: str | None = None
    contradicting: bool = False
    image: str | None = None
    view: str | None = None
    rule: str | None = None
    implant: bool | None = None


_TEXTS = ("source", "patient_id", "laterality", "outcome", "official_split",
          "image", "view", "rule")
_TRUTHS = ("contradicting", "implant")
LABEL_SCHEMA = pa.schema([
    pa.field(name, pa.string() if name in _TEXTS
             else pa.bool_() if name in _TRUTHS else pa.int64())
    for name in Diagnosis._fields])


@dataclasses.dataclass(frozen=True)
class LabelOptions:
    """How a label table is to be read.

    Attributes:
      columns: Our name of a column to the table's, from `--label_columns`.
      date_format: Of dates that are text, as strptime has it; None: ISO.
      patient_id_width: IDs of digits are filled with zeros to this width.
      conflicts: What two different rows for one key are: an `error`, or both
        `drop`ped.
      transform_id: Applied to each patient ID after padding (the keyed hash).
      cancer_birads: The categories that count as a cancer where a data set has
        no pathology; None: what its reader says is usual.
    """

    columns: Mapping[str, str] = dataclasses.field(default_factory=dict)
    date_format: str | None = None
    patient_id_width: int | None = None
    conflicts: str = "error"
    transform_id: Callable[[str], str] | None = None
    cancer_birads: frozenset[int] | None = None

    def __post_init__(self):
        check_choice("--label_conflicts", self.conflicts, CONFLICTS)
        width = self.patient_id_width
        if width is not None and not 1 <= width <= 64:
            raise ValueError(
                f"--patient_id_width={width} is not a number of digits, "
                "1 to 64")
        if self.date_format is not None:
            _check_date_format(self.date_format)

    def padded(self, patient_id: str) -> str:
        """The ID with the zeros that a spreadsheet took from it.

        >>> LabelOptions(patient_id_width=6).padded("123")
        '000123'
        """
        if self.patient_id_width and is_digits(patient_id):
            return patient_id.zfill(self.patient_id_width)
        return patient_id

    def final(self, padded_id: str) -> str:
        """A padded ID as the scan has it."""
        return self.transform_id(padded_id) if self.transform_id else padded_id

    def check_ids_are_kept(self, labels_format: str, reason: str) -> None:
        """Raises LabelError, with the reason, if IDs are to be hashed."""
        if self.transform_id:
            raise LabelError(f"--labels_format={labels_format} cannot be had "
                             f"with --patient_ids=hash: {reason}")


def check_choice(flag: str, value: str, choices: tuple[str, ...]) -> None:
    """Raises ValueError, naming the flag, for any other value."""
    if value not in choices:
        near = difflib.get_close_matches(str(value), choices, 1, 0)[0]
        raise ValueError(f"{flag}={value} is none of {', '.join(choices)}; "
                         f"did you mean {near}?")


def is_digits(patient_id: str) -> bool:
    """Whether a spreadsheet would take it for a number."""
    return patient_id.isascii() and patient_id.isdigit()


def _check_date_format(date_format: str) -> None:
    day = datetime.date(2014, 2, 3)
    try:
        again = datetime.datetime.strptime(
            day.strftime(date_format), date_format).date()
    except ValueError:
        again = None
    if again is None or again.year != day.year:
        raise ValueError(
            f"--date_format={date_format} does not tell the year; it is "
            "written as in %d-%m-%Y for 31-12-2014")


def same_patient(file: str, patient_id: str) -> str:
    """Who the patient is where PatientID says so."""
    del file
    return patient_id


def stem(file: str) -> str:
    """The name of a file without its folders and what DICOM files end in.

    >>> stem("images/20586934.DCM.gz"), stem("a/4e3a578f.dicom"), stem("1.2.3")
    ('20586934', '4e3a578f', '1.2.3')
    """
    name = file.replace("\\", "/").rpartition("/")[2]
    for suffix in _SUFFIXES:
        if name.lower().endswith(suffix):
            name = name[:-len(suffix)]
    return name


def whole_image(patient_id: str) -> str | None:
    """Nothing is excluded where PatientID does not tell."""
    del patient_id
    return None


@dataclasses.dataclass(frozen=True, eq=False)
class LabelTable:
    """The diagnoses of one or more label files.

    Attributes:
      rows: Of `LABEL_SCHEMA`; one row per key.
      join: `visit`: the key is patient, side and year; `breast`: patient and
        side; `image`: the row's `image`; `study`: that and the side.
      patient_of: From one of a patient's files and its PatientID (0010,0020)
        to the patient; called once for each different PatientID, or for each
        file in a table of images, where it counts for the rows that have no
        patient_id, or of studies.
      image_of: From a file's path to the key of its row in a table of images,
        or of its study.
      excluded_of: From PatientID to the reason why its images are excluded
        whatever their header says; None: they are not.
      notes: What a person should know of the table, one line each.
      numeric_ids: The patient IDs that are digits, before hashing; for
        `ids.check_patient_ids` only.
      options: How they were read.
    """

    rows: pa.Table
    join: str
    patient_of: Callable[[str, str], str | None] = same_patient
    image_of: Callable[[str], str | None] = stem
    excluded_of: Callable[[str], str | None] = whole_image
    notes: tuple[str, ...] = ()
    numeric_ids: frozenset[str] = dataclasses.field(
        default=frozenset(), repr=False)
    options: LabelOptions = LabelOptions()


def to_arrow(diagnoses: Iterable[Diagnosis]) -> pa.Table:
    """The diagnoses as a table of `LABEL_SCHEMA`, in their order."""
    columns = list(zip(*diagnoses)) or [()] * len(LABEL_SCHEMA)
    return pa.table(
        [pa.array(column, field.type)
         for column, field in zip(columns, LABEL_SCHEMA)],
        schema=LABEL_SCHEMA)


def most_severe(categories: Iterable[int | None]) -> int | None:
    """The most severe BI-RADS category, 6 > 5 > 4 > 0 > 3 > 2 > 1.

    >>> most_severe([3, 0]), most_severe([4, 0, 2]), most_severe([None])
    (0, 4, None)
    """
    known = [category for category in categories if category is not None]
    return max(known, key=_SEVERITY.index, default=None)


def deciding_birads(first: int | None, second: int | None,
                    third: int | None) -> int | None:
    """The third reader's category; without one, the more severe of two.

    >>> deciding_birads(1, 4, None), deciding_birads(1, 4, 2)
    (4, 2)
    """
    return third if third is not None else most_severe((first, second))


def follow_up_of(birads: int | None) -> int | None:
    """1 where the category asks for follow-up.

    >>> [follow_up_of(category) for category in (0, 1, 2, 3, 4, 5, 6, None)]
    [1, 0, 0, 0, 1, 1, 1, None]
    """
    return None if birads is None else int(birads in _FOLLOW_UP)


def outcome_of(cancer: int, follow_up: int | None) -> str | None:
    """What the screening came to, where it is known who was referred.

    >>> outcome_of(1, 0), outcome_of(0, 1), outcome_of(1, None)
    ('FN', 'FP', None)
    """
    return None if follow_up is None else _OUTCOMES[cancer, follow_up]


def meaning_of(outcome: str) -> tuple[int, int]:
    """Cancer and follow-up of an outcome.

    >>> meaning_of("FN")
    (1, 0)
    """
    return _MEANING[outcome]
