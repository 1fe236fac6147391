"""One split's images in the formats of other loaders.

The images are those of an index, in its order, with their labels. A format
whose package is not installed is left out.
"""

import importlib.util
import io
import os
import struct
import tarfile
from collections.abc import Callable, Iterator

import numpy as np

from model import index as indices
from model import reading

_LABEL = struct.Struct("<q")
_READ_AT_ONCE = 64
_IMAGES_PER_TAR = 256


def installed(package: str) -> bool:
    """Whether a package can be imported."""
    return importlib.util.find_spec(package) is not None


def write(index: indices.Index, folder: str) -> None:
    """Writes every format that can be; what is there already stays.

    Args:
      index: The images; all have one size.
      folder: Where to; one part of it for each format.
    """
    writers: dict[str, Callable[[indices.Index, str], None]] = {
        "images.npy": _write_array, "png": _write_png_files}
    if installed("array_record") and installed("grain"):
        writers["images.array_record"] = _write_array_record
    if installed("webdataset"):
        writers["tar"] = _write_tars
    for name, writer in writers.items():
        path = os.path.join(folder, name)
        if not os.path.exists(path):
            writer(index, path + ".tmp")
            os.rename(path + ".tmp", path)


def pack(image: np.ndarray, label: int) -> bytes:
    """A label and an image, uint16 [height, width, 1], in one string.

    >>> unpack(pack(np.full((1, 2, 1), 7, np.uint16), 1), (1, 2, 1))
    (array([[[7],
            [7]]], dtype=uint16), 1)
    """
    return _LABEL.pack(label) + image.astype("<u2", copy=False).tobytes()


def unpack(data: bytes, shape: tuple[int, ...]) -> tuple[np.ndarray, int]:
    """What `pack` packed; the image shares the memory of `data`."""
    label, = _LABEL.unpack_from(data)
    return (np.frombuffer(data, "<u2", offset=_LABEL.size).reshape(shape),
            label)


def _images(index: indices.Index) -> Iterator[tuple[np.ndarray, int]]:
    for begin in range(0, len(index), _READ_AT_ONCE):
        rows = np.arange(begin, min(begin + _READ_AT_ONCE, len(index)))
        for image, row in zip(reading.read(index, rows), rows):
            yield image, int(index.label[row])


def _write_array(index: indices.Index, path: str) -> None:
    shape = (len(index), *index.size.shape)
    array = np.lib.format.open_memmap(path, "w+", np.uint16, shape)
    for place, (image, _) in enumerate(_images(index)):
        array[place] = image
    array.flush()


def _write_png_files(index: indices.Index, path: str) -> None:
    import cv2

    os.makedirs(path, exist_ok=True)
    for place, (image, label) in enumerate(_images(index)):
        cv2.imwrite(os.path.join(path, f"{place:06d}-{label}.png"), image)


def _write_array_record(index: indices.Index, path: str) -> None:
    from array_record.python import array_record_module

    # Without compression and one by one, as random access wants it.
    writer = array_record_module.ArrayRecordWriter(
        path, "group_size:1,uncompressed")
    for image, label in _images(index):
        writer.write(pack(image, label))
    writer.close()


def _write_tars(index: indices.Index, path: str) -> None:
    os.makedirs(path, exist_ok=True)
    tar = None
    for place, (image, label) in enumerate(_images(index)):
        if place % _IMAGES_PER_TAR == 0:
            if tar is not None:
                tar.close()
            tar = tarfile.open(os.path.join(
                path, f"{place // _IMAGES_PER_TAR:05d}.tar"), "w")
        assert tar is not None
        _add(tar, f"{place:06d}.u16", image.astype("<u2").tobytes())
        _add(tar, f"{place:06d}.cls", str(label).encode())
    if tar is not None:
        tar.close()


def _add(tar: tarfile.TarFile, name: str, data: bytes) -> None:
    entry = tarfile.TarInfo(name)
    entry.size = len(data)
    tar.addfile(entry, io.BytesIO(data))
