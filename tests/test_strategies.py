"""Where a training runs: what TF_CONFIG says, and what cannot be."""

import json

import pytest

from model import strategies
from model.strategies import Workers

CLUSTER = {"worker": ["one:1", "two:1"]}


def environment(cluster, kind, index):
    return {"TF_CONFIG": json.dumps(
        {"cluster": cluster, "task": {"type": kind, "index": index}})}


@pytest.mark.parametrize("given, expected", [
    ({}, Workers(0, 1)),
    ({"TF_CONFIG": ""}, Workers(0, 1)),
    (environment(CLUSTER, "worker", 0), Workers(0, 2)),
    (environment(CLUSTER, "worker", "1"), Workers(1, 2)),
    # A chief is the first of all.
    (environment({"chief": ["x:1"], **CLUSTER}, "chief", 0), Workers(0, 3)),
    (environment({"chief": ["x:1"], **CLUSTER}, "worker", 1), Workers(2, 3)),
])
def test_tf_config_says_which_worker_this_is(given, expected):
    assert Workers.from_environment(given) == expected


@pytest.mark.parametrize("given", [
    {"TF_CONFIG": "{"}, {"TF_CONFIG": "[]"}, {"TF_CONFIG": "{}"},
    environment(CLUSTER, "worker", 2), environment(CLUSTER, "worker", -1),
    environment(CLUSTER, "ps", 0)])
def test_another_tf_config_is_refused(given):
    with pytest.raises(ValueError, match="TF_CONFIG"):
        Workers.from_environment(given)


@pytest.mark.parametrize("strategy, count, message", [
    ("multiworker", 1, "needs the environment variable TF_CONFIG"),
    ("mirrored", 2, "is for one machine, but TF_CONFIG names 2"),
    ("cpu", 2, "is for one machine"),
])
def test_what_does_not_go_together_is_refused(
        monkeypatch, strategy, count, message):
    monkeypatch.delenv("TF_CONFIG", raising=False)
    with pytest.raises(ValueError, match=message):
        strategies.check(strategy, Workers(0, count))


def test_mirrored_without_a_gpu_says_how_to_try_it():
    import tensorflow as tf

    if tf.config.list_physical_devices("GPU"):
        pytest.skip("there is a GPU")
    with pytest.raises(ValueError, match="add --cpu_devices=2"):
        strategies.make("mirrored", 1, Workers())


def test_a_batch_that_cannot_be_shared_is_refused():
    class Three:
        num_replicas_in_sync = 3

    strategies.check_batch_size(Three, 33)
    with pytest.raises(ValueError, match="over 3 devices: take 30"):
        strategies.check_batch_size(Three, 32)


@pytest.mark.parametrize("data", [b"", b"a", b"\0\xff\x80", b"four",
                                  bytes(range(256)) * 5 + b"!"])
def test_bytes_come_from_the_chief_unchanged(data):
    strategy = strategies.make("cpu", 1, Workers())
    assert strategies.from_chief(strategy, Workers(), data) == data


def test_one_device_is_described():
    strategy = strategies.make("cpu", 1, Workers())
    assert strategies.describe(strategy, Workers()) == {
        "name": "_DefaultDistributionStrategy", "replicas": 1, "workers": 1,
        "devices": ["CPU:0"]}
