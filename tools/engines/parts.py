"""Fetches what Beam's other engines need, by public commands."""

import os
import pathlib
import shutil
import subprocess
import sys
import zipfile

# Flink's own distribution is on PyPI as the libraries of its Python API.
_DISTRIBUTION = "apache-flink-libraries"
_PRISM = "github.com/apache/beam/sdks/v2/go/cmd/prism"
_MAVEN_COPY = "org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy"


class Missing(RuntimeError):
    """Something cannot be had; the text says what and what to do."""


def distribution(cache: pathlib.Path, version: str) -> pathlib.Path:
    """Flink's jars.

    Args:
      cache: Folder that keeps them.
      version: Such as `2.2`; its newest patch is taken.

    Returns:
      The folder of the jars.

    Raises:
      Missing: PyPI has no such version, or cannot be reached.
    """
    folder = cache / f"flink-{version}"
    if not folder.exists():
        half = cache / f"flink-{version}.half"
        shutil.rmtree(half, ignore_errors=True)
        half.mkdir(parents=True)
        _run([sys.executable, "-m", "pip", "download", "--quiet",
              "--no-deps", f"--dest={half}",
              f"{_DISTRIBUTION}=={version}.*"],
             f"PyPI gives no {_DISTRIBUTION} {version}")
        wheel, = half.glob("*.whl")
        with zipfile.ZipFile(wheel) as packed:
            packed.extractall(half, [
                name for name in packed.namelist()
                if name.startswith("pyflink/lib/")])
        wheel.unlink()
        half.rename(folder)
    return folder / "pyflink" / "lib"


def job_server(cache: pathlib.Path, version: str) -> pathlib.Path:
    """Beam's job server for a version of Flink, of the Beam installed here.

    Raises:
      Missing: Maven Central has none, or cannot be reached.
    """
    from apache_beam.version import __version__ as beam_version

    artifact = f"beam-runners-flink-{version}-job-server"
    jar = cache / f"{artifact}-{beam_version}.jar"
    if not jar.exists():
        cache.mkdir(parents=True, exist_ok=True)
        _run(["mvn", "--quiet", "--batch-mode", _MAVEN_COPY,
              f"-Dartifact=org.apache.beam:{artifact}:{beam_version}",
              "-Dtransitive=false", f"-DoutputDirectory={cache}"],
             f"Maven gives no {artifact} {beam_version} (a jar of your own: "
             "--job_server_jar; the cluster alone: --nojob_server)")
    return jar


def prism(cache: pathlib.Path) -> pathlib.Path:
    """Prism's binary, of the Beam installed here, made by Go.

    Raises:
      Missing: There is no Go, or its modules cannot be reached.
    """
    from apache_beam.version import __version__ as beam_version

    folder = cache.absolute() / f"prism-{beam_version}"
    if not (folder / "prism").exists():
        _run(["go", "install", f"{_PRISM}@v{beam_version}"],
             f"Go makes no Prism {beam_version}", {"GOBIN": str(folder)})
    return folder / "prism"


def _run(words: list[str], problem: str,
         environment: dict[str, str] | None = None) -> None:
    if shutil.which(words[0]) is None:
        raise Missing(f"{problem}: there is no {words[0]} here")
    done = subprocess.run(words, capture_output=True, text=True, check=False,
                          env={**os.environ, **(environment or {})})
    if done.returncode:
        lines = (done.stderr + done.stdout).strip().splitlines()
        said = next((line for line in lines if "ERROR" in line),
                    lines[-1] if lines else f"{words[0]} failed")
        raise Missing(f"{problem}: {said.partition('[ERROR] ')[2] or said}")
