"""Tables as Arrow streams: many rows to a scorer in one request, and many answers back.

A caller with a million rows pays for JSON; so does the evaluator, which asks a scorer as any caller may. A table's
columns are the signature's, by name; ``conversion`` says what their values may be.
"""

from __future__ import annotations

import json
from typing import Any

import numpy

from tollgate_serving.answers import plain
from tollgate_serving.cells import objects
from tollgate_serving.table_bodies import arrow_column, arrow_table, read_arrow

#: The column of answers that are one value a row; the columns of a table of answers keep their names.
ANSWERS = "predictions"
#: Field of an answer's schema that lists the classes of its columns, as JSON.
CLASSES = b"tollgate.classes"
#: Field of an answer's schema: ``table`` where the model gave one, with names of its own; ``json`` where each answer is
#: written in JSON, as Arrow has no type for such as a text and a number in one list.
SHAPE = b"tollgate.shape"


def table_bytes(features: Any) -> bytes:
    """A DataFrame or a numpy matrix as an Arrow stream. Raises ValueError naming a column that Arrow can't hold."""
    import pyarrow

    if not isinstance(features, numpy.ndarray):
        return _stream(arrow_table(features))
    names = [str(index) for index in range(features.shape[1])]
    columns = [pyarrow.array(_contiguous(column)) for column in features.T]
    return _stream(pyarrow.table(columns, names=names))


def answer_bytes(predictions: Any, classes: Any = None) -> bytes:
    """Answers as an Arrow stream; ``classes`` names the columns of probabilities. Raises ValueError."""
    import pyarrow

    metadata: dict[bytes, bytes] = {}
    if isinstance(predictions, dict):
        predictions = _table(predictions)
    if hasattr(predictions, "columns"):
        metadata[SHAPE] = b"table"
        names = [str(name) for name in predictions.columns]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"the model answers a table with two columns {twice[0]}")
        columns = [
            arrow_column(name, _as_in_json(predictions[given]))
            for name, given in zip(names, predictions)
        ]
    else:
        values = _array(predictions)
        if values.ndim == 0:
            raise ValueError("the model gave one value instead of one for each row")
        names, columns = [ANSWERS], [_arrow_values(values)]
        if columns[0] is None:
            metadata[SHAPE] = b"json"
            columns = [pyarrow.array([_in_json(value) for value in values.tolist()])]
    if classes is not None:
        metadata[CLASSES] = json.dumps(numpy.asarray(classes).tolist()).encode()
    return _stream(pyarrow.table(columns, names=names).replace_schema_metadata(metadata or None))


def _table(answers: dict[str, Any]) -> Any:
    """Columns by name, with a value for each row."""
    import pandas

    try:
        return pandas.DataFrame({name: list(values) for name, values in answers.items()})
    except (ValueError, TypeError):
        raise ValueError("the model gave one dict that isn't a list of values by column") from None


def _array(answers: Any) -> numpy.ndarray:
    """As numpy has them, but for lists in which it would write numbers as texts, for the texts beside them."""
    try:
        values = numpy.asarray(answers)
    except ValueError:
        # Lists of different lengths.
        return objects(answers)
    if values.dtype.kind not in "US" or isinstance(answers, numpy.ndarray):
        return values
    told = objects(answers)
    return values if _texts_alone(told.tolist()) else told


def _texts_alone(value: Any) -> bool:
    if isinstance(value, (list, tuple, numpy.ndarray)):
        return all(map(_texts_alone, value))
    return isinstance(value, (str, bytes))


def _in_json(value: Any) -> str:
    return json.dumps(plain(value), default=str, ensure_ascii=False)


def _as_in_json(column: Any) -> Any:
    return column.map(plain) if column.dtype == object else column


def read_answers(body: bytes) -> tuple[Any, list[Any] | None]:
    """What ``answer_bytes`` wrote: the answers, a DataFrame or numpy array, and the classes where it names some."""
    table = read_arrow(body)
    metadata = table.schema.metadata or {}
    classes = json.loads(metadata[CLASSES]) if CLASSES in metadata else None
    if metadata.get(SHAPE) == b"table":
        return table.to_pandas(), classes
    column = table.column(ANSWERS).combine_chunks()
    if metadata.get(SHAPE) == b"json":
        return objects([json.loads(text) for text in column.to_pylist()]), classes
    import pyarrow

    if pyarrow.types.is_fixed_size_list(column.type):
        width = column.type.list_size
        return column.flatten().to_numpy(zero_copy_only=False).reshape(-1, width), classes
    if pyarrow.types.is_string(column.type) and column.null_count == 0:
        return numpy.asarray(column.to_pylist()), classes
    return column.to_numpy(zero_copy_only=False), classes


def _stream(table: Any) -> bytes:
    import pyarrow

    sink = pyarrow.BufferOutputStream()
    with pyarrow.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return sink.getvalue().to_pybytes()


def _contiguous(column: numpy.ndarray) -> Any:
    # Arrow knows no texts of a fixed length.
    return column.tolist() if column.dtype.kind in "UO" else numpy.ascontiguousarray(column)


def _arrow_values(values: numpy.ndarray) -> Any:
    """None where Arrow has no type for them."""
    import pyarrow

    try:
        if values.ndim == 2 and values.dtype.kind in "iufb":
            flat = pyarrow.array(numpy.ascontiguousarray(values).reshape(-1))
            return pyarrow.FixedSizeListArray.from_arrays(flat, values.shape[1])
        if values.dtype.kind in "iufb" and values.ndim == 1:
            return pyarrow.array(values)
        return pyarrow.array(plain(values.tolist()))
    except (pyarrow.ArrowException, TypeError):
        return None
