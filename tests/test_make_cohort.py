"""The script: the same bytes whatever the workers, and no harm to others."""

import csv
import hashlib
import json
import pathlib
import subprocess
import sys

import numpy as np
import pydicom
import pytest
from absl.testing import flagsaver

from tools import make_cohort
from tools.cohort import pitfalls, register
from tools.comparing import histograms

ROOT = pathlib.Path(__file__).resolve().parents[1]
QUICK = {"patients": 3, "scale": 1 / 64, "workers": 1}


@pytest.fixture(autouse=True)
def parsed_flags():
    if not make_cohort.flags.FLAGS.is_parsed():
        make_cohort.flags.FLAGS.mark_as_parsed()


def make(output, **changes):
    with flagsaver.flagsaver(
            output=str(output), **(QUICK | changes)):
        make_cohort.main([])


def tree(folder):
    """Digest or link of every file, by path."""
    return {
        str(path.relative_to(folder)): str(path.readlink()) if
        path.is_symlink() else hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_symlink() or path.is_file()}


def test_one_worker_and_two_give_the_same_bytes(tmp_path):
    names = ["monochrome1", "dangling_link", "duplicate_different"]
    for workers in (1, 2):
        make(tmp_path / str(workers), workers=workers, pitfalls=names,
             transfer_syntaxes=["all"])
    one, two = tree(tmp_path / "1"), tree(tmp_path / "2")
    assert one == two
    assert {"labels.csv", "labels.xlsx", "cohort.json"} <= set(one)
    assert not any(".tmp-" in path for path in one)


def test_a_larger_cohort_holds_the_smaller(tmp_path):
    make(tmp_path / "small", patients=2)
    make(tmp_path / "large", patients=4)
    small, large = tree(tmp_path / "small"), tree(tmp_path / "large")
    images = {path: digest for path, digest in small.items()
              if path.startswith("dicoms")}
    assert images and images.items() <= large.items()


def test_cohorts_of_other_numbers_are_parts_of_a_larger_one(tmp_path):
    make(tmp_path / "whole", patients=4)
    make(tmp_path / "first", patients=2)
    make(tmp_path / "rest", patients=2, first_patient=2)
    whole, first, rest = (
        {path: digest for path, digest in tree(tmp_path / name).items()
         if path.startswith("dicoms")} for name in ("whole", "first", "rest"))
    assert first and rest and not first.keys() & rest.keys()
    assert first | rest == whole


def greys(folder):
    """Mean histogram of the breasts, on a scale to each one's brightest."""
    found = []
    for path in sorted(folder.rglob("*.dcm")):
        dataset = pydicom.dcmread(path)
        pixels = dataset.pixel_array.astype(float)
        if dataset.PhotometricInterpretation == "MONOCHROME1":
            pixels = (1 << dataset.BitsStored) - 1 - pixels
        tissue = pixels[pixels < 0.96 * pixels.max()]  # No marker.
        inside = tissue[tissue > 0.05 * tissue.max()] / tissue.max()
        counts, _ = np.histogram(inside, histograms.BINS, (0, 1))
        found.append(counts / counts.sum())
    return np.mean(found, axis=0)


def test_contrasts_differ_in_their_greys_and_machines(tmp_path):
    found, makers = {}, {}
    for contrast in ("contrasty", "flat"):
        folder = tmp_path / contrast
        make(folder, contrast=contrast, patients=4, scale=1 / 16, gzip="none")
        found[contrast] = greys(folder)
        makers[contrast] = {
            pydicom.dcmread(path, stop_before_pixels=True).Manufacturer
            for path in folder.rglob("*.dcm")}
    assert histograms.wasserstein(found["contrasty"], found["flat"]) > 0.25
    assert not makers["contrasty"] & makers["flat"]


def test_an_older_cohort_s_description_knows_of_no_contrast(tmp_path):
    make(tmp_path / "usual")
    make(tmp_path / "flat", contrast="flat", first_patient=7)
    usual, flat = (json.loads((tmp_path / name / "cohort.json").read_text())
                   for name in ("usual", "flat"))
    assert set(flat) - set(usual) == {"contrast", "first_patient"}
    assert (flat["contrast"], flat["first_patient"]) == ("flat", 7)


def test_every_pitfall_can_befall_another_hospital(tmp_path):
    make(tmp_path, patients=1, pitfalls=["all"], contrast="flat")
    assert len(list((tmp_path / "dicoms" / "pitfalls").iterdir())) == len(
        pitfalls.PITFALLS)


