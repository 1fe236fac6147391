"""Distances of pixels, by the order in which a header's are believed."""

import pytest

from pipelines import dicom
from pipelines import pixels
from pipelines.spacing import Spacing
from tests import synthetic
from tools.cohort import dicom_files

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning:pydicom")

NOWHERE = {"ImagerPixelSpacing": None, "PixelSpacing": None}


def measures(*spacing: float) -> list:
    item = dicom_files.Dataset()
    item.PixelSpacing = list(spacing)
    group = dicom_files.Dataset()
    group.PixelMeasuresSequence = [item]
    return [group]


@pytest.mark.parametrize("overrides, expected", [
    ({}, None),
    ({"ImagerPixelSpacing": [0.07, 0.1]},
     Spacing(0.07, 0.1, "imager_pixel_spacing")),
    ({"ImagerPixelSpacing": [0.07]},
     Spacing(0.07, 0.07, "imager_pixel_spacing")),
    ({"ImagerPixelSpacing": [0.09, 0.09],
      "EstimatedRadiographicMagnificationFactor": "1.8"},
     Spacing(0.09 / 1.8, 0.09 / 1.8, "imager_pixel_spacing")),
    # A copy is not corrected for the geometry.
    ({"ImagerPixelSpacing": [0.09, 0.09], "PixelSpacing": [0.09, 0.09],
      "EstimatedRadiographicMagnificationFactor": "1.8"},
     Spacing(0.09 / 1.8, 0.09 / 1.8, "imager_pixel_spacing")),
    ({"ImagerPixelSpacing": [0.07, 0.07], "PixelSpacing": [0.065, 0.065],
      "EstimatedRadiographicMagnificationFactor": "1.08"},
     Spacing(0.065, 0.065, "pixel_spacing")),
    ({"PixelSpacing": [0.05, 0.05]}, Spacing(0.05, 0.05, "pixel_spacing")),
    ({"ImagerPixelSpacing": [0, 0]}, None),
    ({"ImagerPixelSpacing": [70, 70]}, None),
    ({"SharedFunctionalGroupsSequence": measures(0.1, 0.1)},
     Spacing(0.1, 0.1, "pixel_measures")),
    ({"NominalScannedPixelSpacing": [0.05, 0.05]},
     Spacing(0.05, 0.05, "nominal_scanned_pixel_spacing")),
])
def test_order(overrides, expected):
    data = synthetic.mammogram_bytes(**NOWHERE | overrides)
    header = dicom.parse_header(data, True)
    assert pixels.decode(data, 1 << 20).attributes.spacing == expected
    assert header.spacing_source == (expected and expected.source)
    assert header.breast_spacing_mm == (expected and expected.rows_mm)
