"""Pitfalls of headers: who, which side, which view, and odd elements."""

import re
import struct

import numpy as np
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from tools.cohort import dicom_files
from tools.cohort.variation import File, Image

Files = tuple[File, ...]
_NO_SIDE = {"ImageLaterality": None, "PatientOrientation": None}
_NO_VIEW = {"ViewPosition": None, "ViewCodeSequence": None,
            "PatientOrientation": None}


def _side_view(image: Image) -> tuple[str, str]:
    return (image.fields.get("ImageLaterality") or "R",
            image.fields.get("ViewPosition") or "CC")


def no_patient_id(image: Image) -> Files:
    """No PatientID element."""
    return image.file(PatientID=None)


def empty_patient_id(image: Image) -> Files:
    """An empty PatientID."""
    return image.file(PatientID="")


def no_study_date(image: Image) -> Files:
    """An empty StudyDate."""
    return image.file(StudyDate="")


def no_sop_instance_uid(image: Image) -> Files:
    """No SOP Instance UID, neither in the data set nor in the meta group."""
    return image.file(SOPInstanceUID=None)


def old_age(image: Image) -> Files:
    """A PatientAge above 89, which de-identified archives cap."""
    return image.file(PatientAge="090Y")


def laterality_series(image: Image) -> Files:
    """The side only in the series' Laterality."""
    return image.file(**_NO_SIDE, Laterality=_side_view(image)[0])


def laterality_frame(image: Image) -> Files:
    """The side only in the shared functional groups' frame anatomy."""
    anatomy = Dataset()
    anatomy.FrameLaterality = _side_view(image)[0]
    group = Dataset()
    group.FrameAnatomySequence = Sequence([anatomy])
    return image.file(
        **_NO_SIDE, SharedFunctionalGroupsSequence=Sequence([group]))


def laterality_view_text(image: Image) -> Files:
    """Side and view only as words in ViewPosition."""
    side, view = _side_view(image)
    words = {"L": "LEFT", "R": "RIGHT"}[side]
    return image.file(**(_NO_SIDE | _NO_VIEW | {
        "ViewPosition": f"{words} {view}"}))


def laterality_orientation(image: Image) -> Files:
    """The side only in PatientOrientation."""
    return image.file(ImageLaterality=None, PatientOrientation=(
        dicom_files.ORIENTATIONS[_side_view(image)]))


def laterality_none(image: Image) -> Files:
    """No side anywhere in the header."""
    return image.file(**_NO_SIDE)


def laterality_wrong(image: Image) -> Files:
    """A header that names the other side than the pixels show."""
    other = {"L": "R", "R": "L"}[_side_view(image)[0]]
    return image.file(ImageLaterality=other, PatientOrientation=None)


def laterality_contradicted(image: Image) -> Files:
    """ImageLaterality, and in ViewPosition the other side."""
    side, view = _side_view(image)
    return image.file(ViewPosition={"L": "R", "R": "L"}[side] + view)


def laterality_both(image: Image) -> Files:
    """ImageLaterality B: both breasts."""
    return image.file(**_NO_SIDE | {"ImageLaterality": "B"})


def view_code_only(image: Image) -> Files:
    """The view only in ViewCodeSequence."""
    view = _side_view(image)[1]
    return image.file(
        **_NO_VIEW | {"ViewCodeSequence": dicom_files.view_sequence(view)})


def view_orientation_only(image: Image) -> Files:
    """The view only as a word in PatientOrientation, as on CBIS-DDSM."""
    view = _side_view(image)[1]
    return image.file(**_NO_VIEW | {"PatientOrientation": view})


def view_orientation_directions(image: Image) -> Files:
    """The view only by PatientOrientation's directions."""
    directions = dicom_files.ORIENTATIONS[_side_view(image)]
    return image.file(**_NO_VIEW | {"PatientOrientation": directions})


def no_view_position(image: Image) -> Files:
    """No view anywhere in the header."""
    return image.file(**_NO_VIEW)


def both_spacings(image: Image) -> Files:
    """PixelSpacing corrected for magnification, unlike the imager's."""
    return image.file(PixelSpacing=[0.065, 0.065],
                      PixelSpacingCalibrationType="GEOMETRY")


def anisotropic_spacing(image: Image) -> Files:
    """Pixels that are not square."""
    return image.file(ImagerPixelSpacing=[0.07, 0.1])


