"""Asking a data set, from SQL and by name, into every format."""

import csv
import io
import json
import os
import shutil
import resource
import subprocess
import sys

import duckdb
import pyarrow.parquet as pq
import pytest

from pipelines import schema
from tests import built
from tools import datasets
from tools import named_queries
from tools import results

SCRIPT = os.path.join(os.path.dirname(os.path.dirname(__file__)),
                      "tools", "query.py")
PER_SPLIT = ("SELECT split, count(*) AS n FROM images "
             "WHERE status = 'written' GROUP BY split ORDER BY split")


@pytest.fixture(scope="module", name="root")
def _root(tmp_path_factory):
    root = tmp_path_factory.mktemp("we[i]rd year=2020") / "records"
    built.write(str(root))
    return root


@pytest.fixture(name="planned")
def _planned(root, tmp_path):
    """What `--plan_only` leaves."""
    shutil.copytree(root / ".work", tmp_path / "planned" / ".work")
    return tmp_path / "planned"


def query(*arguments, **options):
    return subprocess.run([sys.executable, SCRIPT, *map(str, arguments)],
                          capture_output=True, text=True, check=False,
                          **options)


def assert_one_line_error(result, *parts):
    assert result.returncode == 1
    assert result.stderr.count("\n") == 1, result.stderr
    for part in parts:
        assert part in result.stderr
    assert result.stdout == ""


def test_table(root):
    result = query(f"--records={root}", PER_SPLIT)
    assert result.returncode == 0 and result.stderr == ""
    assert result.stdout == ("split       n\n"
                             "----------  -\n"
                             "test        2\n"
                             "train       6\n"
                             "validation  2\n")


def test_csv(root):
    result = query(f"--records={root}", "--format=csv", PER_SPLIT)
    assert result.stdout == "split,n\ntest,2\ntrain,6\nvalidation,2\n"


def test_json(root):
    result = query(f"--records={root}", "--format=json",
                   "SELECT file, view, implant, study_date, view_modifiers, "
                   "imager_pixel_spacing_mm AS mm FROM images "
                   "WHERE sop_instance_uid = '1.2.3.0'")
    assert json.loads(result.stdout) == [{
        "file": "dicoms/planned-00.dcm", "view": None, "implant": False,
        "study_date": "2015-01-01", "view_modifiers": [], "mm": 0.07}]


def test_parquet_is_written_to_output(root, tmp_path):
    output = tmp_path / "out.parquet"
    result = query(f"--records={root}", "--format=parquet",
                   f"--output={output}", PER_SPLIT)
    assert result.returncode == 0, result.stderr
    assert pq.read_table(output).to_pydict() == {
        "split": ["test", "train", "validation"], "n": [2, 6, 2]}
    assert os.listdir(tmp_path) == ["out.parquet"]


def test_parquet_needs_output(root):
    assert_one_line_error(
        query(f"--records={root}", "--format=parquet", PER_SPLIT),
        "--output=FILE")


def test_failed_query_leaves_the_output_as_it_was(root, tmp_path):
    output = tmp_path / "out.csv"
    output.write_text("before")
    result = query(f"--records={root}", "--format=csv", f"--output={output}",
                   "SELECT CAST(file AS BIGINT) FROM images")
    assert_one_line_error(result, "Could not convert")
    assert output.read_text() == "before"
    assert os.listdir(tmp_path) == ["out.csv"]


@pytest.mark.parametrize("question, message", [
    ("SELECT nonsense FROM images", 'column "nonsense" not found'),
    ("SELECT FROM WHERE", "syntax error"),
    ("SELECT * FROM pictures", "tables are images, records, converted"),
    ("split", "did you mean splits?"),
    ("gibberish", "see --list"),
    ("", "0 statements found"),
    ("SELECT 1; SELECT 2", "2 statements found"),
    ("COPY images TO 'x.csv'", "COPY is not a question"),
    ("CREATE TABLE x AS SELECT 1", "CREATE is not a question"),
], ids=lambda text: text.partition(" ")[0])
def test_wrong_question_is_one_line(root, question, message):
    assert_one_line_error(query(f"--records={root}", question), message)


def test_no_question_and_two_are_errors(root):
    assert_one_line_error(query(f"--records={root}"), "one question")
    assert_one_line_error(query("SELECT", "1"), "one question")


