"""--quiet and --json_logs of scripts that take long, in processes."""

import json
import pathlib
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).parents[1]
FIELDS = {"time", "level", "script", "stage", "done", "total", "rate",
          "seconds_left", "message"}
SCRIPTS = {
    "tools/make_cohort.py": ["--output=.", "--patients=2", "--scale=0.05",
                             "--workers=1"],
    "pipelines/build_records.py": ["--dicoms=dicoms", "--output=records",
                                   "--label_table=labels.csv"],
    "tools/verify_records.py": ["--records=records"],
}


def run(folder, script, *words):
    done = subprocess.run(
        [sys.executable, str(ROOT / script), *SCRIPTS[script], *words],
        cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done


@pytest.mark.parametrize("flag", ["--json_logs", "--quiet"])
def test_results_stay_on_standard_output(tmp_path, flag):
    done = {script: run(tmp_path, script, flag) for script in SCRIPTS}
    assert "screenings" in done["tools/make_cohort.py"].stdout
    built = done["pipelines/build_records.py"].stdout
    assert "split" in built and "resize:416x512" in built
    assert done["tools/verify_records.py"].stdout.endswith("all is right\n")
    if flag == "--quiet":
        assert {one.stderr for one in done.values()} == {""}
        return
    stages = []
    for script, one in done.items():
        told = [json.loads(line) for line in one.stderr.splitlines()]
        assert {line["script"] for line in told} == {pathlib.Path(script).stem}
        for line in told:
            assert {"time", "level", "message"} <= set(line)
            if "stage" in line:
                assert FIELDS <= set(line)
                stages.append((line["stage"], line["done"] == line["total"]))
    # However slow, each tells its end.
    for stage in ("cohort", "scan", "convert", "verify"):
        assert (stage, True) in stages
