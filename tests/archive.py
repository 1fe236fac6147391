"""A small screening archive and its register, for tests of the whole build."""

import csv
import datetime
import pathlib

from tests import synthetic

COLUMNS = ("patient_id", "laterality", "diagnosis_date", "birads_1",
           "birads_2", "cancer", "outcome")
VIEWS = ("CC", "MLO")
DATE = datetime.date(2014, 3, 5)


def mammogram(patient: int, side: str, view: str, **overrides) -> bytes:
    """One image of a patient: 160 x 192, a breast on its own side."""
    seed = patient * 4 + "LR".index(side) * 2 + VIEWS.index(view)
    return synthetic.mammogram_bytes(
        synthetic.breast_pixels(160, 192, side=side, seed=seed),
        **{"PatientID": f"{patient:06d}", "ImageLaterality": side,
           "ViewPosition": view, "StudyDate": f"{DATE:%Y%m%d}",
           "SOPInstanceUID": f"1.2.3.{patient}.{'LR'.index(side)}."
                             f"{VIEWS.index(view)}", **overrides})


def has_cancer(patient: int, side: str) -> bool:
    """Every third patient has a cancer on the left."""
    return side == "L" and patient % 3 == 0


def write(folder: pathlib.Path, patients: int = 8) -> pathlib.Path:
    """Writes `dicoms/` (half of it gzipped) and `labels.csv`.

    Args:
      folder: Where; made if it is missing.
      patients: Numbered from 1; four images each.

    Returns:
      The folder.
    """
    dicoms = folder / "dicoms"
    dicoms.mkdir(parents=True, exist_ok=True)
    for patient in range(1, patients + 1):
        for side in "LR":
            for view in VIEWS:
                data = mammogram(patient, side, view)
                name = f"{patient:06d}-{side}-{view}.dcm"
                if view == "MLO":
                    name, data = f"{name}.gz", synthetic.gzipped(data)
                (dicoms / name).write_bytes(data)
    write_register(folder / "labels.csv", [
        register_row(patient, side)
        for patient in range(1, patients + 1) for side in "LR"])
    return folder


def register_row(patient: int, side: str, year: int = DATE.year) -> tuple:
    """The register's row of a patient's breast."""
    cancer = has_cancer(patient, side)
    return (f"{patient:06d}", side, f"{year}-01-01", 5 if cancer else 1,
            4 if cancer else 2, int(cancer), "TP" if cancer else "TN")


def write_register(path: pathlib.Path, rows: list[tuple]) -> None:
    """Writes the label table."""
    with open(path, "w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([COLUMNS, *rows])
