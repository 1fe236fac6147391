"""Object stores and other engines, as far as this machine has them."""

import http.server
import threading
import urllib.error

import pytest

from tools.diagnosis import services
from tools.diagnosis.finding import MISSING, OK, WARN

KEYS = {"AWS_ACCESS_KEY_ID": "AKIA123", "AWS_SECRET_ACCESS_KEY": "hush"}


def no_answer(address):
    raise urllib.error.URLError(ConnectionRefusedError(111, "refused"))


@pytest.mark.parametrize("environment, statuses, text", [
    ({}, [OK], "none set"),
    (KEYS, [OK], "AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY set"),
    ({"AWS_ACCESS_KEY_ID": "AKIA123"}, [WARN],
     "export AWS_SECRET_ACCESS_KEY=..."),
    ({**KEYS, "AWS_ENDPOINT_URL": "http://127.0.0.1:9"}, [OK, MISSING],
     "no answer"),
])
def test_the_environment_says_whose_store(environment, statuses, text):
    found = services.store(environment, no_answer)
    assert [one.status for one in found] == statuses
    told = "; ".join(f"{one.found}; {one.advice}" for one in found)
    assert text in told
    assert "AKIA123" not in told and "hush" not in told
    assert not any(one.breaks for one in found)


class _Refusing(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_error(403)

    def log_message(self, *_):
        pass


def test_who_refuses_a_stranger_is_there():
    with http.server.HTTPServer(("127.0.0.1", 0), _Refusing) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        address = f"http://127.0.0.1:{server.server_port}"
        found = services.store({**KEYS, "AWS_ENDPOINT_URL": address})
        server.shutdown()
        thread.join()
    assert (found[1].status, found[1].found) == (OK, "answers (403)")


def test_a_malformed_address_is_no_answer():
    found = services.store({"AWS_ENDPOINT_URL": "127.0.0.1:9000"})
    assert found[1].status == MISSING


@pytest.mark.parametrize("said, status, found", [
    ('openjdk version "17.0.11" 2024-04-16', OK, "17"),
    ('java version "1.8.0_392"', WARN, "8"),
    ("", WARN, "of an unknown version")])
def test_java_is_new_enough(said, status, found):
    one = services.java_version(said)
    assert (one.status, one.found) == (status, found)


def test_engines_that_are_not_there_say_how_to_have_them(
        monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("MAMMOFLOW_PRISM", raising=False)
    found = services.engines("2.77.0", lambda name: None)
    assert [one.status for one in found] == 4 * [MISSING]
    assert found[0].advice.endswith("cmd/prism@v2.77.0")
    assert not any(one.breaks for one in found)


def test_prism_is_found_where_go_puts_it(monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("MAMMOFLOW_PRISM", raising=False)
    binary = tmp_path / "go/bin/prism"
    binary.parent.mkdir(parents=True)
    binary.write_text("")
    binary.chmod(0o755)
    prism, *_ = services.engines("2.77.0", lambda name: None)
    assert (prism.status, prism.found) == (OK, str(binary))


def test_without_a_driver_there_are_no_cards(tmp_path):
    assert services.cards(lambda name: None) is None
    program = tmp_path / "nvidia-smi"
    program.write_text("#!/bin/sh\necho TITAN X\necho TITAN X\n")
    program.chmod(0o755)
    assert services.cards(lambda name: str(program)) == "TITAN X, TITAN X"
