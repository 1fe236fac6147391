"""A training's configuration, and what can be seen to be wrong before it.

TensorFlow is not needed for any of it, so a person need not wait to be told.
"""

import dataclasses
import os
from typing import Any

from model import index as indices
from model import order as orders
from model import provenance
from model import runs
from model import settings as settings_lib
from model import strategies
from model.architectures import CONFIGS
from model.architectures import NetworkOptions
from model.batch_plan import BatchPlan
from pipelines import files

# Flags that change no weight of an epoch, and may differ when a run goes on.
_FREE = ("early_stopping", "checkpoint_steps", "cache")


@dataclasses.dataclass(frozen=True)
class Sources:
    """Which images to learn from.

    Attributes:
      records: Folder of the data set.
      input: Size of the images, or the variant.
      label: One of `index.LABELS`.
      where: SQL predicate over the records' columns, or None.
      balance: As `order.BatchPlan` has it.
      cache: Likewise.
    """

    records: str
    input: str
    label: str = "cancer"
    where: str | None = None
    balance: str = "none"
    cache: str = "auto"


@dataclasses.dataclass(frozen=True)
class Config:
    """A training as its flags say.

    Attributes:
      settings: How to train.
      sources: On what.
      network: What; its `reference` is found when training begins.
      run_dir: Where to.
      overwrite: Whether a run there is removed first.
    """

    settings: settings_lib.Settings
    sources: Sources
    network: NetworkOptions
    run_dir: runs.RunDir
    overwrite: bool = False

    def flags(self, index: indices.Index) -> dict[str, Any]:
        """All that decides the result, by the names of the flags."""
        network = self.network.to_json()
        for name in ("size", "classes", "reference", "seed"):
            del network[name]
        return {**self.settings.to_json(), **network,
                **dataclasses.asdict(self.sources),
                "input": str(index.variant)}


@dataclasses.dataclass(frozen=True)
class Prepared:
    """A training that may begin.

    Attributes:
      config: Its configuration.
      train: The images to learn from.
      validation: The images to judge by.
      workers: This process among others.
      document: run.json as it begins, or as it was left.
    """

    config: Config
    train: indices.Index
    validation: indices.Index
    workers: strategies.Workers
    document: dict[str, Any]

    @property
    def is_done(self) -> bool:
        """Whether nothing is left to do, as far as one process can tell."""
        return (self.workers.count == 1 and
                self.document["status"] == "finished" and
                len(self.document["epochs"]) >= self.config.settings.epochs)

    def plan(self, **changes: Any) -> BatchPlan:
        """The batches of this worker."""
        return BatchPlan(**{
            "batch_size": self.config.settings.batch_size,
            "seed": self.config.settings.seed,
            "balance": self.config.sources.balance,
            "cache": self.config.sources.cache,
            "worker": self.workers.index, "workers": self.workers.count,
            **changes})


def prepare(config: Config) -> Prepared:
    """Looks at records and run folder.

    Raises:
      ValueError: Something does not go together; says what to do.
    """
    workers = strategies.Workers.from_environment(os.environ)
    strategies.check(config.settings.strategy, workers)
    sources = config.sources
    files.check(config.run_dir.path, write=workers.is_chief)
    train, validation = (
        indices.load(sources.records, sources.input, split, sources.label,
                     sources.where, columns=())
        for split in ("train", "validation"))
    for index in (train, validation):
        _check_classes(index, sources)
    document = _begin(config, train, validation)
    prepared = Prepared(config, train, validation, workers, document)
    orders.batches_per_epoch(train.label, prepared.plan())
    if workers.is_chief and not config.overwrite:
        prepared = dataclasses.replace(
            prepared, document=_go_on(config, document))
    return prepared


def _check_classes(index: indices.Index, sources: Sources) -> None:
    zeros, ones = index.counts
    if not zeros or not ones:
        which = f" that --where={sources.where!r} selects" * bool(
            sources.where)
        raise ValueError(
            f"the {len(index):,} {index.split} images{which} are {zeros:,} of "
            f"{index.classes[0]!r} and {ones:,} of {index.classes[1]!r}: both "
            "are needed to learn and to judge; build records of more patients"
            + ", or select more" * bool(sources.where))


def _begin(config: Config, train: indices.Index,
           validation: indices.Index) -> dict[str, Any]:
    """run.json of a training that has not begun."""
    network = config.network
    recipe = dataclasses.replace(train.recipe,
                                 normalisation=network.normalisation)
    return {
        "format": runs.FORMAT, "version": runs.VERSION,
        "name": _name(network),
        "network": network.to_json(), "training": config.flags(train),
        "label": config.sources.label, "recipe": recipe.to_json(),
        "records": {
            "folder": config.sources.records, "variant": str(train.variant),
            "digest": {index.split: index.digest
                       for index in (train, validation)},
            "images": {index.split: list(index.counts)
                       for index in (train, validation)},
            "left_out": {index.split: index.left_out
                         for index in (train, validation)}},
        "versions": provenance.versions(), "git": provenance.git_revision(),
        "strategy": None, "parameters": None, "file_bytes": None,
        "epochs": [], "status": "running", "started": provenance.utc_now()}


def _go_on(config: Config, document: dict[str, Any]) -> dict[str, Any]:
    """run.json of the run that is there, if it is this one.

    Raises:
      RunError: It is another one.
    """
    found = runs.read_run(config.run_dir.path)
    if found is None:
        return document
    old, new = found.document["training"], document["training"]
    free = {*_FREE, "records"}
    if new["schedule"] == old.get("schedule") == "constant":
        free.add("epochs")
    differing = [f"--{name}={old.get(name)} became {new.get(name)}"
                 for name in sorted({*old, *new} - free)
                 if old.get(name) != new.get(name)]
    digests = [each["records"]["digest"]
               for each in (found.document, document)]
    if digests[0] != digests[1]:
        differing.append("the records are others")
    if differing:
        raise runs.RunError(
            f"{config.run_dir.path} holds another run: "
            f"{'; '.join(differing)}; give another --run_dir, or --overwrite "
            "to replace it")
    return {**found.document, "training": new}


def _name(network: NetworkOptions) -> str:
    """As tables show it: the thesis's name where it has one."""
    return {(arch, size): name for name, (arch, size) in CONFIGS.items()}.get(
        (network.arch, str(network.size)), f"{network.arch}-{network.size}")
