"""Questions whose answer may kill."""

import pytest

from pipelines import decoders
from tools.diagnosis import answers
from tools.diagnosis import probing
from tools.diagnosis.probing import Answer

# As `answers.print_all`, of questions that are what becomes of the process.
PROGRAM = """
import json, os, signal, sys, time
for question in sys.argv[1:]:
    print(json.dumps([question]), flush=True)
    if question.startswith("SIG"):
        os.kill(os.getpid(), getattr(signal, question))
    if question == "abort":
        print("FATAL: no AVX", file=sys.stderr, flush=True)
        os.abort()
    if question == "exit":
        sys.exit(3)
    if question == "sleep":
        time.sleep(60)
    print("a library says hello")
    print(json.dumps([1, 2]))
    print(json.dumps([question, len(question), None]), flush=True)
"""


@pytest.mark.parametrize("question, error", [
    ("SIGILL", "died of SIGILL"), ("SIGSEGV", "died of SIGSEGV"),
    ("abort", "died of SIGABRT: FATAL: no AVX"),
    ("exit", "ended with status 3"), ("sleep", "no answer within 1 s")])
def test_who_dies_of_a_question_is_told_and_the_others_are_asked(
        question, error):
    found = probing.ask(["one", question, "three"], PROGRAM, 1)
    assert found == {"one": Answer(3), "three": Answer(5),
                     question: Answer(error=error)}


def test_a_program_that_cannot_begin_answers_nothing():
    found = probing.ask(["one", "two"], "raise SystemError('no numpy')")
    assert found["one"].error == (
        "ended with status 1: SystemError: no numpy")
    assert found["two"].error == found["one"].error


def test_what_is_really_loaded_and_decoded():
    found = probing.ask([
        "import:json", "import:no_such_module", "crc", "gzip", "codec:jpegls",
        "codec:jpeg_baseline", "codec:no_such_codec"])
    assert found["import:json"] == Answer()
    assert "No module named 'no_such_module'" in (
        found["import:no_such_module"].error)
    assert found["crc"] == Answer("c")
    assert found["gzip"] == Answer()
    assert found["codec:jpegls"] == Answer(0.0)
    assert 0 < found["codec:jpeg_baseline"].value < 0.02
    assert found["codec:no_such_codec"].error.startswith("KeyError")


def test_a_decoder_that_is_wrong_is_found_out(monkeypatch, capsys):
    right = decoders.decode_frame
    monkeypatch.setattr(decoders, "decode_frame",
                        lambda *words: right(*words) + 1)
    answers.print_all(["codec:jpegls"])
    assert "pixels differ by" in capsys.readouterr().out.splitlines()[1]
