"""A recipe and a build's rules in words."""

from collections.abc import Mapping, Sequence
from typing import Any

from pipelines import recipe as recipes

_BOXES = {
    "component": "The breast is the largest bright component of a copy at an "
                 "eighth of the size (component)",
    "otsu": "The breast's box is the thesis's: around the largest contour "
            "above Otsu's threshold (otsu)"}
_MARKERS = {
    "brightest": "Burned-in markers are blackened: pixels at the image's "
                 "maximum that lie outside the breast (brightest)",
    "thesis": "Burned-in markers are blackened, and with them every pixel at "
              "the image's maximum (thesis)",
    "largest": "All that is not breast is blackened, and with it burned-in "
               "markers (largest)",
    "keep": "Burned-in markers are kept (keep)"}
_WINDOWS = {
    "none": "No window and no VOI LUT is applied (none)",
    "window": "Window {} of each image is applied (window)",
    "lut": "VOI LUT {} of each image is applied, or its window where it has "
           "none (lut)"}
_FRAMES = {
    "skip": "Images of several frames, as tomosynthesis, are rejected (skip)",
    "middle": "Of several frames the middle one is the image (middle)",
    "mip": "Of several frames the maximum is the image (mip)"}
_NORMALISATIONS = {
    "max": "each image is divided by its maximum (max)",
    "percentile": "each foreground's 1st to 99th percentile is stretched to "
                  "the whole range (percentile)",
    "foreground": "an interval about the mode of each foreground is stretched "
                  "to the whole range (foreground)",
    "reference": "each foreground is given the histogram of a reference "
                 "(reference)"}
_ENCODINGS = {"raw": "little-endian 16-bit numbers (raw)",
              "png": "16-bit PNGs (png)"}


def recipe(values: Mapping[str, Any]) -> list[str]:
    """What was done to each image, a sentence a step, in order.

    Raises:
      ValueError: It is a recipe that this program does not know.
    """
    known = recipes.Recipe.from_json(values)
    lenient = "" if not known.lenient else (
        " Pixels that are not in the stated transfer syntax are read by what "
        "they look like (lenient).")
    return [
        f"{_FRAMES[known.tomosynthesis]}.{lenient}",
        "Bits above those stored are masked, and the modality LUT or rescale "
        "is applied.",
        f"{_WINDOWS[known.windowing].format(known.voi_index + 1)}.",
        "MONOCHROME1 is inverted on the declared range; padding becomes 0.",
        f"{_BOXES[known.breast_box]}.",
        f"{_MARKERS[known.markers]}.",
        "Images whose breast is on the right are mirrored, so that it is "
        "always on the left.",
        *(f"{variant}: {_variant(known, variant)}."
          for variant in known.variants),
        f"Pixels are stored as {_ENCODINGS[known.encoding]}.",
        "When a network loads them, unless its training chose otherwise, "
        f"{_NORMALISATIONS[known.normalisation]}."]


def rules(build: Mapping[str, Any]) -> list[str]:
    """Which images were taken, and how they were labelled and split."""
    told = []
    views, kinds = build.get("views"), build.get("image_kinds")
    if views:
        told.append(f"Views: {', '.join(views)}.")
    if kinds:
        told.append(f"Kinds of images: {', '.join(kinds)}.")
    told += [text for name, (yes, no) in _SWITCHES.items()
             if name in build for text in [yes if build[name] else no]]
    if "label_match" in build:
        told.append(_MATCHES.get(build["label_match"], ""))
    formats = sorted({source.get("labels_format") or ""
                      for source in build.get("sources", ())} - {""})
    if formats:
        told.append(f"Labels are read as {', '.join(formats)}.")
    if "salt" in build and "fractions" in build:
        shares = " / ".join(f"{100 * one:g}" for one in build["fractions"])
        told.append(
            f"Patients are split {shares} % by a hash with the salt "
            f"{build['salt']}" + {
                "official": ", but as the publishers did where they did",
                "auto": ", or as a data set's publishers did",
            }.get(build.get("splits", ""), "") + ".")
    if build.get("patient_ids") == "hash":
        told.append("Patient IDs are keyed hashes.")
    return [text for text in told if text]


_SWITCHES: Mapping[str, Sequence[str]] = {
    "keep_interval_cancers": (
        "Interval cancers are kept.", "Interval cancers are left out."),
    "exclude_implants": (
        "Breasts with an implant are left out.",
        "Breasts with an implant are kept."),
    "keep_spot_views": (
        "Spot compressions and magnifications are kept.",
        "Spot compressions and magnifications are left out."),
    "keep_special_views": (
        "Cleavage, axillary tail, tangential and rolled views are kept.",
        "Cleavage, axillary tail, tangential and rolled views are left out."),
    "keep_for_processing": (
        "Raw detector values (FOR PROCESSING) are kept.",
        "Raw detector values (FOR PROCESSING) are left out.")}
_MATCHES = {
    "year": "A visit takes the diagnosis of its year, else of the next.",
    "rounding": "A visit takes the diagnosis of its date rounded to the "
                "nearest 1 January."}


def _variant(recipe_: recipes.Recipe, variant: Any) -> str:
    size = f"{variant.size.width} x {variant.size.height} pixels"
    if variant.method == "crop":
        return f"the breast's box, area-resized to {size}"
    how = str(recipe_.resample)
    kind, _, value = how.partition(":")
    scale = {"factor": f"down by {value}",
             "spacing": f"to {value} mm a pixel in the breast",
             "fit": "as large as fits"}.get(kind, how)
    return (f"the whole image, scaled {scale} and padded with black to "
            f"{size}")
