"""Evaluating a run: records and a model in, files in a folder out."""

import dataclasses
from typing import Any

import pyarrow.parquet as pq

from model import bootstrap
from model import comparison
from model import crossing
from model import curves
from model import evaluation
from model import evaluation_inputs
from model import index as indices
from model import operating_point
from model import runs
from model.evaluation import Scored
from model.evaluation_inputs import Inputs, Other, Request, VALIDATION
from model.operating_point import OperatingPoint
from pipelines import progress

FORMAT = "mammoflow-evaluation"
ROC, THRESHOLDS = "roc.png", "thresholds.png"


def evaluate(request: Request) -> dict[str, Any]:
    """Evaluates, writes, and returns what evaluation.json holds.

    Raises:
      ValueError: It cannot be done as asked; says what to do.
    """
    inputs = evaluation_inputs.prepare(request)
    scored_by = make_scorer(inputs.run, request.batch_size)
    validation = scored_by(inputs.chosen_on) if inputs.chosen_on else None
    point = inputs.stored
    if validation is not None:
        point = operating_point.choose(
            inputs.run.label, validation.labels, validation.scores,
            validation.breasts, request.sensitivity)
    assert point is not None  # Stored or chosen.
    judged = scored_by(inputs.index)
    document = judge(request, inputs, point, judged, validation)
    scored = {inputs.split: judged}
    if validation is not None:
        scored.setdefault(VALIDATION, validation)
    write(runs.RunDir(inputs.output), document, point, scored)
    if request.report:
        from model import run_report  # With TensorFlow, for the heatmaps.

        run_report.write(runs.RunDir(inputs.output), run_report.Judged(
            inputs.run, inputs.index, judged, point, document))
    return document


def judge(request: Request, inputs: Inputs, point: OperatingPoint,
          judged: Scored, validation: Scored | None) -> dict[str, Any]:
    """What evaluation.json holds.

    Args:
      request: What was asked for.
      inputs: What it needed.
      point: What decides.
      judged: The images to judge.
      validation: Those that the thresholds were chosen on, or None.
    """
    run = inputs.run
    plan = bootstrap.Bootstrap(request.resamples, request.seed)
    results = evaluation.results(point, judged, plan, validation)
    return {
        "format": FORMAT, "name": run.name, "label": run.label,
        "run_dir": run.dir.path, "records": request.records,
        "same_records": inputs.same_records,
        "epoch": run.best_epoch["epoch"], "split": inputs.split,
        "where": inputs.where, "sensitivity": point.sensitivity,
        "stored_thresholds": validation is None,
        "bootstrap": dataclasses.asdict(plan),
        "judged": judged.counts,
        "validation": validation.counts if validation else None,
        "results": results,
        "crossing": crossing.described(inputs.home, judged, point,
                                       results) if inputs.home else None,
        "subgroups": {
            expression: evaluation.subgroups(point, judged, values, plan)
            for expression, values in inputs.groups.items()},
        "comparison": compare(judged, point, inputs.other,
                              plan) if inputs.other else None,
    }


def make_scorer(run: runs.Run, batch_size: int) -> Any:
    """A function from an index to its images with the model's scores.

    Raises:
      RunError: The model cannot be read.
    """
    from model import dataset  # With TensorFlow.
    from model import scoring

    scorer = scoring.Scorer(scoring.load_model(run))
    plan = dataset.BatchPlan(batch_size, shuffle=False, pad=False)

    def scored(index: indices.Index) -> Scored:
        try:
            found = scorer.probabilities(
                dataset.batches(index, plan), len(index), progress.Meter(
                    index.split, "images", len(index)).add)
        except Exception as error:
            clear = dataset.clear_error(error)
            if clear is error:
                raise
            raise clear from error
        return Scored.of(index.rows, index.label, found[:, 1])

    return scored


def compare(judged: Scored, point: OperatingPoint, other: Other,
            plan: bootstrap.Bootstrap) -> dict[str, Any]:
    """What evaluation.json says of another run on the same cases."""
    theirs = dataclasses.replace(judged, scores=other.scores)
    return {
        "name": other.run.name, "run_dir": other.run.dir.path,
        "results": comparison.compared(
            evaluation.all_cases(judged, point),
            evaluation.all_cases(theirs, other.point), plan)}


def write(paths: runs.RunDir, document: dict[str, Any], point: OperatingPoint,
          scored: dict[str, Scored]) -> None:
    """Writes everything, each file whole or not at all, evaluation.json last.

    Args:
      paths: Of the folder.
      document: What evaluation.json holds.
      point: What decides.
      scored: By split: what is judged, and validation where it was scored.
    """
    if not document["crossing"]:  # Nothing is chosen on another data set.
        runs.write_json(paths.operating_point, point.to_json())
    for split, one in scored.items():
        with runs.replacing(paths.predictions(split)) as temporary:
            pq.write_table(evaluation.predictions(one, point), temporary)
    judged = scored[document["split"]]
    if 0 < judged.labels.sum() < len(judged.labels):
        cases = evaluation.all_cases(judged, point)
        title = f"{document['name']}: {document['label']}, {document['split']}"
        runs.write_bytes(paths.file(ROC), curves.roc_png(
            cases, title, radiologists=document["label"] == "cancer"))
        runs.write_bytes(paths.file(THRESHOLDS),
                         curves.thresholds_png(cases, title))
    runs.write_json(paths.evaluation, document)
