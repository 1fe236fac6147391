"""Writing the page that tells of a run: drawings, tables, heatmaps."""

import dataclasses
from typing import Any

from model import breasts as breast_lib
from model import evaluation
from model import heatmaps
from model import index as indices
from model import runs
from model import scoring
from model.evaluation import Scored
from model.operating_point import OperatingPoint
from model.reporting import mistakes
from model.reporting import page
from model.reporting import pictured


@dataclasses.dataclass(frozen=True)
class Judged:
    """What an evaluation found.

    Attributes:
      run: What was evaluated.
      index: What was judged, the places of its records.
      scored: Its scores.
      point: What decides.
      document: What evaluation.json holds.
    """

    run: runs.Run
    index: indices.Index
    scored: Scored
    point: OperatingPoint
    document: dict[str, Any]


def write(paths: runs.RunDir, judged: Judged) -> None:
    """Writes the page, whole or not at all.

    Args:
      paths: Of the folder.
      judged: What to tell of.

    Raises:
      ValueError: The model or a record cannot be read.
    """
    text = page.page(
        judged.run, judged.document,
        evaluation.all_cases(judged.scored, judged.point),
        draw_mistakes(judged))
    runs.write_bytes(paths.report, text.encode())


def draw_mistakes(judged: Judged) -> pictured.Mistakes:
    """The most confident mistakes with their heatmaps, if there are such."""
    threshold = judged.point.thresholds[breast_lib.IMAGE]
    rows = {label: mistakes.choose(judged.scored, threshold, label)
            for label in (0, 1)}
    maps, problem = None, None
    if any(rows.values()):
        try:
            maps = heatmaps.GradCam(scoring.load_model(judged.run))
        except runs.RunError:
            raise
        except ValueError as error:
            problem = f"No heatmaps: {error}."
    drawn = {label: mistakes.draw(judged.index, judged.scored, chosen, maps)
             for label, chosen in rows.items()}
    return pictured.Mistakes(drawn[1], drawn[0], problem)
