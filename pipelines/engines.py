"""The engines that Beam runs on beside its embedded one.

What they need is checked before any work, and where they fail their many
lines of log become the one that a person can act on.
"""

import contextlib
import json
import re
import socket
import urllib.request
from typing import Any

import grpc
import pyarrow as pa
import pyarrow.compute as pc

from pipelines import beam_options

_SECONDS = 10.0
# Where Beam's runners start an engine, or find its address, by themselves.
_NO_FLINK_MASTER = ("[local]", "[auto]")
_LOCAL_SPARK = re.compile(r"local(\[.+\])?")
_ABSOLUTE = r"^(/|[A-Za-z][A-Za-z0-9+.-]*://)"
_RAISED = re.compile(
    r"Traceback \(most recent call last\):\n(?:[ \t].*\n|\n)*(\S.*)")
# Beam adds the step to what a worker raised.
_STEP = re.compile(r" \[while running '[^']*'\]")


class EngineError(ValueError):
    """The engine that the flags name cannot do this build."""


def name(options: Any) -> str:
    """The runner's name, as `--runner` has it."""
    from apache_beam.options.pipeline_options import StandardOptions

    return options.view_as(StandardOptions).runner


def workers_elsewhere(options: Any) -> bool:
    """Whether workers are processes with a current folder of their own."""
    from apache_beam.options import pipeline_options as beams

    kind = options.view_as(beams.PortableOptions).environment_type
    if beam_options.is_embedded(options) or kind:
        return bool(kind) and kind != "LOOPBACK"
    if name(options) == "FlinkRunner":
        flink = options.view_as(beams.FlinkRunnerOptions)
        return flink.flink_master not in _NO_FLINK_MASTER
    if name(options) == "SparkRunner":
        spark = options.view_as(beams.SparkRunnerOptions)
        return not _LOCAL_SPARK.fullmatch(spark.spark_master_url)
    return name(options) != "PrismRunner"


def check(options: Any) -> None:
    """Raises EngineError where nothing answers at the engine's address.

    Beam itself waits a minute or more and then shows a stack of Java's.
    """
    from apache_beam.options import pipeline_options as beams

    if beam_options.is_embedded(options):
        return
    portable = options.view_as(beams.PortableOptions)
    endpoint = portable.job_endpoint
    if endpoint and endpoint != "embed":
        _check_port("job_endpoint", endpoint, "job server")
    if (name(options) == "PrismRunner"
            and portable.environment_type == "EXTERNAL"):
        # Prism runs on this machine, so its workers' pool is seen from here.
        _check_port("environment_config", f"{portable.environment_config}",
                    "worker pool")
    if name(options) == "FlinkRunner":
        _check_flink(options.view_as(beams.FlinkRunnerOptions),
                     starts_server=not endpoint)


def check_paths(options: Any, output: str, listed: pa.ChunkedArray) -> None:
    """Raises EngineError for paths that a worker elsewhere cannot follow.

    Args:
      options: Beam's `PipelineOptions`.
      output: Folder of the data set.
      listed: Paths of the files to read.
    """
    if not workers_elsewhere(options):
        return
    relative = listed.filter(
        pc.invert(pc.match_substring_regex(listed, _ABSOLUTE)))
    if not re.match(_ABSOLUTE, output):
        wrong = f"--output={output}"
    elif len(relative):
        wrong = f"the file {relative[0].as_py()}"
    else:
        return
    raise EngineError(
        f"{wrong}: the workers of {name(options)} have a current folder of "
        "their own; give absolute paths, which all of them and this machine "
        "see alike")


def failure(error: Exception) -> str:
    r"""What a runner's error comes down to, in one line.

    >>> failure(RuntimeError("instruction 3: Traceback (most recent call "
    ...     "last):\n  File x, line 1\nKeyError: 'rows'\n\tat Java.java"))
    "KeyError: 'rows'"
    """
    if isinstance(error, grpc.Call):
        return f"{error.details()}"
    text = str(error).strip()
    raised = _RAISED.findall(text)
    line = raised[-1] if raised else (text.splitlines() or [repr(error)])[0]
    return _STEP.sub("", line)


def _check_port(flag: str, address: str, server: str) -> None:
    host, _, port = address.rpartition(":")
    try:
        socket.create_connection((host, int(port)), _SECONDS).close()
    except (OSError, ValueError, OverflowError) as error:
        raise EngineError(
            f"--{flag}={address}: nothing answers there ({error}); expected "
            f"HOST:PORT of a {server} of Beam's, as in localhost:50000"
        ) from error


def _check_flink(flink: Any, starts_server: bool) -> None:
    if flink.flink_master in _NO_FLINK_MASTER:
        return
    found, wanted = _flink_version(flink.flink_master), flink.flink_version
    own_jar = flink.flink_job_server_jar
    if starts_server and not own_jar and not found.startswith(f"{wanted}."):
        raise EngineError(
            f"--flink_master={flink.flink_master} runs Flink {found}, but "
            f"Beam's job server would be for {wanted}: give "
            f"--flink_version={'.'.join(found.split('.')[:2])}")


def _flink_version(master: str) -> str:
    url = master if "://" in master else f"http://{master}"
    # No proxy: Beam's job server, which goes there next, knows of none.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with contextlib.closing(opener.open(
                f"{url.rstrip('/')}/overview", timeout=_SECONDS)) as reply:
            return json.load(reply)["flink-version"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        reason = getattr(error, "reason", error)
        raise EngineError(
            f"--flink_master={master}: no job manager of Flink answers there "
            f"({reason}); expected HOST:PORT of its web interface, as in "
            "localhost:8081") from error
