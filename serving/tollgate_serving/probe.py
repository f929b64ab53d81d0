"""Starts the real scorer and asks it, as callers would."""

from __future__ import annotations

import contextlib
import gc
import http.client
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy
import orjson

from tollgate_serving.answers import NonFinitePrediction, plain_predictions
from tollgate_serving.errors import UserError
from tollgate_serving.fetch import Pinned, one_line
from tollgate_serving.host import resident_bytes
from tollgate_serving.progress import still

#: Requests before the measured ones, by all callers together, whose times are dropped.
WARM_UP = 20


@dataclass(frozen=True)
class RunningScorer:
    """A scorer of our own, ready to answer."""

    port: int
    pid: int

    def predict(self, rows: list[Any]) -> tuple[int, Any]:
        """Status and document of ``POST /predict``."""
        with contextlib.closing(_connect(self.port)) as connection:
            return _send(connection, orjson.dumps({"features": rows}))

    def latency(self, rows: list[Any], requests: int, concurrency: int = 1) -> list[float]:
        """Milliseconds of ``requests`` one-row requests over the rows in turn.

        ``concurrency`` callers each wait for an answer before they ask again. They share this process, so at
        many callers their own work counts too: the times err on the slow side.
        """
        bodies = [orjson.dumps({"features": [row]}) for row in rows]
        # A pause of our own collector would be blamed on the scorer.
        gc.disable()
        try:
            with ThreadPoolExecutor(concurrency) as pool:
                shares = [
                    pool.submit(self._call, bodies[index:] + bodies[:index], count, concurrency)
                    for index, count in enumerate(_shares(requests, concurrency))
                ]
                return [milliseconds for share in shares for milliseconds in share.result()]
        finally:
            gc.enable()

    def memory_bytes(self) -> int | None:
        """Resident memory, in bytes; None where it can't be told."""
        return resident_bytes(self.pid)

    def _call(self, bodies: list[bytes], count: int, callers: int) -> list[float]:
        """One caller's times over a connection of its own."""
        times = []
        warm_up = -(-WARM_UP // callers)
        with contextlib.closing(_connect(self.port)) as connection:
            for index in range(warm_up + count):
                started = time.perf_counter()
                status, document = _send(connection, bodies[index % len(bodies)])
                elapsed = time.perf_counter() - started
                if status != 200:
                    raise UserError(
                        f"the scorer answered {status} to one row: {document['error']['message']}"
                    )
                if index >= warm_up:
                    times.append(elapsed * 1000)
                still(f"asking it: {len(times)} of {count} answers to one caller")
        return times


def check_smoke(scorer: RunningScorer, rows: list[Any], expected: Any) -> dict[str, Any]:
    """Does the scorer answer these rows with the model's own predictions? As evidence says it."""
    status, document = scorer.predict(rows)
    if status != 200:
        return _failed(f"the scorer answered {status}: {document['error']['message']}")
    answered = document["predictions"]
    if not isinstance(answered, list) or len(answered) != len(rows):
        return _failed(f"{len(rows)} rows didn't give {len(rows)} predictions")
    try:
        wanted = plain_predictions(expected)
    except NonFinitePrediction:
        return _failed("the model gives predictions that aren't finite")
    if not _equal(answered, wanted):
        return _failed("the scorer's predictions differ from the model's")
    detail = f"{len(rows)} rows, {len(rows)} finite predictions, equal to the model's"
    return {"passed": True, "detail": detail}


@contextlib.contextmanager
def running_scorer(
    pinned: Pinned, stage: str, cache: Path, timeout_seconds: float = 120
) -> Iterator[RunningScorer]:
    """The scorer as a process of its own on a free port; stopped at the end. Raises UserError with its reason."""
    command = [sys.executable, "-m", "tollgate_serving.scorer"]
    command += ["--model-uri", pinned.uri, "--model", pinned.model, "--version", pinned.version]
    command += ["--digest", pinned.digest, "--stage", stage, "--port", "0"]
    command += ["--log-level", "INFO", "--cache", str(cache)]
    with tempfile.TemporaryFile("w+") as log:
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=_environment(), text=True
        )
        try:
            port = _wait_until_ready(process, log, timeout_seconds)
            yield RunningScorer(port, process.pid)
        finally:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _failed(detail: str) -> dict[str, Any]:
    return {"passed": False, "detail": detail}


def _equal(answered: list[Any], wanted: Any) -> bool:
    left, right = numpy.asarray(answered), numpy.asarray(wanted)
    if left.dtype.kind in "iuf" and right.dtype.kind in "iuf" and left.shape == right.shape:
        return bool(numpy.allclose(left, right, rtol=1e-9, atol=1e-12))
    return answered == json.loads(json.dumps(wanted, default=str))


def _connect(port: int) -> http.client.HTTPConnection:
    return http.client.HTTPConnection("127.0.0.1", port, timeout=60)


def _send(connection: http.client.HTTPConnection, body: bytes) -> tuple[int, Any]:
    try:
        connection.request("POST", "/predict", body)
        answer = connection.getresponse()
        return answer.status, orjson.loads(answer.read())
    except (OSError, http.client.HTTPException, orjson.JSONDecodeError) as error:
        raise UserError(
            f"the scorer stopped answering: {one_line(error)}; does it have enough memory?"
        ) from error


def _shares(requests: int, callers: int) -> list[int]:
    """How many requests each caller sends: as equal as can be."""
    each, more = divmod(requests, callers)
    return [each + (index < more) for index in range(callers)]


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
