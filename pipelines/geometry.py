"""Sizes, boxes and variants, as flags spell them.

Sizes are `WIDTHxHEIGHT` in flags and names (`416x512`) and
`[height, width, 1]` in tensors. Boxes are in pixels, origin at the top left.
"""

import dataclasses
import re

_SIZE = re.compile(r"([1-9][0-9]{0,4})x([1-9][0-9]{0,4})")
METHODS = ("resize", "crop")
_LARGEST_FACTOR = 64
_SPACINGS_MM = (0.01, 10.0)


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


@dataclasses.dataclass(frozen=True, order=True)
class Resample:
    """How large the pixels of `resize` are.

    >>> Resample.parse("spacing:0.56")
    Resample(method='spacing', value=0.56)
    >>> str(Resample.parse("factor:8")), str(Resample.parse("fit"))
    ('factor:8', 'fit')

    Attributes:
      method: `factor`: so many original pixels across and down; `spacing`:
        so many mm in the breast; `fit`: as large as the target allows.
      value: The factor or the mm, None for `fit`.
    """

    method: str
    value: float | None = None

    def __post_init__(self):
        value = self.value
        if self.method == "fit":
            right = value is None
        elif self.method == "factor":
            right = value in range(1, _LARGEST_FACTOR + 1)
        else:
            least, most = _SPACINGS_MM
            right = (self.method == "spacing" and value is not None
                     and least <= value <= most)
        if not right:
            raise ValueError(
                f"resampling {self} is not factor:N (whole, 1 to "
                f"{_LARGEST_FACTOR}), spacing:MM ({_SPACINGS_MM[0]} to "
                f"{_SPACINGS_MM[1]:g}) or fit, as in factor:8 or spacing:0.56")

    @classmethod
    def parse(cls, text: str) -> "Resample":
        """Reads `METHOD:VALUE` or `fit`; raises ValueError for others."""
        method, colon, value = text.strip().partition(":")
        try:
            return cls(method, float(value) if colon else None)
        except ValueError as error:
            if "resampling" in str(error):
                raise
            raise ValueError(f"resampling {text!r} is neither factor:N, "
                             "spacing:MM nor fit, as in factor:8 or "
                             "spacing:0.56") from None

    def __str__(self) -> str:
        return (self.method if self.value is None
                else f"{self.method}:{self.value:g}")
