"""Starting scripts as from a shell, and what they import meanwhile."""

import dataclasses
import os
import pathlib
import subprocess
import sys
import time
from collections.abc import Sequence

ROOT = pathlib.Path(__file__).parents[1]
WRONG_FLAG = "--no_such_flag=1"


@dataclasses.dataclass(frozen=True)
class Start:
    """What one start took.

    Attributes:
      seconds: Until the process had ended.
      cpu_seconds: Of its own, user and system.
    """

    seconds: float
    cpu_seconds: float


def scripts() -> list[str]:
    """The paths of all scripts, from the repository's root."""
    return [path.relative_to(ROOT).as_posix()
            for package in ("pipelines", "model", "tools")
            for path in sorted((ROOT / package).glob("*.py"))
            if '\nif __name__ == "__main__":' in
            path.read_text(encoding="utf-8")]


def start(script: str, words: Sequence[str], answers: bool) -> Start:
    """Runs a script to its end.

    Args:
      script: Its path from the root.
      words: Its arguments.
      answers: Whether something is to be printed on the standard output;
        else it has to fail.

    Raises:
      RuntimeError: It did otherwise.
    """
    before = os.times()
    begin = time.perf_counter()
    done = subprocess.run([sys.executable, str(ROOT / script), *words],
                          capture_output=True, text=True, check=False)
    seconds = time.perf_counter() - begin
    after = os.times()
    if not done.stdout if answers else not done.returncode:
        raise RuntimeError(
            f"{script} {' '.join(words)} ended with status "
            f"{done.returncode}:\n{done.stdout}{done.stderr}")
    return Start(seconds, after.children_user + after.children_system -
                 before.children_user - before.children_system)


def imported(script: str, words: Sequence[str]) -> set[str]:
    """The top-level packages that a script has imported when it ends."""
    program = (
        "import runpy, sys\n"
        f"sys.argv = {[str(ROOT / script), *words]!r}\n"
        "try:\n"
        "    runpy.run_path(sys.argv[0], run_name='__main__')\n"
        "finally:\n"
        "    print(*{name.partition('.')[0] for name in sys.modules},\n"
        "          file=sys.__stdout__)\n")
    done = subprocess.run([sys.executable, "-c", program], text=True,
                          capture_output=True, check=False)
    return set(done.stdout.splitlines()[-1].split())
