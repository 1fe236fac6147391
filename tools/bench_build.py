"""Measures how fast records are built, by transfer syntax, against others.

    python tools/bench_build.py
    python tools/bench_build.py --syntaxes=explicit+gzip --workers=1,2 \
        --rounds=5 --json=build.json
    python tools/bench_build.py --stages

For each syntax a synthetic cohort of full-size images is made, scanned and
planned. Then in each round, with the files in the page cache, all of it is
converted into both default variants by the build (`pipelines/build_records.py`
as a user starts it, headers known from before), by the same function in a pool
of forked processes without Beam, which is the floor, and by the peers of
tools/bench_pool.py, which write nothing. Every figure is a median over the
rounds, ratios are taken within a round, and smallest and largest stand in
brackets. `start` is from the process's start to the first image; rates are
from the first image to the last. CPU is that of the whole process and its
workers, its start included, and holds where others have the machine too.

--stages instead tells where an image's time goes, in one thread.
"""

import os
import sys

if not __package__:
    sys.path[0] = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))

import importlib.util
import json
import pathlib
import statistics
import tempfile
from typing import Any

from absl import flags

from pipelines import command
from pipelines import console

PATIENTS = flags.DEFINE_integer(
    "patients", 4, "Patients of each cohort, with about eight images each.")
FILES = flags.DEFINE_integer(
    "files", 96, "Copies are made until there are so many files of each.")
SYNTAXES = flags.DEFINE_list(
    "syntaxes", ["explicit+gzip", "explicit", "deflated", "rle",
                 "jpeg_lossless_sv1", "jpegls", "j2k", "htj2k"],
    "Names that tools/make_cohort.py knows; +gzip around any.")
ROUNDS = flags.DEFINE_integer("rounds", 3, "Timed rounds.")
WORKERS = flags.DEFINE_list(
    "workers", [], "Numbers of workers, the first of which is measured "
    "against the last; one a core unless given.")
PEERS = flags.DEFINE_list(
    "peers", ["pydicom", "dicomsdl"], "What else to time; none if empty. "
    "What is not installed is left out (requirements-bench.txt).")
PROCESSES = flags.DEFINE_bool(
    "processes", False, "Also time the build with processes for workers, as "
    "it has where they are more than two.")
STAGES = flags.DEFINE_bool(
    "stages", False, "Where the time of an image goes, and no race.")
JSON = flags.DEFINE_string("json", None, "File for all that was measured.")
SCRATCH = flags.DEFINE_string(
    "scratch", None, "Folder for the cohorts; a temporary one unless given.")


def _make(folder: pathlib.Path, syntax: str) -> list[pathlib.Path]:
    """Makes a cohort and its plan; returns its files."""
    from tools import benchmarks
    from tools import copies

    name, _, gzip = syntax.partition("+")
    benchmarks.make_cohort(
        folder, f"--patients={PATIENTS.value}", f"--transfer_syntaxes={name}",
        f"--gzip={'all' if gzip else 'none'}")
    files = copies.multiply(folder, FILES.value)
    benchmarks.watch([*benchmarks.build_words(folder, folder / "records"),
                      "--plan_only"])
    return files


def _peers() -> list[str]:
    found = []
    for name in PEERS.value:
        if importlib.util.find_spec(name):
            found.append(name)
        else:
            console.warning(f"{name} is not installed (requirements-bench.txt"
                            "): left out")
    return found


def _race(folder: pathlib.Path, images: int, workers: list[int],
          peers: list[str]) -> dict[str, Any]:
    """Laps by way and workers, round after round."""
    from tools import build_race

    ours = ["build", "ours"] + PROCESSES.value * ["processes"]
    contestants = [(way, count) for count in workers
                   for way in build_race.ways(folder, count, ours)]
    contestants += [(way, workers[-1]) for way in build_race.ways(
        folder, workers[-1], peers)]
    laps: dict[str, Any] = {}
    for _ in range(ROUNDS.value):
        for way, count in list(contestants):
            try:
                lap = build_race.run(way, folder, images)
            except RuntimeError as error:
                if way.name not in peers:
                    raise
                contestants.remove((way, count))
                console.warning(f"{way.name} cannot read it: "
                                f"{str(error).splitlines()[-1]}")
                continue
            laps.setdefault(f"{way.name} {count}", []).append(lap)
    return laps


