"""One set of rows in every form that a request may have."""

from __future__ import annotations

import io
import json
from dataclasses import dataclass
from typing import Any

import numpy
import pandas
from flavor import table_of

JSON = "application/json"
PARQUET = "application/vnd.apache.parquet"


@dataclass(frozen=True)
class Body:
    """A request's body."""

    content_type: str
    content: bytes


def predict_body(rows: Any, params: Any) -> Body:
    """The body of ``POST /predict``, which MLflow's server doesn't have."""
    return _json({"features": _rows(rows)}, params)


def invocation_bodies(rows: Any, params: Any) -> dict[str, Body]:
    """By the name of the form. CSV and Parquet have no place for params."""
    table = table_of(rows)
    split = {"columns": list(table.columns), "data": _cells(table)}
    records = [dict(zip(split["columns"], row)) for row in split["data"]]
    bodies = {
        "dataframe_split": _json({"dataframe_split": split}, params),
        "dataframe_records": _json({"dataframe_records": records}, params),
        "inputs": _json({"inputs": _inputs(rows)}, params),
        "instances": _json({"instances": _rows(rows)}, params),
    }
    if params is None:
        bodies["csv"] = Body("text/csv", table.to_csv(index=False).encode())
        parquet = io.BytesIO()
        table.to_parquet(parquet, index=False)
        bodies["parquet"] = Body(PARQUET, parquet.getvalue())
    return bodies


#: Every form of ``/invocations``, in the page's order.
FORMS = ("dataframe_split", "dataframe_records", "inputs", "instances", "csv", "parquet")


def _rows(rows: Any) -> list[Any]:
    """Row by row: lists of an array without names, else objects."""
    if isinstance(rows, numpy.ndarray):
        return rows.tolist()
    table = table_of(rows)
    return [dict(zip(table.columns, row)) for row in _cells(table)]


def _inputs(rows: Any) -> Any:
    """Column by column, where they have names."""
    if isinstance(rows, numpy.ndarray):
        return rows.tolist()
    table = table_of(rows)
    return dict(zip(table.columns, map(list, zip(*_cells(table)))))


def _cells(table: pandas.DataFrame) -> list[list[Any]]:
    return [[_cell(value) for value in row] for row in table.itertuples(index=False, name=None)]


def _cell(value: Any) -> Any:
    if isinstance(value, (list, dict)):
        return value
    if isinstance(value, pandas.Timestamp):
        return value.isoformat()
    if isinstance(value, bytes):
        raise TypeError("bytes have no one form in JSON")
    return None if pandas.isna(value) else value.item() if hasattr(value, "item") else value


def _json(document: dict[str, Any], params: Any) -> Body:
    whole = document if params is None else {**document, "params": params}
    return Body(JSON, json.dumps(whole, allow_nan=False).encode())
