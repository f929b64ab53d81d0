"""The scorer's routes as an OpenAPI document, made from the model's signature."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tollgate_serving.signature import Signature
from tollgate_serving.state import State

DOCS_PAGE = Path(__file__).with_name("docs.html")

_TYPES: dict[str, dict[str, str]] = {
    "double": {"type": "number", "format": "double"},
    "float": {"type": "number", "format": "float"},
    "integer": {"type": "integer", "format": "int32"},
    "long": {"type": "integer", "format": "int64"},
    "boolean": {"type": "boolean"},
    "string": {"type": "string"},
    "datetime": {"type": "string", "format": "date-time"},
    "binary": {"type": "string", "format": "byte"},
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
                "post": _call("Predict, in MLflow's formats.", _mlflow_bodies(), {"type": "object"})
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
    row: dict[str, Any] = {"type": ["array", "object"]}
    if signature is not None and signature.kind != "other":
        cells = [_cell(column.type, column.required) for column in signature.columns]
        as_list = {
            "type": "array",
            "prefixItems": cells,
            "minItems": len(cells),
            "maxItems": len(cells),
        }
        row = as_list
        if signature.named:
            as_object = {
                "type": "object",
                "properties": {column.name: cell for column, cell in zip(signature.columns, cells)},
                "required": [column.name for column in signature.columns if column.required],
                "additionalProperties": False,
            }
            row = {"oneOf": [as_list, as_object]}
    features = {"type": "array", "minItems": 1, "items": row}
    return {"type": "object", "required": ["features"], "properties": {"features": features}}


def _cell(type_name: str, required: bool) -> dict[str, Any]:
    cell = _TYPES[type_name]
    return dict(cell) if required else {"anyOf": [cell, {"type": "null"}]}


def _prediction() -> dict[str, Any]:
    return {
        "type": "object",
        "required": ["predictions", "model_version"],
        "properties": {"predictions": {"type": "array"}, "model_version": {"type": "string"}},
    }


def _mlflow_bodies() -> dict[str, Any]:
    formats = [
        {
            "type": "object",
            "required": [name],
            "properties": {name: {}, "params": {"type": "object"}},
        }
        for name in ("dataframe_split", "dataframe_records", "instances", "inputs")
    ]
    return {
        "application/json": {"schema": {"oneOf": formats}},
        "text/csv": {"schema": {"type": "string"}},
    }


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
