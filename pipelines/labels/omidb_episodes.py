"""What OMI-DB's JSON says of a client's episodes and studies.

An NBSS file is an object of episodes by their number, beside texts about the
client. An episode has EpisodeType, dates, and its events: SCREENING,
OTHERSCREENING (more of these by number), ASSESSMENT, CLINICAL, BIOPSYFINE,
BIOPSYWIDE and SURGERY. An event has left_opinion and right_opinion, as a code
(OM) or a word (Malignant), and by side, L and R, its lesions by number, of
which biopsy and surgery have an Opinion (B5, C5, H5). An IMAGEDB file has
STUDIES by Study Instance UID: StudyDate, EpisodeID, and by Series Instance
UID the images by SOP Instance UID.

How it is read follows the package omidb 0.13.1 (Apache-2.0), but per side.
"""

import dataclasses
import re
from collections.abc import Iterator, Mapping
from typing import Any

SIDES = {"L": "left_opinion", "R": "right_opinion"}
INTERVAL = "CI"

_PROOFS = ("SURGERY", "BIOPSYWIDE", "BIOPSYFINE")
_EVENTS = ("SCREENING", "ASSESSMENT", "CLINICAL", *_PROOFS)
_OPINIONS = {
    "om": "M", "malignant": "M", "ob": "B", "benign": "B", "on": "N",
    "normal": "N", "os": "S", "suspicious": "S", "ou": "U", "uncertain": "U"}
# Of a lesion's biopsy, cytology or histology; what is not here is open.
_LESIONS = {"B5": "M", "C5": "M", "H5": "M", "B2": "B", "C2": "B", "H2": "B",
            "B1": "N", "H1": "N"}
_WORST_FIRST = "MSUBN"
_UID = re.compile(r"[\d.]*\d[\d.]*")
_INTERVAL_WORDS = frozenset({"ci", "interval case"})

Object = Mapping[str, Any]


@dataclasses.dataclass(frozen=True)
class Status:
    """What an episode came to for one side.

    Attributes:
      name: CI, M, B, NAB, NA or N; CIP: normal, before an interval cancer.
      cancer: 1 or 0.
      follow_up: 1 where she was recalled for this side.
    """

    name: str
    cancer: int
    follow_up: int


_STATUSES = {status.name: status for status in (
    Status("CI", 1, 0), Status("CIP", 1, 0), Status("M", 1, 1),
    Status("B", 0, 1), Status("NAB", 0, 1), Status("NA", 0, 1),
    Status("N", 0, 0))}
_NO_CANCER = frozenset(name for name, status in _STATUSES.items()
                       if not status.cancer)


@dataclasses.dataclass(frozen=True)
class Episode:
    """One episode.

    Attributes:
      is_interval: Whether it is that of an interval cancer.
      screened: Whether it has a screening.
      dates: Of its events, as 20140131.
      opened: Its own date, or None.
      studies: What it lists itself.
      sides: By side, what it came to, or the rule by which nobody can tell.
    """

    is_interval: bool
    screened: bool
    dates: frozenset[str]
    opened: str | None
    studies: frozenset[str]
    sides: Mapping[str, Status | str]

    @property
    def start(self) -> str | None:
        """The first day that is known of it."""
        return min(self.dates, default=self.opened)


@dataclasses.dataclass(frozen=True)
class Study:
    """One study: its place in the file, from 1, and its images."""

    number: int
    uid: str
    episode: str
    date: str | None
    images: tuple[str, ...]


def episodes(nbss: Object) -> dict[str, Episode]:
    """The episodes of a client, by number.

    Where she has an interval cancer, the last screening before it is CIP on
    that side; screenings that may be before or after it are left out.
    """
    found = {str(number): _episode(one) for number, one in nbss.items()
             if isinstance(one, dict)}
    for side in SIDES:
        for one in [one for one in found.values()
                    if _name(one.sides[side]) == INTERVAL]:
            _mark_prior(found, one, side)
    return found


def client_status(found: Mapping[str, Episode]) -> str:
    """CI, M, B or N: the first of these that any episode is."""
    if any(episode.is_interval for episode in found.values()):
        return INTERVAL
    names = {_name(side) for episode in found.values()
             for side in episode.sides.values()}
    return next((name for name in ("M", "B") if name in names), "N")


def studies(imagedb: Object) -> Iterator[Study]:
    """The studies of a client, in the order of the file."""
    for number, (uid, study) in enumerate(
            _objects(imagedb, "STUDIES").items(), start=1):
        yield Study(
            number, uid, str(study.get("EpisodeID") or ""),
            _day(study.get("StudyDate")),
            tuple(image for series, images in study.items()
                  if isinstance(images, dict) and _UID.fullmatch(series)
                  for image in images if _UID.fullmatch(image)))


def episode_of(study: Study,
               found: Mapping[str, Episode]) -> Episode | None:
    """The episode of a study: by its number, else the only one that lists it,
    else the only one with an event on its day."""
    if study.episode in found:
        return found[study.episode]
    for fits in (lambda one: study.uid in one.studies,
                 lambda one: study.date in one.dates):
        fitting = [one for one in found.values() if fits(one)]
        if len(fitting) == 1:
            return fitting[0]
    return None


def _name(side: Status | str) -> str | None:
    return side.name if isinstance(side, Status) else None


