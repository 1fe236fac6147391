"""The training loop on real batches, and on one batch that is always there.

What a training waits for shows twice: in the seconds that the loop blocks on
its next batch, and in how much slower it is than with the same batch again
and again, which nobody has to read while it computes.
"""

import dataclasses
import itertools
import time
from typing import Any

import numpy as np

from model import index as indices


@dataclasses.dataclass(frozen=True)
class Choice:
    """What is trained, and how.

    Attributes:
      records: Folder of the data set.
      size: Of the images, or the variant.
      arch: The network.
      batch_size: Images of a step.
      steps: Of an epoch.
      epochs: Of each kind, in turn; one more comes before and does not count.
      xla, mixed_precision: As the flags of model/train.py.
    """

    records: str
    size: str
    arch: str
    batch_size: int
    steps: int
    epochs: int
    xla: bool = False
    mixed_precision: str = "none"


@dataclasses.dataclass(frozen=True)
class Epoch:
    """What the steps of an epoch took, in seconds.

    Attributes:
      held: Whether the batch was the same throughout.
      total: From the end of the epoch before to the last step's end.
      waiting: Of them, for the iterator, its making included.
      images: How many were learned from.
    """

    held: bool
    total: float
    waiting: float
    images: int

    @property
    def rate(self) -> float:
        """Images a second."""
        return self.images / self.total


@dataclasses.dataclass(frozen=True)
class Learned:
    """What a training took.

    Attributes:
      first_step: Seconds until the first step was done, compiling included.
      epochs: Those that count, real batches and held ones in turn.
    """

    first_step: float
    epochs: tuple[Epoch, ...]


def measure(choice: Choice) -> Learned:
    """Trains; to be called in a process of its own.

    Raises:
      RecordsError: There are no such records.
    """
    from model import training
    from model.state import Hooks

    times = _Times(choice)
    learner = _learner(choice)
    trainer = training.Trainer(
        learner, _data(choice),
        Hooks(on_step=times.step, on_epoch=lambda state: times.epoch()))
    times.epoch()
    trainer.train(1 + 2 * choice.epochs)
    return Learned(times.first_step, tuple(times.epochs[1:]))


class _Times:
    """Takes the times at what the loop tells."""

    def __init__(self, choice: Choice):
        self._choice = choice
        self._began = 0.0
        self.first_step = 0.0
        self.epochs: list[Epoch] = []

    def epoch(self) -> None:
        self._began = time.monotonic()

    def step(self, state: Any, loss: float) -> None:
        total = time.monotonic() - self._began
        self.first_step = self.first_step or total
        if state.step_in_epoch < self._choice.steps:
            return
        # The loop counts from when its iterator was made.
        waiting = state.waiting_seconds + max(0, total - state.seconds)
        self.epochs.append(Epoch(
            is_held(state.epoch), total, waiting,
            self._choice.steps * self._choice.batch_size))


def is_held(epoch: int) -> bool:
    """Whether an epoch has one batch throughout: after the first, each other.

    >>> [is_held(epoch) for epoch in range(5)]
    [False, True, False, True, False]
    """
    return epoch % 2 == 1


def _learner(choice: Choice) -> Any:
    import keras
    import tensorflow as tf

    from model import architectures
    from model import losses
    from model import schedules
    from model import settings
    from model import strategies
    from model import training
    from model.networks import build
    from pipelines import geometry

    strategy = strategies.make("cpu", 1, strategies.Workers())
    keras.utils.set_random_seed(0)
    if choice.mixed_precision != "none":
        keras.mixed_precision.set_global_policy(
            f"mixed_{choice.mixed_precision}")
    tf.get_logger().setLevel("ERROR")
    size = geometry.Size.parse(choice.size.rpartition(":")[2])
    with strategy.scope():
        model = build.build(architectures.NetworkOptions(choice.arch, size))
        optimizer = schedules.make_optimizer(
            settings.Descent(learning_rate=1e-3), choice.steps,
            loss_scale=choice.mixed_precision == "float16")
    return training.Learner(
        model, optimizer, losses.LOSSES[settings.LOSSES[0]], strategy,
        choice.batch_size, xla=choice.xla)


def _data(choice: Choice) -> Any:
    from model import dataset
    from model import training

    train, validation = (
        indices.load(choice.records, choice.size, split, "view", columns=())
        for split in ("train", "validation"))
    # Repeated where an epoch of the data set is shorter.
    passes = itertools.count()

    def real() -> Any:
        # Nothing is kept in memory: each batch is read while it is needed.
        batches = dataset.batches(train, dataset.BatchPlan(
            choice.batch_size, epoch=next(passes)))
        return batches.repeat().take(choice.steps)

    held = next(iter(real()))

    def batches_of(epoch: int, skip: int) -> Any:
        if not is_held(epoch):
            return real().skip(skip)
        import tensorflow as tf

        return tf.data.Dataset.from_tensors(held).repeat(choice.steps - skip)

    few = dataclasses.replace(
        validation, **{name: getattr(validation, name)[:choice.batch_size]
                       for name in ("path_number", "byte_offset",
                                    "byte_length", "label", "rows")})
    return training.Data(
        batches_of, choice.steps, choice.steps * choice.batch_size,
        lambda: dataset.batches(few, dataset.BatchPlan(
            choice.batch_size, shuffle=False)), few.label)


def judging_seconds(images: int, rounds: int) -> list[float]:
    """What an epoch's figures take, given the scores of so many images."""
    from model import training

    random = np.random.default_rng(0)
    labels = (random.random(images) < 0.02).astype(np.int64)
    labels[:2] = 0, 1
    scores = random.random(images) * 0.5 + labels * 0.3
    taken = []
    for _ in range(rounds):
        start = time.perf_counter()
        training.judged(labels, scores)
        taken.append(time.perf_counter() - start)
    return taken
