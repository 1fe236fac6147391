"""A built data set to look at, with a run that has predicted its images."""

import dataclasses
import os
import pathlib
from typing import Any

import duckdb
import numpy as np
import pyarrow.parquet as pq
from werkzeug.test import Client

from model import evaluation
from model import index as indices
from model import operating_point
from model import runs
from pipelines import recipe as recipes
from pipelines.geometry import Variant
from tests import archive
from tests import builds
from tests import runs_made
from tools import datasets
from tools.browsing import catalogue
from tools.browsing import originals
from tools.browsing import predictions
from tools.browsing import web

VARIANTS = (runs_made.VARIANT, Variant.parse("crop:24x32"))
PATIENTS = 20  # Of four images: two pages.
PORT = 8765
# What a header holds of a person.
NAME, BIRTH_DATE = "Unmistakable^Hanna", "19511231"
NAMED = "1.2.3.1.0.0"
RECORDS, RUN_DIR = "records", "run"


def write(folder: pathlib.Path) -> None:
    """Builds records/ and run/ in the current folder, which is the folder.

    Beside the images there are a file that is no DICOM file, one that is cut
    off and one that is there twice.
    """
    archive.write(folder, PATIENTS)
    dicoms = folder / "dicoms"
    (dicoms / "000001-L-CC.dcm").write_bytes(archive.mammogram(
        1, "L", "CC", PatientName=NAME, PatientBirthDate=BIRTH_DATE))
    (dicoms / "notes.txt").write_text("no image")
    whole = (dicoms / "000002-L-CC.dcm").read_bytes()
    (dicoms / "000002-L-CC.dcm").write_bytes(whole[:-5000])
    (dicoms / "copy.dcm").write_bytes(
        (dicoms / "000003-L-CC.dcm").read_bytes())
    status, told = builds.run(builds.config(
        RECORDS, rules=runs_made.RULES,
        recipe=recipes.Recipe(variants=VARIANTS)))
    assert status == 0, told
    write_run(folder / RUN_DIR)


def write_run(folder: pathlib.Path) -> None:
    """A run whose scores are made up, right more often than not."""
    runs_made.write(folder, runs_made.document())
    scored = {}
    for number, split in enumerate(("validation", "test")):
        index = indices.load(RECORDS, VARIANTS[0], split)
        noise = np.random.default_rng(number).normal(size=len(index))
        scored[split] = evaluation.Scored.of(
            index.rows, index.label,
            1 / (1 + np.exp(-noise - 2 * index.label)))
    point = operating_point.choose(
        "cancer", scored["validation"].labels, scored["validation"].scores,
        scored["validation"].breasts)
    paths = runs.RunDir(str(folder))
    runs.write_json(paths.operating_point, point.to_json())
    for split, one in scored.items():
        pq.write_table(evaluation.predictions(one, point),
                       paths.predictions(split))


@dataclasses.dataclass(frozen=True)
class Browsed:
    """A data set that is looked at, without a network."""

    catalogue: catalogue.Catalogue
    client: Client

    def get(self, path: str, status: int = 200, **parameters: Any) -> Any:
        """The answer's JSON, or its bytes; asserts its status."""
        response = self.client.get(
            path, query_string=parameters, base_url=f"http://127.0.0.1:{PORT}")
        assert response.status_code == status, response.text
        return response.json if response.is_json else response.data


def recipe(records: str = RECORDS) -> recipes.Recipe:
    """The data set's, or the default one of a plan."""
    description = datasets.open_dataset(records).description
    return (recipes.Recipe.from_json(description["recipe"]) if description
            else recipes.Recipe())


def opened(records: str = RECORDS, run_dir: str | None = None) -> Browsed:
    """Opens a data set as `browse.py` does."""
    dataset = datasets.open_dataset(records)
    predicted = predictions.find(run_dir, records) if run_dir else None
    loaded = catalogue.load(dataset, predicted)
    return Browsed(loaded, Client(web.Application(
        lambda: loaded, originals.Originals(recipe(records)), PORT)))


def asked(sql: str) -> list[tuple]:
    """What DuckDB says of the metadata's own files, as table `images`."""
    connection = duckdb.connect()
    files = os.path.join(RECORDS, "metadata", "*.parquet")
    connection.execute(f"CREATE VIEW images AS FROM '{files}'")
    return connection.execute(sql).fetchall()
