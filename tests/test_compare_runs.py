"""The script that prints runs side by side."""

import csv
import io
import json
import pathlib
import subprocess
import sys

import pytest

from tests import runs_made

ROOT = pathlib.Path(__file__).parents[1]


@pytest.fixture(name="folder")
def _folder(tmp_path):
    for name in ("alexnet-48x64", "resnet-48x64"):
        runs_made.write(tmp_path / "data/runs" / name,
                        runs_made.document(name))
    return tmp_path


def run(*words, cwd):
    return subprocess.run(
        [sys.executable, str(ROOT / "tools/compare_runs.py"), *words],
        cwd=cwd, capture_output=True, text=True, check=False)


def test_without_folders_all_runs_are_shown_in_three_tables(folder):
    done = run(cwd=folder)
    assert done.returncode == 0, done.stderr
    titles = [line for line in done.stdout.splitlines()
              if line.startswith("Table")]
    assert [title.split(":")[0] for title in titles] == [
        "Table 6.2", "Table 6.3", "Table 6.4"]
    assert done.stdout.count("\nalexnet-48x64") == 3
    assert "warning: data/runs/resnet-48x64 is not evaluated" in done.stderr


def test_chosen_runs_and_tables_as_csv(folder):
    done = run("data/runs/resnet-48x64", "--tables=6.2", "--format=csv",
               cwd=folder)
    rows = list(csv.DictReader(io.StringIO(done.stdout)))
    assert [row["Parameters"] for row in rows] == ["23,532,418"]


def test_one_table_as_json(folder):
    done = run("--tables=6.3", "--format=json", cwd=folder)
    assert [row["Epochs"] for row in json.loads(done.stdout)] == [2, 2]


@pytest.mark.parametrize("words, message", [
    (["--tables=6.1"], "--tables=6.1: there are 6.2, 6.3, 6.4"),
    (["data/runs/none"], "there is no run in data/runs/none"),
])
def test_errors_are_one_line(folder, words, message):
    done = run(*words, cwd=folder)
    assert done.returncode == 1
    assert message in done.stderr
    assert done.stderr.count("\n") == 1


def test_no_runs_at_all_says_what_makes_one(tmp_path):
    done = run(cwd=tmp_path)
    assert done.returncode == 1
    assert "model/train.py makes one" in done.stderr