def test_no_data_set_names_the_command_that_builds_one(tmp_path):
    assert_one_line_error(
        query(f"--records={tmp_path}/none", "splits"),
        f"python pipelines/build_records.py --output={tmp_path}/none")


def test_damaged_description_is_one_line(tmp_path):
    (tmp_path / "dataset.json").write_text("{")
    assert_one_line_error(query(f"--records={tmp_path}", "splits"),
                          "dataset.json is damaged", "run the build again")


@pytest.mark.parametrize("change, message", [
    ({"format": "other"}, "does not describe a mammoflow data set"),
    ({"schema_version": 99}, "has schema version 99"),
    ({"variants": {"stretch:1x1": {}}}, "does not name its variants"),
    ({"variants": None}, "does not name its variants"),
])
def test_foreign_description_is_refused(tmp_path, change, message):
    description = {"format": "mammoflow", "variants": {},
                   "schema_version": schema.SCHEMA_VERSION, **change}
    (tmp_path / "dataset.json").write_text(json.dumps(description))
    with pytest.raises(datasets.DatasetError, match=message):
        datasets.open_dataset(str(tmp_path))


def test_list_shows_every_named_query():
    result = query("--list")
    assert result.returncode == 0
    lines = result.stdout.splitlines()
    assert [line.split()[0] for line in lines] == list(named_queries.QUERIES)
    assert all(line.endswith(".") for line in lines)


def test_named_query_runs(root):
    result = query(f"--records={root}", "--format=csv", "splits")
    rows = list(csv.DictReader(io.StringIO(result.stdout)))
    assert [(row["split"], row["images"], row["cancer"]) for row in rows] == [
        ("train", "6", "3"), ("validation", "2", "0"), ("test", "2", "1")]


@pytest.mark.parametrize("name", named_queries.QUERIES)
def test_every_named_query_is_valid(root, planned, name):
    for folder in (root, planned):
        connection = datasets.connect(datasets.open_dataset(str(folder)))
        rows = connection.sql(named_queries.QUERIES[name].sql).fetchall()
        empty = {"laterality_mismatch", "duplicates"}
        if folder == planned:
            empty |= {"variants"}
        assert bool(rows) == (name not in empty)


def test_every_table_has_the_columns_of_its_schema(root):
    connection = datasets.connect(datasets.open_dataset(str(root)))
    for table, count in (("images", 15), ("records", 20), ("plan", 15)):
        relation = connection.table(table)
        assert relation.columns == schema.arrow_schema(table).names
        assert len(relation) == count
    converted = connection.table("converted")
    assert converted.columns == [
        *schema.arrow_schema("converted").names, "split", "shard"]
    assert connection.sql(
        "SELECT split, shard, count(*) FROM converted GROUP BY ALL "
        "ORDER BY ALL").fetchall() == [
            ("test", 0, 2), ("test", 1, 1), ("train", 0, 4), ("train", 1, 3),
            ("validation", 0, 2)]


def test_empty_tables_have_the_types_of_full_ones(root, tmp_path):
    (tmp_path / "dataset.json").write_text(json.dumps({
        "format": "mammoflow", "schema_version": schema.SCHEMA_VERSION,
        "variants": {}}))
    empty = datasets.connect(datasets.open_dataset(str(tmp_path)))
    full = datasets.connect(datasets.open_dataset(str(root)))
    for table in datasets.TABLES:
        assert len(empty.table(table)) == 0
        assert empty.table(table).types == full.table(table).types
        assert empty.table(table).columns == full.table(table).columns


def test_plan_stands_in_for_images_with_a_note(planned):
    result = query(f"--records={planned}", "--format=csv",
                   "SELECT status, count(*) AS n, any_value(pixel_laterality) "
                   "AS side FROM images GROUP BY status ORDER BY n DESC "
                   "LIMIT 1")
    assert result.stdout == "status,n,side\nplanned,12,\n"
    assert "is only planned" in result.stderr


