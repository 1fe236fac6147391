"""What reads the images of an index in batches: ours, floors and peers.

A reader makes a fresh iterator over one pass; its batches are arrays or
tensors whose first axis is the image. All shuffle but for those that only
read files from their beginning to their end.
"""

import concurrent.futures
import dataclasses
import functools
import itertools
import os
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np

from model import index as indices
from tools.loading import formats

_FILES_AT_A_TIME = 4
_AHEAD = 2  # Batches.


@dataclasses.dataclass(frozen=True)
class Reader:
    """One way to read.

    Attributes:
      name: For the table.
      gives: records, uint16 or float32.
      open: Makes an iterator over the batches of one pass.
    """

    name: str
    gives: str
    open: Callable[[], Iterable[Any]]


def ours(index: indices.Index, batch_size: int, cache: bool) -> list[Reader]:
    """Our loader, on records of any encoding.

    Args:
      index: The images.
      batch_size: Of them in a batch.
      cache: Whether also with the images kept in memory.
    """
    epochs = itertools.count()
    read = functools.partial(_ours, index, batch_size, epochs)
    name = f"ours, {index.encoding}"
    found = [
        Reader(f"{name}, in order", "uint16",
               functools.partial(read, shuffle=False)),
        Reader(name, "uint16", read),
        Reader(name, "float32", functools.partial(read, dtype="float32"))]
    if cache:
        found.append(Reader(f"{name}, cached", "uint16",
                            functools.partial(read, cache="auto")))
    return found


def floors(index: indices.Index, batch_size: int,
           folder: str | None = None) -> list[Reader]:
    """What no loader of these records is expected to beat.

    Args:
      index: The images.
      batch_size: Of them in a batch.
      folder: Where `formats` has written, if it has.
    """
    found = [Reader("records only", "records", functools.partial(
        _records_only, index, batch_size))]
    if index.encoding == "raw":
        found.append(Reader("parse_example", "uint16", functools.partial(
            _parse_example, index, batch_size)))
    if folder is not None:
        array = functools.partial(_memory_map, folder, batch_size)
        found += [Reader("memory-mapped array", gives,
                         functools.partial(array, gives))
                  for gives in ("uint16", "float32")]
    return found


def peers(index: indices.Index, batch_size: int,
          folder: str) -> tuple[list[Reader], list[str]]:
    """Other loaders, on what `formats` has written.

    Returns:
      The readers, and the names of packages that are not installed.
    """
    found, missing = [Reader(
        "tf.data, PNG files", "float32",
        functools.partial(_png_files, folder, batch_size))], []
    if formats.installed("grain") and formats.installed("array_record"):
        found.append(Reader("Grain, ArrayRecord", "float32", functools.partial(
            _grain, index, folder, batch_size)))
    else:
        missing += ["grain", "array_record"]
    if formats.installed("webdataset"):
        found.append(Reader("WebDataset", "float32", functools.partial(
            _webdataset, index, folder, batch_size)))
    else:
        missing.append("webdataset")
    return found, missing


def as_float(image: np.ndarray) -> np.ndarray:
    """An image divided by its maximum, as networks begin: float32."""
    return image.astype(np.float32) / np.float32(max(1, image.max()))


def _ours(index: indices.Index, batch_size: int, epochs: Iterator[int],
          dtype: str = "uint16", **plan: Any) -> Any:
    from model import dataset

    return dataset.batches(index, dataset.BatchPlan(
        batch_size, epoch=next(epochs), pad=False, **plan), dtype)


def _records_only(index: indices.Index, batch_size: int) -> Any:
    import tensorflow as tf

    dataset = tf.data.Dataset.from_tensor_slices(
        [index.paths[number] for number in np.unique(index.path_number)])
    dataset = dataset.interleave(
        tf.data.TFRecordDataset, cycle_length=_FILES_AT_A_TIME,
        num_parallel_calls=_FILES_AT_A_TIME)
    return dataset.batch(batch_size).prefetch(_AHEAD)


def _parse_example(index: indices.Index, batch_size: int) -> Any:
    import tensorflow as tf

    from pipelines import schema

    def parse(records):
        features = tf.io.parse_example(records, schema.feature_spec())
        pixels = tf.io.decode_raw(features["image"], tf.uint16)
        return tf.reshape(pixels, (-1, *index.size.shape))

    return _records_only(index, batch_size).map(
        parse, num_parallel_calls=_threads()).prefetch(_AHEAD)


def _memory_map(folder: str, batch_size: int, gives: str) -> Iterator[Any]:
    array = np.load(os.path.join(folder, "images.npy"), mmap_mode="r")
    rows = np.random.default_rng().permutation(len(array))

    def read(begin: int) -> np.ndarray:
        images = array.take(rows[begin:begin + batch_size], axis=0)
        if gives == "uint16":
            return images
        return np.stack([as_float(image) for image in images])

    begins = range(0, len(array), batch_size)
    with concurrent.futures.ThreadPoolExecutor(_threads()) as pool:
        waiting = [pool.submit(read, begin)
                   for begin in begins[:_threads() + _AHEAD]]
        for begin in [*begins[len(waiting):], *[None] * len(waiting)]:
            yield waiting.pop(0).result()
            if begin is not None:
                waiting.append(pool.submit(read, begin))


def _png_files(folder: str, batch_size: int) -> Any:
    import tensorflow as tf

    def load(path):
        image = tf.io.decode_png(tf.io.read_file(path), 1, tf.uint16)
        image = tf.cast(image, tf.float32)
        return image / tf.maximum(tf.reduce_max(image), 1)

    files = tf.data.Dataset.list_files(os.path.join(folder, "png", "*.png"))
    return files.map(load, tf.data.AUTOTUNE).batch(batch_size).prefetch(
        tf.data.AUTOTUNE)


def _grain(index: indices.Index, folder: str, batch_size: int) -> Any:
    import grain.python as grain

    def load(record: bytes) -> dict[str, Any]:
        image, label = formats.unpack(record, index.size.shape)
        return {"image": as_float(image), "label": label}

    source = grain.ArrayRecordDataSource(
        os.path.join(folder, "images.array_record"))
    return (grain.MapDataset.source(source).shuffle(0).map(load)
            .to_iter_dataset().batch(batch_size))


def _webdataset(index: indices.Index, folder: str, batch_size: int) -> Any:
    import webdataset

    def load(sample: dict[str, Any]) -> tuple[np.ndarray, int]:
        image = np.frombuffer(sample["u16"], "<u2")
        return as_float(image.reshape(index.size.shape)), int(sample["cls"])

    tars = sorted(os.scandir(os.path.join(folder, "tar")),
                  key=lambda entry: entry.name)
    return webdataset.WebDataset(
        [tar.path for tar in tars], shardshuffle=False, empty_check=False
    ).map(load).batched(batch_size)


def _threads() -> int:
    return len(os.sched_getaffinity(0))
