r"""Makes a synthetic screening cohort: DICOM files and the register's table.

    python tools/make_cohort.py

writes data/dicoms and data/labels.csv (and labels.xlsx): a few hundred
full-size mammograms of women who do not exist, with the outcomes of their
screenings. Other sizes, and archives with everything that goes wrong:

    python tools/make_cohort.py --output=/tmp/cohort --patients=1000 \
        --scale=0.25 --transfer_syntaxes=explicit,jpegls,j2k --pitfalls=all

and a second hospital's, whose images look otherwise, to cross over to:

    python tools/make_cohort.py --output=/tmp/flat --contrast=flat \
        --first_patient=1000

The same flags give the same bytes, whatever the number of workers, and a
larger cohort holds the smaller one. A run that was interrupted goes on where
it stopped when it is started again with the same flags.
"""

import os
import sys

if not __package__:
    sys.path[0] = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))

import json
import shutil
from collections import Counter
from collections.abc import Iterator

from absl import flags

from pipelines import command
from pipelines import console
from pipelines import progress

# 40 patients have 332 images.
DEFAULT_PATIENTS = 40

OUTPUT = flags.DEFINE_string(
    "output", "data", "folder to write dicoms/, labels.csv and labels.xlsx to")
PATIENTS = flags.DEFINE_integer(
    "patients", DEFAULT_PATIENTS,
    "number of patients, each with about eight images", lower_bound=1,
    upper_bound=899_999)
SCALE = flags.DEFINE_float(
    "scale", 1.0, "size of the images; 1 is full size, 3328x4096 and "
    "2560x3328 pixels (width x height)", 1 / 64, 1)
SEED = flags.DEFINE_integer("seed", 1, "of everything that is random", 0)
TRANSFER_SYNTAXES = flags.DEFINE_list(
    "transfer_syntaxes",
    5 * ["explicit"] + 2 * ["implicit"] + ["jpeg_lossless_sv1"],
    "transfer syntaxes to choose among, by name or UID (a name that stands "
    "there twice is used twice as often), or `all`, or `lossless`")
CONTRAST = flags.DEFINE_enum(
    "contrast", "standard", ["standard", "flat", "contrasty"],
    "whose machines: those of several makers, or those of a hospital whose "
    "images are flat, or of one whose images are full of contrast")
FIRST_PATIENT = flags.DEFINE_integer(
    "first_patient", 0, "number of the first patient: cohorts of other "
    "numbers share no patient", 0, 899_998)
GZIP = flags.DEFINE_enum(
    "gzip", "auto", ["auto", "all", "none"],
    "which files to gzip; auto: those that are not compressed inside")
PITFALLS = flags.DEFINE_list(
    "pitfalls", [], "what goes wrong in real archives, to be added in "
    "patients of their own: names, or `all`; --list_pitfalls explains them")
LIST_PITFALLS = flags.DEFINE_bool(
    "list_pitfalls", False, "print the pitfalls there are, and do nothing")
WORKERS = flags.DEFINE_integer(
    "workers", 0, "processes to make images in; 0: one a core", 0)
OVERWRITE = flags.DEFINE_bool(
    "overwrite", False, "replace a cohort that this program made")

_STATE = "cohort.json"
_TABLES = ("labels.csv", "labels.xlsx")


def _start_worker() -> None:
    """One thread a process: images are what runs in parallel."""
    import signal

    import cv2
    cv2.setNumThreads(1)
    # Ctrl-C is for the parent, which stops its workers.
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _run(job) -> tuple[int, int]:
    """Makes and writes one task's files; how many, and their bytes."""
    from tools.cohort import cohort

    folder, task = job
    files = cohort.make(task)
    for path, file in files:
        cohort.write(folder, path, file)
    return len(files), sum(len(file.data) for _, file in files)


def _settings():
    from tools.cohort import encoders, images

    names: list[str] = []
    for name in TRANSFER_SYNTAXES.value:
        groups = {"all": tuple(encoders.TRANSFER_SYNTAXES),
                  "lossless": encoders.LOSSLESS}
        names += groups.get(name) or [encoders.transfer_syntax(name).name]
    return images.Settings(
        SEED.value, SCALE.value, tuple(names), GZIP.value, CONTRAST.value,
        FIRST_PATIENT.value)


def _pitfall_names() -> list[str]:
    from tools.cohort import pitfalls

    if "all" in PITFALLS.value:
        return list(pitfalls.PITFALLS)
    for name in PITFALLS.value:
        if name not in pitfalls.PITFALLS:
            raise command.UsageError(
                f"no pitfall {name!r}; --list_pitfalls shows what there is")
    return list(dict.fromkeys(PITFALLS.value))


def _state(settings, names: list[str], complete: bool) -> dict:
    """What `cohort.json` says about a cohort."""
    # What is as ever is left out, so that older cohorts are gone on with.
    unusual = {name: value for name, value, usual in (
        ("contrast", settings.contrast, "standard"),
        ("first_patient", settings.first, 0)) if value != usual}
    return {
        "made_by": "tools/make_cohort.py", "synthetic": True,
        "patients": PATIENTS.value, "seed": settings.seed,
        "scale": settings.scale, "transfer_syntaxes": list(settings.syntaxes),
        "gzip": settings.gzip, "pitfalls": names, "complete": complete,
        **unusual}


def _write_state(output: str, state: dict) -> None:
    from tools.cohort import cohort, variation

    data = json.dumps(state, indent=1).encode() + b"\n"
    cohort.write(output, _STATE, variation.File("", data))


