"""Which split a patient is in: by a salted hash, or as a data set says.

A patient is in one split only, in this build and in any later one, whatever
else there is to build.
"""

import hashlib
from collections.abc import Collection, Sequence

from pipelines import shards

TRAIN, VALIDATION, TEST = shards.SPLITS

# 13 hexadecimal digits are 52 bits: exact in a double.
HASH_DIGITS = 13
HASH_RANGE = 16**HASH_DIGITS
# Where an official split has no validation part, a ninth of its training
# patients is that: as many as of 80 and 10 %.
OFFICIAL_VALIDATION_FROM = 8 / 9

_TOLERANCE = 1e-9


def split_value(patient_id: str, salt: str) -> float:
    """Where a patient lies in `[0, 1)`.

    >>> split_value("000123", "mammoflow-1")
    0.18764040950958072
    """
    digest = hashlib.sha256((salt + patient_id).encode()).hexdigest()
    return int(digest[:HASH_DIGITS], 16) / HASH_RANGE


def bounds(fractions: Sequence[float]) -> tuple[float, float]:
    """Where validation and test begin.

    >>> bounds((0.7, 0.2, 0.1))
    (0.7, 0.9)
    """
    # 0.7 + 0.2 is a little less than 0.9 otherwise.
    return fractions[0], round(fractions[0] + fractions[1], 12)


def split_of(value: float, fractions: Sequence[float]) -> str:
    """The split of a patient's value.

    >>> [split_of(v, (0.8, 0.1, 0.1)) for v in (0, 0.79, 0.8, 0.9, 0.99)]
    ['train', 'train', 'validation', 'test', 'test']
    """
    validation, test = bounds(fractions)
    if value < validation:
        return TRAIN
    return VALIDATION if value < test else TEST


def official_split(parts: Collection[str], value: float,
                   has_validation: bool) -> str:
    """The split of a patient of whom an official split speaks.

    Args:
      parts: Of shards.SPLITS, all that any row of the patient says.
      value: The patient's `split_value`.
      has_validation: Whether the official split has a validation part.

    Returns:
      Test, if any row is in it, so that nothing of the test set is trained
      on; else validation, if any row is; else train, of which validation gets
      its part if it has none.

    >>> official_split({"train", "test"}, 0.5, False)
    'test'
    >>> [official_split({"train"}, v, False) for v in (0.888, 0.889)]
    ['train', 'validation']
    >>> official_split({"train"}, 0.95, True)
    'train'
    """
    if TEST in parts:
        return TEST
    if VALIDATION in parts:
        return VALIDATION
    if not has_validation and value >= OFFICIAL_VALIDATION_FROM:
        return VALIDATION
    return TRAIN


def check_fractions(flag: str, fractions: Sequence[float]) -> None:
    """Raises ValueError unless there are three parts of one whole."""
    if (len(fractions) != len(shards.SPLITS)
            or any(not 0 <= part <= 1 for part in fractions)
            or abs(sum(fractions) - 1) > _TOLERANCE):
        raise ValueError(
            f"{flag}={','.join(map(str, fractions))} are not three fractions "
            "of patients (train, validation, test) that add up to 1, as in "
            "0.8,0.1,0.1")
