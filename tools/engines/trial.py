"""Builds of one cohort by several engines, compared; and workers killed."""

import dataclasses
import hashlib
import pathlib
import shutil
import subprocess
import time
from collections.abc import Callable, Sequence

import psutil

from pipelines import shards
from tools import benchmarks

_SECONDS = 900
_POLL_SECONDS = 0.02


class Failed(RuntimeError):
    """A build that does not give what it must; the text says which."""


@dataclasses.dataclass(frozen=True)
class Engine:
    """An engine to build on.

    Attributes:
      name: For a person.
      words: Flags by which a build reaches it.
      victims: The processes of which one is killed, or None: it has no
        process that could be lost alone.
      mend: Brings back what was killed.
    """

    name: str
    words: Sequence[str]
    victims: Callable[[], list[psutil.Process]] | None = None
    mend: Callable[[], None] = lambda: None


def digests(output: pathlib.Path) -> dict[str, str]:
    """The sha256 of every file of a data set but what is kept to go on from.
    """
    return {str(path.relative_to(output)):
            hashlib.sha256(path.read_bytes()).hexdigest()
            for path in sorted(output.rglob("*"))
            if path.is_file() and shards.WORK_FOLDER not in path.parts}


def build(cohort: pathlib.Path, engine: Engine) -> float:
    """Builds a cohort as `records-<engine>`; returns the seconds it took.

    Raises:
      Failed: It ended with another status than 0.
    """
    output = _fresh(cohort, engine)
    start = time.monotonic()
    done = subprocess.run(
        benchmarks.build_words(cohort, output, *engine.words),
        capture_output=True, text=True, timeout=_SECONDS, check=False)
    if done.returncode:
        raise Failed(f"{engine.name}: status {done.returncode}\n"
                     f"{done.stderr[-2000:]}")
    return time.monotonic() - start


def compare(cohort: pathlib.Path, engine: Engine, other: Engine) -> int:
    """How many files two engines' builds have, all of equal bytes.

    Raises:
      Failed: They differ, or something is left under a temporary name.
    """
    ours, theirs = (_output(cohort, one) for one in (engine, other))
    left = [path.name for path in ours.rglob("*.tmp-*")]
    if left:
        raise Failed(f"{engine.name} leaves {left[0]}")
    found, expected = digests(ours), digests(theirs)
    different = sorted(name for name in {*found, *expected}
                       if found.get(name) != expected.get(name))
    if different:
        raise Failed(f"{engine.name} and {other.name} differ in "
                     f"{len(different)} files, as {different[0]}")
    return len(found)


def kill(cohort: pathlib.Path, engine: Engine) -> str:
    """Builds, and kills one of the victims with SIGKILL when some is done.

    Where the engine gives the job up, the same command goes on from there.

    Returns:
      What became of the build.

    Raises:
      Failed: It ended before the kill, or the second run failed too.
    """
    assert engine.victims
    output = _fresh(cohort, engine)
    words = benchmarks.build_words(cohort, output, *engine.words)
    with subprocess.Popen(words, stderr=subprocess.PIPE, text=True) as first:
        while not (done := list(output.glob("converted/*.parquet"))):
            if first.poll() is not None:
                raise Failed(f"{engine.name}: it ended before the kill")
            time.sleep(_POLL_SECONDS)
        engine.victims()[0].kill()
        _, text = first.communicate(timeout=_SECONDS)
    engine.mend()
    after = f"killed after {len(done)} shards"
    if first.returncode == 0:
        return f"{after}, it finished"
    second = subprocess.run(words, capture_output=True, text=True,
                            timeout=_SECONDS, check=False)
    said = text.strip().splitlines()[-1]
    if first.returncode != 1 or second.returncode:
        raise Failed(f"{engine.name}: status {first.returncode} ({said}), "
                     f"then {second.returncode}\n{second.stderr[-2000:]}")
    return f"{after}, it said '{said}'; the second run finished"


def _output(cohort: pathlib.Path, engine: Engine) -> pathlib.Path:
    return cohort / f"records-{engine.name.replace(' ', '-')}"


def _fresh(cohort: pathlib.Path, engine: Engine) -> pathlib.Path:
    output = _output(cohort, engine)
    shutil.rmtree(output, ignore_errors=True)
    return output
