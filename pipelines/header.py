"""What the scan records of a file: its columns, one value each."""

import dataclasses
import datetime


@dataclasses.dataclass(frozen=True)
class Header:
    """What the scan records of a file; None is absent, empty or malformed.

    Attributes:
      sop_instance_uid: The image's identity.
      sop_class_uid: What kind of object it is.
      study_instance_uid: Its study.
      series_instance_uid: Its series.
      patient_id: As written, without the padding.
      study_date: Day of the study.
      modality: 'MG' for a mammogram.
      image_kind: One of `kinds.KINDS`.
      laterality: 'L' or 'R'.
      laterality_source: Where the side was found (`views`).
      view: ACR's name, as 'CC', 'MLO' or 'XCCL'.
      view_source: Where the view was found (`views`).
      view_modifiers: As ('spot_compression',).
      patient_age: Whole years.
      implant: Whether there is a breast implant.
      manufacturer: Of the equipment.
      manufacturer_model: Of the equipment.
      rows: Height in pixels.
      columns: Width in pixels.
      frames: At least 1.
      samples_per_pixel: 1 is grey.
      bits_allocated: Bits that a pixel takes when unpacked.
      bits_stored: Bits of them that are used.
      photometric: Photometric interpretation, as 'MONOCHROME2'.
      transfer_syntax: UID of what the file is, which may not be what it says.
      presentation_intent: 'FOR PRESENTATION' or 'FOR PROCESSING'; where only
        the SOP class says it, that is taken.
      window_center: Of each window, as written.
      window_width: Of each window, as written.
      voi_function: Of the windows, as written.
      voi_luts: How many VOI LUTs can be used.
      pixel_spacing_mm: Distance of rows, in the patient or calibrated.
      imager_pixel_spacing_mm: Distance of rows at the detector.
      magnification_factor: Of the geometry, at least 1.
      breast_spacing_mm: Distance of rows in the breast (`spacing`).
      spacing_source: Where that was found.
      lossy: Whether compression may have changed its values.
      has_pixels: Whether there is pixel data of any kind.
      float_pixels: Whether that is floating point.
      remarks: Codes of `remarks.REMARKS`.
    """

    sop_instance_uid: str | None = None
    sop_class_uid: str | None = None
    study_instance_uid: str | None = None
    series_instance_uid: str | None = None
    patient_id: str | None = None
    study_date: datetime.date | None = None
    modality: str | None = None
    image_kind: str = "2d"
    laterality: str | None = None
    laterality_source: str | None = None
    view: str | None = None
    view_source: str | None = None
    view_modifiers: tuple[str, ...] = ()
    patient_age: int | None = None
    implant: bool | None = None
    manufacturer: str | None = None
    manufacturer_model: str | None = None
    rows: int | None = None
    columns: int | None = None
    frames: int = 1
    samples_per_pixel: int = 1
    bits_allocated: int | None = None
    bits_stored: int | None = None
    photometric: str | None = None
    transfer_syntax: str = ""
    presentation_intent: str | None = None
    window_center: tuple[str, ...] = ()
    window_width: tuple[str, ...] = ()
    voi_function: str | None = None
    voi_luts: int = 0
    pixel_spacing_mm: float | None = None
    imager_pixel_spacing_mm: float | None = None
    magnification_factor: float | None = None
    breast_spacing_mm: float | None = None
    spacing_source: str | None = None
    lossy: bool = False
    has_pixels: bool = False
    float_pixels: bool = False
    remarks: tuple[str, ...] = ()
