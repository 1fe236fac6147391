"""What a training tells a person: within an epoch, and of each epoch."""

import time
from typing import Any, TextIO

from pipelines import console
from pipelines.progress import clock
from pipelines.progress import TERMINAL_SECONDS

# An epoch takes long: a log file has fewer lines of it.
_LOG_SECONDS = 30.0


class Progress:
    """Prints how far an epoch is, now and then, and a line for each epoch.

    Args:
      epochs: Of the whole training.
      steps: Of an epoch.
      batch_size: Images of a step.
      stream: Where; that of all progress unless given. On a terminal one line
        renews itself.
    """

    def __init__(self, epochs: int, steps: int, batch_size: int,
                 stream: TextIO | None = None):
        self._epochs = epochs
        self._steps = steps
        self._batch_size = batch_size
        self._line = console.Line(stream)
        self._pause = TERMINAL_SECONDS if self._line.live else _LOG_SECONDS
        self._told = time.monotonic()
        self._first: tuple[int, float] | None = None
        self._scored = 0

    def on_step(self, state: Any, loss: float) -> None:
        """A step is done."""
        now = time.monotonic()
        if self._first is None or self._first[0] > state.step_in_epoch:
            # The rate is that after the first step, which is slow to start.
            self._first = (state.step_in_epoch, now)
        if now - self._told < self._pause:
            return
        done = state.step_in_epoch - self._first[0]
        rate = done / max(now - self._first[1], 1e-9)
        stage = f"epoch {state.epoch + 1} of {self._epochs}"
        self._show(describe_steps(
            stage, state.step_in_epoch, self._steps, loss, rate,
            rate * self._batch_size), {
                "stage": stage, "unit": "steps", "done": state.step_in_epoch,
                "total": self._steps, "rate": rate, "seconds_left":
                    (self._steps - state.step_in_epoch) / rate if rate
                    else None, "loss": loss})

    def on_scored(self, images: int) -> None:
        """So many more validation images are scored."""
        self._scored += images
        if time.monotonic() - self._told >= self._pause:
            self._show(f"validation: {self._scored:,} images",
                       {"stage": "validation", "unit": "images",
                        "done": self._scored})

    def on_epoch(self, state: Any) -> None:
        """An epoch is done."""
        self._first, self._scored = None, 0
        figures = state.epochs[-1]
        self._show(describe_epoch(figures, self._epochs), {
            "stage": "epochs", "unit": "epochs", "done": figures["epoch"],
            "total": self._epochs, "rate": 1 / max(figures["seconds"], 1e-9),
            "seconds_left": (self._epochs - figures["epoch"]) *
            figures["seconds"], **figures}, last=True)

    def _show(self, line: str, fields: dict[str, Any],
              last: bool = False) -> None:
        self._told = time.monotonic()
        self._line.show(line, fields, last)


def describe_steps(what: str, done: int, steps: int, loss: float, rate: float,
                   images_per_second: float) -> str:
    """One line of progress.

    >>> describe_steps("epoch 1 of 40", 30, 120, 0.6931, 1.5, 48.0)
    'epoch 1 of 40  step 30 of 120  loss 0.6931  48.0 images/s  1:00 left'
    """
    left = f"{clock((steps - done) / rate)} left" if rate else "starting"
    return "  ".join((what, f"step {done:,} of {steps:,}", f"loss {loss:.4f}",
                      f"{images_per_second:,.1f} images/s", left))


def describe_epoch(figures: dict[str, Any], epochs: int) -> str:
    """The line of an epoch that is done.

    Args:
      figures: `runs.EPOCH_FIELDS`.
      epochs: Of the whole training.

    >>> describe_epoch({
    ...     "epoch": 3, "loss": 0.21, "validation_loss": 0.25, "auc": 0.76,
    ...     "specificity": 0.295, "accuracy": 0.946, "seconds": 75.0,
    ...     "images_per_second": 47.1, "waiting": 0.004, "best": True}, 40)
    'epoch 3 of 40  loss 0.2100  validation: loss 0.2500  AUC 0.7600  \
specificity 0.295 at 90 % sensitivity  accuracy 0.946  47.1 images/s  \
waiting 0.4 %  1:15  best so far'
    """
    return "  ".join((
        f"epoch {figures['epoch']} of {epochs}", f"loss {figures['loss']:.4f}",
        f"validation: loss {figures['validation_loss']:.4f}",
        f"AUC {figures['auc']:.4f}",
        f"specificity {figures['specificity']:.3f} at 90 % sensitivity",
        f"accuracy {figures['accuracy']:.3f}",
        f"{figures['images_per_second']:,.1f} images/s",
        f"waiting {figures['waiting'] * 100:.1f} %",
        clock(figures["seconds"]))) + "  best so far" * figures["best"]
