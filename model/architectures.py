"""What networks there are and what can be chosen about them.

Neither TensorFlow nor Keras is imported here, so that flags, help and errors
need not wait for them. `model.networks.build` makes the networks.
"""

import dataclasses
import importlib.metadata
import math
import re
from typing import Any, Mapping

from pipelines import recipe
from pipelines.geometry import Size

ARCHITECTURES = ("resnet", "alexnet", "vgg16", "densenet121",
                 "efficientnetv2s", "convnext_tiny")
# The thesis's four configurations: architecture and input size.
CONFIGS = {
    "alexnet": ("alexnet", "224x224"),
    "alexnet_large": ("alexnet", "416x512"),
    "reduced_resnet": ("resnet", "224x224"),
    "resnet": ("resnet", "416x512"),
}
ACTIVATIONS = ("relu", "leaky_relu", "tanh", "sigmoid")
NORMALISATIONS = recipe.CHOICES["normalisation"]
# These were designed with another activation, which is part of them.
OWN_ACTIVATION = {"efficientnetv2s": "swish", "convnext_tiny": "gelu"}
# What each architecture's authors drop before the dense layers, where that
# is anything. The thesis's ResNet has no dropout.
DROPOUT = {"alexnet": 0.5, "vgg16": 0.5, "efficientnetv2s": 0.2}
# Smallest side in pixels: AlexNet's last pooling has nothing left to pool
# below 95, and keras.applications ask for 32.
MIN_SIDE = {"alexnet": 95}
OTHERS_MIN_SIDE = 32

# Before this release Keras 3 trained wrongly under MirroredStrategy, without
# a word: weights off by 1e-3 after ten steps.
MIN_KERAS = (3, 10)


def check_keras_version(version: str | None = None) -> None:
    """Refuses a Keras that trains wrongly on several devices.

    Args:
      version: As in `3.15.1`; None asks for the installed package's.

    Raises:
      RuntimeError: It is too old, or there is none.
    """
    wanted = "keras>={}.{}".format(*MIN_KERAS)
    if version is None:
        try:
            version = importlib.metadata.version("keras")
        except importlib.metadata.PackageNotFoundError as err:
            raise RuntimeError(f"Keras is not installed: pip install "
                               f"'{wanted}'") from err
    numbers = re.match(r"(\d+)\.(\d+)", version)
    if not numbers or tuple(map(int, numbers.groups())) < MIN_KERAS:
        raise RuntimeError(
            f"Keras {version} is installed, {wanted} is needed: earlier "
            "releases train wrongly on several devices, without an error; "
            f"pip install '{wanted}'")


@dataclasses.dataclass(frozen=True)
class Augmentation:
    """How far training images are varied, every draw uniform and centred.

    Attributes:
      rotation: Degrees either way, in [0, 180].
      shift: Fraction of the width and of the height either way, in [0, 1).
      zoom: Largest enlargement less one; 0.1 draws from [1/1.1, 1.1].
      brightness: Mid-tones up or down: the exponent of a gamma curve is drawn
        from [2**-brightness, 2**brightness]. (A factor would be undone by
        the normalisation.)
      contrast: Stretch about the mean of what is not black; 0.1 draws from
        [1/1.1, 1.1].
      mirror: Whether every second image is mirrored. Off by default: records
        already have every breast on the left.
    """

    rotation: float = 5.0
    shift: float = 0.05
    zoom: float = 0.1
    brightness: float = 0.2
    contrast: float = 0.2
    mirror: bool = False

    def __post_init__(self):
        limits = {"rotation": 180, "shift": 1, "zoom": 4, "brightness": 4,
                  "contrast": 4}
        for name, limit in limits.items():
            value = float(getattr(self, name))
            if not 0 <= value <= limit:
                raise ValueError(f"augmentation: {name} {value:g} is not "
                                 f"between 0 and {limit}")
            object.__setattr__(self, name, value)
        if not isinstance(self.mirror, bool):
            raise ValueError(f"augmentation: mirror {self.mirror!r} is "
                             "neither true nor false")

    @classmethod
    def parse(cls, text: str) -> "Augmentation | None":
        """Reads a flag's value.

        What a list does not name stays as it is in the data.

        >>> Augmentation.parse("rotation=10,mirror").zoom
        0.0
        >>> Augmentation.parse("default") == Augmentation()
        True
        >>> Augmentation.parse("none")

        Raises:
          ValueError: It is none of these.
        """
        if text.strip() in ("", "none"):
            return None
        if text.strip() == "default":
            return cls()
        fields = {field.name for field in dataclasses.fields(cls)}
        values: dict[str, Any] = dict.fromkeys(fields, 0.0) | {"mirror": False}
        for part in text.split(","):
            name, equals, number = part.strip().partition("=")
            if name not in fields or bool(equals) == (name == "mirror"):
                raise ValueError(
                    f"augmentation: {part.strip()!r} is not understood; give "
                    "none, default, or a list such as rotation=5,shift=0.05,"
                    "zoom=0.1,brightness=0.2,contrast=0.2,mirror")
            try:
                values[name] = float(number) if equals else True
            except ValueError as err:
                raise ValueError(f"augmentation: {number!r} is no number for "
                                 f"{name}") from err
        return cls(**values)


