"""AlexNet and ResNet against the layer tables of the thesis's appendix."""

import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import gc  # noqa: E402
import math  # noqa: E402

import pytest  # noqa: E402

from model import architectures  # noqa: E402
from model.networks import build  # noqa: E402
from pipelines.geometry import Size  # noqa: E402
from tests import appendix  # noqa: E402

# Table 6.1.
PARAMETERS = {"alexnet": 46_105_282, "alexnet_large": 181_371_586,
              "reduced_resnet": 23_532_418, "resnet": 23_532_418}
TABLES = {
    "alexnet": (appendix.ALEXNET, appendix.ALEXNET_NAMES),
    "resnet": (appendix.RESNET, appendix.resnet_names()),
}
# What the tables leave out: ours comes before the first layer and after the
# last, and the thesis's ResNet has its softmax in the dense layer.
BESIDE = {"normalise", "probabilities"}


@pytest.fixture(scope="module", params=PARAMETERS)
def configured(request):
    """A configuration's name, its number in the tables, and its network."""
    arch, size = architectures.CONFIGS[request.param]
    network = build.build(architectures.NetworkOptions(
        arch, Size.parse(size)))
    yield request.param, int(size == "416x512"), network
    # AlexNet at 416x512 holds 0.7 GB.
    del network
    gc.collect()


def trainable(network):
    return sum(math.prod(variable.shape)
               for variable in network.trainable_variables)


def table_of(network):
    table, names = TABLES[network.name]
    return [(row, names.get(row.name, row.name))
            for row in appendix.rows(table)]


def test_trainable_parameters_are_the_thesis_s(configured):
    name, _, network = configured
    assert trainable(network) == PARAMETERS[name]


def test_every_layer_is_the_appendix_s(configured):
    _, number, network = configured
    for row, name in table_of(network):
        layer = network.get_layer(name)
        found = {
            "type": type(layer).__name__,
            "inputs": {tuple(tensor.shape[1:]) for tensor in
                       as_list(layer.output if row.kind == "InputLayer"
                               else layer.input)},
            "weights": [tuple(variable.shape)
                        for variable in layer.trainable_variables],
            "strides": getattr(layer, "strides", None),
            "pool": getattr(layer, "pool_size", None),
        }
        assert found == {
            "type": row.kind,
            "inputs": {row.inputs[number]},
            "weights": row.weights(number),
            "strides": row.stride and (row.stride, row.stride),
            "pool": row.pool and (row.pool, row.pool),
        }, row.name


def as_list(value):
    return value if isinstance(value, list) else [value]


def test_layers_come_in_the_appendix_s_order(configured):
    """Each after those that it takes from; pairs in either order."""
    _, _, network = configured
    place = {name: number for number, (_, name) in
             enumerate(table_of(network))}
    for layer in network.layers:
        if layer.name in BESIDE | {"image"}:
            continue
        before = {tensor._keras_history.operation.name
                  for tensor in as_list(layer.input)} - {"normalise"}
        assert all(place[name] < place[layer.name] for name in before)


def test_there_is_no_layer_beside_the_appendix_s(configured):
    _, _, network = configured
    known = {name for _, name in table_of(network)}
    assert {layer.name for layer in network.layers} - known <= BESIDE


def test_thesis_s_networks_end_in_two_classes_by_softmax(configured):
    _, _, network = configured
    last = network.layers[-1]
    assert last.activation.__name__ == "softmax"
    assert last.output.shape == (None, 2)
