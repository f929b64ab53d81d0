"""The scorer's routes."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.requests import Request as HttpRequest
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route, Router
from starlette.types import Message, Receive, Scope, Send

from tollgate_serving import bulk, metrics, openapi
from tollgate_serving.answers import (
    NonFinitePrediction,
    dump,
    mlflow_predictions,
    plain_predictions,
)
from tollgate_serving.beside import beside
from tollgate_serving.blame import Unusual, unusual_in
from tollgate_serving.formats import Request, parse_invocation, parse_predict
from tollgate_serving.logs import logger
from tollgate_serving.request_error import RequestError
from tollgate_serving.state import State
from tollgate_serving.table_bodies import ARROW, PARQUET

#: Largest accepted body, in bytes: the router takes the same.
MAX_BODY: int = json.loads(Path(__file__).with_name("limits.json").read_text())["bodyBytes"]
#: Longest body that is read to its end before it is refused, in bytes. Most clients, and routers between, look for an
#: answer only once they have sent all they have, and lose one that comes earlier.
MOST_READ = 256 * 1024 * 1024
#: Bodies above this many bytes, and answers of more values, are worked on beside the event loop, so that others'
#: requests are still answered.
LARGE_BODY = 128 * 1024
LARGE_ANSWER = 20_000


class ScorerApp:
    """ASGI application over one State. Adds the version header, counts, times and logs every request."""

    def __init__(self, state: State):
        self._state = state
        self._router = Router(
            [
                Route("/predict", self._predict, methods=["POST"]),
                Route("/invocations", self._invocations, methods=["POST"]),
                Route("/probabilities", self._probabilities, methods=["POST"]),
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
        large = len(body) > LARGE_BODY
        signature = self._state.loaded.signature

        def parse() -> Request:
            return parse_predict(body, signature)

        def told(predictions: Any) -> bytes:
            version = self._state.pinned.version
            return dump({"predictions": plain_predictions(predictions), "model_version": version})

        parsed = await beside(parse) if large else parse()
        return _written(await self._call(parsed, large, told))

    async def _invocations(self, request: HttpRequest) -> Response:
        parsed, large = await self._invocation(request)
        if _wants_arrow(request):
            return _arrow(await self._call(parsed, large, bulk.answer_bytes))

        def told(answered: Any) -> bytes:
            predictions = mlflow_predictions(answered)
            return dump(predictions if parsed.bare_answer else {"predictions": predictions})

        return _written(await self._call(parsed, large, told))

    async def _probabilities(self, request: HttpRequest) -> Response:
        """The same bodies as ``/invocations``."""
        parsed, large = await self._invocation(request)
        loaded = self._state.loaded
        if loaded.probabilities is None:
            raise RequestError(422, "no-probabilities", "The model gives no probabilities.")
        try:
            found = await self._state.batcher.submit_alone(loaded.probabilities, parsed)
        except Exception as error:
            raise await self._blamed(error, parsed, large, loaded.probabilities) from None
        is_arrow = _wants_arrow(request)

        def told() -> bytes:
            if is_arrow:
                return bulk.answer_bytes(found, loaded.classes)
            classes = plain_predictions(numpy.asarray(loaded.classes))
            return dump({"classes": classes, "probabilities": plain_predictions(found)})

        answer = await beside(told) if large or _is_large(found) else told()
        return _arrow(answer) if is_arrow else _written(answer)

    async def _invocation(self, request: HttpRequest) -> tuple[Request, bool]:
        """The request, and whether it is a large one."""
        body = await self._body(request)
        content_type = request.headers.get("content-type", "")
        # What is packed may be a thousand times larger than its bytes.
        large = len(body) > LARGE_BODY or _media_type(content_type) in (ARROW, PARQUET)
        signature = self._state.loaded.signature

        def parse() -> Request:
            return parse_invocation(body, content_type, signature)

        return await beside(parse) if large else parse(), large

    async def _body(self, request: HttpRequest) -> bytes:
        """The whole body, once the model can be asked at all."""
        if self._state.loaded is None:
            raise RequestError(503, "not-ready", "The model isn't loaded yet; ask /ready.")
        if "expect" in request.headers and int(request.headers.get("content-length", 0)) > MAX_BODY:
            # This one asks before it sends.
            raise _too_large()
        chunks, size = [], 0
        async for chunk in request.stream():
            size += len(chunk)
            if size <= MAX_BODY:
                chunks.append(chunk)
            elif size > MOST_READ:
                break
            else:
                chunks.clear()
        if size > MAX_BODY:
            raise _too_large()
        return b"".join(chunks)

    async def _call(self, request: Request, large: bool, told: Callable[[Any], bytes]) -> bytes:
        """The predictions as ``told`` puts them."""
        loaded, batcher, capture = self._state.loaded, self._state.batcher, self._state.capture
        rows = request.rows
        if capture is not None and rows is not None:
            capture.keep(rows)
        try:
            if rows is not None and request.params is None:
                predictions = await batcher.submit(rows)
            else:
                predictions = await batcher.submit_alone(loaded.run, request)
            if large or _is_large(predictions):
                return await beside(lambda: told(predictions))
            return told(predictions)
        except Exception as error:
            raise await self._blamed(
                error, request, large, lambda others: told(loaded.run(others))
            ) from None

    async def _blamed(
        self, error: Exception, request: Request, large: bool, ask: Callable[[Request], Any]
    ) -> Exception:
        """A failure on rows with a value that many models fail on is the caller's, unless the model fails on the other
        rows as well, which are asked again for that."""
        rows = request.rows
        if rows is None or isinstance(error, RequestError):
            return error
        signature = self._state.loaded.signature

        def look() -> Unusual | None:
            return unusual_in(rows, signature)

        unusual = await beside(look) if large else look()
        if unusual is None:
            return error
        if unusual.others is not None:
            try:
                await self._state.batcher.submit_alone(ask, replace(request, rows=unusual.others))
            except Exception:
                return error
        return unusual.error

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


def _wants_arrow(request: HttpRequest) -> bool:
    return _media_type(request.headers.get("accept", "")) == ARROW


def _media_type(header: str) -> str:
    """Without its parameters."""
    return header.partition(";")[0].strip().lower()


def _is_large(answer: Any) -> bool:
    """As far as that shows without looking through it: an array or a table with many values."""
    size = getattr(answer, "size", 0)
    return isinstance(size, int) and size > LARGE_ANSWER


def _arrow(answers: bytes) -> Response:
    return Response(answers, media_type=ARROW)


def _json(document: Any, status: int = 200, headers: Any = None) -> Response:
    return _written(dump(document), status, headers)


def _written(document: bytes, status: int = 200, headers: Any = None) -> Response:
    return Response(document, status, headers, media_type="application/json")


def _failure(code: str, sentence: str) -> Response:
    return _json(RequestError(500, code, sentence).as_json(), 500)


def _too_large() -> RequestError:
    return RequestError(
        413, "too-large", f"The body is larger than {MAX_BODY // 1024**2} MiB; send fewer rows."
    )
