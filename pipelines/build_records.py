r"""Builds a data set: DICOM mammograms in, TFRecord shards and Parquet out.

    python pipelines/build_records.py --runner=DirectRunner
    python pipelines/build_records.py --dicoms=/archive/2016 \
        --label_table=register.xlsx --output=/data/records

Without flags it builds from data/dicoms and data/labels.csv, and where these
do not exist first makes a small synthetic cohort there. Every option of Apache
Beam's can stand beside the flags below. Killed and started again, it goes on
where it stopped.
"""

import os
import sys

if not __package__:
    sys.path[0] = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))

import gc
import logging
import subprocess

from absl import flags

from pipelines import command
from pipelines import console

DEFAULT_DICOMS = "data/dicoms"
DEFAULT_LABELS = "data/labels.csv"
# labels.formats.READERS has them; naming them here keeps --help fast.
FORMATS = ["register", "cbis_ddsm", "inbreast", "vindr", "rsna", "cmmd",
           "embed", "bmcd", "omidb", "generic"]

DICOMS = flags.DEFINE_multi_string(
    "dicoms", [DEFAULT_DICOMS],
    "Directory (all files below it), file or glob ('archive/**/*.dcm.gz'), "
    "local, s3://BUCKET/... or what else Beam has a file system for; may be "
    "given several times.")
MANIFEST = flags.DEFINE_string(
    "manifest", None,
    "Text file with one path on each line, beside or instead of --dicoms.")
DATASET = flags.DEFINE_multi_string(
    "dataset", None,
    "One of several data sets to merge, NAME,FORMAT,DICOMS,LABELS, given once "
    "for each, instead of --dicoms, --labels_format and --label_table. FORMAT "
    "is one of --labels_format. The column dataset has its name, as in "
    "--where=\"dataset = 'film'\", and its patients are its own. What else "
    "its table needs comes after: OURS=THEIRS as in --label_columns, "
    "date_format=%d-%m-%Y, patient_id_width=6.")
LABEL_TABLE = flags.DEFINE_string(
    "label_table", DEFAULT_LABELS,
    "Diagnoses: a CSV, XLSX, XLS or Parquet file, a glob, or a folder of them; "
    "of omidb its folder data. A data set's own format leaves other files of "
    "a folder aside; of a register and of generic all must be tables of it.")
LABELS_FORMAT = flags.DEFINE_enum(
    "labels_format", "register", FORMATS,
    "What the label table is: a screening register (one row per patient, side "
    "and screening), a well-known data set's own tables, or generic: one row "
    "per image or per breast, its columns named by --label_columns. BUILD.md "
    "has what each reads.")
LABEL_COLUMNS = flags.DEFINE_list(
    "label_columns", [],
    "Your table's column names where they differ from ours, as in "
    "patient_id=pid,diagnosis_date=date. Ours: of a register patient_id, "
    "laterality, diagnosis_date, birads_1, birads_2, birads_3, cancer, "
    "outcome; of a generic table file, patient_id, exam_id, laterality, view, "
    "date, cancer, outcome, years_to_cancer, birads, implant, split. An error "
    "about another format's column says what it is called.")
DATE_FORMAT = flags.DEFINE_string(
    "date_format", None,
    "Format of the table's dates, as in %d-%m-%Y; ISO 8601 unless given.")
PATIENT_ID_WIDTH = flags.DEFINE_integer(
    "patient_id_width", None,
    "Zero-pad the table's patient IDs to so many digits: spreadsheets turn "
    "000123 into 123.")
LABEL_MATCH = flags.DEFINE_enum(
    "label_match", "year", ["year", "rounding"],
    "Match a visit to the diagnosis of its year, else of the next year; or to "
    "that of its date rounded to the nearest 1 January.")
LABEL_CONFLICTS = flags.DEFINE_enum(
    "label_conflicts", "error", ["error", "drop"],
    "What two different rows for one breast and year, or for one image, are: "
    "an error, or a reason to leave these images out.")
