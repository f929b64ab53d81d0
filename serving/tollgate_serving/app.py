"""The scorer's routes."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.requests import Request as HttpRequest
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route, Router
from starlette.types import Message, Receive, Scope, Send

from tollgate_serving import metrics, openapi
from tollgate_serving.answers import NonFinitePrediction, dump, plain_predictions
from tollgate_serving.formats import Request, parse_invocation, parse_predict
from tollgate_serving.logs import logger
from tollgate_serving.rows import RequestError
from tollgate_serving.state import State

#: Largest accepted body, in bytes.
MAX_BODY = 16 * 1024 * 1024
#: Bodies above this many bytes are parsed beside the event loop, so that /health still answers.
LARGE_BODY = 128 * 1024


class ScorerApp:
    """ASGI application over one State. Adds the version header, counts, times and logs every request."""

    def __init__(self, state: State):
        self._state = state
        self._router = Router(
            [
                Route("/predict", self._predict, methods=["POST"]),
                Route("/invocations", self._invocations, methods=["POST"]),
                Route("/health", self._health, methods=["GET"]),
                Route("/ping", self._health, methods=["GET"]),
                Route("/ready", self._ready, methods=["GET"]),
                Route("/version", self._version, methods=["GET"]),
                Route("/metrics", self._metrics, methods=["GET"]),
                Route("/openapi.json", self._openapi, methods=["GET"]),
                Route("/docs", self._docs, methods=["GET"]),
            ],
            redirect_slashes=False,
        )
        self._routes = {route.path for route in self._router.routes if isinstance(route, Route)}
        self._version_header = (b"x-model-version", state.pinned.version.encode())

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            raise RuntimeError(f"the scorer speaks http, not {scope['type']}")
        started = time.perf_counter()
        code = 0

        async def send_marked(message: Message) -> None:
            nonlocal code
            if message["type"] == "http.response.start":
                code = message["status"]
                message["headers"].append(self._version_header)
                if self._state.status == "stopping":
                    # Lets callers that keep connections open go elsewhere before they are cut.
                    message["headers"].append((b"connection", b"close"))
            await send(message)

        gauge = self._state.metrics.in_flight
        gauge.inc()
        try:
            # Tells Starlette to raise its own 404 and 405, so that they get our shape.
            scope["app"] = self
            await self._answer(scope, receive, send_marked)
        finally:
            gauge.dec()
            seconds = time.perf_counter() - started
            route = scope["path"] if scope["path"] in self._routes else "other"
            self._state.metrics.answered(route, code, seconds)
            logger.debug(
                "request",
                extra={
                    "facts": {
                        "method": scope["method"],
                        "route": route,
                        "code": code,
                        "ms": round(seconds * 1000, 3),
                    }
                },
            )

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await self._router(scope, receive, send)
            return
        except RequestError as error:
            response = _json(error.as_json(), error.status)
        except HTTPException as error:
            code = {404: "not-found", 405: "wrong-method"}.get(error.status_code, "http")
            sentence = {
                404: "There is no such route; /docs lists them.",
                405: f"Wrong method; use {(error.headers or {}).get('Allow', 'another')}.",
            }.get(error.status_code, error.detail)
            response = _json(
                RequestError(error.status_code, code, sentence).as_json(),
                error.status_code,
                error.headers,
            )
        except NonFinitePrediction:
            logger.error("non-finite prediction")
            response = _failure("non-finite-prediction", "The model gave a non-finite prediction.")
        except ClientDisconnect:
            return
        except Exception:
            logger.error("the model failed on a request", exc_info=True)
            response = _failure(
                "model-failed", "The model failed on this request; the scorer's log says why."
            )
        await response(scope, receive, send)

    async def _predict(self, request: HttpRequest) -> Response:
        body = await self._body(request)
        parsed = await self._parse(body, lambda: parse_predict(body, self._state.loaded.signature))
        predictions = await self._call(parsed)
        return _json({"predictions": predictions, "model_version": self._state.pinned.version})

    async def _invocations(self, request: HttpRequest) -> Response:
        body = await self._body(request)
        content_type = request.headers.get("content-type", "")
        parsed = await self._parse(
            body, lambda: parse_invocation(body, content_type, self._state.loaded.signature)
        )
        return _json({"predictions": await self._call(parsed)})

    async def _body(self, request: HttpRequest) -> bytes:
        """The whole body, once the model can be asked at all."""
        if self._state.loaded is None:
            raise RequestError(503, "not-ready", "The model isn't loaded yet; ask /ready.")
        declared = request.headers.get("content-length")
        if declared is not None and int(declared) > MAX_BODY:
            raise _too_large()
        chunks, size = [], 0
        async for chunk in request.stream():
            size += len(chunk)
            if size > MAX_BODY:
                raise _too_large()
            chunks.append(chunk)
        return b"".join(chunks)

    async def _parse(self, body: bytes, parse: Callable[[], Request]) -> Request:
        return parse() if len(body) <= LARGE_BODY else await asyncio.to_thread(parse)

    async def _call(self, request: Request) -> Any:
        loaded, batcher, capture = self._state.loaded, self._state.batcher, self._state.capture
        if capture is not None and request.rows is not None:
            capture.keep(request.rows)
        if request.rows is not None and request.params is None:
            predictions = await batcher.submit(request.rows)
        else:
            predictions = await batcher.submit_alone(loaded.run, request)
        return plain_predictions(predictions)

    async def _health(self, request: HttpRequest) -> Response:
        return _json(self._state.health(), 503 if self._state.status == "starting" else 200)

    async def _ready(self, request: HttpRequest) -> Response:
        ready = self._state.status == "ok"
        return _json({"ready": ready, "status": self._state.status}, 200 if ready else 503)

    async def _version(self, request: HttpRequest) -> Response:
        return _json(self._state.describe())

    async def _metrics(self, request: HttpRequest) -> Response:
        return Response(self._state.metrics.text(), headers={"content-type": metrics.CONTENT_TYPE})

    async def _openapi(self, request: HttpRequest) -> Response:
        return _json(openapi.document(self._state))

    async def _docs(self, request: HttpRequest) -> Response:
        return HTMLResponse(openapi.DOCS_PAGE.read_text())


def _json(document: Any, status: int = 200, headers: Any = None) -> Response:
    return Response(dump(document), status, headers, media_type="application/json")


def _failure(code: str, sentence: str) -> Response:
    return _json(RequestError(500, code, sentence).as_json(), 500)


def _too_large() -> RequestError:
    return RequestError(
        413, "too-large", f"The body is larger than {MAX_BODY // 1024**2} MiB; send fewer rows."
    )
