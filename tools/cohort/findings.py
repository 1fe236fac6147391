"""Lesions: what a reader of the phantom looks for.

Positions are of the breast, so that both views show one lesion at one
distance from the nipple. Frames and units as in `anatomy`.
"""

import dataclasses

import cv2
import numpy as np

from tools.cohort.anatomy import Field, Outline

KINDS = ("spiculated_mass", "cluster", "round_mass", "coarse_calcification")
MALIGNANT = KINDS[:2]


@dataclasses.dataclass(frozen=True)
class Finding:
    """One lesion.

    Attributes:
      kind: One of `KINDS`; the first two are cancers.
      depth: Distance from the nipple, 0 to 1 at the chest wall.
      lateral: Offset in CC, -1 to 1.
      vertical: Offset in MLO, -1 to 1.
      size_mm: Diameter of a mass or a cluster.
      contrast: Grey values added, fraction of the full range.
      seed: Of its shape.
    """

    kind: str
    depth: float
    lateral: float
    vertical: float
    size_mm: float
    contrast: float
    seed: int

    def __post_init__(self):
        if self.kind not in KINDS:
            raise ValueError(
                f"finding {self.kind!r} is none of {', '.join(KINDS)}")


def position(finding: Finding, view: str, shape: Outline,
             distance: np.ndarray, step: float) -> tuple[float, float]:
    """Where a lesion lies in a view: `(x, y)` in mm, inside of the breast."""
    offset = finding.lateral if view == "CC" else finding.vertical
    home = (0.5 * shape.nipple[0], shape.nipple[1] - 0.05 * shape.half)
    x = shape.nipple[0] * (1 - 0.15 - 0.7 * finding.depth)
    y = home[1] + 0.6 * shape.half * offset
    rows, columns = distance.shape
    needed = 6 + finding.size_mm / 2
    for _ in range(12):
        row = min(rows - 1, max(0, int(y / step)))
        column = min(columns - 1, max(0, int(x / step)))
        if distance[row, column] > needed:
            break
        x, y = x + 0.15 * (home[0] - x), y + 0.15 * (home[1] - y)
    return x, y


def _blob(rng: np.random.Generator, radius: float, margin: float,
          irregular: float, extent: int) -> np.ndarray:
    """A soft-edged mass, 0 to 1, on `[2 extent + 1] * 2`; lengths in cells."""
    axis = np.arange(-extent, extent + 1, dtype=np.float32)
    angle = np.arctan2(axis[:, None], axis[None])
    limit = np.full_like(angle, 1.0)
    for lobe in range(2, 8):
        limit += irregular / lobe * rng.normal() * np.cos(
            lobe * angle + rng.uniform(0, 2 * np.pi))
    inside = limit * radius - np.hypot(axis[:, None], axis[None])
    return 1 / (1 + np.exp(-np.clip(inside / margin, -30, 30)))


def _spicules(rng: np.random.Generator, radius: float,
              extent: int) -> np.ndarray:
    """Fine lines that radiate from a mass, 0 to 1."""
    canvas = np.zeros((2 * extent + 1, 2 * extent + 1), np.float32)
    for _ in range(rng.integers(14, 22)):
        angle = rng.uniform(0, 2 * np.pi)
        direction = np.array([np.cos(angle), np.sin(angle)])
        bend = np.array([-direction[1], direction[0]]) * rng.normal(0, 0.12)
        length = radius * rng.uniform(1.6, 2.5)
        t = np.linspace(0, 1, 12)[:, None]
        points = extent + length * (t * direction + t * t * bend)
        for k, (start, end) in enumerate(zip(points, points[1:])):
            cv2.line(canvas, np.rint(start).astype(int).tolist(),
                     np.rint(end).astype(int).tolist(), (1 - k / 12,), 1)
    return cv2.GaussianBlur(canvas, (0, 0), 0.9)


def add_mass(canvas: np.ndarray, finding: Finding, centre: tuple,
             field: Field) -> None:
    """Adds a mass to the coarse grid; other findings are left out."""
    if finding.kind not in ("spiculated_mass", "round_mass"):
        return
    rng = np.random.default_rng((finding.seed, 3))
    radius = finding.size_mm / 2 / field.step
    extent = max(2, int(np.ceil(2.6 * radius)))
    if finding.kind == "round_mass":
        patch = _blob(rng, radius, max(0.4, 0.5 / field.step), 0.05, extent)
    else:
        patch = _blob(rng, radius, max(0.5, 0.16 * radius), 0.3, extent)
        patch = np.maximum(patch, 0.7 * _spicules(rng, radius, extent))
    rim = np.hypot(*np.mgrid[-1:1:(2 * extent + 1) * 1j,
                             -1:1:(2 * extent + 1) * 1j])
    patch = patch * np.clip((1 - rim) * 4, 0, 1)
    _add(canvas, (finding.contrast * patch).astype(np.float32),
         round(centre[0] / field.step), round(centre[1] / field.step))


def _add(canvas: np.ndarray, patch: np.ndarray, x: int, y: int) -> None:
    """Adds a square patch about a point, where it is bright, inside only."""
    extent = patch.shape[0] // 2
    rows, columns = canvas.shape
    top, left = max(0, y - extent), max(0, x - extent)
    bottom, right = min(rows, y + extent + 1), min(columns, x + extent + 1)
    if top >= bottom or left >= right:
        return
    part = canvas[top:bottom, left:right]
    part += patch[top - y + extent:bottom - y + extent,
                  left - x + extent:right - x + extent] * (part > 0)


def calcifications(finding: Finding, centre: tuple) -> np.ndarray:
    """Single calcifications as rows of x, y, radius (mm) and contrast."""
    rng = np.random.default_rng((finding.seed, 4))
    if finding.kind == "cluster":
        count = int(rng.integers(22, 40))
        spread = finding.size_mm / 4
        radius = rng.uniform(0.14, 0.34, count)
        bright = finding.contrast * rng.uniform(0.7, 1.0, count)
    elif finding.kind == "coarse_calcification":
        count = int(rng.integers(1, 4))
        spread = 18.0
        radius = rng.uniform(0.5, 1.1, count)
        bright = finding.contrast * rng.uniform(0.7, 1.0, count)
    else:
        return np.zeros((0, 4))
    # Clusters are longer than wide, along a duct.
    offset = rng.normal(0, 1, (count, 2)) * (spread * 1.3, spread * 0.8)
    angle = rng.uniform(0, np.pi)
    turn = np.array([[np.cos(angle), -np.sin(angle)],
                     [np.sin(angle), np.cos(angle)]])
    return np.column_stack([np.array(centre) + offset @ turn, radius, bright])


def add_calcifications(image: np.ndarray, specks: np.ndarray,
                       step: float) -> None:
    """Adds calcifications to the image itself, whose pixels are `step` mm.

    One smaller than a pixel is as faint as its share of the pixel.
    """
    for x, y, radius, bright in specks:
        cells = radius / step
        blur = np.hypot(0.55 * cells, 0.45)
        extent = int(np.ceil(3 * blur))
        axis = np.arange(-extent, extent + 1, dtype=np.float32)
        line = np.exp(-axis * axis / (2 * blur * blur))
        patch = line[:, None] * line
        peak = bright * min(1.0, (cells / (1.4 * blur))**2)
        _add(image, (peak * np.minimum(1.6 * patch, 1)).astype(np.float32),
             round(x / step), round(y / step))
