"""What the page's server answers, and what it does not."""

import dataclasses
import os
import shutil

import cv2
import numpy as np
import pydicom
import pytest
from werkzeug.datastructures import MultiDict

from tests import browsed
from tools import datasets
from tools.browsing import facts
from tools.browsing import predictions
from tools.browsing.selection import Refused, Selection

SECRET = "root:"  # How /etc/passwd begins.


@pytest.fixture(scope="module", name="folder", autouse=True)
def _folder(tmp_path_factory):
    made = tmp_path_factory.mktemp("browsed")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(made)
        browsed.write(made)
        yield made


@pytest.fixture(scope="module", name="data")
def _data(folder):
    return browsed.opened(run_dir=browsed.RUN_DIR)


def pages(data, **parameters):
    """The keys of all pages, in order."""
    first = data.get("/api/page", **parameters)
    answers = [first] + [data.get("/api/page", page=number, **parameters)
                         for number in range(2, first["pages"] + 1)]
    return [image["key"] for answer in answers
            for image in answer["images"]]


@pytest.mark.parametrize("parameters, sql", [
    ({}, "true"),
    ({"where": "view = 'MLO' AND cancer = 1"}, "view = 'MLO' AND cancer = 1"),
    ({"where": "laterality = 'L' -- the left"}, "laterality = 'L'"),
    ({"where": "view = 'CC' OR view = 'MLO'", "laterality": "R"},
     "laterality = 'R' AND view IS NOT NULL"),
    ({"split": ["test", "validation"], "cancer": "0"},
     "split IN ('test', 'validation') AND cancer = 0"),
    ({"reason": ""}, "reason IS NULL"),
    ({"reason": ["", "truncated"], "laterality": "L"},
     "(reason IS NULL OR reason = 'truncated') AND laterality = 'L'"),
    ({"where": "patient_id IN (SELECT patient_id FROM images "
               "WHERE cancer = 1)"},
     "patient_id IN (SELECT patient_id FROM images WHERE cancer = 1)"),
    ({"view": "it's none"}, "false"),
])
def test_pages_hold_what_sql_selects(data, parameters, sql):
    files = [file for file, in browsed.asked(
        f"SELECT file FROM images WHERE {sql} ORDER BY file")]
    keys = pages(data, **parameters)
    assert [data.catalogue.image(key)["file"] for key in keys] == files
    assert data.get("/api/page", **parameters)["total"] == len(files)


def test_a_page_tells_its_place_and_shows_no_more_than_a_page(data):
    total = 4 * browsed.PATIENTS + 2
    second = data.get("/api/page", page=2)
    assert (second["total"], second["page"], second["pages"],
            second["first"]) == (total, 2, 2, facts.PAGE_IMAGES + 1)
    assert len(second["images"]) == total - facts.PAGE_IMAGES
    # Of a page beyond the last one, the last one is shown.
    assert data.get("/api/page", page=99) == second


def test_a_tile_tells_the_label_as_the_metadata_has_it(data):
    names = ("laterality", "view", "split", "status", "reason", "cancer",
             "birads")
    expected = browsed.asked(f"SELECT {', '.join(names)} FROM images "
                             "ORDER BY file LIMIT 60")
    tiles = data.get("/api/page")["images"]
    assert [tuple(tile[name] for name in names)
            for tile in tiles] == expected
    assert [tile["stored"] for tile in tiles] == [
        status == "written" for _, _, _, status, *_ in expected]


@pytest.mark.parametrize("order, sql", [
    ("file", "file"), ("date", "study_date NULLS LAST, file"),
    ("patient",
     "patient_id NULLS LAST, study_date, laterality, view, file")])
def test_images_come_in_the_order_asked_for(data, order, sql):
    keys = pages(data, order=order)
    files = [file for file, in browsed.asked(
        f"SELECT file FROM images ORDER BY {sql}")]
    assert [data.catalogue.image(key)["file"] for key in keys] == files


