"""Requests to a scorer over plain HTTP, and what is wrong with an answer. Standard library only.

The same rules as ``provider/release/scorer.ts``, which asks scorers from outside of a cluster.
"""

from __future__ import annotations

import http.client
import json
import math
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from tollgate_serving.errors import UserError

#: For one answer, in seconds.
TIMEOUT_SECONDS = 10


class BadAnswer(Exception):
    """One clause that follows the scorer's address, such as ``answers 503 to GET /ready``."""


class NoAnswer(BadAnswer):
    """The connection failed or took too long."""


@dataclass(frozen=True)
class Answer:
    status: int
    text: bytes
    #: The version that answered; None when it doesn't say.
    version: str | None
    ms: float


@dataclass(frozen=True)
class Sample:
    """A request the model can answer."""

    rows: int
    #: Body of ``POST /predict``.
    body: bytes


class Caller:
    """Asks one address, such as ``http://scorer-preview:8000``. Keeps a connection open from request to request
    unless told to take a new one: behind a Service each new connection may reach another pod."""

    def __init__(self, url: str, timeout_seconds: float = TIMEOUT_SECONDS):
        parts = urlsplit(url)
        try:
            port = parts.port or 80
        except ValueError:
            port = None
        if parts.scheme != "http" or not parts.hostname or port is None or parts.path.strip("/"):
            raise UserError(
                f"{url} is no address of a scorer; give one such as http://scorer-preview:8000."
            )
        self._timeout = timeout_seconds
        self._connection = http.client.HTTPConnection(parts.hostname, port, timeout_seconds)

    def ask(self, path: str, body: bytes | None = None, *, anew: bool = False) -> Answer:
        """One request; a POST when there is a body. Raises NoAnswer."""
        if anew:
            self.close()
        started = time.perf_counter()
        try:
            headers = {} if body is None else {"content-type": "application/json"}
            self._connection.request("GET" if body is None else "POST", path, body, headers)
            answer = self._connection.getresponse()
            text = answer.read()
        except TimeoutError as error:
            self.close()
            raise NoAnswer(f"does not answer within {self._timeout:g} s") from error
        except (OSError, http.client.HTTPException) as error:
            self.close()
            reason = getattr(error, "strerror", None) or type(error).__name__
            raise NoAnswer(f"does not answer ({reason})") from error
        ms = (time.perf_counter() - started) * 1000
        return Answer(answer.status, text, answer.getheader("x-model-version"), ms)

    def ask_object(self, path: str) -> dict[str, Any]:
        """The JSON object that a GET answers. Raises BadAnswer."""
        answer = self.ask(path)
        if answer.status != 200:
            raise BadAnswer(f"answers {answer.status} to GET {path}")
        return _object(answer.text, f"GET {path}")

    def ask_sample(self) -> Sample | None:
        """The request the scorer says it can answer (``sample`` in ``GET /version``); None when it knows none."""
        sample = self.ask_object("/version").get("sample")
        rows = sample.get("features") if isinstance(sample, dict) else None
        if not isinstance(rows, list) or not rows:
            return None
        return Sample(len(rows), json.dumps(sample).encode())

    def ask_predictions(self, sample: Sample, version: str, *, anew: bool = False) -> float:
        """Milliseconds until there were as many predictions as rows, by this version. Raises BadAnswer."""
        answer = self.ask("/predict", sample.body, anew=anew)
        if answer.status != 200:
            raise BadAnswer(f"answers {answer.status} to POST /predict")
        if answer.version is not None and answer.version != version:
            raise BadAnswer(f"answers POST /predict by version {answer.version}")
        predictions = _by_row(_object(answer.text, "POST /predict").get("predictions"))
        if not isinstance(predictions, list):
            raise BadAnswer("answers POST /predict without predictions")
        if len(predictions) != sample.rows:
            raise BadAnswer(
                f"answers POST /predict with {len(predictions)} predictions for {sample.rows} rows"
            )
        if not all(map(is_prediction, predictions)):
            raise BadAnswer("answers POST /predict with a prediction that is not finite")
        return answer.ms

    def close(self) -> None:
        self._connection.close()


def _by_row(predictions: Any) -> Any:
    """A record for each row, of a model that answers lists of as many values by column; anything else as it is."""
    if not isinstance(predictions, dict):
        return predictions
    columns = [_by_row(values) for values in predictions.values()]
    lists = [column for column in columns if isinstance(column, list)]
    if len(lists) < len(columns) or len({len(column) for column in lists}) != 1:
        return predictions
    return [dict(zip(predictions, values)) for values in zip(*columns)]


def is_prediction(value: Any) -> bool:
    """Numbers are finite, none is missing in a list of numbers, and something is said: null may stand beside what is
    measured of an answer, as the reason that a class doesn't have, but isn't an answer by itself."""
    values = list(_values_in(value))
    return _has_good_numbers(value) and (not values or any(each is not None for each in values))


def _has_good_numbers(value: Any) -> bool:
    if isinstance(value, float):
        return math.isfinite(value)
    if isinstance(value, dict):
        return all(map(_has_good_numbers, value.values()))
    if isinstance(value, list):
        lacks = None in value and any(type(each) in (int, float) for each in value)
        return not lacks and all(map(_has_good_numbers, value))
    return True


def _values_in(value: Any) -> Iterator[Any]:
    """What is in lists and records, however deep; the value itself where it is neither."""
    if isinstance(value, (list, dict)):
        for each in value.values() if isinstance(value, dict) else value:
            yield from _values_in(each)
    else:
        yield value


def _object(text: bytes, what: str) -> dict[str, Any]:
    try:
        # Python writes NaN into JSON, which makes it no JSON; reading it would hide that.
        value = json.loads(text, parse_constant=_refuse_constant)
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, dict):
        raise BadAnswer(f"answers {what} with something that is not a JSON object")
    return value


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is no JSON")
