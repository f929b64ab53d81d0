"""An example request, made from a model's input example or from its signature alone."""

from __future__ import annotations

from typing import Any

from tollgate_serving.conversion import from_json
from tollgate_serving.json_rows import json_rows
from tollgate_serving.request_error import RequestError
from tollgate_serving.signature import Column, Signature

_PLAUSIBLE: dict[str, Any] = {
    "boolean": True,
    "string": "a",
    "datetime": "2024-01-01T00:00:00",
    "binary": "YQ==",
}


def sample_rows(signature: Signature | None, example: Any) -> list[Any] | None:
    """A valid ``features`` value: the model's input example if it fits, plausible values otherwise.

    None where the signature can't tell what is plausible.
    """
    if signature is None or signature.kind == "other":
        return None
    for rows in (_example_rows(signature, example), _plausible_rows(signature)):
        if rows is not None and _is_taken(rows, signature):
            return rows
    return None


def _example_rows(signature: Signature, example: Any) -> list[Any] | None:
    import numpy
    import pandas

    if isinstance(example, pandas.DataFrame) and signature.kind == "columns":
        names = {str(name): name for name in example.columns}
        if signature.named:
            if not names.keys() >= signature.name_set:
                return None
            example = example[[names[name] for name in signature.names]]
    elif isinstance(example, dict) and signature.kind == "tensors" and signature.named:
        if not example.keys() >= {tensor.name for tensor in signature.tensors}:
            return None
        return [
            {
                tensor.name: numpy.asarray(example[tensor.name])[0].tolist()
                for tensor in signature.tensors
            }
        ]
    elif not isinstance(example, numpy.ndarray) or example.ndim < 2:
        return None
    elif signature.kind == "tensors":
        return example[:1].tolist()
    rows = json_rows(example, 1, signature)
    # What is missing doesn't make a readable sample.
    return None if any(None in row for row in rows) else rows


def _plausible_rows(signature: Signature) -> list[Any] | None:
    if signature.kind == "tensors" or any(
        column.nested is not None or column.type == "object" for column in signature.columns
    ):
        return None
    return [[_plausible(column) for column in signature.columns]]


def _plausible(column: Column) -> Any:
    if column.type in ("double", "float", "float16"):
        return 0.5
    return _PLAUSIBLE.get(column.type, 1)


def _is_taken(rows: list[Any], signature: Signature) -> bool:
    try:
        from_json(rows, signature)
    except RequestError:
        return False
    return True
