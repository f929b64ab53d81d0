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
from dataclasses import dataclass, field
from itertools import chain, cycle, islice
from pathlib import Path
from typing import Any

import orjson

from tollgate_serving import bulk
from tollgate_serving.answers import NonFinitePrediction, plain_predictions
from tollgate_serving.errors import UserError
from tollgate_serving.fetch import Pinned, folder_in, one_line
from tollgate_serving.host import resident_bytes
from tollgate_serving.progress import still
from tollgate_serving.same_answer import SameAnswer
from tollgate_serving.table_bodies import ARROW

#: Requests before the measured ones, by all callers together, whose times are dropped.
WARM_UP = 20


class Refused(Exception):
    """A scorer gave no answer to some rows: a clause that says why."""


@dataclass(frozen=True)
class RunningScorer:
    """A scorer of our own, ready to answer."""

    port: int
    pid: int
    #: Its log, to tell why it failed; -1 for none.
    log: int = -1

    def predict(self, rows: list[Any]) -> tuple[int, Any]:
        """Status and document of ``POST /predict``."""
        with contextlib.closing(_connect(self.port)) as connection:
            return _send(connection, orjson.dumps({"features": rows}))

    def ask_table(self, path: str, features: Any) -> Any:
        """The answers to a table, a DataFrame or numpy array. Raises Refused when the scorer gives none."""
        headers = {"content-type": ARROW, "accept": ARROW}
        with contextlib.closing(_connect(self.port)) as connection:
            status, body = _exchange(connection, "POST", path, bulk.table_bytes(features), headers)
        if status != 200:
            raise Refused(self._reason(status, body))
        answers, _ = bulk.read_answers(body)
        if len(answers) != len(features):
            raise Refused(f"it gives {len(answers)} predictions for {len(features)} rows")
        return answers

    def ask_rows(self, rows: list[Any]) -> list[Any]:
        """The answers to rows as JSON, as most callers ask. Raises Refused when the scorer gives none."""
        status, document = self.predict(rows)
        if status != 200:
            raise Refused(self._reason(status, orjson.dumps(document)))
        answers = by_row(document["predictions"], len(rows))
        if answers is None:
            raise Refused(f"it doesn't give one prediction for each of {len(rows)} rows")
        return answers

    def version(self) -> dict[str, Any]:
        """What ``GET /version`` tells of the model."""
        with contextlib.closing(_connect(self.port)) as connection:
            status, body = _exchange(connection, "GET", "/version", None, {})
        if status != 200:
            raise UserError(f"the scorer answered {status} to GET /version")
        return orjson.loads(body)

    def _reason(self, status: int, body: bytes) -> str:
        """The scorer's own sentence, and the error in its log, which it keeps from its callers."""
        said = _message(body) or f"it answers {status}"
        traces = [line for line in _lines(self.log) if '"trace"' in line] if self.log >= 0 else []
        if status < 500 or not traces:
            return said
        last = str(orjson.loads(traces[-1])["trace"]).strip().splitlines()[-1]
        return one_line(Exception(last.rpartition("Error: ")[2] or last))

    def latency(self, rows: list[Any], requests: int, concurrency: int = 1) -> list[float]:
        """Milliseconds of ``requests`` one-row requests over the rows in turn.

        The first of the rows warm the scorer up and aren't measured, as far as there are others.
        ``concurrency`` callers each wait for an answer before they ask again. They share this process, so at
        many callers their own work counts too: the times err on the slow side.
        """
        bodies = [orjson.dumps({"features": [row]}) for row in rows]
        # A pause of our own collector would be blamed on the scorer.
        gc.disable()
        try:
            with ThreadPoolExecutor(concurrency) as pool:
                shares = [
                    pool.submit(
                        self._call, bodies[index::concurrency] or bodies, count, concurrency
                    )
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
        measured = islice(cycle(bodies[warm_up:] or bodies), count)
        with contextlib.closing(_connect(self.port)) as connection:
            for index, body in enumerate(chain(islice(cycle(bodies), warm_up), measured)):
                started = time.perf_counter()
                status, document = _send(connection, body)
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
    """Does the scorer answer these rows in JSON as it answered all of them? As evidence says it."""
    status, document = scorer.predict(rows)
    if status != 200:
        return failed_smoke(f"the scorer answered {status}: {document['error']['message']}")
    answered = by_row(document["predictions"], len(rows))
    if answered is None:
        return failed_smoke(f"{len(rows)} rows didn't give {len(rows)} predictions")
    try:
        wanted = by_row(plain_predictions(expected), len(rows))
    except NonFinitePrediction:
        return failed_smoke("the model gives predictions that aren't finite")
    wanted = json.loads(json.dumps(wanted, default=str))
    if not SameAnswer(wanted)(wanted, answered):
        return failed_smoke("the predictions differ from those of the evaluation")
    detail = f"{len(rows)} rows, {len(rows)} finite predictions, equal to the evaluation's"
    return {"passed": True, "detail": detail}


def by_row(predictions: Any, rows: int) -> list[Any] | None:
    """As many answers as rows, of a scorer's JSON; None where there are fewer or more.

    A model that answers a dict of columns, each with a value for every row, answers a record for each row.
    """
    if isinstance(predictions, dict) and predictions:
        columns = [by_row(column, rows) for column in predictions.values()]
        if any(column is None for column in columns):
            return None
        return [dict(zip(predictions, values)) for values in zip(*columns)]
    if not isinstance(predictions, list) or len(predictions) != rows:
        return None
    return predictions


@dataclass(frozen=True)
class ScorerPlace:
    """Where an evaluation's scorers find their bytes, and how they are started."""

    #: Holds each version's files under their digest's hex, where a scorer looks first.
    cache: Path
    #: What ``/health`` tells.
    stage: str
    #: Further words of the command line, as a release has them.
    options: tuple[str, ...] = ()
    #: Longest wait for one of them to be ready.
    start_timeout_seconds: float = 60
    _running: list[subprocess.Popen[str]] = field(default_factory=list, repr=False)

    def folder_of(self, pinned: Pinned) -> Path:
        return folder_in(self.cache, pinned)

    def stop(self) -> None:
        """Ends the scorers that run, whoever waits for them."""
        for process in list(self._running):
            _end(process)


@contextlib.contextmanager
def running_scorer(pinned: Pinned, place: ScorerPlace) -> Iterator[RunningScorer]:
    """The scorer as a process of its own on a free port; stopped at the end. Raises UserError with its reason."""
    command = [sys.executable, "-m", "tollgate_serving.scorer"]
    command += ["--model-uri", pinned.uri, "--model", pinned.model, "--version", pinned.version]
    command += ["--digest", pinned.digest, "--stage", place.stage, "--host", "127.0.0.1"]
    told, telling = os.pipe()
    command += ["--port", "0", "--port-fd", str(telling), "--cache", str(place.cache)]
    # The other end is this process's alone, so the kernel closes it with us, whatever ends us.
    there, being_there = os.pipe()
    command += ["--while-fd", str(there)]
    with (
        tempfile.TemporaryFile("w+") as log,
        os.fdopen(told) as port_told,
        os.fdopen(being_there, "wb"),
    ):
        process = subprocess.Popen(
            [*command, *place.options],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            pass_fds=[telling, there],
            cwd="/",
            env=_environment(),
            text=True,
        )
        os.close(telling)
        os.close(there)
        place._running.append(process)
        try:
            # Nothing is told when it ended before it listened.
            port = int(port_told.readline() or 0)
            _wait_until_ready(process, port, log.fileno(), place.start_timeout_seconds)
            yield RunningScorer(port, process.pid, log.fileno())
        finally:
            _end(process)
            place._running.remove(process)


def _end(process: subprocess.Popen[str]) -> None:
    process.terminate()
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def failed_smoke(detail: str) -> dict[str, Any]:
    """As evidence says it."""
    return {"passed": False, "detail": detail}


def _connect(port: int, timeout_seconds: float = 60) -> http.client.HTTPConnection:
    return http.client.HTTPConnection("127.0.0.1", port, timeout=timeout_seconds)


def _send(connection: http.client.HTTPConnection, body: bytes) -> tuple[int, Any]:
    status, answer = _exchange(connection, "POST", "/predict", body, {})
    try:
        return status, orjson.loads(answer)
    except orjson.JSONDecodeError as error:
        raise _stopped(error) from error


def _exchange(
    connection: http.client.HTTPConnection,
    method: str,
    path: str,
    body: bytes | None,
    headers: dict[str, str],
) -> tuple[int, bytes]:
    try:
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        return answer.status, answer.read()
    except (OSError, http.client.HTTPException) as error:
        raise _stopped(error) from error


def _stopped(error: Exception) -> UserError:
    return UserError(
        f"the scorer stopped answering: {one_line(error)}; does it have enough memory?"
    )


def _message(body: bytes) -> str | None:
    """The sentence of a scorer's error, as part of another one."""
    try:
        return one_line(Exception(orjson.loads(body)["error"]["message"]))
    except (orjson.JSONDecodeError, KeyError, TypeError):
        return None


def _shares(requests: int, callers: int) -> list[int]:
    """How many requests each caller sends: as equal as can be."""
    each, more = divmod(requests, callers)
    return [each + (index < more) for index in range(callers)]


#: What a release passes on of its caller's environment; bytes are in the cache, so nothing about a registry.
_PASSED = ("PATH", "HOME", "LANG", "TMPDIR")


def _environment() -> dict[str, str]:
    root = str(Path(__file__).parent.parent)
    kept = {name: os.environ[name] for name in _PASSED if name in os.environ}
    return {**kept, "PYTHONPATH": root, "MLFLOW_DISABLE_TELEMETRY": "true"}


def _wait_until_ready(
    process: subprocess.Popen[str], port: int, log: int, timeout_seconds: float
) -> None:
    deadline = time.monotonic() + timeout_seconds
    while time.monotonic() < deadline:
        if process.poll() is not None:
            lines = _lines(log)
            reason = lines[-1] if lines else f"it ended with exit code {process.returncode}"
            raise UserError(f"the scorer didn't start: {reason}", 1)
        if port and _is_ready(port, max(0.1, deadline - time.monotonic())):
            return
        time.sleep(0.05)
    raise UserError(
        f"the scorer wasn't ready after {timeout_seconds:g} s (tollgate:scorer.startTimeoutSeconds); give it longer, "
        "or a machine that is large enough for the model"
    )


def _is_ready(port: int, timeout_seconds: float) -> bool:
    """A scorer that loads its model accepts connections and doesn't answer yet."""
    try:
        with contextlib.closing(_connect(port, timeout_seconds)) as connection:
            return _exchange(connection, "GET", "/ready", None, {})[0] == 200
    except UserError:
        return False


def _lines(log: int) -> list[str]:
    """The end of a log. os.pread leaves the offset alone, which the child's writes share."""
    start = max(0, os.fstat(log).st_size - (1 << 20))
    return os.pread(log, 1 << 20, start).decode(errors="replace").splitlines()
