"""The recipe: how a DICOM file becomes a network's input.

Stored in `dataset.json` and with every trained model, so that any later use
of the model replays exactly this.
"""

import dataclasses
from typing import Any, Mapping

from pipelines.geometry import Resample, Variant

NAME = "mammoflow"
VERSION = 1

# Each choice of each step, the default first.
CHOICES: dict[str, tuple[str, ...]] = {
    "breast_box": ("component", "otsu"),
    "markers": ("brightest", "thesis", "largest", "keep"),
    "windowing": ("none", "window", "lut"),
    "tomosynthesis": ("skip", "middle", "mip"),
    "j2k": ("full", "reduced"),
    "encoding": ("raw", "png"),
    "normalisation": ("max", "percentile", "foreground", "reference"),
}
DEFAULT_RESAMPLE = Resample.parse("factor:8")
# What came later, with the value that earlier recipes mean by its absence.
OPTIONAL: dict[str, Any] = {
    "resample": str(DEFAULT_RESAMPLE), "voi_index": 0,
    "tomosynthesis": CHOICES["tomosynthesis"][0], "lenient": False,
    "j2k": CHOICES["j2k"][0]}
DEFAULT_VARIANTS = (Variant.parse("resize:416x512"),
                    Variant.parse("crop:224x224"))


@dataclasses.dataclass(frozen=True)
class Policy:
    """What is made of files that are no plain images.

    Attributes:
      tomosynthesis: `skip` rejects several frames; `middle` and `mip` make
        one image of them.
      lenient: Whether pixels that are not in the stated transfer syntax are
        read by what they look like.
    """

    tomosynthesis: str = CHOICES["tomosynthesis"][0]
    lenient: bool = False


@dataclasses.dataclass(frozen=True)
class Recipe:
    """The named, versioned steps from a DICOM file to a network's input.

    Attributes:
      variants: What is stored of each image, at least one, none twice.
      breast_box: Rule that finds the breast's box.
      markers: What becomes of burned-in markers.
      windowing: `window` applies a window, `lut` a VOI LUT or, where there
        is none, a window.
      voi_index: Which of several windows or VOI LUTs, from 0; the last one
        where there are fewer.
      resample: How large the pixels of `resize` variants are.
      tomosynthesis: `skip`; `middle` takes the middle frame, `mip` the
        maximum of all.
      lenient: Whether what a file is counts more than what it says.
      j2k: `reduced` decodes JPEG 2000 at a quarter, which its streams hold.
      encoding: Of the pixels in a record, `raw` or 16-bit `png`.
      normalisation: Contrast normalisation, applied when records are loaded.
      name: Which family of rules this is.
      version: Version of the rules; equal versions give equal pixels.
    """

    variants: tuple[Variant, ...] = DEFAULT_VARIANTS
    breast_box: str = CHOICES["breast_box"][0]
    markers: str = CHOICES["markers"][0]
    windowing: str = CHOICES["windowing"][0]
    voi_index: int = 0
    resample: Resample = DEFAULT_RESAMPLE
    tomosynthesis: str = CHOICES["tomosynthesis"][0]
    lenient: bool = False
    j2k: str = CHOICES["j2k"][0]
    encoding: str = CHOICES["encoding"][0]
    normalisation: str = CHOICES["normalisation"][0]
    name: str = NAME
    version: int = VERSION

    def __post_init__(self):
        if (self.name, self.version) != (NAME, VERSION):
            raise ValueError(
                f"recipe {self.name!r} version {self.version!r} cannot be "
                f"replayed: this program knows {NAME!r} version {VERSION}")
        object.__setattr__(self, "variants", tuple(self.variants))
        if not self.variants:
            raise ValueError("a recipe needs at least one variant, such as "
                             f"{DEFAULT_VARIANTS[0]}")
        for variant in self.variants:
            if not isinstance(variant, Variant):
                raise ValueError(f"variant {variant!r} is not a Variant: "
                                 "parse it by Variant.parse")
            if self.variants.count(variant) > 1:
                raise ValueError(f"variant {variant} is named twice")
        for field, choices in CHOICES.items():
            value = getattr(self, field)
            if value not in choices:
                raise ValueError(f"{field} {value!r} is none of "
                                 f"{', '.join(choices)}")
        if not isinstance(self.voi_index, int) or self.voi_index < 0:
            raise ValueError(f"voi_index {self.voi_index!r} is not a whole "
                             "number from 0 on")
        if not isinstance(self.lenient, bool):
            raise ValueError(f"lenient {self.lenient!r} is neither true nor "
                             "false")

    @property
    def policy(self) -> Policy:
        """What is made of files that are no plain images."""
        return Policy(self.tomosynthesis, self.lenient)

    def to_json(self) -> dict[str, Any]:
        """The recipe as JSON's own types, variants as flags spell them.

        Of what came later only what differs is told: equal recipes stay
        equal, whatever version of this program wrote them.
        """
        values = dataclasses.asdict(self)
        values["variants"] = [str(variant) for variant in self.variants]
        values["resample"] = str(self.resample)
        return {name: value for name, value in values.items()
                if name not in OPTIONAL or value != OPTIONAL[name]}

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> "Recipe":
        """What `to_json` gave.

        Raises:
          ValueError: A field is missing, unknown or holds no valid value.
        """
        fields = {field.name for field in dataclasses.fields(cls)}
        values = OPTIONAL | dict(values)
        # The version first: a newer recipe may well have other fields.
        version = values.get("name"), values.get("version")
        if version == (NAME, VERSION) and set(values) != fields:
            raise ValueError(
                f"a recipe has the fields {', '.join(sorted(fields))}; "
                f"missing: {_names(fields - set(values))}; "
                f"unknown: {_names(set(values) - fields)}")
        known = {key: values[key] for key in fields & set(values)}
        known["name"], known["version"] = version
        known["variants"] = tuple(
            Variant.parse(text) for text in values.get("variants", ()))
        known["resample"] = Resample.parse(str(values["resample"]))
        return cls(**known)

    def core(self) -> dict[str, Any]:
        """What must be equal for two builds to share a directory.

        Variants can be added to a data set, and the normalisation happens
        when it is loaded; all else decides what the stored bytes are.
        """
        values = self.to_json()
        del values["variants"], values["normalisation"]
        return values


def _names(names: set[str]) -> str:
    return ", ".join(sorted(names)) or "none"
