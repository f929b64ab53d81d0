"""Which rows are the same: told by a hash of 64 bits of what the model takes of them, and of their labels.

Two files may write a row in other words, such as a time with ``T`` or with a space, or 0.1 in 32 and in 64 bits. What
counts is the value that the model is given (``conversion``), so that its metrics can't be raised by rows that only look
new. A value that it couldn't be given, which only training data may have, counts by what it says.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy

from tollgate_serving.cells import bytes_of, time_of
from tollgate_serving.nested import converter
from tollgate_serving.parts import has_parts, without_parts
from tollgate_serving.signature import NUMPY_TYPES, Column, Signature, Tensor
from tollgate_serving.table_bodies import csv_options

#: Stands for an empty cell.
_MISSING = numpy.uint64(0x9E3779B97F4A7C15)
#: What a file has for pandas' own index, one for each time that it was written with one.
_INDEX = re.compile(r"Unnamed: \d+(\.\d+)*|__index_level_\d+__")
_TRUTHS = {"true": 1.0, "false": 0.0}


@dataclass(frozen=True)
class SameRows:
    """What of a file's columns makes two of its rows the same: those that the model takes, and the labels."""

    #: By the file's name for it, in order: how the model takes it; None where a cell is what it says.
    columns: dict[str, Column | Tensor | None]
    #: Labels that a CSV has as they are written.
    as_written: tuple[str, ...] = ()

    @classmethod
    def of(
        cls,
        signature: Signature | None,
        names: Sequence[str],
        labels: Sequence[str],
        as_written: Sequence[str] = (),
    ) -> SameRows:
        """Of an evaluation file with the columns ``names``, in its order.

        A model without a signature takes all of them but pandas' own index.
        """
        inputs = [name for name in names if name not in labels]
        taken: dict[str, Column | Tensor | None]
        if signature is None or signature.kind == "other":
            taken = dict.fromkeys(_without_index(inputs))
        else:
            parts = signature.tensors if signature.kind == "tensors" else signature.columns
            if signature.named:
                known = {part.name: part for part in parts}
                taken = {name: known[name] for name in inputs if name in known}
            else:
                own = inputs if len(inputs) == len(parts) else _without_index(inputs)
                fits = len(own) == len(parts)
                taken = dict(zip(own, parts)) if fits else dict.fromkeys(own)
        # Rounded, because a file may have labels of 32 bits.
        taken |= {name: Column(name, "float", True) for name in names if name in labels}
        return cls({name: taken[name] for name in sorted(taken)}, tuple(as_written))

    @property
    def text(self) -> list[str]:
        """Columns whose digits are text, for whoever reads a CSV."""
        single = {name: taken for name, taken in self.columns.items() if isinstance(taken, Column)}
        return list(csv_options(single)["dtype"])

    def hashes(self, frame: Any) -> numpy.ndarray:
        """One for each row of a table that has the columns."""
        places = {str(name): place for place, name in enumerate(frame.columns)}
        columns = [
            _taken_hashes(frame.iloc[:, places[name]], taken)
            for name, taken in self.columns.items()
        ]
        return _combined(columns, len(frame))


def row_hashes(frame: Any) -> numpy.ndarray:
    """A hash for each row that depends on its values and the order of the columns, not on their types."""
    columns = [_cell_hashes(frame.iloc[:, place]) for place in range(frame.shape[1])]
    return _combined(columns, len(frame))


def _combined(columns: list[numpy.ndarray], rows: int) -> numpy.ndarray:
    """A table without a column has one row, however long it is."""
    import pandas

    if not columns:
        return numpy.zeros(rows, dtype="uint64")
    return pandas.util.hash_pandas_object(
        pandas.DataFrame(dict(enumerate(columns))), index=False
    ).to_numpy()


def is_index(name: str) -> bool:
    """Is a column of this name most likely pandas' own index, as a file has it?"""
    return _INDEX.fullmatch(name) is not None


def _without_index(names: list[str]) -> list[str]:
    """pandas writes its index before the columns."""
    first = next((place for place, name in enumerate(names) if not is_index(name)), 0)
    return names[first:]


