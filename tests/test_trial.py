import dataclasses
import sys

import pytest

from tests import archive
from tools import benchmarks
from tools.engines import trial


@pytest.fixture
def cohort(tmp_path, monkeypatch):
    """A folder whose builds write what the engine's words say."""
    writer = ("import pathlib, sys\n"
              "out = pathlib.Path(sys.argv[1])\n"
              "for word in sys.argv[2:]:\n"
              "    name, text = word.split('=')\n"
              "    (out / name).parent.mkdir(parents=True, exist_ok=True)\n"
              "    (out / name).write_text(text)\n")
    monkeypatch.setattr(
        benchmarks, "build_words",
        lambda folder, output, *words: [
            sys.executable, "-c", writer, str(output), *words])
    return tmp_path


@pytest.mark.parametrize("words, problem", [
    (["a=1", "b=2"], None),
    (["a=1", "b=2", ".work/x=3"], None),
    (["a=1", "b=3"], "differ in 1 files, as b"),
    (["a=1"], "differ in 1 files, as b"),
    (["a=1", "b=2", "c=2"], "differ in 1 files, as c"),
    (["a=1", "b=2", "d/c.tmp-7=2"], "leaves c.tmp-7"),
    (["a=1", "b=2", ".work/c.tmp-7=2"], "leaves c.tmp-7"),
])
def test_two_builds_are_equal_file_by_file(cohort, words, problem):
    first = trial.Engine("first", ["a=1", "b=2"])
    other = trial.Engine("other one", words)
    for engine in (first, other):
        assert trial.build(cohort, engine) > 0
    if problem is None:
        assert trial.compare(cohort, other, first) == 2
        return
    with pytest.raises(trial.Failed, match=problem):
        trial.compare(cohort, other, first)


def test_a_build_that_fails_is_told(cohort):
    with pytest.raises(trial.Failed, match="wrong: status 1"):
        trial.build(cohort, trial.Engine("wrong", ["no equals sign"]))


def test_a_kill_that_comes_too_late_does_not_count(cohort):
    engine = trial.Engine("quick", ["a=1"], victims=list)
    with pytest.raises(trial.Failed, match="it ended before the kill"):
        trial.kill(cohort, engine)


@dataclasses.dataclass
class _Victim:
    killed: int = 0

    def kill(self):
        self.killed += 1


def test_a_build_that_outlives_the_kill_has_finished(tmp_path):
    archive.write(tmp_path, 20)
    victim, mended = _Victim(), []
    engine = trial.Engine(
        "real", ["--direct_num_workers=1"], lambda: [victim],
        lambda: mended.append(1))
    assert trial.kill(tmp_path, engine).endswith("it finished")
    assert (victim.killed, mended) == (1, [1])
