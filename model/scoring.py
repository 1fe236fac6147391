"""A model's scores of images: for validation, evaluation and prediction.

A batch is a dict with at least `image` (uint16 `[b, height, width, 1]`) and
`row` (int64 `[b]`, the image's place in the index). Where it has a `weight`
(float32 `[b]`), images of weight 0 only fill it up and are left out. A score
is the probability of class 1.
"""

import os
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np

from model import runs
from model import strategies
from pipelines import local_copies

# Before TensorFlow is imported: it tells much that helps nobody.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")


def load_model(run: runs.Run) -> Any:
    """The trained `keras.Model` of a run.

    Raises:
      RunError: It cannot be read.
    """
    import keras

    # The layers that a saved model names register themselves when imported.
    from model import layers  # noqa: F401  pylint: disable=unused-import

    try:
        return keras.models.load_model(local_copies.one(run.dir.model),
                                       compile=False)
    except (OSError, ValueError, TypeError) as error:
        first = str(error).strip().partition("\n")[0]
        raise runs.RunError(
            f"{run.dir.model} cannot be read: {first} (it was written by Keras "
            f"{run.document['versions']['keras']})") from error


class Scorer:
    """Scores images by a model, as often as one likes: it is traced once.

    Args:
      model: From uint16 images to probabilities `[b, 2]`.
      strategy: A tf.distribute strategy whose replicas take a batch each;
        batches are a tf.data.Dataset then. None: the default device.
      workers: This process among those that score together.
    """

    def __init__(self, model: Any, strategy: Any = None,
                 workers: strategies.Workers = strategies.Workers()):
        import tensorflow as tf

        self._strategy = strategy
        self._workers = workers
        self._forward = tf.function(
            lambda image: model(image, training=False), reduce_retracing=True)

        @tf.function(reduce_retracing=True)
        def on_replicas(batch):
            return strategy.run(
                lambda image: model(image, training=False),
                args=(batch["image"],))

        self._on_replicas = on_replicas

    def probabilities(self, batches: Iterable[Mapping[str, Any]], rows: int,
                      told: Callable[[int], None] = lambda images: None
                      ) -> np.ndarray:
        """Of both classes, of every row.

        Args:
          batches: Their `row`s are 0 to `rows` - 1, each once, in any order;
            of several workers each has its share.
          rows: How many there are.
          told: Called with the number of images of each batch.

        Returns:
          float32 `[rows, 2]`.

        Raises:
          ValueError: A row is missing, or the model gave something that is
            not a number.
        """
        found = np.zeros((rows, 2), np.float32)
        seen = np.zeros(rows, np.float32)
        for row, values in self._predictions(batches):
            found[row] = values
            seen[row] += 1
            told(len(row))
        if self._workers.count > 1:
            found, seen = self._of_all_workers(found, seen)
        if not (seen == 1).all():
            raise ValueError(
                f"of {rows:,} images {np.sum(seen == 0):,} were not scored "
                f"and {np.sum(seen > 1):,} more than once")
        bad = np.sum(~np.isfinite(found).all(axis=1))
        if bad:
            raise ValueError(
                f"the model gave no number for {bad:,} of {rows:,} images: "
                "its weights or its input are not finite")
        return found

    def _predictions(self, batches):
        """Yields rows and probabilities of each batch, as arrays."""
        if self._strategy is None:
            for batch in batches:
                yield _counting(batch, self._forward(batch["image"]))
            return
        local = self._strategy.experimental_local_results
        for batch in strategies.in_parts(self._strategy, self._workers,
                                         batches):
            names = [name for name in ("row", "weight") if name in batch]
            parts = zip(*(local(batch[name]) for name in names))
            for part, values in zip(parts, local(self._on_replicas(batch))):
                yield _counting(dict(zip(names, part)), values)

    def _of_all_workers(self, found, seen):
        """What each worker found, put together on all of them."""
        import tensorflow as tf

        own = np.concatenate([found, seen[:, None]], axis=1)
        everything = strategies.sum_of_workers(
            self._strategy, self._workers, tf.constant(own))
        return everything[:, :2], everything[:, 2]


def score(model: Any, batches: Iterable[Mapping[str, Any]], rows: int,
          strategy: Any = None,
          told: Callable[[int], None] = lambda images: None) -> np.ndarray:
    """The probability of class 1 of every row: float64 `[rows]`.

    The arguments and errors are those of `Scorer`.
    """
    found = Scorer(model, strategy).probabilities(batches, rows, told)
    return found[:, 1].astype(np.float64)


def _counting(batch, values):
    """Rows and values as arrays, without images that only fill a batch up."""
    rows, values = np.asarray(batch["row"]), np.asarray(values)
    if "weight" not in batch:
        return rows, values
    counts = np.asarray(batch["weight"]) > 0
    return rows[counts], values[counts]
