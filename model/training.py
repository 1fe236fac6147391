"""The training loop: one for every strategy.

A batch is a dict of `image` uint16 `[b, height, width, 1]`, `label` int64,
`weight` float32 and `row` int64, each `[b]`. A step's loss is the sum over
the global batch of weighted losses, divided by the global batch's size, so
that any number of devices gives the same.
"""

import dataclasses
import math
import time
from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from model import checkpoints
from model import metrics
from model import schedules
from model import scoring
from model import strategies
from model.state import Hooks
from model.state import State

# (labels [b], probabilities [b, classes]) to losses [b].
Loss = Callable[[tf.Tensor, tf.Tensor], tf.Tensor]


@dataclasses.dataclass(frozen=True)
class Data:
    """What there is to learn from.

    Attributes:
      batches_of: From an epoch (0 is the first) and the number of steps to
        skip to this worker's batches, which are of equal size.
      steps: Of an epoch.
      images: Of an epoch, those that only fill its last batch up apart.
      validation: This worker's batches of validation images; rows count from
        0 over all workers.
      validation_labels: int64 [validation images], by row.
    """

    batches_of: Callable[[int, int], tf.data.Dataset]
    steps: int
    images: int
    validation: Callable[[], tf.data.Dataset]
    validation_labels: np.ndarray


@dataclasses.dataclass(frozen=True)
class Learner:
    """What learns, made within the strategy's scope.

    Attributes:
      model: From images to probabilities.
      optimizer: Not yet built.
      loss: Of single images.
      strategy: Where it runs.
      batch_size: Of all replicas together.
      workers: This process among others.
      augment: From images, the number of the step and that of the replica to
        varied images, or None.
      xla: Whether forward and backward pass are compiled.
    """

    model: keras.Model
    optimizer: keras.optimizers.Optimizer
    loss: Loss
    strategy: tf.distribute.Strategy
    batch_size: int
    workers: strategies.Workers = strategies.Workers()
    augment: Callable[..., tf.Tensor] | None = None
    xla: bool = False

    @property
    def variables(self) -> list[keras.Variable]:
        """All that training changes, in an order that does not change."""
        return [*self.model.variables, *self.optimizer.variables]


class Interrupted(Exception):
    """Someone asked to stop, and a checkpoint was made."""


def make_step(learner: Learner) -> Callable[[Any, Any, Any], tf.Tensor]:
    """One step of training: from a distributed batch to its loss.

    Args of the step: the batch; the number of steps done, a scalar int64
    tensor; and whether this worker was asked to stop, a scalar bool one.
    It returns the loss, and how many replicas are asked to stop: [2].
    """
    model, optimizer = learner.model, learner.optimizer
    float16 = isinstance(optimizer, keras.optimizers.LossScaleOptimizer)

    def forward_and_back(image, label, weight):
        with tf.GradientTape() as tape:
            probabilities = model(image, training=True)
            losses = learner.loss(label, probabilities)
            weighted = losses * tf.cast(weight, losses.dtype)
            loss = tf.reduce_sum(weighted) / learner.batch_size
            scaled = optimizer.scale_loss(loss)
        return loss, tape.gradient(scaled, model.trainable_variables)

    # Not the whole step: XLA can compile neither what replicas exchange nor
    # how images are warped.
    compiled = (tf.function(forward_and_back, jit_compile=True)
                if learner.xla else forward_and_back)

    def on_replica(batch, number, asked):
        image = batch["image"]
        if learner.augment is not None:
            replica = tf.distribute.get_replica_context()
            image = learner.augment(
                image, number, replica.replica_id_in_sync_group)
        loss, gradients = compiled(image, batch["label"], batch["weight"])
        if float16:
            gradients = _finite_everywhere_or_nowhere(gradients)
        optimizer.apply_gradients(zip(gradients, model.trainable_variables))
        return tf.stack([loss, tf.cast(asked, loss.dtype)])

    @tf.function
    def step(batch, number, asked):
        told = learner.strategy.run(on_replica, args=(batch, number, asked))
        return learner.strategy.reduce("SUM", told, axis=None)

    return step


def _finite_everywhere_or_nowhere(gradients):
    """Lets all replicas see an overflow that one of them has.

    Keras's loss scaling asks only the first, and would take over what
    overflowed on another.
    """
    bad = tf.reduce_sum([
        tf.cast(tf.reduce_any(~tf.math.is_finite(gradient)), tf.float32)
        for gradient in gradients])
    bad = tf.distribute.get_replica_context().all_reduce("SUM", bad)
    return [tf.where(bad > 0, tf.cast(math.nan, gradient.dtype), gradient)
            for gradient in gradients]


