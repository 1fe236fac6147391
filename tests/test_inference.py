"""DICOM files as a model takes them, and tables of what it says."""

import datetime
import pathlib

import cv2
import numpy as np
import pyarrow.parquet as pq
import pytest

from model import breasts
from model import inference
from model.operating_point import OperatingPoint
from pipelines import matching
from pipelines import preprocess
from pipelines import recipe as recipes
from pipelines import tfrecord
from pipelines.geometry import Variant
from tests import archive
from tests import builds
from tests import synthetic

VARIANTS = tuple(map(Variant.parse, ("resize:48x64", "crop:40x32",
                                     "resize:16x16")))
RECIPES = (
    recipes.Recipe(variants=VARIANTS),
    recipes.Recipe(variants=VARIANTS, breast_box="otsu", markers="largest",
                   windowing="window", encoding="png"))
REPLAY = inference.Replay(recipes.Recipe(variants=VARIANTS[:1]))
WORKSPACE = preprocess.Workspace()
DAY = datetime.date(2014, 3, 5)


def stored_images(output, variant):
    """Each record's row, and its image as it is stored."""
    for path in sorted(pathlib.Path(output, variant.folder).glob("*.parquet")):
        with open(path.with_suffix(".tfrecord"), "rb") as file:
            records = list(tfrecord.read_records(file, str(path)))
        for row, (_, payload) in zip(
                pq.read_table(path).to_pylist(), records, strict=True):
            yield row, tfrecord.decode_example(payload)["image"]


@pytest.fixture(scope="module", name="folder")
def _folder(tmp_path_factory):
    return archive.write(tmp_path_factory.mktemp("archive"), 6)


@pytest.mark.parametrize("recipe", RECIPES, ids=["default", "other"])
def test_network_is_given_the_bytes_that_a_build_writes(
        folder, recipe, monkeypatch):
    monkeypatch.chdir(folder)
    output = f"records-{recipe.breast_box}"
    status, told = builds.run(builds.config(output, recipe=recipe))
    assert status == 0, told
    for variant in VARIANTS:
        replay = inference.Replay(recipes.Recipe.from_json(
            {**recipe.to_json(), "variants": [str(variant)]}))
        compared = 0
        for row, image in stored_images(output, variant):
            found = inference.read(
                matching.MatchedFile(row["file"], row["file_bytes"], ""),
                replay, WORKSPACE)
            assert found.pixels.dtype == np.uint16
            assert found.pixels.shape == variant.size.shape
            if recipe.encoding == "png":
                image = cv2.imdecode(np.frombuffer(image, np.uint8),
                                     cv2.IMREAD_UNCHANGED).tobytes()
            assert found.pixels.tobytes() == image
            shared = set(row) & set(found.row) - {"status"}
            assert {"digest", "crop_left", "scale_x", "flipped"} < shared
            assert ({name: found.row[name] for name in shared}
                    == {name: row[name] for name in shared})
            compared += 1
        assert compared == 24


def prepared(data, replay=REPLAY):
    return inference.prepare("a.dcm", data, replay, WORKSPACE)


GOOD = synthetic.mammogram_bytes(synthetic.breast_pixels(160, 192))
BAD = {
    "not_dicom": b"<xml>" * 100,
    "empty_file": b"",
    "truncated": GOOD[:-1000],
    "not_a_mammogram": synthetic.mammogram_bytes(
        Modality="CT", SOPClassUID="1.2.840.10008.5.1.4.1.1.2"),
    "no_breast_found": synthetic.mammogram_bytes(
        np.zeros((192, 160), np.uint16)),
}


@pytest.mark.parametrize("reason", BAD)
def test_bad_file_is_a_row_with_its_reason(reason):
    found = prepared(BAD[reason])
    assert found.pixels is None
    assert (found.row["status"], found.row["reason"]) == ("rejected", reason)
    assert set(found.row) == set(inference.IMAGES.names)


def test_row_says_whose_image_it_is_though_its_pixels_are_damaged():
    assert prepared(BAD["truncated"]).row["patient_id"] == "000001"
    assert prepared(BAD["no_breast_found"]).row["patient_id"] == "000001"
    assert prepared(BAD["not_dicom"]).row["patient_id"] is None


def test_what_cannot_be_read_is_a_row(tmp_path):
    missing = matching.MatchedFile(str(tmp_path / "gone.dcm"), 0, "")
    dangling = matching.MatchedFile("link", 0, "", "dangling_link")
    reasons = [inference.read(file, REPLAY, WORKSPACE).row["reason"]
               for file in (missing, dangling)]
    assert reasons == ["unreadable", "dangling_link"]


def test_raw_detector_image_is_left_out_unless_asked_for():
    data = synthetic.mammogram_bytes(
        synthetic.breast_pixels(160, 192),
        PresentationIntentType="FOR PROCESSING")
    row = prepared(data).row
    assert (row["status"], row["reason"]) == ("excluded", "for_processing")
    kept = inference.Replay(REPLAY.recipe, keep_for_processing=True)
    assert prepared(data, kept).row["status"] == "scored"


