"""The page of a data set: true numbers, and nobody's name."""

import datetime
import json
import os
import pathlib
import subprocess
import sys

import duckdb
import numpy as np
import pyarrow.parquet as pq
import pytest

from pipelines import schema
from tests import built
from tests import html_pages
from tools import datasets
from tools.reporting import counts
from tools.reporting import page as pages
from tools.reporting import samples
from tools.reporting import wording

ROOT = pathlib.Path(__file__).parents[1]
HOSTILE = "<script>alert(1)</script> $\\frac{"
IMAGES = "FROM 'records/metadata/*.parquet'"


def tell(root="records", identifiers=False, images=20):
    """The page of a data set, as its maker and as a browser sees it."""
    dataset = datasets.open_dataset(root)
    text = pages.page(dataset, counts.count(dataset),
                      samples.look(dataset, images), identifiers)
    return text, html_pages.read(text)


def write_metadata(rows, root="records"):
    """A data set of these rows, of which nothing was written."""
    built.write_rows(f"{root}/metadata/part-00000.parquet", rows,
                     schema.arrow_schema("images"))
    with open(f"{root}/dataset.json", "w", encoding="utf-8") as file:
        json.dump({"format": "mammoflow",
                   "schema_version": schema.SCHEMA_VERSION,
                   "recipe": built.RECIPE, "build": {}, "counts": {},
                   "variants": {}, "audit": {}}, file)


@pytest.fixture(name="folder", autouse=True)
def _folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture(name="records")
def _records():
    built.write("records")
    # Of the hand-written images some have another maker and another size.
    for path in pathlib.Path("records").glob("*/*.parquet"):
        table = duckdb.sql(f"""
            SELECT * REPLACE (
              CASE WHEN file LIKE '%5.dcm' THEN 'Other' ELSE manufacturer END
                AS manufacturer,
              CASE WHEN file LIKE '%3.dcm' THEN 200 ELSE "rows" END AS "rows",
              CASE WHEN file LIKE '%4.dcm' THEN 14 ELSE bits_stored END
                AS bits_stored,
              CASE WHEN file LIKE '%6.dcm' THEN DATE '2016-02-03'
                ELSE study_date END AS study_date)
            FROM '{path}'""").to_arrow_table() if path.parent.name != (
                "converted") else None
        if table is not None:
            pq.write_table(table, path)


def sql(query):
    return duckdb.sql(query).fetchall()


def numbers(rows):
    """A table's rows without header, numbers as numbers."""
    return [tuple(int(cell.replace(",", "")) if cell.replace(
        ",", "").isdigit() else cell for cell in row) for row in rows[1:]]


def test_counts_are_those_of_sql(records):
    _, page = tell()
    assert dict(row[:2] for row in numbers(page.tables["Files by status"])
                ) == dict(sql(f"SELECT status, count(*) {IMAGES} GROUP BY 1"))
    for caption, column in (("Images by view", "view"),
                            ("Images by side", "laterality"),
                            ("Images by vendor", "manufacturer"),
                            ("Images by year of study", "year(study_date)"),
                            ("Bit depth", "bits_stored"),
                            ("Sizes, columns x rows",
                             "\"columns\" || 'x' || \"rows\"")):
        wanted = sql(f"""
            SELECT coalesce(CAST({column} AS VARCHAR), '(unknown)'), count(*),
              count(*) FILTER (cancer = 0), count(*) FILTER (cancer = 1)
            {IMAGES} WHERE status = 'written' GROUP BY 1 ORDER BY 1""")
        found = numbers(page.tables[caption])
        assert sorted((str(value), *rest) for value, *rest in found
                      ) == wanted, caption
    wanted = sql(f"""
        SELECT split, count(*), count(*) FILTER (cancer = 1),
          count(*) FILTER (cancer = 0), 0, count(DISTINCT patient_id)
        {IMAGES} WHERE status = 'written' GROUP BY 1 ORDER BY 1""")
    assert sorted(row[:6] for row in numbers(
        page.tables["Images by split"])) == wanted


def test_age_and_birads_are_crossed_with_the_diagnosis(records):
    _, page = tell()
    for caption, column in (
            ("Diagnosis by age", "printf('%02d-%02d', patient_age // 5 * 5, "
             "patient_age // 5 * 5 + 4)"), ("BI-RADS by diagnosis", "birads")):
        # Also of images that were rejected or excluded.
        wanted = sql(f"""
            SELECT coalesce(CAST({column} AS VARCHAR), '(unknown)') AS v,
              count(*), count(*) FILTER (outcome = 'TN'),
              count(*) FILTER (outcome = 'TP'), count(*) FILTER (
                outcome IS NULL)
            {IMAGES} WHERE cancer IS NOT NULL GROUP BY v ORDER BY v""")
        found = page.tables[caption]
        assert found[0][1:] == ["images", "TN", "TP", "no cancer"]
        assert sorted((str(value), *rest) for value, *rest in numbers(found)
                      ) == wanted