CANCER_BIRADS = flags.DEFINE_list(
    "cancer_birads", None,
    "BI-RADS categories that count as a cancer where a data set has no "
    "pathology, as in 4,5,6; without it, what is usual for its format.")
OUTPUT = flags.DEFINE_string(
    "output", "data/records", "Folder of the data set, local or as --dicoms; "
    "where the store is: AWS_ENDPOINT_URL, AWS_ACCESS_KEY_ID, ....")
VARIANTS = flags.DEFINE_list(
    "variants", ["resize:416x512", "crop:224x224"],
    "What to store of each image, METHOD:WIDTHxHEIGHT each.")
BREAST_BOX = flags.DEFINE_enum(
    "breast_box", "component", ["component", "otsu"],
    "Rule that finds the breast: the largest component, or the thesis's box.")
MARKERS = flags.DEFINE_enum(
    "markers", "brightest", ["brightest", "thesis", "largest", "keep"],
    "Which burned-in markers become black: pixels at the maximum outside the "
    "breast; every pixel at the maximum; all that is not breast; none.")
WINDOWING = flags.DEFINE_enum(
    "windowing", "none", ["none", "window", "lut"],
    "Apply the header's window or VOI LUT.")
VOI_INDEX = flags.DEFINE_integer(
    "voi_index", 0, "Which of several windows or VOI LUTs --windowing "
    "applies, from 0; the last one where there are fewer.", lower_bound=0)
RESAMPLE = flags.DEFINE_string(
    "resample", "factor:8", "How large the pixels of resize variants are: "
    "factor:N original pixels (8 brings 3328x4096 to 416x512), spacing:MM in "
    "the breast (0.56 is as much of 0.07 mm detectors, so that others give "
    "the same scale), or fit: as large as the size allows.")
TOMOSYNTHESIS = flags.DEFINE_enum(
    "tomosynthesis", "skip", ["skip", "middle", "mip"],
    "What becomes of several frames: they are rejected, the middle one is the "
    "image, or the maximum of all of them is.")
LENIENT = flags.DEFINE_bool(
    "lenient", False, "Decode pixels that are not in the transfer syntax that "
    "their header states by what they look like, and mark them.")
J2K = flags.DEFINE_enum(
    "j2k", "full", ["full", "reduced"], "Decode JPEG 2000 in full, or at a "
    "quarter through its resolution levels: in a sixth of the time, but the "
    "pixels are others (BUILD.md has how far).")
ENCODING = flags.DEFINE_enum(
    "encoding", "raw", ["raw", "png"],
    "Of the pixels in a record: little-endian uint16, or 16-bit PNG.")
SALT = flags.DEFINE_string(
    "salt", "mammoflow-1", "Public salt of the patients' split.")
FRACTIONS = flags.DEFINE_list(
    "fractions", ["0.8", "0.1", "0.1"],
    "Shares of train, validation and test.")
SPLITS = flags.DEFINE_enum(
    "splits", "auto", ["auto", "hash", "official"],
    "Split by salted hash of the patient, or as the data set's publishers "
    "did; auto: as they did, for each data set that has such a split.")
VIEWS = flags.DEFINE_list(
    "views", ["CC", "MLO"], "Views to keep; others are excluded.")
IMAGE_KINDS = flags.DEFINE_list(
    "image_kinds", ["2d", "synthetic_2d", "film", "tomosynthesis"],
    "Kinds of images to keep; others (tomosynthesis_slice, projection, "
    "biopsy, specimen, phantom, screen_capture) are excluded. Leave out "
    "synthetic_2d to have no C-Views.")
KEEP_SPOT_VIEWS = flags.DEFINE_bool(
    "keep_spot_views", False, "Keep spot compressions and magnifications.")
KEEP_SPECIAL_VIEWS = flags.DEFINE_bool(
    "keep_special_views", False,
    "Keep cleavage, axillary tail, tangential and rolled views.")
