"""Why a value is refused, in a sentence that doesn't repeat it."""

from __future__ import annotations

import numbers
from datetime import date, datetime, time
from typing import Any

import numpy

from tollgate_serving.cells import EXACT, Unfit, may_be_missing
from tollgate_serving.request_error import RequestError
from tollgate_serving.signature import NUMPY_TYPES, Column

_WANTED = {
    "double": "a finite number (double)",
    "float": "a finite number of 32 bits (float)",
    "integer": "a whole number of 32 bits (integer)",
    "long": "a whole number of 64 bits (long)",
    "boolean": "true or false (boolean)",
    "string": "text (string)",
    "datetime": "text such as 2024-01-31T12:00:00, from 1677-09-22 to 2262-04-10 and without a zone (datetime)",
    "binary": "bytes in base64 (binary)",
    "object": "a text, a number or a boolean (object)",
}


def refused(error: Unfit, column: Column, row: int) -> RequestError:
    """What is wrong with the value of ``column`` in ``row``."""
    where = f"Row {row}, column {column.name}" if column.name else f"Row {row}"
    wanted = wanted_of(column)
    if error.value is None:
        sentence = f"{where} is null; the model requires {wanted}."
        if not column.required and not may_be_missing(column):
            sentence = (
                f"{where} is null; MLflow hands a model no missing value of the type {column.type}: send {wanted}, "
                "or log the model with the column as double."
            )
        return RequestError(422, "null", sentence, column.name or None, row)
    sentence = f"{where} holds {_kind(error.value, column)}; the model takes {wanted}."
    return RequestError(422, "wrong-type", sentence, column.name or None, row)


def wanted_of(column: Column) -> str:
    """What the column takes, for a sentence."""
    if column.nested is not None:
        return f"a value of MLflow's type {column.type}"
    if column.type in _WANTED:
        return _WANTED[column.type]
    kind = "a finite number" if column.type.startswith("float") else "a whole number"
    return f"{kind} ({NUMPY_TYPES[column.type]})"


def _kind(value: Any, column: Column) -> str:
    if isinstance(value, bool):
        return "a boolean"
    if isinstance(value, numbers.Real):
        if column.type == "boolean" or column.type not in NUMPY_TYPES:
            return "a number"
        if isinstance(value, int) or (value == value and abs(value) == float("inf")):
            return "a number beyond what fits"
        if abs(value) > EXACT:
            return "a number that is too large or has lost digits"
        return "a number that doesn't fit"
    if isinstance(value, str):
        return f"text of {_count(len(value), 'character')} that doesn't fit"
    if isinstance(value, bytes):
        return _count(len(value), "byte")
    if isinstance(value, datetime) and value.tzinfo is not None:
        return "a time with a zone"
    if isinstance(value, datetime | date | numpy.datetime64):
        return "a time that doesn't fit"
    if isinstance(value, time):
        return "a time without a date"
    return {list: "a list", dict: "an object"}.get(type(value), "a value of another type")


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"
