"""Frames to compressed streams, one function a transfer syntax.

Frames are `[rows, columns]` or `[rows, columns, 3]`, uint8, int8, uint16 or
int16; signed ones are compressed as the unsigned numbers of the same bits,
except by JPEG 2000, whose streams know a sign. Every stream below was read
back by a decoder of another family than its encoder's (libjpeg, OpenJPEG).

JPEG-LS streams declare a precision of 8 or 16 bits whatever is stored, as
does HTJ2K: their encoders offer no other, and DICOM (PS3.5, 8.2) leaves the
meaning of the bits to the header.
"""

import dataclasses
from collections.abc import Callable

import numpy as np

# Allowed difference of a grey value in near-lossless JPEG-LS.
NEAR = 2
_JPEG_QUALITY = 95
_J2K_QUALITY_DB = 60
_HTJ2K_STEP = 1 / 1024


def gzip_member(data: bytes) -> bytes:
    """One gzip member, the same bytes at any time (RFC 1952, no MTIME)."""
    import imagecodecs

    return bytes(imagecodecs.gzip_encode(data, 1))


def _unsigned(frame: np.ndarray, bits: int) -> np.ndarray:
    """The same bits as unsigned numbers, those beyond `bits` cleared."""
    unsigned = np.ascontiguousarray(frame).view(f"u{frame.itemsize}")
    if frame.dtype.kind == "i" and bits < 8 * frame.itemsize:
        return unsigned & unsigned.dtype.type((1 << bits) - 1)
    return unsigned


def _little_endian(frame: np.ndarray, bits: int) -> bytes:
    del bits
    return frame.astype(frame.dtype.newbyteorder("<"), copy=False).tobytes()


def _big_endian(frame: np.ndarray, bits: int) -> bytes:
    del bits
    return frame.astype(frame.dtype.newbyteorder(">"), copy=False).tobytes()


def _rle(frame: np.ndarray, bits: int) -> bytes:
    import rle  # its import costs more than a small file

    rows, columns = frame.shape[:2]
    samples = frame.shape[2] if frame.ndim == 3 else 1
    return bytes(rle.rle.encode_frame(
        _little_endian(frame, bits), rows, columns, samples,
        8 * frame.itemsize, "<"))


def _jpeg_lossless(predictor: int) -> Callable[[np.ndarray, int], bytes]:
    def encode(frame: np.ndarray, bits: int) -> bytes:
        import imagecodecs

        return bytes(imagecodecs.jpeg8_encode(
            _unsigned(frame, bits), lossless=True, predictor=predictor,
            bitspersample=8 if frame.itemsize == 1 else bits))

    return encode


def _jpegls(near: int) -> Callable[[np.ndarray, int], bytes]:
    def encode(frame: np.ndarray, bits: int) -> bytes:
        import imagecodecs

        stream = bytes(imagecodecs.jpegls_encode(
            _unsigned(frame, bits), level=near))
        # The SPIFF header before the frame is for files, not for DICOM.
        return stream[:2] + stream[stream.index(b"\xff\xf7"):]

    return encode


def _jpeg2000(reversible: bool) -> Callable[[np.ndarray, int], bytes]:
    def encode(frame: np.ndarray, bits: int) -> bytes:
        import imagecodecs

        # The encoder loses the sign where it is told the precision.
        precision = None if frame.dtype.kind == "i" else bits
        return bytes(imagecodecs.jpeg2k_encode(
            np.ascontiguousarray(frame), codecformat="J2K",
            level=None if reversible else _J2K_QUALITY_DB,
            bitspersample=precision, reversible=reversible, numthreads=1))

    return encode


def _htj2k(reversible: bool, tlm: bool) -> Callable[[np.ndarray, int], bytes]:
    def encode(frame: np.ndarray, bits: int) -> bytes:
        import imagecodecs

        # The encoder's step is a share of the type's range.
        step = _HTJ2K_STEP * 2.0**(bits - 8 * frame.itemsize)
        return bytes(imagecodecs.htj2k_encode(
            np.ascontiguousarray(frame), reversible=reversible, tlm=tlm,
            level=None if reversible else step))

    return encode


