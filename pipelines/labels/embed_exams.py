"""What EMBED's findings say of each breast at each exam.

A finding tells of its side; of both breasts where its side is B or blank, as
the data set's own instructions for merging have it. Its pathology is of the
biopsy's side (bside) where that is told. Of one breast at one exam the most
severe assessment and the most severe pathology count:

    path_severity 0 (invasive), 1 (non-invasive)      a cancer
    2 (high risk) to 5 (negative), 6 (another cancer  none
      than of the breast)
    no pathology, BI-RADS 0 to 3                       none
    no pathology, BI-RADS 4 to 6 or no assessment      unknown

A bilateral exam whose findings are all of one side implies that the other is
negative (`other_side`). A cancer may be recorded with the diagnostic exam
alone that followed the screening: it is given to the last screening of that
breast before it (`later_exam`), if that was at most `RECALLED_DAYS` ago after
a recall, `NEGATIVE_DAYS` after a negative screening, of which it makes an
interval cancer. Both rules are those of EMBED's authors.

Jeong, J. J., et al. (2023), The EMory BrEast imaging Dataset (EMBED),
Radiology: Artificial Intelligence 5(1), doi 10.1148/ryai.220047; README.md
(VI, VIII, IX) and screening_label_assignment.ipynb of
github.com/Emory-HITI/EMBED_Open_Data.
"""

import bisect
import collections
import datetime
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from pipelines.labels import rows

RECALLED_DAYS = 180
NEGATIVE_DAYS = 365
SIDES = ("L", "R")

_CANCER = (0, 1)
_SUSPICIOUS = (4, 5, 6)
_NEGATIVE = 1

Exam = tuple[str, str]
Key = tuple[str, str, str]


class Finding(NamedTuple):
    """One row of the clinical table.

    Attributes:
      row: Counted from 1 with the header.
      source: The table's name.
      patient_id, exam_id: Whose, and of which exam.
      sides: Of which breasts it is.
      birads: The assessment, 0 to 6.
      severity: path_severity, 0 to 6.
      biopsied: Of which breasts that is.
      date: Of the exam.
      is_screening, is_bilateral: As the exam's description says.
    """

    row: int
    source: str
    patient_id: str
    exam_id: str
    sides: tuple[str, ...]
    birads: int | None
    severity: int | None
    biopsied: tuple[str, ...]
    date: datetime.date | None
    is_screening: bool
    is_bilateral: bool


class Breast(NamedTuple):
    """What is known of one breast at one exam; None is unknown.

    Attributes:
      decided: The finding that told most.
      birads: The most severe assessment.
      cancer: 1 or 0.
      rule: Of `rows.RULES`, where no finding of this exam said so.
    """

    decided: Finding
    birads: int | None
    cancer: int | None
    rule: str | None = None


def breasts(findings: Iterable[Finding]) -> dict[Key, Breast]:
    """Each breast at each exam: patient, exam, side."""
    exams: dict[Exam, list[Finding]] = collections.defaultdict(list)
    for finding in findings:
        exams[finding.patient_id, finding.exam_id].append(finding)
    found = {}
    for exam, of_exam in exams.items():
        for side in SIDES:
            breast = _breast(of_exam, side)
            if breast:
                found[(*exam, side)] = breast
    return found | _found_later(found)


def _breast(findings: list[Finding], side: str) -> Breast | None:
    """One breast by the findings of one exam."""
    told = [one for one in findings if side in one.sides]
    biopsies = [one for one in findings
                if one.severity is not None and side in one.biopsied]
    if not told and not biopsies:
        implied = any(one.is_bilateral for one in findings)
        return Breast(findings[0], _NEGATIVE, 0,
                      rows.OTHER_SIDE) if implied else None
    birads = rows.most_severe(one.birads for one in told)
    if biopsies:
        worst = min(biopsies, key=_severity)
        return Breast(worst, birads, int(worst.severity in _CANCER))
    decided = next(one for one in told if one.birads == birads)
    unknown = birads is None or birads in _SUSPICIOUS
    return Breast(decided, birads, None if unknown else 0)


def _severity(finding: Finding) -> int:
    """0 is the most severe; other cancers, 6, the least of the breast."""
    assert finding.severity is not None
    return finding.severity


def _found_later(found: Mapping[Key, Breast]) -> dict[Key, Breast]:
    """The screenings whose cancer was recorded with a later exam alone."""
    screenings: dict[tuple[str, str], list[tuple[datetime.date, Key]]]
    screenings = collections.defaultdict(list)
    cancers: list[tuple[datetime.date, Key]] = []
    for key, breast in found.items():
        date = breast.decided.date
        if date is None:
            continue
        if breast.decided.is_screening:
            screenings[key[0], key[2]].append((date, key))
        elif breast.cancer:
            cancers.append((date, key))
    for of_breast in screenings.values():
        of_breast.sort()
    later: dict[Key, Breast] = {}
    for date, key in sorted(cancers):
        before = screenings.get((key[0], key[2]), [])
        place = bisect.bisect_right(before, date, key=lambda one: one[0])
        if not place:
            continue
        screened, screening = before[place - 1]
        breast = found[screening]
        if screening not in later and not breast.cancer and (
                (date - screened).days <= _window(breast.birads)):
            later[screening] = Breast(found[key].decided, breast.birads, 1,
                                      rows.LATER_EXAM)
    return later


def _window(birads: int | None) -> int:
    return (NEGATIVE_DAYS if rows.follow_up_of(birads) == 0
            else RECALLED_DAYS)
