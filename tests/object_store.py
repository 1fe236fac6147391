"""A real S3 server, S3Proxy on a folder, and a gate in front of it.

S3Proxy (https://github.com/gaul/s3proxy) is a server in Java that checks
signatures and keeps objects as files. `mvn dependency:get` with the artifact
below puts it where it is looked for; the environment variable
MAMMOFLOW_S3PROXY may name its jar instead. It listens on the loopback alone.

Clients go through the gate, which counts what leaves the server, and refuses
or breaks off what a test wants it to.
"""

import atexit
import collections
import contextlib
import functools
import http.client
import http.server
import os
import pathlib
import shutil
import socket
import subprocess
import tempfile
import threading
import time
import urllib.parse

import pytest

ARTIFACT = "org.gaul:s3proxy:2.9.0:jar:jar-with-dependencies"
_JAR = pathlib.Path(os.environ.get(
    "MAMMOFLOW_S3PROXY", "~/.m2/repository/org/gaul/s3proxy/2.9.0/"
    "s3proxy-2.9.0-jar-with-dependencies.jar")).expanduser()
_SECONDS_TO_START = 300
# The server goes when the tests are killed, too.
_NOT_LEFT_BEHIND = (["setpriv", "--pdeathsig", "KILL"]
                    if shutil.which("setpriv") else [])
KEY, SECRET = "test-key", "test-secret"

# Where it was asked for it must be there: CI does not skip these tests.
needs_store = pytest.mark.skipif(
    "MAMMOFLOW_S3PROXY" not in os.environ and not (
        _JAR.exists() and shutil.which("java")),
    reason="needs Java and S3Proxy: mvn dependency:get "
    f"-Dartifact={ARTIFACT}")

_SLOW_DOWN = (b"<?xml version='1.0'?><Error><Code>SlowDown</Code>"
              b"<Message>Please reduce your request rate.</Message></Error>")
_CHUNK_BYTES = 16 << 10
_HOP = {"connection", "transfer-encoding", "keep-alive", "content-length",
        "expect"}


