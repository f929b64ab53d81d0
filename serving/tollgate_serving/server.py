"""Loads the model and answers over HTTP, in the process that ``tollgate_serving.sandboxed`` has closed."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import uvicorn
import uvloop

from tollgate_serving.app import ScorerApp
from tollgate_serving.capture import Capture
from tollgate_serving.capture_file import HandedOver
from tollgate_serving.connection import Connection
from tollgate_serving.control import GO, STOP
from tollgate_serving.fetch import Pinned
from tollgate_serving.host import physical_cores
from tollgate_serving.logs import logger
from tollgate_serving.metrics import Metrics
from tollgate_serving.model import LoadedModel, load
from tollgate_serving.state import State
from tollgate_serving.value_free import keep_values_out

#: After the signal: how long new requests are still taken, so that a router can notice, in seconds.
DRAIN_SECONDS = 0.5


@dataclass(frozen=True)
class Sockets:
    """What the supervisor hands over."""

    #: Where callers come in.
    listener: socket.socket
    #: Says when the bytes are in place, and when to end. Its end is the supervisor's.
    control: socket.socket
    #: Takes the rows that callers sent; None when they aren't kept.
    captured: socket.socket | None


@dataclass(frozen=True)
class Limits:
    """How a scorer is to serve."""

    #: How many of the last rows that callers sent are kept.
    capture_rows: int
    #: How long requests in flight may take once it was asked to stop and takes no new ones.
    answer_seconds: int
    #: May rows of several requests go into one call of the model?
    batching: bool


class _Server(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Signals are the supervisor's: uvicorn's own handling stops listening at once."""
        yield


def http_settings(app: Any, answer_seconds: int = 120) -> uvicorn.Config:
    """How a scorer speaks HTTP. Requests in flight may take ``answer_seconds`` once it was asked to stop."""
    return uvicorn.Config(
        app,
        http=Connection,
        lifespan="off",
        ws="none",
        access_log=False,
        log_config=None,
        log_level="warning",
        server_header=False,
        # Longer than a router keeps an idle connection: the side that sends should be the one to close.
        timeout_keep_alive=3600,
        timeout_graceful_shutdown=answer_seconds,
    )


class Scorer:
    """One server with its model. ``run`` returns when it was asked to stop or the model can't be served."""

    def __init__(
        self,
        pinned: Pinned,
        stage: str,
        model: Path,
        sockets: Sockets,
        limits: Limits,
    ):
        self._pinned = pinned
        self._model = model
        self._sockets = sockets
        self._limits = limits
        self._failure: Exception | None = None
        self._ending: asyncio.Task[None] | None = None
        self._in_place = threading.Event()
        self.state = State(pinned, stage, Metrics(pinned.model, pinned.version))

    async def run(self) -> None:
        server = _Server(http_settings(ScorerApp(self.state), self._limits.answer_seconds))
        loop = asyncio.get_running_loop()
        self._sockets.control.setblocking(False)
        loop.add_reader(self._sockets.control, self._told, server)
        # A daemon: a load that hangs must not keep the process from ending.
        threading.Thread(target=self._load, args=(loop, server), daemon=True).start()
        await server.serve(sockets=[self._sockets.listener])
        if self.state.batcher is not None:
            self.state.batcher.close()
        if self.state.capture is not None:
            self.state.capture.close()
        if self._failure is not None:
            raise self._failure

    def _told(self, server: uvicorn.Server) -> None:
        words = self._sockets.control.recv(64)
        if not words:
            asyncio.get_running_loop().remove_reader(self._sockets.control)
            server.should_exit = True
        for word in words:
            if word == GO:
                self._in_place.set()
            elif word == STOP:
                self._stop(server)

    def _load(self, loop: asyncio.AbstractEventLoop, server: uvicorn.Server) -> None:
        try:
            _import_libraries()
            self._in_place.wait()
            loaded = load(self._model, self._pinned)
            if not self._limits.batching:
                loaded = replace(loaded, rowwise=False)
            loop.call_soon_threadsafe(self._ready, loaded, self._capture_of(loaded))
        except Exception as error:
            self._failure = error
            loop.call_soon_threadsafe(setattr, server, "should_exit", True)

    def _capture_of(self, loaded: LoadedModel) -> Capture | None:
        signature, captured = loaded.signature, self._sockets.captured
        if captured is None:
            return None
        if signature is None or signature.kind in ("tensors", "other"):
            logger.warning("rows aren't captured: the model has no signature with columns")
            return None
        return Capture(self._limits.capture_rows, HandedOver(captured), signature, loaded.sample)

    def _ready(self, loaded: LoadedModel, capture: Capture | None) -> None:
        # What is loaded stays: the collector need not look at it again, which shortens its pauses.
        gc.collect()
        gc.freeze()
        keep_values_out()
        self.state.ready(loaded, capture)
        logger.info("ready", extra={"facts": {"path": loaded.path, "rowwise": loaded.rowwise}})

    def _stop(self, server: uvicorn.Server) -> None:
        if self.state.status == "stopping" or self.state.loaded is None:
            server.should_exit = True
            return
        self.state.status = "stopping"
        logger.info("stopping")
        self._ending = asyncio.create_task(_end(server))


async def _end(server: uvicorn.Server) -> None:
    """Takes new requests for a moment more, and then stays as long as anybody waits for an answer."""
    await asyncio.sleep(DRAIN_SECONDS)
    server.should_exit = True
    # It stops listening a moment later; what came until then is still to be seen.
    await asyncio.sleep(DRAIN_SECONDS)
    while server.server_state.connections:
        await asyncio.sleep(0.1)
    # What still works on an answer that nobody waits for, maybe for ever, is no reason to stay.
    server.force_exit = True


def serve(scorer: Scorer) -> None:
    """Answers until it is asked to stop. Raises UserError when the model can't be served."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(scorer.run())


def _import_libraries() -> None:
    """What takes longest of a start, while the model's bytes are still checked."""
    import mlflow.pyfunc  # noqa: F401
    from joblib.externals.loky.backend import context
    from joblib.parallel import BACKENDS, register_parallel_backend

    # It would start a program to learn that, for scikit-learn's threads.
    context.physical_cores_cache = physical_cores()
    # No process can be started here, so what asks joblib for processes gets threads.
    for name in ("loky", "multiprocessing"):
        register_parallel_backend(name, BACKENDS["threading"])
