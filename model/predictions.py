"""What a prediction gives: its tables, its progress, and its last words."""

import collections
import dataclasses

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq

from model import inference
from model import runs
from model.operating_point import OperatingPoint
from pipelines import reasons

SUFFIXES = (".csv", ".parquet")


@dataclasses.dataclass(frozen=True)
class Predictions:
    """What a model says.

    Attributes:
      images: `inference.IMAGES`, a row for each file.
      breasts: `inference.BREASTS` with scores, a row for each breast.
      point: What decided; None: nothing did.
    """

    images: pa.Table
    breasts: pa.Table
    point: OperatingPoint | None


def evaluate_command(run_dir: str) -> str:
    """What gives a run its thresholds."""
    return f"python model/evaluate.py --run_dir={run_dir}"


def write_table(path: str, table: pa.Table) -> None:
    """Writes CSV or Parquet, as the suffix says, whole or not at all."""
    with runs.replacing(path) as temporary:
        if path.endswith(".parquet"):
            pq.write_table(table, temporary, compression="zstd")
        else:
            pyarrow.csv.write_csv(table, temporary, pyarrow.csv.WriteOptions(
                quoting_style="needed"))


def report(predictions: Predictions, run_dir: str, images_path: str,
           breasts_path: str) -> str:
    """What was predicted, as the terminal shows it."""
    images, point = predictions.images, predictions.point
    statuses = collections.Counter(images["status"].to_pylist())
    scored = statuses.pop(inference.SCORED, 0)
    lines = [f"{images_path}: {images.num_rows:,} files, {scored:,} scored"
             f"{_detected(images, '', point)}"]
    if predictions.breasts.num_rows:
        decided = "".join(
            _detected(predictions.breasts, name, point)
            for name in (point.combinations if point else ()))
        lines.append(f"{breasts_path}: "
                     f"{predictions.breasts.num_rows:,} breasts{decided}")
    counts = collections.Counter(images["reason"].to_pylist())
    del counts[None]
    lines += [f"{count:,} {reasons.REASONS[name].status}, {name}: "
              f"{reasons.REASONS[name].meaning}; "
              f"{reasons.REASONS[name].remedy}"
              for name, count in counts.most_common()]
    if point is None:
        lines.append(
            "scores only: the run has no thresholds to decide by; to choose "
            f"them: {evaluate_command(run_dir)}")
    return "\n".join(lines) + "\n"


def _detected(table: pa.Table, name: str,
              point: OperatingPoint | None) -> str:
    if point is None:
        return ""
    prefix = f"{name}_" if name else ""
    count = sum(map(bool, table[prefix + inference.DECISION].to_pylist()))
    return (f", {count:,} detected{f' by {name}' if name else ''} at "
            f"{point.thresholds[name or 'image']:.4g}")
