"""Where the workers of one training run, and how each is started."""

import json
import shlex

import pytest

from tools import clusters

COMMAND = ("python", "model/train.py", "--where=view = 'MLO'")


def test_workers_of_this_machine_know_each_other():
    starts = clusters.Cluster(COMMAND, local=3).starts()
    configs = [json.loads(start.environment["TF_CONFIG"]) for start in starts]
    assert [config["task"] for config in configs] == [
        {"type": "worker", "index": index} for index in range(3)]
    addresses = configs[0]["cluster"]["worker"]
    assert len(set(addresses)) == 3
    assert all(address.startswith("localhost:") for address in addresses)
    assert [config["cluster"] for config in configs] == [
        configs[0]["cluster"]] * 3
    assert {start.words for start in starts} == {COMMAND}


def test_a_host_gets_its_worker_by_ssh():
    starts = clusters.Cluster(
        COMMAND, ("gpu1", "me@gpu2"), port=99, ssh=("ssh", "-tt"),
        folder="/a folder").starts()
    assert [start.words[:3] for start in starts] == [
        ("ssh", "-tt", "gpu1"), ("ssh", "-tt", "me@gpu2")]
    assert all(start.by_terminal for start in starts)
    words = shlex.split(starts[1].words[3])
    assert words[:5] == ["cd", "/a folder", "&&", "exec", "env"]
    assert words[6:] == list(COMMAND)
    name, _, value = words[5].partition("=")
    assert name == "TF_CONFIG"
    assert json.loads(value) == {
        "cluster": {"worker": ["gpu1:99", "gpu2:99"]},
        "task": {"type": "worker", "index": 1}}


def test_a_printed_start_is_what_a_shell_takes():
    start = clusters.Start(COMMAND, {"TF_CONFIG": '{"a": 1}'})
    assert shlex.split(str(start)) == ['TF_CONFIG={"a": 1}', *COMMAND]


@pytest.mark.parametrize("hosts, message", [
    (("gpu1", "gpu1"), "names one twice"),
    (("gpu1", ""), "has an empty name")])
def test_hosts_that_cannot_be_are_refused(hosts, message):
    with pytest.raises(ValueError, match=message):
        clusters.Cluster(COMMAND, hosts)
