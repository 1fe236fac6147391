"""Python, and the packages that requirements.txt names."""

import dataclasses
import importlib.metadata
import pathlib
import re
import sys
from collections.abc import Callable, Mapping, Sequence

from tools.diagnosis.probing import Answer
from tools.diagnosis.finding import Finding, MISSING, OK, WARN

AREA = "packages"
PINS, LATEST = "requirements.txt", "requirements-latest.txt"
_ROOT = pathlib.Path(__file__).parents[2]
_INSTALL = f"pip install -r {PINS}"
# As tested.
_PYTHON = (3, 11)

# What is imported, where it is not called as its distribution.
_MODULES = {
    "absl-py": "absl", "apache-beam": "apache_beam", "opencv-python-headless":
    "cv2", "pillow": "PIL", "protobuf": "google.protobuf",
    "pylibjpeg-libjpeg": "libjpeg", "pylibjpeg-openjpeg": "openjpeg",
    "pylibjpeg-rle": "rle", "pytest-xdist": "xdist"}
# Neither building nor training needs these.
_NOT_NEEDED = frozenset({
    "hypothesis", "pylibjpeg", "pylibjpeg-libjpeg", "pylibjpeg-openjpeg",
    "pylibjpeg-rle", "pytest", "pytest-xdist", "psutil", "nbclient",
    "ipykernel", "selenium", "werkzeug"})
# TensorFlow itself opens object stores by these alone; nothing else does.
_NATIVE_IO = frozenset({"tensorflow-io", "tensorflow-io-gcs-filesystem"})
# These have checks of their own.
_NOT_IMPORTED = _NATIVE_IO | {"tensorflow", "keras"}


@dataclasses.dataclass(frozen=True)
class Requirement:
    """A line of a requirements file: `numpy==1.26.4`, `pandas>=3`."""

    name: str
    operator: str = ""
    version: str = ""

    def fits(self, version: str) -> bool:
        """Whether an installed version is one that it allows.

        >>> Requirement("numpy", ">=", "2").fits("2.4.6")
        True
        """
        if self.operator == "==":
            return version == self.version
        return not self.version or _numbers(version) >= _numbers(self.version)


def requirements(text: str) -> dict[str, Requirement]:
    """The requirements of a file, by name.

    >>> requirements("# pins\\nnumpy==1.26.4\\n-r more.txt")["numpy"].version
    '1.26.4'
    """
    found = (re.match(r"([A-Za-z][\w.-]*)(?:\[[^]]*\])?(?:(==|>=)([\w.]+))?",
                      line) for line in text.splitlines())
    return {match[1]: Requirement(match[1], match[2] or "", match[3] or "")
            for match in found if match}


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(map(int, re.findall(r"\d+", version)[:4]))


def read(root: pathlib.Path = _ROOT) -> list[dict[str, Requirement]]:
    """What the pinned lane requires, and the newest one."""
    return [requirements((root / name).read_text(encoding="utf-8"))
            for name in (PINS, LATEST)]


def questions(names: Sequence[str]) -> list[str]:
    """What `answers` is asked of them."""
    return [f"import:{module_of(name)}" for name in names
            if name not in _NOT_IMPORTED]


def module_of(name: str) -> str:
    """What is imported of a distribution."""
    return _MODULES.get(name, name.replace("-", "_"))


def installed(name: str) -> str | None:
    """The version of a distribution, or None."""
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None


def python(version: Sequence[int] = sys.version_info[:3]) -> Finding:
    """Whether this Python is the one that was tested."""
    found = ".".join(map(str, version[:3]))
    wanted = ".".join(map(str, _PYTHON))
    advice = f"make the environment with Python {wanted}, as tested"
    if tuple(version[:2]) < _PYTHON:
        return Finding("python", "Python", MISSING, found, advice, True)
    if tuple(version[:2]) > _PYTHON:
        return Finding("python", "Python", WARN, found, advice)
    return Finding("python", "Python", OK, found)


def check(lanes: Sequence[Mapping[str, Requirement]],
          answers: Mapping[str, Answer],
          version_of: Callable[[str], str | None] = installed
          ) -> list[Finding]:
    """A finding for each package of the pinned lane.

    Args:
      lanes: The pins, and what else is allowed.
      answers: Of `questions`.
      version_of: Tells what is installed.
    """
    pins, latest = lanes
    tensorflow = version_of("tensorflow")
    pinned_lane = tensorflow is None or pins["tensorflow"].fits(tensorflow)
    findings = []
    for name, pin in pins.items():
        if name in _NATIVE_IO and not pinned_lane and version_of(name) is None:
            continue  # There is none for a newer TensorFlow.
        answer = answers.get(f"import:{module_of(name)}", Answer())
        needed = name not in _NOT_NEEDED | _NATIVE_IO
        # What the newest lane does not name is as its packages want it.
        other = latest.get(name) or (
            None if pinned_lane else Requirement(name))
        findings.append(_check(pin, other, version_of(name), answer, needed))
    return findings


def _check(pin: Requirement, other: Requirement | None, version: str | None,
           answer: Answer, needed: bool) -> Finding:
    def found(status: str, text: str, advice: str = "") -> Finding:
        return Finding(AREA, pin.name, status, text, advice, needed)

    if version is None:
        return found(MISSING, "not installed",
                     _INSTALL if needed else
                     f"only tests and some tools need it: {_INSTALL}")
    if answer.error:
        return found(MISSING, f"{version}, does not load: {answer.error}",
                     f"pip install --force-reinstall '{pin.name}"
                     f"{pin.operator}{pin.version}'")
    if pin.fits(version):
        return found(OK, version)
    if other is not None and other.fits(version):
        return found(OK, f"{version}, as {LATEST}")
    return found(WARN, version, f"tested with {pin.version}: pip install "
                 f"'{pin.name}{pin.operator}{pin.version}'")
