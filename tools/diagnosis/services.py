"""Object stores, and what Beam's other engines are started with."""

import os
import pathlib
import re
import shutil
import subprocess
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping

from tools.diagnosis.finding import Finding, MISSING, OK, WARN

_SECONDS = 5.0
_KEYS = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")
_OTHERS = ("AWS_ENDPOINT_URL", "AWS_REGION", "AWS_DEFAULT_REGION",
           "AWS_PROFILE", "AWS_SESSION_TOKEN")
_JAVA = 17


def store(environment: Mapping[str, str],
          answers: Callable[[str], str] | None = None) -> list[Finding]:
    """What the environment says of an object store; no value is told.

    Args:
      environment: Its variables.
      answers: Tells what an address answers; raises OSError where nothing
        does.
    """
    area, name = "object store", "credentials"
    told = [key for key in (*_OTHERS, *_KEYS) if environment.get(key)]
    keys = [key for key in _KEYS if key in told]
    if not told:
        return [Finding(
            area, name, OK, "none set: local files only, or the machine's own "
            "role (BUILD.md, Object stores)")]
    if len(keys) == 1:
        other, = set(_KEYS) - set(keys)
        found = [Finding(area, name, WARN, f"{keys[0]} without {other}",
                         f"export {other}=...")]
    else:
        found = [Finding(area, name, OK, f"{', '.join(told)} set")]
    endpoint = environment.get("AWS_ENDPOINT_URL")
    if endpoint:
        try:
            said = (answers or ask)(endpoint)
            found.append(Finding(area, "endpoint", OK, said))
        except (OSError, ValueError) as error:
            reason = getattr(error, "reason", error)
            found.append(Finding(
                area, "endpoint", MISSING, f"AWS_ENDPOINT_URL: no answer "
                f"({reason})", "start the store, or export its address as in "
                "AWS_ENDPOINT_URL=http://127.0.0.1:9000"))
    return found


def ask(address: str) -> str:
    """What a server answers; OSError where there is none."""
    try:
        with urllib.request.urlopen(address, timeout=_SECONDS) as reply:
            return f"answers ({reply.status})"
    except urllib.error.HTTPError as error:
        # Who is not told who asks refuses, but is there.
        return f"answers ({error.code})"


def engines(beam: str | None, which: Callable[[str], str | None] = shutil.which
            ) -> list[Finding]:
    """Prism, Java, Maven and Go, which other engines are started with."""
    area = "clusters"
    found = []
    prism = _prism(beam, which)
    found.append(
        Finding(area, "Prism", OK, prism) if prism else
        Finding(area, "Prism", MISSING, "not found",
                "only for --runner=PrismRunner: go install github.com/apache/"
                f"beam/sdks/v2/go/cmd/prism@v{beam or '2.77.0'}"))
    java = which("java")
    if java is None:
        found.append(Finding(
            area, "Java", MISSING, "not found", "only for Flink, and for the "
            "tests of object stores: apt-get install openjdk-17-jre-headless"))
    else:
        found.append(java_version(_said(java, "-version")))
    for command, use in (("mvn", "fetches Flink's job server, and S3Proxy for "
                          "the tests: apt-get install maven"),
                         ("go", "makes Prism: https://go.dev/dl")):
        there = which(command)
        found.append(
            Finding(area, command, OK, there) if there else
            Finding(area, command, MISSING, "not found", f"only {use}"))
    return found


def java_version(said: str) -> Finding:
    """What `java -version` printed, as a finding.

    >>> java_version('openjdk version "1.8.0_392"').status
    'warn'
    """
    match = re.search(r'version "(?:1\.)?(\d+)', said)
    version = int(match[1]) if match else 0
    if version < _JAVA:
        return Finding("clusters", "Java", WARN,
                       f"{version or 'of an unknown version'}",
                       f"{_JAVA} or newer is needed: apt-get install "
                       f"openjdk-{_JAVA}-jre-headless")
    return Finding("clusters", "Java", OK, str(version))


def cards(which: Callable[[str], str | None] = shutil.which) -> str | None:
    """The cards that NVIDIA's driver lists, or None."""
    program = which("nvidia-smi")
    if program is None:
        return None
    names = _said(program, "--query-gpu=name", "--format=csv,noheader")
    return ", ".join(names.split("\n")) or None


def _prism(beam: str | None,
           which: Callable[[str], str | None]) -> str | None:
    """Where Prism's binary is: named, on PATH, made by Go or for a check."""
    home = pathlib.Path.home()
    places = [os.environ.get("MAMMOFLOW_PRISM"), which("prism"),
              home / "go/bin/prism",
              home / f".cache/mammoflow/prism-{beam}/prism"]
    return next((str(place) for place in places
                 if place and os.access(place, os.X_OK)), None)


def _said(*words: str) -> str:
    """What a command prints; nothing where it fails."""
    try:
        done = subprocess.run(words, capture_output=True, text=True,
                              check=True, timeout=2 * _SECONDS)
    except (OSError, subprocess.SubprocessError):
        return ""
    return (done.stdout + done.stderr).strip()
