"""The data sets of a build: their files and their label tables."""

import pytest

from pipelines import config as configs
from pipelines import plan
from pipelines import privacy
from pipelines import sources
from pipelines.labels import errors
from pipelines.labels import formats
from tests import archive
from tests import builds

FORMATS = ["register", "cbis_ddsm", "inbreast"]
CASES = "patient_id,left or right breast,assessment,pathology\n"


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """Two registers, and folders that overlap."""
    monkeypatch.chdir(tmp_path)
    for name in ("a/1.dcm", "a/deep/2.dcm", "b/3.dcm"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(b"")
    for name, patient in (("one.csv", 1), ("two.csv", 2)):
        archive.write_register(tmp_path / name, [
            archive.register_row(patient, "L")])
    (tmp_path / "mass_case_description_train_set.csv").write_text(
        CASES + "P_00001,LEFT,4,MALIGNANT\n", encoding="utf-8")


def source(name: str | None, dicoms: str, table: str = "one.csv",
           label_format: str = "register") -> configs.Source:
    return configs.Source(name, (dicoms,),
                          configs.LabelSource(table, label_format))


def config(*found: configs.Source, **changes) -> configs.BuildConfig:
    return configs.BuildConfig(found, "records", **changes)


def test_every_file_is_listed_with_its_data_set():
    table = sources.listing((source("x", "b"), source("y", "a")))
    assert list(zip(table["file"].to_pylist(),
                    table["dataset"].to_pylist())) == [
        ("a/1.dcm", "y"), ("a/deep/2.dcm", "y"), ("b/3.dcm", "x")]


def test_a_data_set_without_a_name_has_none():
    table = sources.listing(builds.config(dicoms=("a", "b")).sources)
    assert table["dataset"].to_pylist() == [None] * 3


@pytest.mark.parametrize("found, message", [
    ((source("x", "a"), source("y", "a/deep")),
     "--dataset: x and y share 1 file; a file is of one data set"),
    ((source("x", "a"), source("y", "nowhere")),
     "--dataset=y: --dicoms=nowhere matches no file"),
])
def test_files_that_no_data_set_can_have_are_an_error(found, message):
    with pytest.raises(ValueError, match=message):
        sources.listing(found)


def test_each_data_set_has_its_own_table():
    labels = sources.load_labels(config(
        source("x", "a"), source("y", "b", "two.csv")))
    assert {name: table.rows["patient_id"].to_pylist()
            for name, table in labels.items()} == {
        "x": ["000001"], "y": ["000002"]}


@pytest.mark.parametrize("wrong, message", [
    (source("y", "b", "none.csv"),
     "--dataset=y: label table none.csv: no such table"),
    (source("y", "b", "one.csv", "cbis_ddsm"),
     r"--dataset=y: (.|\n)*try --labels_format=register"),
    (source("y", "b", "mass_case_description_train_set.csv"),
     r"--dataset=y: (.|\n)*try --labels_format=cbis_ddsm"),
])
def test_a_table_that_cannot_be_used_names_its_data_set(wrong, message):
    with pytest.raises(errors.LabelError, match=message):
        sources.load_labels(config(source("x", "a"), wrong))


@pytest.mark.parametrize("given, expected", [
    (None, None), ((4, 5), frozenset({4, 5}))])
def test_readers_are_told_which_birads_count_as_a_cancer(
        monkeypatch, given, expected):
    told = []

    def read(name, files, options):
        told.append((name, [file for file, _ in files],
                     options.cancer_birads))

    monkeypatch.setattr(formats, "read", read)
    sources.load_labels(config(
        source("x", "a"), rules=plan.PlanRules(cancer_birads=given)))
    assert told == [("register", ["one.csv"], expected)]


@pytest.mark.parametrize("text, expected", [
    ("film,cbis_ddsm,f/dicoms,f/labels",
     configs.Source("film", ("f/dicoms",),
                    configs.LabelSource("f/labels", "cbis_ddsm"))),
    ('x, register, "a,b/*.dcm", t.csv, patient_id=pid, date_format=%d-%m-%Y,'
     "patient_id_width=6",
     configs.Source("x", ("a,b/*.dcm",), configs.LabelSource(
         "t.csv", "register", (("patient_id", "pid"),), "%d-%m-%Y", 6))),
])
def test_a_data_set_is_read_from_its_flag(text, expected):
    assert configs.parse_dataset(text, FORMATS) == expected


@pytest.mark.parametrize("text, message", [
    ("film,cbis_ddsm,dicoms", "expected NAME,FORMAT,DICOMS,LABELS"),
    ("film,,dicoms,labels", "expected NAME,FORMAT,DICOMS,LABELS"),
    ("", "expected NAME,FORMAT,DICOMS,LABELS"),
    ("film,cbis,dicoms,labels", "cbis is none of .* mean cbis_ddsm?"),
    ("film,INbreast,dicoms,labels", "did you mean inbreast?"),
    ("x,register,a,t.csv,pid", "--dataset has 'pid': expected OURS=THEIRS"),
    ("x,register,a,t.csv,patient_id_width=six",
     "patient_id_width=six is not a number"),
])
def test_what_is_no_data_set_is_an_error(text, message):
    with pytest.raises(ValueError, match=message):
        configs.parse_dataset(text, FORMATS)


@pytest.mark.parametrize("found, changes, message", [
    ((source("x", "a"), source("x", "b")), {},
     "the names x, x are not all different"),
    ((source("x", "a"), source("y", "b", "t", "cbis_ddsm")),
     {"pseudonyms": privacy.Pseudonyms(b"k" * 16)},
     "the format cbis_ddsm reads who the patient is"),
])
def test_data_sets_that_cannot_be_merged_are_refused(found, changes, message):
    with pytest.raises(ValueError, match=message):
        config(*found, **changes)
