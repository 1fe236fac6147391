"""Where what a network sees lies in the image that a file holds."""

import dataclasses

from pipelines.geometry import Box, Size


@dataclasses.dataclass(frozen=True)
class Placement:
    """Where a network's input lies in the original image.

    Attributes:
      original: Size of the image as its file has it.
      network: Size of the network's input.
      crop: What of the original the input shows.
      scale_x: Original pixels per pixel of the input, across.
      scale_y: Likewise, down.
      flipped: Whether the input is mirrored.
    """

    original: Size
    network: Size
    crop: Box
    scale_x: float
    scale_y: float
    flipped: bool
