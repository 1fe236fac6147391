"""Pixels and header fields to the bytes of a DICOM file.

Pure and deterministic: UIDs are hashes, nothing asks for the time. Pixels
are `[rows, columns]`, `[frames, rows, columns]` or `[rows, columns, 3]`
(colour, uint8), with dtype uint8, int8, uint16 or int16.
"""

import hashlib
import zlib
from collections.abc import Mapping
from typing import Any

import numpy as np
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.encaps import encapsulate
from pydicom.filebase import DicomBytesIO
from pydicom.filewriter import write_dataset, write_file_meta_info
from pydicom.sequence import Sequence
from pydicom.uid import UID

from tools.cohort.encoders import TransferSyntax

MG_FOR_PRESENTATION = "1.2.840.10008.5.1.4.1.1.1.2"
MG_FOR_PROCESSING = "1.2.840.10008.5.1.4.1.1.1.2.1"
BREAST_TOMOSYNTHESIS = "1.2.840.10008.5.1.4.1.1.13.1.3"
BREAST_PROJECTIONS = "1.2.840.10008.5.1.4.1.1.13.1.5"
SECONDARY_CAPTURE = "1.2.840.10008.5.1.4.1.1.7"

# Code value and meaning of each view, SNOMED CT (PS3.16, CID 4014).
VIEW_CODES = {
    "CC": ("399162004", "cranio-caudal"),
    "MLO": ("399368009", "medio-lateral oblique"),
    "ML": ("399260004", "medio-lateral"),
    "LM": ("399352003", "latero-medial"),
    "XCCL": ("399192008", "cranio-caudal exaggerated laterally"),
    "XCCM": ("399101009", "cranio-caudal exaggerated medially"),
}
# Directions of the first row and column: the nipple of a right breast, whose
# chest wall is at the right, points to the left (PS3.3, C.7.6.1.1.1).
ORIENTATIONS = {
    ("R", "CC"): ["P", "L"], ("L", "CC"): ["A", "R"],
    ("R", "MLO"): ["P", "FL"], ("L", "MLO"): ["A", "FR"],
}


def make_uid(*parts: object) -> str:
    """A UID that depends on the parts alone (PS3.5, B.2).

    >>> make_uid("study", 1) == make_uid("study", 1)
    True
    """
    text = "\0".join(map(str, parts)).encode()
    number = int.from_bytes(hashlib.sha256(text).digest()[:16], "big")
    return f"2.25.{number}"


def code_item(value: str, meaning: str, scheme: str = "SCT") -> Dataset:
    """One item of a code sequence (PS3.3, 8)."""
    item = Dataset()
    item.CodeValue = value
    item.CodingSchemeDesignator = scheme
    item.CodeMeaning = meaning
    return item


def view_sequence(view: str, modifiers: tuple = ()) -> Sequence:
    """ViewCodeSequence of one item; modifiers are (value, meaning) pairs."""
    item = code_item(*VIEW_CODES[view])
    item.ViewModifierCodeSequence = Sequence(
        code_item(*modifier) for modifier in modifiers)
    return Sequence([item])


def _shape(pixels: np.ndarray) -> tuple[int, int, int, int]:
    """Frames, rows, columns and samples per pixel."""
    frames = samples = 1
    if pixels.ndim == 3 and pixels.shape[-1] == 3:
        rows, columns, samples = pixels.shape
    elif pixels.ndim == 3:
        frames, rows, columns = pixels.shape
    else:
        rows, columns = pixels.shape
    return frames, rows, columns, samples


def _image_fields(pixels: np.ndarray, bits: int) -> dict[str, Any]:
    """The Image Pixel module (PS3.3, C.7.6.3)."""
    frames, rows, columns, samples = _shape(pixels)
    fields: dict[str, Any] = {
        "SamplesPerPixel": samples,
        "PhotometricInterpretation": "RGB" if samples == 3 else "MONOCHROME2",
        "Rows": rows,
        "Columns": columns,
        "BitsAllocated": 8 * pixels.itemsize,
        "BitsStored": bits,
        "HighBit": bits - 1,
        "PixelRepresentation": int(pixels.dtype.kind == "i"),
    }
    if samples == 3:
        fields["PlanarConfiguration"] = 0
    if frames > 1:
        fields["NumberOfFrames"] = frames
    return fields


# What every mammogram says unless told otherwise, by DICOM keyword.
_DEFAULTS = {
    "SpecificCharacterSet": "ISO_IR 100",
    "ImageType": ["ORIGINAL", "PRIMARY"],
    "SOPClassUID": MG_FOR_PRESENTATION,
    "StudyDate": "20120315",
    "StudyTime": "101500",
    "AccessionNumber": "",
    "Modality": "MG",
    "PresentationIntentType": "FOR PRESENTATION",
    "Manufacturer": "Phantom",
    "ManufacturerModelName": "Phantom 1",
    "ReferringPhysicianName": "",
    "PatientName": "",
    "PatientID": "000001",
    "PatientBirthDate": "",
    "PatientSex": "F",
    "PatientAge": "056Y",
    "BodyPartExamined": "BREAST",
    "ImagerPixelSpacing": [0.07, 0.07],
    "StudyID": "",
    "SeriesNumber": "1",
    "InstanceNumber": "1",
    "ImageLaterality": "R",
    "ViewPosition": "CC",
    "BurnedInAnnotation": "NO",
    "LossyImageCompression": "00",
    "PresentationLUTShape": "IDENTITY",
    "RescaleIntercept": "0",
    "RescaleSlope": "1",
    "RescaleType": "US",
}


