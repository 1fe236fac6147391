"""Contact sheets of records, and the stages of a file's recipe."""

import gzip
import json
import os
import subprocess
import sys

import cv2
import numpy as np
import pytest

from pipelines import pixels
from pipelines.recipe import Recipe
from tests import built
from tests import phantoms
from tests import synthetic
from tools import contact_sheet
from tools import datasets
from tools import panels
from tools import stage_pictures

SCRIPT = os.path.join(os.path.dirname(os.path.dirname(__file__)),
                      "tools", "show_records.py")


@pytest.fixture(scope="module", name="root")
def _root(tmp_path_factory):
    root = tmp_path_factory.mktemp("data") / "records"
    built.write(str(root))
    return str(root)


@pytest.fixture(scope="module", name="film")
def _film(tmp_path_factory):
    """A right breast in MONOCHROME1 with a marker."""
    path = tmp_path_factory.mktemp("film") / "film.dcm"
    path.write_bytes(synthetic.mammogram_bytes(
        4095 - phantoms.breast(320, 252, side="R", marker=True),
        PhotometricInterpretation="MONOCHROME1", ImageLaterality="R"))
    return path


def show(*arguments):
    return subprocess.run([sys.executable, SCRIPT, *map(str, arguments)],
                          capture_output=True, text=True, check=False)


def select(root, where="", limit=99, variant=None):
    dataset = datasets.open_dataset(root)
    rows, total = contact_sheet.select(
        dataset, contact_sheet.variant_of(dataset, variant), where, limit)
    return dataset, rows, total


def test_sheet_by_script(root, tmp_path):
    output = tmp_path / "new" / "sheet.png"
    result = show(f"--records={root}", "--where=split = 'train'", "--limit=4",
                  f"--output={output}")
    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout == f"{output}: 4 of 6 records of resize:12x16\n"
    assert cv2.imread(str(output)).ndim == 3
    assert os.listdir(output.parent) == ["sheet.png"]


@pytest.mark.parametrize("arguments, message", [
    (["--where=canser = 1"], '"canser" not found'),
    (["--where=view = "], "Parser Error"),
    (["--where=1) ; DROP VIEW records; SELECT (1"], "takes one predicate"),
    (["--where=view = 'XX'"], "selects none of the 10 records"),
    (["--variant=crop:1x1"], "it holds"),
    (["--variant=crop"], "not METHOD:WIDTHxHEIGHT")])
def test_sheet_errors_are_one_line(root, tmp_path, arguments, message):
    output = tmp_path / "sheet.png"
    result = show(f"--records={root}", f"--output={output}", *arguments)
    assert result.returncode == 1
    assert result.stderr.count("\n") == 1 and message in result.stderr
    assert not output.exists()


def test_no_data_set(tmp_path):
    result = show(f"--records={tmp_path}")
    assert result.returncode == 1
    assert f"no data set in {tmp_path}; build one" in result.stderr


@pytest.mark.parametrize("arguments", [
    ["x.dcm", "--where=view = 'CC'"], ["--markers=largest"],
    ["--variants=crop:9x9"], ["x.dcm", "--markers=none"]])
def test_flags_that_do_not_go_together(arguments):
    result = show(*arguments)
    assert result.returncode == 1 and "Traceback" not in result.stderr


def test_selection_is_exact_and_in_one_order(root):
    _, rows, total = select(root)
    assert len(rows) == total == 10
    assert select(root)[1] == rows
    assert select(root, limit=3)[1:] == (rows[:3], 10)
    cancers = [row for row in rows if row["cancer"] == 1]
    assert select(root, "cancer = 1 -- the cancers")[1] == cancers
    _, crops, _ = select(root, variant="crop:9x9")
    assert {row["variant"] for row in crops} == {"crop:9x9"}


def test_tiles_hold_the_records_pictures_and_labels(root, monkeypatch):
    dataset, rows, _ = select(root)
    shown = []
    monkeypatch.setattr(panels, "sheet", lambda rows: shown.extend(
        panel for row in rows for panel in row))
    contact_sheet.sheet(dataset, rows)
    assert len(shown) == len(rows)
    for panel, row in zip(shown, rows):
        image = datasets.read_image(dataset, row).astype(float)
        expected = np.rint(image * 255 / image.max())
        assert np.abs(panel.picture[..., 0] - expected).max() <= 1
        first, second = panel.lines
        assert row["split"] in first and (row["view"] or "?") in first
        assert ("cancer" in second) and ("no cancer" in second) == (
            row["cancer"] == 0)
        assert (panel.ink == panels.RED) == (row["cancer"] == 1)


