"""Other ways to convert mammograms, to measure a build against.

    python tools/bench_pool.py --dicoms=data/dicoms
    python tools/bench_pool.py --dicoms=data/dicoms --way=dicomsdl --workers=4

A pool of processes, each of which takes the next image. `pydicom` is what a
careful researcher writes in an afternoon: gzip of the standard library,
pydicom with its own decoders, the marker removed, both default sizes made by
OpenCV, a crop by Otsu's method; `dicomsdl` the same with that reader
(requirements-bench.txt). They write nothing and join no label. `ours` writes
all that a build does, by the same function but without Beam; it takes the
plan that `build_records.py --plan_only` left in --output.
"""

import os
import sys

if not __package__:
    sys.path[0] = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))

import functools
import time
from typing import Any

from absl import flags

from pipelines import command

DICOMS = flags.DEFINE_string("dicoms", "data/dicoms", "Folder of DICOMs.")
WAY = flags.DEFINE_enum("way", "pydicom", ["pydicom", "dicomsdl", "ours"],
                        "How images are converted.")
WORKERS = flags.DEFINE_integer(
    "workers", 0, "Processes; 0: one a core.", lower_bound=0)
OUTPUT = flags.DEFINE_string(
    "output", "data/records", "Where `ours` finds its plan, and writes.")


def _by_pydicom(path: str):
    """Pixels, bits stored, photometric interpretation."""
    import gzip

    import pydicom

    opener = gzip.open if path.endswith(".gz") else open
    with opener(path, "rb") as file:
        dataset = pydicom.dcmread(file)
    return (dataset.pixel_array, dataset.BitsStored,
            dataset.PhotometricInterpretation)


def _by_dicomsdl(path: str):
    import gzip

    import dicomsdl

    opener = gzip.open if path.endswith(".gz") else open
    with opener(path, "rb") as file:
        data = file.read()
    dataset = dicomsdl.open_memory(data)
    return (dataset.pixelData(storedvalue=True), dataset.BitsStored,
            dataset.PhotometricInterpretation)


_READERS = {"pydicom": _by_pydicom, "dicomsdl": _by_dicomsdl}


def _convert(job: tuple[str, str]) -> int:
    import cv2
    import numpy as np

    way, path = job
    image, bits, photometric = _READERS[way](path)
    if photometric == "MONOCHROME1":
        image = (1 << bits) - 1 - image
    image = np.where(image == image.max(), 0, image).astype(np.uint16)
    half = image.shape[1] // 2
    if image[:, half:].mean() > image[:, :half].mean():
        image = np.ascontiguousarray(image[:, ::-1])
    small = cv2.resize(image, None, fx=1 / 8, fy=1 / 8,
                       interpolation=cv2.INTER_AREA)
    grey = cv2.GaussianBlur(
        (image >> max(0, bits - 8)).astype(np.uint8), (5, 5), 0)
    _, mask = cv2.threshold(grey, 0, 255,
                            cv2.THRESH_BINARY + cv2.THRESH_OTSU)
    contours, _ = cv2.findContours(mask, cv2.RETR_EXTERNAL,
                                   cv2.CHAIN_APPROX_SIMPLE)
    left, top, width, height = cv2.boundingRect(
        max(contours, key=cv2.contourArea))
    crop = cv2.resize(image[top:top + height, left:left + width], (224, 224),
                      interpolation=cv2.INTER_AREA)
    return small.nbytes + crop.nbytes


def _convert_shard(task) -> int:
    from pipelines import convert

    convert.convert_shard(task, _workspace(), lambda row: None)
    return task.images


@functools.cache
def _workspace():
    """This process's, for all its shards."""
    from pipelines import preprocess

    return preprocess.Workspace()


def main(argv: list[str]) -> None:
    import multiprocessing

    command.refuse_words(argv)
    jobs: list[Any]
    function: Any
    if WAY.value == "ours":
        from tools import plans

        jobs, function = plans.tasks(OUTPUT.value), _convert_shard
    else:
        jobs = [(WAY.value, os.path.join(folder, name))
                for folder, _, names in sorted(os.walk(DICOMS.value))
                for name in sorted(names)]
        function = _convert
    workers = WORKERS.value or len(os.sched_getaffinity(0))
    # Forked: what is imported here need not be by each of them.
    with multiprocessing.get_context("fork").Pool(workers) as pool:
        for _ in pool.imap_unordered(function, jobs, chunksize=1):
            print(f"done {time.monotonic():.4f}", flush=True)


if __name__ == "__main__":
    command.run(main)
