"""Stands in for ``tollgate_serving.scorer`` in images of versions that go wrong: its routes, its counters, no model.

The variable ``BAD_SCORER`` of the image says how it goes wrong; ``behaviours.ts`` lists the names. It says that it is
whatever the arguments pin. Only what Python itself has: it starts at once.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

#: A release asks each pod 110 times before callers reach it: what goes wrong later is met by callers.
CHECKED = 150
#: 3 % of the answers.
EVERY = 33
SLOW_SECONDS = 0.06
FEATURES = 10
BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.5, 1.0, 2.5)

behaviour = os.environ["BAD_SCORER"]


class Counters:
    """What ``/metrics`` tells, as the scorer's own names it."""

    def __init__(self, model: str, version: str):
        self._names = f'model="{model}",version="{version}"'
        self._lock = threading.Lock()
        self._codes: dict[int, int] = {}
        self._seconds: list[float] = []
        self._begun = 0

    def begin(self) -> int:
        """The number of this prediction, from 1."""
        with self._lock:
            self._begun += 1
            return self._begun

    def answered(self, code: int, seconds: float) -> None:
        with self._lock:
            self._codes[code] = self._codes.get(code, 0) + 1
            self._seconds.append(seconds)

    def text(self) -> str:
        with self._lock:
            codes, seconds, begun = dict(self._codes), list(self._seconds), self._begun
        of = f'{self._names},route="/predict"'
        lines = [
            f'tollgate_scorer_requests_total{{{of},code="{code}"}} {count}'
            for code, count in codes.items()
        ]
        histogram = "tollgate_scorer_request_seconds"
        for bound in BUCKETS:
            below = sum(1 for each in seconds if each <= bound)
            lines.append(f'{histogram}_bucket{{{of},le="{bound}"}} {below}')
        lines.append(f'{histogram}_bucket{{{of},le="+Inf"}} {len(seconds)}')
        lines.append(f"{histogram}_sum{{{of}}} {sum(seconds)}")
        lines.append(f"{histogram}_count{{{of}}} {len(seconds)}")
        lines.append(f"tollgate_scorer_in_flight{{{self._names}}} {begun - len(seconds)}")
        return "\n".join(lines) + "\n"


class Handler(BaseHTTPRequestHandler):
    """The scorer's routes that releases, probes and callers use."""

    protocol_version = "HTTP/1.1"
    pinned: argparse.Namespace
    counters: Counters

    def do_GET(self) -> None:
        pinned = self.pinned
        if self.path == "/ready":
            ready = behaviour != "never_ready"
            self._send(200 if ready else 503, {"ready": ready})
        elif self.path == "/health":
            other = "sha256:" + "0" * 64
            digest = other if behaviour == "other_digest" else pinned.digest
            facts = {"model": pinned.model, "version": pinned.version, "digest": digest}
            self._send(200, {"status": "ok", **facts, "stage": pinned.stage})
        elif self.path == "/version":
            sample = {"features": [[0.5] * FEATURES]}
            self._send(200, {"version": pinned.version, "sample": sample})
        elif self.path == "/metrics":
            self._send_text(200, self.counters.text(), "text/plain; version=0.0.4")
        else:
            self._send(404, {})

    def do_POST(self) -> None:
        started = time.monotonic()
        rows = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["features"]
        number = self.counters.begin()
        if behaviour == "crashes" and number > CHECKED:
            os._exit(70)
        if behaviour == "slow":
            time.sleep(SLOW_SECONDS)
        late = behaviour == "failing_later" and number > CHECKED
        fails = (behaviour == "failing" or late) and number % EVERY == 0
        value = float("nan") if behaviour == "nan" else 0.5
        predictions = {"predictions": [value] * len(rows), "model_version": self.pinned.version}
        code = 500 if fails else 200
        self._send(code, {"error": {"code": "model-failed"}} if fails else predictions)
        self.counters.answered(code, time.monotonic() - started)

    def _send(self, code: int, document: Any) -> None:
        self._send_text(code, json.dumps(document), "application/json")

    def _send_text(self, code: int, text: str, content_type: str) -> None:
        body = text.encode()
        self.send_response(code)
        self.send_header("content-type", content_type)
        self.send_header("content-length", str(len(body)))
        self.send_header("x-model-version", self.pinned.version)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *arguments: object) -> None:
        """Says nothing of requests."""


class Server(ThreadingHTTPServer):
    """One thread a connection."""

    daemon_threads = True
    request_queue_size = 1024


def main() -> int:
    parser = argparse.ArgumentParser()
    for name in ("model-uri", "model", "version", "digest", "stage"):
        parser.add_argument(f"--{name}")
    for name in ("host", "log-level", "cache", "sandbox", "answer-seconds"):
        parser.add_argument(f"--{name}")
    parser.add_argument("--port", type=int)
    Handler.pinned = parser.parse_args()
    Handler.counters = Counters(Handler.pinned.model, Handler.pinned.version)
    if behaviour == "exits":
        print("the model's file is not a model; save it again.", file=sys.stderr)
        return 1
    server = Server((Handler.pinned.host, Handler.pinned.port), Handler)
    # At once, whatever is under way: without the pause of `preStop` callers would notice.
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    server.serve_forever()
    return 0


if __name__ == "__main__":
    sys.exit(main())