def _mark_prior(found: dict[str, Episode], cancer: Episode,
                side: str) -> None:
    """Marks the last screening before an interval cancer."""
    normal = {number: one for number, one in found.items()
              if one.screened and _name(one.sides[side]) in _NO_CANCER}
    before = {}
    for number, one in normal.items():
        if one.start is None or cancer.start is None:
            found[number] = _with(
                one, side, "that may be before or after an interval cancer")
        elif one.start < cancer.start:
            before[number] = one
    if before:
        last = max(before, key=lambda number: before[number].start or "")
        found[last] = _with(before[last], side, _STATUSES["CIP"])


def _with(episode: Episode, side: str, value: Status | str) -> Episode:
    return dataclasses.replace(
        episode, sides={**episode.sides, side: value})


def _episode(data: Object) -> Episode:
    events = {name: data[name] for name in _EVENTS
              if isinstance(data.get(name), dict)}
    is_interval = str(data.get("EpisodeType")).strip().lower() in (
        _INTERVAL_WORDS)
    opened = _day(data.get("EpisodeOpenedDate"))
    if is_interval:
        opened = _day(data.get("IntervalCancerDateOfDiagnosis")) or opened
    listed = data.get("StudyList")
    screenings = _objects(data, "OTHERSCREENING").values()
    return Episode(
        is_interval, "SCREENING" in events,
        frozenset(day for event in (*events.values(), *screenings)
                  for day in _days(event)), opened,
        frozenset(listed if isinstance(listed, list) else ()),
        {side: _side(side, data, events, is_interval) for side in SIDES})


def _side(side: str, data: Object, events: Mapping[str, Object],
          is_interval: bool) -> Status | str:
    """What an episode came to for one side, or why nobody can tell."""
    proofs = {other: {_proof(event, other) for name, event in events.items()
                      if name in _PROOFS} for other in SIDES}
    if "M" in proofs[side]:
        return _STATUSES[INTERVAL if is_interval else "M"]
    if is_interval and not any("M" in one for one in proofs.values()):
        return _interval_without_malignancy(side, data, events)
    if "B" in proofs[side]:
        return _STATUSES["B"]
    if not events:
        return "of an episode without events"
    if proofs[side] & {"S", "U"}:
        return "with a biopsy or surgery that left it open"
    if any(_is_silent(name, event, side) for name, event in events.items()):
        return "with an event that has no opinion"
    return _normal(side, events)


def _interval_without_malignancy(side: str, data: Object,
                                 events: Mapping[str, Object]) -> Status | str:
    """An interval cancer that no biopsy or surgery here has proved."""
    if events.keys() & set(_PROOFS):
        return ("of an interval cancer's episode whose biopsies and surgery "
                "are not malignant")
    for name in ("INTERVALCANCER", "LESION"):
        named = [one for one in SIDES if _objects(data, name).get(one)]
        if len(named) == 1:
            return (_STATUSES[INTERVAL] if named == [side] else
                    "of the other breast of an unproved interval cancer")
    return "of an interval cancer whose side is not told"


def _normal(side: str, events: Mapping[str, Object]) -> Status | str:
    """What remains where nothing was malignant or benign."""
    seen = [name for name in events if _concerns(events[name], side)]
    if not seen and "SCREENING" not in events:
        return "that no event of their episode speaks of"
    later = [name for name in seen if name != "SCREENING"]
    opinions = {_opinion(events[name], side) for name in later or seen
                if name not in _PROOFS}
    if opinions & {"M", "S", "U"} and not set(later) & set(_PROOFS):
        return "with a suspicion that was neither proved nor dispelled"
    if set(later) & set(_PROOFS):
        return _STATUSES["NAB"]
    return _STATUSES["NA" if later else "N"]


def _opinion(event: Object, side: str) -> str | None:
    """M, B, N, S or U; U too for a word that is not known; None: none."""
    value = event.get(SIDES[side])
    if value in (None, ""):
        return None
    return _OPINIONS.get(str(value).strip().lower(), "U")


def _proof(event: Object, side: str) -> str | None:
    """The opinion of a biopsy or surgery, else the worst of its lesions."""
    opinion = _opinion(event, side)
    if opinion:
        return opinion
    of_lesions = [
        _LESIONS.get(str(lesion["Opinion"]).strip().upper(), "U")
        for lesion in _objects(event, side).values() if lesion.get("Opinion")]
    return min(of_lesions, key=_WORST_FIRST.index, default=None)


def _concerns(event: Object, side: str) -> bool:
    return bool(_opinion(event, side) or event.get(side))


def _is_silent(name: str, event: Object, side: str) -> bool:
    """Whether an event, other than screening, keeps its result of a side."""
    if name == "SCREENING":
        return False
    tell = _proof if name in _PROOFS else _opinion
    if _concerns(event, side):
        return tell(event, side) is None
    return not any(_concerns(event, one) for one in SIDES)


def _objects(data: Object, name: str) -> dict[str, Any]:
    """The objects in one of an object's objects; {} for whatever else."""
    found = data.get(name)
    return ({str(key): one for key, one in found.items()
             if isinstance(one, dict)} if isinstance(found, dict) else {})


def _days(event: Object) -> Iterator[str]:
    """All days of an event: its own, its sides', its lesions'."""
    sides = _objects(event, "L"), _objects(event, "R")
    for one in (event, event.get("L"), event.get("R"),
                *(lesion for side in sides for lesion in side.values())):
        if isinstance(one, dict):
            for name in ("dateperformed", "DatePerformed", "DateTaken"):
                day = _day(one.get(name))
                if day:
                    yield day


def _day(value: Any) -> str | None:
    """A date, ISO 8601 or as DICOM has it, as 20140131; None: none."""
    digits = str(value or "")[:10].replace("-", "")
    return digits if re.fullmatch(r"\d{8}", digits) else None