def test_unfinished_build_shows_what_is_complete(root, tmp_path):
    """No dataset.json yet: tables come from the folders that are there."""
    unfinished = shutil.copytree(root, tmp_path / "unfinished")
    os.remove(unfinished / "dataset.json")
    folder = unfinished / "crop-9x9"
    os.rename(folder / "train-00000-of-00002.parquet",
              folder / "train-00000-of-00002.tmp-1a.parquet")
    connection = datasets.connect(datasets.open_dataset(str(unfinished)))
    assert connection.sql(
        "SELECT variant, count(*) FROM records GROUP BY ALL ORDER BY ALL"
    ).fetchall() == [("crop:9x9", 7), ("resize:12x16", 10)]


def test_python_variables_are_no_tables(root):
    connection = datasets.connect(datasets.open_dataset(str(root)))
    mine = connection.table("images").to_arrow_table()
    assert mine.num_rows
    with pytest.raises(duckdb.CatalogException):
        connection.sql("SELECT * FROM mine")


def test_own_files_can_be_joined(root, tmp_path):
    (tmp_path / "mine.csv").write_text("patient_id,note\ntrain-0,call\n")
    result = query(f"--records={root}", "--format=csv",
                   "SELECT note, count(*) AS n FROM images "
                   "JOIN 'mine.csv' USING (patient_id) GROUP BY note",
                   cwd=tmp_path)
    assert result.stdout == "note,n\ncall,3\n"


def test_reader_that_stops_early_is_no_error(root):
    with subprocess.Popen(
            [sys.executable, SCRIPT, f"--records={root}",
             "SELECT * FROM range(1000000)"], stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline().strip() == "range"
        process.stdout.close()
        assert process.stderr.read() == ""
        assert process.wait() == 0


def test_help_is_fast():
    def seconds():
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
        return used.ru_utime + used.ru_stime

    begin = seconds()
    result = query("--help")
    assert seconds() - begin < 0.3  # Of the processor, so load is no matter.
    assert "python tools/query.py splits" in result.stdout


@pytest.mark.parametrize("encoding", ["raw", "png"])
def test_read_image_gives_the_pixels_of_a_row(tmp_path, encoding):
    built.write(str(tmp_path), encoding)
    dataset = datasets.open_dataset(str(tmp_path))
    relation = datasets.connect(dataset).sql(
        "SELECT * FROM records WHERE sop_instance_uid = '1.2.3.5'")
    rows = [dict(zip(relation.columns, row)) for row in relation.fetchall()]
    assert len(rows) == 2
    for row, variant in zip(sorted(rows, key=lambda r: r["variant"],
                                   reverse=True), built.VARIANTS):
        pixels = datasets.read_image(dataset, row)
        assert pixels.dtype == "uint16"
        assert (pixels == built.picture(7, variant.size)).all()
        assert pixels.max() == row["max_value"]


@pytest.mark.parametrize("value, text, as_json", [
    (None, "", "null"),
    (float("nan"), "nan", "null"),
    (float("inf"), "inf", "null"),
    (1 << 70, str(1 << 70), str(1 << 70)),
    ('a "b", c', '"a ""b"", c"', '"a \\"b\\", c"'),
    ("Zürich", "Zürich", '"Zürich"'),
    ([1, None], '"[1, null]"', "[1, null]"),
    ({"a": True}, '"{""a"": true}"', '{"a": true}'),
])
def test_values_in_csv_and_json(value, text, as_json):
    file = io.StringIO()
    results.write_csv(["x", "y"], [(value, 1)], file)
    assert file.getvalue() == f"x,y\n{text},1\n"
    file = io.StringIO()
    results.write_json(["x"], [(value,)], file)
    assert file.getvalue() == f'[\n{{"x": {as_json}}}\n]\n'


def test_no_rows():
    for name, text in (("table", "a\n-\n"), ("csv", "a\n"), ("json", "[]\n")):
        file = io.StringIO()
        results.WRITERS[name](["a"], [], file)
        assert file.getvalue() == text


def test_table_aligns_numbers_right_and_goes_on_after_the_first_rows():
    file = io.StringIO()
    rows = [("a", 1), ("bb", None)] * 600 + [("a long one", 12345)]
    results.write_table(["name", "n"], rows, file)
    lines = file.getvalue().splitlines()
    assert lines[:4] == ["name  n", "----  -", "a     1", "bb"]
    assert lines[-1] == "a long one  12345"
    assert len(lines) == 2 + 1201
