"""Real servers for the tests: the registry, the scorer as a process, the scorer in a thread."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import uvicorn
from tollgate_serving.app import ScorerApp
from tollgate_serving.digest import digest_of_folder
from tollgate_serving.fetch import Pinned
from tollgate_serving.metrics import Metrics
from tollgate_serving.model import LoadedModel, load
from tollgate_serving.server import http_settings
from tollgate_serving.state import State

SERVING = Path(__file__).resolve().parent.parent


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def eventually(condition, seconds: float = 60, step: float = 0.05) -> None:
    """Waits until the condition holds; an assertion error after ``seconds``."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it didn't happen in time"
        time.sleep(step)


def ask(
    port: int, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None
) -> tuple[int, Any, dict[str, str]]:
    """Status, document (JSON where it is) and headers of one request on a connection of its own."""
    data = json.dumps(body).encode() if isinstance(body, (dict, list)) else body
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        connection.request(method, path, data, headers or {"content-type": "application/json"})
        answer = connection.getresponse()
        text = answer.read()
        found = {name.lower(): value for name, value in answer.getheaders()}
        is_json = found.get("content-type", "").startswith("application/json")
        return answer.status, json.loads(text) if is_json else text.decode(), found
    finally:
        connection.close()


class MlflowServer:
    """A tracking server on SQLite and a folder."""

    def __init__(self, folder: Path):
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.port = free_port()
        self.uri = f"http://127.0.0.1:{self.port}"
        self._process: subprocess.Popen | None = None

    def start(self) -> None:
        command = [sys.executable, "-m", "mlflow", "server", "--workers", "1"]
        command += ["--backend-store-uri", f"sqlite:///{self.folder}/mlflow.db"]
        command += ["--artifacts-destination", str(self.folder / "artifacts")]
        command += ["--host", "127.0.0.1", "--port", str(self.port)]
        scripts = str(Path(sys.executable).parent)
        environment = {
            **os.environ,
            "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
            "PATH": os.pathsep.join([scripts, os.environ.get("PATH", "")]),
        }
        with open(self.folder / "server.log", "a") as log:
            self._process = subprocess.Popen(
                command, env=environment, stdout=log, stderr=log, start_new_session=True
            )
        try:
            eventually(self._healthy, 240, 0.2)
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Ends the group, because the server is a child of the command."""
        if self._process is None:
            return
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, 15)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(10)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, 9)
        self._process.wait()
        self._process = None

    def _healthy(self) -> bool:
        assert self._process is not None and self._process.poll() is None, "mlflow server ended"
        with contextlib.suppress(OSError):
            return ask(self.port, "GET", "/health")[0] == 200
        return False


class ScorerProcess:
    """``python -m tollgate_serving.scorer`` on a model folder or a registered version."""

    def __init__(self, folder: Path, uri: str, digest: str, *options: str, **environment: str):
        self.port = free_port()
        self.log = folder / f"scorer-{self.port}.log"
        command = [sys.executable, "-m", "tollgate_serving.scorer", "--model-uri", uri]
        command += ["--model", "churn-model", "--version", "2", "--digest", digest]
        command += ["--stage", "Staging", "--port", str(self.port)]
        command += ["--cache", str(folder / "cache"), "--log-level", "DEBUG", *options]
        with open(self.log, "w") as log:
            self.process = subprocess.Popen(
                command,
                env={**os.environ, "PYTHONPATH": str(SERVING), **environment},
                stdout=log,
                stderr=log,
            )

    def wait_until_ready(self) -> None:
        eventually(self._ready, 180)

    def _ready(self) -> bool:
        assert self.process.poll() is None, self.log.read_text()
        with contextlib.suppress(OSError):
            return ask(self.port, "GET", "/ready")[0] == 200
        return False

    def end(self) -> tuple[int, str]:
        """Exit code and last line of stderr once it ended by itself."""
        code = self.process.wait(90)
        return code, self.log.read_text().strip().splitlines()[-1]

    def records(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.log.read_text().splitlines()]

    def stop(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()


@contextlib.contextmanager
def scorer_process(
    folder: Path, uri: str, digest: str, *options: str, **environment: str
) -> Iterator[ScorerProcess]:
    scorer = ScorerProcess(folder, uri, digest, *options, **environment)
    try:
        yield scorer
    finally:
        scorer.stop()


@contextlib.contextmanager
def served(folder: Path) -> Iterator[tuple[int, LoadedModel]]:
    """The app on a real socket in this process: the port, and the model behind it."""
    pinned = Pinned(str(folder), "churn-model", "2", digest_of_folder(folder))
    loaded = load(folder, pinned)
    state = State(pinned, "Staging", Metrics(pinned.model, pinned.version))
    state.ready(loaded)
    try:
        with listening(ScorerApp(state)) as port:
            yield port, loaded
    finally:
        state.batcher.close()


@contextlib.contextmanager
def listening(app: Any) -> Iterator[int]:
    """Any ASGI application on a real socket in this process: the port."""
    server = uvicorn.Server(http_settings(app))
    listener = socket.create_server(("127.0.0.1", 0))
    thread = threading.Thread(target=server.run, args=([listener],))
    thread.start()
    try:
        eventually(lambda: server.started, 10)
        yield listener.getsockname()[1]
    finally:
        server.should_exit = True
        thread.join()
