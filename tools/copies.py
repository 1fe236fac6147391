"""Many files of few images: copies of a cohort's, each an image of its own."""

import pathlib

from pipelines import compression
from pipelines import dicom
from tools.cohort import encoders

_MAX_BYTES = 1 << 30
_PREFIX_BYTES = 64 << 10


def multiply(folder: pathlib.Path, wanted: int) -> list[pathlib.Path]:
    """Copies a cohort's files until there are so many.

    A copy differs in the last digits of its SOP Instance UID, changed in
    place: no pixel is encoded again, but a gzipped file is packed again. Where
    the UID itself is compressed (deflated) no copies are made.

    Returns:
      All files.
    """
    files = sorted(path for path in (folder / "dicoms").rglob("*.dcm*")
                   if path.is_file())
    made = list(files)
    for number in range(len(files), wanted):
        source = files[number % len(files)]
        packed = source.read_bytes()
        data = bytes(compression.inflate(packed, _MAX_BYTES))
        copy = renumbered(data, number)
        if copy is None:
            break
        if compression.is_gzip(packed):
            copy = encoders.gzip_member(copy)
        name, dot, suffix = source.name.partition(".")
        made.append(source.with_name(f"{name}-{number}{dot}{suffix}"))
        made[-1].write_bytes(copy)
    return made


def renumbered(data: bytes, number: int) -> bytes | None:
    """A file with another SOP Instance UID of the same length.

    Returns None where the data set does not have it in plain bytes.
    """
    header = dicom.parse_header(data, complete=True)
    assert header and header.sop_instance_uid
    uid = header.sop_instance_uid.encode()
    # Once in the file's meta information, once in its data set.
    if data[:_PREFIX_BYTES].count(uid) < 2:
        return None
    other = uid[:-6] + b"%06d" % number
    return data[:_PREFIX_BYTES].replace(uid, other) + data[_PREFIX_BYTES:]