def _row(syntax: str, mean_mb: float, laps: dict[str, Any],
         workers: list[int]) -> list[str]:
    from tools import build_race

    spread, most = build_race.spread, workers[-1]
    ours, floor = laps[f"build {most}"], laps[f"ours {most}"]
    images = ours[0].images
    cells = [syntax, str(images), f"{mean_mb:.1f}",
             spread([lap.start for lap in ours]),
             spread([lap.rate for lap in ours]),
             f"{statistics.median(lap.rate for lap in ours) * mean_mb:.0f}",
             spread([lap.cpu * 1000 / images for lap in ours], "{:.0f}"),
             *(spread(build_race.ratios(ours, floor, value), "{:.2f}")
               for value in (lambda lap: lap.rate, lambda lap: 1 / lap.cpu))]
    for peer in PEERS.value:
        theirs = laps.get(f"{peer} {most}", [])
        for value in (lambda lap: lap.rate), (lambda lap: 1 / lap.cpu):
            cells.append(spread(build_race.ratios(ours, theirs, value))
                         if theirs else "-")
    if PROCESSES.value:
        by_processes = laps[f"processes {most}"]
        cells += [spread([lap.start for lap in by_processes]),
                  spread([lap.rate for lap in by_processes]),
                  spread(build_race.ratios(by_processes, floor,
                                           lambda lap: lap.rate), "{:.2f}")]
    if len(workers) > 1:
        gains = [build_race.ratios(laps[f"{name} {most}"],
                                   laps[f"{name} {workers[0]}"],
                                   lambda lap: lap.rate)
                 for name in ("build", "ours")]
        cells += [spread(gain, "{:.2f}") for gain in gains]
        cells.append(spread([a / b for a, b in zip(*gains)], "{:.2f}"))
    return cells


def _header(workers: list[int]) -> list[str]:
    header = ["transfer syntax", "images", "MB each", "start s", "images/s",
              "MB/s", "CPU ms", "of the floor", "by CPU"]
    for peer in PEERS.value:
        header += [f"x {peer}", f"x {peer} by CPU"]
    if PROCESSES.value:
        header += ["by processes: start s", "images/s", "of the floor"]
    if len(workers) > 1:
        times = f"{workers[-1]} workers over {workers[0]}"
        header += [times, f"floor's {times}", "of the floor's gain"]
    return header


def main(argv: list[str]) -> None:
    import dataclasses

    from tools import benchmarks
    from tools import stage_times

    command.refuse_words(argv)
    workers = sorted(map(int, WORKERS.value)) or [
        len(os.sched_getaffinity(0))]
    peers = [] if STAGES.value else _peers()
    rows: list[list[str]] = []
    found: dict[str, Any] = {}
    for syntax in SYNTAXES.value:
        with tempfile.TemporaryDirectory(dir=SCRATCH.value) as name:
            console.info(f"{syntax} ...")
            folder = pathlib.Path(name)
            files = _make(folder, syntax)
            if STAGES.value:
                times = benchmarks.in_new_process(
                    stage_times.measure, str(folder / "records"), ROUNDS.value)
                found[syntax] = times
                rows.append([syntax, *(
                    f"{times[stage]:.1f}" for stage in stage_times.STAGES),
                    f"{sum(times.values()):.1f}"])
                continue
            images = benchmarks.in_new_process(
                stage_times.planned_images, str(folder / "records"))
            laps = _race(folder, images, workers, peers)
            found[syntax] = {way: [dataclasses.asdict(lap) for lap in of]
                             for way, of in laps.items()}
            size = sum(path.stat().st_size for path in files)
            rows.append(_row(syntax, size / len(files) / 1e6, laps, workers))
    header = (["ms of one image", *stage_times.STAGES, "all"]
              if STAGES.value else _header(workers))
    load = "{:.1f}, {:.1f}, {:.1f}".format(*os.getloadavg())
    print(f"{benchmarks.machine()}, load averages {load}")
    print(benchmarks.table(header, rows))
    if JSON.value:
        pathlib.Path(JSON.value).write_text(json.dumps({
            "machine": benchmarks.machine(), "load": os.getloadavg(),
            "files": FILES.value, "rounds": ROUNDS.value,
            "workers": workers, "found": found}, indent=2) + "\n",
            encoding="utf-8")


if __name__ == "__main__":
    command.run(main)
