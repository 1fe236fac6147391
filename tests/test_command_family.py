"""All scripts alike: help, statuses, and errors of one line."""

import os
import pathlib
import subprocess
import sys
from concurrent import futures

import pytest

from tests import test_layout

ROOT = pathlib.Path(__file__).parents[1]
SCRIPTS = sorted(path.relative_to(ROOT).as_posix()
                 for path in test_layout.SCRIPTS.values())

NAME, BORN, ID = "DOE^JANE", "19501231", "4711-0815"
# What each is given that it cannot use, and what it must say of it.
WRONG = {
    "pipelines/build_records.py": [
        (["--dicoms=none"], "no such table"),
        (["--dicoms=none", "--label_table=labels.csv"],
         "--dicoms=none matches no file"),
        (["--dicoms=bad", "--label_table=bad/a.dcm"], "a.dcm is neither"),
        (["stray"], "flags begin with --")],
    "model/train.py": [
        (["--records=none"], "no records of 416x512 in none"),
        (["stray"], "unexpected 'stray'")],
    "model/evaluate.py": [
        (["--run_dir=none"], "no run in none"), (["stray"], "'stray'")],
    "model/predict.py": [
        (["--run_dir=none", "bad/a.dcm"], "no run in none")],
    "tools/bench_build.py": [(["stray"], "'stray'")],
    "tools/bench_contrast.py": [
        (["stray"], "'stray'"), (["--epochs=0"], "a positive integer")],
    "tools/bench_encoding.py": [
        (["--records=none"], "none"), (["stray"], "'stray'")],
    "tools/bench_j2k.py": [
        (["--images=0"], "a positive integer"), (["stray"], "'stray'")],
    "tools/bench_query.py": [(["stray"], "'stray'")],
    "tools/bench_report.py": [(["--records=none"], "no data set in none")],
    "tools/bench_start.py": [(["stray"], "'stray'")],
    "tools/bench_train.py": [(["--choices=typo"], "there are float32")],
    "tools/browse.py": [
        (["--records=none"], "no data set in none"), (["stray"], "'stray'")],
    "tools/report.py": [
        (["--records=none"], "no data set in none"), (["stray"], "'stray'")],
    "tools/bench_loader.py": [
        (["--records=none"], "no records of 416x512 in none")],
    "tools/bench_memory.py": [(["stray"], "'stray'")],
    "tools/bench_plan.py": [(["stray"], "'stray'")],
    "tools/bench_pool.py": [(["stray"], "'stray'")],
    "tools/check_runners.py": [
        (["--runners=spork"], "--runners=spork: there are prism")],
    "tools/compare_datasets.py": [
        ([], "two data sets are needed"), (["none", "nil"], "none")],
    "tools/compare_runs.py": [
        ([], "model/train.py makes one"), (["none"], "no run in none")],
    "tools/doctor.py": [(["stray"], "'stray'")],
    "tools/flink_cluster.py": [([], "say start or stop")],
    "tools/launch_workers.py": [
        (["--hosts=,"], "host"), (["--port=0"], "[1, 65535]")],
    "tools/make_cohort.py": [
        (["--pitfalls=typo"], "--list_pitfalls"),
        (["--output=labels.csv"], "labels.csv"), (["stray"], "'stray'")],
    "tools/plan_capacity.py": [
        (["--variants=resize:1"], "is not WIDTHxHEIGHT"),
        (["stray"], "'stray'")],
    "tools/query.py": [
        (["--records=none", "splits"], "no data set in none"),
        ([], "give one question")],
    "tools/show_records.py": [
        (["--records=none"], "no data set in none"),
        (["bad/a.dcm"], "bad/a.dcm: "), (["none.dcm"], "none.dcm: ")],
    "tools/verify_records.py": [
        (["--records=none"], "no data set in none"), (["stray"], "'stray'")],
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with a damaged file of a patient who is named in it."""
    made = tmp_path_factory.mktemp("family")
    (made / "bad").mkdir()
    (made / "bad/a.dcm").write_bytes(
        b"\0" * 128 + b"DICM" + f"{NAME} {BORN} {ID}".encode() * 20)
    (made / "labels.csv").write_text(
        "patient_id,laterality,diagnosis_date,birads_1,cancer\n"
        f"{ID},L,2012-01-01,1,0\n")
    return made


def run(folder, script, *words):
    return subprocess.run([sys.executable, str(ROOT / script), *words],
                          cwd=folder, capture_output=True, text=True,
                          check=False, env={**os.environ, "COLUMNS": "100"})


@pytest.fixture(scope="module")
def ended(folder):
    """How each ended, by script and words: two at a time."""
    commands = [(script, tuple(words)) for script in SCRIPTS for words in (
        ["--help"], ["--recods=x"],
        *(words for words, _ in WRONG.get(script, ())))]
    with futures.ThreadPoolExecutor(2) as pool:
        return dict(zip(commands, pool.map(
            lambda each: run(folder, each[0], *each[1]), commands)))


def test_every_script_is_tried():
    assert [script for script in SCRIPTS if script not in WRONG] == []


@pytest.mark.parametrize("script", SCRIPTS)
def test_help_has_a_command_to_paste_and_the_statuses(ended, script):
    done = ended[script, ("--help",)]
    assert (done.returncode, done.stderr) == (0, "")
    assert f"    python {script}" in done.stdout.split("Flags:")[0]
    assert "Exit status:\n    0  Done" in done.stdout
    assert "  --[no]json_logs\n" in done.stdout


@pytest.mark.parametrize("script", SCRIPTS)
def test_an_unknown_flag_is_an_error_of_one_line(ended, script):
    _is_one_line(ended[script, ("--recods=x",)], script,
                 "there is no flag --recods")


@pytest.mark.parametrize("script, words, message", [
    (script, words, message) for script, wrong in WRONG.items()
    for words, message in wrong])
def test_what_is_wrong_is_one_line_without_personal_data(
        ended, script, words, message):
    _is_one_line(ended[script, tuple(words)], script, message)


def _is_one_line(done, script, message):
    name = pathlib.Path(script).stem
    assert done.returncode == 1, done.stderr
    assert done.stderr.startswith(f"{name}: "), done.stderr
    assert done.stderr.count("\n") == 1, done.stderr
    assert message in done.stderr
    assert "Traceback" not in done.stderr
    for secret in (NAME, BORN, ID):
        assert secret not in done.stderr + done.stdout
