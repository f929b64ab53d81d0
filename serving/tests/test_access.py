"""The guard in front of the MLflow server: who gets in, and what the others are told."""

import asyncio
import base64
import json
import os
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from tollgate_serving.access import PasswordGuard, read_password
from tollgate_serving.errors import UserError
from tollgate_serving.fetch import Pinned, download
from tollgate_serving.registry_credentials import VARIABLE

PASSWORD = "0123456789abcdef0123456789abcdef01234567"


def ask(path="/api/2.0/mlflow/experiments/search", headers=(), kind="http"):
    """What the application was asked, and what was sent back."""
    asked, sent = [], []

    async def app(scope, receive, send):
        asked.append(scope["path"])

    async def send(message):
        sent.append(message)

    scope = {"type": kind, "path": path, "headers": [(b"authorization", h) for h in headers]}
    asyncio.run(PasswordGuard(app, PASSWORD)(scope, None, send))
    return asked, sent


def basic(user, password):
    return b"Basic " + base64.b64encode(f"{user}:{password}".encode())


@pytest.mark.parametrize(
    "header",
    [
        basic("tollgate", PASSWORD),
        b"basic " + basic("tollgate", PASSWORD)[6:],
        b"Bearer " + PASSWORD.encode(),
    ],
)
def test_lets_in_who_has_the_password(header):
    asked, sent = ask(headers=[header])
    assert (len(asked), sent) == (1, [])


@pytest.mark.parametrize(
    "headers",
    [
        [],
        [b""],
        [b"Basic"],
        [b"Basic !!!"],
        [b"Bearer "],
        [b"Bearer \xff\xfe"],
        [b"Digest " + PASSWORD.encode()],
        [basic("tollgate", "")],
        [basic("tollgate", PASSWORD[:-1])],
        [basic("tollgate", PASSWORD + "0")],
        [basic("admin", PASSWORD)],
        [basic("tollgate", PASSWORD.upper())],
        # Two headers: which one counts would be another server's guess.
        [b"Bearer " + PASSWORD.encode(), b"Bearer x"],
    ],
)
@pytest.mark.parametrize(
    "path", ["/", "/version", "/health/", "//health", "/healthz", "/api/2.0/mlflow/runs/create"]
)
def test_refuses_everybody_else_and_says_what_to_do(headers, path):
    asked, (start, body) = ask(path, headers)
    assert asked == []
    assert start["status"] == 401
    assert dict(start["headers"])[b"www-authenticate"].startswith(b"Basic ")
    answer = json.loads(body["body"])
    assert answer["error_code"] == "UNAUTHENTICATED"
    assert "tollgate env" in answer["message"]
    assert PASSWORD not in str(answer)


def test_says_to_everybody_whether_it_runs():
    asked, _ = ask("/health")
    assert asked == ["/health"]


def test_closes_a_websocket_without_the_password():
    asked, sent = ask("/health", kind="websocket")
    assert (asked, sent) == ([], [{"type": "websocket.close", "code": 1008}])


def test_reads_a_password_and_refuses_one_that_guards_nothing(tmp_path):
    file = tmp_path / "password"
    file.write_text(PASSWORD + "\n")
    assert read_password(file) == PASSWORD
    for text, said in [("", "has 0 characters"), ("short", "has 5 characters")]:
        file.write_text(text)
        with pytest.raises(UserError, match=said):
            read_password(file)
    with pytest.raises(UserError, match="run up again to make it"):
        read_password(tmp_path / "missing")


def test_gives_a_download_the_password_and_leaves_none_behind(tmp_path, monkeypatch):
    seen = []

    class Registry(BaseHTTPRequestHandler):
        def do_GET(self):
            seen.append(self.headers["authorization"])
            self.send_error(404)

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Registry)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    file = tmp_path / "registry-password"
    file.write_text(PASSWORD)
    monkeypatch.setenv(VARIABLE, str(file))
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"http://127.0.0.1:{server.server_port}")
    pinned = Pinned("models:/churn-model/1", "churn-model", "1", "sha256:" + "0" * 64)
    try:
        with pytest.raises(UserError, match="can't be downloaded"):
            download(pinned, tmp_path / "bytes")
    finally:
        server.shutdown()
    assert set(seen) == {basic("tollgate", PASSWORD).decode()}
    assert PASSWORD not in str(dict(os.environ))


def test_says_so_when_the_password_of_a_download_is_missing(tmp_path, monkeypatch):
    monkeypatch.setenv(VARIABLE, str(tmp_path / "missing"))
    pinned = Pinned("models:/churn-model/1", "churn-model", "1", "sha256:" + "0" * 64)
    with pytest.raises(UserError, match=r"password can't be read .* run up again to make it"):
        download(pinned, tmp_path / "bytes")
