"""Names of shards, how many there are, and where everything lies on disk."""

import dataclasses
import re

from pipelines import geometry

SPLITS = ("train", "validation", "test")

# 256 raw images of 416x512 are 109 MB: large enough for sequential reading,
# small enough that a lost shard costs a worker no more than half a minute.
IMAGES_PER_SHARD = 256
# Small data sets are cut finer, so that every core has work and a killed
# build loses little.
_FINE_SHARDS = 16
_FINE_IMAGES = 8

METADATA_FOLDER = "metadata"
CONVERTED_FOLDER = "converted"
WORK_FOLDER = ".work"
DATASET_FILE = "dataset.json"
# Written when it is asked for; no part of the data set.
REPORT_FILE = "report.html"
TEMPORARY_MARK = ".tmp-"

_NAME = re.compile(r"([a-z]+)-([0-9]{5,})-of-([0-9]{5,})")


@dataclasses.dataclass(frozen=True, order=True)
class Shard:
    """One shard of one split.

    >>> str(Shard("train", 0, 16))
    'train-00000-of-00016'
    >>> Shard.parse("test-00001-of-00002.tfrecord")
    Shard(split='test', index=1, count=2)
    """

    split: str
    index: int
    count: int

    def __post_init__(self):
        if self.split not in SPLITS:
            raise ValueError(
                f"split {self.split!r} is none of {', '.join(SPLITS)}")
        if not 0 <= self.index < self.count:
            raise ValueError(
                f"shard {self.index} is not one of {self.count}")

    @classmethod
    def parse(cls, name: str) -> "Shard":
        """Reads a file or shard name; raises ValueError for any other."""
        match = _NAME.fullmatch(name.partition(".")[0])
        if not match:
            raise ValueError(
                f"{name!r} is not a shard, as train-00000-of-00016 is")
        return cls(match[1], int(match[2]), int(match[3]))

    def __str__(self) -> str:
        return f"{self.split}-{self.index:05d}-of-{self.count:05d}"

    @property
    def converted(self) -> str:
        """Path within the data set of the file that says it is complete."""
        return f"{CONVERTED_FOLDER}/{self}.parquet"

    def records(self, variant: geometry.Variant) -> str:
        """Path within the data set of its records of one variant."""
        return f"{variant.folder}/{self}.tfrecord"

    def index_of(self, variant: geometry.Variant) -> str:
        """Path within the data set of the table that locates them."""
        return f"{variant.folder}/{self}.parquet"


def shard_count(images: int) -> int:
    """How many shards a split of so many images has.

    >>> [shard_count(n) for n in (0, 1, 30, 240, 4096, 557642)]
    [0, 1, 4, 16, 16, 2179]
    """
    if not images:
        return 0
    fine = min(_FINE_SHARDS, -(-images // _FINE_IMAGES))
    return max(fine, -(-images // IMAGES_PER_SHARD))


def shard_of(position: int, images: int, count: int) -> tuple[int, int]:
    """Shard and place in it, of `count` shards whose sizes differ by one.

    >>> [shard_of(p, 5, 2) for p in range(5)]
    [(0, 0), (0, 1), (0, 2), (1, 0), (1, 1)]
    """
    size, larger = divmod(images, count)
    boundary = larger * (size + 1)
    if position < boundary:
        return divmod(position, size + 1)
    shard, index = divmod(position - boundary, size)
    return larger + shard, index
