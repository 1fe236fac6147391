"""Images of an index, read from where its rows say that they lie.

Each record is read by its offset and length into memory of the thread's own,
and its CRC checked there. What a record holds beside its image is in the index
already, so of the `tf.train.Example` only the image's bytes are looked for,
and copied once, into the batch. A record's bytes are still in the processor's
cache when they are, and no memory is fresh (`model.buffers`).
"""

import concurrent.futures
import os
import threading
import weakref
from collections.abc import Iterator
from typing import Any

import numpy as np

from model import buffers
from model import index as indices
from pipelines import files
from pipelines import tfrecord

_CGROUP_LIMITS = ("/sys/fs/cgroup/memory.max",
                  "/sys/fs/cgroup/memory/memory.limit_in_bytes")
_IMAGE = b"image"
# To a store, for one batch; several batches are read at a time.
_REQUESTS = 8

_scratch = buffers.Scratch()


class CorruptRecordError(ValueError):
    """A record cannot be read; names its shard and offset."""


class Memory:
    """The images of an index that were read already.

    Attributes:
      images: uint16 [n, height, width, 1]; pages are taken as it fills.
      filled: bool [n], which of them are there.
    """

    def __init__(self, index: indices.Index):
        self.images = np.empty((len(index), *index.size.shape), np.uint16)
        self.filled = np.zeros(len(index), bool)


_memories: weakref.WeakKeyDictionary[indices.Index, Memory] = (
    weakref.WeakKeyDictionary())


def memory_of(index: indices.Index, cache: str) -> Memory | None:
    """Where an index's images are kept, the same as long as the index lives.

    Args:
      index: Whose.
      cache: `auto`: if they fit in a quarter of the machine's memory; `none`.
    """
    needed = 2 * len(index) * index.size.width * index.size.height
    if cache == "none" or needed > machine_memory() // 4:
        return None
    if index not in _memories:
        _memories[index] = Memory(index)
    return _memories[index]


