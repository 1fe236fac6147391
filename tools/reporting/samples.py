"""Some images of a data set, always the same ones: their greys and pictures.

Which they are is decided by a hash of their SOP Instance UIDs, so that equal
data sets give equal reports. Each is read by its place in its shard.
"""

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import cv2
import numpy as np

from pipelines import geometry
from tools import datasets
from tools import panels
from tools.comparing import facts

UNKNOWN = facts.UNKNOWN
BINS = 64
_MOST_PICTURES = 160
_MOST_OF_EACH = 4
_HEIGHT = 240  # of a picture, pixels
_QUALITY = 82  # of its JPEG
# As `model.normalisation` has it: what is brighter than 0.4 of Otsu's
# threshold, both on a scale of square roots.
_FOREGROUND = 0.4
_PLACE = ("variant", "split", "shard", "byte_offset", "byte_length")


@dataclasses.dataclass(frozen=True)
class Greys:
    """The mean histogram of some images' foregrounds.

    Attributes:
      images: How many.
      shares: float64 [BINS], sums to 1; the bins are equal parts of what the
        bits stored can hold.
    """

    images: int
    shares: np.ndarray


@dataclasses.dataclass(frozen=True)
class Example:
    """A picture of the contact sheet.

    Attributes:
      vendor: Whose machine.
      row: Columns of `records`: file, split, laterality, view, cancer,
        birads.
      jpeg: The picture.
      size: Its width and height.
    """

    vendor: str
    row: Mapping[str, Any]
    jpeg: bytes
    size: tuple[int, int]


@dataclasses.dataclass(frozen=True)
class Samples:
    """What was looked at.

    Attributes:
      variant: Which variant's records, or None where there are none.
      greys: By manufacturer, the commonest first.
      examples: Of every vendor and view, by vendor, the commonest first.
      groups: How many vendors with a view each there are, and of how many
        there is an example.
      problems: Records that could not be read.
    """

    variant: geometry.Variant | None
    greys: Mapping[str, Greys]
    examples: Sequence[Example]
    groups: tuple[int, int]
    problems: Sequence[str]


def look(dataset: datasets.Dataset, images: int) -> Samples:
    """Reads the examples, and so many images for the greys.

    A record that is damaged or missing is told, not raised.
    """
    variant = _variant(dataset)
    if variant is None:
        return Samples(None, {}, (), (0, 0), ())
    problems: list[str] = []
    connection = datasets.connect(dataset)
    greys = _greys(_read(dataset, _sampled(connection, variant, images),
                         problems))
    chosen, groups = _chosen(connection, variant)
    examples = [_example(row, pixels)
                for row, pixels in _read(dataset, chosen, problems)]
    there = len({(one.vendor, one.row["view"]) for one in examples})
    return Samples(variant, greys, examples, (groups, there),
                   tuple(dict.fromkeys(problems)))


def histogram(pixels: np.ndarray, bits: int) -> np.ndarray:
    """Shares of the foreground's greys: float64 [BINS], or zeros.

    Args:
      pixels: uint16 [height, width].
      bits: How many are stored, which says what the largest grey is.
    """
    inside = pixels[foreground(pixels)].astype(np.int64)
    if not len(inside):
        return np.zeros(BINS)
    bins = np.minimum((inside * BINS) >> bits, BINS - 1)
    return np.bincount(bins, minlength=BINS) / len(inside)


def foreground(pixels: np.ndarray) -> np.ndarray:
    """What is not background: bool, of the shape of uint16 pixels."""
    highest = int(pixels.max(initial=0))
    if not highest:
        return np.zeros(pixels.shape, bool)
    roots = np.sqrt(pixels / highest)
    level, _ = cv2.threshold((roots * 255).astype(np.uint8), 0, 255,
                             cv2.THRESH_BINARY + cv2.THRESH_OTSU)
    return roots > _FOREGROUND * level / 255


def _variant(dataset: datasets.Dataset) -> geometry.Variant | None:
    """The one to look at: the whole image where it is there, and large."""
    if not dataset.description or not dataset.variants:
        return None
    return max(dataset.variants, key=lambda one: (
        one.method == "resize", one.size.width * one.size.height))


def _sampled(connection: Any, variant: geometry.Variant,
             images: int) -> list[dict[str, Any]]:
    return _rows(connection.execute(f"""
        SELECT {', '.join(_PLACE)}, coalesce(bits_stored, 16) AS bits_stored,
          coalesce(manufacturer, '{UNKNOWN}') AS vendor
        FROM records WHERE variant = $variant
        ORDER BY sha256(sop_instance_uid), sop_instance_uid LIMIT $images""", {
            "variant": str(variant), "images": images}))


def _greys(read: Iterator[tuple[Mapping[str, Any], np.ndarray]]
           ) -> dict[str, Greys]:
    found: dict[str, list[np.ndarray]] = {}
    for row, pixels in read:
        shares = histogram(pixels, row["bits_stored"])
        if shares.any():
            found.setdefault(row["vendor"], []).append(shares)
    return {vendor: Greys(len(all_of_it), np.mean(all_of_it, axis=0))
            for vendor, all_of_it in sorted(
                found.items(), key=lambda item: (-len(item[1]), item[0]))}


def _chosen(connection: Any, variant: geometry.Variant
            ) -> tuple[list[dict[str, Any]], int]:
    """Rows of the examples, and how many vendors with a view there are."""
    known = {"variant": str(variant)}
    vendor = f"coalesce(manufacturer, '{UNKNOWN}')"
    groups, = connection.execute(f"""
        SELECT count(DISTINCT ({vendor}, view)) FROM records
        WHERE variant = $variant""", known).fetchone()
    each = min(_MOST_OF_EACH, max(1, _MOST_PICTURES // max(groups, 1)))
    # One of each label first: what a cancer looks like, too.
    rows = _rows(connection.execute(f"""
        SELECT {', '.join(_PLACE)}, vendor, file, laterality, view, cancer,
          birads
        FROM (
          SELECT *, {vendor} AS vendor,
            row_number() OVER (
              PARTITION BY manufacturer, view, cancer
              ORDER BY sha256(sop_instance_uid), sop_instance_uid) AS nth,
            count(*) OVER (PARTITION BY manufacturer) AS images,
            count(*) OVER (PARTITION BY manufacturer, view) AS of_view
          FROM records WHERE variant = $variant)
        QUALIFY row_number() OVER (
          PARTITION BY vendor, view
          ORDER BY nth, cancer, sop_instance_uid) <= {each}
        ORDER BY images DESC, vendor, of_view DESC, view, nth, cancer,
          sop_instance_uid LIMIT {_MOST_PICTURES}""", known))
    return rows, groups


def _rows(found: Any) -> list[dict[str, Any]]:
    names = [column[0] for column in found.description]
    return [dict(zip(names, row)) for row in found.fetchall()]


def _read(dataset: datasets.Dataset, rows: Sequence[Mapping[str, Any]],
          problems: list[str]
          ) -> Iterator[tuple[Mapping[str, Any], np.ndarray]]:
    """Rows with their pixels; what cannot be read goes to the problems."""
    for row in rows:
        try:
            yield row, datasets.read_image(dataset, row)
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or error
            problems.append(f"{row['split']} shard {row['shard']} of "
                            f"{row['variant']}: {reason}")


def _example(row: Mapping[str, Any], pixels: np.ndarray) -> Example:
    picture = panels.grey(pixels, _HEIGHT)[..., 0]
    _, jpeg = cv2.imencode(".jpg", picture,
                           [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])
    return Example(row["vendor"], row, jpeg.tobytes(),
                   (picture.shape[1], picture.shape[0]))