def test_damaged_record_names_its_shard(tmp_path):
    root = str(tmp_path / "records")
    built.write(root)
    dataset, rows, _ = select(root)
    name = dataset.shard(dataset.variants[0], rows[0]["split"],
                         rows[0]["shard"])
    variant = contact_sheet.variant_of(dataset, None)
    path = dataset.path(name.records(variant))
    with open(path, "r+b") as file:
        file.seek(rows[0]["byte_offset"] + 40)
        file.write(b"damage")
    result = show(f"--records={root}", f"--output={tmp_path / 'x.png'}")
    assert result.returncode == 1 and "Traceback" not in result.stderr
    assert name.records(variant) in result.stderr


def _captions(data, recipe):
    image = pixels.decode(data, 1 << 24)
    row, rejected = stage_pictures.stage_panels(image, recipe, "film.dcm")
    return ["; ".join(panel.lines) for panel in row], row, rejected


def test_stages_tell_what_was_done(film):
    captions, row, rejected = _captions(film.read_bytes(), Recipe())
    assert rejected is None
    for caption, words in zip(captions, [
            "film.dcm; stored: 252 x 320, 12 bits; MONOCHROME1, header: R",
            "MONOCHROME1: inverted", "breast_box=component",
            "markers=brightest", "flipped; yes",
            "resize:416x512; 1 pixel = 8.00 x 8.00 original",
            "crop:224x224; 1 pixel = "], strict=True):
        assert words in caption
    stored, polarity = row[0].picture, row[1].picture
    assert stored[0, 100].min() > 200 > 60 > polarity[0, 100].max()
    assert row[2].picture.shape == (320, 252, 3)
    assert (row[3].picture == panels.RED).all(axis=2).sum() == 12 * 36
    assert row[4].picture[140, 5].min() > 60  # on the left
    assert row[5].picture.shape == (512, 416, 3)


def test_contradicting_lut_shape_is_told():
    data = synthetic.mammogram_bytes(
        phantoms.breast(320, 252), PresentationLUTShape="INVERSE")
    captions, _, _ = _captions(data, Recipe())
    assert "LUT shape INVERSE ignored" in captions[1]


def test_files_by_script_take_the_data_sets_recipe(film, tmp_path):
    zipped = tmp_path / "film.dcm.gz"
    zipped.write_bytes(gzip.compress(film.read_bytes()))
    output = tmp_path / "stages.png"
    records = tmp_path / "records"
    records.mkdir()
    sheets = []
    for recipe in (None, Recipe(markers="largest")):
        if recipe:
            (records / "dataset.json").write_text(
                json.dumps({"recipe": recipe.to_json()}))
        result = show(film, zipped, f"--records={records}",
                      f"--output={output}")
        assert (result.returncode, result.stderr) == (0, "")
        assert result.stdout == f"{output}: the stages of 2 files\n"
        sheets.append(cv2.imread(str(output)))
    result = show(film, zipped, f"--records={records}", f"--output={output}",
                  "--markers=brightest")
    assert (cv2.imread(str(output)) == sheets[0]).all()
    assert sheets[0].shape != sheets[1].shape or (
        sheets[0] != sheets[1]).any()


def test_file_without_a_breast_is_drawn_as_far_as_it_goes(tmp_path):
    blank, text = tmp_path / "blank.dcm", tmp_path / "text.txt"
    blank.write_bytes(synthetic.mammogram_bytes(
        np.zeros((64, 48), np.uint16)))
    text.write_text("no DICOM")
    output = tmp_path / "stages.png"
    result = show(blank, text, tmp_path / "missing.dcm",
                  f"--records={tmp_path}", f"--output={output}")
    assert result.returncode == 1
    assert "blank.dcm: no_breast_found" in result.stderr
    assert "text.txt: not_dicom" in result.stderr
    assert "missing.dcm: No such file" in result.stderr
    assert result.stderr.count("\n") == 3
    assert "the stages of 1 file\n" in result.stdout and output.exists()


def test_damaged_description_is_told(film, tmp_path):
    (tmp_path / "dataset.json").write_text('{"format": "mammoflow"}')
    result = show(film, f"--records={tmp_path}")
    assert result.returncode == 1
    assert "dataset.json holds no recipe" in result.stderr


def test_sheet_widens_for_captions_and_survives_other_scripts():
    panel = panels.Panel(np.zeros((5, 5, 3), np.uint8),
                         ["a caption much wider than five pixels", "Ä"])
    sheet = panels.sheet([[panel, panel], [panel]])
    assert sheet.shape[1] > 400


def test_coloured_shows_single_pixels():
    mask = np.zeros((1000, 800), bool)
    mask[501, 401] = True
    picture = panels.coloured(np.zeros((100, 80, 3), np.uint8), mask,
                              panels.RED)
    assert np.argwhere(picture.any(axis=2)).tolist() == [[50, 40]]
