"""From a row, of a request or of an evaluation file, to the model's input: by one rule for all of them.

Rows of JSON come in by ``from_json``, everything that is a table by ``from_table``; what a value may be is in ``cells``
and ``arrow_cells``, type by type. The evaluator hands its file's rows through here before it sends them, so what it
measures is what a caller's request would have given the model, and a row that a caller couldn't send isn't measured.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

import numpy

from tollgate_serving.arrow_cells import array_of_arrow
from tollgate_serving.cells import Unfit, array_of
from tollgate_serving.layout import Layout
from tollgate_serving.request_error import RequestError, speakable
from tollgate_serving.signature import Column, Signature
from tollgate_serving.table import NamedTensors, Rows, Table
from tollgate_serving.tensors import tensor_of, tensor_of_arrow
from tollgate_serving.unfit import refused

_NUMBERS = {int, float}
#: Values converted in one go, in a few milliseconds: the interpreter can't turn to other callers meanwhile.
_CELLS = 100_000


def from_json(rows: Any, signature: Signature, field: str = "features", flat: bool = False) -> Rows:
    """A list of rows, each a list of values by the signature's order or an object by name.

    ``field`` names the request's key in errors. ``flat``: a row of an array may be one list of all its values, as
    MLflow takes it of tables. Raises RequestError.
    """
    if type(rows) is not list:
        raise RequestError(400, "not-a-list", f"{field} must be a list of rows.", field)
    if not rows:
        raise RequestError(400, "empty", f"{field} is empty; give at least one row.", field)
    if signature.kind == "tensors":
        return _tensors(rows, signature, field, flat)
    if signature.uniform == "double":
        width = signature.width
        for row in rows:
            if (
                type(row) is not list
                or len(row) != width
                or not _NUMBERS.issuperset(map(type, row))
            ):
                break
        else:
            try:
                return _doubles(rows, width)
            except OverflowError:
                # A whole number may have more digits than a double holds: which one, is told below.
                pass
    layout, values = _laid_out(rows, signature, field)
    blocks = [
        _block(values, group, columns, len(layout.columns))
        for group, columns in zip(layout.groups, layout.members)
    ]
    return _rows(layout, blocks, signature)


def _doubles(rows: list[list[Any]], width: int) -> numpy.ndarray:
    step = max(1, _CELLS // max(1, width))
    if len(rows) <= step:
        return numpy.array(rows, dtype=numpy.float64)
    parts = [rows[start : start + step] for start in range(0, len(rows), step)]
    return numpy.concatenate([numpy.array(part, dtype=numpy.float64) for part in parts])


def _block(
    values: Sequence[Any], group: Sequence[int], columns: Sequence[Column], width: int
) -> numpy.ndarray:
    """The columns of one group, side by side. Raises RequestError."""
    step = max(1, _CELLS // max(1, len(group)))
    parts = []
    for start in range(0, len(values), step):
        rows = values[start : start + step]
        cells = (
            itertools.chain.from_iterable(rows)
            if len(group) == width
            else (row[place] for row in rows for place in group)
        )
        try:
            found = array_of(list(cells), columns)
        except Unfit as error:
            row, place = divmod(error.place, len(group))
            raise refused(error, columns[place], start + row) from None
        parts.append(found.reshape(len(rows), len(group)))
    return parts[0] if len(parts) == 1 else numpy.concatenate(parts)


def from_columns(columns: Any, rows: Any, signature: Signature, field: str) -> Rows:
    """Rows given with a list of column names; names that the model has no use for are refused. Raises RequestError."""
    if columns is None or not signature.named or type(rows) is not list:
        return from_json(rows, signature, field)
    if type(columns) is not list or not all(type(name) in (str, int) for name in columns):
        raise RequestError(
            400, "not-a-list", f"{field} needs its columns as a list of names.", field
        )
    # pandas counts columns that have no names.
    names = list(map(str, columns))
    if len(set(names)) != len(names):
        raise RequestError(422, "duplicate-column", f"{field} names a column twice.", field)
    if tuple(names) != signature.names:
        for index, row in enumerate(rows):
            if type(row) is not list or len(row) != len(names):
                raise _wrong_width(row, index, len(names), field)
        rows = [dict(zip(names, row)) for row in rows]
    return from_json(rows, signature, field)


def from_table(table: Any, signature: Signature, field: str = "the table") -> Rows:
    """An Arrow table; its columns are found by name where the signature has names. Raises RequestError."""
    if table.num_rows == 0:
        raise RequestError(400, "empty", f"{field} has no rows; give at least one.")
    names = table.column_names
    if len(set(names)) != len(names):
        raise RequestError(422, "duplicate-column", f"{field} names a column twice.")
    if signature.kind == "tensors":
        return _table_of_tensors(table, signature, field)
    if signature.named and signature.kind == "columns":
        check_names(names, signature, None)
        given = set(names)
        columns = [column for column in signature.columns if column.name in given]
        values = [table.column(column.name) for column in columns]
        layout = (
            signature.layout
            if len(columns) == signature.width
            else Layout(tuple(columns), signature.named)
        )
    else:
        if len(names) != signature.width:
            sentence = f"{field} has {len(names)} columns; the model takes {signature.width}."
            raise RequestError(422, "wrong-width", sentence)
        layout, values = signature.layout, table.columns
    arrays = [_array(each, column) for each, column in zip(values, layout.columns)]
    whole = len(layout.groups) == 1
    blocks = [_side_by_side([arrays[place] for place in group], whole) for group in layout.groups]
    return _rows(layout, blocks, signature)


def check_names(names: Any, signature: Signature, row: int | None) -> None:
    """Raises RequestError for a required column that isn't among them, and for one that the model doesn't have."""
    known = signature.name_set
    given = set(names)
    if given == known:
        return
    where = "" if row is None else f"Row {row}: "
    for column in signature.columns:
        if column.required and column.name not in given:
            raise RequestError(
                422, "missing-column", f"{where}column {column.name} is missing.", column.name, row
            )
    for name in names:
        if name not in known:
            shown = speakable(name)
            raise RequestError(
                422,
                "unknown-column",
                f"{where}column {shown or 'with that name'} is unknown to the model.",
                shown,
                row,
            )


def _laid_out(rows: list[Any], signature: Signature, field: str) -> tuple[Layout, Sequence[Any]]:
    """The rows as lists of the columns that at least one of them has."""
    lists, whole = True, True
    for index, row in enumerate(rows):
        if type(row) is dict:
            lists = False
            if row.keys() == signature.name_set and signature.kind == "columns" and signature.named:
                continue
            whole = False
            if not signature.named or signature.kind != "columns":
                raise RequestError(
                    422,
                    "unnamed-columns",
                    f"Row {index} of {field} must be a list: the columns have no names.",
                    field,
                    index,
                )
            check_names(row, signature, index)
        elif type(row) is not list:
            raise RequestError(
                400,
                "not-a-row",
                f"Row {index} of {field} must be a list or an object.",
                field,
                index,
            )
        elif len(row) != signature.width:
            raise _wrong_width(row, index, signature.width, field)
    if lists:
        return signature.layout, rows
    if whole:
        take = signature.take
        return signature.layout, [row if type(row) is list else take(row) for row in rows]
    given = signature.name_set
    if not any(type(row) is list or len(row) == signature.width for row in rows):
        given = set().union(*rows)
    columns = tuple(column for column in signature.columns if column.name in given)
    values = [
        row if type(row) is list else [row.get(column.name) for column in columns] for row in rows
    ]
    if len(columns) == signature.width:
        return signature.layout, values
    return Layout(columns, signature.named), values


def _rows(layout: Layout, blocks: list[numpy.ndarray], signature: Signature) -> Rows:
    if layout is signature.layout:
        if signature.kind == "matrix":
            return _matrix(blocks[0], signature)
        if signature.uniform is not None:
            return blocks[0]
    if not blocks:
        raise RequestError(400, "empty", "The rows have none of the model's columns.")
    return Table(layout, tuple(blocks))


def _matrix(block: numpy.ndarray, signature: Signature) -> numpy.ndarray:
    if block.dtype != object or signature.tensors[0].type == "object":
        return block
    # An array of texts or booleans has no way to say that one is missing.
    for row, values in enumerate(block.tolist()):
        if None in values:
            place = values.index(None)
            raise refused(Unfit(place, None), signature.columns[place], row)
    return numpy.array(block.tolist(), dtype=str if signature.tensors[0].type == "string" else bool)


def _array(values: Any, column: Column) -> numpy.ndarray:
    try:
        return array_of_arrow(values, column)
    except Unfit as error:
        raise refused(error, column, error.place) from None


def _side_by_side(arrays: list[numpy.ndarray], whole: bool) -> numpy.ndarray:
    if len({array.dtype for array in arrays}) > 1:
        arrays = [array.astype(object) for array in arrays]
    # A DataFrame keeps its columns one after the other; an array that goes to the model as it is keeps its rows so.
    order = "C" if whole else "F"
    block = numpy.empty((len(arrays[0]), len(arrays)), dtype=arrays[0].dtype, order=order)
    for place, array in enumerate(arrays):
        block[:, place] = array
    return block


def _tensors(rows: list[Any], signature: Signature, field: str, flat: bool) -> Rows:
    if not signature.named:
        return tensor_of(rows, signature.tensors[0], field, flat)
    for index, row in enumerate(rows):
        if type(row) is not dict:
            raise RequestError(
                422,
                "not-a-row",
                f"Row {index} of {field} must be an object with {', '.join(signature.names)}.",
                field,
                index,
            )
        check_names(row, signature, index)
    return NamedTensors(
        {
            tensor.name: tensor_of([row[tensor.name] for row in rows], tensor, field, flat)
            for tensor in signature.tensors
        }
    )


def tensors_by_name(given: dict[str, Any], signature: Signature, field: str) -> Rows:
    """All rows of each array by its name. Raises RequestError."""
    check_names(given, signature, None)
    lengths = {len(rows) if type(rows) is list else -1 for rows in given.values()}
    if len(lengths) != 1 or min(lengths) < 1:
        sentence = f"{field} needs a list for each array, of the same number of rows, at least one."
        raise RequestError(422, "ragged", sentence, field)
    return NamedTensors(
        {tensor.name: tensor_of(given[tensor.name], tensor, field) for tensor in signature.tensors}
    )


def _table_of_tensors(table: Any, signature: Signature, field: str) -> Rows:
    if signature.named:
        check_names(table.column_names, signature, None)
        return NamedTensors(
            {
                tensor.name: tensor_of_arrow(table.column(tensor.name), tensor, field)
                for tensor in signature.tensors
            }
        )
    if table.num_columns != 1:
        sentence = (
            f"{field} has {table.num_columns} columns; the model takes one, of lists: an array."
        )
        raise RequestError(422, "wrong-width", sentence)
    return tensor_of_arrow(table.column(0), signature.tensors[0], field)


def _wrong_width(row: Any, index: int, width: int, field: str) -> RequestError:
    if type(row) is not list:
        sentence = f"Row {index} of {field} must be a list of {width} values."
    else:
        sentence = f"Row {index} of {field} has {len(row)} values; the model takes {width}."
    return RequestError(422, "wrong-width", sentence, field, index)
