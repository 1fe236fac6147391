"""What a training leaves in its run's folder, and prints."""

import csv
import dataclasses
import io
import os
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from model import architectures
from model import checkpoints
from model import events
from model import order as orders
from model import preparation
from model import progress
from model import runs
from model import schedules
from model import state as states
from model import strategies
from model import training
from pipelines import console
from pipelines import files
from pipelines import shards

_STEPS_BETWEEN_SCALARS = 20


class Recorder:
    """Writes the run's files; on workers that are not the chief, none."""

    def __init__(self, prepared: preparation.Prepared,
                 learner: training.Learner,
                 network: architectures.NetworkOptions):
        self._dir = prepared.config.run_dir
        self._is_chief = prepared.workers.is_chief
        self._document = {
            **prepared.document, "status": "running",
            "network": network.to_json(),
            "strategy": strategies.describe(learner.strategy,
                                            learner.workers),
            "parameters": int(sum(
                np.prod(variable.shape)
                for variable in learner.model.trainable_variables))}
        self._optimizer = learner.optimizer
        settings = prepared.config.settings
        self._progress = progress.Progress(
            settings.epochs, orders.batches_per_epoch(
                prepared.train.label, prepared.plan()), settings.batch_size)
        self._events = events.Events(self._dir.tensorboard)

    def hooks(self, stopped: Callable[[], bool]) -> states.Hooks:
        """What the training loop calls."""
        if not self._is_chief:
            return states.Hooks(stopped=stopped)
        return states.Hooks(
            on_step=self._on_step, on_scored=self._progress.on_scored,
            on_best=self._on_best, on_checkpoint=self._on_checkpoint,
            on_epoch=self._on_epoch, stopped=stopped)

    def begin(self, state: states.State) -> None:
        """Says what is trained, and from where on."""
        if not self._is_chief:
            return
        _remove_unfinished(self._dir)
        self._events.begin()
        self._write(state)
        document = self._document
        images = document["records"]["images"]
        console.info(
            f"{document['name']}: {document['parameters']:,} parameters, "
            f"{document['label']} on {document['records']['variant']}; "
            f"{sum(images['train']):,} images ({images['train'][1]:,} of "
            f"class 1), {sum(images['validation']):,} to validate "
            f"({images['validation'][1]:,}); "
            f"{' '.join(document['strategy']['devices'])}")
        if state.step:
            console.info(f"going on after step {state.step:,}, in epoch "
                         f"{state.epoch + 1}")

    def end(self, status: str) -> None:
        """Writes how it ended."""
        if self._is_chief:
            self._document["status"] = status
            runs.write_json(self._dir.run, self._document)
            self._events.close()

    def _write(self, state) -> None:
        self._document["epochs"] = state.epochs
        runs.write_json(self._dir.run, self._document)
        _write_history(self._dir.history, state.epochs)

    def _on_step(self, state, loss) -> None:
        self._progress.on_step(state, loss)
        if state.step % _STEPS_BETWEEN_SCALARS == 0:
            self._events.scalars(state.step, {
                "step/loss": loss, "step/learning_rate":
                    schedules.rate_of(self._optimizer)})

    def _on_best(self, model) -> None:
        with runs.replacing(self._dir.model) as temporary:
            model.save(temporary)
            self._document["file_bytes"] = os.path.getsize(temporary)

    def _on_checkpoint(self, state, values) -> None:
        checkpoints.save(self._dir.checkpoints, values,
                         dataclasses.asdict(state))

    def _on_epoch(self, state) -> None:
        self._write(state)
        self._progress.on_epoch(state)
        figures = state.epochs[-1]
        self._events.scalars(figures["step"], {
            f"epoch/{name}": value for name, value in figures.items()
            if name not in ("epoch", "step", "best")})
        self._events.flush()


def _remove_unfinished(run_dir) -> None:
    """Removes what a kill left half written."""
    for folder in (run_dir.path, run_dir.checkpoints):
        for name in files.list_folder(folder):
            if name.startswith(shards.TEMPORARY_MARK):
                files.remove(os.path.join(folder, name))


def _write_history(path: str, epochs: Sequence[Mapping[str, Any]]) -> None:
    """Writes a CSV with a row an epoch, null as nothing."""
    text = io.StringIO()
    writer = csv.DictWriter(text, list(runs.EPOCH_FIELDS), lineterminator="\n")
    writer.writeheader()
    writer.writerows(epochs)
    runs.write_bytes(path, text.getvalue().encode())
