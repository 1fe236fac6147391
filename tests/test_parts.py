import zipfile

import pytest

from tools.engines import parts


@pytest.fixture
def commands(monkeypatch, tmp_path):
    """A folder of commands which alone is searched; write what they do."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")

    def write(name, script):
        path = folder / name
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)

    return write


def test_what_maven_says_is_told_in_one_line(commands, tmp_path):
    commands("mvn", "echo '[ERROR] no such artifact'; echo more; exit 1")
    with pytest.raises(parts.Missing) as error:
        parts.job_server(tmp_path, "9.9")
    text = str(error.value)
    assert text.startswith("Maven gives no beam-runners-flink-9.9-job-server")
    assert "--job_server_jar" in text and text.endswith(": no such artifact")


def test_prism_is_made_once(commands, tmp_path):
    commands("go", 'mkdir -p "$GOBIN"; echo "$@" > "$GOBIN/prism"')
    binary = parts.prism(tmp_path)
    assert "/cmd/prism@v" in binary.read_text()
    commands("go", "exit 1")
    assert parts.prism(tmp_path) == binary


def test_a_distribution_is_its_jars_and_no_half_one(
        monkeypatch, tmp_path):
    def give_half(words, problem, environment=None):
        raise parts.Missing(problem)

    monkeypatch.setattr(parts, "_run", give_half)
    with pytest.raises(parts.Missing, match="apache-flink-libraries 2.2"):
        parts.distribution(tmp_path, "2.2")

    def give(words, problem, environment=None):
        target, = (word for word in words if word.startswith("--dest="))
        path = f"{target.removeprefix('--dest=')}/a.whl"
        with zipfile.ZipFile(path, "w") as packed:
            packed.writestr("pyflink/lib/flink.jar", "jar")
            packed.writestr("pyflink/opt/other.jar", "jar")

    monkeypatch.setattr(parts, "_run", give)
    jars = parts.distribution(tmp_path, "2.2")
    assert [path.name for path in jars.iterdir()] == ["flink.jar"]
    assert not list(tmp_path.rglob("other.jar"))
    monkeypatch.setattr(parts, "_run", give_half)
    assert parts.distribution(tmp_path, "2.2") == jars
