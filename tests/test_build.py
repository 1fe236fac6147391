"""The whole build on real DICOM bytes: what is written, and written again."""

import contextlib
import dataclasses
import json
import os
import pathlib
import shutil

import pyarrow.dataset as ds
import pytest

from pipelines import config as configs
from pipelines import convert
from pipelines import geometry
from pipelines import matching
from pipelines import preprocess
from pipelines import privacy
from pipelines import recipe
from pipelines import resume
from pipelines import sources
from tests import archive
from tests import builds
from tests import remote
from tests import synthetic

PATIENTS = 20
RESIZE = geometry.Variant.parse("resize:416x512")
CROP = geometry.Variant.parse("crop:224x224")


@pytest.fixture(scope="module")
def built(tmp_path_factory) -> pathlib.Path:
    """An archive and its data set; nobody changes it."""
    folder = archive.write(tmp_path_factory.mktemp("built"), PATIENTS)
    with contextlib.chdir(folder):
        status, text = builds.run(builds.config())
    assert status == 0, text
    return folder


@pytest.fixture
def copy(built, tmp_path, monkeypatch) -> pathlib.Path:
    """The same, to be changed, as the current folder."""
    folder = tmp_path / "copy"
    shutil.copytree(built, folder)
    monkeypatch.chdir(folder)
    return folder


def images(folder: pathlib.Path, output: str = "records") -> list[dict]:
    return ds.dataset(folder / output / "metadata").to_table().to_pylist()


def relative(settings: configs.BuildConfig) -> dict[str, str]:
    return builds.contents(settings.output)


def test_every_image_is_written_with_its_label(built):
    rows = images(built)
    assert len(rows) == PATIENTS * 4
    assert {row["status"] for row in rows} == {"written"}
    for row in rows:
        patient, side = int(row["patient_id"]), row["laterality"]
        assert row["cancer"] == archive.has_cancer(patient, side)
        assert row["birads"] == (5 if row["cancer"] else 2)
        assert row["outcome"] == ("TP" if row["cancer"] else "TN")
        assert row["label_rule"] == "own_year"
        assert row["pixel_laterality"] == side


def test_a_patient_is_in_one_split_and_all_splits_are_used(built):
    splits: dict[str, set] = {}
    for row in images(built):
        splits.setdefault(row["patient_id"], set()).add(row["split"])
    assert all(len(found) == 1 for found in splits.values())
    assert set.union(*splits.values()) == {"train", "validation", "test"}


def test_the_dataset_file_counts_what_is_there(built):
    dataset = json.loads((built / "records/dataset.json").read_text())
    rows = images(built)
    assert dataset["counts"]["images"] == {"written": len(rows)}
    for split, counts in dataset["counts"]["splits"].items():
        cancers = [row["cancer"] for row in rows if row["split"] == split]
        assert counts == {"images": len(cancers), "cancer": sum(cancers),
                          "not_cancer": len(cancers) - sum(cancers),
                          "unknown": 0}
    assert set(dataset["variants"]) == {str(RESIZE), str(CROP)}
    assert dataset["variants"][str(CROP)]["records"] == len(rows)


@pytest.mark.parametrize("words", [
    ("--direct_num_workers=1",),
    ("--direct_num_workers=3",),
    ("--direct_num_workers=2", "--direct_running_mode=multi_processing"),
])
def test_the_bytes_do_not_depend_on_the_workers(copy, words):
    settings = builds.config("again")
    assert builds.run(settings, *words)[0] == 0
    assert relative(settings) == builds.contents(copy / "records")


def test_an_output_of_any_name_is_taken_literally(copy):
    settings = builds.config("year=2020/we[i]rd *")
    assert builds.run(settings)[0] == 0
    assert builds.run(settings)[0] == 0
    assert relative(settings) == builds.contents(copy / "records")


