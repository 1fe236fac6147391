"""What is left to convert: the plan's shards, told apart by their digests."""

import contextlib

import pytest

from pipelines import database
from pipelines import plan
from pipelines import privacy
from pipelines import resume
from pipelines import scan
from pipelines import sources
from tests import archive
from tests import builds

SQL = """
SELECT split, shard, count(*),
       sha256(string_agg(CAST(to_json(planned) AS VARCHAR), chr(10)
                         ORDER BY index_in_shard))
FROM plan AS planned WHERE status = 'planned'
GROUP BY split, shard ORDER BY count(*) DESC, split, shard
"""


@pytest.fixture(params=[None, b"0123456789abcdef"])
def planned(request, tmp_path):
    """A build that is planned, and the listing of its files."""
    archive.write(tmp_path, 9)
    with contextlib.chdir(tmp_path):
        config = builds.config(
            pseudonyms=privacy.Pseudonyms(request.param),
            rules=plan.PlanRules(fractions=(0.5, 0.3, 0.2)), plan_only=True)
        builds.run(config)
        yield config, sources.listing(config.sources)


@pytest.mark.parametrize("batch_rows", [1, 7, 8192])
def test_a_shard_s_digest_is_that_of_its_rows(planned, monkeypatch,
                                              batch_rows):
    config, listing = planned
    monkeypatch.setattr(resume, "_BATCH_ROWS", batch_rows)
    tasks = resume.Existing({}).tasks(config, config.recipe, listing)
    db = database.connect(config.scratch)
    database.view_parquet(db, "plan", [config.plan_path])
    assert [(task.shard.split, task.shard.index, task.images,
             task.plan_digest) for task in tasks] == db.execute(
                 SQL).fetchall()
    assert len(tasks) > 3
    assert sum(task.images for task in tasks) == 36
    rows = db.execute(
        "SELECT sop_instance_uid FROM plan WHERE split = ? AND shard = ? "
        "ORDER BY index_in_shard",
        [tasks[0].shard.split, tasks[0].shard.index]).fetchall()
    if config.pseudonyms.key is None:
        assert {task.sources for task in tasks} == {None}
        return
    # The plan holds no path: each task has its own, in the plan's order.
    headers = [scan.dicom.parse_header(scan.read_whole(path, config.limits),
                                       True) for path in tasks[0].sources]
    assert [header.sop_instance_uid for header in headers] == [
        uid for uid, in rows]
