"""What a breast is made of, on a coarse grid, in millimetres.

Canonical frame: a left breast, chest wall at x = 0, y downwards; arrays are
float32 `[rows, columns]`, grey values are fractions of the full range.
Everything random comes from grids whose cells are in millimetres, so that a
breast looks the same at every resolution.
"""

import dataclasses

import cv2
import numpy as np

_COARSEST_MM = 56.0
_OCTAVES = 6


@dataclasses.dataclass(frozen=True)
class Breast:
    """One breast of one woman.

    Attributes:
      seed: Of its anatomy.
      size: Relative to an average one, 0.7 to 1.25.
      density: Share of glandular tissue, 0 (fat) to 1 (extremely dense).
      implant: Whether it holds an implant.
    """

    seed: int
    size: float
    density: float
    implant: bool = False


@dataclasses.dataclass(frozen=True)
class Field:
    """A grid of `step` mm over a detector of `width` x `height` mm."""

    width: float
    height: float
    step: float

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        return (max(8, round(self.height / self.step)),
                max(8, round(self.width / self.step)))


@dataclasses.dataclass
class Outline:
    """Where the breast lies in a view.

    Attributes:
      edge: Skin, mm from the chest wall, by row.
      nipple: `(x, y)` in mm.
      half: Half the breast's extent along the chest wall, mm.
      pectoral: `(width at the top, height)` of the muscle, mm, or None.
    """

    edge: np.ndarray
    nipple: tuple[float, float]
    half: float
    pectoral: tuple[float, float] | None


def fractal(rng: np.random.Generator, field: Field,
            roughness: float = 0.55) -> np.ndarray:
    """Noise of several octaves, mean about 0, deviation about 1."""
    rows = int(np.ceil(field.height / _COARSEST_MM)) + 1
    columns = int(np.ceil(field.width / _COARSEST_MM)) + 1
    total: np.ndarray = rng.standard_normal((rows, columns), np.float32)
    power, weight = 1.0, 1.0
    for _ in range(_OCTAVES - 1):
        rows, columns, weight = 2 * rows, 2 * columns, weight * roughness
        total = cv2.resize(total, (columns, rows),
                           interpolation=cv2.INTER_CUBIC)
        total = total + weight * rng.standard_normal(
            (rows, columns), np.float32)
        power += weight * weight
    height, width = field.shape
    total = cv2.resize(total, (width, height), interpolation=cv2.INTER_CUBIC)
    # Interpolation takes about a third of each octave's power away.
    return total * np.float32(1.2 / np.sqrt(power))


def _cc_outline(breast: Breast, field: Field,
                rng: np.random.Generator) -> Outline:
    depth = 98 * breast.size * rng.uniform(0.94, 1.06)
    half = 88 * breast.size * rng.uniform(0.94, 1.04)
    centre = field.height * rng.uniform(0.47, 0.53)
    y = (np.arange(field.shape[0]) + 0.5) * field.step
    along = np.abs(y - centre) / half
    # A little fuller than an ellipse, and fuller on the lateral side.
    power = np.where(y < centre, rng.uniform(2.3, 2.6), rng.uniform(2.0, 2.3))
    edge = depth * np.sqrt(np.clip(1 - along**power, 0, None))
    nipple = (depth, centre + half * rng.uniform(-0.06, 0.06))
    return Outline(edge, nipple, half, None)


def _mlo_outline(breast: Breast, field: Field,
                 rng: np.random.Generator) -> Outline:
    depth = 102 * breast.size * rng.uniform(0.94, 1.06)
    axilla = depth * rng.uniform(0.58, 0.72)
    level = field.height * rng.uniform(0.56, 0.63)
    below = min(84 * breast.size, 0.93 * field.height - level)
    y = (np.arange(field.shape[0]) + 0.5) * field.step
    up = np.clip((level - y) / level, 0, 1)
    down = np.clip((y - level) / below, 0, None)
    edge = np.where(
        y < level,
        axilla + (depth - axilla) * (1 - up**1.7),
        depth * np.sqrt(np.clip(1 - down**2.4, 0, None)))
    # The fold under the breast, and a little of the abdomen.
    abdomen = rng.uniform(4, 12) * np.clip((y - level) / below, 0, None)**3
    edge = np.sqrt(edge**2 + abdomen**2)
    muscle = (axilla * rng.uniform(0.72, 0.9),
              level * rng.uniform(0.85, 1.08))
    nipple = (depth, level + below * rng.uniform(0.02, 0.1))
    return Outline(edge.astype(np.float32), nipple, 0.8 * below, muscle)


def outline(breast: Breast, view: str, field: Field) -> Outline:
    """The breast's outline in a view, 'CC' or 'MLO' (any other: as MLO)."""
    rng = np.random.default_rng((breast.seed, 1, view == "CC"))
    make = _cc_outline if view == "CC" else _mlo_outline
    return make(breast, field, rng)


def _grids(field: Field) -> tuple[np.ndarray, np.ndarray]:
    """x `[1, columns]` and y `[rows, 1]` in mm."""
    rows, columns = field.shape
    x = (np.arange(columns, dtype=np.float32) + 0.5) * field.step
    y = (np.arange(rows, dtype=np.float32) + 0.5) * field.step
    return x[None], y[:, None]