def test_ages_above_89_are_one():
    write_metadata([{"file": f"{age}", "status": "written", "cancer": 0,
                     "patient_age": age, "split": "train"}
                    for age in (4, 89, 90, 97, None)])
    _, page = tell()
    assert [row[:2] for row in numbers(page.tables["Diagnosis by age"])] == [
        ("00-04", 1), ("85-89", 1), ("90+", 2), ("(unknown)", 1)]


def test_neither_paths_nor_ids_nor_uids_are_told(records):
    text, page = tell()
    with_them, _ = tell(identifiers=True)
    rows = sql("SELECT file, patient_id, sop_instance_uid, "
               f"study_instance_uid {IMAGES}")
    for value in {value for row in rows for value in row if value}:
        assert value not in text, value
    assert str(os.getcwd()) not in text
    assert "dicoms/a.xml" in with_them


@pytest.mark.parametrize("detail, told", [
    ("a copy of /archive/M. SMITH 1950/1.dcm", "a copy of another file"),
    ("3 files share 1.2.826.0.1.3680043.8.498.77 and differ",
     "3 files share (a UID) and differ"),
    ("modality CT, SOP class 1.2.840.10008.5.1.4.1.1.2",
     "modality CT, SOP class 1.2.840.10008.5.1.4.1.1.2"),
    ("5 frames", "5 frames"), (None, "-")])
def test_details_name_no_other_file_and_no_uid(detail, told):
    write_metadata([{"file": "/archive/SMITH.dcm", "status": "rejected",
                     "reason": "duplicate_different", "file_bytes": 12345,
                     "detail": detail}])
    text, page = tell()
    assert page.tables["duplicate_different, all"][1] == [
        ".dcm", "12,345", told]
    assert "SMITH" not in text
    assert "SMITH" in tell(identifiers=True)[0]


@pytest.mark.parametrize("name, suffix", [
    ("a.dcm", ".dcm"), ("a.DCM.gz", ".DCM.gz"), ("M.SMITH", "-"),
    ("a.SMITH.dcm", ".dcm"), ("19500101", "-")])
def test_of_a_file_s_name_only_a_known_suffix_is_told(name, suffix):
    write_metadata([{"file": f"/x/{name}", "status": "rejected",
                     "reason": "truncated", "file_bytes": 1}])
    assert tell()[1].tables["truncated, all"][1][0] == suffix


def test_the_first_rejected_files_stand_with_the_query_that_lists_them():
    write_metadata([{"file": f"x/{number}.dcm", "status": "rejected",
                     "reason": "truncated", "file_bytes": number}
                    for number in range(9)])
    text, page = tell()
    assert [row[1] for row in page.tables["truncated, the first 5"][1:]
            ] == list("01234")
    query = page.text.partition('--records=FOLDER "')[2].partition('"')[0]
    found = sql(query.replace("FROM images", IMAGES))
    assert [file for file, _ in found] == [f"x/{n}.dcm" for n in range(9)]


def test_hostile_headers_are_shown_and_do_nothing():
    write_metadata([{
        "file": f"{HOSTILE}.dcm", "status": "written", "split": "train",
        "cancer": 1, "manufacturer": HOSTILE, "manufacturer_model": "$x$ \x00",
        "view": "\"><img src=x onerror=alert(1)>", "transfer_syntax": "1.x",
        "study_date": datetime.date(2014, 1, 1), "patient_age": 60}])
    text, page = tell()
    assert "script" not in page.tags and "onerror" not in page.attributes
    assert ["Images by vendor", HOSTILE, "1"] in page.tables[
        "The same in all images"]


def test_an_empty_data_set_says_so():
    write_metadata([])
    _, page = tell()
    assert "there is nothing to tell of" in page.text
    assert page.headings == ["Data set records", "Splits and labels",
                             "The recipe"]


def test_a_data_set_of_rejects_alone_tells_of_them():
    write_metadata([{"file": "a", "status": "rejected", "reason": "truncated"},
                    {"file": "b", "status": "rejected", "reason": "colour"}])
    _, page = tell()
    assert numbers(page.tables["Files by status"]) == [
        ("rejected", 2, "100.0%")]
    assert [row[1] for row in page.tables["Files by reason"][1:]] == [
        "colour", "truncated"]
    assert "No image is in a record." in page.text
    assert "Examples" not in page.headings


def test_what_is_only_planned_is_told_as_such():
    built.write_rows("records/.work/plan/plan.parquet", [
        {"file": "a", "status": "planned", "split": "train", "cancer": 0,
         "view": "CC"}], schema.arrow_schema("plan"))
    _, page = tell()
    assert "Only planned so far" in page.text
    assert page.tables["The same in all images"] == [
        ["", "value", "images"], ["Images by view", "CC", "1"], *(
            [title, "(unknown)", "1"] for title in (
                "Images by side", "Images by vendor", "Images by model",
                "Images by year of study", "Images by implant"))]


