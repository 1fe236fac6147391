"""Pitfalls of grey values: what stands in the file is not what to show."""

import cv2
import numpy as np

from tools.cohort import dicom_files, encoders
from tools.cohort.variation import File, Image

Files = tuple[File, ...]


def _inverted(image: Image, shape: str | None) -> Files:
    image = image.monochrome2()
    pixels = (image.top - image.pixels).astype(image.pixels.dtype)
    return image.with_pixels(
        pixels, PhotometricInterpretation="MONOCHROME1",
        PresentationLUTShape=shape).file()


def monochrome1(image: Image) -> Files:
    """MONOCHROME1 with LUT shape INVERSE, the usual pair."""
    return _inverted(image, "INVERSE")


def monochrome1_no_lut_shape(image: Image) -> Files:
    """MONOCHROME1 without a PresentationLUTShape."""
    return _inverted(image, None)


def monochrome1_identity(image: Image) -> Files:
    """MONOCHROME1 with LUT shape IDENTITY, which contradicts it."""
    return _inverted(image, "IDENTITY")


def for_processing(image: Image) -> Files:
    """Raw detector values: bright where little tissue is."""
    image = image.monochrome2()
    share = image.pixels.astype(np.float32) / image.top
    raw = np.rint(16383 * np.exp(-4 * share)).astype(np.uint16)
    return image.with_pixels(
        raw, BitsStored=14, HighBit=13, WindowCenter=None, WindowWidth=None,
        VOILUTFunction=None, PresentationIntentType="FOR PROCESSING",
        SOPClassUID=dicom_files.MG_FOR_PROCESSING,
        PresentationLUTShape=None).file()


def _requantised(image: Image, bits: int) -> Image:
    image = image.monochrome2()
    kind = np.uint8 if bits == 8 else np.uint16
    pixels = np.rint(image.pixels * (((1 << bits) - 1) / image.top))
    return image.with_pixels(
        pixels.astype(kind), BitsStored=bits, HighBit=bits - 1,
        WindowCenter=1 << (bits - 1), WindowWidth=1 << bits)


def bits_8(image: Image) -> Files:
    """Eight bits stored in eight."""
    return _requantised(image, 8).file()


def bits_10(image: Image) -> Files:
    """Ten bits stored."""
    return _requantised(image, 10).file()


def bits_13(image: Image) -> Files:
    """Thirteen bits stored."""
    return _requantised(image, 13).file()


def bits_14(image: Image) -> Files:
    """Fourteen bits stored."""
    return _requantised(image, 14).file()


def bits_16(image: Image) -> Files:
    """Sixteen bits stored, values beyond 32,767."""
    return _requantised(image, 16).file()


def high_bit(image: Image) -> Files:
    """Twelve bits that lie in the upper end of sixteen."""
    image = _requantised(image, 12)
    return image.with_pixels(image.pixels << 4, BitsStored=12,
                             HighBit=15).file()


