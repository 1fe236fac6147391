"""What is refused before TensorFlow starts, and what a run may change."""

import contextlib
import dataclasses

import pytest

from model import architectures
from model import preparation
from model import runs
from model import settings
from pipelines import geometry
from pipelines import recipe
from tests import archive
from tests import builds


@pytest.fixture(scope="module")
def records(tmp_path_factory):
    made = archive.write(tmp_path_factory.mktemp("preparation"), 20)
    with contextlib.chdir(made):
        builds.run(builds.config("records", recipe=(
            recipe.Recipe((geometry.Variant.parse("resize:48x64"),)))))
    return str(made / "records")


@pytest.fixture
def config(records, tmp_path, monkeypatch):
    monkeypatch.delenv("TF_CONFIG", raising=False)
    return preparation.Config(
        settings.Settings(), preparation.Sources(records, "48x64", "view"),
        architectures.NetworkOptions("resnet", geometry.Size(48, 64)),
        runs.RunDir(str(tmp_path / "run")))


def left(config, **document):
    """Has a run of this configuration in its folder."""
    document = {**preparation.prepare(config).document, **document}
    runs.write_json(config.run_dir.run, document)
    return document


def changed(config, **values):
    return dataclasses.replace(
        config, settings=dataclasses.replace(config.settings, **values))


def test_run_json_begins_with_all_that_decides_the_result(config):
    document = preparation.prepare(config).document
    assert set(document) == set(runs.RUN_FIELDS)
    assert document["name"] == "resnet-48x64"
    assert document["label"] == "view" and document["epochs"] == []
    assert document["recipe"]["variants"] == ["resize:48x64"]
    assert sum(document["records"]["images"]["train"]) == 68
    assert {"arch", "input", "label", "where", "balance", "activation",
            "dropout", "optimizer", "learning_rate", "seed", "loss",
            "strategy", "augment"} <= set(document["training"])
    # As it is written, so it is read.
    runs.write_json(config.run_dir.run, document)
    assert runs.read_run(config.run_dir.path).document == document


@pytest.mark.parametrize("arch, size, name", [
    ("alexnet", "224x224", "alexnet"), ("alexnet", "416x512", "alexnet_large"),
    ("resnet", "224x224", "reduced_resnet"), ("resnet", "416x512", "resnet"),
    ("vgg16", "224x224", "vgg16-224x224")])
def test_a_run_has_the_thesis_s_name_where_there_is_one(arch, size, name):
    assert preparation._name(architectures.NetworkOptions(
        arch, geometry.Size.parse(size))) == name


@pytest.mark.parametrize("changes", [
    {"epochs": 80}, {"early_stopping": 3}, {"checkpoint_steps": 100}])
def test_what_changes_no_weight_may_differ(config, changes):
    before = left(config, epochs=[{"epoch": 1}])
    document = preparation.prepare(changed(config, **changes)).document
    assert document["epochs"] == before["epochs"]
    assert document["started"] == before["started"]


@pytest.mark.parametrize("changes, message", [
    ({"seed": 7}, "--seed=0 became 7"),
    ({"batch_size": 16}, "--batch_size=32 became 16"),
    ({"descent": settings.Descent(momentum=0.9)},
     "--momentum=0.0 became 0.9"),
    ({"descent": settings.Descent(schedule="cosine")},
     "--schedule=constant became cosine")])
def test_other_flags_are_refused_by_name(config, changes, message):
    left(config)
    with pytest.raises(runs.RunError, match=message):
        preparation.prepare(changed(config, **changes))
    over = dataclasses.replace(changed(config, **changes), overwrite=True)
    assert preparation.prepare(over).document["epochs"] == []


def test_epochs_decide_a_schedule_that_falls(config):
    falling = changed(config, descent=settings.Descent(schedule="cosine"))
    left(falling)
    with pytest.raises(runs.RunError, match="--epochs=40 became 80"):
        preparation.prepare(changed(falling, epochs=80))


def test_other_records_are_refused(config):
    document = left(config)
    records = {**document["records"], "digest": {"train": "", "validation": ""}}
    runs.write_json(config.run_dir.run, {**document, "records": records})
    with pytest.raises(runs.RunError, match="the records are others"):
        preparation.prepare(config)


def test_a_class_without_images_is_refused_with_the_counts(config):
    sources = dataclasses.replace(config.sources, where="view = 'CC'")
    with pytest.raises(ValueError, match="the 34 train images that --where="
                       "\"view = 'CC'\" selects are 34 of 'CC' and 0 of "
                       "'MLO': both are needed"):
        preparation.prepare(dataclasses.replace(config, sources=sources))


@pytest.mark.parametrize("status, epochs, done", [
    ("finished", 40, True), ("finished", 39, False), ("running", 40, False),
    ("nan_loss", 3, False)])
def test_a_run_is_done_when_all_epochs_are(config, status, epochs, done):
    left(config, status=status, epochs=[{}] * epochs)
    assert preparation.prepare(config).is_done is done
