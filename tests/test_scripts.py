"""The scripts as a person runs them: processes of their own."""

import os
import pathlib
import signal
import subprocess
import sys
import time

import pytest

from tests import archive
from tests import builds

ROOT = pathlib.Path(__file__).parents[1]
BUILD = [sys.executable, str(ROOT / "pipelines/build_records.py")]
INPUT = ["--dicoms=dicoms", "--label_table=labels.csv"]


def run(*words, cwd=None, timeout=300):
    return subprocess.run([*BUILD, *words], cwd=cwd, text=True,
                          capture_output=True, timeout=timeout, check=False)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """An archive with its undisturbed data set."""
    made = archive.write(tmp_path_factory.mktemp("scripts"), 40)
    done = run("--runner=DirectRunner", *INPUT, cwd=made)
    assert done.returncode == 0, done.stderr
    return made


def test_a_build_prints_tables_and_what_to_do_next(folder):
    done = run(*INPUT, cwd=folder)
    assert done.returncode == 0
    assert "160 images are complete from before" in done.stderr
    assert "split       images  cancer  no cancer  unknown" in done.stdout
    assert "python tools/query.py --records=data/records" in done.stderr


def test_a_report_is_written_where_it_is_wanted_and_never_fails_a_build(
        folder):
    page = folder / "data/records/report.html"
    assert not page.exists()
    done = run(*INPUT, "--report", cwd=folder)
    assert done.returncode == 0
    assert "report   data/records/report.html: " in done.stderr
    assert "Images by vendor" in page.read_text(encoding="utf-8")
    page.unlink()
    page.mkdir()  # Which no file can replace.
    done = run(*INPUT, "--report", cwd=folder)
    page.rmdir()
    assert done.returncode == 0
    assert "warning: no report was written: report: " in done.stderr
    assert "split       images  cancer  no cancer  unknown" in done.stdout


@pytest.mark.parametrize("words, message", [
    (["--marker=largest"], "did you mean --markers?"),
    (["--runer=DirectRunner"], "did you mean --runner?"),
    (["--variants=resize:416"], "'416' is not WIDTHxHEIGHT"),
    (["--max_rejects=7"], "is not a fraction"),
    (["--patient_ids=hash"], "--id_key_file go together"),
    (["--fractions=0.8,0.2"], "expected three numbers"),
    (["--label_table=nothing.csv"], "no such table"),
    (["--dicoms=nowhere"], "--dicoms=nowhere matches no file"),
    (["--output=s3://bucket/x"], "there are no credentials"),
    (["--markers=bright"], "brightest"),
    (["--cancer_birads=7"], "is not a list of BI-RADS categories"),
    (["--report", "--plan_only"], "tools/report.py tells of a plan"),
    (["--dataset=a,register,b,c"], "--dicoms cannot be had with --dataset"),
])
def test_a_wrong_flag_stops_it_before_any_work(tmp_path, words, message):
    archive.write(tmp_path, 1)
    done = run(*INPUT, "--output=out", *words, cwd=tmp_path)
    assert done.returncode != 0
    assert message in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("moment", ["scan", "converted", "resize-416x512",
                                    "metadata"])
def test_killed_at_any_moment_and_run_again_the_bytes_are_equal(
        folder, moment):
    output = folder / f"killed-{moment}"
    words = [*BUILD, *INPUT, f"--output={output.name}"]
    with subprocess.Popen(words, cwd=folder, stderr=subprocess.DEVNULL,
                          start_new_session=True) as process:
        deadline = time.monotonic() + 120
        pattern = ".work/scan*/part*" if moment == "scan" else f"{moment}/*"
        while not list(output.glob(pattern)) and process.poll() is None:
            assert time.monotonic() < deadline
            time.sleep(0.002)
        os.killpg(process.pid, signal.SIGKILL)
    done = run(*INPUT, f"--output={output.name}", cwd=folder)
    assert done.returncode == 0, done.stderr
    assert builds.contents(output) == builds.contents(
        folder / "data/records")


def test_a_full_disk_is_a_clear_error_and_nothing_is_half_written(folder):
    limit = "import resource, sys, runpy; resource.setrlimit(" \
        "resource.RLIMIT_FSIZE, (500_000, 500_000)); " \
        f"sys.argv = {BUILD[1:] + INPUT + ['--output=full']!r}; " \
        "runpy.run_path(sys.argv[0], run_name='__main__')"
    done = subprocess.run([sys.executable, "-c", limit], cwd=folder,
                          capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "File too large; nothing of this shard was kept" in done.stderr
    assert "Traceback" not in done.stderr
    written = builds.contents(folder / "full")
    assert not any(".tmp-" in name for name in written)
    assert "dataset.json" not in written


def test_a_build_never_imports_tensorflow(folder):
    program = "import sys, runpy; " \
        f"sys.argv = {BUILD[1:] + INPUT + ['--output=light']!r}\n" \
        "try:\n    runpy.run_path(sys.argv[0], run_name='__main__')\n" \
        "finally:\n    print('tensorflow' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], cwd=folder,
                          capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "False"
