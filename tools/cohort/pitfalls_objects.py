"""Pitfalls of what lies beside mammograms, and of how files are named."""

import dataclasses

import numpy as np
from pydicom.dataset import Dataset
from pydicom.encaps import encapsulate

from tools.cohort import dicom_files, encoders
from tools.cohort.variation import File, Image

Files = tuple[File, ...]


def _one(data: bytes, suffix: str = ".dcm") -> Files:
    return (File(suffix, data),)


def _small(image: Image) -> np.ndarray:
    """Some 200 columns: volumes have many frames."""
    step = max(1, image.pixels.shape[1] // 200)
    return np.ascontiguousarray(image.pixels[::step, ::step])


def no_pixel_data(image: Image) -> Files:
    """A mammogram's header without an image."""
    dataset = dicom_files.mammogram_dataset(image.pixels, image.fields)
    return _one(image.write(dataset))


def tomosynthesis(image: Image) -> Files:
    """A multi-frame object with its side in the frames."""
    small = _small(image)
    frames = np.stack([small, small[::-1], small])
    anatomy = Dataset()
    anatomy.FrameLaterality = image.fields.get("ImageLaterality", "R")
    group = Dataset()
    group.FrameAnatomySequence = [anatomy]
    return image.with_pixels(
        frames, SOPClassUID=dicom_files.BREAST_TOMOSYNTHESIS,
        ImageType=["ORIGINAL", "PRIMARY", "TOMOSYNTHESIS", "NONE"],
        ImageLaterality=None, PatientOrientation=None,
        SharedFunctionalGroupsSequence=[group]).file()


def _group(**sequences) -> Dataset:
    """A functional group of macros with one item each."""
    group = Dataset()
    for keyword, fields in sequences.items():
        item = Dataset()
        for name, value in fields.items():
            setattr(item, name, value)
        setattr(group, keyword, [item])
    return group


def tomosynthesis_shuffled(image: Image) -> Files:
    """Frames out of order, each with its own rescale and window."""
    image = image.monochrome2()
    small = _small(image)
    # The one in the middle of the breast comes last, and is half as bright
    # until its rescale doubles it.
    frames = np.stack([small // 4, small // 3, small // 2])
    per_frame = [
        _group(FrameContentSequence={"DimensionIndexValues": [1, place]},
               FrameVOILUTSequence={"WindowCenter": center,
                                    "WindowWidth": 2 * center},
               PixelValueTransformationSequence={
                   "RescaleIntercept": 0, "RescaleSlope": slope,
                   "RescaleType": "US"})
        for place, slope, center in ((3, 1, 500), (1, 1, 1000), (2, 2, 2000))]
    shared = _group(
        FrameAnatomySequence={"FrameLaterality": image.fields.get(
            "ImageLaterality", "R")},
        PixelMeasuresSequence={"PixelSpacing": [0.28, 0.28]})
    return image.with_pixels(
        frames, SOPClassUID=dicom_files.BREAST_TOMOSYNTHESIS,
        ImageType=["ORIGINAL", "PRIMARY", "TOMOSYNTHESIS", "NONE"],
        ImageLaterality=None, PatientOrientation=None,
        ImagerPixelSpacing=None, RescaleSlope=None, RescaleIntercept=None,
        RescaleType=None, SharedFunctionalGroupsSequence=[shared],
        PerFrameFunctionalGroupsSequence=per_frame).file()


def tomosynthesis_fragments(image: Image) -> Files:
    """Compressed frames in two fragments each, with an offset table."""
    image = dataclasses.replace(image, syntax="jpegls")
    small = _small(image)
    image = image.with_pixels(
        np.stack([small, small // 2, small // 3]),
        SOPClassUID=dicom_files.BREAST_TOMOSYNTHESIS)
    syntax = encoders.transfer_syntax(image.syntax)
    dataset = image.dataset()
    dataset.PixelData = encapsulate(
        dicom_files.frame_bytes(dataset, image.pixels, syntax),
        fragments_per_frame=2, has_bot=True)
    dataset["PixelData"].is_undefined_length = True
    return _one(image.write(dataset))


def projections(image: Image) -> Files:
    """The raw projections of a tomosynthesis."""
    small = _small(image)
    return image.with_pixels(
        np.stack([small, small]), PresentationIntentType="FOR PROCESSING",
        SOPClassUID=dicom_files.BREAST_PROJECTIONS,
        ImageType=["ORIGINAL", "PRIMARY", "TOMO_PROJ", "NONE"]).file()


def colour_capture(image: Image) -> Files:
    """A colour screen capture of a mammogram."""
    grey = (image.pixels[::8, ::8] >> (image.bits - 8)).astype(np.uint8)
    colour = np.stack([grey, grey, 255 - grey], -1)
    return image.with_pixels(
        np.ascontiguousarray(colour), BitsStored=8, HighBit=7,
        PhotometricInterpretation="RGB", PresentationLUTShape=None,
        SOPClassUID=dicom_files.SECONDARY_CAPTURE,
        ConversionType="WSD").file()


def not_a_mammogram(image: Image) -> Files:
    """A computed radiograph of something else."""
    return image.file(SOPClassUID="1.2.840.10008.5.1.4.1.1.1",
                      Modality="CR", BodyPartExamined="CHEST")


def structured_report(image: Image) -> Files:
    """A CAD report: DICOM, modality SR, no pixels."""
    dataset = dicom_files.mammogram_dataset(image.pixels, image.fields | {
        "SOPClassUID": "1.2.840.10008.5.1.4.1.1.88.50", "Modality": "SR",
        "Rows": None, "Columns": None, "SamplesPerPixel": None})
    return _one(image.write(dataset))


def text_file(image: Image) -> Files:
    """A text file among the images."""
    del image
    return _one(b"Exported from the archive. Not an image.\n", ".txt")


def xml_file(image: Image) -> Files:
    """An XML file, as INbreast has beside its images."""
    del image
    return _one(b'<?xml version="1.0" encoding="UTF-8"?>\n<plist/>\n',
                ".xml")


def empty_file(image: Image) -> Files:
    """A file of zero bytes."""
    del image
    return _one(b"")


def dangling_link(image: Image) -> Files:
    """A symbolic link to nothing."""
    del image
    return (File(".dcm", link="not-there.dcm"),)


def good_link(image: Image) -> Files:
    """A file and a symbolic link to it."""
    return (File(".dcm", image.write()),
            File("-link.dcm", link="{name}.dcm"))


def odd_name(image: Image) -> Files:
    """A file name with brackets, a star, a space and a letter like ø."""
    return _one(image.write(), " we[i]rd * ø.dcm")


def duplicate_identical(image: Image) -> Files:
    """The same bytes twice, the second time gzipped."""
    data = image.write()
    return (File(".dcm", data),
            File("-copy.dcm.gz", encoders.gzip_member(data)))


def duplicate_different(image: Image) -> Files:
    """Two files with one SOP Instance UID and other pixels."""
    other = image.with_pixels(np.ascontiguousarray(image.pixels[::-1]))
    uid = image.fields.get("SOPInstanceUID") or dicom_files.make_uid(
        "duplicate", sorted(image.fields))
    return (File(".dcm", image.with_fields(SOPInstanceUID=uid).write()),
            File("-other.dcm", other.with_fields(SOPInstanceUID=uid).write()))


OBJECTS = {function.__name__: function for function in (
    no_pixel_data, tomosynthesis, tomosynthesis_shuffled,
    tomosynthesis_fragments, projections, colour_capture, not_a_mammogram,
    structured_report, text_file, xml_file, empty_file, dangling_link,
    good_link, odd_name, duplicate_identical, duplicate_different)}
