"""Rows of a table as a caller sends them in JSON."""

from __future__ import annotations

import base64
from typing import Any

import numpy

from tollgate_serving.signature import Signature


def json_rows(features: Any, count: int, signature: Signature | None = None) -> list[Any]:
    """The first rows of a DataFrame or an array: missing values as null, times as text, bytes in base64.

    Lists of values. A table that lacks an optional column of the signature, and one of several arrays, make objects by
    name, and a model that takes one array gets each row's part of it.
    """
    import pandas

    head = pandas.DataFrame(features[:count])
    rows = [[_json_value(value) for value in row] for row in head.astype(object).values.tolist()]
    if signature is None or not signature.named:
        one_array = signature is not None and signature.kind == "tensors"
        several = one_array and len(signature.tensors[0].shape) > 1
        return [row[0] for row in rows] if several else rows
    whole = signature.kind == "columns" and head.shape[1] == signature.width
    if signature.kind == "matrix" or whole or (signature.kind == "other" and head.shape[1] == 1):
        return rows
    return [dict(zip(map(str, head.columns), row)) for row in rows]


def _json_value(value: Any) -> Any:
    import pandas

    if isinstance(value, (list, tuple, numpy.ndarray)):
        return [_json_value(item) for item in value]
    if isinstance(value, dict):
        return {key: _json_value(item) for key, item in value.items()}
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if value is None or (not isinstance(value, str) and pandas.isna(value)):
        return None
    if isinstance(value, numpy.generic):
        return value.item()
    return value.isoformat() if hasattr(value, "isoformat") else value
