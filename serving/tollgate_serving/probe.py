"""Starts the real scorer and asks it, as a caller would."""

from __future__ import annotations

import contextlib
import gc
import http.client
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson

from tollgate_serving.errors import UserError
from tollgate_serving.fetch import Pinned

#: Requests before the measured ones, whose times are dropped.
WARM_UP = 20


class ScorerClient:
    """One kept connection to a scorer."""

    def __init__(self, port: int):
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)

    def predict(self, rows: list[Any]) -> tuple[int, Any]:
        """Status and document of ``POST /predict``."""
        return self.send(orjson.dumps({"features": rows}))

    def send(self, body: bytes) -> tuple[int, Any]:
        self._connection.request("POST", "/predict", body)
        answer = self._connection.getresponse()
        return answer.status, orjson.loads(answer.read())

    def latency(self, rows: list[Any], requests: int) -> list[float]:
        """Milliseconds of one-row requests, one after the other, over the rows in turn."""
        bodies = [orjson.dumps({"features": [row]}) for row in rows]
        times = []
        # A pause of our own collector would be blamed on the scorer.
        gc.disable()
        try:
            for index in range(WARM_UP + requests):
                started = time.perf_counter()
                status, document = self.send(bodies[index % len(bodies)])
                elapsed = time.perf_counter() - started
                if status != 200:
                    raise UserError(
                        f"the scorer answered {status} to one row: {document['error']['message']}"
                    )
                if index >= WARM_UP:
                    times.append(elapsed * 1000)
        finally:
            gc.enable()
        return times


@contextlib.contextmanager
def running_scorer(
    pinned: Pinned, stage: str, cache: Path, timeout_seconds: float = 120
) -> Iterator[ScorerClient]:
    """The scorer as a process of its own on a free port; stopped at the end. Raises UserError with its reason."""
    command = [
        sys.executable,
        "-m",
        "tollgate_serving.scorer",
        "--model-uri",
        pinned.uri,
        "--model",
        pinned.model,
    ]
    command += [
        "--version",
        pinned.version,
        "--digest",
        pinned.digest,
        "--stage",
        stage,
        "--port",
        "0",
    ]
    command += ["--log-level", "INFO", "--cache", str(cache)]
    with tempfile.TemporaryFile("w+") as log:
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=_environment(), text=True
        )
        try:
            yield ScorerClient(_wait_until_ready(process, log, timeout_seconds))
        finally:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _environment() -> dict[str, str]:
    root = str(Path(__file__).parent.parent)
    return {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(filter(None, [root, os.environ.get("PYTHONPATH")])),
    }


def _wait_until_ready(process: subprocess.Popen[str], log: Any, timeout_seconds: float) -> int:
    deadline = time.monotonic() + timeout_seconds
    while time.monotonic() < deadline:
        lines = _lines(log)
        if process.poll() is not None:
            reason = lines[-1] if lines else f"it ended with exit code {process.returncode}"
            raise UserError(f"the scorer didn't start: {reason}", 1)
        records = [
            orjson.loads(line) for line in lines if line.startswith("{") and line.endswith("}")
        ]
        if any(record.get("message") == "ready" for record in records):
            return next(
                record["port"] for record in records if record.get("message") == "listening"
            )
        time.sleep(0.05)
    raise UserError(
        f"the scorer wasn't ready after {timeout_seconds:g} s; is the model too large for this machine?"
    )


def _lines(log: Any) -> list[str]:
    # os.pread leaves the offset alone, which the child's writes share.
    return os.pread(log.fileno(), 1 << 20, 0).decode(errors="replace").splitlines()
