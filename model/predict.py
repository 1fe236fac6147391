r"""Scores DICOM files by a trained model, and decides at its thresholds.

    python model/predict.py --arch=resnet --input=416x512
    python model/predict.py --files=archive --files="new/**/*.dcm.gz" \
        --output=predictions.parquet --heatmaps=heatmaps
    python model/predict.py --run_dir=data/runs/mine FILE.dcm OTHER.dcm

The run's recipe is replayed: the network is given, byte for byte, what a build
would have stored. predictions.csv has a row for each file, with its score and
decision or the reason why it has none; predictions-breasts.csv has a row for
each breast (patient, side and study date), whose views combine as in the
run's evaluation. Decisions are made at the thresholds that model/evaluate.py
chose; without them there are scores only.
"""

import os
import sys

if not __package__:
    sys.path[0] = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))

from absl import flags

from model import architectures
from pipelines import command

DEFAULT_ARCH, DEFAULT_INPUT = architectures.CONFIGS["resnet"]

FILES = flags.DEFINE_multi_string(
    "files", ["data/dicoms"], "DICOM files, gzipped or not, folders of them, "
    "or globs (** for any depth); several times for several. Files may also "
    "be named without the flag.")
RUN_DIR = flags.DEFINE_string(
    "run_dir", None, "Folder of the trained run; data/runs/ARCH-INPUT unless "
    "given.")
ARCH = flags.DEFINE_enum(
    "arch", None, architectures.ARCHITECTURES,
    "Architecture, where --run_dir does not say which run; "
    f"{DEFAULT_ARCH} unless given.")
INPUT = flags.DEFINE_string(
    "input", None, "Input size as WIDTHxHEIGHT, likewise; "
    f"{DEFAULT_INPUT} unless given.")
CONFIG = flags.DEFINE_enum(
    "config", None, list(architectures.CONFIGS),
    "One of the thesis's configurations, instead of --arch and --input.")
OUTPUT = flags.DEFINE_string(
    "output", "predictions.csv", "Table of the images to write, .csv or "
    ".parquet; that of the breasts is called as this with -breasts.")
HEATMAPS = flags.DEFINE_string(
    "heatmaps", None, "Folder for a PNG of each image, named by its SOP "
    "Instance UID: the original, and beside it where the network saw what "
    "speaks for class 1 (Grad-CAM). None unless given.")
BATCH_SIZE = flags.DEFINE_integer(
    "batch_size", 32, "Images scored at a time.", lower_bound=1)
THREADS = flags.DEFINE_integer(
    "threads", 0, "Threads that read and preprocess; 0: one for each core.",
    lower_bound=0)
KEEP_FOR_PROCESSING = flags.DEFINE_boolean(
    "keep_for_processing", False, "Score raw detector images too, which a "
    "build leaves out by default.")
MAX_IMAGE_BYTES = flags.DEFINE_integer(
    "max_image_bytes", 256 << 20, "Of one image, unpacked.")


def _run_dir() -> tuple[str, str]:
    """The run's folder, and the command that trains it."""
    from model import runs
    from pipelines import geometry

    if CONFIG.value and (ARCH.value or INPUT.value):
        raise ValueError(f"--config={CONFIG.value} says both --arch and "
                         "--input: leave those flags away")
    arch, size = architectures.CONFIGS[CONFIG.value or "resnet"]
    arch, size = ARCH.value or arch, INPUT.value or size
    parsed = geometry.Size.parse(size.rpartition(":")[2])
    command = f"python model/train.py --arch={arch} --input={size}"
    if RUN_DIR.value:
        return RUN_DIR.value, f"{command} --run_dir={RUN_DIR.value}"
    return runs.RunDir.default(arch, parsed).path, command


def _files(words: list[str]) -> tuple[str, ...]:
    """What the words and the flag name; the default only where none does."""
    if words and not FILES.present:
        return tuple(words)
    return (*FILES.value, *words)


def main(argv: list[str]) -> int:
    from model import inference
    from model import predicting
    from model import predictions

    run_dir, train_command = _run_dir()
    request = predicting.Request(
        run_dir=run_dir, files=_files(argv[1:]), output=OUTPUT.value,
        heatmaps=HEATMAPS.value, batch_size=BATCH_SIZE.value,
        threads=THREADS.value, keep_for_processing=KEEP_FOR_PROCESSING.value,
        max_image_bytes=MAX_IMAGE_BYTES.value, train_command=train_command)
    found = predicting.predict(request)
    print(predictions.report(found, run_dir, request.output,
                             request.breasts_output), end="")
    scored = inference.SCORED in found.images["status"].to_pylist()
    return command.DONE if scored else command.WRONG


if __name__ == "__main__":
    command.run(main)
