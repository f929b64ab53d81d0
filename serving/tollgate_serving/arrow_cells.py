"""Columns of Arrow tables, as numpy keeps them: the same rules as ``cells`` has for JSON.

Everything that comes as a table gets here: Arrow and Parquet bodies, CSV bodies, and the evaluator's files.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy

from tollgate_serving.cells import (
    EXACT,
    FIRST_TIME,
    LAST_TIME,
    Unfit,
    array_of,
    may_be_missing,
    narrowed,
    objects,
)
from tollgate_serving.signature import NUMPY_TYPES, Column


def array_of_arrow(values: Any, column: Column) -> numpy.ndarray:
    """A ChunkedArray as one array in the column's type. Raises Unfit."""
    import pyarrow
    import pyarrow.types as kinds

    if kinds.is_dictionary(values.type):
        # pandas' categories: the model gets their values.
        values = values.cast(values.type.value_type)
    if column.type == "object":
        # JSON has null where a column of numbers has NaN.
        return array_of(
            [None if value != value else value for value in values.to_pylist()], [column]
        )
    if column.nested is not None:
        return array_of(values.to_pylist(maps_as_pydicts="lossy"), [column])
    if kinds.is_null(values.type):
        return array_of([None] * len(values), [column])
    dtype = NUMPY_TYPES.get(column.type)
    if kinds.is_decimal(values.type):
        values = values.cast(pyarrow.float64())
    if dtype == "bool":
        return _booleans(values, column)
    if dtype is not None:
        numbers = kinds.is_integer(values.type) or kinds.is_floating(values.type)
        if not numbers:
            raise _first(values, _is_number)
        return _floats(values, dtype) if dtype.startswith("float") else _whole(values, dtype)
    if column.type == "datetime" and (
        kinds.is_timestamp(values.type) or kinds.is_date(values.type)
    ):
        return _times(values)
    if column.type == "binary" and _is_binary(values.type):
        return _objects(values, column)
    if not _is_text(values.type):
        raise _first(values)
    if column.type == "string":
        return _objects(values, column)
    return array_of(values.to_pylist(), [column])


def _floats(values: Any, dtype: str) -> numpy.ndarray:
    import pyarrow

    # Whole numbers beyond 2^53 lose digits as they do in JSON.
    doubles = values.cast(pyarrow.float64(), safe=False).to_numpy()
    return narrowed(doubles, dtype, doubles)


def _whole(values: Any, dtype: str) -> numpy.ndarray:
    import pyarrow.types as kinds

    if values.null_count:
        raise Unfit(_first_null(values), None)
    found = values.to_numpy()
    if kinds.is_floating(values.type):
        unfit = ~numpy.isfinite(found) | (found != numpy.trunc(found)) | (numpy.abs(found) > EXACT)
        if unfit.any():
            place = int(numpy.flatnonzero(unfit)[0])
            raise Unfit(place, None if numpy.isnan(found[place]) else float(found[place]))
        found = found.astype("int64")
    limits = numpy.iinfo(dtype)
    outside = (found < limits.min) | (found > limits.max)
    if outside.any():
        place = int(numpy.flatnonzero(outside)[0])
        raise Unfit(place, int(found[place]))
    return found.astype(dtype, copy=False)


def _booleans(values: Any, column: Column) -> numpy.ndarray:
    import pyarrow.types as kinds

    if not kinds.is_boolean(values.type):
        raise _first(values, _is_truth)
    if values.null_count == 0:
        return values.to_numpy()
    return _objects(values, column)


def _times(values: Any) -> numpy.ndarray:
    import pyarrow

    if getattr(values.type, "tz", None) is not None:
        raise _first(values)
    try:
        found = values.cast(pyarrow.timestamp("ns")).to_numpy()
    except pyarrow.ArrowInvalid:
        # One is out of reach of nanoseconds; milliseconds know all of them.
        found = values.cast(pyarrow.timestamp("ms"), safe=False).to_numpy()
    outside = (found < numpy.datetime64(FIRST_TIME)) | (found >= numpy.datetime64(LAST_TIME))
    if outside.any():
        place = int(numpy.flatnonzero(outside)[0])
        raise Unfit(place, found[place])
    return found


def _objects(values: Any, column: Column) -> numpy.ndarray:
    """Texts, bytes or booleans as Python's own objects; None is what is missing."""
    if values.null_count and not may_be_missing(column):
        raise Unfit(_first_null(values), None)
    return objects(values.to_pylist())


def _first(values: Any, fits: Callable[[Any], bool] = lambda value: False) -> Unfit:
    """The whole column is of another type: the first value that doesn't fit, else the first at all, stands for it.

    One such value among the cells of a CSV makes texts of all of them.
    """
    there = [place for place, value in enumerate(values) if value.is_valid]
    wrong = (place for place in there if not fits(values[place].as_py()))
    place = next(wrong, there[0] if there else 0)
    return Unfit(place, values[place].as_py())


def _is_number(value: Any) -> bool:
    try:
        float(value)
    except (TypeError, ValueError):
        return False
    return True


def _is_truth(value: Any) -> bool:
    """As a CSV may write it, for pandas."""
    return value in (0, 1) or str(value).lower() in ("true", "false")


def _first_null(values: Any) -> int:
    return int(numpy.flatnonzero(values.is_null().to_numpy())[0])


def _is_text(kind: Any) -> bool:
    import pyarrow.types as kinds

    return kinds.is_string(kind) or kinds.is_large_string(kind) or kinds.is_string_view(kind)


def _is_binary(kind: Any) -> bool:
    import pyarrow.types as kinds

    return (
        kinds.is_binary(kind)
        or kinds.is_large_binary(kind)
        or kinds.is_binary_view(kind)
        or kinds.is_fixed_size_binary(kind)
    )
