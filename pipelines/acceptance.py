"""Which files are let through, by their headers and the user's policies."""

from pipelines import decoders
from pipelines import dicom_elements
from pipelines import kinds
from pipelines.header import Header
from pipelines.reasons import Rejected
from pipelines.recipe import Policy

_SUPPORTED = frozenset((*dicom_elements.NATIVE, *decoders.DECODERS))
# Mammography images (PS3.6, A), and the intent that their class implies.
MAMMOGRAPHY_CLASSES = {
    "1.2.840.10008.5.1.4.1.1.1.2": "FOR PRESENTATION",
    "1.2.840.10008.5.1.4.1.1.1.2.1": "FOR PROCESSING",
    "1.2.840.10008.5.1.4.1.1.13.1.3": None,  # breast tomosynthesis
    "1.2.840.10008.5.1.4.1.1.13.1.4": "FOR PRESENTATION",  # projections
    "1.2.840.10008.5.1.4.1.1.13.1.5": "FOR PROCESSING",
}


def check_mammogram(header: Header, max_image_bytes: int,
                    policy: Policy = Policy()) -> None:
    """Lets a file through that is a mammogram and can become a record.

    Args:
      header: Its header.
      max_image_bytes: Bytes that the unpacked pixels of a frame may take.
      policy: What the user allows.

    Raises:
      Rejected: `not_a_mammogram`, `no_pixel_data`, `multi_frame`, `colour`,
        `unsupported_bits`, `unsupported_transfer_syntax`,
        `no_sop_instance_uid`, `bad_header` or `over_limit`: the first that is
        true, so that what a file is comes before what ails it.
    """
    if (header.modality != "MG"
            and header.sop_class_uid not in MAMMOGRAPHY_CLASSES):
        raise Rejected("not_a_mammogram", f"modality {header.modality}, SOP "
                       f"class {header.sop_class_uid}")
    if not header.has_pixels:
        raise Rejected("no_pixel_data", f"SOP class {header.sop_class_uid}")
    if header.frames > 1 and policy.tomosynthesis == "skip":
        raise Rejected("multi_frame", f"{header.frames} frames")
    if header.frames > 1 and header.image_kind == kinds.PROJECTION:
        raise Rejected("multi_frame", f"{header.frames} raw projections, "
                       "which are no slices of a breast")
    if header.samples_per_pixel != 1 or header.photometric not in (
            None, "MONOCHROME1", "MONOCHROME2"):
        raise Rejected("colour", f"{header.samples_per_pixel} samples per "
                       f"pixel, {header.photometric}")
    _check_pixels(header, policy)
    _check_size(header, max_image_bytes)


def _check_pixels(header: Header, policy: Policy) -> None:
    allocated, stored = header.bits_allocated, header.bits_stored
    if header.float_pixels:
        raise Rejected("unsupported_bits", "floating point pixels")
    if allocated not in (8, 16) or stored is None or stored > allocated:
        raise Rejected("unsupported_bits", f"{allocated} bits allocated, "
                       f"{stored} stored; expected 8 or 16, and no more "
                       "stored than allocated")
    if header.transfer_syntax not in _SUPPORTED and not policy.lenient:
        raise Rejected("unsupported_transfer_syntax", header.transfer_syntax)
    if not header.sop_instance_uid:
        raise Rejected("no_sop_instance_uid", "(0008,0018) is absent or empty")
    if header.photometric is None:
        raise Rejected("bad_header", "(0028,0004) Photometric Interpretation "
                       "is absent: nothing says whether 0 is black")


def _check_size(header: Header, max_image_bytes: int) -> None:
    if not header.rows or not header.columns:
        raise Rejected("bad_header", f"(0028,0010) Rows is {header.rows}, "
                       f"(0028,0011) Columns is {header.columns}")
    image_bytes = header.rows * header.columns * (
        (header.bits_allocated or 16) // 8)
    if image_bytes > max_image_bytes:
        raise Rejected("over_limit", f"{header.rows} rows of {header.columns} "
                       f"pixels are {image_bytes} bytes, the limit is "
                       f"{max_image_bytes}")
