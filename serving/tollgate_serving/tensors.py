"""Arrays of a request's JSON, or of a table's columns, in the dtype and the dimensions of the signature."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from typing import Any

import numpy

from tollgate_serving.arrow_cells import array_of_arrow
from tollgate_serving.cells import Unfit, array_of
from tollgate_serving.request_error import RequestError
from tollgate_serving.signature import NUMPY_TYPES, Column, Tensor
from tollgate_serving.unfit import refused


def tensor_of(rows: list[Any], tensor: Tensor, field: str, flat: bool = False) -> numpy.ndarray:
    """One array of nested lists. ``flat``: a row may also be one list of all its values, as MLflow takes it of tables.

    ``field`` names the request's key in errors. Raises RequestError.
    """
    wanted = tensor.shape[1:]
    shape: list[int] = []
    values: list[Any] = rows
    if not wanted and all(isinstance(row, list) and len(row) == 1 for row in rows):
        # A row with one value, as every other model takes it.
        values = [row[0] for row in rows]
    for depth in range(len(wanted)):
        whole = flat and depth == 0 and _is_flat(rows, wanted)
        if depth == 0 and wanted == (1,) and not any(isinstance(row, list) for row in rows):
            # MLflow takes single values for rows of one value.
            values, shape = rows, [1]
            break
        lengths = {len(part) if isinstance(part, list) else -1 for part in values}
        size = lengths.pop() if len(lengths) == 1 else -1
        expected = math.prod(wanted) if whole else wanted[depth]
        if size < 1 or expected not in (-1, size):
            raise _misshapen(rows, tensor, field)
        shape = list(wanted) if whole else [*shape, size]
        values = list(itertools.chain.from_iterable(values))
        if whole:
            break
    if any(isinstance(value, (list, dict)) for value in values):
        raise _misshapen(rows, tensor, field)
    column = Column(tensor.name, tensor.type, True)
    try:
        found = array_of(values, [column])
        if found.dtype == object and tensor.type != "object" and None in values:
            # An array of texts or booleans has no way to say that one is missing.
            raise Unfit(values.index(None), None)
    except Unfit as error:
        row = error.place // math.prod(shape) if shape else error.place
        raise refused(error, column, row) from None
    if tensor.type == "string":
        found = numpy.array(found.tolist(), dtype=str)
    return found.reshape(len(rows), *shape)


def tensor_of_arrow(values: Any, tensor: Tensor, field: str) -> numpy.ndarray:
    """One array of a table's column: single values, or lists, nested or flat. Raises RequestError."""
    import pyarrow.types as kinds

    if _is_list(values.type) or kinds.is_null(values.type):
        return tensor_of(values.to_pylist(), tensor, field, flat=True)
    if math.prod(tensor.shape[1:]) != 1:
        raise _misshapen([None] * len(values), tensor, field)
    column = Column(tensor.name, tensor.type, True)
    try:
        found = array_of_arrow(values, column)
    except Unfit as error:
        raise refused(error, column, error.place) from None
    if found.dtype == object and tensor.type != "object":
        return tensor_of(found.tolist(), tensor, field)
    return found.reshape(len(values), *tensor.shape[1:])


def dtype_words(tensor: Tensor) -> str:
    """Such as ``an array of float32 with the shape (rows, 28, 28)``."""
    sizes = ["rows", *("any" if size == -1 else str(size) for size in tensor.shape[1:])]
    values = NUMPY_TYPES.get(tensor.type, "values" if tensor.type == "object" else "text")
    return f"an array of {values} with the shape ({', '.join(sizes)})"


def _is_flat(rows: list[Any], wanted: Sequence[int]) -> bool:
    first = rows[0]
    return (
        len(wanted) > 1
        and -1 not in wanted
        and isinstance(first, list)
        and len(first) == math.prod(wanted)
        and not isinstance(first[0], list)
    )


def _is_list(kind: Any) -> bool:
    import pyarrow.types as kinds

    return kinds.is_list(kind) or kinds.is_large_list(kind) or kinds.is_fixed_size_list(kind)


def _misshapen(rows: list[Any], tensor: Tensor, field: str) -> RequestError:
    name = f" of {tensor.name}" if tensor.name else ""
    return RequestError(
        422,
        "wrong-shape",
        f"The {len(rows)} rows{name} in {field} don't make {dtype_words(tensor)}, which the model takes.",
        tensor.name or field,
    )
