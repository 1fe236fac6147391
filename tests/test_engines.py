import contextlib
import http.server
import json
import socket
import threading

import pyarrow as pa
import pytest

from pipelines import beam_options
from pipelines import engines

EXTERNAL = ["--environment_type=EXTERNAL",
            "--environment_config=localhost:50000"]
CLUSTER = ["--runner=FlinkRunner", "--flink_master=flink:8081"]


def options(*words):
    return beam_options.parse(words, [])


def listed(*paths):
    return pa.chunked_array([list(paths)], pa.string())


@contextlib.contextmanager
def job_manager(answer):
    """A web interface that answers everything so; yields its address."""
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_):
            pass

    with http.server.HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@contextlib.contextmanager
def closed_port():
    """An address where nobody listens."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        yield f"127.0.0.1:{held.getsockname()[1]}"


@pytest.mark.parametrize("words, elsewhere", [
    ([], False),
    (["--runner=PrismRunner"], False),
    (["--runner=PrismRunner", *EXTERNAL], True),
    (["--runner=FlinkRunner"], False),
    (CLUSTER, True),
    ([*CLUSTER, "--environment_type=LOOPBACK"], False),
    (["--runner=SparkRunner"], False),
    (["--runner=SparkRunner", "--spark_master_url=spark://h:7077"], True),
    (["--runner=DataflowRunner"], True),
])
def test_workers_are_elsewhere_unless_they_are_of_this_process(
        words, elsewhere):
    assert engines.workers_elsewhere(options(*words)) is elsewhere


@pytest.mark.parametrize("output, path, wrong", [
    ("/out", "/in/a.dcm", None),
    ("/out", "s3://bucket/a.dcm", None),
    ("data/records", "/in/a.dcm", "--output=data/records"),
    ("/out", "in/a.dcm", "the file in/a.dcm"),
])
def test_workers_elsewhere_need_absolute_paths(output, path, wrong):
    files = listed("/in/0.dcm", path)
    engines.check_paths(options(), output, files)
    if wrong is None:
        engines.check_paths(options(*CLUSTER), output, files)
        return
    with pytest.raises(engines.EngineError, match="give absolute paths") as e:
        engines.check_paths(options(*CLUSTER), output, files)
    assert str(e.value).startswith(f"{wrong}: the workers of FlinkRunner")


@pytest.mark.parametrize("words, flag", [
    (["--runner=FlinkRunner", "--flink_master={}"], "--flink_master="),
    (["--runner=FlinkRunner", "--flink_master=http://{}"], "--flink_master="),
    (["--runner=PortableRunner", "--job_endpoint={}"], "--job_endpoint="),
    (["--runner=FlinkRunner", "--job_endpoint={}"], "--job_endpoint="),
    (["--runner=PrismRunner", "--environment_type=EXTERNAL",
      "--environment_config={}"], "--environment_config="),
])
def test_an_address_where_nothing_answers_is_one_clear_error(words, flag):
    with closed_port() as address:
        with pytest.raises(engines.EngineError) as error:
            engines.check(options(*(word.format(address) for word in words)))
    assert str(error.value).startswith(flag)
    assert "Connection refused" in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("answer", [b"<html>", b"{}", b"[]"])
def test_another_servers_answer_is_not_a_job_managers(answer):
    with job_manager(answer) as address:
        with pytest.raises(engines.EngineError, match="no job manager"):
            engines.check(options("--runner=FlinkRunner",
                                  f"--flink_master={address}"))


@pytest.mark.parametrize("runs, words, right", [
    ("2.0.1", ["--flink_version=2.0"], None),
    ("2.0.1", ["--flink_version=2.2"], "--flink_version=2.0"),
    ("1.20.3", ["--flink_version=2.0"], "--flink_version=1.20"),
    ("2.0.1", ["--flink_job_server_jar=own.jar"], None),
])
def test_the_job_server_must_fit_the_flink_that_runs(runs, words, right):
    answer = json.dumps({"flink-version": runs}).encode()
    with job_manager(answer) as address:
        chosen = options("--runner=FlinkRunner", f"--flink_master={address}",
                         *words)
        if right is None:
            engines.check(chosen)
            return
        with pytest.raises(engines.EngineError, match=f"give {right}$"):
            engines.check(chosen)


@pytest.mark.parametrize("text, line", [
    ("the job was cancelled\n\tat Java.java:1", "the job was cancelled"),
    ("x: Traceback (most recent call last):\n  File\n\nOSError: full\n\n"
     "During handling of it:\n\nTraceback (most recent call last):\n"
     "  File\n    ^^^\nBuildFailed: disk\n\tat Java", "BuildFailed: disk"),
    ("", "RuntimeError('')"),
])
def test_a_failure_comes_down_to_one_line(text, line):
    assert engines.failure(RuntimeError(text)) == line