@dataclasses.dataclass(frozen=True)
class NetworkOptions:
    """All that decides what a network is before it is trained.

    Attributes:
      arch: One of ARCHITECTURES.
      size: Of its input.
      activation: Of the hidden layers, one of ACTIVATIONS; architectures in
        OWN_ACTIVATION keep their own.
      dropout: Fraction dropped before or after dense layers, in [0, 1); None
        is the architecture's own, DROPOUT or none at all.
      normalisation: Contrast normalisation, one of NORMALISATIONS.
      reference: For `reference`, the quantiles of the foreground that images
        are matched to; see `model.normalisation.reference_table`. None until
        the images to train on have been looked at.
      sync_batch_norm: Whether batch normalisation takes its moments over all
        devices.
      classes: How many.
      seed: Of the initial weights and of dropout.
      augment: How training images are varied, by the training loop.
    """

    arch: str
    size: Size
    activation: str = "relu"
    dropout: float | None = None
    normalisation: str = NORMALISATIONS[0]
    reference: tuple[float, ...] | None = None
    sync_batch_norm: bool = False
    classes: int = 2
    seed: int = 0
    augment: Augmentation | None = None

    def __post_init__(self):
        _check_choice("architecture", self.arch, ARCHITECTURES)
        _check_choice("activation", self.activation, ACTIVATIONS)
        _check_choice("normalisation", self.normalisation, NORMALISATIONS)
        self._check_size()
        if self.arch in OWN_ACTIVATION and self.activation != ACTIVATIONS[0]:
            raise ValueError(
                f"activation {self.activation!r}: {self.arch} has its own, "
                f"{OWN_ACTIVATION[self.arch]}; leave the flag away")
        if self.dropout is not None and not 0 <= self.dropout < 1:
            raise ValueError(f"dropout {self.dropout} is not in [0, 1)")
        if self.classes < 2:
            raise ValueError(f"classes {self.classes}: at least two are needed")
        if self.reference is not None:
            object.__setattr__(self, "reference", tuple(self.reference))
            check_reference(self.normalisation, self.reference)

    def _check_size(self) -> None:
        least = MIN_SIDE.get(self.arch, OTHERS_MIN_SIDE)
        if min(self.size.width, self.size.height) < least:
            raise ValueError(
                f"input size {self.size} is too small for {self.arch}, which "
                f"needs at least {least}x{least}")

    @property
    def dropout_rate(self) -> float:
        """The fraction dropped, the architecture's own where none is given."""
        if self.dropout is None:
            return DROPOUT.get(self.arch, 0.0)
        return self.dropout

    def to_json(self) -> dict[str, Any]:
        """The options as JSON's own types, the size as flags spell it."""
        values = dataclasses.asdict(self)
        values["size"] = str(self.size)
        if self.reference is not None:
            values["reference"] = list(self.reference)
        return values

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> "NetworkOptions":
        """What `to_json` gave.

        Raises:
          ValueError: A field is missing, unknown or holds no valid value.
        """
        fields = {field.name for field in dataclasses.fields(cls)}
        if set(values) != fields:
            raise ValueError(
                "a network's options have the fields "
                f"{', '.join(sorted(fields))}; missing: "
                f"{', '.join(sorted(fields - set(values))) or 'none'}; "
                f"unknown: {', '.join(sorted(set(values) - fields)) or 'none'}")
        known = dict(values)
        known["size"] = Size.parse(known["size"])
        if known["augment"] is not None:
            known["augment"] = Augmentation(**known["augment"])
        if known["reference"] is not None:
            known["reference"] = tuple(known["reference"])
        return cls(**known)


def check_reference(method: str, reference: tuple[float, ...] | None) -> None:
    """Refuses a table that the method does not use, or lacks.

    Raises:
      ValueError: `reference` without a rising table in [0, 1] of at least two
        quantiles, or another method with one.
    """
    if method != "reference":
        if reference is not None:
            raise ValueError(f"normalisation {method!r} takes no reference")
        return
    if reference is None:
        raise ValueError("normalisation 'reference' needs the quantiles of "
                         "the data set trained on")
    rising = all(a <= b for a, b in zip(reference, reference[1:]))
    if (len(reference) < 2 or not all(map(math.isfinite, reference)) or
            not rising or reference[0] < 0 or reference[-1] > 1):
        raise ValueError(
            f"a reference of {len(reference)} quantiles is not a rising list "
            "of at least two numbers in [0, 1]")


def _check_choice(what: str, value: str, choices: tuple[str, ...]) -> None:
    if value not in choices:
        raise ValueError(f"{what} {value!r} is none of {', '.join(choices)}")
