"""Where a training is, and whom it tells: plain values and functions."""

import dataclasses
import math
from collections.abc import Callable
from typing import Any

import numpy as np


@dataclasses.dataclass
class State:
    """Where a training is, and its figures so far.

    Attributes:
      epoch: Being trained, from 0.
      step_in_epoch: Steps of it that are done.
      step: Steps of all epochs that are done.
      loss_sum: Of the losses of this epoch's steps.
      seconds: That this epoch took so far.
      timed_seconds: Of its steps but the first, which is slow to start.
      timed_steps: How many those are.
      waiting_seconds: Of them, for input.
      epochs: What the finished ones gave, `runs.EPOCH_FIELDS`.
    """

    epoch: int = 0
    step_in_epoch: int = 0
    step: int = 0
    loss_sum: float = 0.0
    seconds: float = 0.0
    timed_seconds: float = 0.0
    timed_steps: int = 0
    waiting_seconds: float = 0.0
    epochs: list[dict[str, Any]] = dataclasses.field(default_factory=list)

    def next_epoch(self, figures: dict[str, Any]) -> "State":
        """The state at the beginning of the next epoch."""
        return State(epoch=self.epoch + 1, step=self.step,
                     epochs=[*self.epochs, figures])

    @property
    def lowest_loss(self) -> float:
        """Of the validation losses so far; infinite before the first."""
        return min((epoch["validation_loss"] for epoch in self.epochs),
                   default=math.inf)

    @property
    def epochs_without_gain(self) -> int:
        """Epochs since the validation loss was lower than ever."""
        best = [epoch["best"] for epoch in self.epochs]
        return best[::-1].index(True) if True in best else len(best)


@dataclasses.dataclass
class Hooks:
    """What the loop tells others; each does nothing unless given.

    Attributes:
      on_step: After each step: the state and its loss.
      on_scored: While validating: images scored since the last call.
      on_best: The model is the best so far: to be saved.
      on_checkpoint: The state and the values of the variables, to be kept.
      on_epoch: After each epoch: its figures.
      stopped: Whether someone asked to stop; a checkpoint is made first.
    """

    on_step: Callable[[State, float], None] = lambda state, loss: None
    on_scored: Callable[[int], None] = lambda images: None
    on_best: Callable[[Any], None] = lambda model: None
    on_checkpoint: Callable[[State, list[np.ndarray]], None] = (
        lambda state, values: None)
    on_epoch: Callable[[State], None] = lambda state: None
    stopped: Callable[[], bool] = lambda: False