def no_spacing(image: Image) -> Files:
    """Neither ImagerPixelSpacing nor PixelSpacing."""
    return image.file(ImagerPixelSpacing=None, PixelSpacing=None)


def private_tags(image: Image) -> Files:
    """Private elements, one of them of unknown VR."""
    dataset = image.dataset()
    block = dataset.private_block(0x0019, "MAMMOFLOW PHANTOM", create=True)
    block.add_new(0x01, "LO", "private text")
    block.add_new(0x02, "UN", b"\0\1\2\3")
    block.add_new(0x03, "FD", 1.5)
    return (File(".dcm", image.write(dataset)),)


def private_blob(image: Image) -> Files:
    """A private element of 200 KB between the header and the pixels."""
    dataset = image.dataset()
    block = dataset.private_block(0x0019, "MAMMOFLOW PHANTOM", create=True)
    noise = np.random.default_rng(0).bytes(200_000)
    block.add_new(0x10, "OB", noise)
    return (File(".dcm", image.write(dataset)),)


def long_sequence(image: Image) -> Files:
    """A sequence of undefined length with 3,000 items before the pixels."""
    dataset = image.dataset()
    items = Sequence(dicom_files.code_item(str(k), "an item of many")
                     for k in range(3000))
    for item in items:
        item.is_undefined_length_sequence_item = True
    dataset.AnatomicRegionSequence = items
    dataset["AnatomicRegionSequence"].is_undefined_length = True
    return (File(".dcm", image.write(dataset)),)


def _patched(image: Image, keyword: str, valid: str, raw: bytes) -> Files:
    """A file in which one element's valid value gives way to another."""
    dataset = image.dataset()
    setattr(dataset, keyword, valid)
    tag = dataset[keyword].tag
    head = struct.pack("<HH", tag.group, tag.element)
    data = image.write(dataset)
    found = re.search(
        re.escape(head) + b"[A-Z]{2}..(" + valid.encode() + b")", data,
        re.DOTALL)
    if not found or len(raw) != len(valid):
        raise ValueError(f"{keyword} {valid!r} cannot become {raw!r}")
    return (File(".dcm", data[:found.start(1)] + raw + data[found.end(1):]),)


def malformed_ds(image: Image) -> Files:
    """A decimal string with a comma and a unit."""
    return _patched(image, "BodyPartThickness", "56.500", b"56,5mm")


def malformed_window(image: Image) -> Files:
    """A WindowCenter that is no number."""
    return _patched(image.with_fields(WindowWidth="100"), "WindowCenter",
                    "2048", b"none")


def malformed_rescale(image: Image) -> Files:
    """A RescaleSlope that is no number."""
    return _patched(image, "RescaleSlope", "1.00", b"n/a ")


def malformed_age(image: Image) -> Files:
    """A PatientAge without its unit."""
    return _patched(image, "PatientAge", "056Y", b"  56")


def frames_none(image: Image) -> Files:
    """NumberOfFrames "None", as a careless program writes it."""
    return _patched(image, "NumberOfFrames", "1001", b"None")


def charset_utf8(image: Image) -> Files:
    """UTF-8 text in several elements."""
    return image.file(SpecificCharacterSet="ISO_IR 192",
                      InstitutionName="Sørlandet 放射線科",
                      StudyDescription="Mammografi, begge sider – ære")


def charset_unknown(image: Image) -> Files:
    """A character set that there is not, and bytes beyond ASCII."""
    dataset = image.with_fields(InstitutionName="XXXXXXXX").dataset()
    dataset.SpecificCharacterSet = "ISO_IR 100"
    data = image.write(dataset)
    data = data.replace(b"XXXXXXXX", b"S\xf8r\xff\xfe\x80ab", 1)
    return (File(".dcm", data.replace(b"ISO_IR 100", b"ISO_IR 999", 1)),)


HEADERS = {function.__name__: function for function in (
    no_patient_id, empty_patient_id, no_study_date, no_sop_instance_uid,
    old_age, laterality_series, laterality_frame, laterality_view_text,
    laterality_orientation, laterality_none, laterality_wrong,
    laterality_contradicted, laterality_both, view_code_only,
    view_orientation_only,
    view_orientation_directions, no_view_position, both_spacings,
    anisotropic_spacing, no_spacing, private_tags, private_blob,
    long_sequence, malformed_ds, malformed_window, malformed_rescale,
    malformed_age, frames_none, charset_utf8, charset_unknown)}
