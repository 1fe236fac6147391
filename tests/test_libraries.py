"""What is said of native libraries."""

import pytest

from tools.cohort import encoders
from tools.diagnosis import libraries
from tools.diagnosis.probing import Answer
from tools.diagnosis.finding import MISSING, OK, WARN

RIGHT = {name: Answer(0.0) for name in libraries.OF_FILES}


def test_every_transfer_syntax_has_its_line():
    found = libraries.codecs(RIGHT)
    assert len(found) == 1 + len(encoders.TRANSFER_SYNTAXES) == 17
    assert {one.status for one in found} == {OK}


@pytest.mark.parametrize("name, breaks", [
    ("gzip", True), ("codec:explicit", True), ("codec:jpeg_lossless_sv1", True),
    ("codec:htj2k", False)])
def test_what_the_default_build_decodes_is_needed(name, breaks):
    found = libraries.codecs({**RIGHT, name: Answer(error="died of SIGILL")})
    broken = [one for one in found if one.status == MISSING]
    assert len(broken) == 1 and broken[0].breaks == breaks
    assert broken[0].found == "died of SIGILL"


@pytest.mark.parametrize("answer, status, breaks", [
    (Answer("c"), OK, False), (Answer("python"), WARN, False),
    (Answer(error="ImportError: no"), MISSING, True)])
def test_checksums_are_best_in_c(answer, status, breaks):
    found = libraries.checksum(answer)
    assert (found.status, found.breaks) == (status, breaks)


@pytest.mark.parametrize("gpus, cards, status, text", [
    (["TITAN X (Pascal)"], "TITAN X (Pascal)", OK, "TITAN X (Pascal)"),
    ([], "TITAN X (Pascal)", WARN, "sees none of: TITAN X (Pascal)"),
    ([], None, WARN, "training runs on the CPU")])
def test_gpus_are_those_that_tensorflow_sees(gpus, cards, status, text):
    both = libraries.tensorflow(
        Answer({"version": "2.16.2", "gpus": gpus, "cuda": False}), cards)
    assert [one.status for one in both] == [OK, status]
    assert text in both[1].found and not both[1].breaks


@pytest.mark.parametrize("error, advice", [
    ("died of SIGILL", "AVX"), ("ModuleNotFoundError: no", "pip install -r")])
def test_a_tensorflow_that_dies_breaks_the_training(error, advice):
    found, = libraries.tensorflow(Answer(error=error), None)
    assert found.breaks and advice in found.advice


def test_tensorflow_io_breaks_nothing():
    found = libraries.tensorflow_io(Answer(error="its library"))
    assert (found.status, found.breaks) == (MISSING, False)
    assert libraries.tensorflow_io(Answer(["s3"])).status == OK


def test_a_keras_that_trains_wrongly_breaks_the_training(monkeypatch):
    assert libraries.keras().status == OK
    monkeypatch.setattr(libraries.importlib.metadata, "version",
                        lambda name: "3.9.2")
    found = libraries.keras()
    assert found.breaks and "3.9.2" in found.found
