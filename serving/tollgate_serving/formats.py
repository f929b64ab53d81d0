"""Request bodies: our ``features`` and MLflow's formats, turned into what the predictor takes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import orjson

from tollgate_serving import large_json, table_bodies
from tollgate_serving.conversion import from_columns, from_json, from_table, tensors_by_name
from tollgate_serving.language import input_and_params, is_language
from tollgate_serving.media_types import CSV, JSON, media_type_of
from tollgate_serving.params import checked_params
from tollgate_serving.request_error import RequestError
from tollgate_serving.signature import Signature
from tollgate_serving.table import Rows
from tollgate_serving.unchecked import by_mlflow, rows_by_mlflow

FORMATS = ("dataframe_split", "dataframe_records", "instances", "inputs")
#: What some programs begin a text in UTF-8 with.
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


@dataclass(frozen=True)
class Request:
    """One call of the model.

    ``rows`` is set when the signature could be checked here; ``raw`` is for models whose signature
    only MLflow can check, or that have none.
    """

    rows: Rows | None
    raw: Any = None
    params: dict[str, Any] | None = None
    #: Is the answer the model's own document, and not one with ``predictions``?
    bare_answer: bool = False


def parse_predict(body: bytes, signature: Signature | None) -> Request:
    """The body of ``POST /predict``: ``{"features": [[…]]}`` or ``{"features": [{…}]}``, and ``params``."""
    document = parse_object(body)
    if "features" not in document:
        raise RequestError(
            400, "missing-field", 'The body needs "features", a list of rows.', "features"
        )
    rows, params = document["features"], checked_params(document.get("params"), signature)
    if signature is None or signature.kind == "other":
        return Request(rows=None, raw=rows_by_mlflow(rows, signature), params=params)
    return Request(rows=from_json(rows, signature), params=params)


def parse_invocation(body: bytes, content_type: str, signature: Signature | None) -> Request:
    """The body of ``POST /invocations``: MLflow's JSON formats, CSV with a header, Parquet, an Arrow stream."""
    media_type = media_type_of(content_type)
    known = signature if signature is not None and signature.kind != "other" else None
    if media_type == CSV:
        if known is None:
            return Request(rows=None, raw=table_bodies.read_plain_csv(body))
        return Request(rows=from_table(table_bodies.read_csv(body, known), known, "The CSV"))
    if media_type != JSON:
        is_arrow = media_type == table_bodies.ARROW
        read = table_bodies.read_arrow if is_arrow else table_bodies.read_parquet
        table = read(body, known)
        if known is None:
            return Request(rows=None, raw=table.to_pandas())
        return Request(rows=from_table(table, known, "The table"))
    document = parse_object(body)
    if is_language(document):
        return _language(document, signature, known)
    given = [name for name in FORMATS if name in document]
    if len(given) != 1:
        raise RequestError(400, "format", f"The body needs exactly one of {', '.join(FORMATS)}.")
    params = checked_params(document.get("params"), signature)
    name, value = given[0], document[given[0]]
    if known is None:
        return Request(rows=None, raw=by_mlflow(name, value, signature), params=params)
    return Request(rows=_checked(name, value, known), params=params)


def _language(
    document: dict[str, Any], signature: Signature | None, known: Signature | None
) -> Request:
    """One row, whose answer is the model's own document."""
    row, given = input_and_params(document, signature)
    params = checked_params(given, signature) or {}
    if known is None:
        return Request(rows=None, raw=row, params=params, bare_answer=True)
    rows = from_json([row], known, "the body")
    return Request(rows=rows, params=params, bare_answer=True)


