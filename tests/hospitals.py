"""Two small cohorts of different contrast, and their records."""

import pathlib

from pipelines import recipe as recipes
from pipelines.geometry import Variant
from tests import builds
from tools.cohort import cohort, images, tables, variation

VARIANT = Variant.parse("resize:52x64")
FIRST = {"standard": 0, "contrasty": 0, "flat": 500}


def settings(contrast: str) -> images.Settings:
    """Of a cohort at an eighth of full size."""
    return images.Settings(scale=1 / 8, gzip="none", contrast=contrast,
                           first=FIRST[contrast])


def write(folder: pathlib.Path, contrast: str, patients: int) -> None:
    """Writes `dicoms/` and `labels.csv`."""
    planned = cohort.plan(settings(contrast), patients)
    for task in planned.tasks:
        for path, file in cohort.make(task):
            cohort.write(str(folder / "dicoms"), path, file)
    cohort.write(str(folder), "labels.csv",
                 variation.File("", tables.csv_bytes(planned.rows)))


def build(folder: str, variant: Variant = VARIANT, **recipe) -> str:
    """Builds the records of a cohort, given by a relative path."""
    status, told = builds.run(builds.config(
        f"{folder}/records", dicoms=(f"{folder}/dicoms",),
        labels=builds.configs.LabelSource(f"{folder}/labels.csv"),
        recipe=recipes.Recipe(variants=(variant,), **recipe)))
    assert status == 0, told
    return f"{folder}/records"