def _taken_hashes(column: Any, taken: Column | Tensor | None) -> numpy.ndarray:
    if isinstance(taken, Tensor):
        if column.dtype.kind not in "iufb":
            return _cell_hashes(column.map(lambda cell: _array(cell, taken)))
        return _cell_hashes(column, taken.type)
    if taken is None:
        return _cell_hashes(column)
    if taken.nested is not None:
        convert = converter(taken.nested)
        return _cell_hashes(column.map(lambda cell: _converted(convert, cell)))
    if taken.type == "string":
        return _by_value(column, lambda values: _text_hashes(list(map(_text, values))))
    if taken.type == "binary":
        return _by_value(column, lambda values: _text_hashes(list(map(_bytes_in_hex, values))))
    return _cell_hashes(column, taken.type)


def _cell_hashes(column: Any, type_name: str = "double") -> numpy.ndarray:
    """Of what cells say. Numbers are compared as doubles, after they were rounded to the bits of ``type_name``."""
    if column.dtype.kind in "iufb":
        numbers = column.to_numpy("float64", na_value=numpy.nan)
        return _number_hashes(_rounded(numbers, type_name))

    def told(values: Any) -> numpy.ndarray:
        plain = [_plain(value) for value in values]
        numbers = [value if isinstance(value, float) else numpy.nan for value in plain]
        hashes = _number_hashes(_rounded(numpy.array(numbers, "float64"), type_name))
        is_text = numpy.array([isinstance(value, str) for value in plain], dtype=bool)
        hashes[is_text] = _text_hashes([value for value in plain if isinstance(value, str)])
        return hashes

    return _by_value(column, told)


def _by_value(column: Any, told: Callable[[Any], numpy.ndarray]) -> numpy.ndarray:
    """Each different value is told once."""
    import pandas

    codes, values = pandas.factorize(without_parts(column))
    # An empty cell has the code -1, the last hash.
    return numpy.append(told(values), _MISSING)[codes]


def _number_hashes(values: numpy.ndarray) -> numpy.ndarray:
    import pandas

    # Adding 0 makes -0 and 0 the same.
    return numpy.where(numpy.isnan(values), _MISSING, pandas.util.hash_array(values + 0.0))


def _text_hashes(texts: list[str]) -> numpy.ndarray:
    import pandas

    hashes = pandas.util.hash_array(numpy.array(texts, dtype=object))
    # A CSV writes an empty text as it writes nothing at all.
    return numpy.where(numpy.array([not text for text in texts], dtype=bool), _MISSING, hashes)


def _rounded(values: numpy.ndarray, type_name: str) -> numpy.ndarray:
    dtype = NUMPY_TYPES.get(type_name, "float64")
    if dtype not in ("float32", "float16"):
        return values
    with numpy.errstate(over="ignore"):
        return values.astype(dtype).astype("float64")


def _plain(value: Any) -> float | str:
    """A cell as a number where it reads as one, and a time in one way of writing, whatever column it is in."""
    text = str(value)
    truth = _TRUTHS.get(text.lower())
    if truth is not None:
        return truth
    try:
        # Python's own numbers may have underscores.
        return float("nan" if not text else text if "_" not in text else "no number")
    except ValueError:
        pass
    try:
        return str(time_of(text))
    except ValueError:
        return text


def _text(value: Any) -> str:
    """As a CSV has it where a column of texts holds something else."""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return value if isinstance(value, str) else str(value).removesuffix(" 00:00:00")


def _bytes_in_hex(value: Any) -> str:
    try:
        return (value if isinstance(value, bytes) else bytes_of(value)).hex()
    except ValueError:
        return str(value)


def _converted(convert: Callable[[Any], Any], cell: Any) -> Any:
    try:
        return convert(_listed(cell))
    except ValueError:
        return cell


def _array(cell: Any, tensor: Tensor) -> Any:
    """A part of an array, in one list where its shape says how to fold it."""
    parts = _listed(cell)
    if tensor.type != "string":
        try:
            found = _rounded(numpy.array(parts, dtype="float64"), tensor.type)
        except (TypeError, ValueError):
            return cell
        if found.size == 1:
            return float(found.reshape(-1)[0])
        return found if -1 in tensor.shape[1:] else found.reshape(-1)
    if not isinstance(parts, list) or -1 in tensor.shape[1:]:
        return cell
    flat = numpy.array(parts, dtype=object).reshape(-1).tolist()
    return flat if len(flat) > 1 else flat[0] if flat else None


def _listed(cell: Any) -> Any:
    """Arrays of arrays as lists, as JSON has them."""
    if isinstance(cell, numpy.ndarray):
        return cell.tolist() if cell.dtype != object else [_listed(part) for part in cell]
    if isinstance(cell, dict):
        return {name: _listed(part) for name, part in cell.items()}
    return [_listed(part) for part in cell] if has_parts(cell) else cell
