"""How the greys of two data sets compare after each contrast normalisation.

A data set's histogram is the mean of its images' histograms of their
foregrounds, each of which sums to 1, over `BINS` equal bins of [0, 1]. The
distance of two is Wasserstein's first: how far, on average, a grey has to be
moved to make one of the other. As a normalisation that presses all greys
together would be near to everything, it is told beside the greys' own spread.
"""

import dataclasses
import os
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from model.architectures import NORMALISATIONS
from pipelines import geometry
from tools import datasets
from tools.datasets import Dataset

BINS = 256
# As the records hold them, by the range that the bits stored declare.
STORED = "stored"
METHODS = (STORED, *NORMALISATIONS)
_BATCH = 16


@dataclasses.dataclass(frozen=True)
class Sample:
    """Some images of a data set, always the same ones.

    Attributes:
      images: uint16 [n, height, width, 1].
      tops: float64 [n], the largest value that each one's bits can hold.
      halves: bool [n], which of two halves each one's patient is in.
    """

    images: np.ndarray
    tops: np.ndarray
    halves: np.ndarray


@dataclasses.dataclass(frozen=True)
class Compared:
    """The histograms of A and B after one normalisation.

    Attributes:
      a: float64 [BINS], sums to 1.
      b: Likewise.
      own: The distance between two halves of A's patients, or of B's where
        it is larger: a distance below it means nothing. NaN where a half is
        empty.
    """

    a: np.ndarray
    b: np.ndarray
    own: float

    @property
    def distance(self) -> float:
        """Between A and B; both are within [0, 1]."""
        return wasserstein(self.a, self.b)

    @property
    def relative(self) -> float:
        """The distance in standard deviations of A's and B's greys."""
        greys = (np.arange(BINS) + 0.5) / BINS
        both = (self.a + self.b) / 2
        mean = float(both @ greys)
        spread = float(np.sqrt(both @ (greys - mean)**2))
        # Of a single grey on both sides nothing is left to differ.
        return self.distance / spread if spread else 0.0

    def to_json(self) -> dict[str, Any]:
        return {"distance": self.distance, "relative": self.relative,
                "own": None if np.isnan(self.own) else self.own,
                "a": self.a.tolist(), "b": self.b.tolist()}


def wasserstein(a: np.ndarray, b: np.ndarray) -> float:
    """Wasserstein's first distance of two histograms over [0, 1].

    >>> wasserstein(np.array([1.0, 0, 0, 0]), np.array([0, 0, 1.0, 0]))
    0.5
    """
    return float(np.abs(np.cumsum(a - b)).sum() / len(a))


def ranked(compared: Mapping[str, Compared]) -> list[str]:
    """The normalisations, first those that leave the least difference."""
    return sorted(NORMALISATIONS, key=lambda name: compared[name].relative)


def sample(dataset: Dataset, variant: geometry.Variant, images: int) -> Sample:
    """So many images of a data set, chosen by a hash of their UIDs.

    Raises:
      ValueError: A record is damaged, or none has a foreground.
    """
    selected = datasets.connect(dataset).execute("""
        SELECT variant, split, shard, byte_offset, byte_length,
          2.0 ** coalesce(bits_stored, 16) - 1 AS top,
          sha256(coalesce(patient_id, sop_instance_uid)) < '8' AS half
        FROM records WHERE variant = $variant
        ORDER BY sha256(sop_instance_uid), sop_instance_uid LIMIT $images""", {
            "variant": str(variant), "images": images})
    names = [column[0] for column in selected.description]
    rows = [dict(zip(names, row)) for row in selected.fetchall()]
    pixels = [datasets.read_image(dataset, row) for row in rows]
    lit = [place for place, one in enumerate(pixels) if one.any()]
    if not lit:
        raise ValueError(f"of {dataset.root} all sampled images are black")
    return Sample(
        np.stack([pixels[place] for place in lit])[..., np.newaxis],
        np.array([rows[place]["top"] for place in lit]),
        np.array([rows[place]["half"] for place in lit]))


def compare(a: Sample, b: Sample) -> dict[str, Compared]:
    """By `METHODS`; `reference` is A's, as of a network trained on A."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    from model import normalisation

    reference = normalisation.reference_table(_batches(a.images))
    found = {}
    for method in METHODS:
        table = reference if method == "reference" else None
        of_a, of_b = (_histograms(one, method, table) for one in (a, b))
        found[method] = Compared(
            of_a.mean(axis=0), of_b.mean(axis=0),
            max(_between_halves(of_a, a.halves),
                _between_halves(of_b, b.halves)))
    return found


def _batches(images: np.ndarray) -> Sequence[np.ndarray]:
    return [images[first:first + _BATCH]
            for first in range(0, len(images), _BATCH)]


def _between_halves(histograms: np.ndarray, halves: np.ndarray) -> float:
    if halves.all() or not halves.any():
        return float("nan")
    return wasserstein(histograms[halves].mean(axis=0),
                       histograms[~halves].mean(axis=0))


def _histograms(one: Sample, method: str,
                reference: tuple[float, ...] | None) -> np.ndarray:
    """Of each image's foreground: float64 [n, BINS], rows sum to 1."""
    from model import normalisation

    found = []
    for first in range(0, len(one.images), _BATCH):
        images = one.images[first:first + _BATCH]
        inside = normalisation.foreground(images).numpy()
        if method == STORED:
            tops = one.tops[first:first + _BATCH, None, None, None]
            greys = np.minimum(images / tops, 1)
        else:
            greys = normalisation.normalise(images, method, reference).numpy()
        bins = np.minimum((greys * BINS).astype(np.int64), BINS - 1)
        found += [np.bincount(image[mask], minlength=BINS) / mask.sum()
                  for image, mask in zip(bins, inside)]
    return np.stack(found)
