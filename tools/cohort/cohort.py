"""A whole cohort: what is to be made, and making one part of it."""

import dataclasses
import datetime
import hashlib
import os
from collections.abc import Sequence

from tools.cohort import images, pitfalls
from tools.cohort.anatomy import Breast
from tools.cohort.images import Settings
from tools.cohort.register import (FIRST_SPECIAL_ID, Patient, Row, Visit,
                                   derived_seed, make_register,
                                   nearest_new_year)
from tools.cohort.variation import File, Image

# Pitfalls are about form: a quarter of full size shows them as well.
_PITFALL_SCALE = 0.25
_PITFALL_VIEWS = (("L", "CC"), ("R", "MLO"))
_PITFALL_DAY = datetime.date(2012, 3, 15)


@dataclasses.dataclass(frozen=True)
class Task:
    """One image to make, with a pitfall or without.

    Attributes:
      settings: Of the cohort.
      visit: When it was taken.
      side: 'L' or 'R'.
      view: 'CC' or 'MLO'.
      pitfall: Name of what is wrong with it, or empty.
    """

    settings: Settings
    visit: Visit
    side: str
    view: str
    pitfall: str = ""


@dataclasses.dataclass(frozen=True)
class Cohort:
    """All patients, and the images to make."""

    patients: tuple[Patient, ...]
    tasks: tuple[Task, ...]

    @property
    def rows(self) -> list[Row]:
        """The register, by patient, date and side."""
        rows = [row for patient in self.patients for row in patient.rows]
        return sorted(rows, key=lambda row: (
            row.patient_id, row.diagnosis_date, row.laterality))


def special_id(pitfall: str) -> str:
    """The patient ID under which a pitfall's images stand."""
    number = int.from_bytes(hashlib.sha256(pitfall.encode()).digest()[:8],
                            "big") % (1_000_000 - FIRST_SPECIAL_ID)
    return f"{FIRST_SPECIAL_ID + number:06d}"


def _special_patient(settings: Settings, pitfall: str) -> Patient:
    """A healthy patient whose only visit the pitfall befalls."""
    identifier = special_id(pitfall)
    breast = Breast(derived_seed(settings.seed, identifier) >> 20, 0.9, 0.4)
    visit = Visit(identifier, _PITFALL_DAY, 0, 56, 0,
                  {"L": breast, "R": breast}, {"L": (), "R": ()})
    rows = tuple(
        Row(identifier, side, nearest_new_year(_PITFALL_DAY), 1, 2, None, 0,
            "TN") for side in "LR")
    return Patient(identifier, (visit,), rows)


def plan(settings: Settings, patients: int,
         pitfall_names: Sequence[str] = ()) -> Cohort:
    """Everything about a cohort but its pixels."""
    regular = make_register(settings.seed, patients, settings.first)
    tasks = [Task(settings, visit, side, view)
             for patient in regular for visit in patient.visits
             for side in sorted(visit.breasts) for view in images.VIEWS]
    special = [_special_patient(settings, name) for name in pitfall_names]
    small = dataclasses.replace(
        settings, scale=min(settings.scale, _PITFALL_SCALE),
        syntaxes=("explicit",))
    tasks += [Task(small, patient.visits[0], side, view, name)
              for patient, name in zip(special, pitfall_names)
              for side, view in _PITFALL_VIEWS]
    return Cohort(tuple(regular + special), tuple(tasks))


def make(task: Task) -> list[tuple[str, File]]:
    """A task's files, each with its path below the cohort's folder."""
    if not task.pitfall:
        path, data = images.image_file(
            task.settings, task.visit, task.side, task.view)
        return [(path, File("", data))]
    pixels, fields = images.make_image(
        task.settings, task.visit, task.side, task.view)
    name = f"{task.side}-{task.view}"
    return [
        (f"pitfalls/{task.pitfall}/{name}{file.suffix}",
         dataclasses.replace(file, link=file.link.format(name=name)))
        for file in pitfalls.apply(task.pitfall, Image(pixels, fields))]


def write(folder: str, path: str, file: File) -> None:
    """Writes one file under a temporary name and renames it when whole."""
    target = os.path.join(folder, path)
    os.makedirs(os.path.dirname(target), exist_ok=True)
    name = os.path.basename(path)
    temporary = os.path.join(os.path.dirname(target), f".tmp-{name}")
    try:
        if file.link:
            if os.path.lexists(temporary):
                os.remove(temporary)
            os.symlink(file.link, temporary)
        else:
            with open(temporary, "wb") as stream:
                stream.write(file.data)
        os.replace(temporary, target)
    except OSError:
        if os.path.lexists(temporary):
            os.remove(temporary)
        raise
