"""Packages against their requirements."""

import pytest

from tools.diagnosis import packages
from tools.diagnosis.probing import Answer
from tools.diagnosis.finding import MISSING, OK, WARN

PINS = packages.requirements(
    "tensorflow==2.16.2\ntensorflow-io==0.37.1\nnumpy==1.26.4\n"
    "protobuf==4.25.9\nopencv-python-headless==4.11.0.86\npytest==9.2.0\n")
LATEST = packages.requirements(
    "tensorflow>=2.21\nnumpy>=2\nopencv-python-headless>=4.11\n"
    "pytest==9.2.0\n")
PINNED = {name: pin.version for name, pin in PINS.items()}
NEWEST = {**PINNED, "tensorflow": "2.21.0", "numpy": "2.4.6",
          "protobuf": "6.33.6"}


@pytest.mark.parametrize("installed, name, status, breaks, text", [
    (PINNED, "numpy", OK, False, "1.26.4"),
    (NEWEST, "numpy", OK, False, "2.4.6, as requirements-latest.txt"),
    (NEWEST, "protobuf", OK, False, "6.33.6"),
    ({**PINNED, "protobuf": "5.0"}, "protobuf", WARN, False,
     "pip install 'protobuf==4.25.9'"),
    ({**PINNED, "numpy": "1.24.0"}, "numpy", WARN, False,
     "tested with 1.26.4"),
    ({**PINNED, "numpy": None}, "numpy", MISSING, True,
     "pip install -r requirements.txt"),
    ({**PINNED, "pytest": None}, "pytest", MISSING, False, "only tests"),
    ({**PINNED, "tensorflow-io": None}, "tensorflow-io", MISSING, False,
     "not installed"),
])
def test_a_package_is_as_tested_or_not(
        installed, name, status, breaks, text):
    found = {one.name: one for one in packages.check(
        (PINS, LATEST), {}, installed.get)}
    one = found[name]
    assert (one.status, one.breaks) == (status, breaks)
    assert text in f"{one.found}; {one.advice}"


def test_the_newest_lane_has_no_tensorflow_io():
    installed = {**NEWEST, "tensorflow-io": None}
    found = packages.check((PINS, LATEST), {}, installed.get)
    assert "tensorflow-io" not in [one.name for one in found]


def test_what_is_installed_and_does_not_load_is_missing():
    answers = {"import:cv2": Answer(error="died of SIGILL")}
    found = {one.name: one for one in packages.check(
        (PINS, LATEST), answers, PINNED.get)}
    one = found["opencv-python-headless"]
    assert (one.status, one.breaks) == (MISSING, True)
    assert one.found == "4.11.0.86, does not load: died of SIGILL"
    assert "'opencv-python-headless==4.11.0.86'" in one.advice


@pytest.mark.parametrize("version, status", [
    ((3, 11, 7), OK), ((3, 12, 1), WARN), ((3, 10, 0), MISSING)])
def test_python_is_the_one_that_was_tested(version, status):
    found = packages.python(version)
    assert (found.status, found.breaks) == (status, status == MISSING)


def test_both_files_are_read_whole():
    pins, latest = packages.read()
    assert pins["tensorflow"].version == "2.16.2"
    assert latest["tensorflow"].operator == ">="
    assert len(pins) >= 25 and set(latest) <= set(pins)
    # What the text of each says is what is asked for.
    assert "import:cv2" in packages.questions(list(pins))
    assert not {"import:tensorflow", "import:keras"} & set(
        packages.questions(list(pins)))
