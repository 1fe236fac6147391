"""The clock around the functions of a build."""

import types

import pytest

from pipelines import convert
from pipelines import preprocess
from tests import archive
from tests import builds
from tools import plans
from tools import stage_times


def test_a_function_is_counted_without_what_it_calls():
    now = [0.0]
    module = types.SimpleNamespace()

    def inner():
        now[0] += 2

    def outer(times):
        now[0] += 1
        for _ in range(times):
            module.inner()
        now[0] += 4
        return "result"

    module.inner, module.outer = inner, outer
    clock = stage_times.Clock(
        [("in", module, "inner"), ("out", module, "outer")], lambda: now[0])
    with clock.running():
        assert module.outer(3) == "result"
        module.inner()
    module.outer(1)
    assert clock.seconds == {"in": 8.0, "out": 5.0}
    assert (module.inner, module.outer) == (inner, outer)


def test_names_are_put_back_and_time_counts_where_it_fails():
    now = [0.0]
    module = types.SimpleNamespace()

    def fail():
        now[0] += 3
        raise KeyError("x")

    module.fail = fail
    clock = stage_times.Clock([("in", module, "fail")], lambda: now[0])
    with pytest.raises(KeyError), clock.running():
        module.fail()
    assert clock.seconds == {"in": 3.0} and module.fail is fail


def test_every_function_is_there():
    for stage, owner, name in stage_times.FUNCTIONS:
        assert stage in stage_times.STAGES and callable(getattr(owner, name))


def test_stages_of_a_built_shard(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    archive.write(tmp_path, patients=2)
    assert builds.run(builds.config(plan_only=True))[0] == 0
    tasks = plans.tasks("records")
    assert stage_times.planned_images("records") == sum(
        task.images for task in tasks) > 0
    clock = stage_times.Clock()
    with clock.running():
        for task in tasks:
            convert.convert_shard(task, preprocess.Workspace(),
                                  lambda row: None)
    for stage in "read", "parse", "survey", "box", "resize", "write", "rest":
        assert clock.seconds[stage] > 0
