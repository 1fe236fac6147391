"""The eight real films and their real label tables, by the whole build."""

import pathlib

import pyarrow.dataset as ds
import pytest

from pipelines import config as configs
from pipelines import recipe
from tests import builds
from tests import films
from tests import synthetic

# Every lossless syntax, one a film in turn; films are 16 bit, RLE as they are.
OTHERS = [name for name in synthetic.LOSSLESS if name != "rle"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> pathlib.Path:
    """The films as they are, gzipped, and in another syntax each."""
    made = tmp_path_factory.mktemp("films") / "dicoms"
    made.mkdir()
    for number, path in enumerate(films.paths()):
        (made / path.name).write_bytes(path.read_bytes())
        (made / f"{path.stem}.dcm.gz").write_bytes(
            synthetic.gzipped(films.transcoded(path, "rle")))
        syntax = OTHERS[number % len(OTHERS)]
        (made / f"{path.stem}-{syntax}.dcm").write_bytes(
            films.transcoded(path, syntax))
    return made.parent


def settings(folder: pathlib.Path, output: str,
             **changes) -> configs.BuildConfig:
    return builds.config(
        str(folder / output), dicoms=(str(folder / "dicoms"),),
        labels=configs.LabelSource(films.tables(), "cbis_ddsm"), **changes)


@pytest.mark.parametrize("markers", ["brightest", "largest"])
def test_two_patients_and_one_cancer_of_the_left_breast(folder, markers):
    config = settings(folder, markers, recipe=recipe.Recipe(markers=markers))
    assert builds.run(config)[0] == 0
    rows = ds.dataset(folder / markers / "metadata").to_table().to_pylist()
    assert {row["status"] for row in rows} == {"written"}
    assert {(row["patient_id"], row["laterality"], row["cancer"])
            for row in rows} == {
        ("P_00173", "L", 0), ("P_00173", "R", 0),
        ("P_00820", "L", 1), ("P_00820", "R", 0)}
    for row in rows:
        assert row["view"] in ("CC", "MLO")
        assert row["view_source"] == "patient_orientation"
        assert row["pixel_laterality"] == row["laterality"]
        assert row["split"] == "test"  # the official one


def test_one_film_is_one_image_in_every_syntax(folder):
    config = settings(folder, "records")
    builds.run(config)
    for variant in config.recipe.variants:
        digests: dict[str, set] = {}
        table = ds.dataset(folder / "records" / variant.folder,
                           exclude_invalid_files=True).to_table()
        for row in table.to_pylist():
            film = pathlib.Path(row["file"]).name[:5]
            digests.setdefault(film, set()).add(row["digest"])
        assert len(digests) == 8
        assert {len(found) for found in digests.values()} == {1}
        assert len(set.union(*digests.values())) == 8


def test_the_films_are_planned_without_their_pixels(folder):
    config = settings(folder, "planned", plan_only=True)
    assert builds.run(config)[0] == 0
    rows = ds.dataset(config.plan_path).to_table().to_pylist()
    assert [row["status"] for row in rows] == ["planned"] * 24
