"""Predictions as JSON."""

from __future__ import annotations

import math
from typing import Any

import numpy
import orjson


class NonFinitePrediction(Exception):
    """The model predicted NaN or an infinite number, which JSON can't carry and nobody should act on."""


def plain_predictions(predictions: Any) -> Any:
    """What MLflow would answer: a list, records for a frame. Raises NonFinitePrediction."""
    if hasattr(predictions, "iloc"):
        predictions = (
            predictions.to_dict("records") if predictions.ndim == 2 else predictions.tolist()
        )
    elif isinstance(predictions, (numpy.ndarray, numpy.generic)):
        kind = predictions.dtype.kind
        if kind in "iub" or (kind == "f" and numpy.isfinite(predictions).all()):
            return predictions.tolist()
        predictions = predictions.tolist()
    _refuse_non_finite(predictions)
    return predictions


def dump(document: Any) -> bytes:
    return orjson.dumps(
        document, default=_default, option=orjson.OPT_SERIALIZE_NUMPY | orjson.OPT_NON_STR_KEYS
    )


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
