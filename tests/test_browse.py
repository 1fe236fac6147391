"""The script that serves a data set's page."""

import contextlib
import http.client
import pathlib
import re
import signal
import socket
import subprocess
import sys

import pytest

from tests import built

ROOT = pathlib.Path(__file__).parents[1]
SCRIPT = [sys.executable, str(ROOT / "tools/browse.py")]


@pytest.fixture(scope="module", name="records")
def _records(tmp_path_factory):
    root = tmp_path_factory.mktemp("data") / "records"
    built.write(str(root))
    return str(root)


@contextlib.contextmanager
def served(*words):
    """Runs the script; yields the process and its port."""
    with subprocess.Popen([*SCRIPT, "--port=0", *words], text=True,
                          stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE) as process:
        try:
            told = process.stdout.readline()
            match = re.search(r"http://127\.0\.0\.1:(\d+)/ ", told)
            assert match, told + process.stderr.read()
            yield process, int(match[1])
        finally:
            process.kill()


def get(port, path="/", host="127.0.0.1"):
    connection = http.client.HTTPConnection(host, port, timeout=60)
    connection.request("GET", path)
    response = connection.getresponse()
    return response.status, response.read()


def test_it_serves_the_page_until_it_is_interrupted(records):
    with served(f"--records={records}") as (process, port):
        status, page = get(port)
        assert status == 200 and b"<title>Mammoflow</title>" in page
        status, answer = get(port, "/api/page")
        assert status == 200 and b'"total": 15' in answer
        # Connections that a browser keeps open do not hold it up.
        with socket.create_connection(("127.0.0.1", port)):
            process.send_signal(signal.SIGINT)
            assert process.wait(60) == 0
        assert process.stderr.read() == ""


def test_it_listens_on_the_loopback_only(records):
    """127.0.0.2 is this machine's, too, as its address in the network is."""
    with served(f"--records={records}") as (_, port):
        assert get(port)[0] == 200
        if sys.platform == "linux":
            with pytest.raises(ConnectionRefusedError):
                get(port, host="127.0.0.2")


def test_neither_tensorflow_nor_beam_is_imported(records):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        done = subprocess.run(
            [sys.executable, "-X", "importtime", *SCRIPT[1:],
             f"--records={records}", f"--port={taken.getsockname()[1]}"],
            text=True, capture_output=True, check=False)
    assert "is taken" in done.stderr
    imported = {line.rpartition("|")[2].strip()
                for line in done.stderr.splitlines()}
    assert "werkzeug" in imported
    assert not imported & {"tensorflow", "apache_beam", "keras"}


def run(*words):
    return subprocess.run([*SCRIPT, *words], text=True, capture_output=True,
                          timeout=120, check=False)


@pytest.mark.parametrize("words, message", [
    (["--records=nowhere"], "no data set in nowhere; build one there with"),
    (["--run_dir=nowhere"], "there is no run in nowhere"),
    (["--records=s3://bucket/records"], "there are no credentials"),
])
def test_what_is_wrong_is_told_in_one_line(records, words, message):
    done = run(f"--records={records}", *words)
    assert done.returncode == 1 and done.stdout == ""
    assert message in done.stderr and done.stderr.count("\n") == 1


def test_a_run_that_was_not_evaluated_names_the_command(records, tmp_path):
    from tests import runs_made

    run_dir = runs_made.write(tmp_path / "run", runs_made.document())
    done = run(f"--records={records}", f"--run_dir={run_dir}")
    assert done.returncode == 1
    assert f"python model/evaluate.py --run_dir={run_dir}" in done.stderr


def test_a_port_that_is_taken_is_told(records):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = run(f"--records={records}", f"--port={port}")
    assert done.returncode == 1
    assert f"--port={port} is taken" in done.stderr
    assert done.stderr.count("\n") == 1


def test_a_damaged_table_ends_it(tmp_path):
    built.write(str(tmp_path))
    part = tmp_path / "metadata" / "part-00000.parquet"
    part.write_bytes(part.read_bytes()[:-30])
    done = run(f"--records={tmp_path}", "--port=0")
    assert done.returncode == 1
    assert "part-00000.parquet" in done.stderr
    assert done.stderr.count("\n") == 1


def test_unknown_words_are_an_error():
    done = run("data/records")
    assert done.returncode == 1 and "unexpected" in done.stderr
