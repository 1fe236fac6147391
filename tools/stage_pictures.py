"""What a recipe does to one DICOM file, step by step, as captioned pictures."""

import cv2
import numpy as np

from pipelines import area
from pipelines import intensity
from pipelines import pixels
from pipelines import preprocess
from pipelines.reasons import Rejected
from pipelines.recipe import Recipe
from tools import panels

_HEIGHT = 512  # of a panel, pixels


def stage_panels(image: pixels.StoredImage, recipe: Recipe,
                 name: str) -> tuple[list[panels.Panel], Rejected | None]:
    """One row of panels.

    Args:
      image: The decoded file.
      recipe: What to do with it.
      name: Of the file, for the first caption.

    Returns:
      The panels, and why they end before the breast where they do.
    """
    stages = dict(preprocess.stages(image, recipe))
    captions = {
        "stored": [name, *_stored_lines(image)],
        "polarity": ["polarity", _polarity_line(image)],
    }
    levels = [step for step, _ in intensity.steps(
        image.attributes, recipe.windowing, recipe.voi_index)
        if step in stages]
    row = [panels.Panel(panels.grey(stages[step], _HEIGHT),
                        captions.get(step, [step])) for step in levels]
    try:
        upright = preprocess.prepare(image, recipe, preprocess.Workspace())
    except Rejected as rejected:
        return row, rejected
    flipped = "yes" if upright.flipped else "no, it is on the left"
    return row + [
        _breast_panel(upright, stages[levels[-1]], recipe),
        _markers_panel(upright, stages["markers"], recipe),
        panels.Panel(panels.grey(stages["flipped"], _HEIGHT),
                     ["flipped", flipped]),
        *(_variant_panel(upright.output(variant))
          for variant in recipe.variants)], None


def _stored_lines(image: pixels.StoredImage) -> list[str]:
    attributes, header = image.attributes, image.header
    side_and_view = " ".join(
        word or "?" for word in (header.laterality, header.view))
    signed = " signed" if attributes.signed else ""
    return [f"stored: {attributes.columns} x {attributes.rows}, "
            f"{attributes.bits_stored}{signed} bits",
            f"{attributes.photometric}, header: {side_and_view}"]


def _polarity_line(image: pixels.StoredImage) -> str:
    inverted = ("inverted" if intensity.is_inverted(image.attributes)
                else "as it was")
    if intensity.polarity_disagrees(image.attributes):
        inverted += f", LUT shape {image.attributes.lut_shape} ignored"
    return f"{image.attributes.photometric}: {inverted}"


def _breast_panel(upright: preprocess.Upright, before: np.ndarray,
                  recipe: Recipe) -> panels.Panel:
    """The component's outline and the box."""
    picture = panels.grey(before, _HEIGHT)
    scale = picture.shape[0] / before.shape[0]
    if upright.mask is not None:
        outlines, _ = cv2.findContours(upright.mask.astype(np.uint8),
                                       cv2.RETR_EXTERNAL,
                                       cv2.CHAIN_APPROX_NONE)
        # A cell's middle is half a cell from its corner.
        cv2.polylines(picture, [
            np.rint((outline + 0.5) * area.CELL * scale).astype(np.int32)
            for outline in outlines], True, panels.GREEN, 1, cv2.LINE_AA)
    box = upright.box
    first, last = ((round(x * scale), round(y * scale)) for x, y in (
        (box.left, box.top), (box.right - 1, box.bottom - 1)))
    cv2.rectangle(picture, first, last, panels.ORANGE, 1)
    return panels.Panel(picture, [
        f"breast_box={recipe.breast_box}",
        f"{box.width} x {box.height} from {box.left}, {box.top}"])


def _markers_panel(upright: preprocess.Upright, after: np.ndarray,
                   recipe: Recipe) -> panels.Panel:
    """The picture without markers; in red what became black."""
    picture = panels.coloured(panels.grey(after, _HEIGHT),
                              after != upright.pixels, panels.RED)
    return panels.Panel(picture, [
        f"markers={recipe.markers}",
        f"{upright.removal.count:,} pixels became black (red)"])


def _variant_panel(output: preprocess.Output) -> panels.Panel:
    return panels.Panel(panels.grey(output.pixels, _HEIGHT), [
        str(output.variant),
        f"1 pixel = {output.scale_x:.2f} x {output.scale_y:.2f} original",
        f"maximum {output.max_value}"])
