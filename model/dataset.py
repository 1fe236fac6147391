"""Batches of records as a `tf.data.Dataset`.

The index says where each image lies, the order which come together; threads
read them (`model.reading`), some batches ahead. A batch is a dict of

    image   uint16 [b, height, width, 1], as stored; or, where that is asked
            for, float32, each divided by its maximum
    label   int64 [b], 0 or 1
    weight  float32 [b], by the plan's balance; 0 where an image only fills
            the batch up: it is no image of the epoch and must not count
    row     int64 [b], the image's place in the index

where b is the plan's batch size over its number of workers.
"""

import os
import re

# Before TensorFlow is imported: it tells much that helps nobody.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np  # noqa: E402
import tensorflow as tf  # noqa: E402

from model import buffers  # noqa: E402
from model import index as indices  # noqa: E402
from model import order as orders  # noqa: E402
from model import reading  # noqa: E402
from model.batch_plan import BatchPlan  # noqa: E402

# Batches that are ready before they are asked for. Fixed: what tf.data would
# choose grows until memory is full.
_READY = 2
_MOST_READERS = 8
# Those that are read, ready, and with whoever asked; more come only while
# somebody holds on to many.
_pool = buffers.Pool(_MOST_READERS + _READY + 2)
_TOLD_BY_TENSORFLOW = re.compile(
    rf"{reading.CorruptRecordError.__name__}: (.*?)(?:\nTraceback|\n\n|\Z)",
    re.DOTALL)


def batches(index: indices.Index, plan: BatchPlan,
            dtype: str = "uint16") -> tf.data.Dataset:
    """The batches of one epoch for one worker.

    Args:
      index: The images.
      plan: How they are put together.
      dtype: Of the images, uint16 or float32. Our networks take uint16, which
        is half of the bytes, and normalise by themselves.

    Returns:
      Dicts as the module's docstring has them; where a record cannot be read,
      iterating raises an error that `clear_error` makes readable.

    Raises:
      ValueError: No such batches can be made of the index.
    """
    order = orders.order(index, plan)
    dataset = tf.data.Dataset.from_tensor_slices({
        "label": index.label[order.rows], "weight": order.weights,
        "row": order.rows})
    dataset = dataset.batch(order.each, drop_remainder=plan.pad)
    dataset = tf.data.Dataset.zip(
        (dataset, tf.data.Dataset.from_tensor_slices(order.ahead())))
    dataset = dataset.map(
        _loader(index, reading.memory_of(index, plan.cache), order.rows,
                tf.as_dtype(dtype)),
        num_parallel_calls=readers(), deterministic=True)
    dataset = dataset.prefetch(_READY)
    options = tf.data.Options()
    options.autotune.enabled = False
    # The plan shares batches among workers; TensorFlow must not do so again.
    options.experimental_distribute.auto_shard_policy = (
        tf.data.experimental.AutoShardPolicy.OFF)
    return dataset.with_options(options)


def readers() -> int:
    """How many batches are read at a time."""
    return min(_MOST_READERS, max(2, len(os.sched_getaffinity(0))))


def clear_error(error: Exception) -> Exception:
    """What went wrong with a record, without TensorFlow's wrapping.

    Returns:
      A `CorruptRecordError` that names the shard and the offset; the error
      itself where it is about something else.
    """
    match = _TOLD_BY_TENSORFLOW.search(str(error))
    return reading.CorruptRecordError(match[1].strip()) if match else error


def _loader(index: indices.Index, memory: reading.Memory | None,
            order: np.ndarray, dtype: tf.DType):
    """A function of tf.data that adds its images to a batch."""

    # TensorFlow never forgets it, so that it must not hold on to an epoch.
    def read(rows, ahead):
        if len(ahead):
            if memory is not None:
                ahead = ahead[~memory.filled[ahead]]
            reading.read_ahead(index, ahead)
        batch = _pool.take((len(rows), *index.size.shape),
                           dtype.as_numpy_dtype)
        return reading.read(index, rows, memory, batch)

    with tf.device("CPU"):
        rows = tf.constant(order)

    @tf.autograph.experimental.do_not_convert
    def load(batch, ahead):
        image = tf.numpy_function(
            read, [batch["row"], rows[ahead[0]:ahead[1]]], dtype)
        image = tf.ensure_shape(
            image, (batch["row"].shape[0], *index.size.shape))
        return {"image": image, **batch}

    return load