def test_facets_count_as_sql_does_and_leave_a_second_value_to_choose(data):
    found = {facet["facet"]: {
        value["value"]: (value["images"], value["chosen"])
        for value in facet["values"]} for facet in data.get(
            "/api/facets", where="laterality = 'L'", view="CC")}
    views = dict(browsed.asked("SELECT coalesce(view, ''), count(*) FROM "
                               "images WHERE laterality = 'L' GROUP BY ALL"))
    assert found["view"] == {view: (count, view == "CC")
                             for view, count in views.items()}
    reasons = dict(browsed.asked(
        "SELECT coalesce(reason, ''), count(*) FROM images "
        "WHERE laterality = 'L' AND view = 'CC' GROUP BY ALL"))
    assert found["reason"] == {reason: (count, False)
                               for reason, count in reasons.items()}
    assert set(reasons) == {"", "truncated", "duplicate_identical"}
    # One value only: there is nothing to choose.
    assert "laterality" not in found


def test_an_image_knows_its_neighbours_in_the_selection(data):
    keys = pages(data, where="view = 'CC'", order="patient")
    for place in (0, 1, len(keys) - 1):
        image = data.get("/api/image", image=keys[place],
                         where="view = 'CC'", order="patient")
        assert image["position"] == place + 1
        assert image["total"] == len(keys)
        assert image["page"] == place // facts.PAGE_IMAGES + 1
        assert image["previous"] == (keys[place - 1] if place else None)
        assert image["next"] == (keys + [None])[place + 1]
    alone = data.get("/api/image", image=keys[0], where="view = 'MLO'")
    assert alone["position"] is alone["next"] is alone["previous"] is None


def test_an_image_tells_every_column_with_its_meaning(data):
    image = data.get("/api/image", image=browsed.NAMED)
    values = {field["name"]: field["value"] for group in image["groups"]
              for field in group["fields"]}
    (date, rows, row_bits), = browsed.asked(
        "SELECT study_date, rows, bits_stored FROM images "
        f"WHERE sop_instance_uid = '{browsed.NAMED}'")
    assert values["study_date"] == date.isoformat()
    assert (values["rows"], values["bits_stored"]) == (rows, row_bits)
    assert values["variant"] == str(browsed.VARIANTS[0])
    groups = {group["name"]: [field["name"] for field in group["fields"]]
              for group in image["groups"]}
    assert {"patient_id", "file"} <= set(groups["Identifiers"])
    assert not {"patient_id", "file"} & set(groups["Header"])
    truncated = data.get("/api/page", reason="truncated")["images"][0]["key"]
    meaning, = data.get("/api/image", image=truncated)["meaning"]
    assert "the file ends before its pixels do" in meaning
    assert "copy the file again" in meaning


def test_duplicates_have_addresses_of_their_own(data):
    keys = pages(data, where="sop_instance_uid = '1.2.3.3.0.0'")
    assert len(set(keys)) == 2 and "1.2.3.3.0.0" in keys
    assert {data.get("/api/image", image=key)["status"]
            for key in keys} == {"written", "rejected"}
    # A copy is no prediction's image.
    copy, = [key for key in keys if key != "1.2.3.3.0.0"]
    assert data.get("/api/image", image=copy)["score"] is None


@pytest.mark.parametrize("variant", browsed.VARIANTS)
def test_pixels_are_the_record_s_sixteen_bits(data, variant):
    response = data.client.get(
        "/api/pixels", base_url=f"http://127.0.0.1:{browsed.PORT}",
        query_string={"image": browsed.NAMED, "picture": str(variant)})
    height, width = variant.size.shape[:2]
    assert response.headers["X-Width"] == str(width)
    assert response.headers["X-Height"] == str(height)
    pixels = np.frombuffer(response.data, "<u2").reshape(height, width)
    dataset = datasets.open_dataset(browsed.RECORDS)
    connection = datasets.connect(dataset)
    relation = connection.sql(
        f"FROM records WHERE variant = '{variant}' "
        f"AND sop_instance_uid = '{browsed.NAMED}'")
    row = dict(zip(relation.columns, *relation.fetchall()))
    assert (pixels == datasets.read_image(dataset, row)).all()
    assert pixels.max() == row["max_value"] > 255