def overlay_bits(image: Image) -> Files:
    """An overlay in the four bits above the twelve stored."""
    image = _requantised(image, 12)
    rows, columns = image.pixels.shape
    pixels = image.pixels.copy()
    pixels[::3, ::5] |= 0x8000
    pixels[rows // 4:rows // 2, columns // 4:columns // 2] |= 0x5000
    dataset = image.with_pixels(pixels).dataset()
    for element, vr, value in (
            (0x10, "US", rows), (0x11, "US", columns), (0x40, "CS", "G"),
            (0x50, "SS", [1, 1]), (0x100, "US", 16), (0x102, "US", 15)):
        dataset.add_new((0x6000, element), vr, value)
    return (File(".dcm", image.write(dataset)),)


def signed_pixels(image: Image) -> Files:
    """Signed pixels with an intercept that makes them positive again."""
    image = image.monochrome2()
    half = (image.top + 1) // 2
    return image.with_pixels(
        (image.pixels.astype(np.int32) - half).astype(np.int16),
        RescaleIntercept=str(half)).file()


def signed_jpegls(image: Image) -> Files:
    """Signed 13-bit pixels under JPEG-LS, whose stream has no sign."""
    image = image.monochrome2()
    pixels = image.pixels.astype(np.int16) - (image.top + 1) // 2
    return Image(pixels, image.fields | {"BitsStored": 13, "HighBit": 12},
                 "jpegls").file(RescaleIntercept=str((image.top + 1) // 2))


def j2k_precision(image: Image) -> Files:
    """A JPEG 2000 stream of 12 bits under a header that says 16."""
    image = _requantised(image, 12)
    syntax = encoders.transfer_syntax("j2k")
    dataset = Image(image.pixels, image.fields, syntax.name).dataset()
    dataset.BitsStored, dataset.HighBit = 16, 15
    return (File(".dcm", dicom_files.file_bytes(dataset, syntax)),)


def bits_mismatch(image: Image) -> Files:
    """BitsStored 10 while the values have 12 bits, under lossless JPEG."""
    image = _requantised(image, 12)
    syntax = encoders.transfer_syntax("jpeg_lossless_sv1")
    dataset = Image(image.pixels, image.fields, syntax.name).dataset()
    dataset.BitsStored, dataset.HighBit = 10, 9
    return (File(".dcm", dicom_files.file_bytes(dataset, syntax)),)


def small_largest_wrong(image: Image) -> Files:
    """Smallest and largest value tags that are not true."""
    return image.monochrome2().file(
        SmallestImagePixelValue=500, LargestImagePixelValue=600)


def _framed(image: Image, low: int, high: int) -> np.ndarray:
    """The pixels with a frame of padding values around them."""
    pixels = image.pixels.copy()
    frame = max(1, pixels.shape[1] // 40)
    for part in (pixels[:frame], pixels[-frame:]):
        part[:] = high
    away = pixels[:, :frame] if image.fields.get(
        "ImageLaterality") == "R" else pixels[:, -frame:]
    away[:] = low
    return pixels


def padding(image: Image) -> Files:
    """A PixelPaddingValue that is the brightest value."""
    image = image.monochrome2()
    return image.with_pixels(_framed(image, image.top, image.top),
                             PixelPaddingValue=image.top).file()


def padding_range(image: Image) -> Files:
    """Padding from PixelPaddingValue down to a PixelPaddingRangeLimit."""
    image = image.monochrome2()
    low = image.top - 40
    return image.with_pixels(
        _framed(image, low, image.top), PixelPaddingValue=image.top,
        PixelPaddingRangeLimit=low).file()


def all_padding(image: Image) -> Files:
    """Nothing but padding."""
    image = image.monochrome2()
    return image.with_pixels(
        np.full_like(image.pixels, 7), PixelPaddingValue=7).file()


def black(image: Image) -> Files:
    """Nothing but zeros."""
    image = image.monochrome2()
    return image.with_pixels(np.zeros_like(image.pixels)).file()


def grey_marker(image: Image) -> Files:
    """A marker below the brightest grey, touching nothing."""
    image = image.monochrome2()
    pixels = np.minimum(image.pixels, round(0.9 * image.top))
    return image.with_pixels(pixels.astype(image.pixels.dtype)).file()


def scanned_film(image: Image) -> Files:
    """A digitised film: 16 bits, grey air, white edges and a label."""
    image = _requantised(image, 16)
    pixels = np.maximum(image.pixels, 2600)
    rows, columns = pixels.shape
    edge = max(3, columns // 40)
    right = image.fields.get("ImageLaterality") == "R"
    pixels[:edge] = 62000
    away = slice(0, edge) if right else slice(columns - edge, columns)
    pixels[:, away] = 64000
    label = pixels[rows // 12:rows // 5,
                   columns // 10:columns // 4] if right else pixels[
        rows // 12:rows // 5, -columns // 4:-columns // 10]
    label[:] = 52000
    pixels = cv2.GaussianBlur(pixels, (3, 3), 0)
    return image.with_pixels(
        pixels, SOPClassUID=dicom_files.SECONDARY_CAPTURE,
        ConversionType="DF", PresentationIntentType=None, WindowCenter=None,
        WindowWidth=None, PresentationLUTShape=None).file()


PIXELS = {function.__name__: function for function in (
    monochrome1, monochrome1_no_lut_shape, monochrome1_identity,
    for_processing, bits_8, bits_10, bits_13, bits_14, bits_16, high_bit,
    overlay_bits, signed_pixels, signed_jpegls, j2k_precision, bits_mismatch,
    small_largest_wrong, padding, padding_range, all_padding, black,
    grey_marker, scanned_film)}
