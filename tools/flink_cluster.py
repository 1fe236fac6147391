r"""Starts and stops a small Flink cluster on this machine, to try it.

    python tools/flink_cluster.py start
    python tools/flink_cluster.py stop

A job manager, task managers, Beam's job server and a pool of Beam workers,
all of which listen on loopback alone. What is missing is fetched by pip and
mvn into --cache: Flink's distribution from PyPI (300 MB), Beam's job server
from Maven Central. Prints the flags by which a build reaches it. Needs Java.
"""

import os
import sys

if not __package__:
    sys.path[0] = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))

import logging
import pathlib

from absl import flags

from pipelines import command

FOLDER = flags.DEFINE_string(
    "folder", "/tmp/mammoflow-flink", "Folder of its configuration and logs.")
CACHE = flags.DEFINE_string(
    "cache", "~/.cache/mammoflow", "Folder that keeps what is fetched.")
FLINK_VERSION = flags.DEFINE_string(
    "flink_version", None, "Version of Flink, as in 2.2; the newest that the "
    "installed Beam has a job server for unless given.")
TASK_MANAGERS = flags.DEFINE_integer(
    "task_managers", 2, "How many.", lower_bound=1)
SLOTS = flags.DEFINE_integer(
    "slots", 2, "Tasks at a time in each task manager.", lower_bound=1)
HEAP_MB = flags.DEFINE_integer(
    "heap_mb", 512, "Heap of each Java process, MB.", lower_bound=256)
JOB_SERVER = flags.DEFINE_bool(
    "job_server", True, "Start Beam's job server too; without it each build "
    "starts one of its own.")
JOB_SERVER_JAR = flags.DEFINE_string(
    "job_server_jar", None, "Beam's job server, if it need not be fetched.")


def _start(folder: pathlib.Path) -> None:
    from apache_beam.options import pipeline_options

    from tools.engines import flink
    from tools.engines import parts
    from tools.engines import processes

    if processes.Processes(folder).running():
        raise ValueError(f"one runs in {folder} already; stop it, or give "
                         "another --folder")
    version = FLINK_VERSION.value or (
        pipeline_options.FlinkRunnerOptions.PUBLISHED_FLINK_VERSIONS[-1])
    cache = pathlib.Path(CACHE.value).expanduser()
    jars = parts.distribution(cache, version)
    server = None
    if JOB_SERVER_JAR.value:
        server = pathlib.Path(JOB_SERVER_JAR.value).resolve(strict=True)
    elif JOB_SERVER.value:
        server = parts.job_server(cache, version)
    cluster = flink.Cluster(folder, flink.Size(
        TASK_MANAGERS.value, SLOTS.value, HEAP_MB.value))
    try:
        cluster.start(jars, server)
    except BaseException:
        cluster.processes.stop()
        raise
    words = cluster.beam_words()
    if server is None:
        words.append(f"--flink_version={version}")
    print(f"Flink {version} at http://{cluster.master}, its logs in {folder}."
          "\nPaths must be absolute:\n"
          "  python pipelines/build_records.py " + " \\\n      ".join(words)
          + " \\\n      --dicoms=/ARCHIVE --label_table=/REGISTER.csv "
          "--output=/RECORDS")


def main(argv: list[str]) -> int:
    from tools.engines import processes

    # Beam tells, as it is imported, what of Google's is missing.
    logging.disable(logging.WARNING)
    folder = pathlib.Path(FOLDER.value).absolute()
    if argv[1:] == ["stop"]:
        print(f"{processes.Processes(folder).stop()} processes stopped")
    elif argv[1:] == ["start"]:
        try:
            _start(folder)
        except RuntimeError as error:
            return command.fail(error)
    else:
        raise command.UsageError("say start or stop")
    return command.DONE


if __name__ == "__main__":
    command.run(main)