def test_the_original_s_levels_are_the_file_s_own(data):
    pixels = np.frombuffer(data.get("/api/pixels", image=browsed.NAMED,
                                    picture="original"), "<u2")
    expected = pydicom.dcmread("dicoms/000001-L-CC.dcm").pixel_array
    assert (pixels.reshape(expected.shape) == expected).all()


def test_a_thumbnail_is_grey_from_black_to_white(data):
    picture = cv2.imdecode(np.frombuffer(
        data.get("/api/thumbnail", image=browsed.NAMED), np.uint8),
        cv2.IMREAD_UNCHANGED)
    assert picture.shape == browsed.VARIANTS[0].size.shape[:2]
    assert (picture.min(), picture.max()) == (0, 255)


def test_stages_are_those_of_the_recipe(data):
    answer = data.get("/api/stages", image=browsed.NAMED)
    names = [stage["lines"][0] for stage in answer["stages"]]
    assert answer["ended"] == "" and names == [
        "as stored", "polarity", "breast_box=component",
        "markers=brightest", "flipped", *sorted(map(str, browsed.VARIANTS))]
    for number, stage in enumerate(answer["stages"]):
        picture = cv2.imdecode(np.frombuffer(data.get(
            "/api/stage", image=browsed.NAMED, number=number), np.uint8),
            cv2.IMREAD_COLOR)
        assert picture.shape[:2] == (stage["height"], stage["width"])
    assert "no stage" in data.get("/api/stage", 404, image=browsed.NAMED,
                                  number=len(names))["error"]


@pytest.mark.parametrize("damage, message", [
    (os.remove, "not where it was"),
    (lambda path: open(path, "ab").write(b"\0\0"), "has changed"),
    # As large, and another image.
    (lambda path: shutil.copyfile("dicoms/000004-R-CC.dcm", path),
     "taken by another image"),
])
def test_it_is_told_why_there_are_no_stages(data, damage, message):
    path = "dicoms/000004-L-CC.dcm"
    with open(path, "rb") as file:
        before = file.read()
    damage(path)
    try:
        answer = data.get("/api/stages", image="1.2.3.4.0.0")
        error = data.get("/api/pixels", 404, image="1.2.3.4.0.0",
                         picture="original")
    finally:
        with open(path, "wb") as file:
            file.write(before)
    assert answer["stages"] == []
    assert message in answer["ended"] and error == {"error": answer["ended"]}
    # The record is there all the same.
    assert data.get("/api/pixels", image="1.2.3.4.0.0")


def test_a_file_that_cannot_be_decoded_says_why(data):
    key, = pages(data, reason="truncated")
    assert "ends before its pixels do" in data.get(
        "/api/stages", image=key)["ended"]
    for path in ("/api/thumbnail", "/api/pixels"):
        assert "no record" in data.get(path, 404, image=key)["error"]


def test_a_damaged_record_costs_itself_only(data, folder):
    image = data.get("/api/image", image=browsed.NAMED)
    values = {field["name"]: field["value"] for group in image["groups"]
              for field in group["fields"]}
    path, = (folder / browsed.RECORDS / browsed.VARIANTS[0].folder).glob(
        f"{values['split']}-{values['shard']:05d}-of-*.tfrecord")
    whole = path.read_bytes()
    damaged = bytearray(whole)
    damaged[values["byte_offset"] + 40] ^= 255
    try:
        path.write_bytes(damaged)
        error = data.get("/api/pixels", 500, image=browsed.NAMED)["error"]
        assert path.name in error and "CRC" in error
        path.unlink()
        assert "No such file" in data.get(
            "/api/thumbnail", 500, image=browsed.NAMED)["error"]
    finally:
        path.write_bytes(whole)
    assert data.get("/api/thumbnail", image=browsed.NAMED)


