"""What a caller sent that many models fail on: a missing value, or a number that no 32-bit float holds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy

from tollgate_serving.request_error import RequestError
from tollgate_serving.signature import Column, Signature
from tollgate_serving.table import NamedTensors, Rows, Table

_FLOAT32_MAX = float(numpy.finfo("float32").max)


@dataclass(frozen=True)
class Unusual:
    """What many models fail on, in some rows of a request."""

    #: What to say of the first of them, should the model fail on it.
    error: RequestError
    #: Those without it; None when there is no such row.
    others: Rows | None


def unusual_in(rows: Rows, signature: Signature) -> Unusual | None:
    """What in converted rows a model may have failed on; None when they hold nothing unusual.

    Doubles may be larger than 32 bits hold, and values may be missing as far as the signature goes. Many models take
    both; trees and networks that count in 32 bits fail on the one, and linear models on the other.
    """
    found = [_in_block(block, columns) for block, columns in _blocks(rows, signature)]
    error = next((error for error, _ in found if error is not None), None)
    if error is None:
        return None
    usual = ~numpy.logical_or.reduce([unusual for _, unusual in found])
    return Unusual(error, rows[usual] if usual.any() else None)


def _blocks(rows: Rows, signature: Signature) -> list[tuple[numpy.ndarray, Sequence[Column]]]:
    """Each with its columns; rows of arrays as one line of their values."""
    if isinstance(rows, Table):
        return list(zip(rows.blocks, rows.layout.members))
    if isinstance(rows, NamedTensors):
        named = rows.arrays.items()
        return [(array.reshape(len(rows), -1), [Column(name, "", True)]) for name, array in named]
    if signature.kind == "tensors":
        return [(rows.reshape(len(rows), -1), [Column("features", "", True)])]
    return [(rows, signature.columns)]


def _in_block(
    block: numpy.ndarray, columns: Sequence[Column]
) -> tuple[RequestError | None, numpy.ndarray]:
    """The error, and which rows are unusual."""
    if block.dtype.kind == "f":
        missing = numpy.isnan(block)
        large = numpy.abs(block) > _FLOAT32_MAX
    else:
        missing = numpy.isnat(block) if block.dtype.kind == "M" else numpy.equal(block, None)
        large = numpy.zeros(block.shape, dtype=bool)
    rows = (missing | large).any(axis=1)
    for unusual, code, what in (
        (large, "out-of-range", "holds a number beyond 3.4e38"),
        (missing, "null", "is null"),
    ):
        if unusual.any():
            row, place = (int(each[0]) for each in numpy.nonzero(unusual))
            column = columns[min(place, len(columns) - 1)].name
            sentence = f"Row {row}, column {column} {what}, and the model failed on it."
            return RequestError(422, code, sentence, column, row), rows
    return None, rows
