"""What kind of image a header says it is."""

import pytest

from pipelines import dicom
from pipelines import kinds
from tests import synthetic
from tools.cohort import dicom_files

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning:pydicom")

TOMO = ["DERIVED", "PRIMARY", "TOMOSYNTHESIS", "NONE"]


def kind(**overrides) -> str:
    dataset = synthetic.mammogram(synthetic.breast_pixels(8, 8))
    for keyword, value in overrides.items():
        setattr(dataset, keyword, value)
    found = dicom.parse_header(synthetic.to_bytes(dataset), True)
    assert found.image_kind in kinds.KINDS
    return found.image_kind


@pytest.mark.parametrize("expected, overrides", [
    ("2d", {}),
    ("2d", {"ImageType": ["ORIGINAL", "PRIMARY", ""]}),
    ("2d", {"ImageType": ""}),
    ("2d", {"SeriesDescription": "SYNTHETIC PHANTOM"}),
    ("2d", {"SeriesDescription": "L CC post biopsy"}),
    ("2d", {"SeriesDescription": "Post-Biopsy"}),
    ("2d", {"ImageType": ["ORIGINAL", "PRIMARY", "POST_CONTRAST"]}),
    ("film", {"SOPClassUID": dicom_files.SECONDARY_CAPTURE}),
    ("film", {"ConversionType": "DF"}),
    ("synthetic_2d", {"ImageType": ["DERIVED", "PRIMARY", "TOMOSYNTHESIS",
                                    "GENERATED_2D"]}),
    ("synthetic_2d", {"ImageType": ["DERIVED", "PRIMARY", "TOMO_2D"]}),
    ("synthetic_2d", {"SeriesDescription": "L MLO C-View"}),
    ("synthetic_2d", {"SeriesDescription": "Intelligent 2D"}),
    ("synthetic_2d", {"SeriesDescription": "V-Preview RCC"}),
    ("tomosynthesis", {"NumberOfFrames": "57", "ImageType": TOMO}),
    ("tomosynthesis", {"NumberOfFrames": "57"}),
    ("tomosynthesis_slice", {"ImageType": TOMO}),
    ("projection", {"NumberOfFrames": "15",
                    "SOPClassUID": "1.2.840.10008.5.1.4.1.1.13.1.5"}),
    ("projection", {"ImageType": ["ORIGINAL", "PRIMARY", "TOMO_PROJ"]}),
    ("biopsy", {"ImageType": ["ORIGINAL", "PRIMARY", "STEREO_SCOUT"]}),
    ("biopsy", {"ImageType": ["ORIGINAL", "PRIMARY", "POSTBIOPSY_MINUS"]}),
    ("biopsy", {"SeriesDescription": "Stereotactic R"}),
    ("biopsy", {"SeriesDescription": "L biopsy"}),
    ("specimen", {"SeriesDescription": "Specimen mag"}),
    ("specimen", {"SpecimenIdentifier": "1"}),
    ("phantom", {"QualityControlImage": "YES"}),
    ("screen_capture", {"ImageType": ["DERIVED", "SECONDARY",
                                      "SCREEN SAVE"]}),
    ("screen_capture", {"SeriesDescription": "ScreenSave"}),
])
def test_kind(expected, overrides):
    assert kind(**overrides) == expected


def test_what_is_kept_by_default_are_views_of_a_breast():
    assert set(kinds.DEFAULT_KINDS) < set(kinds.KINDS)
    assert "tomosynthesis_slice" not in kinds.DEFAULT_KINDS