def mammogram_dataset(pixels: np.ndarray,
                      fields: Mapping[str, Any]) -> Dataset:
    """A digital mammogram's header, without its pixels.

    Args:
      pixels: What the image module is to describe.
      fields: Values by DICOM keyword, which replace or extend the defaults; an
        empty string makes an empty element, None leaves the element out.

    Returns:
      The data set. UIDs that `fields` does not give are hashes of patient,
      date, side and view, and of all fields and pixels for the image's own.
    """
    bits = fields.get("BitsStored") or (8 if pixels.itemsize == 1 else 12)
    values = _DEFAULTS | _image_fields(pixels, bits) | dict(fields)
    patient, date = values["PatientID"], values["StudyDate"]
    side, view = values["ImageLaterality"], values["ViewPosition"]
    derived: dict[str, Any] = {
        "StudyInstanceUID": make_uid("study", patient, date),
        "SeriesInstanceUID": make_uid("series", patient, date, side, view),
    }
    if (side, view) in ORIENTATIONS:
        derived["PatientOrientation"] = ORIENTATIONS[side, view]
    if view in VIEW_CODES:
        derived["ViewCodeSequence"] = view_sequence(view)
    values = derived | values
    if "SOPInstanceUID" not in values:
        values["SOPInstanceUID"] = make_uid(
            "image", sorted(values.items(), key=lambda pair: pair[0]),
            hashlib.sha256(pixels.tobytes()).hexdigest())
    dataset = Dataset()
    for keyword, value in values.items():
        if value is not None:
            setattr(dataset, keyword, value)
    return dataset


def frame_bytes(dataset: Dataset, pixels: np.ndarray,
                syntax: TransferSyntax) -> list[bytes]:
    """Each frame's bytes in a transfer syntax."""
    bits = int(dataset.BitsStored)
    if bits > syntax.max_bits:
        raise ValueError(f"{syntax.name} holds at most {syntax.max_bits} bits "
                         f"stored, found {bits}")
    frames = pixels if _shape(pixels)[0] > 1 else (pixels.reshape(
        _shape(pixels)[1:3] + ((3,) if _shape(pixels)[3] == 3 else ())),)
    return [syntax.encode(frame, bits) for frame in frames]


def set_pixels(dataset: Dataset, pixels: np.ndarray,
               syntax: TransferSyntax, offset_table: bool = True) -> None:
    """Puts the encoded pixels into the data set, and what goes with them."""
    frames = frame_bytes(dataset, pixels, syntax)
    if syntax.encapsulated:
        dataset.PixelData = encapsulate(frames, has_bot=offset_table)
        dataset["PixelData"].is_undefined_length = True
    else:
        joined = frames[0] if len(frames) == 1 else b"".join(frames)
        dataset.PixelData = joined + b"\0" * (len(joined) % 2)
    wide = pixels.itemsize > 1 and not syntax.encapsulated
    dataset["PixelData"].VR = "OW" if wide or syntax.implicit_vr else "OB"
    if syntax.lossy:
        packed = sum(map(len, frames))
        dataset.LossyImageCompression = "01"
        dataset.LossyImageCompressionRatio = f"{pixels.nbytes / packed:.2f}"


def _meta(dataset: Dataset, syntax: TransferSyntax) -> FileMetaDataset:
    meta = FileMetaDataset()
    meta.FileMetaInformationGroupLength = 0  # set right by the writer
    meta.FileMetaInformationVersion = b"\0\1"
    meta.MediaStorageSOPClassUID = UID(dataset.get("SOPClassUID", ""))
    meta.MediaStorageSOPInstanceUID = UID(dataset.get("SOPInstanceUID", ""))
    meta.TransferSyntaxUID = UID(syntax.uid)
    meta.ImplementationClassUID = UID(make_uid("mammoflow phantom"))
    meta.ImplementationVersionName = "MAMMOFLOW"
    return meta


def dataset_bytes(dataset: Dataset, syntax: TransferSyntax) -> bytes:
    """The data set alone, without preamble and meta, not deflated."""
    buffer = DicomBytesIO()
    buffer.is_little_endian = syntax.little_endian
    buffer.is_implicit_VR = syntax.implicit_vr
    write_dataset(buffer, dataset)
    return buffer.getvalue()


def deflate(body: bytes) -> bytes:
    """A data set's bytes as the deflated syntax has them (PS3.5, A.5)."""
    packer = zlib.compressobj(1, wbits=-zlib.MAX_WBITS)
    packed = packer.compress(body) + packer.flush()
    return packed + b"\0" * (len(packed) % 2)


def file_bytes(dataset: Dataset, syntax: TransferSyntax,
               body: bytes | None = None) -> bytes:
    """A whole file (PS3.10, 7).

    Args:
      dataset: The data set, pixels included.
      syntax: What the file says it is, and is.
      body: The data set's bytes, where they are to differ from what
        `dataset_bytes` gives; deflated here where the syntax asks for it.
    """
    if body is None:
        body = dataset_bytes(dataset, syntax)
    head = DicomBytesIO()
    head.write(b"\0" * 128 + b"DICM")
    meta = _meta(dataset, syntax)
    # Without a SOP Instance UID the file breaks the standard on purpose.
    write_file_meta_info(head, meta, bool(meta.MediaStorageSOPInstanceUID))
    # Joined once: a full-size image has 27 MB.
    return b"".join(
        (head.getvalue(), deflate(body) if syntax.deflated else body))
