"""CSV, Parquet and Arrow as Arrow tables. A CSV, of a request or an evaluation, is read as MLflow reads it: by pandas.

So ``NA``, ``None``, ``null``, ``nan`` and nothing at all are missing values there, in texts too; JSON and Parquet can
say which they mean. Numbers are read with pandas' own precision, and 0 and 1 are booleans where the model takes some.
"""

from __future__ import annotations

import csv
import io
import json
import sys
from collections.abc import Iterator, Sequence
from typing import Any

from tollgate_serving.cells import Unfit
from tollgate_serving.csv_lines import is_blank
from tollgate_serving.request_error import RequestError
from tollgate_serving.signature import NUMPY_TYPES, Column, Signature
from tollgate_serving.unfit import refused

#: Media type of Arrow's streaming format, registered with IANA.
ARROW = "application/vnd.apache.arrow.stream"
#: Media types of Parquet: MLflow's has always been this one.
PARQUET = "application/vnd.apache.parquet"
#: Most values of one Parquet body: what is packed well may be a thousand times larger than the body.
MOST_CELLS = 50_000_000


def read_arrow(body: bytes, signature: Signature | None = None) -> Any:
    """An Arrow stream, without the index that pandas wrote in. Raises RequestError."""
    import pyarrow

    try:
        with pyarrow.ipc.open_stream(pyarrow.py_buffer(body)) as reader:
            table = reader.read_all()
        table.validate(full=True)
    except (pyarrow.ArrowException, OSError, ValueError):
        raise RequestError(400, "bad-arrow", "The body is no valid Arrow stream.") from None
    return _without_index(table, signature)


def read_parquet(body: bytes, signature: Signature | None = None) -> Any:
    """A Parquet file, without the index that pandas wrote in. Raises RequestError."""
    import pyarrow
    import pyarrow.parquet

    try:
        with pyarrow.parquet.ParquetFile(pyarrow.BufferReader(body)) as file:
            groups = [file.metadata.row_group(index) for index in range(file.num_row_groups)]
            cells = sum(
                group.column(index).num_values
                for group in groups
                for index in range(group.num_columns)
            )
            # A repeated text is stored once, and is as long in the table as often as it is there.
            if (
                cells > MOST_CELLS
                or sum(group.total_byte_size for group in groups) > MOST_CELLS * 8
            ):
                sentence = f"The Parquet body holds more than {MOST_CELLS} values; send fewer rows."
                raise RequestError(413, "too-large", sentence)
            table = file.read(use_threads=False)
        table.validate(full=True)
    except (pyarrow.ArrowException, OSError, ValueError):
        raise RequestError(400, "bad-parquet", "The body is no valid Parquet file.") from None
    return _without_index(table, signature)


def read_csv(body: bytes, signature: Signature) -> Any:
    """A CSV with a header. Raises RequestError."""
    text = _decoded(body)
    header = _checked_lines(text)
    columns = columns_by_name(header, signature)
    try:
        return arrow_table(csv_frame(text, columns))
    except ValueError as error:
        # Numbers of more than 64 bits: pandas keeps them as Python's own.
        raise RequestError(422, "wrong-type", f"In the CSV, {error}.") from None


def read_plain_csv(body: bytes) -> Any:
    """A CSV for a model whose signature doesn't tell, as a DataFrame. Raises RequestError."""
    text = _decoded(body)
    _checked_lines(text)
    return csv_frame(text, {})


def csv_frame(text: str, columns: dict[str, Column]) -> Any:
    """A whole CSV as a DataFrame; ``columns`` says what the model makes of those it names. Raises RequestError."""
    import pandas

    try:
        frame = pandas.read_csv(io.StringIO(text), low_memory=False, **csv_options(columns))
    except (ValueError, OverflowError):
        raise _bad_csv() from None
    return typed_csv(frame, columns)


def csv_options(columns: dict[str, Column]) -> dict[str, Any]:
    """What ``pandas.read_csv`` has to be told of columns whose text only looks like something else."""
    kept = {
        name: "str"
        for name, column in columns.items()
        if column.type in ("string", "datetime", "binary") or column.nested is not None
    }
    return {"dtype": kept}


def typed_csv(frame: Any, columns: dict[str, Column]) -> Any:
    """A piece of a CSV with booleans where the model takes some, and without pandas' index column."""
    changed = {}
    for name, column in columns.items():
        if name in frame and frame[name].dtype == object and column.type in NUMPY_TYPES:
            changed[name] = _numbers(frame[name], column)
        if column.type == "boolean" and name in frame and frame[name].dtype.kind in "iuf":
            missing = frame[name].isna()
            if ((frame[name] == 0) | (frame[name] == 1) | missing).all():
                truth = frame[name] == 1
                changed[name] = truth.astype(object).mask(missing, None) if missing.any() else truth
    if changed:
        frame = frame.assign(**changed)
    if columns and len(frame.columns) and frame.columns[0] == UNNAMED and UNNAMED not in columns:
        frame = frame.iloc[:, 1:]
    return frame


