"""Cells that hold lists, objects or arrays, as Parquet has them. Counting and comparing want a hash: they have none."""

from __future__ import annotations

from hashlib import blake2b
from typing import Any

import numpy
import orjson


def has_parts(value: Any) -> bool:
    """Is a cell a list, an object or an array?"""
    return isinstance(value, (list, tuple, dict, numpy.ndarray))


def holds_parts(column: Any) -> bool:
    """Has a column such cells?"""
    return column.dtype == object and bool(column.map(has_parts).any())


def without_parts(column: Any) -> Any:
    """The column with a text in place of each such cell, the same one for the same values: 1 and 1.0 are the same."""
    if not holds_parts(column):
        return column
    return column.map(lambda cell: _told(cell) if has_parts(cell) else cell)


def _told(cell: Any) -> str:
    values = orjson.dumps(_plain(cell), option=orjson.OPT_SERIALIZE_NUMPY | orjson.OPT_SORT_KEYS)
    return f"parts {blake2b(values, digest_size=16).hexdigest()}"


def _plain(value: Any) -> Any:
    """What JSON has words for, numbers as doubles; a missing part is the same as one that is null."""
    if isinstance(value, numpy.ndarray) and value.dtype.kind in "iufb":
        # Adding 0 makes -0 and 0 the same.
        return numpy.ascontiguousarray(value, "float64") + 0.0
    if isinstance(value, dict):
        given = {str(name): _plain(part) for name, part in value.items()}
        return {name: part for name, part in given.items() if part is not None}
    if has_parts(value):
        return [_plain(part) for part in value]
    if isinstance(value, (bool, int, float, numpy.bool_, numpy.number)):
        return float(value) + 0.0
    return None if value is None else str(value)