def test_every_image_is_readable_and_named_after_its_header(tmp_path):
    make(tmp_path, gzip="none", transfer_syntaxes=["lossless"])
    found = list((tmp_path / "dicoms").rglob("*.dcm"))
    assert len(found) == sum(
        2 * len(visit.breasts) for patient in register.make_register(1, 3)
        for visit in patient.visits)
    for path in found:
        dataset = pydicom.dcmread(path)
        patient, day, name = path.parts[-3:]
        assert (dataset.PatientID, dataset.StudyDate) == (patient, day)
        assert name == (f"{dataset.ImageLaterality}-{dataset.ViewPosition}"
                        ".dcm")
        pixels = dataset.pixel_array
        assert pixels.shape == (dataset.Rows, dataset.Columns)
        assert pixels.max() <= (1 << dataset.BitsStored) - 1
        assert not dataset.PatientName and not dataset.PatientBirthDate


def test_the_table_has_its_columns(tmp_path):
    make(tmp_path)
    with open(tmp_path / "labels.csv", newline="", encoding="utf-8") as text:
        rows = list(csv.DictReader(text))
    assert tuple(rows[0]) == register.COLUMNS
    assert {row["patient_id"] for row in rows} == {
        register.patient_id(k) for k in range(3)}


def test_all_pitfalls_lie_in_folders_of_their_own(tmp_path):
    make(tmp_path, patients=1, pitfalls=["all"])
    folders = {path.name for path in (
        tmp_path / "dicoms" / "pitfalls").iterdir()}
    assert folders == set(pitfalls.PITFALLS)


def test_gzip_auto_leaves_what_is_compressed_alone(tmp_path):
    make(tmp_path, transfer_syntaxes=["explicit", "jpegls", "deflated"])
    starts = {(path.suffix, path.read_bytes()[:2] == b"\x1f\x8b")
              for path in (tmp_path / "dicoms").rglob("*-*")}
    assert starts == {(".gz", True), (".dcm", False)}


def test_what_is_not_ours_is_never_replaced(tmp_path):
    precious = tmp_path / "dicoms" / "precious.dcm"
    precious.parent.mkdir()
    precious.write_bytes(b"patient data")
    for overwrite in (False, True):
        with pytest.raises(ValueError, match="already holds dicoms"):
            make(tmp_path, overwrite=overwrite)
    assert precious.read_bytes() == b"patient data"


def test_a_cohort_is_replaced_only_on_request(tmp_path):
    make(tmp_path)
    with pytest.raises(ValueError, match="--overwrite"):
        make(tmp_path, seed=2)
    make(tmp_path, seed=2, overwrite=True)
    make(tmp_path / "fresh", seed=2)
    fresh = tree(tmp_path / "fresh")
    assert fresh == {path: digest for path, digest in tree(tmp_path).items()
                     if not path.startswith("fresh")}


def test_an_interrupted_run_goes_on(tmp_path):
    make(tmp_path / "whole")
    make(tmp_path / "broken")
    whole = tree(tmp_path / "whole")
    state = tmp_path / "broken" / "cohort.json"
    state.write_text(json.dumps(
        json.loads(state.read_text()) | {"complete": False}))
    (tmp_path / "broken" / "labels.csv").unlink()
    victims = sorted((tmp_path / "broken" / "dicoms").rglob("*.gz"))[::2]
    for victim in victims:
        victim.unlink()
    make(tmp_path / "broken")
    assert tree(tmp_path / "broken") == whole


@pytest.mark.parametrize("changes,message", [
    ({"pitfalls": ["typo"]}, "no pitfall 'typo'; --list_pitfalls"),
    ({"transfer_syntaxes": ["mpeg"]}, "no encoder.*'mpeg'.*jpegls")])
def test_unknown_names_are_errors(tmp_path, changes, message):
    with pytest.raises(ValueError, match=message):
        make(tmp_path / "none", **changes)
    assert not (tmp_path / "none").exists()


def test_an_unwritable_output_is_an_error(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(NotADirectoryError):
        make(tmp_path / "file" / "below")


@pytest.mark.parametrize("arguments,status,text", [
    (["--list_pitfalls"], 0, "monochrome1: MONOCHROME1"),
    (["--scale=2"], 1, "scale"), (["stray"], 1, "unexpected 'stray'"),
    (["--patient=3"], 1, "patients")])
def test_command_line(arguments, status, text, tmp_path):
    done = subprocess.run(
        [sys.executable, ROOT / "tools" / "make_cohort.py", *arguments],
        cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == status
    assert text in done.stdout + done.stderr
    assert not list(tmp_path.iterdir())


def test_progress_is_a_line_with_rate_and_time_left(tmp_path, capsys):
    make(tmp_path)
    captured = capsys.readouterr()
    assert "images/s" in captured.err and "took 0:" in captured.err
    assert "build_records.py" in captured.err
    assert "validation" in captured.out
