"""Codecs, checksums, TensorFlow: what native libraries really do here."""

import importlib.metadata
from collections.abc import Mapping

from model import architectures
from tools.cohort import encoders
from tools.diagnosis.probing import Answer
from tools.diagnosis.finding import Finding, MISSING, OK, WARN

CODECS = [f"codec:{name}" for name in encoders.TRANSFER_SYNTAXES]
# One process each: of TensorFlow, and of all else.
OF_TENSORFLOW = ["tensorflow", "tensorflow_io"]
OF_FILES = ["gzip", "crc", *CODECS]

# What tools/make_cohort.py writes unless told otherwise.
_DEFAULT_CODECS = frozenset({"implicit", "explicit", "jpeg_lossless_sv1"})
_INSTALL = "pip install -r requirements.txt"
_NO_AVX = "TensorFlow's packages need a processor with AVX"


def codecs(answers: Mapping[str, Answer]) -> list[Finding]:
    """A finding for gzip and for every transfer syntax."""
    findings = [_working("codecs", "gzip", answers["gzip"], True)]
    for name, syntax in encoders.TRANSFER_SYNTAXES.items():
        findings.append(_working(
            "codecs", f"{name} ({syntax.uid})", answers[f"codec:{name}"],
            name in _DEFAULT_CODECS))
    return findings


def _working(area: str, name: str, answer: Answer, needed: bool) -> Finding:
    if answer.error:
        return Finding(area, name, MISSING, answer.error,
                       "pip install --force-reinstall imagecodecs (as "
                       "requirements.txt has it), or transcode such files",
                       needed)
    return Finding(area, name, OK, "a sample is decoded", needed=needed)


def checksum(answer: Answer) -> Finding:
    """Whether record checksums are computed in C."""
    name = "CRC-32C"
    if answer.error:
        return Finding("records", name, MISSING, answer.error, _INSTALL, True)
    if answer.value != "c":
        return Finding(
            "records", name, WARN, f"in {answer.value}: hundreds of times "
            "slower", "pip install --force-reinstall --only-binary=:all: "
            "google-crc32c", True)
    return Finding("records", name, OK, "in C", needed=True)


def tensorflow(answer: Answer, cards: str | None) -> list[Finding]:
    """TensorFlow itself, and the GPUs that it trains on.

    Args:
      answer: Of `tensorflow`.
      cards: What NVIDIA's driver lists, or None where there is none.
    """
    if answer.error:
        advice = _NO_AVX if "SIGILL" in answer.error else _INSTALL
        return [Finding("training", "TensorFlow", MISSING, answer.error,
                        advice, True)]
    found = [Finding("training", "TensorFlow", OK, answer.value["version"],
                     needed=True)]
    if answer.value["gpus"]:
        found.append(Finding("training", "GPUs", OK,
                             ", ".join(answer.value["gpus"])))
    elif cards:
        found.append(Finding(
            "training", "GPUs", WARN, f"TensorFlow sees none of: {cards}",
            "pip install -r requirements-gpu.txt"))
    else:
        found.append(Finding(
            "training", "GPUs", WARN, "none: training runs on the CPU",
            "on a machine with NVIDIA cards: pip install -r "
            "requirements-gpu.txt"))
    return found


def keras() -> Finding:
    """Whether Keras is one that trains rightly on several devices."""
    try:
        architectures.check_keras_version()
    except RuntimeError as error:
        return Finding("training", "Keras", MISSING, str(error), _INSTALL,
                       True)
    version = importlib.metadata.version("keras")
    least = ".".join(map(str, architectures.MIN_KERAS))
    return Finding("training", "Keras", OK, f"{version} (at least {least})",
                   needed=True)


def tensorflow_io(answer: Answer) -> Finding:
    """Whether TensorFlow has its file systems; nothing here needs them."""
    if answer.error:
        return Finding(
            "training", "tensorflow-io", MISSING, answer.error,
            "nothing to do: only other programs that open s3:// by TensorFlow "
            "need it")
    return Finding("training", "tensorflow-io", OK,
                   "its native library is loaded")
