"""Values of DICOM elements, taken tolerantly from their raw bytes.

A malformed value costs its own column and not the file, and no value ever
reaches a warning or a log.

Tags are numbers, group << 16 | element, as in 0x00100020 for (0010,0020).
"""

import dataclasses
import math
from collections.abc import Iterable

from pydicom import charset
from pydicom.dataelem import DataElement, RawDataElement
from pydicom.dataset import Dataset
from pydicom.values import convert_SQ

UNDEFINED_LENGTH = 0xFFFFFFFF

_CHARACTER_SET = 0x00080005
_MAX_INTEGER = (1 << 31) - 1

Raw = RawDataElement | DataElement


@dataclasses.dataclass(frozen=True)
class PixelElement:
    """Where the pixels lie in the data set's buffer.

    Attributes:
      tag: Of integer, float or double float pixels.
      vr: Two letters, None under implicit VR.
      length: Bytes of the value, or `UNDEFINED_LENGTH` if in items.
      offset: Of the value's first byte, in the file, or for a deflated data
        set in what it inflates to.
    """

    tag: int
    vr: str | None
    length: int
    offset: int


@dataclasses.dataclass(frozen=True)
class Elements:
    """The elements of one data set or of one item of a sequence.

    Attributes:
      raw: What pydicom found, by tag.
      little: Whether numbers are little endian.
      transfer_syntax: UID of what the file is, which may not be what it says.
      pixels: The pixel data element, None if there is none.
      body: Offset in the file of a data set that is deflated, else None.
    """

    raw: dict[int, Raw]
    little: bool = True
    transfer_syntax: str = ""
    pixels: PixelElement | None = None
    body: int | None = None

    def data(self, tag: int) -> bytes:
        """The value's bytes; empty for an absent or empty element."""
        value = getattr(self.raw.get(tag), "value", None)
        return value if isinstance(value, bytes) else b""

    def vr(self, tag: int) -> str | None:
        """The VR as the file states it, None under implicit VR."""
        return getattr(self.raw.get(tag), "VR", None)

    def text(self, tag: int) -> str | None:
        """The text without its padding, None if nothing is left of it."""
        data = self.data(tag)
        if not data:
            return None
        if data.isascii() and b"\x1b" not in data:
            text = data.decode("ascii")
        else:
            text = self._decoded(data)
        return text.strip(" \0\t\r\n") or None

    def _decoded(self, data: bytes) -> str:
        """Text by (0008,0005) *Specific Character Set* (PS3.5, 6.1)."""
        names = self.data(_CHARACTER_SET).decode("latin-1").split("\\")
        try:
            encodings = charset.convert_encodings([n.strip() for n in names])
            text = charset.decode_bytes(data, encodings, {*b"\\\r\n\f"})
        except Exception:  # an unknown or contradicted character set
            text = data.decode("latin-1")
        return text.encode("utf-8", "replace").decode("utf-8")

    def values(self, tag: int) -> tuple[str, ...]:
        """The text's values, which are separated by backslashes."""
        text = self.text(tag)
        return tuple(v.strip(" \0") for v in text.split("\\")) if text else ()

    def word(self, tag: int, signed: bool = False) -> int | None:
        """The first 16-bit number (32-bit, where the VR says so)."""
        data, vr = self.data(tag), self.vr(tag)
        if vr in ("IS", "DS"):
            return self.integer(tag)
        size = 4 if vr in ("UL", "SL") else 2
        if len(data) < size:
            return None
        return int.from_bytes(
            data[:size], "little" if self.little else "big", signed=signed)

    def words(self, tag: int) -> bytes:
        """16-bit numbers, little endian whatever the file is."""
        data = self.data(tag)
        if self.little:
            return data
        swapped = bytearray(len(data) // 2 * 2)
        swapped[::2], swapped[1::2] = data[1::2], data[:len(swapped):2]
        return bytes(swapped)

    def integer(self, tag: int) -> int | None:
        """The first value of an integer string (IS); None if malformed."""
        number = self.number(tag)
        if number is None or abs(number) > _MAX_INTEGER:
            return None
        return int(number)

    def numbers(self, tag: int) -> tuple[float | None, ...]:
        """Decimal strings (DS); None in the place of a malformed one."""
        return tuple(map(_number, self.values(tag)))

    def number(self, tag: int) -> float | None:
        """The first decimal string; None if absent or malformed."""
        return next(iter(self.numbers(tag)), None)

    def items(self, tag: int) -> tuple["Elements", ...]:
        """A sequence's items; none if it is absent or cannot be read."""
        raw = self.raw.get(tag)
        if raw is None:
            return ()
        try:
            return tuple(self._item(item) for item in _sequence(raw))
        except Exception:  # nothing but this sequence is lost
            return ()

    def _item(self, item: Dataset) -> "Elements":
        raw = {int(tag): element for tag, element in item.items()}
        inherited = {tag: self.raw[tag] for tag in (_CHARACTER_SET,)
                     if tag in self.raw}
        little = all(getattr(element, "is_little_endian", True)
                     for element in raw.values())
        return Elements(inherited | raw, little)


def _number(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def _sequence(raw: Raw) -> Iterable[Dataset]:
    if not isinstance(raw, RawDataElement):
        return raw.value or ()
    # A sequence of unknown VR is in implicit little endian (PS3.5, 6.2.2).
    unknown = raw.VR == "UN"
    return convert_SQ(raw.value or b"", raw.is_implicit_VR or unknown,
                      raw.is_little_endian or unknown)