KEEP_INTERVAL_CANCERS = flags.DEFINE_bool(
    "keep_interval_cancers", False,
    "Keep cancers that were not referred (outcome FN).")
EXCLUDE_IMPLANTS = flags.DEFINE_bool(
    "exclude_implants", False,
    "Leave out breasts with an implant, displaced or not.")
KEEP_FOR_PROCESSING = flags.DEFINE_bool(
    "keep_for_processing", False,
    "Keep images whose presentation intent is FOR PROCESSING.")
PATIENT_IDS = flags.DEFINE_enum(
    "patient_ids", "keep", ["keep", "hash"],
    "Write patient IDs as given, or keyed-hashed wherever they stand.")
ID_KEY_FILE = flags.DEFINE_string(
    "id_key_file", None, "File with the secret of --patient_ids=hash.")
MAX_REJECTS = flags.DEFINE_float(
    "max_rejects", 0.1,
    "Fraction of rejected files above which the build ends with status 1.")
MAX_HEADER_BYTES = flags.DEFINE_integer(
    "max_header_bytes", 32 << 20, "Limit of a header, bytes.")
MAX_IMAGE_BYTES = flags.DEFINE_integer(
    "max_image_bytes", 256 << 20, "Limit of an unpacked image, bytes.")
PLAN_ONLY = flags.DEFINE_bool(
    "plan_only", False, "Join and plan, print the tables, touch no pixels.")
OVERWRITE = flags.DEFINE_bool(
    "overwrite", False, "Replace records of another recipe in --output.")
REPORT = flags.DEFINE_bool(
    "report", False, "At the end write report.html into --output: the data "
    "set in pictures and tables, as tools/report.py has it, without "
    "identifiers.")


def _config():
    """The flags as a frozen value; raises ValueError for wrong ones."""
    from pipelines import config
    from pipelines import files
    from pipelines import geometry
    from pipelines import plan
    from pipelines import privacy
    from pipelines import recipe
    from pipelines import scan

    key = None
    if REPORT.value and PLAN_ONLY.value:
        raise ValueError("--report tells of a built data set, which "
                         "--plan_only does not make; tools/report.py tells of "
                         "a plan")
    if (PATIENT_IDS.value == "hash") != (ID_KEY_FILE.value is not None):
        raise ValueError("--patient_ids=hash and --id_key_file go together")
    if ID_KEY_FILE.value:
        key = files.read(ID_KEY_FILE.value).strip()
    return config.BuildConfig(
        sources=_sources(),
        rules=plan.PlanRules(
            keep_interval_cancers=KEEP_INTERVAL_CANCERS.value,
            exclude_implants=EXCLUDE_IMPLANTS.value,
            views=tuple(VIEWS.value),
            image_kinds=tuple(IMAGE_KINDS.value),
            keep_spot_views=KEEP_SPOT_VIEWS.value,
            keep_special_views=KEEP_SPECIAL_VIEWS.value,
            keep_for_processing=KEEP_FOR_PROCESSING.value,
            label_match=LABEL_MATCH.value,
            label_conflicts=LABEL_CONFLICTS.value,
            cancer_birads=config.parse_birads(CANCER_BIRADS.value),
            salt=SALT.value,
            fractions=config.parse_fractions(FRACTIONS.value),
            splits=SPLITS.value),
        recipe=recipe.Recipe(
            variants=tuple(map(geometry.Variant.parse, VARIANTS.value)),
            breast_box=BREAST_BOX.value, markers=MARKERS.value,
            windowing=WINDOWING.value, voi_index=VOI_INDEX.value,
            resample=geometry.Resample.parse(RESAMPLE.value),
            tomosynthesis=TOMOSYNTHESIS.value, lenient=LENIENT.value,
            j2k=J2K.value, encoding=ENCODING.value),
        output=OUTPUT.value,
        limits=scan.Limits(MAX_HEADER_BYTES.value, MAX_IMAGE_BYTES.value),
        pseudonyms=privacy.Pseudonyms(key),
        max_rejects=MAX_REJECTS.value, plan_only=PLAN_ONLY.value,
        overwrite=OVERWRITE.value)


