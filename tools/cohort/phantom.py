"""One mammogram's pixels, like the real thing and like nobody's.

Tissue is made on a grid four times coarser than a full-size detector's and
enlarged, then come calcifications, quantum noise and the scanner's markers.
All in float32; about 0.2 s and 60 MB of buffers for 3328 x 4096 pixels on
one core.
"""

import dataclasses
import functools

import cv2
import numpy as np

from tools.cohort import anatomy, findings

FULL_STEP_MM = 0.07
_COARSE_MM = 4 * FULL_STEP_MM
# Tissue stays below this share of the range: only markers are brightest.
_TISSUE_TOP = 0.95
_NOISE_POOL = 1 << 21
_BLOCK_ROWS = 64


@dataclasses.dataclass(frozen=True)
class Exposure:
    """One picture of a breast.

    Attributes:
      side: 'L' or 'R'; a right breast has its chest wall at the right.
      view: 'CC' or 'MLO'.
      width: Columns of a full-size image: 3328 or 2560.
      height: Rows of a full-size image: 4096 or 3328.
      scale: What both are multiplied by.
      bits: Bits stored.
      marker: Text burned in on the side away from the breast; none if empty.
      marker_grey: Its grey, 1 is the brightest value there is.
      noise: Relative quantum noise.
      air: Grey of the background, fraction of the range; 0 is blank.
      gamma: Exponent of the tone curve.
      gain: Share of the range that the curve reaches; markers have it all.
      seed: Of the noise.
    """

    side: str
    view: str
    width: int = 3328
    height: int = 4096
    scale: float = 1.0
    bits: int = 12
    marker: str = ""
    marker_grey: float = 1.0
    noise: float = 0.018
    air: float = 0.0
    gamma: float = 1.0
    gain: float = 1.0
    seed: int = 0

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels."""
        return (max(8, round(self.width * self.scale)),
                max(8, round(self.height * self.scale)))

    @property
    def step_mm(self) -> float:
        """Millimetres a pixel."""
        return FULL_STEP_MM * self.width / self.size[0]


@functools.lru_cache(maxsize=1)
def _pool() -> np.ndarray:
    """Normal noise, made once a process: slices of it serve all images."""
    return np.random.default_rng(20).standard_normal(
        _NOISE_POOL, dtype=np.float32)


def _expose(image: np.ndarray, exposure: Exposure) -> np.ndarray:
    """Noise, range and rounding: float32 fractions to grey values."""
    rows, columns = image.shape
    rng = np.random.default_rng((exposure.seed, 5))
    top = (1 << exposure.bits) - 1
    grey = np.empty(image.shape, np.uint16 if exposure.bits > 8 else np.uint8)
    # Fewer photons a pixel where pixels are small, so less noise at 1/2.
    noise = exposure.noise * min(1.0, exposure.scale)**0.5
    block_rows = min(_BLOCK_ROWS, max(1, _NOISE_POOL // (2 * columns)))
    for first in range(0, rows, block_rows):
        # Blocks stay in the cache through all these steps.
        block = image[first:first + block_rows]
        start = int(rng.integers(_NOISE_POOL - block.size))
        grain = _pool()[start:start + block.size].reshape(block.shape)
        blank = block < 0.005
        level = block * noise
        level += 0.25 * exposure.air
        level *= grain
        level += block
        level += exposure.air
        np.clip(level, 0, _TISSUE_TOP, out=level)
        if not exposure.air:
            level[blank] = 0
        # Not for nothing: a power of 1 would still cost its time.
        if exposure.gamma != 1:
            np.power(level, exposure.gamma, out=level)
        level *= top * exposure.gain
        np.rint(level, out=level)
        grey[first:first + block_rows] = level
    return grey


def _burn_in(grey: np.ndarray, exposure: Exposure) -> None:
    """Writes the marker into the upper corner away from the chest wall."""
    if not exposure.marker:
        return
    rows, columns = grey.shape
    font = cv2.FONT_HERSHEY_SIMPLEX
    thick = max(1, round(columns / 300))
    wanted = 0.14 * columns
    (unit, _), _ = cv2.getTextSize(exposure.marker, font, 1, 1)
    scale = wanted / unit
    (width, height), _ = cv2.getTextSize(exposure.marker, font, scale, thick)
    margin = round(0.03 * columns)
    left = margin if exposure.side == "R" else columns - margin - width
    value = round(exposure.marker_grey * ((1 << exposure.bits) - 1))
    # OpenCV 5 writes text on 8 bits only, and smooths what is tiny.
    letters = np.zeros((min(rows, 2 * (margin + height)), columns), np.uint8)
    cv2.putText(letters, exposure.marker, (left, margin + height), font,
                scale, (255,), thick, cv2.LINE_8)
    grey[:len(letters)][letters > letters.max() // 2] = value


def render(breast: anatomy.Breast, exposure: Exposure,
           lesions: tuple[findings.Finding, ...] = ()) -> np.ndarray:
    """Draws a mammogram, bright where it is dense.

    Args:
      breast: Whose.
      exposure: How.
      lesions: What is in it.

    Returns:
      uint16 (uint8 up to 8 bits) `[height, width]`, C-contiguous, 0 to
      2^bits - 1.
    """
    width, height = exposure.size
    step = exposure.step_mm
    field = anatomy.Field(width * step, height * step,
                          max(_COARSE_MM, step))
    canvas, distance, shape = anatomy.tissue(breast, exposure.view, field)
    specks = []
    for lesion in lesions:
        centre = findings.position(lesion, exposure.view, shape, distance,
                                   field.step)
        findings.add_mass(canvas, lesion, centre, field)
        specks.append(findings.calcifications(lesion, centre))
    image = cv2.resize(canvas, (width, height), interpolation=cv2.INTER_LINEAR
                       if field.step == step else cv2.INTER_CUBIC)
    for rows in specks:
        findings.add_calcifications(image, rows, step)
    if exposure.side == "R":
        image = cv2.flip(image, 1)
    grey = _expose(image, exposure)
    _burn_in(grey, exposure)
    return grey
