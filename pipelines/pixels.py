"""A whole DICOM file to its pixels as they are stored.

Nothing is masked, rescaled or inverted here: that is preprocessing, and the
attributes beside the pixels say how. Only the maximum of several frames, whose
stored values need not mean the same, is of levels already.
"""

import dataclasses

import numpy as np

from pipelines import acceptance
from pipelines import dicom
from pipelines import projection
from pipelines import remarks
from pipelines.attributes import ImageAttributes, read_attributes
from pipelines.decoders import Frame
from pipelines.dicom_elements import Buffer, PIXEL_DATA, read_elements
from pipelines.dicom_values import Elements
from pipelines.frames import Decoded, Frames
from pipelines.reasons import Rejected
from pipelines.recipe import Recipe
from pipelines.workspace import Workspace

_FIRST_PREFIX_BYTES = 64 << 10
_PREFIX_GROWTH = 8


@dataclasses.dataclass(frozen=True, eq=False)
class StoredImage:
    """One image as its file holds it.

    Attributes:
      pixels: uint8, int8, uint16 or int16 `[rows, columns]` in native byte
        order; may be a read-only view of the file's bytes, or lie in the
        workspace that they were decoded with. Bits beyond
        `attributes.bits_stored` are as they were found.
      attributes: What the values mean.
      header: What the scan records.
      remarks: Codes of `remarks.REMARKS` that only decoding tells.
      detail: What a remark found, or None.
    """

    pixels: np.ndarray
    attributes: ImageAttributes
    header: dicom.Header
    remarks: tuple[str, ...] = ()
    detail: str | None = None


def decode(data: Buffer, max_image_bytes: int,
           recipe: Recipe = Recipe(),
           workspace: Workspace | None = None) -> StoredImage:
    """Decodes a mammogram.

    Args:
      data: A whole file, without gzip around it.
      max_image_bytes: Bytes that the pixels of a frame may take.
      recipe: What becomes of several frames, and of pixels that are not in
        the transfer syntax that their header states.
      workspace: Where pixels may be put, to stay until it is used for the
        next image; None: in memory of their own.

    Raises:
      Rejected: What `parse_header` and `check_mammogram` raise, `truncated`,
        `undecodable` or `corrupt_deflate`.
    """
    elements = _elements(data)
    header = dicom.header_of(elements)
    acceptance.check_mammogram(header, max_image_bytes, recipe.policy)
    attributes = read_attributes(elements, header.lossy)
    if elements.pixels is None or elements.pixels.tag != PIXEL_DATA:
        raise Rejected("no_pixel_data", "(7FE0,0010) Pixel Data is absent")
    frame = Frame(attributes.rows, attributes.columns,
                  attributes.bits_allocated // 8, attributes.signed)
    if elements.body is not None and (
            frame.size * header.frames > max_image_bytes):
        raise Rejected("over_limit", f"{header.frames} deflated frames of "
                       f"{frame.size} bytes, the limit of all is "
                       f"{max_image_bytes}")
    frames = Frames(data, elements, frame, header.frames, workspace,
                    recipe.j2k)
    if header.frames == 1:
        return _stored(frames.decode(0, recipe.lenient), attributes, header)
    return _projected(frames, elements, header, recipe)


def _projected(frames: Frames, elements: Elements, header: dicom.Header,
               recipe: Recipe) -> StoredImage:
    """One image of several frames, of which one at a time is unpacked."""
    headers = projection.frame_elements(elements, header.frames)

    def stored(index: int) -> StoredImage:
        attributes = read_attributes(headers(index), header.lossy)
        return _stored(frames.decode(index, recipe.lenient), attributes,
                       header)

    image = stored(projection.middle(
        projection.frame_order(elements, header.frames)))
    if recipe.tomosynthesis == "middle":
        return image
    found, maximum = set(image.remarks), projection.MaximumIntensity(recipe)
    for index in range(header.frames):
        one = stored(index)
        found |= set(one.remarks)
        maximum.add(one.pixels, one.attributes)
    levels, attributes = maximum.image(image.attributes)
    return dataclasses.replace(image, pixels=levels, attributes=attributes,
                               remarks=remarks.ordered(found))


def _stored(decoded: Decoded, attributes: ImageAttributes,
            header: dicom.Header) -> StoredImage:
    """A decoded frame, with what it shows of itself taken for true."""
    found, detail = [], None
    bits = _stored_bits(decoded, attributes)
    if bits != attributes.bits_stored:
        found.append("stream_bits")
        detail = (f"{bits} bits in the stream, (0028,0101) Bits Stored is "
                  f"{attributes.bits_stored}")
        attributes = dataclasses.replace(attributes, bits_stored=bits,
                                         high_bit=bits - 1)
    if decoded.transfer_syntax != header.transfer_syntax:
        found.append("other_transfer_syntax")
        detail = (f"decoded by transfer syntax {decoded.transfer_syntax}, "
                  f"(0002,0010) is {header.transfer_syntax}")
    return StoredImage(decoded.pixels, attributes, header,
                       remarks.ordered(found), detail)


def _stored_bits(decoded: Decoded, attributes: ImageAttributes) -> int:
    """Bits Stored, or those of the stream where it shows that to be wrong.

    Fewer bits in the stream are all that there are. More are what some
    encoders write of any image, and count only where values need them.
    """
    stated, precision = attributes.bits_stored, decoded.precision
    if precision is None or attributes.high_bit != stated - 1:
        return stated
    if precision <= stated:
        return precision
    # Negative values may have lost their sign's extension.
    fits = decoded.pixels.max() < 1 << stated and (
        not attributes.signed or decoded.pixels.min() >= -1 << stated - 1)
    return stated if fits else precision


def _elements(data: Buffer) -> Elements:
    """The elements up to the pixels, copying as little as needed."""
    size = _FIRST_PREFIX_BYTES
    while size < len(data):
        elements = read_elements(bytes(data[:size]), False, dicom.TAGS)
        if elements is not None:
            return elements
        size *= _PREFIX_GROWTH
    elements = read_elements(data, True, dicom.TAGS)
    if elements is None:
        raise Rejected("truncated", "the file ends before its pixels")
    return elements
