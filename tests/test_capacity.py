"""What a build will take: figures worked out by hand."""

import dataclasses

import pytest

from tools import capacity
from tools.capacity import Cost

RATES = capacity.Rates(
    scan=Cost(0.001, 0.0005), convert=Cost(0.1, 0.09),
    plan=Cost(1e-4, 2e-4), seal=Cost(5e-5, 5e-5), scan_row_bytes=40,
    plan_row_bytes=80, metadata_row_bytes=50, index_row_bytes=200,
    shard_bytes=20_000, scan_task_bytes=100, shard_task_bytes=400,
    process_bytes=2e8, worker_bytes=1.5e8, plan_process_bytes=3e8,
    plan_held_bytes=500, plan_database_bytes=2000)
# 400 shards of 250 images.
ARCHIVE = capacity.Archive(images=100_000, file_bytes=10e6,
                           record_bytes=500_000)


def stages(archive=ARCHIVE, count=10, of_machine=5, read=0.0):
    return capacity.stages(archive, RATES, capacity.Workers(
        count, of_machine, read))


def test_figures_of_a_build():
    scan, plan, convert, seal = (
        (stage.cost.seconds, stage.cost.cpu_seconds, stage.read_bytes,
         stage.written_bytes, stage.shuffle_bytes, stage.memory_bytes)
        for stage in stages())
    machine = 6 * 2e8 + 5 * 1.5e8
    # Of each file the first 64 KiB; ten workers share the time.
    assert scan == pytest.approx(
        (10, 50, 6_553_600_000, 4e6, 1e7, machine))
    # 100,000 rows held, and 200 MB of a database.
    assert plan == pytest.approx(
        (10, 20, 4e6, 8e6, 0, 3e8 + 5e7 + 2e8))
    assert convert == pytest.approx(
        (1000, 9000, 1e12,
         5e10 + 2e7 + 391 * 20_000, 391 * 400, machine))
    assert seal == pytest.approx(
        (5, 5, 1.2e7, 5e6, 0, 3e8 + 5e7 + 2e8))


@pytest.mark.parametrize("workers, processes", [(1, 1), (2, 1), (3, 4)])
def test_more_than_two_workers_of_a_machine_are_processes(
        workers, processes):
    convert = stages(of_machine=workers)[2]
    assert convert.memory_bytes == pytest.approx(
        processes * 2e8 + workers * 1.5e8)


@pytest.mark.parametrize("count, read, seconds", [
    (1, 0, 10_000), (10, 0, 1000), (200, 0, 50),
    # The storage gives 2 GB/s: 1 TB takes 500 s whoever reads it.
    (10, 2e9, 1000), (200, 2e9, 500)])
def test_more_workers_help_until_the_storage_does_not(count, read, seconds):
    convert = stages(count=count, read=read)[2]
    assert convert.cost.seconds == pytest.approx(seconds)
    assert convert.cost.cpu_seconds == pytest.approx(9000)


def test_the_database_spills_beyond_its_limit():
    images = 10_000_000
    plan = stages(dataclasses.replace(ARCHIVE, images=images))[1]
    assert plan.memory_bytes == pytest.approx(3e8 + images * 500 + 1e9)


def test_small_files_are_read_once_for_their_headers():
    scan = stages(dataclasses.replace(ARCHIVE, file_bytes=1000))[0]
    assert scan.read_bytes == 1e8
