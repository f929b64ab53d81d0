"""Load on one HTTP route: wrk where it is installed, raw sockets on an event loop otherwise."""

from __future__ import annotations

import asyncio
import re
import shutil
import subprocess
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy
import uvloop


@dataclass(frozen=True)
class Load:
    """What one run of load found. ``failed`` counts answers that weren't 200."""

    requests_per_second: float
    p50_ms: float
    p99_ms: float
    failed: int

    def as_json(self) -> dict[str, float]:
        return {name: round(value, 3) for name, value in asdict(self).items()}


def generator() -> str:
    """Which program makes the load: a result is comparable only with others of the same."""
    return "wrk" if shutil.which("wrk") else "asyncio raw sockets (uvloop)"


def run(port: int, path: str, body: bytes, connections: int, seconds: float) -> Load:
    """Sends the same POST over kept connections, each as soon as the last was answered."""
    if shutil.which("wrk"):
        return _wrk(port, path, body, connections, seconds)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(_sockets(port, path, body, connections, seconds))


def _wrk(port: int, path: str, body: bytes, connections: int, seconds: float) -> Load:
    # Level-two brackets: a body of nested lists ends in "]]", which would end a plain Lua string.
    script = (
        f"wrk.method = 'POST'\nwrk.body = [==[{body.decode()}]==]\nwrk.headers['content-type'] = 'application/json'\n"
        "done = function(summary, latency)\n"
        "  local e = summary.errors\n"
        "  print(string.format('RESULT %f %f %f %d', summary.requests / summary.duration * 1e6,"
        " latency:percentile(50) / 1000, latency:percentile(99) / 1000,"
        " e.connect + e.read + e.write + e.status + e.timeout))\n"
        "end\n"
    )
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "load.lua")
        file.write_text(script)
        command = [
            "wrk",
            "-t1",
            f"-c{connections}",
            f"-d{max(1, round(seconds))}s",
            "-s",
            str(file),
        ]
        done = subprocess.run(
            [*command, f"http://127.0.0.1:{port}{path}"], capture_output=True, text=True, check=True
        )
    result = re.search(r"RESULT (\S+) (\S+) (\S+) (\d+)", done.stdout)
    if result is None:
        # wrk goes on without a script it can't read, and would measure an empty GET.
        raise SystemExit(f"wrk didn't run its script: {done.stderr.strip() or done.stdout.strip()}")
    rate, p50, p99, failed = result.groups()
    return Load(float(rate), float(p50), float(p99), int(failed))


class _Connection(asyncio.Protocol):
    """One kept connection. Answers need a content-length, which all servers here send."""

    def __init__(
        self, request: bytes, deadline: float, times: list[float], finished: asyncio.Future
    ):
        self._request, self._deadline, self._times, self._finished = (
            request,
            deadline,
            times,
            finished,
        )
        self._buffer = b""
        self.failed = 0

    def connection_made(self, transport: asyncio.Transport) -> None:
        self._transport = transport
        self._send()

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        head, gap, rest = self._buffer.partition(b"\r\n\r\n")
        if not gap:
            return
        length = int(re.search(rb"content-length: (\d+)", head.lower()).group(1))
        if len(rest) < length:
            return
        now = time.perf_counter()
        self._times.append(now - self._started)
        self.failed += not head.startswith(b"HTTP/1.1 200")
        if now < self._deadline:
            self._send()
        else:
            self._finished.set_result(None)
            self._transport.close()

    def connection_lost(self, error: Exception | None) -> None:
        if not self._finished.done():
            self._finished.set_exception(ConnectionError("the server closed a kept connection"))

    def _send(self) -> None:
        self._buffer = b""
        self._started = time.perf_counter()
        self._transport.write(self._request)


async def _sockets(port: int, path: str, body: bytes, connections: int, seconds: float) -> Load:
    loop = asyncio.get_running_loop()
    request = (
        f"POST {path} HTTP/1.1\r\nhost: 127.0.0.1:{port}\r\ncontent-type: application/json\r\n"
        f"content-length: {len(body)}\r\n\r\n"
    ).encode() + body
    times: list[float] = []
    started = time.perf_counter()
    waiting, protocols = [], []
    for _ in range(connections):
        finished = loop.create_future()
        _, protocol = await loop.create_connection(
            lambda finished=finished: _Connection(request, started + seconds, times, finished),
            "127.0.0.1",
            port,
        )
        waiting.append(finished)
        protocols.append(protocol)
    await asyncio.gather(*waiting)
    elapsed = time.perf_counter() - started
    p50, p99 = numpy.percentile(times, [50, 99]) * 1000
    return Load(
        len(times) / elapsed, float(p50), float(p99), sum(protocol.failed for protocol in protocols)
    )
