"""Request bodies: our ``features`` and MLflow's formats, turned into what the predictor takes."""

from __future__ import annotations

import contextlib
import csv
import io
import math
from dataclasses import dataclass
from typing import Any

import orjson

from tollgate_serving.rows import RequestError, Rows, align, check_rows
from tollgate_serving.signature import NUMBER_TYPES, Signature

FORMATS = ("dataframe_split", "dataframe_records", "instances", "inputs")


@dataclass(frozen=True)
class Request:
    """One call of the model.

    ``rows`` is set when the signature could be checked here; ``raw`` is for models whose signature
    only MLflow can check, or that have none.
    """

    rows: Rows | None
    raw: Any = None
    params: dict[str, Any] | None = None


def parse_predict(body: bytes, signature: Signature | None) -> Request:
    """The body of ``POST /predict``: ``{"features": [[…]]}`` or ``{"features": [{…}]}``."""
    document = parse_object(body)
    if "features" not in document:
        raise RequestError(
            400, "missing-field", 'The body needs "features", a list of rows.', "features"
        )
    rows = document["features"]
    if signature is None or signature.kind == "other":
        if type(rows) is not list or not rows:
            raise RequestError(
                400, "empty", "features must be a list with at least one row.", "features"
            )
        return Request(rows=None, raw=_table(rows))
    return Request(rows=check_rows(rows, signature))


def parse_invocation(body: bytes, content_type: str, signature: Signature | None) -> Request:
    """The body of ``POST /invocations``: one of MLflow's JSON formats, or CSV with a header."""
    media_type = content_type.partition(";")[0].strip().lower()
    if media_type == "text/csv":
        return _parse_csv(body, signature)
    if media_type not in ("application/json", ""):
        raise RequestError(
            415,
            "media-type",
            "The content type must be application/json or text/csv.",
            "content-type",
        )
    document = parse_object(body)
    given = [name for name in FORMATS if name in document]
    if len(given) != 1:
        raise RequestError(400, "format", f"The body needs exactly one of {', '.join(FORMATS)}.")
    params = document.get("params")
    if params is not None:
        if type(params) is not dict:
            raise RequestError(400, "params", "params must be an object.", "params")
        if signature is None or not signature.takes_params:
            raise RequestError(422, "params", "The model takes no params.", "params")
    name, value = given[0], document[given[0]]
    if signature is None or signature.kind == "other":
        return Request(rows=None, raw=_unchecked(name, value), params=params)
    return Request(rows=_checked(name, value, signature), params=params)


def parse_object(body: bytes) -> dict[str, Any]:
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise RequestError(
            400,
            "bad-json",
            f"The body is no valid JSON at line {error.lineno}, column {error.colno}.",
        ) from None
    if type(document) is not dict:
        raise RequestError(400, "bad-json", "The body must be a JSON object.")
    return document


def _checked(name: str, value: Any, signature: Signature) -> Rows:
    if name == "dataframe_split":
        columns, data = _split(value)
        return check_rows(align(columns, data, signature, name), signature, name)
    if name == "inputs" and type(value) is dict:
        columns, data = _by_column(value)
        return check_rows(align(columns, data, signature, name), signature, name)
    if name in ("instances", "inputs") and type(value) is list and signature.width == 1:
        # MLflow lets a model with one column take bare values.
        value = [row if type(row) in (list, dict) else [row] for row in value]
    return check_rows(value, signature, name)


def _split(value: Any) -> tuple[Any, list[Any]]:
    if type(value) is not dict or type(value.get("data")) is not list:
        raise RequestError(
            400,
            "format",
            "dataframe_split needs data, and columns when they have names.",
            "dataframe_split",
        )
    return value.get("columns"), value["data"]


def _by_column(value: dict[str, Any]) -> tuple[list[str], list[list[Any]]]:
    """``{"a": [1, 2], "b": [3, 4]}``, or one row ``{"a": 1, "b": 3}``."""
    lists = {name: cells if type(cells) is list else [cells] for name, cells in value.items()}
    if len({len(cells) for cells in lists.values()}) > 1:
        raise RequestError(422, "ragged", "inputs has columns of different length.", "inputs")
    return list(lists), [list(row) for row in zip(*lists.values())]


def _parse_csv(body: bytes, signature: Signature | None) -> Request:
    try:
        lines = list(csv.reader(io.StringIO(body.decode("utf-8-sig")), strict=True))
    except (UnicodeDecodeError, csv.Error):
        raise RequestError(400, "bad-csv", "The body is no valid CSV in UTF-8.") from None
    lines = [line for line in lines if line]
    if len(lines) < 2:
        raise RequestError(400, "empty", "The CSV needs a header and at least one row.")
    header, cells = lines[0], lines[1:]
    for index, line in enumerate(cells):
        if len(line) != len(header):
            raise RequestError(
                422,
                "wrong-width",
                f"Row {index} has {len(line)} values; the header names {len(header)}.",
                None,
                index,
            )
    if signature is None or signature.kind == "other":
        import pandas

        return Request(rows=None, raw=pandas.read_csv(io.BytesIO(body)))
    aligned = align(header, cells, signature, "csv")
    types = [column.type for column in signature.columns]
    rows = [
        [_csv_value(cell, type_name) for cell, type_name in zip(line, types, strict=False)]
        + line[len(types) :]
        for line in aligned
    ]
    return Request(rows=check_rows(rows, signature, "csv"))


def _csv_value(cell: str | None, type_name: str) -> Any:
    """A cell as the JSON value it stands for; text that fits no type is left to the check."""
    if cell is None or cell == "":
        return None
    if type_name in NUMBER_TYPES:
        for parse in (int, float):
            with contextlib.suppress(ValueError):
                number = parse(cell)
                # "nan" and "inf" stay text, so that the check refuses them.
                return number if math.isfinite(number) else cell
    if type_name == "boolean":
        return {"true": True, "false": False}.get(cell.lower(), cell)
    return cell


def _unchecked(name: str, value: Any) -> Any:
    """As MLflow's own server would hand it to the model."""
    import numpy
    import pandas

    try:
        if name == "dataframe_split":
            columns, data = _split(value)
            return pandas.DataFrame(data, columns=columns)
        if name == "dataframe_records":
            return pandas.DataFrame(value)
        if name == "inputs" and type(value) is dict:
            return {key: numpy.array(cells) for key, cells in value.items()}
        return _table(value)
    except ValueError:
        raise RequestError(400, "format", f"{name} is no table or array.", name) from None


def _table(rows: Any) -> Any:
    import numpy
    import pandas

    try:
        if type(rows) is list and rows and type(rows[0]) is dict:
            return pandas.DataFrame(rows)
        return numpy.array(rows)
    except ValueError:
        raise RequestError(422, "ragged", "The rows have different lengths.") from None
