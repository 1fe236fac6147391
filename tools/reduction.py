"""What decoding JPEG 2000 at a quarter gains, and what it changes."""

import dataclasses
import statistics
import time

import cv2
import numpy as np

from pipelines import area
from pipelines import pixels
from pipelines import preprocess
from pipelines import scan
from pipelines.recipe import Recipe


@dataclasses.dataclass(frozen=True)
class Difference:
    """Of one variant of one image, within the breast, in levels.

    Attributes:
      mean: Of the absolute differences.
      most: What 99 % of the pixels do not exceed.
    """

    mean: float
    most: float


@dataclasses.dataclass(frozen=True)
class Reduction:
    """One image decoded in full and at a quarter.

    Attributes:
      bits_stored: Of its pixels.
      full_seconds: Of the processor, to decode and preprocess it in full.
      reduced_seconds: Likewise at a quarter.
      same_box: Whether both found the breast in the same box.
      same_side: Whether both flipped it alike.
      differences: One for each of the recipe's variants, in order.
    """

    bits_stored: int
    full_seconds: float
    reduced_seconds: float
    same_box: bool
    same_side: bool
    differences: tuple[Difference, ...]


def measure(path: str, recipe: Recipe, rounds: int) -> Reduction:
    """Converts one file both ways, in turn.

    Args:
      path: Of a JPEG 2000 file.
      recipe: Whose `j2k` is of no account.
      rounds: How often; the seconds are medians.

    Raises:
      Rejected: It cannot be converted.
    """
    workspace, limits = preprocess.Workspace(), scan.Limits()
    data = bytes(scan.read_whole(path, limits))
    ways = [dataclasses.replace(recipe, j2k=way)
            for way in ("full", "reduced")]
    seconds: list[list[float]] = [[], []]
    made: list[preprocess.Preprocessed] = []
    for _ in range(rounds):
        made = []
        for way, spent in zip(ways, seconds):
            start = time.thread_time()
            image = pixels.decode(data, limits.max_image_bytes, way, workspace)
            made.append(preprocess.preprocess(image, way, workspace))
            spent.append(time.thread_time() - start)
    full, reduced = made
    boxes = [[output.crop for output in way.outputs] for way in made]
    image = pixels.decode(data, limits.max_image_bytes, ways[0])
    masks = breast_masks(image, ways[0])
    return Reduction(
        image.attributes.bits_stored, statistics.median(seconds[0]),
        statistics.median(seconds[1]), boxes[0] == boxes[1],
        full.flipped == reduced.flipped,
        tuple(_difference(one.pixels, other.pixels, mask)
              for one, other, mask in zip(full.outputs, reduced.outputs,
                                          masks)))


def breast_masks(image: pixels.StoredImage,
                 recipe: Recipe) -> list[np.ndarray]:
    """Where each variant shows the breast, bool `[height, width]`."""
    upright = preprocess.prepare(image, dataclasses.replace(
        recipe, breast_box="component"), preprocess.Workspace())
    assert upright.mask is not None
    # Each cell as its pixels have it, of an image that a variant is made of.
    cells = upright.mask.astype(np.uint16) * 0xffff
    whole = np.kron(cells, np.ones((area.CELL, area.CELL), np.uint16))
    shown = dataclasses.replace(
        upright, pixels=np.ascontiguousarray(
            whole[:upright.size.height, :upright.size.width]),
        eighth=cells, removed=True)
    return [shown.output(variant).pixels > 0xffff // 2
            for variant in recipe.variants]


def _difference(full: np.ndarray, reduced: np.ndarray,
                mask: np.ndarray) -> Difference:
    found = cv2.absdiff(full, reduced)[mask]
    return Difference(float(found.mean()), float(np.percentile(found, 99)))