def skin_distance(shape: Outline, field: Field) -> np.ndarray:
    """Distance to the skin in mm, 0 outside of the breast."""
    x, _ = _grids(field)
    mask: np.ndarray = (x < shape.edge[:, None]).astype(np.float32)
    centre = (round((shape.nipple[0] + 1) / field.step),
              round(shape.nipple[1] / field.step))
    cv2.circle(mask, centre, max(1, round(5.5 / field.step)), (1,), -1)
    # Rounds the corners between nipple, skin and fold.
    mask = cv2.GaussianBlur(mask, (0, 0), max(0.5, 1.6 / field.step),
                            borderType=cv2.BORDER_REPLICATE)
    inside = (mask > 0.5).astype(np.uint8)
    return cv2.distanceTransform(inside, cv2.DIST_L2, 5) * field.step


def _ducts(rng: np.random.Generator, shape: Outline,
           field: Field) -> np.ndarray:
    """Strands that run together at the nipple."""
    polar = rng.standard_normal((5, 90), np.float32)
    x, y = _grids(field)
    rows, columns = field.shape
    # Sampled on a grid four times coarser: directions change slowly.
    small = (max(2, columns // 4), max(2, rows // 4))
    dx = cv2.resize(np.repeat(shape.nipple[0] - x, rows, 0), small)
    dy = cv2.resize(np.repeat(y - shape.nipple[1], columns, 1), small)
    angle = np.arctan2(dy, dx) * (89 / np.pi) + 44.5
    radius = np.sqrt(dx * dx + dy * dy) * (4 / 130)
    strands = cv2.remap(polar, np.clip(angle, 0, 89), np.clip(radius, 0, 4),
                        cv2.INTER_CUBIC)
    return cv2.resize(strands, (columns, rows))


def _gland(breast: Breast, shape: Outline, field: Field,
           distance: np.ndarray, noise: np.ndarray) -> np.ndarray:
    """Share of glandular tissue at each point, 0 to 1."""
    x, y = _grids(field)
    reach = shape.nipple[0]
    prior = (np.exp(-((x - 0.52 * reach) / (0.42 * reach))**2)
             * np.exp(-((y - shape.nipple[1] + 0.12 * shape.half)
                        / (0.62 * shape.half))**2))
    under_skin = np.clip((distance - 5) / 12, 0, 1)
    level = 3.1 * prior + 0.75 * noise - 2.6 + 2.3 * breast.density
    return under_skin / (1 + np.exp(-2.6 * level))


def _pectoral(canvas: np.ndarray, shape: Outline, field: Field,
              noise: np.ndarray) -> None:
    """Draws the muscle, a triangle in the upper corner at the chest wall."""
    if shape.pectoral is None:
        return
    width, height = shape.pectoral
    x, y = _grids(field)
    along = y / height
    line = width * (1 - along + 0.22 * along * (1 - along))
    slope = np.hypot(1, width / height)
    inside = (line - x) / slope
    share = np.clip(0.5 + inside / 2.4, 0, 1)
    # Its fibres run along its edge.
    fibres = np.sin(0.9 * inside + 2.5 * noise)
    muscle = (0.50 + 0.022 * noise + 0.008 * fibres
              + 0.06 * np.clip(inside / 40, 0, 1))
    canvas += share * np.maximum(muscle - canvas, 0.02)


def _implant(canvas: np.ndarray, shape: Outline, field: Field) -> None:
    x, y = _grids(field)
    reach, half = 0.66 * shape.nipple[0], 0.72 * shape.half
    radius = np.sqrt((x / reach)**2 + ((y - shape.nipple[1]) / half)**2)
    share = np.clip((1 - radius) * reach / 1.5, 0, 1)
    canvas += share * (0.86 - canvas)


def tissue(breast: Breast, view: str, field: Field
           ) -> tuple[np.ndarray, np.ndarray, Outline]:
    """The breast without lesions and without noise.

    Returns:
      Grey values (fractions of the full range, 0 outside of the breast), the
      distance to the skin in mm, and the outline.
    """
    shape = outline(breast, view, field)
    distance = skin_distance(shape, field)
    rng = np.random.default_rng((breast.seed, 2, view == "CC"))
    coarse = fractal(rng, field, 0.6)
    fine = fractal(rng, field, 0.95)
    gland = _gland(breast, shape, field, distance, coarse)
    # Cooper's ligaments: the ridges of a noise.
    ligaments = np.clip(1 - 3 * np.abs(fractal(rng, field, 0.42)), 0, 1)**2
    ligaments *= np.clip(0.6 + 0.4 * fine, 0, 1.5)
    ducts = np.clip(_ducts(rng, shape, field), -1, 2)
    canvas = 0.30 + 0.025 * coarse + 0.012 * fine
    canvas += gland * (0.24 + 0.035 * fine + 0.03 * ducts)
    canvas += (1 - 0.6 * gland) * 0.06 * ligaments
    rim = 17 * breast.size
    missing = 1 - np.minimum(distance, rim) / rim
    canvas *= 0.5 + 0.5 * np.sqrt(1 - missing * missing)
    _pectoral(canvas, shape, field, coarse)
    if breast.implant:
        _implant(canvas, shape, field)
    canvas += 0.11 * np.exp(-((distance - 0.9) / 0.7)**2)  # skin
    canvas *= np.minimum(distance / (1.5 * field.step), 1)
    return canvas, distance, shape
