"""Header rows of an archive that nobody has, and what measures with them."""

import subprocess
import sys
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from pipelines import inventory
from pipelines import plan
from pipelines import schema
from pipelines import sources
from tools import header_rows
from tools import planning

ROOT = Path(__file__).parents[1]
ROWS = 1024


def test_the_plan_of_them_has_every_kind_of_row(tmp_path):
    header_rows.write_archive(tmp_path, ROWS)
    config = header_rows.build_config(tmp_path)
    listing = pq.read_table(tmp_path / "listing.parquet")
    assert inventory.scan_tasks(config, listing, 2) == []
    scan = inventory.finish_scan(config, listing)
    rows = pq.read_table(scan)
    assert rows.schema.equals(schema.arrow_schema(schema.SCAN))
    assert len(set(rows["sop_instance_uid"].to_pylist())) == ROWS
    assert len(set(rows["study_instance_uid"].to_pylist())) == ROWS // 4
    planned = str(tmp_path / "plan.parquet")
    found = plan.make_plan(
        [scan], planning.no_duplicates(), sources.load_labels(config),
        config.rules, planned)
    # 128 patients: two have no diagnosis, in four a second visit of the year
    # took the first one's; four files are truncated.
    assert {name: count.images for name, count in (
        found.matched | found.unlabelled).items()} == {
            "own_year": ROWS - 4 - 2 * 8 - 4 * 4, "superseded": 4 * 4,
            "no_diagnosis": 2 * 8}
    assert found.files - found.accepted == 4


def test_the_first_rows_of_many_are_those_of_few(tmp_path):
    for rows in (512, ROWS):
        header_rows.write_archive(tmp_path / str(rows), rows)
    for name in ("listing.parquet", "records/.work/scan/part-000000000"
                                    ".parquet"):
        few, many = (pq.read_table(tmp_path / str(rows) / name)
                     for rows in (512, ROWS))
        assert many.slice(0, 512).equals(few)


def test_every_stage_is_measured(tmp_path):
    measured = planning.measure(tmp_path, 600)
    assert [stage.name for stage in measured.stages] == [
        "labels", "scan tasks", "scan", "shared UIDs", "plan", "shard tasks",
        "seal"]
    assert all(stage.seconds > 0 and stage.peak_bytes > 1 << 20
               for stage in measured.stages)
    assert min(measured.scan_bytes, measured.plan_bytes,
               measured.metadata_bytes) > 600
    metadata = pq.read_table(tmp_path / "records" / "metadata")
    assert metadata["status"].to_pylist().count("written") > 500
    assert len(metadata) == 600


@pytest.mark.slow
@pytest.mark.parametrize("words, message", [
    (["tools/bench_plan.py", "--rows=300"], "| 300 | seal | "),
    (["tools/plan_capacity.py", "--images=1000000", "--patients=1",
      "--variants=crop:32x32", "--workers=4"], "| convert | ")])
def test_the_scripts_print_a_table(words, message):
    done = subprocess.run([sys.executable, *words], cwd=ROOT, text=True,
                          capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    assert message in done.stdout
