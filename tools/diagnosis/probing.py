"""Asking a process that may die of the answer.

Native libraries that do not fit the machine or each other abort a process, or
run into an illegal instruction. Here another process does, and it is told.
"""

import dataclasses
import json
import os
import pathlib
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from typing import Any

_ROOT = pathlib.Path(__file__).parents[2]
_PROGRAM = (f"import sys; sys.path[0] = {str(_ROOT)!r}; "
            "from tools.diagnosis import answers; "
            "answers.print_all(sys.argv[1:])")
_SECONDS = 180.0


@dataclasses.dataclass(frozen=True)
class Answer:
    """What came of a question.

    Attributes:
      value: The answer.
      error: Why there is none, or None.
    """

    value: Any = None
    error: str | None = None


def ask(questions: Sequence[str], program: str = _PROGRAM,
        seconds: float = _SECONDS) -> dict[str, Answer]:
    """Asks `tools.diagnosis.answers`; what is left after a death, once more.

    Args:
      questions: As `answers` has them.
      program: What answers.
      seconds: For a process to be done.
    """
    answers: dict[str, Answer] = {}
    while left := [one for one in questions if one not in answers]:
        answers |= _ask(left, program, seconds)
    return answers


def _ask(questions: Sequence[str], program: str,
         seconds: float) -> Mapping[str, Answer]:
    """Answers as far as a process comes, at least one."""
    process = subprocess.Popen(
        [sys.executable, "-c", program, *questions], text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"})
    try:
        output, errors = process.communicate(timeout=seconds)
        became = _became(process.returncode, errors)
    except subprocess.TimeoutExpired:
        process.kill()
        output, _ = process.communicate()
        became = f"no answer within {seconds:g} s"
    answers: dict[str, Answer] = {}
    tried = questions[0]
    for line in output.splitlines():
        told = _parsed(line)
        if len(told) == 1:
            tried = told[0]
        elif told:
            answers[told[0]] = Answer(told[1], told[2])
    if tried not in answers:
        answers[tried] = Answer(error=became)
    return answers


def _parsed(line: str) -> list[Any]:
    """A line of `answers`; what libraries print besides is none."""
    try:
        told = json.loads(line)
    except ValueError:
        return []
    return told if isinstance(told, list) and len(told) in (1, 3) else []


def _became(status: int, errors: str) -> str:
    """What became of a process, in words.

    >>> _became(-4, ""), _became(-6, "x\\nFATAL: no AVX")
    ('died of SIGILL', 'died of SIGABRT: FATAL: no AVX')
    """
    last = (errors.strip().splitlines() or [""])[-1][:200]
    said = f": {last}" if last else ""
    if status < 0:
        return f"died of {signal.Signals(-status).name}{said}"
    return f"ended with status {status}{said}"
