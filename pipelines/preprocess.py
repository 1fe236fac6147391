"""From a decoded image to the variants that a recipe names.

Arrays are `[rows, columns]`; "original" are the pixels as the file has them,
before the flip. The image itself is not copied unless a step changes it.
"""

import dataclasses

import cv2
import numpy as np

from pipelines import area
from pipelines import breast
from pipelines import intensity
from pipelines import markers
from pipelines import resampling
from pipelines import variants
from pipelines.geometry import Box, Resample, Size, Variant
from pipelines.pixels import StoredImage
from pipelines.reasons import Rejected
from pipelines.recipe import DEFAULT_RESAMPLE, Recipe
from pipelines.spacing import Spacing
from pipelines.workspace import Workspace

# Parallel work is by image: threads inside OpenCV would only fight for cores.
cv2.setNumThreads(1)


@dataclasses.dataclass(frozen=True)
class Output:
    """One variant of one image.

    Attributes:
      variant: Which.
      pixels: uint16 `[height, width]`, contiguous.
      crop: What of the original it shows.
      scale_x: Original pixels per pixel of this, across.
      scale_y: Likewise, down.
      max_value: Its largest pixel.
    """

    variant: Variant
    pixels: np.ndarray
    crop: Box
    scale_x: float
    scale_y: float
    max_value: int


@dataclasses.dataclass(frozen=True)
class Preprocessed:
    """What a recipe makes of one image.

    Attributes:
      outputs: One for each of the recipe's variants, in order.
      flipped: Whether the image was mirrored to bring the breast to the left.
      pixel_laterality: The side that the pixels show: in the usual
        orientation a left breast has its chest wall at the image's left.
      markers_removed: How many pixels became black as markers.
    """

    outputs: tuple[Output, ...]
    flipped: bool
    pixel_laterality: str
    markers_removed: int


def preprocess(image: StoredImage, recipe: Recipe,
               workspace: Workspace | None = None) -> Preprocessed:
    """Makes every variant of one image.

    Args:
      image: Not changed, but for pixels that lie in the workspace.
      recipe: What to do.
      workspace: Buffers of this thread; results do not depend on them.

    Raises:
      Rejected: `no_breast_found`, or `bad_header` where a value of the header
        makes no sense.
    """
    upright = prepare(image, recipe, workspace or Workspace(), in_place=True)
    return Preprocessed(
        outputs=tuple(upright.output(variant) for variant in recipe.variants),
        flipped=upright.flipped,
        pixel_laterality="R" if upright.flipped else "L",
        markers_removed=upright.removal.count)


