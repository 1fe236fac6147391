"""How scripts begin and end."""

import json
import os
import signal
import subprocess
import sys

import pytest
from absl import flags

from pipelines import command
from pipelines import console
from pipelines import usage

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))

# A script: what it does is told by its last line.
SCRIPT = '''"""Counts sheep.

    python tools/sheep.py --sheep=12
"""
import sys
sys.path[0] = {root!r}
from absl import flags
from pipelines import command
SHEEP = flags.DEFINE_integer("sheep", 3, "How many.", lower_bound=1)
KIND = flags.DEFINE_enum("kind", "merino", ["merino", "texel"], "Which.")
def main(argv):
    {body}
command.run(main, interrupted=command.GOES_ON)
'''


@pytest.fixture
def sheep(tmp_path):
    """Runs a script whose main has this body."""
    def run(body, *words, **environment):
        path = tmp_path / "sheep.py"
        path.write_text(SCRIPT.format(root=ROOT, body=body))
        return subprocess.run(
            [sys.executable, str(path), *words], text=True, check=False,
            capture_output=True, env={**os.environ, **environment})

    return run


@pytest.mark.parametrize("body, status, message", [
    ("print(SHEEP.value)", 0, ""),
    ("return command.DONE", 0, ""),
    ("return command.TRY_AGAIN", 75, ""),
    ("raise ValueError('12 is not\\n  a sheep')", 1,
     "sheep: 12 is not a sheep\n"),
    ("open('/nowhere/flock')", 1,
     "sheep: /nowhere/flock: No such file or directory\n"),
    ("return command.fail('no meadow')", 1, "sheep: no meadow\n"),
    ("raise MemoryError", 1, "sheep: out of memory; fewer workers or images "
     "at a time need less (--help lists the flags)\n"),
    ("import wool_of_a_sheep", 1, "sheep: No module named 'wool_of_a_sheep'; "
     "expected what requirements.txt lists: tools/doctor.py says what is "
     "missing\n"),
    ("raise KeyboardInterrupt", 130,
     "sheep: stopped; the same command goes on where it stopped\n"),
])
def test_what_main_does_becomes_a_status_and_a_line(
        sheep, body, status, message):
    done = sheep(body)
    assert (done.returncode, done.stderr) == (status, message)


def test_a_failure_of_its_own_is_told_without_what_it_says(sheep):
    done = sheep("raise KeyError('Jane Doe')")
    assert done.returncode == 70
    assert done.stderr.startswith("sheep: internal error, KeyError in ")
    assert "; please report it" in done.stderr
    assert done.stderr.count("\n") == 1 and "Jane" not in done.stderr
    done = sheep("raise KeyError('Jane Doe')", MAMMOFLOW_TRACEBACK="1")
    assert done.returncode == 70
    assert "Traceback" in done.stderr and "KeyError: 'Jane Doe'" in done.stderr


def test_a_reader_that_has_seen_enough_is_no_error(tmp_path):
    path = tmp_path / "sheep.py"
    path.write_text(SCRIPT.format(
        root=ROOT, body="[print(number) for number in range(10**6)]"))
    with subprocess.Popen([sys.executable, str(path)], text=True,
                          stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE) as process:
        assert process.stdout.readline() == "0\n"
        process.stdout.close()
        assert process.stderr.read() == ""
    assert process.returncode == 0


def test_a_signal_ends_it_with_130(tmp_path):
    path = tmp_path / "sheep.py"
    path.write_text(SCRIPT.format(
        root=ROOT, body="print('on', flush=True); import time; "
        "time.sleep(60)"))
    with subprocess.Popen([sys.executable, str(path)], text=True,
                          stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE) as process:
        process.stdout.readline()
        process.send_signal(signal.SIGINT)
        assert process.stderr.read() == f"sheep: {command.GOES_ON}\n"
    assert process.returncode == command.INTERRUPTED


@pytest.mark.parametrize("words, message", [
    (["--shep=1"], "there is no flag --shep: did you mean --sheep? (--help "
     "lists all)"),
    (["--xyzzy"], "there is no flag --xyzzy (--help lists all)"),
    (["--sheep=none"], "--sheep=none is not a positive integer (--help "
     "explains it)"),
    (["--sheep=0"], "--sheep=0 is not a positive integer (--help explains it)"
     ),
    (["--sheep"], "--sheep is given no value; as in --sheep=VALUE (--help "
     "explains it)"),
    (["--kind=merin"], "--kind=merin is none of merino, texel: did you mean "
     "merino? (--help explains it)"),
    (["goat"], "unexpected 'goat': what is wanted is told by flags, which "
     "begin with -- (--help lists them)"),
])
def test_wrong_words_are_a_line_that_says_what_is_right(sheep, words, message):
    done = sheep("command.refuse_words(argv)", *words)
    assert (done.returncode, done.stderr) == (1, f"sheep: {message}\n")


def test_a_wrong_flag_is_told_to_a_scheduler_too(sheep):
    done = sheep("pass", "--sheep=none", "--json_logs")
    told = json.loads(done.stderr)
    assert (told["level"], told["script"], done.returncode) == (
        "error", "sheep", 1)


@pytest.mark.parametrize("word", ["--help", "-h"])
def test_help_shows_examples_flags_and_statuses(sheep, word):
    done = sheep("raise ValueError", word, "--sheep=none", COLUMNS="60")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith(
        "Counts sheep.\n\n    python tools/sheep.py --sheep=12\n\nFlags:\n"
        "  --sheep=N\n      How many. [default: 3]\n"
        "  --kind=merino|texel\n      Which. [default: merino]\n")
    assert "  --[no]quiet\n" in done.stdout
    assert "  130  Interrupted" in done.stdout
    assert max(map(len, done.stdout.splitlines())) <= 60


def test_help_of_another_command_is_not_ours(sheep):
    assert sheep("print(argv[1:])", "--", "--help").stdout == "['--help']\n"


@pytest.mark.parametrize("define, values, told", [
    (flags.DEFINE_list, ("a", ["x", "y"], "Some."),
     "  --a=A,B,...\n      Some. [default: x,y]"),
    (flags.DEFINE_multi_string, ("a", ["x"], "Some"),
     "  --a=TEXT ...\n      Some. [default: x]"),
    (flags.DEFINE_float, ("a", None, "One."), "  --a=X\n      One."),
    (flags.DEFINE_bool, ("a", False, "Do."), "  --[no]a\n      Do."),
    (flags.DEFINE_bool, ("a", True, "Do."),
     "  --[no]a\n      Do. [default: yes]"),
    (flags.DEFINE_enum, ("a", "x" * 40, ["x" * 40, "y" * 40], "One."),
     f"  --a=TEXT\n      One. One of {'x' * 40},\n      {'y' * 40}. [default:\n"
     f"      {'x' * 40}]"),
])
def test_a_flag_tells_what_it_takes(define, values, told):
    known = flags.FlagValues()
    define(*values, flag_values=known)
    assert usage.describe_flag(known["a"], 60) == told


def test_what_it_starts_is_told_alike(monkeypatch):
    if not flags.FLAGS.is_parsed():
        flags.FLAGS.mark_as_parsed()
    monkeypatch.setattr(flags.FLAGS, "json_logs", True)
    assert command.log_words() == ["--json_logs"]


def test_messages_of_the_system_name_the_file():
    error = PermissionError(13, "Permission denied", b"caf\xe9.csv")
    assert console.one_line(error).endswith(".csv: Permission denied")