def parse_object(body: bytes) -> dict[str, Any]:
    try:
        document = large_json.loads(body)
    except orjson.JSONDecodeError as error:
        if body.startswith(_BYTE_ORDER_MARK):
            return parse_object(body.removeprefix(_BYTE_ORDER_MARK))
        if error.msg.startswith("number is infinity"):
            raise RequestError(
                422, "out-of-range", "The body holds a number that no 64-bit float holds."
            ) from None
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
        if signature.kind == "columns":
            return from_columns(columns, data, signature, name)
        return from_json(_array_rows(columns, data, signature, name), signature, name, flat=True)
    if name == "dataframe_records" and not (signature.kind == "columns" and signature.named):
        return from_json(_array_records(value, signature), signature, name, flat=True)
    if name in ("instances", "inputs") and type(value) is dict and signature.named:
        if signature.kind == "tensors":
            return tensors_by_name(value, signature, name)
        columns, data = _by_column(value, signature, name)
        return from_columns(columns, data, signature, name)
    if name in ("instances", "inputs") and type(value) is list and signature.width == 1:
        # MLflow lets a model with one column take bare values.
        value = [row if type(row) in (list, dict) else [row] for row in value]
    one_name = len(signature.tensors) == 1 and signature.named
    if one_name and type(value) is list and not any(type(row) is dict for row in value):
        # The same for a model with one array that has a name.
        value = [{signature.names[0]: row} for row in value]
    return from_json(value, signature, name)


def _split(value: Any) -> tuple[Any, list[Any]]:
    if type(value) is not dict or type(value.get("data")) is not list:
        raise _bad_split("needs data, and columns when they have names")
    if not value.keys() <= {"columns", "data", "index"}:
        raise _bad_split("has data, columns and index, and nothing else")
    index = value.get("index")
    if index is not None and (type(index) is not list or len(index) != len(value["data"])):
        raise _bad_split("has an index of another length than its data")
    return value.get("columns"), value["data"]


def _bad_split(what: str) -> RequestError:
    return RequestError(400, "format", f"dataframe_split {what}.", "dataframe_split")


def _by_column(
    value: dict[str, Any], signature: Signature, field: str
) -> tuple[list[str], list[list[Any]]]:
    """``{"a": [1, 2], "b": [3, 4]}``; a single value is that of every row, so ``{"a": 1, "b": 3}`` is one row."""
    if any(column.nested is not None for column in signature.columns):
        # Here a list is a value: MLflow takes such an object for one row.
        return list(value), [list(value.values())]
    lengths = {len(cells) for cells in value.values() if type(cells) is list}
    if len(lengths) > 1:
        raise RequestError(422, "ragged", f"{field} has columns of different length.", field)
    count = lengths.pop() if lengths else 1
    lists = [cells if type(cells) is list else [cells] * count for cells in value.values()]
    return list(value), [list(row) for row in zip(*lists)]


def _array_rows(columns: Any, data: list[Any], signature: Signature, field: str) -> list[Any]:
    """A table for a model that takes arrays: a matrix takes its columns in their order, whatever they are called."""
    if signature.kind == "matrix":
        return data
    if not all(type(row) is list for row in data):
        raise RequestError(422, "not-a-row", f"Each row of {field} must be a list.", field)
    if not signature.named:
        return _only_cells(data, field)
    if type(columns) is not list or any(len(row) != len(columns) for row in data):
        sentence = (
            f"{field} needs its columns as a list of names, and a value for each in each row."
        )
        raise RequestError(422, "wrong-width", sentence, field)
    return [dict(zip(map(str, columns), row)) for row in data]


def _array_records(value: Any, signature: Signature) -> Any:
    if type(value) is not list or signature.named or not all(type(row) is dict for row in value):
        return value
    # The first row's order is the columns', as pandas has it.
    names = list(value[0]) if value else []
    for index, row in enumerate(value):
        if len(row) != len(names) or not row.keys() >= set(names):
            sentence = f"Row {index} of dataframe_records has other names than row 0."
            raise RequestError(422, "wrong-width", sentence, "dataframe_records", index)
    rows = [[row[name] for name in names] for row in value]
    return _only_cells(rows, "dataframe_records") if signature.kind == "tensors" else rows


def _only_cells(rows: list[Any], field: str) -> list[Any]:
    if not all(len(row) == 1 for row in rows):
        sentence = f"{field} must have one column, of lists: the model takes an array."
        raise RequestError(422, "wrong-width", sentence, field)
    return [row[0] for row in rows]