def test_built_again_nothing_is_read_or_changed(copy):
    before = builds.contents(copy / "records")
    shutil.move(copy / "dicoms", copy / "away")
    shutil.copytree(copy / "away", copy / "dicoms",
                    copy_function=lambda source, target: (
                        pathlib.Path(target).write_bytes(
                            b"X" * os.path.getsize(source)),
                        shutil.copystat(source, target)))
    status, text = builds.run(builds.config())
    assert status == 0
    assert "80 known from before" in text
    assert "80 images are complete from before" in text
    assert builds.contents(copy / "records") == before


def test_a_new_image_gives_what_a_fresh_build_gives(copy):
    extra = archive.mammogram(1, "L", "CC", SOPInstanceUID="1.2.3.99",
                              SeriesNumber="2")
    (copy / "dicoms/extra.dcm").write_bytes(extra)
    (copy / "dicoms/000002-L-CC.dcm").unlink()
    assert builds.run(builds.config())[0] == 0
    fresh = builds.config("fresh")
    assert builds.run(fresh)[0] == 0
    assert builds.contents(copy / "records") == relative(fresh)


def test_another_label_gives_what_a_fresh_build_gives(copy):
    rows = [archive.register_row(patient, side)
            for patient in range(1, PATIENTS + 1) for side in "LR"]
    rows[0] = (*rows[0][:3], 5, 5, 1, "TP")
    archive.write_register(copy / "labels.csv", rows)
    assert builds.run(builds.config())[0] == 0
    fresh = builds.config("fresh")
    builds.run(fresh)
    assert builds.contents(copy / "records") == relative(fresh)
    changed = [row["cancer"] for row in images(copy)
               if (row["patient_id"], row["laterality"]) == ("000001", "L")]
    assert changed == [1, 1]


def test_a_missing_variant_is_added_to_what_is_written(copy):
    settings = builds.config("grown",
                             recipe=recipe.Recipe(variants=(CROP,)))
    builds.run(settings)
    _, text = builds.run(dataclasses.replace(
        settings, recipe=recipe.Recipe(variants=(RESIZE,))))
    assert "convert  80 of 80 images  100 %" in text
    assert relative(settings) == builds.contents(copy / "records")


def test_a_variant_that_cannot_be_added_is_an_error(copy):
    settings = builds.config("grown",
                             recipe=recipe.Recipe(variants=(CROP,)))
    builds.run(settings)
    path = copy / "dicoms/000001-L-CC.dcm"
    data = path.read_bytes()
    status = path.stat()
    path.write_bytes(b"X" * len(data))
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    with pytest.raises(convert.BuildFailed, match="adding resize:416x512"):
        builds.run(builds.config("grown"))
    assert not list((copy / "grown").rglob("*.tmp-*"))


def test_another_recipe_is_refused_and_replaced_only_by_overwrite(copy):
    other = builds.config(recipe=recipe.Recipe(markers="largest"))
    before = builds.contents(copy / "records")
    with pytest.raises(ValueError, match="markers is 'brightest' there and "
                                         "'largest' here"):
        builds.run(other)
    assert builds.contents(copy / "records") == before
    assert builds.run(dataclasses.replace(other, overwrite=True))[0] == 0
    fresh = dataclasses.replace(other, output=str(copy / "fresh"))
    builds.run(fresh)
    assert builds.contents(copy / "records") == relative(fresh)


def test_a_shard_that_a_lost_worker_finished_is_not_written_again(copy):
    settings = builds.config()
    first = next((copy / "records/converted").iterdir())
    before = relative(settings)
    first.unlink()
    existing = resume.Existing.of(settings)
    task, = existing.tasks(settings, existing.check(settings),
                           sources.listing(settings.sources))
    rows: list[dict] = []
    space = preprocess.Workspace()
    counts = convert.convert_shard(task, space, rows.append)
    assert counts == {"written": len(rows)} and rows
    assert relative(settings) == before
    rows.clear()
    assert convert.convert_shard(task, space, rows.append) == counts
    assert rows == []
    # What is damaged, or of another plan, is written all the same.
    (copy / "records" / task.shard.records(CROP)).unlink()
    convert.convert_shard(task, space, rows.append)
    assert len(rows) == counts["written"]
    assert relative(settings) == before
    rows.clear()
    other = dataclasses.replace(task, plan_digest="another")
    convert.convert_shard(other, space, rows.append)
    assert len(rows) == counts["written"]