def test_picture_shows_the_original_unflipped_and_markers_as_white():
    pixels = synthetic.breast_pixels(160, 192, side="R")
    pixels[4:20, 4:20] = 4095  # A marker in the background.
    data = synthetic.mammogram_bytes(pixels, ImageLaterality="R")
    replay = inference.Replay(REPLAY.recipe, picture_height=96)
    found = prepared(data, replay)
    assert found.placement.flipped
    assert found.picture.shape == (96, 80)
    assert found.picture.dtype == np.uint8
    assert found.picture[5, 5] == 255
    assert found.picture[:, 60:].mean() > 5 * found.picture[:, 20:40].mean()
    assert prepared(data).picture is None


def scored(file, score, patient="1", side="L", view="CC", uid=None,
           digest="d", day=DAY):
    return {**dict.fromkeys(inference.IMAGES.names), "file": file,
            "patient_id": patient, "laterality": side, "study_date": day,
            "view": view, "sop_instance_uid": uid or file, "digest": digest,
            "status": "scored", "score": score}


def test_copies_of_a_file_count_once():
    rows = [scored("a", 0.5, uid="1"), scored("b", 0.5, uid="1"),
            scored("c", 0.9, uid="2")]
    inference.refuse_duplicates(rows)
    assert [row["reason"] for row in rows] == [
        None, "duplicate_identical", None]
    assert [row["score"] for row in rows] == [0.5, None, 0.9]
    assert rows[1]["detail"] == "as a"


@pytest.mark.parametrize("difference", [{"digest": "e"}, {"patient": "2"}])
def test_of_different_images_with_one_uid_none_counts(difference):
    rows = [scored("a", 0.5, uid="1"),
            scored("b", 0.5, uid="1", **difference),
            scored("c", 0.5, uid="1")]
    inference.refuse_duplicates(rows)
    assert {row["reason"] for row in rows} == {"duplicate_different"}
    assert {row["score"] for row in rows} == {None}
    assert [row["detail"] for row in rows] == ["as b", "as a", "as a"]


LEARNED = breasts.LearnedCombination((0.5, 1.0, 0.5), -0.1)
POINT = OperatingPoint(
    "cancer", 0.9, {"image": 0.5, "min": 0.2, "max": 0.7, "mean": 0.4,
                    "learned": 0.3}, LEARNED)


def test_image_is_detected_from_the_threshold_on():
    refused = {**scored("d", None), "status": "rejected"}
    table = inference.image_table(
        [scored("a", 0.5), scored("b", np.nextafter(0.5, 0)), refused], POINT)
    assert table.schema == inference.IMAGES
    assert table["decision"].to_pylist() == [1, 0, None]


def test_views_of_a_breast_combine():
    rows = [scored("a", 0.125, view="CC"), scored("b", 0.75, view="MLO"),
            scored("c", 0.6, side="R", view=None),
            scored("d", 0.8, day=datetime.date(2016, 3, 5))]
    table = inference.breast_table(rows, "cancer", POINT)
    assert table["views"].to_pylist() == ["CC MLO", "?", "CC"]
    assert table["images"].to_pylist() == [2, 1, 1]
    assert table["min_score"].to_pylist() == [0.125, 0.6, 0.8]
    assert table["max_score"].to_pylist() == [0.75, 0.6, 0.8]
    assert table["mean_score"].to_pylist() == [0.4375, 0.6, 0.8]
    assert table["min_decision"].to_pylist() == [0, 1, 1]
    assert table["max_decision"].to_pylist() == [1, 0, 1]
    assert table["mean_decision"].to_pylist() == [1, 1, 1]
    assert table["learned_score"][0].as_py() == LEARNED(
        np.array([0.125, 0.75]))


def test_images_of_unknown_patients_are_no_breast():
    rows = [scored("a", 0.1, patient=None), scored("b", 0.2, side=None),
            scored("c", 0.3, day=None)]
    assert inference.breast_table(rows, "cancer", POINT).num_rows == 0


def test_without_thresholds_there_are_scores_and_no_decisions():
    rows = [scored("a", 0.1), scored("b", 0.7)]
    assert inference.image_table(rows, None)["decision"].null_count == 2
    table = inference.breast_table(rows, "cancer", None)
    assert table["max_score"].to_pylist() == [0.7]
    assert table["max_decision"].to_pylist() == [None]
    assert "learned_score" not in table.column_names


@pytest.mark.parametrize("point", [
    None, OperatingPoint("view", 0.9, {"image": 0.5})])
def test_a_view_is_no_matter_of_breasts(point):
    table = inference.breast_table([scored("a", 0.1)], "view", point)
    assert table.num_rows == 0