def _numbers(values: Any, column: Column) -> Any:
    """A column of whole numbers of which one has more than 64 bits, which pandas keeps as Python's own.

    Raises RequestError where the model's type holds no such number.
    """
    numbers = [(place, value) for place, value in enumerate(values) if type(value) is int]
    if not numbers:
        return values
    is_float = NUMPY_TYPES[column.type].startswith("float")
    least, most = (-_DOUBLE, _DOUBLE) if is_float else (-(2**63), 2**63 - 1)
    for place, value in numbers:
        if not least <= value <= most:
            raise refused(Unfit(place, value), column, place)
    if not is_float:
        return values
    return values.map(lambda value: float(value) if type(value) is int else value)


#: The largest whole number that a double holds.
_DOUBLE = int(sys.float_info.max)
#: What pandas calls a first column without a name, as its own index becomes in a CSV.
UNNAMED = "Unnamed: 0"


def arrow_table(frame: Any) -> Any:
    """A DataFrame's columns in Arrow; NaN among numbers stays, among others it is null.

    Raises ValueError naming a column that Arrow can't hold.
    """
    import pyarrow

    names = [str(name) for name in frame.columns]
    columns = [arrow_column(name, series) for name, (_, series) in zip(names, frame.items())]
    return pyarrow.table([pyarrow.chunked_array([column]) for column in columns], names=names)


def arrow_column(name: str, series: Any) -> Any:
    """One column of a DataFrame. Raises ValueError."""
    import pyarrow

    try:
        if series.dtype.kind in "iufb" and not hasattr(series.dtype, "na_value"):
            return pyarrow.array(series.to_numpy())
        found = pyarrow.array(series, from_pandas=True)
        return found.combine_chunks() if isinstance(found, pyarrow.ChunkedArray) else found
    except (pyarrow.ArrowException, TypeError, AttributeError, OverflowError) as error:
        raise ValueError(f"column {name} has values that Arrow has no type for") from error


def index_columns(schema: Any) -> list[str]:
    """Names of the columns of an Arrow schema that pandas' index became."""
    metadata = (schema.metadata or {}).get(b"pandas")
    if metadata is None:
        return []
    try:
        return [name for name in json.loads(metadata)["index_columns"] if isinstance(name, str)]
    except (ValueError, KeyError, TypeError):
        return []


#: How pandas calls the column of an index without a name.
UNNAMED_INDEX = "__index_level_"


def _without_index(table: Any, signature: Signature | None) -> Any:
    """An index is no column to pandas; one that the model has a column of is that column."""
    known = signature.name_set if signature is not None and signature.named else None
    own = [
        name
        for name in index_columns(table.schema)
        if name in table.column_names
        and (name.startswith(UNNAMED_INDEX) if known is None else name not in known)
    ]
    return table.drop_columns(own)


def without_categories(batch: Any) -> Any:
    """A piece of a file with values where pandas wrote categories, of which each piece has its own list."""
    import pyarrow

    for place, field in enumerate(batch.schema):
        if pyarrow.types.is_dictionary(field.type):
            plain = batch.column(place).cast(field.type.value_type)
            batch = batch.set_column(place, field.with_type(plain.type), plain)
    return batch


def _decoded(body: bytes) -> str:
    try:
        return body.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise _bad_csv() from None


def _checked_lines(text: str) -> list[str]:
    """The header; every line has as many values. pandas would fill short lines, and shift long ones."""
    rows = -1
    header: list[str] = []
    try:
        for width in filter(None, _widths(text)):
            if rows < 0:
                lines = csv.reader(io.StringIO(text, newline=""))
                header = next(line for line in lines if not is_blank(line))
            elif width != len(header):
                sentence = f"Row {rows} has {width} values; the header names {len(header)}."
                raise RequestError(422, "wrong-width", sentence, None, rows)
            rows += 1
    except csv.Error:
        raise _bad_csv() from None
    if rows < 1:
        raise RequestError(400, "empty", "The CSV needs a header and at least one row.")
    if len(set(header)) != len(header):
        raise RequestError(422, "duplicate-column", "The CSV names a column twice.")
    return header


def _widths(text: str) -> Iterator[int]:
    """How many values each line has; 0 for a blank one. Raises csv.Error."""
    lines = io.StringIO(text, newline="")
    if '"' in text or text.count("\r") != text.count("\r\n"):
        yield from (0 if is_blank(line) else len(line) for line in csv.reader(lines))
        return
    # Without quotes each comma parts two values, and counting them takes a tenth of the time.
    for line in lines:
        commas = line.count(",")
        yield 0 if commas == 0 and is_blank([line.rstrip("\r\n")]) else commas + 1


def columns_by_name(header: Sequence[str], signature: Signature) -> dict[str, Column]:
    """What the model takes of a CSV by the names of its header: by place where the signature has no names."""
    if signature.named:
        return {column.name: column for column in signature.columns}
    unnamed = bool(header) and header[0] in ("", UNNAMED)
    named = header[1:] if unnamed and len(header) == signature.width + 1 else header
    return dict(zip(named, signature.columns))


def _bad_csv() -> RequestError:
    return RequestError(400, "bad-csv", "The body is no valid CSV in UTF-8.")
