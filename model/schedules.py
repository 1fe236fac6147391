"""Optimizers and learning rates over the steps of a training."""

from typing import Any

import keras
import tensorflow as tf

from model import settings as settings_lib

# Variables that weight decay leaves alone: it would only shift what the next
# layer normalises or adds.
_NOT_DECAYED = ("bias", "gamma", "beta")


class Schedule(keras.optimizers.schedules.LearningRateSchedule):
    """The learning rate at a step: a rise, then a schedule.

    >>> rate = Schedule("step", 0.1, total_steps=8, warmup_steps=2)
    >>> [round(float(rate(step)), 4) for step in (0, 1, 2, 3, 4, 6)]
    [0.05, 0.1, 0.1, 0.1, 0.01, 0.001]

    Args:
      kind: One of `settings.SCHEDULES`.
      height: The learning rate at its height.
      total_steps: Steps of the whole training.
      warmup_steps: Over which it rises; the schedule falls over the rest.
    """

    def __init__(self, kind: str, height: float, total_steps: int,
                 warmup_steps: int = 0):
        self.kind = kind
        self.height = height
        self.total_steps = total_steps
        self.warmup_steps = warmup_steps

    def __call__(self, step: Any) -> tf.Tensor:
        step = tf.cast(step, tf.float32)
        rise = (step + 1) / max(1, self.warmup_steps)
        falling = max(1, self.total_steps - self.warmup_steps)
        share = tf.clip_by_value((step - self.warmup_steps) / falling, 0., 1.)
        if self.kind == "cosine":
            factor = (1 + tf.cos(tf.constant(3.14159265) * share)) / 2
        elif self.kind == "linear":
            factor = 1 - share
        elif self.kind == "step":
            share = step / self.total_steps
            factor = tf.where(share < 0.5, 1., tf.where(share < 0.75, .1, .01))
        else:
            factor = tf.ones_like(share)
        return self.height * tf.where(step < self.warmup_steps, rise, factor)

    def get_config(self) -> dict[str, Any]:
        """What the constructor takes."""
        return {"kind": self.kind, "height": self.height,
                "total_steps": self.total_steps,
                "warmup_steps": self.warmup_steps}


def make_optimizer(descent: settings_lib.Descent, total_steps: int,
                   loss_scale: bool = False) -> keras.optimizers.Optimizer:
    """The optimizer of a training, to be called within its strategy's scope.

    Args:
      descent: Which, and how fast.
      total_steps: Steps of the whole training, warm-up included.
      loss_scale: Whether float16 needs its gradients scaled.

    Raises:
      ValueError: The warm-up is longer than the training.
    """
    if descent.warmup_steps > total_steps:
        raise ValueError(f"--warmup_steps={descent.warmup_steps} are more "
                         f"than the {total_steps} steps of the training")
    rate: Any = descent.learning_rate
    if descent.schedule != "constant" or descent.warmup_steps:
        rate = Schedule(descent.schedule, rate, total_steps,
                        descent.warmup_steps)
    common: dict[str, Any] = {"learning_rate": rate,
                              "weight_decay": descent.weight_decay or None}
    optimizer: keras.optimizers.Optimizer
    if descent.optimizer == "sgd":
        optimizer = keras.optimizers.SGD(momentum=descent.momentum, **common)
    elif descent.optimizer == "rmsprop":
        optimizer = keras.optimizers.RMSprop(momentum=descent.momentum,
                                             **common)
    elif descent.optimizer == "adam":
        optimizer = keras.optimizers.Adam(**common)
    else:
        optimizer = keras.optimizers.AdamW(
            **{**common, "weight_decay": descent.weight_decay})
    if descent.weight_decay:
        optimizer.exclude_from_weight_decay(var_names=list(_NOT_DECAYED))
    if loss_scale:
        return keras.optimizers.LossScaleOptimizer(optimizer)
    return optimizer


def rate_of(optimizer: keras.optimizers.Optimizer) -> float:
    """The learning rate of the next step."""
    return float(keras.ops.convert_to_numpy(optimizer.learning_rate))