def test_leftovers_go_and_a_users_own_files_stay(copy, built):
    records = copy / "records"
    for name in ("resize-416x512/train-00000-of-00099.tfrecord",
                 "converted/x.parquet.tmp-1", "metadata/part-00009.parquet",
                 "crop-96x96/train-00000-of-00001.parquet"):
        (records / name).parent.mkdir(exist_ok=True)
        (records / name).write_bytes(b"")
    (records / "notes.txt").write_text("mine")
    (records / "crop-224x224/notes.txt").write_text("mine")
    before = set(builds.contents(built / "records"))
    builds.run(builds.config())
    assert set(builds.contents(records)) == before | {
        "notes.txt", "crop-224x224/notes.txt"}
    assert (records / "notes.txt").read_text() == "mine"
    assert (records / "crop-224x224/notes.txt").read_text() == "mine"


def test_plan_only_reads_no_pixel_and_writes_only_the_plan(copy):
    for path in (copy / "dicoms").glob("*.dcm"):
        data = path.read_bytes()
        path.write_bytes(data[:-2 * 160 * 192])
    settings = builds.config("planned", plan_only=True)
    status, text = builds.run(settings)
    assert status == 0
    assert relative(settings) == {}
    plan = ds.dataset(settings.plan_path)
    rows = plan.to_table().to_pylist()
    assert {row["status"] for row in rows} == {"planned"}
    assert len(rows) == PATIENTS * 4
    assert "train" in text and "Nothing was converted" in text


def test_a_table_that_matches_no_image_reads_no_pixel(copy):
    archive.write_register(copy / "labels.csv", [
        archive.register_row(patient, "L") for patient in (901, 902)])
    settings = builds.config("unmatched")
    status, text = builds.run(settings)
    assert status == 1
    assert "000001 L 2014-03-05" in text and "000901 L 2014" in text
    rows = images(copy, "unmatched")
    assert {(row["status"], row["reason"]) for row in rows} == {
        ("unlabelled", "no_diagnosis")}
    assert len(rows) == PATIENTS * 4


@pytest.mark.parametrize("max_rejects, expected", [(0.01, 1), (0.5, 0)])
def test_too_many_rejects_end_with_status_1_after_finishing(
        copy, max_rejects, expected):
    for side in "LR":
        path = copy / f"dicoms/000001-{side}-CC.dcm"
        path.write_bytes(path.read_bytes()[:-100])
    (copy / "dicoms/notes.txt").write_text("does not count")
    status, text = builds.run(builds.config(max_rejects=max_rejects))
    assert status == expected
    assert ("2 of 80 files (2.5%) were rejected" in text) == bool(expected)
    statuses = [row["status"] for row in images(copy)]
    assert statuses.count("written") == 78


def test_hashed_ids_leave_no_raw_id_on_disk(copy):
    settings = builds.config(
        "hashed", pseudonyms=privacy.Pseudonyms(b"k" * 32))
    (copy / "dicoms/000003.txt").write_text("no header says whose it is")
    assert builds.run(settings)[0] == 0
    (copy / "dicoms/000004-L-CC.dcm").unlink()
    assert builds.run(settings)[0] == 0
    rows = images(copy, "hashed")
    assert len(rows) == PATIENTS * 4
    masks = {privacy.Pseudonyms(b"k" * 32).patient(f"{patient:06d}")
             for patient in range(1, PATIENTS + 1)}
    assert {row["patient_id"] for row in rows} == masks | {None}
    raw = [f"{patient:06d}" for patient in range(1, PATIENTS + 1)]
    for row in rows:
        assert not any(name in str(row["file"]) for name in raw)
    for path in pathlib.Path(settings.output).rglob("*"):
        if path.suffix == ".tfrecord":
            assert not any(name.encode() in path.read_bytes()
                           for name in raw)