def machine_memory() -> int:
    """Bytes of memory that this process may have."""
    limits = [os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")]
    for path in _CGROUP_LIMITS:
        try:
            with open(path, encoding="ascii") as file:
                limits.append(int(file.read()))
        except (OSError, ValueError):  # None there, or "max".
            continue
    return min(limits)


def read(index: indices.Index, rows: np.ndarray,
         memory: Memory | None = None,
         batch: np.ndarray | None = None) -> np.ndarray:
    """A batch of images.

    Args:
      index: Which images there are.
      rows: int64 [b], places in it.
      memory: Images that need not be read, and where others are kept.
      batch: Where to write them, [b, height, width, 1]: uint16 as stored, or
        float32, each image divided by its maximum. Fresh uint16 unless given.

    Returns:
      The batch.

    Raises:
      CorruptRecordError: A record cannot be read, or holds no such image.
    """
    if batch is None:
        batch = np.empty((len(rows), *index.size.shape), np.uint16)
    missing = np.arange(len(rows))
    if memory is not None:
        there = memory.filled[rows]
        if there.all() and batch.dtype == np.uint16:
            # "raise" would take a copy first.
            return np.take(memory.images, rows, 0, batch, mode="clip")
        for place in np.flatnonzero(there):
            _put(memory.images[rows[place]], batch[place])
        missing = missing[~there]
    for place, payload in _payloads(index, rows, missing):
        row = rows[place]
        try:
            image = _pixels(payload, index)
        except ValueError as error:
            raise CorruptRecordError(f"{index.place(row)}: {error}") from error
        _put(image, batch[place])
        if memory is not None:
            memory.images[row] = image
            memory.filled[row] = True
    return batch


def _put(image: np.ndarray, target: np.ndarray) -> None:
    """Writes a uint16 image into a batch's place, [height, width, 1] both."""
    if target.dtype == np.uint16:
        target[:] = image
        return
    # As normalisation.normalise does by `max`; black stays black.
    np.divide(image, np.float32(max(1, image.max())), out=target)


def read_ahead(index: indices.Index, rows: np.ndarray) -> None:
    """Asks the operating system to load records soon, in order of their place.

    Returns at once. A disk reads in long pieces what batches then take in
    any order; what is in memory already costs next to nothing. A store is
    not asked ahead.
    """
    if not all(map(files.is_local, index.paths)):
        return
    if hasattr(os, "posix_fadvise"):
        threading.Thread(target=_advise, args=(index, np.unique(rows)),
                         name="read_ahead", daemon=True).start()


def image_bytes(payload: Any) -> memoryview:
    """The bytes of the feature `image` of a `tf.train.Example`, not copied.

    Of bytes or of a uint8 array.

    An Example is nested fields, each a tag byte, a length and so many bytes:
    features { feature { key, value { bytes_list { value } } } ... }.

    Raises:
      ValueError: There is no such feature.
    """
    view = memoryview(payload)
    try:
        for feature in _fields(_only(view)):
            key, value = _fields(feature)
            if key == _IMAGE:
                return _only(_only(value))
    except (IndexError, ValueError) as error:
        raise ValueError("the record is no tf.train.Example") from error
    raise ValueError("the record has no feature 'image'")


def _only(message: memoryview) -> memoryview:
    field, = _fields(message)
    return field


def _fields(message: memoryview) -> Iterator[memoryview]:
    """Yields the contents of the fields of a protobuf message."""
    at = 0
    while at < len(message):
        if message[at] & 7 != 2:
            raise ValueError("a field is not of bytes")
        length = shift = 0
        while True:
            at += 1
            length |= (message[at] & 127) << shift
            if message[at] < 128:
                break
            shift += 7
        at += 1
        if at + length > len(message):
            raise ValueError("a field ends after its message")
        yield message[at:at + length]
        at += length


def _payloads(index: indices.Index, rows: np.ndarray,
              places: np.ndarray) -> Iterator[tuple[int, Any]]:
    """Yields place and payload of records, each shard opened once.

    A payload is bytes or a uint8 array, which lasts until the next is asked
    for.

    Raises:
      CorruptRecordError: One cannot be read or is damaged.
    """
    # Rows of an index are in the order of shard and offset.
    places = places[np.argsort(rows[places], kind="stable")]
    if len(places) and not files.is_local(index.paths[0]):
        yield from _payloads_of_store(index, rows, places)
        return
    descriptor, opened = -1, -1
    try:
        for place in places:
            row = rows[place]
            number = index.path_number[row]
            try:
                if number != opened:
                    if descriptor >= 0:
                        os.close(descriptor)
                    descriptor, opened = -1, number
                    descriptor = os.open(index.paths[number], os.O_RDONLY)
                record: Any = _scratch.of(int(index.byte_length[row]))
                record = record[:os.preadv(descriptor, [record],
                                           index.byte_offset[row])]
            except OSError as error:
                raise CorruptRecordError(
                    f"{index.place(row)}: {error.strerror}") from error
            yield place, _payload(record, index.place(row))
    finally:
        if descriptor >= 0:
            os.close(descriptor)


def _payload(record: Any, where: str) -> Any:
    try:
        return tfrecord.unframe(record, where)
    except ValueError as error:
        raise CorruptRecordError(str(error)) from error


def _payloads_of_store(index: indices.Index, rows: np.ndarray,
                       places: np.ndarray) -> Iterator[tuple[int, Any]]:
    """As `_payloads`; neighbours are one request, and many run at a time."""
    first = _first_of_neighbours(index, rows[places])
    runs = np.split(places, np.flatnonzero(first)[1:])

    def read_run(run: np.ndarray) -> bytes:
        begin, last = rows[run[0]], rows[run[-1]]
        start = int(index.byte_offset[begin])
        length = int(index.byte_offset[last] + index.byte_length[last]) - start
        try:
            return files.read_part(
                index.paths[index.path_number[begin]], start, length)
        except OSError as error:
            raise CorruptRecordError(f"{index.place(begin)}: {error}"
                                     ) from error

    with concurrent.futures.ThreadPoolExecutor(_REQUESTS) as pool:
        for run, data in zip(runs, pool.map(read_run, runs)):
            start = index.byte_offset[rows[run[0]]]
            for place in run:
                row = rows[place]
                begin = int(index.byte_offset[row] - start)
                yield place, _payload(
                    data[begin:begin + int(index.byte_length[row])],
                    index.place(row))


def _first_of_neighbours(index: indices.Index,
                         rows: np.ndarray) -> np.ndarray:
    """Which of some ascending rows do not follow at once on the one before.

    Returns:
      bool [n].
    """
    first = np.ones(len(rows), bool)
    before, after = rows[:-1], rows[1:]
    end = index.byte_offset[before] + index.byte_length[before]
    first[1:] = ((index.path_number[before] != index.path_number[after])
                 | (end != index.byte_offset[after]))
    return first


def _pixels(payload: Any, index: indices.Index) -> np.ndarray:
    """The image of a record, uint16 [height, width, 1].

    It may share the record's memory.
    """
    data = image_bytes(payload)
    size = index.size
    if index.encoding == "raw":
        if len(data) != 2 * size.width * size.height:
            raise ValueError(f"the image has {len(data)} bytes, one of {size} "
                             f"has {2 * size.width * size.height}")
        return np.frombuffer(data, "<u2").reshape(size.shape)
    pixels = _decode_png(data)
    if pixels.shape != (size.height, size.width) or pixels.dtype != np.uint16:
        raise ValueError(f"the PNG is {pixels.dtype} {pixels.shape}, expected "
                         f"uint16 {(size.height, size.width)}")
    return pixels[:, :, None]


def _decode_png(data: Any) -> np.ndarray:
    import imagecodecs  # Only records of --encoding=png need it.

    try:
        return imagecodecs.png_decode(data)
    except Exception as error:  # Its own classes share no public base.
        raise ValueError(f"the PNG is damaged: {error}") from error


def _advise(index: indices.Index, rows: np.ndarray) -> None:
    for number in np.unique(index.path_number[rows]):
        try:
            descriptor = os.open(index.paths[number], os.O_RDONLY)
        except OSError:
            return  # Reading it will tell.
        try:
            # One by one: the kernel cuts off what is much longer.
            for row in rows[index.path_number[rows] == number]:
                os.posix_fadvise(descriptor, index.byte_offset[row],
                                 index.byte_length[row],
                                 os.POSIX_FADV_WILLNEED)
        finally:
            os.close(descriptor)