@dataclasses.dataclass(frozen=True)
class Upright:
    """An image and what was found in it; applied to parts as they are needed.

    Attributes:
      pixels: uint16, levels before the flip, and before the markers unless
        `removed`; possibly read-only.
      eighth: uint16, means by cell after markers, before the flip.
      mask: The breast's component by cells; None where no step needed it.
      box: The breast's box, in the original.
      removal: The markers.
      removed: Whether the pixels are without them already.
      flipped: Whether outputs are mirrored.
      workspace: Where parts are put together.
      resample: How large the pixels of `resize` variants are.
      spacing: Distances of the original's pixels, where they are known.
    """

    pixels: np.ndarray
    eighth: np.ndarray
    mask: np.ndarray | None
    box: Box
    removal: markers.Removal
    removed: bool
    flipped: bool
    workspace: Workspace
    resample: Resample = DEFAULT_RESAMPLE
    spacing: Spacing | None = None

    @property
    def size(self) -> Size:
        return Size(self.pixels.shape[1], self.pixels.shape[0])

    def part(self, box: Box) -> np.ndarray:
        """A part of the image without markers, before the flip.

        Args:
          box: In the original, its left and top multiples of 8.

        Returns:
          uint16, valid until the next call.
        """
        source = self.pixels[box.top:box.bottom, box.left:box.right]
        if self.removed or not self.removal.count:
            return source
        part = self.workspace.buffer("part", box.height, box.width)
        np.copyto(part, source)
        self.removal.apply(part, box.left, box.top)
        return part

    def whole(self) -> np.ndarray:
        """The whole image without markers, flipped if it is; likewise."""
        part = self.part(Box(0, 0, self.size.width, self.size.height))
        return variants.mirror(part, self.workspace) if self.flipped else part

    def upright_eighth(self) -> np.ndarray:
        """Means by cell of the flipped image, whose cells hang over at the
        other side."""
        if not self.flipped:
            return self.eighth
        if self.size.width % area.CELL == 0:
            return self.eighth[:, ::-1]
        return area.survey(self.whole()).eighth

    def output(self, variant: Variant) -> Output:
        """One variant of the image."""
        if variant.method == "crop":
            shown = self.box
            pixels = variants.stretch(self.part(shown), variant.size,
                                      self.workspace, self.flipped)
            scale_x = shown.width / variant.size.width
            scale_y = shown.height / variant.size.height
        else:
            pixels, shown, scale_x, scale_y = self._resized(variant.size)
        return Output(variant, pixels, shown, scale_x, scale_y,
                      int(pixels.max()))

    def _resized(self, target: Size) -> tuple[np.ndarray, Box, float, float]:
        """Pixels, what of the original they show, and their scale."""
        placed = resampling.place(
            self.resample, self.spacing, self.size, target,
            self.box.top + self.box.height // 2)
        small = self._small(placed)
        shown = placed.shown
        if self.flipped:
            shown = shown.mirrored(self.size.width)
        return (variants.on_black(small, target), shown, placed.scale_x,
                placed.scale_y)

    def _small(self, placed: resampling.Placed) -> np.ndarray:
        if placed.factor == area.CELL:
            return self.upright_eighth()
        shown = placed.shown
        part = self.whole()[shown.top:shown.bottom, shown.left:shown.right]
        if placed.factor:
            return variants.by_factor(part, placed.factor)
        return variants.stretch(part, placed.size, self.workspace)


def prepare(image: StoredImage, recipe: Recipe, workspace: Workspace,
            in_place: bool = False) -> Upright:
    """All steps up to the variants; see `preprocess`.

    Args:
      image: Not changed, but for pixels that lie in the workspace.
      recipe: What to do.
      workspace: Buffers of this thread.
      in_place: Whether markers are removed from the levels themselves, where
        these lie in the workspace.
    """
    pixels, survey = _levels(image, recipe, workspace)
    height, width = pixels.shape
    mask, box = _find_breast(survey.eighth, Size(width, height), recipe)
    removal = markers.find(pixels, survey, mask, recipe.markers)
    eighth = markers.eighth_after(pixels, survey, removal)
    removed = (in_place and workspace.owns(pixels)
               and pixels.flags.writeable)
    if removed:
        removal.apply(pixels)
    upright = Upright(
        pixels, eighth, mask, box, removal, removed, False, workspace,
        recipe.resample, image.attributes.spacing)
    return dataclasses.replace(upright, flipped=_right_is_brighter(upright))


def _levels(image: StoredImage, recipe: Recipe,
            workspace: Workspace) -> tuple[np.ndarray, area.Survey]:
    """Levels and their survey; the stored pixels themselves if they will do."""
    mapping = intensity.mapping(image.attributes, recipe.windowing,
                                recipe.voi_index)
    stored = image.pixels
    if mapping.keeps(stored):
        survey = area.survey(stored)
        if survey.maximum <= mapping.mask:
            return stored, survey
    if stored.itemsize == 2 and workspace.owns(stored):
        levels = stored.view(np.uint16)
    else:
        levels = workspace.buffer("levels", *stored.shape)
    return levels, area.survey(
        levels, lambda rows: mapping.apply(stored[rows], levels[rows]))


def _find_breast(eighth: np.ndarray, size: Size,
                 recipe: Recipe) -> tuple[np.ndarray | None, Box]:
    """The breast's component, if any step needs it, and its box."""
    by_otsu = recipe.breast_box == "otsu"
    mask = box = None
    if not by_otsu or markers.needs_component(recipe.markers):
        mask = breast.breast_component(eighth)
        if mask is None:
            raise Rejected("no_breast_found", f"nothing in {size} pixels is "
                           "bright and large enough")
    if by_otsu:
        box = breast.otsu_box(eighth, size.width, size.height)
    elif mask is not None:
        box = breast.component_box(mask, size.width, size.height)
    if box is None:
        raise Rejected("no_breast_found", f"{size} pixels of one level")
    return mask, box


def _right_is_brighter(upright: Upright) -> bool:
    """Whether the outer half at the right has the larger mean."""
    size, eighth = upright.size, upright.eighth
    half = size.width // 2
    cell_pixels = area.CELL * area.CELL
    left = half // area.CELL
    right = area.cells(size.width - half)
    difference = cell_pixels * (
        int(eighth[:, right:].sum(dtype=np.int64))
        - int(eighth[:, :left].sum(dtype=np.int64)))
    # Whole cells decide, unless the halves are closer than what the means'
    # rounding and the columns in no whole cell could make up for.
    columns = max(half - left * area.CELL,
                  right * area.CELL - (size.width - half))
    uncertain = (eighth.size * cell_pixels // 2
                 + columns * size.height * intensity.MAXIMUM)
    if abs(difference) > uncertain:
        return difference > 0
    whole = upright.whole()
    outer_left, outer_right = whole[:, :half], whole[:, size.width - half:]
    return int(outer_right.sum(dtype=np.int64)) > int(
        outer_left.sum(dtype=np.int64))


def stages(image: StoredImage,
           recipe: Recipe) -> list[tuple[str, np.ndarray]]:
    """The picture of each step, for people to look at.

    Args:
      image: Not changed.
      recipe: What to do.

    Returns:
      Names and uint16 `[rows, columns]`: `stored`, every intensity step that
      changes something (`polarity` in any case), `breast` (65,535 within the
      component), `markers`, `flipped`, and each variant by its name. Without
      a breast, the list ends before it.
    """
    intended = image.attributes, recipe.windowing, recipe.voi_index
    pictures, mapping = [], intensity.mapping(*intended)
    before = None
    for name, levels in intensity.steps(*intended):
        picture = np.empty(image.pixels.shape, np.uint16)
        dataclasses.replace(
            mapping, table=levels.values.astype(np.uint16)).apply(
                image.pixels, picture)
        if (before is None or name == "polarity"
                or not np.array_equal(before, picture)):
            pictures.append((name, picture))
        before = picture
    try:
        upright = prepare(image, recipe, Workspace())
    except Rejected:
        return pictures
    width, height = upright.size.width, upright.size.height
    if upright.mask is not None:
        mask = np.kron(upright.mask, np.ones((area.CELL, area.CELL), bool))
        pictures.append(("breast", np.where(
            mask[:height, :width], intensity.MAXIMUM, 0).astype(
                np.uint16)))
    for name, flipped in ("markers", False), ("flipped", upright.flipped):
        shown = dataclasses.replace(upright, flipped=flipped)
        pictures.append((name, shown.whole().copy()))
    return pictures + [(str(variant), upright.output(variant).pixels)
                       for variant in recipe.variants]
