"""The scorer's routes as an OpenAPI document, made from the model's signature."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tollgate_serving.cells import TIME, may_be_missing
from tollgate_serving.formats import FORMATS
from tollgate_serving.language import LANGUAGE_KEYS
from tollgate_serving.media_types import MEDIA_TYPES
from tollgate_serving.signature import Column, Signature, Tensor
from tollgate_serving.state import State
from tollgate_serving.table_bodies import ARROW, PARQUET
from tollgate_serving.tensors import dtype_words

DOCS_PAGE = Path(__file__).with_name("docs.html")

_TYPES: dict[str, dict[str, str]] = {
    "double": {"type": "number", "format": "double"},
    "float": {"type": "number", "format": "float"},
    "float16": {"type": "number"},
    "integer": {"type": "integer", "format": "int32"},
    "long": {"type": "integer", "format": "int64"},
    "boolean": {"type": "boolean"},
    "string": {"type": "string"},
    # Not "date-time", which wants a zone: MLflow's times have none.
    "datetime": {"type": "string", "pattern": f"^{TIME}$"},
    "binary": {"type": "string", "format": "byte"},
    "object": {"description": "A text, a number or a boolean."},
    **{
        name: {"type": "integer", "format": name}
        for name in ("int8", "int16", "uint8", "uint16", "uint32", "uint64")
    },
}
_REFUSALS = {
    "400": "The body can't be read.",
    "413": "The body is larger than 16 MiB.",
    "422": "The rows don't fit the model's signature.",
    "500": "The model failed, or predicted a value that isn't finite.",
    "503": "The model isn't loaded yet.",
}


def document(state: State) -> dict[str, Any]:
    """The OpenAPI 3.1 document. Columns appear once the model is loaded."""
    signature = state.loaded.signature if state.loaded else None
    predict: dict[str, Any] = {"schema": _predict_body(signature)}
    if state.loaded and state.loaded.sample:
        predict["example"] = {"features": state.loaded.sample}
    return {
        "openapi": "3.1.0",
        "info": {"title": f"Scorer of {state.pinned.model}", "version": state.pinned.version},
        "paths": {
            "/predict": {
                "post": _call("Predict rows.", {"application/json": predict}, _prediction())
            },
            "/invocations": {
                "post": _call(
                    "Predict, in MLflow's formats.", _mlflow_bodies(signature), {"type": "object"}
                )
            },
            "/probabilities": {
                "post": _call(
                    "Probabilities of the classes, where the model gives some; same bodies as /invocations.",
                    _mlflow_bodies(signature),
                    {"type": "object"},
                )
            },
            "/health": _get(
                "Status, stage, model, version and digest.", "503 until the model is loaded."
            ),
            "/ready": _get("May traffic be sent here?", "503 while starting and while stopping."),
            "/ping": _get(
                "The same as /health, as MLflow's own server calls it.",
                "503 until the model is loaded.",
            ),
            "/version": _get("What is served, its signature and a sample request."),
            "/metrics": _get("Prometheus metrics."),
            "/openapi.json": _get("This document."),
            "/docs": _get("A page to read it and to try a request."),
        },
        "components": {"schemas": {"Error": _error()}},
    }


def _predict_body(signature: Signature | None) -> dict[str, Any]:
    features = {"type": "array", "minItems": 1, "items": _row(signature)}
    properties: dict[str, Any] = {"features": features, "params": _params(signature)}
    return {"type": "object", "required": ["features"], "properties": properties}


def _row(signature: Signature | None) -> dict[str, Any]:
    if signature is None or signature.kind == "other":
        return {}
    if signature.kind == "tensors":
        arrays = {tensor.name: _array(tensor) for tensor in signature.tensors}
        return arrays[""] if "" in arrays else _by_name(arrays, list(arrays))
    cells = [_cell(column) for column in signature.columns]
    as_list = {
        "type": "array",
        "prefixItems": cells,
        "minItems": len(cells),
        "maxItems": len(cells),
    }
    if not signature.named:
        return as_list
    required = [column.name for column in signature.columns if column.required]
    return {"oneOf": [as_list, _by_name(dict(zip(signature.names, cells)), required)]}


def _by_name(properties: dict[str, Any], required: list[str]) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": properties,
        "required": required,
        "additionalProperties": False,
    }


def _cell(column: Column) -> dict[str, Any]:
    if column.nested is not None:
        return {"description": f"MLflow's type {column.type}"}
    cell = _TYPES[column.type]
    return {"anyOf": [cell, {"type": "null"}]} if may_be_missing(column) else dict(cell)


def _array(tensor: Tensor) -> dict[str, Any]:
    """A row's part of the array."""
    found: dict[str, Any] = dict(_TYPES[tensor.type])
    for size in reversed(tensor.shape[1:]):
        found = {"type": "array", "items": found, "minItems": max(size, 1)}
        if size > 0:
            found["maxItems"] = size
    return {**found, "description": f"A row of {dtype_words(tensor)}."}


