"""A screening cohort and films of CBIS-DDSM's layout in one whole build."""

import dataclasses
import json
import pathlib
import shutil
import subprocess
import sys

import pyarrow.parquet as pq
import pytest

from model import index as indices
from pipelines import config as configs
from pipelines import recipe as recipes
from pipelines import splits
from pipelines.labels import formats
from tests import archive
from tests import builds
from tests import hospitals
from tools import datasets
from tools.verification import checks

ROOT = pathlib.Path(__file__).parents[1]
SCREENING = "screening,register,hospital/dicoms,hospital/labels.csv"
FILM = "film,cbis_ddsm,film/dicoms,film/labels"
SIDES = {"L": "LEFT", "R": "RIGHT"}
# By patient: the part that CBIS-DDSM's publishers put her in.
PARTS = {1: "train", 2: "train", 3: "test", 4: "test"}


def write_film(folder: pathlib.Path) -> None:
    """Four patients, whose cases PatientID names, and their two tables."""
    (folder / "dicoms").mkdir(parents=True)
    for patient in PARTS:
        for side, named in SIDES.items():
            for view in archive.VIEWS:
                case = f"Mass-Training_P_{patient:05d}_{named}_{view}"
                (folder / f"dicoms/{case}.dcm").write_bytes(
                    archive.mammogram(patient, side, view, PatientID=case,
                                      StudyDate=None))
    write_cases(folder / "labels", PARTS)


def write_cases(folder: pathlib.Path, parts: dict[int, str]) -> None:
    """The case descriptions; every left breast has a cancer."""
    folder.mkdir()
    for part in ("train", "test"):
        lines = ["patient_id,left or right breast,assessment,pathology"] + [
            f"P_{patient:05d},{named},4,{pathology}"
            for patient, hers in parts.items() if hers == part
            for named, pathology in (("LEFT", "MALIGNANT"),
                                     ("RIGHT", "BENIGN"))]
        (folder / f"mass_case_description_{part}_set.csv").write_text(
            "\n".join(lines), encoding="utf-8")


@pytest.fixture(scope="module", name="folder")
def _folder(tmp_path_factory):
    """Both archives, and `records` as the script builds them."""
    made = tmp_path_factory.mktemp("merged")
    hospitals.write(made / "hospital", "standard", 5)
    write_film(made / "film")
    done = subprocess.run(
        [sys.executable, str(ROOT / "pipelines/build_records.py"),
         f"--dataset={SCREENING}", f"--dataset={FILM}", "--output=records",
         f"--variants={hospitals.VARIANT}", "--direct_num_workers=2"],
        cwd=made, text=True, capture_output=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    assert "film: 16 of 16 files have a diagnosis" in done.stdout
    return made


@pytest.fixture(autouse=True)
def _within(folder, monkeypatch):
    monkeypatch.chdir(folder)


def images() -> list[dict]:
    return pq.read_table("records/metadata").to_pylist()


def test_every_file_has_its_data_set():
    for row in images():
        assert row["dataset"] == {
            "hospital": "screening", "film": "film"}[row["file"].split("/")[0]]
    written = {row["dataset"] for row in images()
               if row["status"] == "written"}
    assert written == {"screening", "film"}


def test_each_data_set_has_its_own_patients_and_split():
    film = {row["patient_id"]: row["split"] for row in images()
            if row["dataset"] == "film"}
    assert film.keys() == {f"P_{patient:05d}" for patient in PARTS}
    for patient, part in PARTS.items():
        is_test = film[f"P_{patient:05d}"] == "test"
        assert is_test == (part == "test")
    for row in images():
        if row["dataset"] == "screening" and row["split"]:
            assert row["split"] == splits.split_of(
                splits.split_value(row["patient_id"], "mammoflow-1"),
                (0.8, 0.1, 0.1))


def test_it_verifies():
    dataset = datasets.open_dataset("records")
    assert not list(checks.problems(dataset, 2, lambda count: None))


@pytest.mark.parametrize("where, expected", [
    ("dataset = 'film'", {"film"}),
    ("dataset <> 'film'", {"screening"}),
    (None, {"film", "screening"})])
def test_training_selects_by_data_set(where, expected):
    index = indices.load("records", hospitals.VARIANT, "train", where=where)
    assert {*index.column("dataset")} == expected
    assert len(index) == sum(
        row["dataset"] in expected for row in images()
        if (row["status"], row["split"]) == ("written", "train"))


def test_the_json_says_what_was_merged():
    dataset = json.loads(pathlib.Path("records/dataset.json").read_text())
    assert [(one["dataset"], one["labels_format"])
            for one in dataset["build"]["sources"]] == [
        ("screening", "register"), ("film", "cbis_ddsm")]
    assert dataset["build"]["cancer_birads"] is None
    assert [one["name"] for one in dataset["audit"]["datasets"]] == [
        "screening", "film"]


def config(*data_sets: str, output: str = "records") -> configs.BuildConfig:
    return configs.BuildConfig(
        tuple(configs.parse_dataset(one, [*formats.READERS])
              for one in data_sets), output,
        recipe=recipes.Recipe(variants=(hospitals.VARIANT,)))


def test_built_again_it_is_left_as_it_is():
    before = builds.contents("records")
    status, told = builds.run(config(SCREENING, FILM))
    assert status == 0
    assert "convert  68 images are complete from before" in told
    assert builds.contents("records") == before


def test_another_name_reads_no_header_again():
    shutil.copytree("records/.work", "renamed/.work")
    status, told = builds.run(dataclasses.replace(
        config(SCREENING, FILM.replace("film,", "ddsm,"), output="renamed"),
        plan_only=True))
    assert status == 0
    assert "70 files matched, 70 known from before" in told
    planned = pq.read_table("renamed/.work/plan")
    assert {*planned["dataset"].to_pylist()} == {"screening", "ddsm"}


def test_a_table_that_matches_nothing_stops_it_before_any_pixel(folder):
    write_cases(folder / "others", {77: "train", 78: "test"})
    status, told = builds.run(config(
        SCREENING, FILM.replace("film/labels", "others"), output="stopped"))
    assert status == 1
    assert "The label table of film matches no image." in told
    assert "the label table others matches no image: no image" in told
    assert [path.name for path in pathlib.Path("stopped").iterdir()] == [
        ".work"]
