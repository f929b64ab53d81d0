"""What MLflow answers: in this process, and by its own scoring server on a socket."""

from __future__ import annotations

import contextlib
import http.client
import io
import json
import socket
import threading
import time
from collections.abc import Iterator
from typing import Any

import uvicorn
from forms import Body
from mlflow.pyfunc import scoring_server


def in_process(model: Any, rows: Any, params: Any, by_value: bool = False) -> Any:
    """``predict`` of a loaded pyfunc, as MLflow writes it in JSON.

    ``by_value``: a pandas Series as its values, as ``/predict`` answers it, where MLflow writes records.
    """
    predictions = model.predict(rows, params=params)
    if by_value and hasattr(predictions, "iloc") and predictions.ndim == 1:
        predictions = predictions.to_numpy()
    written = io.StringIO()
    scoring_server.predictions_to_json(predictions, written)
    return json.loads(written.getvalue())["predictions"]


@contextlib.contextmanager
def mlflow_server(model: Any) -> Iterator[int]:
    """The application that ``mlflow models serve`` runs, on loopback; gives the port."""
    config = uvicorn.Config(
        scoring_server.init(model), lifespan="off", log_config=None, access_log=False
    )
    server = uvicorn.Server(config)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=server.run, args=([listener],))
        thread.start()
        try:
            while not server.started and thread.is_alive():
                time.sleep(0.02)
            yield listener.getsockname()[1]
        finally:
            server.should_exit = True
            thread.join()


def post(port: int, path: str, body: Body) -> tuple[int, Any]:
    """Status and predictions; in place of these the sentence of a refusal."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    with contextlib.closing(connection):
        connection.request("POST", path, body.content, {"content-type": body.content_type})
        answer = connection.getresponse()
        status, text = answer.status, answer.read().decode()
    try:
        document = json.loads(text)
    except json.JSONDecodeError:
        return status, text
    if status == 200:
        return status, document["predictions"]
    error = document.get("error", document)
    return status, error.get("message", text) if isinstance(error, dict) else error


def alike(left: Any, right: Any) -> bool:
    """The same texts, truths and shapes, and numbers within the precision of a 32-bit float."""
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(alike(left[key], right[key]) for key in left)
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(alike, left, right))
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    if isinstance(left, int | float) and isinstance(right, int | float):
        return abs(left - right) <= 1e-6 * max(abs(left), abs(right))
    return left == right