class Trainer:
    """Trains a learner on data, from wherever it was.

    Args:
      learner: What learns.
      data: What from.
      hooks: Who is told.
      checkpoint_steps: Steps between checkpoints within an epoch; 0: none.
    """

    def __init__(self, learner: Learner, data: Data, hooks: Hooks,
                 checkpoint_steps: int = 0):
        self._learner = learner
        self._data = data
        self._hooks = hooks
        self._checkpoint_steps = checkpoint_steps
        self.state = State()
        with learner.strategy.scope():
            # Within the first step it would be too late: XLA and replicas
            # cannot create variables.
            learner.optimizer.build(learner.model.trainable_variables)
            self._vary_seeds()
        self._step = make_step(learner)
        self._scorer = scoring.Scorer(learner.model, learner.strategy,
                                      learner.workers)
        self._started = False

    def restore(self, values: list[np.ndarray], state: dict[str, Any]) -> None:
        """Goes back to a checkpoint.

        Raises:
          RunError: It is another network's.
        """
        with self._learner.strategy.scope():
            checkpoints.assign(self._learner.variables, values)
            self._vary_seeds()
        self.state = State(**state)

    def _vary_seeds(self) -> None:
        strategies.vary_seeds(self._learner.strategy, self._learner.variables,
                              self._learner.workers)

    def train(self, epochs: int, patience: int = 0) -> str:
        """Trains until so many epochs are done in all.

        Args:
          epochs: Those before a restored checkpoint included.
          patience: Epochs without gain after which it ends; 0: never.

        Returns:
          finished or stopped_early.

        Raises:
          NotFinite: The loss is not a number, or infinite.
          Interrupted: By `Hooks.stopped`.
        """
        while self.state.epoch < epochs:
            if patience and self.state.epochs_without_gain >= patience:
                return "stopped_early"
            self._train_epoch()
            self._finish_epoch()
        return "finished"

    def _train_epoch(self) -> None:
        state, data = self.state, self._data
        if state.step_in_epoch == data.steps:
            return
        learner = self._learner
        batches = iter(strategies.in_parts(
            learner.strategy, learner.workers,
            data.batches_of(state.epoch, state.step_in_epoch),
            learner.batch_size // learner.workers.count))
        while state.step_in_epoch < data.steps:
            start = time.monotonic()
            batch = next(batches)
            got = time.monotonic()
            loss, asked = self._step(
                batch, tf.constant(state.step, tf.int64),
                tf.constant(self._hooks.stopped())).numpy().tolist()
            self._count_step(loss, got - start, time.monotonic() - start)
            if not math.isfinite(loss):
                raise checkpoints.NotFinite(
                    f"the loss of step {state.step:,} is {loss}")
            self._hooks.on_step(state, loss)
            # All workers stop after the same step, or some would wait for ever.
            stopped = asked > 0 or self._stopped_alone()
            if stopped or (self._checkpoint_steps and
                           state.step % self._checkpoint_steps == 0):
                self._checkpoint()
            if stopped:
                raise Interrupted

    def _stopped_alone(self) -> bool:
        """Whether to stop at once, which no other worker would know of."""
        return self._learner.workers.count == 1 and self._hooks.stopped()

    def _count_step(self, loss, waiting, seconds) -> None:
        state = self.state
        state.step += 1
        state.step_in_epoch += 1
        state.loss_sum += loss
        state.seconds += seconds
        if self._started:
            state.timed_steps += 1
            state.timed_seconds += seconds
            state.waiting_seconds += waiting
        self._started = True

    def _checkpoint(self) -> None:
        self._hooks.on_checkpoint(
            self.state, checkpoints.read(self._learner.variables))

    def _finish_epoch(self) -> None:
        start = time.monotonic()
        figures = self._validate()
        state, learner = self.state, self._learner
        best = figures["validation_loss"] < state.lowest_loss
        seconds = state.seconds + time.monotonic() - start
        timed = max(state.timed_seconds, 1e-9)
        self.state = state.next_epoch({
            "epoch": state.epoch + 1, "step": state.step,
            "loss": state.loss_sum * learner.batch_size / self._data.images,
            **figures,
            "learning_rate": schedules.rate_of(learner.optimizer),
            "seconds": seconds,
            "images_per_second":
                state.timed_steps * learner.batch_size / timed,
            "waiting": state.waiting_seconds / timed, "best": best})
        if best:
            self._hooks.on_best(learner.model)
        # After the model, so that no checkpoint tells of one that is missing.
        self._checkpoint()
        self._hooks.on_epoch(self.state)
        if self._stopped_alone():
            raise Interrupted

    def _validate(self) -> dict[str, Any]:
        labels = self._data.validation_labels
        try:
            found = self._scorer.probabilities(
                self._data.validation(), len(labels), self._hooks.on_scored)
        except ValueError as error:
            raise checkpoints.NotFinite(str(error)) from error
        losses = self._learner.loss(tf.constant(labels), tf.constant(found))
        return {"validation_loss": float(np.mean(losses, dtype=np.float64)),
                **judged(labels, found[:, 1].astype(np.float64))}


def judged(labels: np.ndarray, scores: np.ndarray) -> dict[str, Any]:
    """AUC, and specificity at 90 % sensitivity with its threshold.

    Args:
      labels: 0 or 1 [images], both of them there.
      scores: float64 [images].
    """
    threshold = metrics.threshold_at_sensitivity(labels, scores)
    return {"auc": metrics.auc(labels, scores),
            "specificity": metrics.judge(labels, scores,
                                         threshold).specificity,
            "threshold": threshold,
            "accuracy": metrics.judge(labels, scores, 0.5).accuracy}
