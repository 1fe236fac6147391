"""Pitfalls of windows and look-up tables (PS3.3, C.11.1 and C.11.2)."""

import numpy as np
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from tools.cohort.variation import File, Image

Files = tuple[File, ...]


def sigmoid(image: Image) -> Files:
    """VOILUTFunction SIGMOID."""
    image = image.monochrome2()
    return image.file(VOILUTFunction="SIGMOID", WindowCenter=image.top // 2,
                      WindowWidth=image.top // 2)


def several_windows(image: Image) -> Files:
    """Three windows to choose from, and a VOI LUT besides."""
    image = image.monochrome2()
    half = image.top // 2
    return image.file(
        WindowCenter=[half, half, half],
        WindowWidth=[half, 2 * half, half // 2],
        WindowCenterWidthExplanation=["NORMAL", "HARDER", "SOFTER"],
        VOILUTSequence=Sequence([_lut(image)]))


def window_width_zero(image: Image) -> Files:
    """A window of width 0."""
    return image.monochrome2().file(WindowCenter=100, WindowWidth=0)


def voi_function_empty(image: Image) -> Files:
    """An empty VOILUTFunction."""
    return image.monochrome2().file(VOILUTFunction="")


def _lut(image: Image, descriptor: list[int] | None = None,
         data: bytes | None = None) -> Dataset:
    """A VOI LUT item: a gamma curve over the whole range, 12 bits out."""
    curve = np.linspace(0, 1, image.top + 1)**0.8 * 4095
    item = Dataset()
    item.add_new("LUTDescriptor", "US", descriptor or [image.top + 1, 0, 12])
    item.LUTExplanation = "NORMAL"
    item.add_new("LUTData", "OW", np.rint(curve).astype("<u2").tobytes()
                 if data is None else data)
    return item


def _with_lut(image: Image, *items: Dataset) -> Files:
    return image.file(VOILUTSequence=Sequence(items), WindowCenter=None,
                      WindowWidth=None)


def voi_lut(image: Image) -> Files:
    """A VOI LUT Sequence instead of a window."""
    image = image.monochrome2()
    return _with_lut(image, _lut(image))


def voi_lut_empty(image: Image) -> Files:
    """A VOI LUT Sequence without an item."""
    return _with_lut(image.monochrome2())


def voi_lut_wide(image: Image) -> Files:
    """A LUT whose descriptor says 8 bits while its data has 12."""
    image = image.monochrome2()
    return _with_lut(image, _lut(image, [image.top + 1, 0, 8]))


def voi_lut_signed_first(image: Image) -> Files:
    """A LUT whose first value is -1, written as unsigned 65535."""
    image = image.monochrome2()
    return _with_lut(image, _lut(image, [image.top + 1, 65535, 12]))


def voi_lut_words(image: Image) -> Files:
    """A LUT whose data has the VR US, one number an entry."""
    image = image.monochrome2()
    item = _lut(image)
    item.add_new("LUTData", "US",
                 np.frombuffer(item.LUTData, "<u2").tolist())
    return _with_lut(image, item)


def voi_lut_65536(image: Image) -> Files:
    """A LUT of 65,536 entries, which the descriptor writes as 0."""
    image = image.monochrome2()
    ramp = np.arange(65536, dtype="<u2")
    return _with_lut(image, _lut(image, [0, 0, 16], ramp.tobytes()))


def voi_lut_short(image: Image) -> Files:
    """A LUT with fewer entries than its descriptor says."""
    image = image.monochrome2()
    return _with_lut(image, _lut(image, data=b"\1\0" * 100))


def modality_rescale(image: Image) -> Files:
    """A rescale with a slope of 2 and an intercept of -100."""
    return image.monochrome2().file(RescaleSlope="2", RescaleIntercept="-100")


def modality_lut(image: Image) -> Files:
    """A Modality LUT Sequence instead of a rescale."""
    image = image.monochrome2()
    item = _lut(image)
    item.ModalityLUTType = "US"
    return image.file(
        ModalityLUTSequence=Sequence([item]), RescaleSlope=None,
        RescaleIntercept=None, RescaleType=None)


LUTS = {function.__name__: function for function in (
    sigmoid, several_windows, window_width_zero, voi_function_empty, voi_lut,
    voi_lut_empty, voi_lut_words, voi_lut_wide, voi_lut_signed_first,
    voi_lut_65536,
    voi_lut_short, modality_rescale, modality_lut)}
