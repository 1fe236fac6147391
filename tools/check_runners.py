r"""Builds one small cohort on several engines of Beam's and compares bytes.

    python tools/check_runners.py
    python tools/check_runners.py --runners=prism,workers,flink --kills=10

DirectRunner's build is what the others must equal, file by file. `prism` is
Beam's Prism with workers of the launcher's own process; `workers` is Prism
with worker processes of a pool; `flink` is a Flink cluster of this machine as
tools/flink_cluster.py starts it. With --kills a worker process, or a task
manager of Flink's, is killed with SIGKILL in mid-build, so many times. Prism
is made by `go install`, unless --prism names it. Ends with status 1 where
anything differs.
"""

import os
import sys

if not __package__:
    sys.path[0] = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))

import contextlib
import logging
import pathlib
import subprocess
import tempfile

from absl import flags

from pipelines import command

NAMES = ("prism", "workers", "flink")

RUNNERS = flags.DEFINE_list(
    "runners", ["prism", "workers"], f"Which, of {', '.join(NAMES)}.")
KILLS = flags.DEFINE_integer(
    "kills", 0, "Kill a worker in mid-build so many times.", lower_bound=0)
PRISM = flags.DEFINE_string("prism", None, "Prism's binary.")
JOB_SERVER_JAR = flags.DEFINE_string(
    "job_server_jar", None, "Beam's job server for Flink, if it need not be "
    "fetched.")
FLINK_VERSION = flags.DEFINE_string(
    "flink_version", "2.2", "Version of Flink.")
CACHE = flags.DEFINE_string(
    "cache", "~/.cache/mammoflow", "Folder that keeps what is fetched.")
PATIENTS = flags.DEFINE_integer("patients", 20, "Of the cohort.")
SCALE = flags.DEFINE_float("scale", 0.1, "Size of its images, as "
                           "tools/make_cohort.py has it.")


def _engines(names, folder: pathlib.Path, stack: contextlib.ExitStack):
    """The engines by name, started."""
    from tools.engines import flink
    from tools.engines import parts
    from tools.engines import trial

    cache = pathlib.Path(CACHE.value).expanduser()
    # All is fetched before anything is started.
    prism = jars = server = None
    if {"prism", "workers"} & set(names):
        prism = PRISM.value or parts.prism(cache)
    if "flink" in names:
        version = FLINK_VERSION.value
        server = pathlib.Path(JOB_SERVER_JAR.value or parts.job_server(
            cache, version)).absolute()
        jars = parts.distribution(cache, version)
    cluster = flink.Cluster(folder, flink.Size())
    stack.callback(cluster.processes.stop)
    by_prism = ["--runner=PrismRunner", f"--prism_location={prism}"]
    if "prism" in names:
        yield trial.Engine("prism", by_prism)
    if jars:
        cluster.start(jars, server)

        def mend():
            cluster.start_task_manager(0)
            cluster.wait()

        yield trial.Engine(
            "flink", cluster.beam_words(),
            lambda: [cluster.processes.running()["taskmanager-0"]], mend)
    if "workers" in names:
        if not jars:
            cluster.start_pool()
            cluster.wait_for_pool()
        yield trial.Engine(
            "workers", [*by_prism, *cluster.pool_words()],
            lambda: cluster.processes.running()["workers"].children())


def _check(folder: pathlib.Path, stack: contextlib.ExitStack) -> None:
    from tools import benchmarks
    from tools.engines import trial

    cohort = folder / "cohort"
    direct = trial.Engine("DirectRunner", ["--runner=DirectRunner"])
    engines = list(_engines(RUNNERS.value, folder / "cluster", stack))
    benchmarks.make_cohort(cohort, f"--patients={PATIENTS.value}",
                           f"--scale={SCALE.value}")
    print(f"{direct.name}: {trial.build(cohort, direct):.1f} s", flush=True)
    for engine in engines:
        seconds = trial.build(cohort, engine)
        files = trial.compare(cohort, engine, direct)
        print(f"{engine.name}: {seconds:.1f} s, {files} files equal",
              flush=True)
        for number in range(KILLS.value if engine.victims else 0):
            became = trial.kill(cohort, engine)
            files = trial.compare(cohort, engine, direct)
            print(f"{engine.name}, kill {number + 1}: {became}; {files} files "
                  "equal, none temporary", flush=True)


def main(argv: list[str]) -> int:
    # Beam tells, as it is imported, what of Google's is missing.
    logging.disable(logging.WARNING)
    command.refuse_words(argv)
    unknown = sorted(set(RUNNERS.value) - set(NAMES))
    if unknown:
        raise command.UsageError(f"--runners={','.join(unknown)}: there are "
                                 f"{', '.join(NAMES)}")
    with (tempfile.TemporaryDirectory() as folder,
          contextlib.ExitStack() as stack):
        try:
            _check(pathlib.Path(folder), stack)
        except (RuntimeError, subprocess.SubprocessError) as error:
            return command.fail(error)
    return command.DONE


if __name__ == "__main__":
    command.run(main)
