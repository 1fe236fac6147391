"""Why an image is not in the records: every reason, what it means, what to do.

One table, from which the end-of-build report and BUILD.md derive. A reason is
a short code in the `reason` column; what was found in that one file stands in
`detail`, which never holds anything personal.
"""

import dataclasses
import enum


class Status(enum.StrEnum):
    """What became of a matched file."""

    WRITTEN = "written"
    PLANNED = "planned"
    UNLABELLED = "unlabelled"
    EXCLUDED = "excluded"
    REJECTED = "rejected"


@dataclasses.dataclass(frozen=True)
class Reason:
    """One code of the `reason` column.

    Attributes:
      status: The status that goes with it.
      meaning: What was found.
      remedy: What a person can do about it.
      counts: Whether it counts towards `--max_rejects`.
    """

    status: Status
    meaning: str
    remedy: str
    counts: bool = True


def _rejected(meaning: str, remedy: str, counts: bool = True) -> Reason:
    return Reason(Status.REJECTED, meaning, remedy, counts)


def _unlabelled(meaning: str, remedy: str) -> Reason:
    return Reason(Status.UNLABELLED, meaning, remedy, counts=False)


def _excluded(meaning: str, remedy: str) -> Reason:
    return Reason(Status.EXCLUDED, meaning, remedy, counts=False)


REASONS: dict[str, Reason] = {
    "not_dicom": _rejected(
        "not a DICOM file", "nothing, or move it out of --dicoms",
        counts=False),
    "empty_file": _rejected("zero bytes", "copy the file again"),
    "unreadable": _rejected(
        "the file system refused to read it", "check permissions and disk"),
    "dangling_link": _rejected(
        "a symbolic link to nothing", "mount or copy what it points to"),
    "not_a_file": _rejected(
        "a pipe, socket or device", "move it out of --dicoms",
        counts=False),
    "bad_header": _rejected(
        "the DICOM header cannot be parsed", "copy or export it again"),
    "header_too_long": _rejected(
        "no pixel data within the limit of a header",
        "raise --max_header_bytes"),
    "corrupt_gzip": _rejected(
        "the gzip stream is damaged", "copy or compress it again"),
    "corrupt_deflate": _rejected(
        "the deflated data set is damaged", "export it again"),
    "truncated": _rejected(
        "the file ends before its pixels do", "copy the file again"),
    "over_limit": _rejected(
        "larger than --max_image_bytes when unpacked",
        "raise the limit if the file is sound"),
    "not_a_mammogram": _rejected(
        "neither modality MG nor a mammography SOP class",
        "nothing, or narrow --dicoms"),
    "no_pixel_data": _rejected("there is no image in it", "nothing"),
    "multi_frame": _rejected(
        "several frames (tomosynthesis)",
        "--tomosynthesis=middle or mip, or export 2-D views"),
    "colour": _rejected(
        "several samples per pixel (a screen capture)", "nothing"),
    "unsupported_bits": _rejected(
        "neither 8 nor 16 bits allocated", "export it again"),
    "unsupported_transfer_syntax": _rejected(
        "no decoder for its transfer syntax", "transcode it, or --lenient"),
    "no_sop_instance_uid": _rejected(
        "no SOP Instance UID", "export it again"),
    "duplicate_identical": _rejected(
        "the same bytes as another file, which is kept", "nothing",
        counts=False),
    "duplicate_different": _rejected(
        "its SOP Instance UID is another file's, with other bytes",
        "find out which is right and remove the other"),
    "undecodable": _rejected(
        "the pixels cannot be decoded", "export it again, or --lenient"),
    "no_breast_found": _rejected(
        "nothing in it looks like a breast",
        "look at it with tools/show_records.py"),
    "no_pixel_spacing": _rejected(
        "no pixel spacing, which --resample=spacing needs",
        "--resample=factor:8 or fit"),
    "changed_since_scan": _rejected(
        "the file changed while the build ran", "run the build again"),
    "internal_error": _rejected(
        "Mammoflow failed on it", "report it with the detail"),
    "no_diagnosis": _unlabelled(
        "the label table has no diagnosis for it", "check the table"),
    "superseded": _unlabelled(
        "a later visit took the diagnosis", "nothing"),
    "no_patient_id": _unlabelled(
        "the header has no PatientID", "complete the header"),
    "no_laterality": _unlabelled(
        "the header does not say which side", "complete the header"),
    "no_study_date": _unlabelled(
        "the header has no usable StudyDate", "complete the header"),
    "contradicting_diagnosis": _unlabelled(
        "the label table contradicts itself for it", "mend the table"),
    "ambiguous_image": _unlabelled(
        "its row of the label table fits other files as well",
        "leave one of them in --dicoms, or name paths in the table"),
    "not_whole_image": _excluded(
        "a crop or a mask, as its PatientID says",
        "nothing, crops and masks are not mammograms"),
    "interval_cancer": _excluded(
        "a cancer that was not referred", "--keep_interval_cancers"),
    "implant": _excluded(
        "a breast implant, or a view with it displaced",
        "--noexclude_implants"),
    "other_kind": _excluded(
        "an image of a kind that --image_kinds leaves out (a specimen, a "
        "phantom, ...)", "add it to --image_kinds"),
    "unknown_view": _excluded(
        "the header does not say which view", "complete the header"),
    "other_view": _excluded(
        "a view that --views leaves out", "add it to --views"),
    "spot_or_magnification": _excluded(
        "a spot compression or a magnified view", "--keep_spot_views"),
    "special_view": _excluded(
        "a cleavage, axillary tail, tangential or rolled view, as its "
        "modifier says", "--keep_special_views"),
    "for_processing": _excluded(
        "raw detector values, not meant for viewing",
        "--keep_for_processing"),
}


def markdown() -> str:
    """The reasons as BUILD.md shows them."""
    lines = ["| status | reason | what was found | what to do |",
             "| --- | --- | --- | --- |"]
    for name, reason in REASONS.items():
        rejected = reason.status is Status.REJECTED
        mark = "" if reason.counts or not rejected else " *"
        lines.append(f"| {reason.status} | `{name}`{mark} | "
                     f"{reason.meaning} | {reason.remedy} |")
    return "\n".join(lines)


class Rejected(Exception):
    """A file cannot become a record, for one of `REASONS`.

    Attributes:
      reason: The code.
      detail: What was found and what was expected, nothing personal.
    """

    def __init__(self, reason: str, detail: str = ""):
        if reason not in REASONS:
            raise ValueError(f"unknown reason {reason!r}")
        super().__init__(reason, detail)
        self.reason = reason
        self.detail = detail

    def __str__(self) -> str:
        return f"{self.reason}: {self.detail}" if self.detail else self.reason
