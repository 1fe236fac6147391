"""How every script runs: its flags, its help, its errors, its exit status.

A script ends with `command.run(main)`. `main` is given the words that are not
flags, its own name first. What it raises becomes one line, `script: what was
found; what was expected or to do`.
"""

import faulthandler
import os
import shutil
import sys
import threading
import traceback
from collections.abc import Callable, Sequence

from absl import flags

from pipelines import console
from pipelines import usage

DONE = 0
WRONG = 1
# As sysexits.h has them: EX_SOFTWARE, EX_TEMPFAIL.
INTERNAL = 70
TRY_AGAIN = 75
INTERRUPTED = 130

STATUSES = {
    DONE: "Done, and all is right.",
    WRONG: "The input, a flag or the result is wrong, as the last line says.",
    INTERNAL: "Mammoflow itself failed: please report it, with what "
              "MAMMOFLOW_TRACEBACK=1 prints.",
    TRY_AGAIN: "Another worker was lost: the same command goes on (model/"
               "train.py, tools/launch_workers.py).",
    INTERRUPTED: "Interrupted (128 and the signal's number); where files are "
                 "made, the same command goes on.",
}
# Set, an error's traceback is printed before its line.
TRACEBACK = "MAMMOFLOW_TRACEBACK"

_ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__))) + os.sep

# What to say where an interrupted script goes on when it is started again.
GOES_ON = "stopped; the same command goes on where it stopped"

QUIET = flags.DEFINE_bool(
    "quiet", False, "Print results and errors only: neither progress nor "
    "remarks.")
JSON_LOGS = flags.DEFINE_bool(
    "json_logs", False, "Make each line on standard error a JSON object: time, "
    "level, script and message; of progress stage, done, total, rate and "
    "seconds_left too.")

_HELP = frozenset({"--help", "-help", "-h", "-?", "--helpshort", "--helpfull"})


class UsageError(ValueError):
    """The words of a command are wrong."""


def run(main: Callable[[list[str]], int | None], known_only: bool = False,
        interrupted: str = "interrupted") -> None:
    """Runs a script to its end, which is that of the process.

    Args:
      main: What it does; may return an exit status.
      known_only: Leave unknown flags to `main`, as those of Beam's.
      interrupted: What to say after Ctrl-C.
    """
    if sys.stderr is not None and not faulthandler.is_enabled():
        try:
            faulthandler.enable()
        except (OSError, ValueError):
            pass  # It is no file.
    status = _run(main, sys.argv, known_only, interrupted)
    if status != DONE and threading.active_count() > 1:
        # Other threads may be in the middle of what was given up: where that
        # is C++, Python's own end would abort the process.
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)
    sys.exit(status)


def _run(main: Callable[[list[str]], int | None], words: list[str],
         known_only: bool, interrupted: str) -> int:
    script = os.path.basename(words[0]).removesuffix(".py")
    console.setup(script, _is_set(words, QUIET), _is_set(words, JSON_LOGS))
    try:
        if _HELP & set(_ours(words)):
            print(help_text(words[0]), end="")
            return DONE
        rest = parse(words, known_only)
        console.setup(script, QUIET.value, JSON_LOGS.value)
        status = main(rest) or DONE
        sys.stdout.flush()
        return status
    except BrokenPipeError:
        # The reader (head, less) has seen enough; Python would complain once
        # more when it flushes at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return DONE
    except KeyboardInterrupt:
        _trace()
        console.error(interrupted)
        return INTERRUPTED
    except Exception as error:  # pylint: disable=broad-except
        _trace()
        status, message = explained(error)
        console.error(message)
        return status


def explained(error: Exception) -> tuple[int, str]:
    """The exit status of an error, and what to say of it."""
    if isinstance(error, (ValueError, OSError)):
        return WRONG, console.one_line(error)
    if isinstance(error, MemoryError):
        return WRONG, "out of memory; fewer workers or images at a time need " \
            "less (--help lists the flags)"
    if isinstance(error, ImportError):
        return WRONG, f"{console.one_line(error)}; expected what " \
            "requirements.txt lists: tools/doctor.py says what is missing"
    # Its text may hold anything, a patient's data too: only where it is told.
    frames = traceback.extract_tb(error.__traceback__)
    ours = [frame for frame in frames if frame.filename.startswith(_ROOT)]
    frame = (ours or frames)[-1]
    where = "/".join(frame.filename.split(os.sep)[-2:])
    return INTERNAL, (
        f"internal error, {type(error).__name__} in {where}:{frame.lineno}; "
        f"please report it, with what {TRACEBACK}=1 prints (check that for "
        "patients' data)")


def fail(message: object) -> int:
    """Tells an error; returns its exit status."""
    _trace()
    console.error(message)
    return WRONG


def refuse_words(argv: Sequence[str]) -> None:
    """Raises UsageError where a script is given words that are no flags."""
    if argv[1:]:
        raise UsageError(usage.stray_words(argv[1:]))


def parse(words: list[str], known_only: bool = False) -> list[str]:
    """Parses flags; returns the other words.

    Raises:
      UsageError: A flag is unknown, or its value not right.
    """
    known = flags.FLAGS
    try:
        return known(words, known_only=known_only)
    except flags.UnrecognizedFlagError as error:
        given = next((word for word in _ours(words) if word.lstrip("-")
                      .partition("=")[0] == error.flagname), error.flagname)
        raise UsageError(usage.unknown_flag(
            f"--{given.lstrip('-')}", [f"--{name}" for name in known])
        ) from None
    except (flags.Error, ValueError) as error:
        raise UsageError(usage.wrong_value(
            str(error), {name: known[name] for name in known})) from None


def log_words() -> list[str]:
    """The flags of a script's telling, for those that it starts."""
    return [f"--{flag.name}" for flag in (QUIET, JSON_LOGS) if flag.value]


def help_text(main_module: str) -> str:
    """What `--help` prints of the script that runs."""
    common = [flags.FLAGS[flag.name] for flag in (QUIET, JSON_LOGS)]
    own = flags.FLAGS.get_key_flags_for_module(main_module)
    docstring = sys.modules["__main__"].__doc__ or ""
    columns = shutil.get_terminal_size((80, 24)).columns
    return usage.help_text(docstring, [
        flag for flag in own if flag not in common], common, STATUSES,
        min(max(columns, 40), 100))


def _ours(words: Sequence[str]) -> list[str]:
    """The words before `--`, after which come another command's."""
    words = list(words[1:])
    return words[:words.index("--")] if "--" in words else words


def _is_set(words: Sequence[str], flag: flags.FlagHolder) -> bool:
    """Whether a switch is given, before the flags are parsed."""
    return bool({f"--{flag.name}", f"--{flag.name}=true"} & set(_ours(words)))


def _trace() -> None:
    if os.environ.get(TRACEBACK):
        traceback.print_exc()
