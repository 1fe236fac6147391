"""How batches are to be put together: what flags say, checked."""

import dataclasses
import math

BALANCES = ("none", "weights", "ratio:FRACTION")
CACHES = ("auto", "none")


@dataclasses.dataclass(frozen=True)
class BatchPlan:
    """Which batches to make of an index.

    Attributes:
      batch_size: Images of a global batch, those of all workers together.
      seed: Of the order, at least 0.
      epoch: From 0; each has its own order.
      balance: `none`; `weights`: each class weighs the same in all; or
        `ratio:0.5`: this fraction of every batch has the label 1, exactly.
      shuffle: Otherwise images come in the order of the index.
      skip: So many batches are left out at the start.
      worker: Which of the workers this is, from 0.
      workers: How many share each batch.
      cache: `auto`: images stay in memory from their first reading on if they
        fit in a quarter of it; `none`.
      drop_last: Leaves out a last batch that is not full.
      pad: Fills the last batch up with images from the epoch's start, of
        weight 0, so that all batches have one shape and all workers equally
        many. Otherwise it is short, and of some workers missing.
    """

    batch_size: int
    seed: int = 0
    epoch: int = 0
    balance: str = "none"
    shuffle: bool = True
    skip: int = 0
    worker: int = 0
    workers: int = 1
    cache: str = "none"
    drop_last: bool = False
    pad: bool = True

    def __post_init__(self):
        for name in ("batch_size", "workers"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} is {getattr(self, name)}, not at "
                                 "least 1")
        for name in ("seed", "epoch", "skip"):
            if getattr(self, name) < 0:
                raise ValueError(f"{name} is {getattr(self, name)}, less than "
                                 "0")
        if not 0 <= self.worker < self.workers:
            raise ValueError(
                f"worker {self.worker} is not one of {self.workers}")
        if self.batch_size % self.workers:
            raise ValueError(
                f"a batch of {self.batch_size} cannot be shared equally by "
                f"{self.workers} workers")
        if self.cache not in CACHES:
            raise ValueError(
                f"cache {self.cache!r} is none of {', '.join(CACHES)}")
        ones_per_batch(self.balance, self.batch_size)


def ones_per_batch(balance: str, batch_size: int) -> int | None:
    """How many of each batch have the label 1, or None where it may be any.

    >>> ones_per_batch("ratio:0.25", 32)
    8

    Raises:
      ValueError: It is no balance, or not a whole number of images.
    """
    if balance in ("none", "weights"):
        return None
    kind, _, fraction = balance.partition(":")
    try:
        ratio = float(fraction)
    except ValueError:
        ratio = math.nan
    if kind != "ratio" or not 0 < ratio < 1:
        raise ValueError(f"balance {balance!r} is none of "
                         f"{', '.join(BALANCES)}, with 0 < FRACTION < 1")
    ones = round(ratio * batch_size)
    # Fractions such as 0.3333 are meant as thirds.
    if abs(ratio * batch_size - ones) > 0.01 or not 0 < ones < batch_size:
        nearest = min(max(ones, 1), batch_size - 1)
        hint = (f"; the nearest is ratio:{nearest / batch_size:g}"
                if nearest else "")
        raise ValueError(
            f"{balance} of a batch of {batch_size} is "
            f"{ratio * batch_size:g} images{hint}")
    return ones
