"""What the scan knows of one file: its header, read without its pixels."""

import dataclasses
import functools
import hashlib
import os
from typing import Any

from pipelines import compression
from pipelines import dicom
from pipelines import files
from pipelines import matching
from pipelines import privacy
from pipelines import reasons
from pipelines import recipe as recipes
from pipelines import schema
from pipelines.workspace import Workspace

# Pixels start at 570 to 32,872 bytes in every real mammogram met.
PREFIX_BYTES = 64 << 10
_GROWTH = 8

# What may be otherwise at the next build though the file is unchanged.
TRANSIENT = ("unreadable", "dangling_link", "internal_error")


@dataclasses.dataclass(frozen=True)
class Limits:
    """How much of one file is ever held in memory.

    Attributes:
      max_header_bytes: Where the search for the pixel data ends.
      max_image_bytes: Of an image, and of a whole file, unpacked.
    """

    max_header_bytes: int = 32 << 20
    max_image_bytes: int = 256 << 20

    def __post_init__(self):
        for field in dataclasses.fields(self):
            if getattr(self, field.name) < PREFIX_BYTES:
                raise ValueError(
                    f"--{field.name}={getattr(self, field.name)} is less "
                    f"than {PREFIX_BYTES}, the least that is read of a file")

    @property
    def max_file_bytes(self) -> int:
        """Of a whole file, unpacked: its header and its image."""
        return self.max_header_bytes + self.max_image_bytes


def scan_row(file: matching.MatchedFile, limits: Limits,
             pseudonyms: privacy.Pseudonyms,
             policy: recipes.Policy = recipes.Policy()) -> dict[str, Any]:
    """One row of the table `scan`; never raises for what a file holds.

    Args:
      file: The matched file.
      limits: How much of it is read.
      pseudonyms: How its patient ID and path are written.
      policy: Which files are let through that are no plain images.

    Returns:
      Values by the names of `schema.SCAN`.

    Raises:
      Unavailable: No file of its store can be read.
    """
    row: dict[str, Any] = dict.fromkeys(
        field.name for field in schema.fields(schema.SCAN))
    row.update(file_bytes=file.size, file_version=file.version,
               file_key=pseudonyms.path_key(file.path))
    patient_id = None
    try:
        header = read_header(file, limits)
        patient_id = header.patient_id
        row.update((name, list(value) if isinstance(value, tuple) else value)
                   for name, value in dataclasses.asdict(header).items()
                   if name in row)
        row["patient_age"] = pseudonyms.age(header.patient_age)
        dicom.check_mammogram(header, limits.max_image_bytes, policy)
    except files.Unavailable:
        raise  # It is not this file's fault.
    except Exception as error:  # One exception would end the whole build.
        row.update(rejection(error))
    row["patient_id"] = patient_id and pseudonyms.patient(patient_id)
    row["file"] = pseudonyms.path(file.path, patient_id)
    return row


def read_header(file: matching.MatchedFile,
                limits: Limits) -> dicom.Header:
    """Reads the header from a prefix that grows until it holds all of it.

    Too short a prefix is silent, its tags are simply missing: a header counts
    only if parsing reached the pixel data or the end of the file.

    Raises:
      Rejected: There is no header to be had.
      OSError: The file cannot be read.
    """
    if file.problem:
        raise reasons.Rejected(file.problem)
    length = PREFIX_BYTES
    while True:
        prefix = files.read(file.path, length)
        complete = len(prefix) < length or length >= file.size
        if compression.is_gzip(prefix):
            prefix = compression.inflate_prefix(prefix, length)
            complete = complete and len(prefix) < length
        header = dicom.parse_header(prefix, complete)
        if header:
            return header
        if length >= limits.max_header_bytes:
            raise reasons.Rejected(
                "header_too_long",
                f"no pixel data in the first {length} bytes")
        length = min(length * _GROWTH, limits.max_header_bytes)


def read_whole(path: str, limits: Limits,
               workspace: Workspace | None = None) -> bytes | memoryview:
    """A whole file, inflated if it is gzipped.

    Args:
      path: Of the file.
      limits: How much of it is held.
      workspace: Where it may be put, to stay until that is used again.

    Raises:
      Rejected: It is damaged or over the limit.
      OSError: It cannot be read.
    """
    packed: bytes | memoryview
    if workspace and files.is_local(path):
        packed = files.read_into(path, limits.max_file_bytes + 1,
                                 functools.partial(workspace.room, "packed"))
    else:
        packed = read_packed(path, limits)
    return unpack(packed, limits, workspace)


def read_packed(path: str, limits: Limits) -> bytes:
    """A whole file as it is, or one byte more than the limit."""
    return files.read(path, limits.max_file_bytes + 1)


def unpack(data: bytes | memoryview, limits: Limits,
           workspace: Workspace | None = None) -> bytes | memoryview:
    """What `read_packed` gave, as `read_whole` has it."""
    if len(data) > limits.max_file_bytes:
        raise reasons.Rejected(
            "over_limit", f"the file is over {limits.max_file_bytes} bytes")
    return compression.inflate(data, limits.max_file_bytes, workspace)


def rejection(error: Exception) -> dict[str, str]:
    """Status, reason and detail for what went wrong with one file.

    Of an unexpected error only the type is told: its text could hold what the
    header holds.
    """
    if isinstance(error, reasons.Rejected):
        reason, detail = error.reason, error.detail
    elif isinstance(error, OSError):
        reason = "unreadable"
        detail = os.strerror(error.errno) if error.errno else "read error"
    else:
        reason, detail = "internal_error", _where(error)
    return {"status": reasons.Status.REJECTED.value, "reason": reason,
            "detail": detail}


def _where(error: Exception) -> str:
    trace = error.__traceback__
    while trace and trace.tb_next:
        trace = trace.tb_next
    code = trace.tb_frame.f_code if trace else None
    place = (f" in {os.path.basename(code.co_filename)}:{trace.tb_lineno}"
             if trace and code else "")
    return f"{type(error).__name__}{place}"


def content_row(file: matching.MatchedFile,
                limits: Limits) -> dict[str, str | None]:
    """The sha256 of a file's inflated bytes, None where they cannot be read.
    """
    try:
        data = read_whole(file.path, limits)
    except files.Unavailable:
        raise
    except (reasons.Rejected, OSError):
        return {"content": None}
    return {"content": hashlib.sha256(data).hexdigest()}
