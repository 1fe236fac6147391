"""Predicting: a run and DICOM files in, tables and heatmaps out.

What can be wrong with what was asked (the run, its thresholds, the files'
names, the output) is found before TensorFlow is imported.
"""

import collections
import concurrent.futures
import dataclasses
import os
import re
import threading
from collections.abc import Callable, Iterable, Iterator
from typing import TextIO

import numpy as np

from model import inference
from model import predictions
from model import runs
from model.inference import Input, Replay, Row
from model.operating_point import OperatingPoint
from pipelines import files
from pipelines import matching
from pipelines import preprocess
from pipelines import progress
from pipelines import scan
from pipelines.geometry import Size

_UNSAFE = re.compile(r"[^0-9A-Za-z._-]")


@dataclasses.dataclass(frozen=True)
class Request:
    """What is to be predicted, and how.

    Attributes:
      run_dir: Folder of the trained run.
      files: Directories, globs and files.
      output: Table of the images; its suffix decides the format.
      heatmaps: Folder for them, or None.
      batch_size: Images scored at a time.
      threads: That read and preprocess; 0: one for each core.
      keep_for_processing: Whether raw detector images are scored.
      max_image_bytes: Of an image, unpacked.
      train_command: What trains the run, for the error that there is none.
    """

    run_dir: str
    files: tuple[str, ...]
    output: str = "predictions.csv"
    heatmaps: str | None = None
    batch_size: int = 32
    threads: int = 0
    keep_for_processing: bool = False
    max_image_bytes: int = scan.Limits.max_image_bytes
    train_command: str = ""

    def __post_init__(self):
        if not self.output.endswith(predictions.SUFFIXES):
            suffixes = " nor ".join(predictions.SUFFIXES)
            raise ValueError(f"--output={self.output} ends in neither "
                             f"{suffixes}: the suffix decides the format")

    @property
    def breasts_output(self) -> str:
        """Table of the breasts: predictions-breasts.csv."""
        root, suffix = os.path.splitext(self.output)
        return f"{root}-breasts{suffix}"


def predict(request: Request, stream: TextIO | None = None
            ) -> predictions.Predictions:
    """Scores all files and writes the tables.

    Args:
      request: What and how.
      stream: Where progress is told; where all is unless given.

    Raises:
      ValueError: It cannot be done as asked; says what to do.
      OSError: What is to be written cannot be.
    """
    run = runs.load_run(request.run_dir, request.train_command)
    replay = Replay(run.recipe, request.keep_for_processing,
                    scan.Limits(max_image_bytes=request.max_image_bytes),
                    _picture_height(request))
    point = deciding_point(run)
    for path in (request.output, request.breasts_output):
        _check_writable(path)
    if request.heatmaps and files.is_local(request.heatmaps):
        os.makedirs(request.heatmaps, exist_ok=True)
    wanted = list_files(request.files)
    scorer = BatchScorer(run, request.heatmaps)  # With TensorFlow.
    meter = progress.Meter("predict", "files", len(wanted), stream)
    rows = score_rows(
        read_ahead(wanted, replay, request.threads, 2 * request.batch_size),
        scorer, request.batch_size,
        lambda done, refused: meter.tell(
            done, note=f"{refused:,} refused"))
    inference.refuse_duplicates(rows)
    found = predictions.Predictions(
        inference.image_table(rows, point),
        inference.breast_table(rows, run.label, point), point)
    predictions.write_table(request.breasts_output, found.breasts)
    predictions.write_table(request.output, found.images)
    return found


def deciding_point(run: runs.Run) -> OperatingPoint | None:
    """What the run decides by, or None where it was not evaluated yet.

    Raises:
      RunError: It is damaged, or another model's.
    """
    from model import evaluation_inputs

    if not files.exists(run.dir.operating_point):
        return None
    point = evaluation_inputs.stored_point(run.dir)
    again = f"; evaluate again: {predictions.evaluate_command(run.dir.path)}"
    if point.label != run.label:
        raise runs.RunError(
            f"{run.dir.operating_point} is for {point.label}, but the model "
            f"learned {run.label}{again}")
    if files.exists(run.dir.evaluation):
        epoch = runs.read_json(run.dir.evaluation).get("epoch")
        best = run.best_epoch["epoch"]
        if epoch != best:
            raise runs.RunError(
                f"the thresholds in {run.dir.path} are of epoch {epoch}, the "
                f"model is now that of epoch {best}{again}")
    return point