def _params(signature: Signature | None) -> dict[str, Any]:
    """An object of the params that the model takes, or null."""
    schema = None if signature is None else signature.params
    properties = {}
    for spec in [] if schema is None else schema.params:
        one: dict[str, Any] = dict(_TYPES.get(getattr(spec.dtype, "name", ""), {"type": "object"}))
        properties[spec.name] = {"type": "array", "items": one} if spec.shape else one
    return {
        "type": ["object", "null"],
        "properties": properties,
        "additionalProperties": False,
    }


def _prediction() -> dict[str, Any]:
    return {
        "type": "object",
        "required": ["predictions", "model_version"],
        "properties": {"predictions": {"type": "array"}, "model_version": {"type": "string"}},
    }


def _mlflow_bodies(signature: Signature | None) -> dict[str, Any]:
    formats: list[dict[str, Any]] = [
        {
            "type": "object",
            "required": [name],
            "properties": {name: {}, "params": _params(signature)},
        }
        for name in FORMATS
    ]
    keys = LANGUAGE_KEYS if signature is None else LANGUAGE_KEYS & signature.name_set
    if keys:
        formats.append(
            {
                "type": "object",
                "anyOf": [{"required": [key]} for key in sorted(keys)],
                "description": "One row, with its params beside it; the answer is the model's own document.",
            }
        )
    schemas = {
        "application/json": {"oneOf": formats},
        "text/csv": {
            "type": "string",
            "description": "With a header; NA and an empty cell are missing.",
        },
        PARQUET: {"type": "string", "format": "binary"},
        ARROW: {"type": "string", "format": "binary"},
    }
    return {media_type: {"schema": schemas[media_type]} for media_type in MEDIA_TYPES}


def _call(summary: str, content: dict[str, Any], answer: dict[str, Any]) -> dict[str, Any]:
    error = {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}}
    return {
        "summary": summary,
        "requestBody": {"required": True, "content": content},
        "responses": {
            "200": {
                "description": "One prediction for each row.",
                "content": {"application/json": {"schema": answer}},
            },
            **{code: {"description": text, "content": error} for code, text in _REFUSALS.items()},
        },
    }


def _get(summary: str, unavailable: str | None = None) -> dict[str, Any]:
    responses = {"200": {"description": summary}}
    if unavailable:
        responses["503"] = {"description": unavailable}
    return {"get": {"summary": summary, "responses": responses}}


def _error() -> dict[str, Any]:
    return {
        "type": "object",
        "required": ["error"],
        "properties": {
            "error": {
                "type": "object",
                "required": ["code", "field", "row", "message"],
                "properties": {
                    "code": {"type": "string"},
                    "field": {"type": ["string", "null"]},
                    "row": {"type": ["integer", "null"]},
                    "message": {"type": "string"},
                },
            }
        },
    }