HOSTILE = [
    "1; DROP TABLE browsed",
    "1); DROP TABLE browsed; SELECT (1",
    "true) UNION ALL SELECT list(_row) FROM browsed WHERE (true",
    "true /* without end",
    "COPY browsed TO 'stolen.csv'",
    "ATTACH 'stolen.db'",
    "PRAGMA database_list",
    "INSTALL httpfs",
    "SET enable_external_access = true",
    "EXISTS (FROM read_csv('/etc/passwd'))",
    "EXISTS (FROM read_text('/etc/passwd'))",
    "EXISTS (FROM read_blob('/etc/passwd'))",
    "EXISTS (FROM '/etc/passwd')",
    "EXISTS (FROM 'labels.csv')",
    "EXISTS (FROM glob('/etc/*'))",
    "EXISTS (FROM sniff_csv('/etc/passwd'))",
    "EXISTS (FROM parquet_metadata('records/metadata/part-00000.parquet'))",
    "EXISTS (FROM read_csv('http://127.0.0.1/'))",
    "EXISTS (FROM query('DROP TABLE browsed'))",
    "getenv('HOME') = ''",
    "nothing_such = 1",
    "view =",
    "view, split",
    "view = ?",
    "view = 'MLO' ORDER BY view",
    "count(*) = 1",
]


@pytest.mark.parametrize("where", HOSTILE)
def test_a_hostile_or_wrong_filter_is_refused_in_one_line(
        data, folder, where):
    before = sorted(os.listdir(folder))
    for path in ("/api/page", "/api/facets", "/api/image"):
        error = data.get(path, 400, where=where, image=browsed.NAMED)["error"]
        assert error and "\n" not in error and len(error) < 400
        assert SECRET not in error and "Traceback" not in error
    assert sorted(os.listdir(folder)) == before
    assert data.get("/api/page")["total"] == 4 * browsed.PATIENTS + 2


@pytest.mark.parametrize("sql", [
    "FROM read_csv('/etc/passwd')", "COPY browsed TO 'stolen.csv'",
    "ATTACH 'stolen.db'", "SET enable_external_access = true",
    "RESET enable_external_access", "LOAD httpfs", "INSTALL httpfs",
    "SET temp_directory = '/tmp'", "EXPORT DATABASE 'stolen'"])
def test_the_database_itself_reaches_no_file(data, folder, sql):
    """Even if a statement got through."""
    before = sorted(os.listdir(folder))
    with pytest.raises(Refused):
        data.catalogue.ask(sql)
    assert sorted(os.listdir(folder)) == before


def test_a_filter_without_end_is_ended(data):
    hurried = dataclasses.replace(data.catalogue, seconds=0.2, kept={})
    endless = Selection.parse(MultiDict({
        "where": "(SELECT count(*) FROM range(1000000000000)) = 1"}))
    with pytest.raises(Refused, match="longer than 0.2 seconds"):
        facts.page(hurried, endless, 1)


@pytest.mark.parametrize("parameters, message", [
    ({"page": "one"}, "is not a number"), ({"page": "-1"}, "not a number"),
    ({"page": "9" * 10}, "not a number"), ({"order": "random()"}, "none of")])
def test_a_wrong_address_is_refused(data, parameters, message):
    assert message in data.get("/api/page", 400, **parameters)["error"]


@pytest.mark.parametrize("host, status", [
    (f"127.0.0.1:{browsed.PORT}", 200), (f"localhost:{browsed.PORT}", 200),
    ("127.0.0.1", 403), (f"127.0.0.1:{browsed.PORT + 1}", 403),
    (f"evil.example:{browsed.PORT}", 403), ("evil.example", 403),
    (f"localhost:{browsed.PORT}.evil.example", 403),
    (f"127.0.0.1.nip.io:{browsed.PORT}", 403),
    (f"0.0.0.0:{browsed.PORT}", 403), ("", 403)])
