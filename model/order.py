"""The order of an epoch: a pure function of the index, the seed and the epoch.

Batches are global ones: worker w of W takes the w-th part of each batch, so
that what is trained on does not depend on the number of workers, all of which
have the same number of batches. What resumes skips the first batches.

Shards are shuffled, and cut into windows of about a gigabyte; within a window
images are shuffled. So a disk is read from one window after the other, in
long pieces (`Order.windows`), although no two epochs are alike.

Only raw output of a bit generator is used: NumPy promises that it never
changes, unlike that of `Generator.permutation`.
"""

import dataclasses

import numpy as np

from model import index as indices
from model.batch_plan import BatchPlan
from model.batch_plan import ones_per_batch

WINDOW_BYTES = 1 << 30
# What a stream of random numbers is for.
_SHARDS, _IMAGES = 0, 1


@dataclasses.dataclass(frozen=True)
class Order:
    """What a worker reads in an epoch, one batch after the other.

    Attributes:
      rows: int64 [images], places in the index.
      weights: float32 [images]; 0 where an image only fills up.
      each: Images of a batch; the last may be short.
      windows: int64; the batches that begin a window, and the number of
        batches.
    """

    rows: np.ndarray
    weights: np.ndarray
    each: int
    windows: np.ndarray

    def __len__(self) -> int:
        return -(-len(self.rows) // self.each)

    def ahead(self) -> np.ndarray:
        """What to have read ahead as each batch begins: int64 [batches, 2].

        The bounds within `rows` of the next window where one begins, of the
        first two at the start; elsewhere of nothing.
        """
        bounds = np.zeros((len(self), 2), np.int64)
        for start, *after in zip(self.windows[:-1], self.windows[1:],
                                 [*self.windows[2:], len(self)]):
            bounds[start] = (0 if start == 0 else after[0]), after[1]
        return np.minimum(bounds * self.each, len(self.rows))


def class_weights(label: np.ndarray) -> np.ndarray:
    """What an image of class 0 and one of class 1 weigh: n / (2 n_class).

    Args:
      label: int64 [n].

    Returns:
      float64 [2].

    Raises:
      ValueError: A class has no images.
    """
    return len(label) / (2 * _counts(label))


def batches_per_epoch(label: np.ndarray, plan: BatchPlan) -> int:
    """How many batches a whole epoch has, nothing skipped.

    By `ratio`, the class that needs the most batches to be seen once decides;
    the other comes round again.
    """
    ones = ones_per_batch(plan.balance, plan.batch_size)
    if ones is not None:
        counts = _counts(label)
        return max(-(-counts[0] // (plan.batch_size - ones)),
                   -(-counts[1] // ones))
    whole, rest = divmod(len(label), plan.batch_size)
    return whole + bool(rest and not plan.drop_last)


def images_per_epoch(label: np.ndarray, plan: BatchPlan) -> int:
    """How many images a whole epoch counts, those that fill up left out."""
    full = batches_per_epoch(label, plan) * plan.batch_size
    if plan.balance.startswith("ratio"):
        return full
    return min(full, len(label))


def order(index: indices.Index, plan: BatchPlan) -> Order:
    """The batches of an epoch for one worker.

    Raises:
      ValueError: There are no batches, fewer than are skipped, or a class has
        no images though the balance needs both.
    """
    batches = batches_per_epoch(index.label, plan)
    if not batches:
        raise ValueError(f"{len(index)} images make no batch of "
                         f"{plan.batch_size}")
    if plan.skip > batches:
        raise ValueError(f"{plan.skip} batches cannot be skipped, an epoch "
                         f"has {batches}")
    ones = ones_per_batch(plan.balance, plan.batch_size)
    if ones is None:
        rows, starts = _shuffled(index, np.arange(len(index)), plan,
                                 (plan.epoch,))
        valid = min(len(rows), batches * plan.batch_size)
        rows = np.resize(rows, (batches, plan.batch_size))
        starts = starts // plan.batch_size
    else:
        rows, starts = _in_ratio(index, plan, ones, batches)
        valid = rows.size
    weight = (class_weights(index.label) if plan.balance == "weights"
              else np.ones(2))
    weights = weight[index.label[rows]].astype(np.float32)
    weights.reshape(-1)[valid:] = 0
    return _share(rows, weights, starts, valid, plan)


def _share(rows: np.ndarray, weights: np.ndarray, starts: np.ndarray,
           valid: int, plan: BatchPlan) -> Order:
    """What one worker takes of the batches that are not skipped."""
    each = plan.batch_size // plan.workers
    part = slice(plan.worker * each, (plan.worker + 1) * each)
    taken = np.full(rows.shape, plan.pad)
    taken.reshape(-1)[:valid] = True
    taken = taken[plan.skip:, part]
    chosen, weighed = (values[plan.skip:, part][taken]
                       for values in (rows, weights))
    batches = -(-len(chosen) // each)
    starts = np.clip(starts - plan.skip, 0, batches)
    return Order(chosen, weighed, each,
                 np.unique(np.concatenate([[0], starts, [batches]])))


def _in_ratio(index: indices.Index, plan: BatchPlan, ones: int,
              batches: int) -> tuple[np.ndarray, np.ndarray]:
    """Batches of exactly so many ones: int64 [batches, batch_size].

    Each class comes in cycles, each cycle in another order. The class that
    needs the most batches begins one with the epoch, so that all of it is
    seen in each; the other takes up its cycle where the epoch before left it.
    """
    rows = np.empty((batches, plan.batch_size), np.int64)
    # Spread evenly, so that each part of a batch has about its share.
    place = np.arange(plan.batch_size + 1) * ones // plan.batch_size
    is_one = place[1:] > place[:-1]
    windows = np.zeros(0, np.int64)
    for value, taken in ((0, plan.batch_size - ones), (1, ones)):
        members = np.flatnonzero(index.label == value)
        needed = batches * taken
        decides = -(-len(members) // taken) == batches
        begin = 0 if decides else plan.epoch * needed
        key = (plan.epoch, value) if decides else (0, 2 + value)
        stream, starts = _cycles(index, members, plan, key, begin, needed)
        rows[:, is_one == value] = stream.reshape(batches, taken)
        if decides:
            windows = starts // taken
    return rows, windows


def _cycles(index: indices.Index, members: np.ndarray, plan: BatchPlan,
            key: tuple[int, ...], begin: int, needed: int
            ) -> tuple[np.ndarray, np.ndarray]:
    """A stretch of the endless stream of a class's images, cycle by cycle.

    Returns:
      int64 [needed], and where in it windows begin.
    """
    first, offset = divmod(begin, len(members))
    last = (begin + needed - 1) // len(members)
    streams, starts = [], []
    for cycle in range(first, last + 1):
        rows, windows = _shuffled(index, members, plan, (*key, cycle))
        streams.append(rows)
        starts.append(windows + (cycle - first) * len(members) - offset)
    stream = np.concatenate(streams)[offset:offset + needed]
    windows = np.concatenate(starts)
    return stream, windows[(windows >= 0) & (windows < needed)]


def _shuffled(index: indices.Index, members: np.ndarray, plan: BatchPlan,
              key: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray]:
    """Some of an index's images, ascending, in the order of one pass.

    Returns:
      int64 [n], and where in it windows begin.
    """
    shard = index.path_number[members]
    size = np.bincount(shard, index.byte_length[members],
                       len(index.paths)).astype(np.int64)
    if plan.shuffle:
        shards = np.argsort(_random(plan, _SHARDS, key, len(size)),
                            kind="stable")
    else:
        shards = np.arange(len(size))
    window = np.empty(len(size), np.int64)
    window[shards] = (np.cumsum(size[shards]) - size[shards]) // WINDOW_BYTES
    window = window[shard]
    if plan.shuffle:
        chosen = np.lexsort((_random(plan, _IMAGES, key, len(members)),
                             window))
        members, window = members[chosen], window[chosen]
    return members, np.flatnonzero(np.diff(window, prepend=-1))


def _random(plan: BatchPlan, purpose: int, key: tuple[int, ...],
            count: int) -> np.ndarray:
    """uint64 [count], the same on every machine and for every NumPy."""
    sequence = np.random.SeedSequence(plan.seed, spawn_key=(purpose, *key))
    return np.random.PCG64(sequence).random_raw(count)


def _counts(label: np.ndarray) -> np.ndarray:
    """Images of each class; raises ValueError where one has none."""
    counts = np.bincount(label, minlength=2)
    if not counts.all():
        raise ValueError(
            f"there are {counts[0]} images of class 0 and {counts[1]} of "
            "class 1: this balance needs both")
    return counts
