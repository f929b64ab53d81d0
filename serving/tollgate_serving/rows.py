"""Checks rows against the signature, before the model sees them."""

from __future__ import annotations

import base64
import binascii
import math
import re
from datetime import datetime
from typing import Any

import numpy

from tollgate_serving.signature import Column, Signature

_NUMBERS = {int, float}
_INTEGER_LIMITS = {"integer": 2**31, "long": 2**63}
_FLOAT32_MAX = 3.4028235e38
#: A caller's own column name is repeated in an error only when it can't be anything else than a name.
_SPEAKABLE = re.compile(r"[\w .\-]{1,64}\Z")

#: Rows as the predictor takes them: a matrix when every column is a double, lists of values otherwise.
Rows = numpy.ndarray | list[list[Any]]


class RequestError(Exception):
    """The caller's mistake, as one sentence that never repeats the caller's values."""

    def __init__(
        self, status: int, code: str, message: str, field: str | None = None, row: int | None = None
    ):
        super().__init__(message)
        self.status, self.code, self.message, self.field, self.row = (
            status,
            code,
            message,
            field,
            row,
        )

    def as_json(self) -> dict[str, Any]:
        return {
            "error": {
                "code": self.code,
                "field": self.field,
                "row": self.row,
                "message": self.message,
            }
        }


def check_rows(rows: Any, signature: Signature, field: str = "features") -> Rows:
    """Rows in the signature's order, converted to its types. ``field`` names the request's key in errors."""
    if type(rows) is not list:
        raise RequestError(400, "not-a-list", f"{field} must be a list of rows.", field)
    if not rows:
        raise RequestError(400, "empty", f"{field} is empty; give at least one row.", field)
    if signature.all_double:
        width = signature.width
        for row in rows:
            if (
                type(row) is not list
                or len(row) != width
                or not _NUMBERS.issuperset(map(type, row))
            ):
                break
        else:
            return numpy.array(rows, dtype=numpy.float64)
    checked = [_check_row(row, index, signature, field) for index, row in enumerate(rows)]
    return numpy.array(checked, dtype=numpy.float64) if signature.all_double else checked


def align(columns: Any, rows: Any, signature: Signature, field: str) -> Any:
    """Rows given with a list of column names, as lists in the signature's order."""
    if columns is None or not signature.named:
        return rows
    if type(columns) is not list or not all(type(name) is str for name in columns):
        raise RequestError(
            400, "not-a-list", f"{field} needs its columns as a list of names.", field
        )
    if len(set(columns)) != len(columns):
        raise RequestError(422, "duplicate-column", f"{field} names a column twice.", field)
    _check_names(set(columns), signature, None)
    if columns == [column.name for column in signature.columns]:
        return rows
    position = {name: index for index, name in enumerate(columns)}
    order = [position.get(column.name) for column in signature.columns]
    aligned = []
    for index, row in enumerate(rows):
        if type(row) is not list or len(row) != len(columns):
            raise RequestError(
                422,
                "wrong-width",
                f"Row {index} of {field} must be a list of {len(columns)} values.",
                field,
                index,
            )
        aligned.append([None if place is None else row[place] for place in order])
    return aligned


def _check_row(row: Any, index: int, signature: Signature, field: str) -> list[Any]:
    columns = signature.columns
    if type(row) is dict:
        if not signature.named:
            raise RequestError(
                422,
                "unnamed-columns",
                f"Row {index} of {field} must be a list: the columns have no names.",
                field,
                index,
            )
        _check_names(row.keys(), signature, index)
        values = [row.get(column.name) for column in columns]
    elif type(row) is list:
        if len(row) != len(columns):
            raise RequestError(
                422,
                "wrong-width",
                f"Row {index} of {field} has {len(row)} values; the model takes {len(columns)}.",
                field,
                index,
            )
        values = row
    else:
        raise RequestError(
            400, "not-a-row", f"Row {index} of {field} must be a list or an object.", field, index
        )
    return [_check_value(value, column, index) for value, column in zip(values, columns)]


def _check_names(names: Any, signature: Signature, row: int | None) -> None:
    known = {column.name for column in signature.columns}
    where = "" if row is None else f"Row {row}: "
    for column in signature.columns:
        if column.required and column.name not in names:
            raise RequestError(
                422, "missing-column", f"{where}column {column.name} is missing.", column.name, row
            )
    for name in names:
        if name not in known:
            shown = name if _SPEAKABLE.match(name) else None
            raise RequestError(
                422,
                "unknown-column",
                f"{where}column {shown or 'with that name'} is unknown to the model.",
                shown,
                row,
            )


def _check_value(value: Any, column: Column, row: int) -> Any:
    if value is None:
        if column.required:
            raise RequestError(
                422,
                "null",
                f"Row {row}, column {column.name} is null; the model requires a {column.type}.",
                column.name,
                row,
            )
        return None
    try:
        return _convert(value, column.type)
    except (ValueError, binascii.Error):
        raise RequestError(
            422,
            "wrong-type",
            f"Row {row}, column {column.name} holds {_kind(value)}; the model takes {_wanted(column.type)}.",
            column.name,
            row,
        ) from None


def _convert(value: Any, type_name: str) -> Any:
    """The value as the type's Python object. Raises ValueError."""
    kind = type(value)
    if type_name in ("double", "float"):
        if kind not in _NUMBERS or not math.isfinite(value):
            raise ValueError
        if type_name == "float" and abs(value) > _FLOAT32_MAX:
            raise ValueError
        return float(value)
    if type_name in _INTEGER_LIMITS:
        # JSON has one kind of number, so 3.0 is a whole number too.
        if kind not in _NUMBERS or not math.isfinite(value) or value != int(value):
            raise ValueError
        limit = _INTEGER_LIMITS[type_name]
        if not -limit <= value < limit:
            raise ValueError
        return int(value)
    if type_name == "boolean":
        if kind is not bool:
            raise ValueError
        return value
    if kind is not str:
        raise ValueError
    if type_name == "datetime":
        return datetime.fromisoformat(value)
    if type_name == "binary":
        return base64.b64decode(value, validate=True)
    return value


def _kind(value: Any) -> str:
    if isinstance(value, bool):
        return "a boolean"
    if isinstance(value, (int, float)):
        return "a number that doesn't fit"
    return {str: "text that doesn't fit", list: "a list", dict: "an object"}.get(
        type(value), "another type"
    )


def _wanted(type_name: str) -> str:
    return {
        "double": "a finite number (double)",
        "float": "a finite number of 32 bits (float)",
        "integer": "a whole number of 32 bits (integer)",
        "long": "a whole number of 64 bits (long)",
        "boolean": "true or false (boolean)",
        "string": "text (string)",
        "datetime": "text such as 2024-01-31T12:00:00 (datetime)",
        "binary": "bytes in base64 (binary)",
    }[type_name]