@pytest.mark.parametrize("path", ["/", "/static/main.js", "/api/page"])
def test_only_this_machine_s_own_names_are_answered(data, host, status, path):
    response = data.client.get(path, headers={"Host": host})
    assert response.status_code == status
    assert status == 200 or response.json["error"].startswith("this is")


@pytest.mark.parametrize("method", ["HEAD", "POST", "PUT", "PATCH", "DELETE",
                                    "OPTIONS", "TRACE"])
@pytest.mark.parametrize("path", ["/", "/api/page", "/api/nothing"])
def test_only_get_is_answered(data, method, path):
    response = data.client.open(
        path, method=method, base_url=f"http://127.0.0.1:{browsed.PORT}")
    assert response.status_code == 405
    assert response.headers["Allow"] == "GET"


@pytest.mark.parametrize("path", [
    "/etc/passwd", "//etc/passwd", "/../../../etc/passwd",
    "/static/../web.py", "/static/../../../setup.cfg",
    "/static/%2e%2e/web.py", "/static/..%2fweb.py", "/static/%2fetc%2fpasswd",
    "/static/..\\web.py", "/static//etc/passwd", "/static/", "/static",
    "/records/dataset.json", "/api/../dataset.json", "/api/", "/index.html",
    "/static/main.js/", "/static/main.js%00"])
def test_no_path_leads_anywhere_else(data, path):
    assert data.get(path, 404) == {"error": "there is no such page"}


@pytest.mark.parametrize("parameters", [
    {"image": "/etc/passwd"}, {"image": "../labels.csv"},
    {"image": "dicoms/000001-L-CC.dcm"}, {"image": "' OR true --"},
    {"image": browsed.NAMED, "picture": "../dataset.json"},
    {"image": browsed.NAMED, "picture": "resize:1x1"},
    {"image": browsed.NAMED, "picture": "/etc/passwd"}])
@pytest.mark.parametrize("path", ["/api/pixels", "/api/image"])
def test_images_are_found_by_their_uid_alone(data, path, parameters):
    if path == "/api/image" and "picture" in parameters:
        return
    error = data.get(path, 404, **parameters)["error"]
    assert "there is no" in error and SECRET not in error


def test_another_site_may_link_here_but_not_ask(data):
    for site, status in (("cross-site", 403), ("same-site", 403),
                         ("same-origin", 200), ("none", 200)):
        headers = {"Sec-Fetch-Site": site,
                   "Host": f"127.0.0.1:{browsed.PORT}"}
        response = data.client.get("/api/page", headers=headers)
        assert response.status_code == status
        assert data.client.get("/", headers=headers).status_code == 200


@pytest.mark.parametrize("path", ["/", "/static/style.css", "/api/dataset",
                                  "/api/nothing", "/api/page?where=1;2"])
def test_every_answer_forbids_what_a_page_could_do(data, path):
    headers = data.client.get(
        path, base_url=f"http://127.0.0.1:{browsed.PORT}").headers
    policy = headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; ")
    assert "unsafe" not in policy and "*" not in policy
    assert "frame-ancestors 'none'" in policy
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Cache-Control"] == "no-store"
    assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert "Access-Control-Allow-Origin" not in headers


def test_nothing_that_is_asked_holds_a_name_or_a_birth_date(data):
    with open("dicoms/000001-L-CC.dcm", "rb") as file:
        assert browsed.NAME.encode() in file.read()
    for path in ("/api/dataset", "/api/page", "/api/facets", "/api/image",
                 "/api/stages", "/api/pixels", "/api/thumbnail"):
        answer = data.client.get(
            path, query_string={"image": browsed.NAMED},
            base_url=f"http://127.0.0.1:{browsed.PORT}").data
        for word in (browsed.NAME, "Unmistakable", browsed.BIRTH_DATE,
                     "1951-12-31"):
            assert word.encode() not in answer


def test_a_failure_of_ours_ends_one_request_and_tells_its_kind(
        data, monkeypatch, capsys):
    def fails(*_):
        raise RuntimeError("secret")

    monkeypatch.setattr(facts, "data_set", fails)
    assert data.get("/api/dataset", 500) == {
        "error": "RuntimeError: see the terminal"}
    assert "/api/dataset: RuntimeError" in capsys.readouterr().err
    assert data.get("/api/page")["total"]