def _jpeg(frame: np.ndarray, bits: int) -> bytes:
    import imagecodecs

    return bytes(imagecodecs.jpeg8_encode(
        _unsigned(frame, bits), _JPEG_QUALITY,
        bitspersample=8 if frame.itemsize == 1 else 12))


@dataclasses.dataclass(frozen=True)
class TransferSyntax:
    """How pixels lie in a file.

    Attributes:
      name: What flags call it.
      uid: Its UID (PS3.6, A).
      encode: `(frame, bits stored)` to the frame's bytes.
      encapsulated: Whether pixels are a sequence of items (PS3.5, A.4).
      lossy: Whether values change on the way.
      max_bits: The most bits stored that its stream holds.
    """

    name: str
    uid: str
    encode: Callable[[np.ndarray, int], bytes]
    encapsulated: bool = True
    lossy: bool = False
    max_bits: int = 16

    @property
    def implicit_vr(self) -> bool:
        return self.uid == "1.2.840.10008.1.2"

    @property
    def little_endian(self) -> bool:
        return self.uid != "1.2.840.10008.1.2.2"

    @property
    def deflated(self) -> bool:
        return self.uid == "1.2.840.10008.1.2.1.99"


def _table() -> dict[str, TransferSyntax]:
    root = "1.2.840.10008.1.2"
    raw, jpeg = {"encapsulated": False}, f"{root}.4."
    lossy = {"lossy": True}
    syntaxes = (
        TransferSyntax("implicit", root, _little_endian, **raw),
        TransferSyntax("explicit", f"{root}.1", _little_endian, **raw),
        TransferSyntax("big_endian", f"{root}.2", _big_endian, **raw),
        TransferSyntax("deflated", f"{root}.1.99", _little_endian, **raw),
        TransferSyntax("rle", f"{root}.5", _rle),
        TransferSyntax("jpeg_lossless", jpeg + "57", _jpeg_lossless(4)),
        TransferSyntax("jpeg_lossless_sv1", jpeg + "70", _jpeg_lossless(1)),
        TransferSyntax("jpegls", jpeg + "80", _jpegls(0)),
        TransferSyntax("jpegls_near", jpeg + "81", _jpegls(NEAR), **lossy),
        TransferSyntax("j2k", jpeg + "90", _jpeg2000(True)),
        TransferSyntax("j2k_lossy", jpeg + "91", _jpeg2000(False), **lossy),
        TransferSyntax("htj2k", jpeg + "201", _htj2k(True, False)),
        # OpenJPH's order is RPCL; .202 asks for TLM markers besides.
        TransferSyntax("htj2k_rpcl", jpeg + "202", _htj2k(True, True)),
        TransferSyntax(
            "htj2k_lossy", jpeg + "203", _htj2k(False, False), **lossy),
        TransferSyntax("jpeg_baseline", jpeg + "50", _jpeg, max_bits=8,
                       **lossy),
        TransferSyntax("jpeg_extended", jpeg + "51", _jpeg, max_bits=12,
                       **lossy),
    )
    return {syntax.name: syntax for syntax in syntaxes}


TRANSFER_SYNTAXES = _table()
LOSSLESS = tuple(
    name for name, syntax in TRANSFER_SYNTAXES.items() if not syntax.lossy)


def transfer_syntax(name_or_uid: str) -> TransferSyntax:
    """The syntax of that name or UID; ValueError for an unknown one."""
    for syntax in TRANSFER_SYNTAXES.values():
        if name_or_uid in (syntax.name, syntax.uid):
            return syntax
    raise ValueError(f"no encoder for transfer syntax {name_or_uid!r}; there "
                     f"are {', '.join(TRANSFER_SYNTAXES)}")
