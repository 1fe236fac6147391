"""What a training does: the flags of train.py as frozen values.

Neither TensorFlow nor Keras is imported here, so that a wrong flag is told at
once.
"""

import dataclasses
from typing import Any

OPTIMIZERS = ("sgd", "adam", "adamw", "rmsprop")
SCHEDULES = ("constant", "cosine", "linear", "step")
STRATEGIES = ("auto", "mirrored", "multiworker", "cpu")
PRECISIONS = ("none", "bfloat16", "float16")
LOSSES = ("categorical_crossentropy", "squared_error")

# Optimizers that take a momentum.
_WITH_MOMENTUM = ("sgd", "rmsprop")


@dataclasses.dataclass(frozen=True)
class Descent:
    """How the weights follow the gradient.

    Attributes:
      optimizer: One of OPTIMIZERS.
      learning_rate: At its height.
      momentum: In [0, 1), of sgd and rmsprop.
      weight_decay: Share of a weight taken off at each step, times the
        learning rate; biases and normalisation are spared.
      schedule: One of SCHEDULES: constant; cosine or linear to 0 at the last
        epoch's end; step: a tenth after half of the epochs, a hundredth after
        three quarters.
      warmup_steps: Steps over which the learning rate rises from 0.
    """

    optimizer: str = "sgd"
    learning_rate: float = 0.01
    momentum: float = 0.0
    weight_decay: float = 0.0
    schedule: str = "constant"
    warmup_steps: int = 0

    def __post_init__(self):
        _check_choice("optimizer", self.optimizer, OPTIMIZERS)
        _check_choice("schedule", self.schedule, SCHEDULES)
        if not 0 < self.learning_rate < float("inf"):
            raise ValueError(
                f"--learning_rate={self.learning_rate} is not above 0")
        if not 0 <= self.momentum < 1:
            raise ValueError(f"--momentum={self.momentum} is not in [0, 1)")
        if self.momentum and self.optimizer not in _WITH_MOMENTUM:
            raise ValueError(
                f"--momentum={self.momentum}: {self.optimizer} has a momentum "
                f"of its own; {' and '.join(_WITH_MOMENTUM)} take the flag")
        if not 0 <= self.weight_decay < 1:
            raise ValueError(
                f"--weight_decay={self.weight_decay} is not in [0, 1)")
        if self.warmup_steps < 0:
            raise ValueError(f"--warmup_steps={self.warmup_steps} is negative")


@dataclasses.dataclass(frozen=True)
class Settings:
    """One training, the network and the data apart.

    Attributes:
      descent: How the weights follow the gradient.
      loss: One of LOSSES.
      epochs: How many at most.
      batch_size: Images of a step, over all devices and workers.
      seed: Of initial weights, dropout, augmentation and order.
      early_stopping: Epochs without a lower validation loss after which
        training ends; 0: never.
      checkpoint_steps: Steps between checkpoints, beside one an epoch; 0:
        none.
      mixed_precision: Of the arithmetic within layers, one of PRECISIONS;
        none: float32 throughout.
      xla: Whether forward and backward pass are compiled by XLA.
      deterministic: Whether the same run gives the same bits.
      strategy: One of STRATEGIES.
      cpu_devices: Logical devices that the CPU is divided into.
    """

    descent: Descent = dataclasses.field(default_factory=Descent)
    loss: str = LOSSES[0]
    epochs: int = 40
    batch_size: int = 32
    seed: int = 0
    early_stopping: int = 0
    checkpoint_steps: int = 0
    mixed_precision: str = PRECISIONS[0]
    xla: bool = False
    deterministic: bool = False
    strategy: str = STRATEGIES[0]
    cpu_devices: int = 1

    def __post_init__(self):
        _check_choice("loss", self.loss, LOSSES)
        _check_choice("mixed_precision", self.mixed_precision, PRECISIONS)
        _check_choice("strategy", self.strategy, STRATEGIES)
        for name, least in (("epochs", 1), ("batch_size", 1), ("seed", 0),
                            ("early_stopping", 0), ("checkpoint_steps", 0),
                            ("cpu_devices", 1)):
            if getattr(self, name) < least:
                raise ValueError(f"--{name}={getattr(self, name)} is less "
                                 f"than {least}")
        if self.strategy == "cpu" and self.batch_size % self.cpu_devices:
            raise ValueError(
                f"--batch_size={self.batch_size} cannot be divided over "
                f"--cpu_devices={self.cpu_devices}")

    def to_json(self) -> dict[str, Any]:
        """The settings by the names of their flags."""
        values = dataclasses.asdict(self)
        return {**values.pop("descent"), **values}


def _check_choice(flag: str, value: str, choices: tuple[str, ...]) -> None:
    if value not in choices:
        raise ValueError(f"--{flag}={value} is none of {', '.join(choices)}")
