"""The plain way to convert mammograms, to measure the build against.

    python tools/bench_pool.py --dicoms=data/dicoms

A pool of processes, one a core: gzip of the standard library, pydicom with its
own decoders, the marker removed, both default sizes made by OpenCV, a crop by
Otsu's method. Nothing is written and no label is joined: what a careful
researcher writes in an afternoon.
"""

import os
import sys

if not __package__:
    sys.path[0] = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))

from absl import flags

from pipelines import command

DICOMS = flags.DEFINE_string("dicoms", "data/dicoms", "Folder of DICOMs.")


def _convert(path: str) -> int:
    import gzip

    import cv2
    import numpy as np
    import pydicom

    opener = gzip.open if path.endswith(".gz") else open
    with opener(path, "rb") as file:
        dataset = pydicom.dcmread(file)
    image = dataset.pixel_array
    if dataset.PhotometricInterpretation == "MONOCHROME1":
        image = (1 << dataset.BitsStored) - 1 - image
    image = np.where(image == image.max(), 0, image).astype(np.uint16)
    half = image.shape[1] // 2
    if image[:, half:].mean() > image[:, :half].mean():
        image = np.ascontiguousarray(image[:, ::-1])
    small = cv2.resize(image, None, fx=1 / 8, fy=1 / 8,
                       interpolation=cv2.INTER_AREA)
    grey = cv2.GaussianBlur(
        (image >> max(0, dataset.BitsStored - 8)).astype(np.uint8), (5, 5), 0)
    _, mask = cv2.threshold(grey, 0, 255,
                            cv2.THRESH_BINARY + cv2.THRESH_OTSU)
    contours, _ = cv2.findContours(mask, cv2.RETR_EXTERNAL,
                                   cv2.CHAIN_APPROX_SIMPLE)
    left, top, width, height = cv2.boundingRect(
        max(contours, key=cv2.contourArea))
    crop = cv2.resize(image[top:top + height, left:left + width], (224, 224),
                      interpolation=cv2.INTER_AREA)
    return small.nbytes + crop.nbytes


def main(argv: list[str]) -> None:
    import multiprocessing

    command.refuse_words(argv)
    paths = sorted(os.path.join(folder, name)
                   for folder, _, names in os.walk(DICOMS.value)
                   for name in names)
    with multiprocessing.Pool(len(os.sched_getaffinity(0))) as pool:
        total = sum(pool.imap_unordered(_convert, paths, chunksize=1))
    print(f"{len(paths)} images, {total / 1e6:.1f} MB")


if __name__ == "__main__":
    command.run(main)
