r"""Evaluates a trained model: threshold on validation, judgement on test.

    python model/evaluate.py --arch=resnet --input=416x512
    python model/evaluate.py --run_dir=data/runs/mine --by=manufacturer \
        --by="patient_age // 10 * 10" --compare=data/runs/resnet-416x512
    python model/evaluate.py --records=data/inbreast
    python model/evaluate.py --report

The threshold is the largest score that detects at least --sensitivity of the
validation split's positive cases, for single images and for breasts, whose
views combine first. Into the run's folder go operating_point.json (which
prediction decides by), evaluation.json, predictions-<split>.parquet (every
image's columns with its scores and decisions, for SQL), roc.png and
thresholds.png; by --report also report.html, a page with learning curves,
ROC, scores, calibration, subgroups and the most confident mistakes.

On another data set than the training's nothing is chosen: all its images are
judged at the run's stored thresholds, and it is told how sensitivity and
specificity drifted from those on its own test split, and which threshold would
have been needed. It must have been built by the training's recipe. Its files
go into a folder within the run's, on-<the data set's>.
"""

import os
import sys

if not __package__:
    sys.path[0] = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))

from absl import flags

from model import architectures
from pipelines import command

DEFAULT_ARCH, DEFAULT_INPUT = architectures.CONFIGS["resnet"]

RECORDS = flags.DEFINE_string(
    "records", "data/records", "Folder of the data set to judge on.")
RUN_DIR = flags.DEFINE_string(
    "run_dir", None, "Folder of the trained run; data/runs/<arch>-<input> "
    "unless given.")
ARCH = flags.DEFINE_enum(
    "arch", None, architectures.ARCHITECTURES,
    "The run's network, where --run_dir does not say which run; "
    f"{DEFAULT_ARCH} unless --config is given.")
INPUT = flags.DEFINE_string(
    "input", None, "Likewise the size of its input, WIDTHxHEIGHT; "
    f"{DEFAULT_INPUT} unless --config is given.")
CONFIG = flags.DEFINE_enum(
    "config", None, list(architectures.CONFIGS),
    "One of the thesis's configurations, instead of --arch and --input.")
SPLIT = flags.DEFINE_enum(
    "split", None, ["test", "validation", "train", "all"],
    "What is judged; the test split unless given, of another data set than "
    "the training's all of it, as none was trained on.")
SENSITIVITY = flags.DEFINE_float(
    "sensitivity", 0.9, "Share of the positive cases of validation that each "
    "threshold detects at least.")
WHERE = flags.DEFINE_string(
    "where", None, "SQL predicate over the columns of `records`: what is "
    "judged, as in \"view = 'MLO' AND NOT implant\"; unless given, the "
    "training's; 'true' for all. The threshold comes from the validation "
    "images that the training's predicate selects, whatever this says.")
BY = flags.DEFINE_multi_string(
    "by", [], "Column of `records`, or SQL of columns, by which subgroups are "
    "judged at the same thresholds; several times for several.")
COMPARE = flags.DEFINE_string(
    "compare", None, "Folder of another run, evaluated on the same images: "
    "DeLong's test between the two.")
STORED = flags.DEFINE_boolean(
    "stored_thresholds", False, "Judge by the run's operating_point.json "
    "instead of choosing thresholds anew; on another data set than the "
    "training's it is so always.")
RESAMPLES = flags.DEFINE_integer(
    "resamples", 1000, "Resamples of the patients that intervals come from; "
    "0: no intervals.", lower_bound=0)
SEED = flags.DEFINE_integer("seed", 0, "Of the resamples.", lower_bound=0)
BATCH_SIZE = flags.DEFINE_integer(
    "batch_size", 32, "Images scored at a time.", lower_bound=1)
OUTPUT = flags.DEFINE_string(
    "output", None, "Folder for what is written; the run's unless given, for "
    "another data set than the training's one within it.")


REPORT = flags.DEFINE_bool(
    "report", False, "Also write report.html, a page that needs nothing else. "
    "Subgroups are by view, manufacturer and decade of age then, unless --by "
    "names others.")
# Of a report where nothing else is asked for.
USUAL_SUBGROUPS = ("view", "manufacturer", "patient_age // 10 * 10")


def _run_dir() -> str:
    """Which run is meant; raises ValueError for flags that contradict."""
    from model import runs
    from pipelines import geometry

    if RUN_DIR.value:
        return RUN_DIR.value
    if CONFIG.value and (ARCH.value or INPUT.value):
        raise ValueError(f"--config={CONFIG.value} says what --arch and "
                         "--input are: leave those flags away")
    arch, size = architectures.CONFIGS[CONFIG.value or "resnet"]
    # As training takes it, also with the method before: crop:224x224.
    size = (INPUT.value or size).rpartition(":")[2]
    return runs.RunDir.default(ARCH.value or arch,
                               geometry.Size.parse(size)).path


def main(argv: list[str]) -> int:
    command.refuse_words(argv)
    from model import evaluating
    from model import evaluation_inputs
    from model import evaluation_text

    document = evaluating.evaluate(evaluation_inputs.Request(
        run_dir=_run_dir(), records=RECORDS.value, split=SPLIT.value,
        sensitivity=SENSITIVITY.value, where=WHERE.value,
        by=tuple(BY.value) or USUAL_SUBGROUPS * REPORT.value,
        compare=COMPARE.value, stored=STORED.value,
        resamples=RESAMPLES.value, seed=SEED.value,
        batch_size=BATCH_SIZE.value, output=OUTPUT.value,
        report=REPORT.value))
    print(evaluation_text.report(document), end="")
    return command.DONE


if __name__ == "__main__":
    command.run(main)
