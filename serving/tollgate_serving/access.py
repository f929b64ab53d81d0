"""Who may ask the environment's MLflow server: whoever sends its password. One user with every right, for the server is
one environment's own and has no parts to tell users apart by.

MLflow's own ``basic-auth`` app isn't used: it wants a package more and a database of its own, and checks a password by
scrypt, 93 ms of each request where it was measured. That guards short passwords that people think of; ours is 40 random
hexadecimal digits, which a comparison in constant time guards as well.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import json
from collections.abc import Awaitable, Callable, MutableMapping
from pathlib import Path
from typing import Any

from tollgate_serving.errors import UserError

#: Mirrored by registry/credentials.ts.
USER = "tollgate"
#: Answers without a password: it is asked by whoever starts the server, and says nothing but that it runs.
OPEN = "/health"

Scope = MutableMapping[str, Any]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Scope, Any, Send], Awaitable[None]]


class PasswordGuard:
    """An ASGI application in front of another: 401 for every request without the password, as ``Basic`` of user
    ``tollgate`` or as ``Bearer``. Both are what MLflow's clients send (``MLFLOW_TRACKING_USERNAME`` and ``_PASSWORD``,
    or ``MLFLOW_TRACKING_TOKEN``), and a browser asks its user for the first."""

    def __init__(self, app: App, password: str):
        self._app = app
        pair = base64.b64encode(f"{USER}:{password}".encode())
        self._basic = pair
        self._bearer = password.encode()

    async def __call__(self, scope: Scope, receive: Any, send: Send) -> None:
        if scope["type"] == "lifespan" or self._may(scope):
            await self._app(scope, receive, send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
        else:
            await _refuse(send)

    def _may(self, scope: Scope) -> bool:
        if scope["type"] == "http" and scope["path"] == OPEN:
            return True
        given = [value for name, value in scope["headers"] if name == b"authorization"]
        if len(given) != 1:
            return False
        scheme, _, sent = given[0].strip().partition(b" ")
        if scheme.lower() == b"bearer":
            return hmac.compare_digest(sent.strip(), self._bearer)
        if scheme.lower() == b"basic":
            return hmac.compare_digest(_canonical(sent.strip()), self._basic)
        return False


def _canonical(pair: bytes) -> bytes:
    """The same pair in the one spelling that ours has; nothing for what is no base64."""
    try:
        return base64.b64encode(base64.b64decode(pair, validate=True))
    except (binascii.Error, ValueError):
        return b""


async def _refuse(send: Send) -> None:
    body = json.dumps(
        {
            "error_code": "UNAUTHENTICATED",
            "message": 'This registry wants its password: run `eval "$(tollgate env --stack <stack>)"`, or set '
            f"MLFLOW_TRACKING_USERNAME={USER} and MLFLOW_TRACKING_PASSWORD.",
        }
    ).encode()
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(body)).encode()),
        (b"www-authenticate", b'Basic realm="MLflow", charset="UTF-8"'),
        # The rest of a refused upload isn't read.
        (b"connection", b"close"),
    ]
    await send({"type": "http.response.start", "status": 401, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def read_password(file: Path) -> str:
    """:raises UserError: when it can't be read, or is too short to guard anything."""
    try:
        password = file.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(
            f"the registry's password can't be read from {file} ({error}); run up again to make it."
        ) from error
    if len(password) < 20:
        raise UserError(
            f"the registry's password in {file} has {len(password)} characters, at least 20 are wanted; "
            "delete it and run up again to make a new one."
        )
    return password
