"""Serves one pinned model version over HTTP.

Exit codes: 0 asked to stop, 1 can't start, 3 other bytes than pinned, 4 can't be downloaded,
5 can't be loaded, 64 usage.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import gc
import os
import signal
import socket
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import uvicorn
import uvloop

from tollgate_serving.app import ScorerApp
from tollgate_serving.capture import Capture
from tollgate_serving.errors import UserError
from tollgate_serving.fetch import Pinned, obtain
from tollgate_serving.logs import LEVELS, configure, logger
from tollgate_serving.metrics import Metrics
from tollgate_serving.model import LoadedModel, load
from tollgate_serving.quiet import quiet_mlflow
from tollgate_serving.state import State

#: After the signal: how long new requests are still taken, so that a router can notice, in seconds.
DRAIN_SECONDS = 0.5
#: How long requests in flight may take after that, in seconds.
FINISH_SECONDS = 30


class _Server(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Signals are ours: uvicorn's own handling stops listening at once and ends with the signal's code."""
        yield


class Scorer:
    """One server with its model. ``run`` returns when it was asked to stop or the model can't be served."""

    def __init__(
        self,
        pinned: Pinned,
        stage: str,
        cache: Path,
        capture_rows: int = 0,
        capture_file: Path | None = None,
    ):
        self._pinned = pinned
        self._cache = cache
        self._capture_rows = capture_rows
        self._capture_file = capture_file
        self._failure: Exception | None = None
        self.state = State(pinned, stage, Metrics(pinned.model, pinned.version))

    async def run(self, listener: socket.socket) -> None:
        config = uvicorn.Config(
            ScorerApp(self.state),
            lifespan="off",
            ws="none",
            access_log=False,
            log_config=None,
            log_level="warning",
            server_header=False,
            # Longer than a router keeps an idle connection: the side that sends should be the one to close.
            timeout_keep_alive=3600,
            timeout_graceful_shutdown=FINISH_SECONDS,
        )
        server = _Server(config)
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._stop, server)
        # A daemon: a download that hangs must not keep the process from ending.
        threading.Thread(target=self._load, args=(loop, server), daemon=True).start()
        await server.serve(sockets=[listener])
        if self.state.batcher is not None:
            self.state.batcher.close()
        if self.state.capture is not None:
            self.state.capture.close()
        if self._failure is not None:
            raise self._failure

    def _load(self, loop: asyncio.AbstractEventLoop, server: uvicorn.Server) -> None:
        try:
            loaded = load(obtain(self._pinned, self._cache), self._pinned)
            loop.call_soon_threadsafe(self._ready, loaded, self._capture_of(loaded))
        except Exception as error:
            self._failure = error
            loop.call_soon_threadsafe(setattr, server, "should_exit", True)

    def _capture_of(self, loaded: LoadedModel) -> Capture | None:
        signature = loaded.signature
        if self._capture_rows == 0 or self._capture_file is None:
            return None
        if signature is None or signature.kind == "other":
            logger.warning("rows aren't captured: the model has no signature with columns")
            return None
        return Capture(self._capture_rows, self._capture_file, signature, loaded.sample)

    def _ready(self, loaded: LoadedModel, capture: Capture | None) -> None:
        # What is loaded stays: the collector need not look at it again, which shortens its pauses.
        gc.collect()
        gc.freeze()
        self.state.ready(loaded, capture)
        logger.info("ready", extra={"facts": {"path": loaded.path, "rowwise": loaded.rowwise}})

    def _stop(self, server: uvicorn.Server) -> None:
        if self.state.status == "stopping" or self.state.loaded is None:
            server.should_exit = True
            return
        self.state.status = "stopping"
        logger.info("stopping")
        asyncio.get_running_loop().call_later(DRAIN_SECONDS, setattr, server, "should_exit", True)


def main(arguments: list[str]) -> int:
    options = _options(arguments)
    pinned = Pinned(options.model_uri, options.model, options.version, options.digest)
    configure(options.log_level, model=pinned.model, version=pinned.version)
    quiet_mlflow()
    # MLflow's schema errors quote the caller's data, which must not reach the log.
    os.environ["MLFLOW_DISABLE_SCHEMA_DETAILS"] = "true"
    try:
        listener = _listen(options.host, options.port)
        host, port = listener.getsockname()[:2]
        logger.info("listening", extra={"facts": {"host": host, "port": port}})
        scorer = Scorer(
            pinned, options.stage, options.cache, options.capture_rows, options.capture_file
        )
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(scorer.run(listener))
    except UserError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    return 0


def _listen(host: str, port: int) -> socket.socket:
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        return socket.create_server((host, port), family=family, backlog=2048)
    except OSError as error:
        # Not the error's own text, which repeats the address; a name that isn't known has only that.
        reason = (
            error.strerror if error.errno is None or error.errno < 0 else os.strerror(error.errno)
        )
        raise UserError(
            f"the scorer can't listen on {host}:{port}: {reason}; stop what holds the port or set another."
        ) from error


def _options(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tollgate_serving.scorer", description=__doc__)
    parser.add_argument(
        "--model-uri", required=True, help="such as models:/churn-model/2, or a folder"
    )
    parser.add_argument("--model", required=True)
    parser.add_argument("--version", required=True)
    parser.add_argument("--digest", required=True, help="sha256:… of the version's bytes")
    parser.add_argument("--stage", required=True, help="told by /health")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument(
        "--port", type=int, required=True, help="0: any free port, named in the log"
    )
    parser.add_argument("--log-level", choices=LEVELS, default="INFO")
    parser.add_argument(
        "--cache", type=Path, required=True, help="folder that keeps downloaded versions"
    )
    parser.add_argument(
        "--capture-rows",
        type=int,
        default=0,
        help="how many of the last rows callers sent are kept in --capture-file; 0: none",
    )
    parser.add_argument("--capture-file", type=Path, help="CSV file with the signature's columns")
    try:
        options = parser.parse_args(arguments)
        if options.capture_rows < 0 or (options.capture_rows and not options.capture_file):
            parser.error("--capture-rows must be 0 or more, with a --capture-file")
    except SystemExit as exit:
        sys.exit(64 if exit.code else 0)
    return options


if __name__ == "__main__":
    code = main(sys.argv[1:])
    sys.stderr.flush()
    # Not sys.exit: a loading thread that is still busy must not delay or crash the end.
    os._exit(code)