def test_predictions_stand_beside_the_labels(data):
    connection = browsed.duckdb.connect()
    expected = {uid: rest for uid, *rest in connection.execute("""
        SELECT sop_instance_uid, label, score, decision
        FROM 'run/predictions-*.parquet'""").fetchall()}
    counts: dict = {}
    for key in pages(data):
        image = data.get("/api/image", image=key)
        told = [image[name] for name in ("label", "score", "decision")]
        if key not in expected:
            assert told == [None] * 3 and image["verdict"] is None
            continue
        assert told == expected[key]
        label, _, decision = told
        verdict = (f"{'true' if label == decision else 'false'} "
                   f"{'positive' if decision else 'negative'}")
        assert image["verdict"] == verdict
        counts[verdict] = counts.get(verdict, 0) + 1
    verdicts, = [facet for facet in data.get("/api/facets")
                 if facet["facet"] == "verdict"]
    assert {value["value"]: value["images"]
            for value in verdicts["values"] if value["value"]} == counts
    assert len(counts) >= 3
    run = data.get("/api/dataset")["run"]
    assert run["predicted"] == len(expected)
    assert run["classes"] == ["no cancer", "cancer"]


@pytest.mark.parametrize("order, sign", [("highest", -1), ("lowest", 1)])
def test_images_in_the_order_of_their_scores(data, order, sign):
    scores = [data.catalogue.image(key)["score"]
              for key in pages(data, order=order, where="score IS NOT NULL")]
    assert scores == sorted(scores, key=lambda score: sign * score)
    assert len(scores) > 10
    # Those without a score come last.
    assert data.catalogue.image(pages(data, order=order)[0])["score"] == (
        scores[0])


def test_predictions_of_another_data_set_and_of_predict(folder, tmp_path):
    """The folder for this data set goes before the run's own; a table of
    predict.py has neither label nor data set."""
    run = shutil.copytree(folder / browsed.RUN_DIR, tmp_path / "run")
    own = predictions.find(str(run), browsed.RECORDS)
    other = own.run.dir.on_other(browsed.RECORDS)
    os.mkdir(other)
    with open(os.path.join(other, "predictions-new.csv"), "w",
              encoding="utf-8") as file:
        file.write("file,sop_instance_uid,score,decision\n"
                   f"x.dcm,{browsed.NAMED},0.75,\ny.dcm,,,\n")
    with open(os.path.join(other, "predictions-new-breasts.csv"), "w",
              encoding="utf-8") as file:
        file.write("patient_id,images\n1,2\n")
    data = browsed.opened(run_dir=str(run))
    assert data.get("/api/dataset")["run"]["predicted"] == 1
    image = data.get("/api/image", image=browsed.NAMED)
    assert (image["score"], image["decision"], image["verdict"],
            image["label"]) == (0.75, None, None, image["cancer"])


def test_without_a_run_nothing_is_said_of_a_model(folder):
    data = browsed.opened()
    about = data.get("/api/dataset")
    assert about["run"] is None
    assert "highest" not in about["orders"]
    assert "Model" not in [group["name"] for group in data.get(
        "/api/image", image=browsed.NAMED)["groups"]]


def test_a_plan_is_looked_at_before_anything_is_converted(folder, tmp_path):
    shutil.copytree(folder / browsed.RECORDS / ".work",
                    tmp_path / "planned" / ".work")
    data = browsed.opened(str(tmp_path / "planned"))
    assert data.get("/api/dataset")["planned"]
    tile = data.get("/api/page", where="view = 'MLO'")["images"][0]
    assert (tile["status"], tile["stored"]) == ("planned", False)
    pictures = data.get("/api/image", image=tile["key"])["pictures"]
    assert [picture["name"] for picture in pictures] == ["original"]
    assert data.get("/api/pixels", image=tile["key"], picture="original")