def _prepare(output: str, state: dict) -> bool:
    """Makes room for a cohort.

    Returns:
      Whether one with these flags was begun there and is to be gone on with.

    Raises:
      ValueError: There is something else.
    """
    dicoms = os.path.join(output, "dicoms")
    found = [name for name in (*_TABLES, _STATE)
             if os.path.lexists(os.path.join(output, name))]
    if os.path.isdir(dicoms) and os.listdir(dicoms):
        found.append("dicoms")
    if not found:
        return False
    ours = None
    if _STATE in found:
        with open(os.path.join(output, _STATE), encoding="utf-8") as stream:
            ours = json.load(stream)
    if ours == state:
        return True
    if ours is None or not OVERWRITE.value:
        remedy = ("choose another --output" if ours is None else
                  "--overwrite replaces it, another --output keeps it")
        raise ValueError(f"{output} already holds {', '.join(found)}"
                         f"{' of a cohort' if ours else ''}; {remedy}")
    if "dicoms" in found:
        shutil.rmtree(dicoms)
    for name in (*_TABLES, _STATE):
        if name in found:
            os.remove(os.path.join(output, name))
    return False


def _results(jobs: list, workers: int) -> Iterator[tuple[int, int]]:
    """`_run` of every job, in their order."""
    if workers == 1:
        import cv2
        cv2.setNumThreads(1)
        yield from map(_run, jobs)
        return
    from concurrent import futures
    import multiprocessing

    # Images are large enough for glibc to ask the system for each one's
    # memory anew, which takes a third of the time; workers inherit this.
    os.environ.setdefault("MALLOC_MMAP_THRESHOLD_", str(1 << 30))
    os.environ.setdefault("MALLOC_TRIM_THRESHOLD_", str(1 << 32))
    executor = futures.ProcessPoolExecutor(
        workers, multiprocessing.get_context("spawn"), _start_worker)
    try:
        yield from executor.map(_run, jobs, chunksize=2)
    except futures.process.BrokenProcessPool as error:
        raise ValueError("a worker was killed, mostly for want of memory; "
                         "fewer --workers need less") from error
    finally:
        executor.shutdown(cancel_futures=True)


def _make_images(folder: str, tasks: list, workers: int) -> tuple[int, int]:
    """Runs all tasks; how many files there are, and their bytes."""
    meter = progress.Meter("cohort", "images", len(tasks))
    files = size = 0
    jobs = [(folder, task) for task in tasks]
    for done, (count, length) in enumerate(_results(jobs, workers), 1):
        files, size = files + count, size + length
        meter.tell(done, size)
    return files, size


def _summary(cohort, files: int, size: int) -> str:
    """Two small tables: files, and screened breasts by split and outcome."""
    from tools.cohort import register

    outcomes = Counter((register.split_of(row.patient_id), row.outcome)
                       for row in cohort.rows)
    visits = sum(len(patient.visits) for patient in cohort.patients)
    lines = [f"{len(cohort.patients)} patients, {visits} visits, {files} "
             f"files written, {size / 1e9:.2f} GB", "",
             f"{'screenings':12}" + "".join(
                 f"{outcome:>8}" for outcome in ("TN", "FP", "TP", "FN"))]
    for split in ("train", "validation", "test"):
        lines.append(f"{split:12}" + "".join(
            f"{outcomes[split, outcome]:8}"
            for outcome in ("TN", "FP", "TP", "FN")))
    return "\n".join(lines)


def _missing(folder: str, tasks) -> list:
    """Tasks whose folder has no file of theirs; pitfalls are made again."""
    def stem(task) -> str:
        return os.path.join(
            folder, task.visit.patient_id, f"{task.visit.date:%Y%m%d}",
            f"{task.side}-{task.view}.dcm")

    return [task for task in tasks if task.pitfall or not any(
        os.path.exists(stem(task) + end) for end in ("", ".gz"))]


def run() -> None:
    """Makes the cohort that the flags describe."""
    from tools.cohort import cohort, tables, variation

    output, names = OUTPUT.value, _pitfall_names()
    settings = _settings()
    folder = os.path.join(output, "dicoms")
    state = _state(settings, names, False)
    resumed = _prepare(output, state)
    planned = cohort.plan(settings, PATIENTS.value, names)
    tasks = list(planned.tasks)
    if resumed:
        tasks = _missing(folder, tasks)
        console.info(f"going on: {len(planned.tasks) - len(tasks)} of "
                     f"{len(planned.tasks)} images are there")
    _write_state(output, state)
    workers = min(WORKERS.value or os.cpu_count() or 1, max(1, len(tasks)))
    files, size = _make_images(folder, tasks, workers) if tasks else (0, 0)
    # Last, so that a table never stands beside half an archive.
    for name, data in zip(_TABLES, (tables.csv_bytes(planned.rows),
                                    tables.xlsx_bytes(planned.rows))):
        cohort.write(output, name, variation.File("", data))
    _write_state(output, _state(settings, names, True))
    print(_summary(planned, files, size), flush=True)
    console.info(f"\nnow: python pipelines/build_records.py --dicoms={folder} "
                 f"--label_table={os.path.join(output, _TABLES[0])}")


def main(argv: list[str]) -> None:
    command.refuse_words(argv)
    if LIST_PITFALLS.value:
        from tools.cohort import pitfalls
        print(pitfalls.described())
        return
    run()


if __name__ == "__main__":
    command.run(main, interrupted=command.GOES_ON)
