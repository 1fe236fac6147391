"""What is odd about an image that is used all the same: every remark.

One table, from which the end-of-build report and BUILD.md derive. A remark is
a short code in the list `remarks` of an image's row: what its header lacks or
contradicts, and which reading of it was taken. Nothing is rejected for one.
"""

from collections.abc import Iterable

REMARKS: dict[str, str] = {
    "laterality_contradicted":
        "the header names both sides in different places; the first place "
        "counts (laterality_source)",
    "view_contradicted":
        "the header names different views in different places; the first "
        "place counts (view_source)",
    "intent_contradicted":
        "the presentation intent is not that of the SOP class; the intent "
        "counts",
    "polarity_contradicted":
        "PresentationLUTShape contradicts PhotometricInterpretation, which "
        "counts",
    "frames_malformed":
        "NumberOfFrames is no number; taken as 1",
    "bits_misplaced":
        "HighBit is not BitsStored - 1; the bits are taken from where it says",
    "rescale_malformed":
        "a rescale that is no number, or a modality LUT that does not fill "
        "its descriptor: left out",
    "window_malformed":
        "a window that is no number or has a width below the standard's "
        "least; left out",
    "voi_lut_malformed":
        "a VOI LUT that does not fill its descriptor, or none where its "
        "sequence is: left out; or with more bits than it says: taken",
    "voi_function_unknown":
        "a VOILUTFunction that there is not; taken as LINEAR",
    "stream_bits":
        "the compressed stream has other bits than BitsStored; those that "
        "hold the values are taken",
    "other_transfer_syntax":
        "the pixels are not in the transfer syntax that the header states "
        "(--lenient; detail tells both)",
    "other_side":
        "the pixels show the other side than laterality; never used for a "
        "label",
}


def ordered(remarks: Iterable[str]) -> tuple[str, ...]:
    """The remarks once each, in the table's order.

    Raises:
      ValueError: One is not in the table.
    """
    found = set(remarks)
    if not found <= set(REMARKS):
        raise ValueError(f"unknown remark {', '.join(found - set(REMARKS))}")
    return tuple(code for code in REMARKS if code in found)


def markdown() -> str:
    """The remarks as BUILD.md shows them."""
    return "\n".join(("| remark | what was found, and what is done |",
                      "| --- | --- |",
                      *(f"| `{code}` | {meaning} |"
                        for code, meaning in REMARKS.items())))