def _sources():
    """The data sets: those of --dataset, or the one of all other flags."""
    from pipelines import config

    if DATASET.value:
        alone = (DICOMS, MANIFEST, LABEL_TABLE, LABELS_FORMAT, LABEL_COLUMNS,
                 DATE_FORMAT, PATIENT_ID_WIDTH)
        given = [flag.name for flag in alone if flag.present]
        if given:
            raise ValueError(
                f"--{given[0]} cannot be had with --dataset, which says it "
                "for each data set")
        return tuple(config.parse_dataset(text, FORMATS)
                     for text in DATASET.value)
    labels = config.LabelSource(
        LABEL_TABLE.value, LABELS_FORMAT.value,
        config.parse_columns(LABEL_COLUMNS.value), DATE_FORMAT.value,
        PATIENT_ID_WIDTH.value)
    dicoms = () if MANIFEST.value and not DICOMS.present else DICOMS.value
    return (config.Source(None, tuple(dicoms), labels, MANIFEST.value),)


def _make_default_cohort() -> None:
    """Makes the small synthetic cohort where nothing else was asked for."""
    if any(flag.present for flag in (DATASET, DICOMS, MANIFEST, LABEL_TABLE)):
        return
    begun = os.path.exists(os.path.join(
        os.path.dirname(DEFAULT_DICOMS), "cohort.json"))
    if os.path.exists(DEFAULT_LABELS) or (
            os.path.exists(DEFAULT_DICOMS) and not begun):
        return
    console.info(f"{DEFAULT_DICOMS} and {DEFAULT_LABELS} do not exist: making "
                 "a small synthetic cohort there, by tools/make_cohort.py")
    subprocess.run([sys.executable, _tool("make_cohort.py"),
                    f"--output={os.path.dirname(DEFAULT_DICOMS)}",
                    *command.log_words()], check=True)


def _tool(script: str) -> str:
    """Path of a script that this one runs as a process of its own."""
    return os.path.join(os.path.dirname(os.path.dirname(
        os.path.abspath(__file__))), "tools", script)


def _write_report() -> None:
    """Writes the report, if it is wanted; a failure is only told."""
    if not REPORT.value:
        return
    done = subprocess.run(
        [sys.executable, _tool("report.py"), f"--records={OUTPUT.value}"],
        text=True, capture_output=True, check=False)
    if done.returncode:
        why = done.stderr.strip().rpartition("\n")[2]
        console.warning(f"no report was written: {why}")
    else:
        console.info(f"report   {done.stdout.strip()}")


def main(argv: list[str]) -> int:
    # Beam tells each step of its own, and of an error its whole traceback,
    # partly as the root; what a person must know is printed here.
    logging.getLogger().setLevel(logging.CRITICAL)
    logging.getLogger("apache_beam").setLevel(logging.CRITICAL)
    # This one sets its own level whenever it starts.
    logging.getLogger("PrismJobServer").disabled = True
    # Nothing of what is imported is garbage: looking takes 0.2 s.
    gc.disable()
    from pipelines import beam_options

    ours = [*flags.FLAGS]
    # What is wrong is told before Beam is imported.
    beam_options.check_names(argv[1:], ours)
    config = _config()
    options = beam_options.parse(argv[1:], ours)
    try:
        _make_default_cohort()
    except subprocess.CalledProcessError as error:
        return error.returncode  # It said why.
    from pipelines import build
    from pipelines import convert

    gc.freeze()
    gc.enable()
    try:
        return build.build(config, options, console.stream(), sys.stdout,
                           on_sealed=_write_report)
    except convert.BuildFailed as error:
        return command.fail(error)
    finally:
        # Else DuckDB takes what is there at the end for leaked.
        gc.unfreeze()


if __name__ == "__main__":
    # Unknown flags may be Beam's.
    command.run(main, known_only=True, interrupted=command.GOES_ON)