def list_files(patterns: Iterable[str]) -> list[matching.MatchedFile]:
    """All files of all patterns, each once, by path.

    Raises:
      ValueError: A pattern matches nothing.
    """
    try:
        table = matching.listing(patterns)
    except matching.NothingMatched as error:
        # The listing knows only the flag of a build.
        raise ValueError(str(error).replace("--dicoms=", "--files=", 1)
                         ) from None
    return [matching.MatchedFile(*values) for values in zip(
        *(table[name].to_pylist() for name in table.column_names))]


def read_ahead(wanted: Iterable[matching.MatchedFile], replay: Replay,
               threads: int, ahead: int) -> Iterator[Input]:
    """Reads and prepares files in threads, and yields them in their order.

    Args:
      wanted: Which.
      replay: How.
      threads: How many; 0: one for each core.
      ahead: How many files at most are being or have been prepared before
        they are asked for.
    """
    local = threading.local()

    def read(file: matching.MatchedFile) -> Input:
        if not hasattr(local, "workspace"):
            local.workspace = preprocess.Workspace()
        return inference.read(file, replay, local.workspace)

    pool = concurrent.futures.ThreadPoolExecutor(
        threads or os.cpu_count(), "read")
    pending: collections.deque[concurrent.futures.Future] = collections.deque()
    try:
        for file in wanted:
            pending.append(pool.submit(read, file))
            if len(pending) > ahead:
                yield pending.popleft().result()
        while pending:
            yield pending.popleft().result()
    finally:
        pool.shutdown(cancel_futures=True)


def score_rows(inputs: Iterable[Input], score: Callable[[list[Input]], None],
               batch_size: int, told: Callable[[int, int], None]
               ) -> list[Row]:
    """Rows of all inputs, in their order, with the scores of what has any.

    Args:
      inputs: What `read_ahead` yields.
      score: Puts the scores of at most `batch_size` inputs into their rows.
      batch_size: Images scored at a time.
      told: Called with how many files are done, and how many of them refused.
    """
    rows: list[Row] = []
    batch: list[Input] = []
    refused = 0
    for one in inputs:
        rows.append(one.row)
        if one.pixels is None:
            refused += 1
        else:
            batch.append(one)
        if len(batch) == batch_size:
            score(batch)
            batch = []
        told(len(rows) - len(batch), refused)
    if batch:
        score(batch)
        told(len(rows), refused)
    return rows


class BatchScorer:
    """Scores batches of inputs by a run's model.

    Args:
      run: Whose model.
      heatmaps: Folder for the heatmaps, or None.

    Raises:
      ValueError: The model cannot be read, or is not of its recipe's size.
    """

    def __init__(self, run: runs.Run, heatmaps: str | None):
        from model import heatmaps as heatmap_lib
        from model import scoring

        model = scoring.load_model(run)
        if tuple(model.input_shape[1:]) != run.size.shape:
            raise runs.RunError(
                f"{run.dir.model} takes {list(model.input_shape[1:])}, but "
                f"its recipe gives {list(run.size.shape)}: train again")
        self._scorer = scoring.Scorer(model)
        self._cam = heatmap_lib.GradCam(model) if heatmaps else None
        self._folder = heatmaps

    def __call__(self, batch: list[Input]) -> None:
        """Puts the probability of class 1, and the heatmap's path, into rows.
        """
        images = np.stack(
            [one.pixels for one in batch if one.pixels is not None])
        found = self._scorer.probabilities(
            [{"image": images, "row": np.arange(len(batch))}], len(batch))
        for one, value in zip(batch, found[:, 1]):
            one.row[inference.SCORE] = float(value)
        if self._cam is not None:
            for one, feature_map in zip(batch, self._cam(images)):
                one.row["heatmap"] = self._draw(one, feature_map)

    def _draw(self, one: Input, feature_map: np.ndarray) -> str:
        from model import heatmaps as heatmap_lib

        assert one.picture is not None and one.placement is not None
        heat = heatmap_lib.over_original(
            feature_map, one.placement, Size(*one.picture.shape[::-1]))
        name = _UNSAFE.sub("_", one.row["sop_instance_uid"])
        path = os.path.join(self._folder or "", f"{name}.png")
        runs.write_bytes(path, heatmap_lib.side_by_side(one.picture, heat))
        return path


def _picture_height(request: Request) -> int:
    from model import heatmaps

    return heatmaps.PICTURE_HEIGHT if request.heatmaps else 0


def _check_writable(path: str) -> None:
    """Says so at once, not after hours, where a file cannot be written."""
    if not files.is_local(path):
        files.check(os.path.dirname(path), write=True)
        return
    folder = os.path.dirname(path) or "."
    os.makedirs(folder, exist_ok=True)
    if os.path.isdir(path) or not os.access(folder, os.W_OK):
        raise ValueError(f"--output: {path} cannot be written")
