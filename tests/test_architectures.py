"""What can be chosen about a network, before TensorFlow is imported."""

import json
import subprocess
import sys

import pytest

from model import architectures
from model.architectures import Augmentation, NetworkOptions
from pipelines.geometry import Size

SIZE = Size(224, 224)


def test_choosing_imports_no_tensorflow():
    code = ("import sys, model.architectures\n"
            "print([name for name in ('tensorflow', 'keras', 'numpy')"
            " if name in sys.modules])")
    result = subprocess.run([sys.executable, "-c", code], text=True,
                            capture_output=True, check=False)
    assert result.stdout == "[]\n", result.stderr


@pytest.mark.parametrize("options", [
    NetworkOptions("resnet", SIZE),
    NetworkOptions("alexnet", Size(416, 512), activation="tanh", dropout=0.25,
                   normalisation="reference", reference=(0.0, 0.5, 1.0),
                   sync_batch_norm=True, classes=3, seed=9,
                   augment=Augmentation(rotation=3, mirror=True))])
def test_options_survive_json(options):
    text = json.dumps(options.to_json())
    assert NetworkOptions.from_json(json.loads(text)) == options


def test_json_with_other_fields_names_them():
    values = NetworkOptions("resnet", SIZE).to_json()
    del values["seed"]
    with pytest.raises(ValueError, match="missing: seed; unknown: depth"):
        NetworkOptions.from_json(values | {"depth": 50})


@pytest.mark.parametrize("changes, message", [
    ({"arch": "lenet"}, "architecture 'lenet' is none of resnet"),
    ({"activation": "gelu"}, "activation 'gelu' is none of relu"),
    ({"normalisation": "sepia"}, "normalisation 'sepia' is none of max"),
    ({"arch": "convnext_tiny", "activation": "tanh"}, "has its own, gelu"),
    ({"dropout": 1.0}, r"dropout 1.0 is not in \[0, 1\)"),
    ({"classes": 1}, "at least two"),
    ({"arch": "alexnet", "size": Size(300, 94)},
     "300x94 is too small for alexnet, which needs at least 95x95"),
    ({"size": Size(31, 224)}, "31x224 is too small for resnet.*32x32"),
    ({"reference": (0.0, 1.0)}, "'max' takes no reference"),
    ({"normalisation": "reference", "reference": (0.0, 0.5, 0.4)}, "rising"),
    ({"normalisation": "reference", "reference": (0.0, 2.0)}, "rising"),
    ({"normalisation": "reference", "reference": (float("nan"), 1.0)},
     "rising")])
def test_what_cannot_be_is_refused(changes, message):
    with pytest.raises(ValueError, match=message):
        NetworkOptions(**{"arch": "resnet", "size": SIZE} | changes)


@pytest.mark.parametrize("arch, dropout, expected", [
    ("alexnet", None, 0.5), ("resnet", None, 0.0), ("alexnet", 0.0, 0.0),
    ("resnet", 0.3, 0.3)])
def test_dropout_is_the_architecture_s_own_unless_given(arch, dropout,
                                                        expected):
    assert NetworkOptions(arch, SIZE, dropout=dropout).dropout_rate == expected


@pytest.mark.parametrize("text, expected", [
    ("none", None), ("", None), ("default", Augmentation()),
    ("rotation=10", Augmentation(10, 0, 0, 0, 0)),
    (" shift=0.1, mirror", Augmentation(0, 0.1, 0, 0, 0, True))])
def test_augmentation_flag_is_read(text, expected):
    assert Augmentation.parse(text) == expected


@pytest.mark.parametrize("text, message", [
    ("rotate=10", "'rotate=10' is not understood"),
    ("rotation", "'rotation' is not understood"),
    ("mirror=1", "'mirror=1' is not understood"),
    ("zoom=much", "'much' is no number for zoom"),
    ("shift=1.5", "shift 1.5 is not between 0 and 1"),
    ("zoom=nan", "zoom nan is not between")])
def test_augmentation_that_cannot_be_is_refused(text, message):
    with pytest.raises(ValueError, match=message):
        Augmentation.parse(text)


@pytest.mark.parametrize("version", ["3.10.0", "3.15.1", "4.0.0rc1", None])
def test_keras_that_trains_rightly_is_accepted(version):
    architectures.check_keras_version(version)


@pytest.mark.parametrize("version", ["3.9.2", "3.4.0", "2.16.0", "unknown"])
def test_keras_that_trains_wrongly_on_several_devices_is_refused(version):
    with pytest.raises(RuntimeError, match=f"Keras {version} is .*keras>=3.10"):
        architectures.check_keras_version(version)


def test_a_missing_keras_says_how_to_get_it(monkeypatch):
    def version(name):
        raise architectures.importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(architectures.importlib.metadata, "version", version)
    with pytest.raises(RuntimeError, match="pip install 'keras>=3.10'"):
        architectures.check_keras_version()