class Gate(http.server.ThreadingHTTPServer):
    """Passes requests on to the server.

    Attributes:
      sent: Bytes of bodies that left the server, by method and path.
      requests: Methods and paths, in order.
      busy: So many requests to come are refused by 503 Slow Down.
      broken: So many bodies to come are broken off in their middle.
    """

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, port: int):
        super().__init__(("127.0.0.1", 0), _Handler)
        self.behind = port
        self.lock = threading.Lock()
        self.sent: collections.Counter = collections.Counter()
        self.requests: list[tuple[str, str]] = []
        self.busy = self.broken = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def reset(self) -> None:
        """Begins to count anew, and refuses nothing."""
        with self.lock:
            self.sent.clear()
            self.requests.clear()
            self.busy = self.broken = 0

    def taken(self, name: str) -> bool:
        """Whether one of `busy` or `broken` is left, and takes it."""
        with self.lock:
            left = getattr(self, name)
            setattr(self, name, max(0, left - 1))
            return left > 0

    def handle_error(self, request, client_address):
        """A client that went away is nothing to tell of."""


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def _pass_on(self):
        length = int(self.headers.get("Content-Length", 0))
        body = self.rfile.read(length)
        path = urllib.parse.unquote(self.path.partition("?")[0])
        with self.server.lock:
            self.server.requests.append((self.command, path))
        if self.server.taken("busy"):
            self._answer(503, {"Content-Type": "application/xml"}, _SLOW_DOWN)
            return
        behind = http.client.HTTPConnection("127.0.0.1", self.server.behind)
        with contextlib.closing(behind):
            behind.request(self.command, self.path, body, {
                name: value for name, value in self.headers.items()
                if name.lower() not in _HOP - {"content-length"}})
            answer = behind.getresponse()
            data = answer.read()
        headers = {name: value for name, value in answer.getheaders()
                   if name.lower() not in _HOP}
        size = len(data)
        if self.command == "HEAD":
            size = int(answer.getheader("Content-Length", 0))
        breaks = (self.command == "GET" and len(data) > 1
                  and self.server.taken("broken"))
        self._answer(answer.status, headers,
                     data[:len(data) // 2] if breaks else data, size)
        self.close_connection = self.close_connection or breaks

    def _answer(self, status, headers, data, size=None):
        self.send_response_only(status)
        for name, value in headers.items():
            self.send_header(name, value)
        if status != 204:
            self.send_header("Content-Length",
                             str(len(data) if size is None else size))
        self.end_headers()
        path = urllib.parse.unquote(self.path.partition("?")[0])
        for start in range(0, len(data), _CHUNK_BYTES):
            chunk = data[start:start + _CHUNK_BYTES]
            self.wfile.write(chunk)
            with self.server.lock:
                self.server.sent[self.command, path] += len(chunk)

    do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = _pass_on


@functools.cache
def start() -> Gate:
    """The gate of a server that runs until this process ends."""
    folder = tempfile.mkdtemp(prefix="mammoflow-s3-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    os.makedirs(f"{folder}/objects")
    pathlib.Path(folder, "s3proxy.conf").write_text(
        f"s3proxy.endpoint=http://127.0.0.1:{port}\n"
        "s3proxy.authorization=aws-v4\n"
        f"s3proxy.identity={KEY}\ns3proxy.credential={SECRET}\n"
        "jclouds.provider=filesystem-nio2\n"
        f"jclouds.filesystem.basedir={folder}/objects\n")
    with open(f"{folder}/log", "wb") as log:
        server = subprocess.Popen(
            [*_NOT_LEFT_BEHIND, "java", "-Xmx256m", "-XX:+UseSerialGC",
             "-XX:TieredStopAtLevel=1", "-jar", str(_JAR),
             "--properties", f"{folder}/s3proxy.conf"],
            stdout=log, stderr=log)
    atexit.register(server.wait)
    atexit.register(server.kill)
    _wait_for(port, server, f"{folder}/log")
    gate = Gate(port)
    threading.Thread(target=gate.serve_forever, daemon=True).start()
    return gate


def _wait_for(port: int, server: subprocess.Popen, log: str) -> None:
    end = time.monotonic() + _SECONDS_TO_START
    while time.monotonic() < end and server.poll() is None:
        with contextlib.suppress(OSError):
            connection = http.client.HTTPConnection("127.0.0.1", port)
            connection.request("GET", "/")
            connection.getresponse()
            return
        time.sleep(0.1)
    raise RuntimeError(f"S3Proxy did not start: {open(log).read()[-2000:]}")


def environment(gate: Gate) -> dict[str, str]:
    """What tells a program where the store is, and who asks."""
    return {"AWS_ENDPOINT_URL": gate.url, "AWS_ACCESS_KEY_ID": KEY,
            "AWS_SECRET_ACCESS_KEY": SECRET, "AWS_REGION": "us-east-1",
            "AWS_EC2_METADATA_DISABLED": "true"}


@contextlib.contextmanager
def using(gate: Gate, **changes: str):
    """This process's environment as `environment` has it."""
    from pipelines import s3

    with pytest.MonkeyPatch.context() as patch:
        for name, value in {**environment(gate), **changes}.items():
            patch.setenv(name, value)
        s3.STORE.forget()
        try:
            yield
        finally:
            s3.STORE.forget()


def make_bucket(gate: Gate, name: str) -> str:
    """Makes an empty bucket; returns its URL."""
    _client(gate).create_bucket(Bucket=name)
    return f"s3://{name}"


def unfinished_uploads(gate: Gate, bucket: str) -> list[str]:
    """Keys of uploads in several parts that did not end."""
    found = _client(gate).list_multipart_uploads(Bucket=bucket)
    return [one["Key"] for one in found.get("Uploads", ())]


def _client(gate: Gate):
    import boto3

    return boto3.session.Session().client(
        "s3", endpoint_url=gate.url, aws_access_key_id=KEY,
        aws_secret_access_key=SECRET, region_name="us-east-1")


@pytest.fixture(scope="module")
def store():
    """A gate, and an environment that leads to it."""
    gate = start()
    with using(gate):
        yield gate
