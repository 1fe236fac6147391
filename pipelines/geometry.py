"""Sizes, boxes and variants, as flags spell them.

Sizes are `WIDTHxHEIGHT` in flags and names (`416x512`) and
`[height, width, 1]` in tensors. Boxes are in pixels, origin at the top left.
"""

import dataclasses
import re

_SIZE = re.compile(r"([1-9][0-9]{0,4})x([1-9][0-9]{0,4})")
METHODS = ("resize", "crop")


@dataclasses.dataclass(frozen=True, order=True)
class Size:
    """A width and a height in pixels.

    >>> Size.parse("416x512")
    Size(width=416, height=512)
    >>> str(Size(416, 512)), Size(416, 512).shape
    ('416x512', (512, 416, 1))
    """

    width: int
    height: int

    @classmethod
    def parse(cls, text: str) -> "Size":
        """Reads `WIDTHxHEIGHT`; raises ValueError for anything else."""
        match = _SIZE.fullmatch(text.strip())
        if not match:
            raise ValueError(
                f"size {text!r} is not WIDTHxHEIGHT in pixels, as in 416x512")
        return cls(int(match[1]), int(match[2]))

    @property
    def shape(self) -> tuple[int, int, int]:
        """The tensor shape, `(height, width, 1)`."""
        return self.height, self.width, 1

    def __str__(self) -> str:
        return f"{self.width}x{self.height}"


@dataclasses.dataclass(frozen=True)
class Box:
    """A rectangle in pixels, half open at its right and bottom.

    >>> Box(10, 20, 30, 40).scaled(8)
    Box(left=80, top=160, width=240, height=320)
    """

    left: int
    top: int
    width: int
    height: int

    @property
    def right(self) -> int:
        return self.left + self.width

    @property
    def bottom(self) -> int:
        return self.top + self.height

    def scaled(self, factor: int) -> "Box":
        """The same rectangle on a copy `factor` times as large."""
        return Box(self.left * factor, self.top * factor, self.width * factor,
                   self.height * factor)

    def clipped(self, width: int, height: int) -> "Box":
        """The part of the rectangle that lies in `[0, width) x [0, height)`."""
        left, top = max(0, self.left), max(0, self.top)
        return Box(left, top,
                   max(0, min(width, self.right) - left),
                   max(0, min(height, self.bottom) - top))

    def mirrored(self, width: int) -> "Box":
        """The rectangle in an image of that width flipped left to right."""
        return Box(width - self.right, self.top, self.width, self.height)


@dataclasses.dataclass(frozen=True, order=True)
class Variant:
    """One way to bring an image to a network's input size.

    >>> Variant.parse("resize:416x512").folder
    'resize-416x512'
    """

    method: str
    size: Size

    def __post_init__(self):
        if self.method not in METHODS:
            raise ValueError(f"variant method {self.method!r} is none of "
                             f"{', '.join(METHODS)}")

    @classmethod
    def parse(cls, text: str) -> "Variant":
        """Reads `METHOD:WIDTHxHEIGHT`; raises ValueError for anything else."""
        method, colon, size = text.strip().partition(":")
        if not colon:
            raise ValueError(f"variant {text!r} is not METHOD:WIDTHxHEIGHT, "
                             "as in resize:416x512 or crop:224x224")
        return cls(method, Size.parse(size))

    @property
    def folder(self) -> str:
        """Name of the variant's folder in a data set."""
        return f"{self.method}-{self.size}"

    def __str__(self) -> str:
        return f"{self.method}:{self.size}"