def test_bytes_are_those_of_an_undisturbed_build_after_a_failure(
        copy, monkeypatch):
    settings = builds.config("disturbed")
    calls = []

    def fail_late(*arguments):
        calls.append(arguments)
        if len(calls) > 20:
            raise OSError(28, "No space left on device")
        return encode(*arguments)

    encode = convert.tfrecord.frame
    with monkeypatch.context() as patch:
        patch.setattr(convert.tfrecord, "frame", fail_late)
        with pytest.raises(convert.BuildFailed, match="No space left"):
            builds.run(settings)
    assert not list((copy / "disturbed").rglob("*.tmp-*"))
    assert not (copy / "disturbed/dataset.json").exists()
    assert builds.run(settings)[0] == 0
    assert relative(settings) == builds.contents(copy / "records")


def test_an_error_of_ours_rejects_one_image_and_tells_where(
        copy, monkeypatch):
    broken = (copy / "dicoms/000007-L-CC.dcm").read_bytes()
    decode = convert.pixels.decode

    def fail_once(data, *rest):
        if bytes(data) == broken:
            raise KeyError("PatientName^Secret")
        return decode(data, *rest)

    monkeypatch.setattr(convert.pixels, "decode", fail_once)
    settings = builds.config("internal")
    assert builds.run(settings)[0] == 0
    rejected, = [row for row in images(copy, "internal")
                 if row["status"] != "written"]
    assert rejected["reason"] == "internal_error"
    assert rejected["detail"].startswith("KeyError in test_build.py:")


def test_copies_count_once_and_contradicting_ones_not_at_all(copy):
    original = (copy / "dicoms/000001-L-CC.dcm").read_bytes()
    (copy / "dicoms/copy.dcm").write_bytes(original)
    (copy / "dicoms/copy.dcm.gz").write_bytes(synthetic.gzipped(original))
    (copy / "dicoms/other.dcm").write_bytes(archive.mammogram(
        2, "L", "CC", SeriesNumber="9"))
    builds.run(builds.config())
    reasons = {os.path.basename(row["file"]): row["reason"]
               for row in images(copy) if row["status"] == "rejected"}
    assert reasons == {
        "copy.dcm": "duplicate_identical",
        "copy.dcm.gz": "duplicate_identical",
        "other.dcm": "duplicate_different",
        "000002-L-CC.dcm": "duplicate_different"}


def test_input_may_lie_on_any_file_system_of_beams(copy):
    remote.OBJECTS.update({
        f"memory://bucket/{path.relative_to(copy)}": path.read_bytes()
        for path in (*(copy / "dicoms").iterdir(), copy / "labels.csv")})
    settings = builds.config(
        "remote", dicoms=("memory://bucket/dicoms",),
        labels=configs.LabelSource("memory://bucket/labels.csv"))
    assert builds.run(settings)[0] == 0
    local, found = images(copy), images(copy, "remote")
    assert [row["file"] for row in found] == [
        f"memory://bucket/{row['file']}" for row in local]
    for row in (*local, *found):
        del row["file"], row["file_version"]
    assert found == local
    # The scan asks for a prefix of each object, never for all read-ahead.
    assert max(size for _, size in remote.READS) <= 8 << 20


def test_a_glob_on_a_remote_file_system_names_objects(copy):
    remote.OBJECTS["memory://other/a/1.dcm"] = b"x"
    remote.OBJECTS["memory://other/b/2.txt"] = b"y"
    table = matching.listing(["memory://other/**.dcm"])
    assert table.to_pylist() == [{
        "file": "memory://other/a/1.dcm", "file_bytes": 1,
        "file_version": "1.5", "problem": None}]
