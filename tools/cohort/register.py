"""A screening programme's patients, visits and register of outcomes.

Everything about a patient depends on the seed and the patient's number, and
on how many patients before are in the same split, so that a larger cohort
begins with the smaller one.
"""

import dataclasses
import datetime
import hashlib
import itertools
from collections import Counter
from collections.abc import Iterator

import numpy as np

from tools.cohort.anatomy import Breast
from tools.cohort.findings import Finding
from tools.cohort.vendors import VENDORS

SALT = "mammoflow-1"
COLUMNS = ("patient_id", "laterality", "diagnosis_date", "birads_1",
           "birads_2", "birads_3", "cancer", "outcome")
# IDs from here on belong to the patients of `pitfalls`.
FIRST_SPECIAL_ID = 900_000
_FOLLOW_UP = (0, 4, 5, 6)
# Of each split's imaged patients every fourth has a cancer, the first
# included, so that every split holds some; every third of those shows between
# screenings. Patients with implants have none: what hides it excludes them.
_CANCER_EVERY = 4
_INTERVAL_EVERY = 3
_IMPLANT = (25, 7)
_REPEAT = (10, 3)
_NEVER_IMAGED = (30, 11)


@dataclasses.dataclass(frozen=True)
class Row:
    """One side of one screening in the register; its fields are `COLUMNS`."""

    patient_id: str
    laterality: str
    diagnosis_date: datetime.date
    birads_1: int
    birads_2: int
    birads_3: int | None
    cancer: int
    outcome: str


@dataclasses.dataclass(frozen=True)
class Visit:
    """One day on which a patient was imaged.

    Attributes:
      patient_id: Six digits.
      date: The day.
      number: Of the visit, 0 is the patient's first.
      age: In years.
      vendor: Index into `VENDORS`.
      breasts: By side; a repeat has one side only.
      lesions: By side.
    """

    patient_id: str
    date: datetime.date
    number: int
    age: int
    vendor: int
    breasts: dict[str, Breast]
    lesions: dict[str, tuple[Finding, ...]]


@dataclasses.dataclass(frozen=True)
class Patient:
    """A patient's visits and register rows."""

    patient_id: str
    visits: tuple[Visit, ...]
    rows: tuple[Row, ...]


def derived_seed(*parts: object) -> int:
    """A seed of 63 bits from whatever tells things apart."""
    text = "\0".join(map(str, parts)).encode()
    return int.from_bytes(hashlib.sha256(text).digest()[:8], "big") >> 1


def patient_id(number: int) -> str:
    """Six digits, some of them leading zeros, all different.

    >>> patient_id(0), patient_id(12)
    ('070657', '018541')
    """
    if not 0 <= number < FIRST_SPECIAL_ID:
        raise ValueError(f"patient number {number} is not between 0 and "
                         f"{FIRST_SPECIAL_ID - 1}")
    # 70,657 shares no divisor with 900,000, so no two IDs are equal.
    return f"{(number + 1) * 70_657 % FIRST_SPECIAL_ID:06d}"


def split_of(identifier: str, salt: str = SALT) -> str:
    """The split of a patient, 80/10/10 by salted hash."""
    digest = hashlib.sha256((salt + identifier).encode()).hexdigest()
    value = int(digest[:13], 16) / 16**13
    return ("train" if value < 0.8 else
            "validation" if value < 0.9 else "test")


def nearest_new_year(day: datetime.date) -> datetime.date:
    """The nearest 1 January; the earlier one for a tie.

    >>> nearest_new_year(datetime.date(2012, 7, 1)).year
    2012
    >>> nearest_new_year(datetime.date(2012, 7, 3)).year
    2013
    """
    before = datetime.date(day.year, 1, 1)
    after = datetime.date(day.year + 1, 1, 1)
    return before if day - before <= after - day else after


def _scores(rng: np.random.Generator, outcome: str
            ) -> tuple[int, int, int | None]:
    """Two readers' BI-RADS, and a third's where they disagree on referral."""
    refer = outcome in ("TP", "FP")
    worse = (4, 5, 5, 4, 0) if outcome == "TP" else (0, 4, 0)
    better = (1, 1, 1, 2, 2, 3)
    unsure = {"TP": 0.2, "FP": 0.5, "FN": 0.15, "TN": 0.04}[outcome]
    agreed = worse if refer else better
    first, second = rng.choice(agreed), rng.choice(agreed)
    if rng.random() >= unsure:
        return int(first), int(second), None
    second = rng.choice(better if refer else worse)
    if rng.random() < 0.5:
        first, second = second, first
    return int(first), int(second), int(rng.choice(agreed))


def _lesion(rng: np.random.Generator, kind: str, size: tuple, contrast: tuple
            ) -> Finding:
    return Finding(kind, rng.uniform(0.15, 0.75), rng.uniform(-0.6, 0.6),
                   rng.uniform(-0.6, 0.6), rng.uniform(*size),
                   rng.uniform(*contrast), int(rng.integers(1 << 40)))


