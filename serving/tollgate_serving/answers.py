"""Predictions as JSON."""

from __future__ import annotations

import base64
import datetime
import json
import math
from typing import Any

import numpy
import orjson


class NonFinitePrediction(Exception):
    """The model predicted NaN or an infinite number, which JSON can't carry and nobody should act on."""


def mlflow_predictions(predictions: Any) -> Any:
    """What MLflow would answer: as ``plain_predictions``, but a record for each value of a pandas Series.

    Raises NonFinitePrediction.
    """
    is_series = hasattr(predictions, "iloc") and predictions.ndim == 1
    return plain_predictions(predictions.to_frame() if is_series else predictions)


def plain_predictions(predictions: Any) -> Any:
    """One answer for each row: a list, records for a table. Raises NonFinitePrediction.

    A missing text, truth or time is null, however pandas holds it; a missing number is no finite one.
    """
    if hasattr(predictions, "iloc"):
        predictions = (
            _records(predictions) if predictions.ndim == 2 else _column_values(predictions)
        )
    elif isinstance(predictions, (numpy.ndarray, numpy.generic)):
        kind = predictions.dtype.kind
        if kind in "iub" or (kind == "f" and numpy.isfinite(predictions).all()):
            return predictions.tolist()
        predictions = predictions.tolist()
    if isinstance(predictions, list) and _may_lack_texts(set(map(type, predictions))):
        import pandas

        predictions = _column_values(pandas.Series(predictions, dtype=object))
    _refuse_non_finite(predictions)
    return plain(predictions)


def _records(table: Any) -> list[dict[Any, Any]]:
    columns = [_column_values(table.iloc[:, place]) for place in range(table.shape[1])]
    return [dict(zip(table.columns, row)) for row in zip(*columns)]


def _may_lack_texts(types: set[type]) -> bool:
    return str in types and not types <= {str, type(None)}


def _column_values(column: Any) -> list[Any]:
    values = column.tolist()
    if isinstance(column.dtype, numpy.dtype) and column.dtype.kind in "iufb":
        return values
    missing = column.isna().tolist()
    if not any(missing):
        return values
    dtype = getattr(column.dtype, "categories", column).dtype
    if dtype.kind in "iuf":
        raise NonFinitePrediction
    said = [value for value, absent in zip(values, missing) if not absent]
    anything = isinstance(dtype, numpy.dtype) and dtype.kind == "O"
    if anything and not (said and all(isinstance(value, str) for value in said)):
        # A NaN that isn't among texts is a number that is none.
        missing = [
            absent and not isinstance(value, float) for value, absent in zip(values, missing)
        ]
    return [None if absent else value for value, absent in zip(values, missing)]


def plain(value: Any) -> Any:
    """In types that JSON and Arrow have, written as MLflow writes them.

    Keys become texts: a map of chances is often by the classes themselves, which are numbers.
    """
    if type(value) in _PLAIN:
        return value
    if isinstance(value, dict):
        return {_text_key(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        is_plain = type(value) is list and _PLAIN.issuperset(map(type, value))
        return value if is_plain else [plain(each) for each in value]
    if isinstance(value, numpy.ndarray):
        return plain(value.tolist())
    if isinstance(value, numpy.generic):
        return value.item()
    if isinstance(value, (bytes, bytearray)):
        return base64.encodebytes(value).decode("ascii")
    if isinstance(value, (datetime.date, datetime.time)):
        return value.isoformat()
    return value


_PLAIN = {str, int, float, bool, type(None)}


def _text_key(key: Any) -> str:
    named = plain(key)
    if isinstance(named, (int, float)) or named is None:
        # As the standard library names them.
        return json.dumps(named)
    return str(named)


def dump(document: Any) -> bytes:
    return orjson.dumps(document, default=_default, option=orjson.OPT_SERIALIZE_NUMPY)


def _refuse_non_finite(value: Any) -> None:
    if isinstance(value, (float, numpy.floating)):
        if not math.isfinite(value):
            raise NonFinitePrediction
    elif isinstance(value, dict):
        for item in value.values():
            _refuse_non_finite(item)
    elif isinstance(value, (list, tuple)):
        for item in value:
            _refuse_non_finite(item)
    elif isinstance(value, numpy.ndarray):
        _refuse_non_finite(value.tolist())


def _default(value: Any) -> Any:
    if hasattr(value, "tolist"):
        return value.tolist()
    return str(value)
