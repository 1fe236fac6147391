"""Settings of a training: the thesis's by default, wrong ones refused."""

import pytest

from model import settings


def test_defaults_are_the_thesis_s():
    found = settings.Settings().to_json()
    assert found["optimizer"] == "sgd"
    assert found["learning_rate"] == 0.01
    assert found["momentum"] == 0 and found["weight_decay"] == 0
    assert found["schedule"] == "constant"
    assert found["loss"] == "categorical_crossentropy"
    assert found["mixed_precision"] == "none"


@pytest.mark.parametrize("changes, message", [
    ({"optimizer": "sdg"}, "--optimizer=sdg is none of sgd"),
    ({"schedule": "steps"}, "--schedule=steps is none of"),
    ({"learning_rate": 0.0}, "--learning_rate=0.0 is not above 0"),
    ({"learning_rate": float("nan")}, "is not above 0"),
    ({"momentum": 1.0}, "--momentum=1.0 is not in"),
    ({"momentum": 0.9, "optimizer": "adam"}, "adam has a momentum of its own"),
    ({"weight_decay": -0.1}, "--weight_decay=-0.1 is not in"),
    ({"warmup_steps": -1}, "--warmup_steps=-1 is negative"),
])
def test_a_wrong_descent_is_refused(changes, message):
    with pytest.raises(ValueError, match=message):
        settings.Descent(**changes)


@pytest.mark.parametrize("changes, message", [
    ({"loss": "hinge"}, "--loss=hinge is none of"),
    ({"strategy": "gpu"}, "--strategy=gpu is none of"),
    ({"mixed_precision": "float8"}, "--mixed_precision=float8 is none of"),
    ({"epochs": 0}, "--epochs=0 is less than 1"),
    ({"batch_size": 0}, "--batch_size=0 is less than 1"),
    ({"seed": -1}, "--seed=-1 is less than 0"),
    ({"strategy": "cpu", "cpu_devices": 3},
     "--batch_size=32 cannot be divided over --cpu_devices=3"),
])
def test_wrong_settings_are_refused(changes, message):
    with pytest.raises(ValueError, match=message):
        settings.Settings(**changes)