def _lesions(rng: np.random.Generator, outcome: str, implant: bool
             ) -> tuple[Finding, ...]:
    """What a breast with that outcome shows."""
    found = []
    draw = rng.random()
    if implant:  # it hides what is behind it
        return ()
    if outcome == "FN":
        found.append(_lesion(rng, "spiculated_mass", (6, 9), (0.07, 0.1)))
    if outcome == "TP" and draw < 0.75:
        found.append(_lesion(rng, "spiculated_mass", (13, 24), (0.24, 0.34)))
    if outcome == "TP" and draw > 0.6:
        found.append(_lesion(rng, "cluster", (10, 18), (0.34, 0.42)))
    if outcome == "FP" or draw < 0.12:
        found.append(_lesion(rng, "round_mass", (8, 18), (0.09, 0.14)))
    if 0.1 < draw < 0.25:
        found.append(
            _lesion(rng, "coarse_calcification", (3, 3), (0.3, 0.45)))
    return tuple(found)


@dataclasses.dataclass(frozen=True)
class _Plan:
    """What is fixed about a patient before any screening is drawn."""

    number: int
    identifier: str
    cancer: str  # outcome of the cancer: 'TP', 'FN' or '' for none

    @property
    def implant(self) -> bool:
        return self.number % _IMPLANT[0] == _IMPLANT[1]

    @property
    def repeat(self) -> bool:
        return self.number % _REPEAT[0] == _REPEAT[1]

    @property
    def imaged(self) -> bool:
        return self.number % _NEVER_IMAGED[0] != _NEVER_IMAGED[1]


def _plans(patients: int) -> Iterator[_Plan]:
    seen: Counter[str] = Counter()
    for number in range(patients):
        plan = _Plan(number, patient_id(number), "")
        if plan.imaged and not plan.implant:
            split = split_of(plan.identifier)
            rank, others = divmod(seen[split], _CANCER_EVERY)
            seen[split] += 1
            if not others:
                late = rank % _INTERVAL_EVERY == _INTERVAL_EVERY - 1
                plan = dataclasses.replace(
                    plan, cancer="FN" if late else "TP")
        yield plan


def _days(rng: np.random.Generator, plan: _Plan) -> list[datetime.date]:
    """Screening days, two years apart give or take three weeks."""
    first = datetime.date(2008, 1, 8) + datetime.timedelta(
        int(rng.integers(5 * 365)))
    count = int(rng.choice((1, 2, 2, 3)))
    if plan.cancer == "FN":
        count = max(count, 2)
    return [first + datetime.timedelta(
        round(730.5 * k) + int(rng.integers(-21, 22)) * (k > 0))
            for k in range(count)]


def _outcomes(rng: np.random.Generator, plan: _Plan, last: bool,
              sick: str) -> dict[str, str]:
    """Outcome by side; a cancer ends a patient's screenings."""
    outcomes = {}
    for side in "LR":
        recalled = rng.random() < 0.05
        outcomes[side] = "FP" if recalled else "TN"
        if last and plan.cancer and side == sick:
            outcomes[side] = plan.cancer
    return outcomes


def make_patient(seed: int, plan: _Plan) -> Patient:
    """One patient of the cohort."""
    rng = np.random.default_rng(derived_seed(seed, "patient", plan.number))
    sick = "LR"[int(rng.integers(2))]
    size, density = rng.uniform(0.72, 1.22), rng.uniform(0.05, 0.85)
    age, vendor = int(rng.integers(50, 68)), int(rng.integers(len(VENDORS)))
    days = _days(rng, plan)
    visits: list[Visit] = []
    rows: list[Row] = []
    for k, day in enumerate(days):
        outcomes = _outcomes(rng, plan, k == len(days) - 1, sick)
        # Involution, weight and compression change from time to time.
        now = size * rng.uniform(0.98, 1.02)
        breasts = {
            side: Breast(derived_seed(seed, plan.number, side) >> 20,
                         now * rng.uniform(0.99, 1.01),
                         max(0.0, density - 0.02 * k), plan.implant)
            for side in "LR"}
        lesions = {side: _lesions(rng, outcomes[side], plan.implant)
                   for side in "LR"}
        if k and rng.random() < 0.2:
            vendor = int(rng.integers(len(VENDORS)))
        visit = Visit(plan.identifier, day, len(visits), age + 2 * k, vendor,
                      breasts, lesions)
        visits.append(visit)
        if plan.repeat and k == len(days) - 1:
            # One side once more, weeks later: both claim one diagnosis.
            day += datetime.timedelta(int(rng.integers(10, 40)))
            visits.append(dataclasses.replace(
                visit, date=day, number=len(visits),
                breasts={sick: breasts[sick]}))
        read = day + datetime.timedelta(int(rng.integers(1, 15)))
        rows += [
            Row(plan.identifier, side, nearest_new_year(read),
                *_scores(rng, outcome), int(outcome in ("TP", "FN")), outcome)
            for side, outcome in outcomes.items()]
    return Patient(plan.identifier, tuple(visits) if plan.imaged else (),
                   tuple(rows))


def make_register(seed: int, patients: int, first: int = 0) -> list[Patient]:
    """All patients, in the order of their numbers, which begin at `first`."""
    plans = itertools.islice(_plans(first + patients), first, None)
    return [make_patient(seed, plan) for plan in plans]