def test_many_values_are_cut_and_the_rest_counted():
    rows = [{"file": str(n), "status": "written", "split": "train",
             "cancer": 0, "columns": n, "rows": 5} for n in range(1, 51)]
    write_metadata(rows + [{**rows[0], "file": "again"}])
    _, page = tell()
    found = numbers(page.tables["Sizes, columns x rows"])
    assert found[0] == ("1x5", 2, 2)
    assert found[-1] == ("(10 other values)", 10, 10)
    assert sum(row[1] for row in found) == 51


def test_there_are_examples_of_every_vendor_and_view(records):
    dataset = datasets.open_dataset("records")
    found = samples.look(dataset, 5)
    wanted = set(sql("SELECT DISTINCT manufacturer, view FROM "
                     "'records/resize-12x16/*.parquet'"))
    assert {(one.vendor, one.row["view"]) for one in found.examples} == wanted
    assert found.groups == (len(wanted), len(wanted))
    assert sum(one.images for one in found.greys.values()) == 5
    _, page = tell()
    assert sum(alt.startswith("Mammogram") for alt in page.alts) == len(
        found.examples)


def test_damaged_and_missing_shards_are_told_and_the_rest_is_shown(records):
    shard = pathlib.Path("records/resize-12x16/train-00000-of-00002.tfrecord")
    data = bytearray(shard.read_bytes())
    data[40] ^= 1
    shard.write_bytes(data)
    os.remove("records/resize-12x16/validation-00000-of-00001.tfrecord")
    _, page = tell()
    assert "train shard 0 of resize:12x16" in page.text
    assert "validation shard 0 of resize:12x16: No such file" in page.text
    assert any(alt.startswith("Mammogram") for alt in page.alts)


def test_the_foreground_s_histogram_is_of_what_is_not_background():
    pixels = np.zeros((10, 10), np.uint16)
    pixels[:, 5:] = 2048
    pixels[0, 9] = 4095
    shares = samples.histogram(pixels, 12)
    assert shares.sum() == pytest.approx(1)
    assert shares[32] == 49 / 50 and shares[63] == 1 / 50
    assert not samples.histogram(np.zeros((3, 3), np.uint16), 12).any()


def test_the_foreground_is_that_of_the_normalisations(records):
    from model import normalisation
    for path in ("train", "test"):
        noise = np.random.default_rng(len(path))
        pixels = (noise.gamma(2, 300, (64, 48)) * (
            np.arange(48) < 25)).astype(np.uint16)
        wanted = normalisation.foreground(pixels[None, ..., None]).numpy()
        found = samples.foreground(pixels)
        assert (found != wanted[0, ..., 0]).mean() < 0.02


def test_the_same_data_set_gives_the_same_page(records):
    assert tell()[0] == tell()[0]


def test_the_recipe_is_told_in_words():
    told = " ".join(wording.recipe({
        **built.RECIPE, "markers": "largest", "windowing": "window",
        "voi_index": 1, "resample": "spacing:0.56", "encoding": "png"}))
    for words in ("All that is not breast is blackened", "Window 2 of each",
                  "scaled to 0.56 mm a pixel", "12 x 16 pixels", "16-bit PNGs",
                  "divided by its maximum"):
        assert words in told
    with pytest.raises(ValueError, match="cannot be replayed"):
        wording.recipe({**built.RECIPE, "version": 2})


def test_the_rules_are_told_in_words():
    told = wording.rules({
        "views": ["CC"], "keep_interval_cancers": True, "salt": "s",
        "fractions": [0.7, 0.2, 0.1], "splits": "hash",
        "sources": [{"labels_format": "rsna"}, {"labels_format": "register"}],
        "label_match": "year"})
    assert "Interval cancers are kept." in told
    assert "Labels are read as register, rsna." in told
    assert "Patients are split 70 / 20 / 10 % by a hash with the salt s." in (
        told)


def test_the_script_writes_into_the_folder_and_verification_bears_it(records):
    def run(script, *words):
        return subprocess.run(
            [sys.executable, str(ROOT / "tools" / script), *words],
            capture_output=True, text=True, check=False)

    done = run("report.py", "--records=records", "--images=3")
    assert done.returncode == 0, done.stderr
    page = html_pages.read(pathlib.Path("records/report.html").read_text())
    assert page.headings[0] == "Data set records"
    assert done.stdout.startswith("records/report.html: ")
    done = run("verify_records.py", "--records=records")
    assert "report.html" not in done.stdout + done.stderr
    done = run("report.py", "--records=nowhere")
    assert done.returncode == 1
    assert done.stderr.startswith("report: no data set in nowhere")
    assert done.stderr.count("\n") == 1
