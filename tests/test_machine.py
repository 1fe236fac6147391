"""What of a machine is told."""

import os

import pytest

from tools.diagnosis import machine
from tools.diagnosis.finding import MISSING, OK, WARN

GIB = 1 << 30


@pytest.mark.parametrize("allowed, there, quota, status, text", [
    (8, 8, None, OK, "8"), (4, 8, None, OK, "4 of 8"), (4, 8, 6.0, OK, "4 of"),
    (8, 8, 2.0, WARN, "--direct_num_workers=2"),
    (8, 8, 0.5, WARN, "--direct_num_workers=1")])
def test_cores_are_those_that_have_time(allowed, there, quota, status, text):
    found = machine.cores(allowed, there, quota)
    assert found.status == status and text in found.found + found.advice


@pytest.mark.parametrize("files, quota", [
    ({"cpu.max": "150000 100000\n"}, 1.5), ({"cpu.max": "max 100000\n"}, None),
    ({"cpu/cpu.cfs_quota_us": "200000", "cpu/cpu.cfs_period_us": "100000"},
     2.0),
    ({"cpu/cpu.cfs_quota_us": "-1", "cpu/cpu.cfs_period_us": "100000"}, None),
    ({}, None)])
def test_the_quota_is_read_of_either_kind_of_control_group(
        tmp_path, files, quota):
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    assert machine.cpu_quota(tmp_path) == quota


@pytest.mark.parametrize("group, available", [
    ({}, 4 * GIB),
    ({"memory.max": f"{3 * GIB}", "memory.current": f"{2 * GIB}"}, GIB),
    ({"memory.max": f"{GIB}", "memory.current": f"{2 * GIB}"}, 0),
    ({"memory.max": "max", "memory.current": "5"}, 4 * GIB)])
def test_memory_is_what_the_control_group_leaves(tmp_path, group, available):
    meminfo = tmp_path / "meminfo"
    meminfo.write_text("MemTotal: 8388608 kB\nMemAvailable: 4194304 kB\n")
    for name, text in group.items():
        (tmp_path / name).write_text(text)
    assert machine.available_bytes(meminfo, tmp_path) == available


@pytest.mark.parametrize("size, status", [
    (GIB // 2, MISSING), (2 * GIB, WARN), (16 * GIB, OK)])
def test_memory_is_enough_for_a_build_and_a_training(size, status):
    found = machine.memory(size)
    assert (found.status, found.breaks) == (status, status == MISSING)


@pytest.mark.parametrize("limit, status, found", [
    (256, WARN, "256"), (20_000, OK, "20,000"), (-1, OK, "unlimited")])
def test_open_files(limit, status, found):
    one = machine.open_files(limit)
    assert (one.status, one.found) == (status, found)


def test_disks_are_those_of_the_output_and_of_what_spills(tmp_path):
    output = tmp_path / "not/there/yet"
    names = [one.name for one in machine.disks(str(output))]
    assert names == ["disk", "TMPDIR"]
    assert [one.name for one in machine.disks("s3://sets/a")] == ["TMPDIR"]
    assert machine.existing(str(output)) == str(tmp_path)


def test_too_little_room_says_how_much_is_wanted():
    found = machine.disk("disk", "data/records", GIB, 3 * GIB)
    assert found.status == WARN and not found.breaks
    assert found.found == "1.0 GiB free for data/records"
    assert "3.0 GiB are wanted" in found.advice


def test_the_speed_is_measured_and_nothing_stays(tmp_path):
    found = machine.write_speed(str(tmp_path / "new"), 4 << 20)
    assert found.found.endswith(" MB/s")
    assert os.listdir(tmp_path) == []


def test_a_disk_that_cannot_be_written_is_told(tmp_path, monkeypatch):
    def full(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("builtins.open", full)
    found = machine.write_speed(str(tmp_path), 4 << 20)
    assert found.breaks and found.found == "No space left on device"
