"""Tables of rows: evaluation, training, reference and captured data, read from CSV or Parquet.

A file with more rows than asked for is sampled while it is read, so memory grows with the sample and not
with the file.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tollgate_serving.digest import digest_of_files, sha256_of_file
from tollgate_serving.errors import UserError
from tollgate_serving.fetch import one_line
from tollgate_serving.progress import still
from tollgate_serving.randomness import generator
from tollgate_serving.signature import Signature

#: Cells in one piece of a file, 32 MB as numbers: what is held beside the sample.
CELLS = 4_000_000

_NUMPY = {
    "double": "float64",
    "float": "float32",
    "integer": "int32",
    "long": "int64",
    "boolean": "bool",
}


@dataclass(frozen=True)
class TableFile:
    """A file of rows, or several read as one. ``frame`` holds all of them, or a random sample in the file's order."""

    #: As written in the settings.
    path: str
    #: ``sha256:`` of the file's bytes; of several files, of the listing of their digests by name.
    digest: str
    #: Rows in the file or files, more than in ``frame`` when it was sampled.
    rows: int
    #: A pandas DataFrame, its index counting from 0.
    frame: Any

    def facts(self) -> dict[str, Any]:
        """How evidence names it."""
        return {"path": self.path, "digest": self.digest, "rows": self.rows}

    def facts_of(self, used: int) -> dict[str, Any]:
        """How evidence names it where ``used`` of its rows were measured."""
        return {**self.facts(), **({"rowsUsed": used} if used < self.rows else {})}


def read_table(
    path: Path,
    shown: str,
    max_rows: int,
    seed: int,
    text_columns: Sequence[str] = (),
    setting: str = "tollgate:evaluation.data",
) -> TableFile:
    """Reads a CSV or Parquet file, sampled to ``max_rows`` rows.

    ``text_columns`` are kept as text where a CSV file has only digits in them. Raises UserError naming the
    file and what is wrong with it; ``setting`` is the one that names the file.
    """
    return read_tables([path], shown, max_rows, seed, text_columns, setting)


def read_tables(
    paths: Sequence[Path],
    shown: str,
    max_rows: int,
    seed: int,
    text_columns: Sequence[str] = (),
    setting: str = "tollgate:evaluation.data",
) -> TableFile:
    """Reads files of the same columns, at least one, as one table; else as ``read_table``."""
    before = [_stat(path, setting) for path in paths]
    hashes = [sha256_of_file(path) for path in paths]
    frame, rows = _sampled(paths, max_rows, seed, text_columns, setting)
    if rows == 0:
        raise UserError(f"{paths[0]} has no rows; {setting} needs at least one.")
    for path, earlier in zip(paths, before):
        if _stat(path, setting) != earlier:
            raise UserError(f"{path} changed while it was read; try again when nothing writes it.")
    digest = (
        f"sha256:{hashes[0]}"
        if len(hashes) == 1
        else digest_of_files({path.name: hash for path, hash in zip(paths, hashes)})
    )
    return TableFile(shown, digest, rows, frame)


def frames(path: Path, text_columns: Sequence[str], setting: str) -> Iterator[Any]:
    """The file in pieces of about ``CELLS`` cells, each with its own idea of the columns' types."""
    import pandas

    kind = path.suffix.lower()
    if kind not in (".csv", ".parquet"):
        raise UserError(f"{path} is neither .csv nor .parquet; give {setting} one of these.")
    try:
        if kind == ".csv":
            columns = pandas.read_csv(path, nrows=0).columns
            types = {name: "str" for name in text_columns if name in columns}
            size = max(1, CELLS // max(1, len(columns)))
            with pandas.read_csv(path, chunksize=size, dtype=types, low_memory=False) as pieces:
                yield from pieces
        else:
            yield from _parquet_frames(path)
    except UserError:
        raise
    except Exception as error:
        raise UserError(f"{path} can't be read as {kind[1:]}: {one_line(error)}.") from error


def evaluation_labels(table: TableFile, label: str) -> Any:
    """The label column as a numpy array. Raises UserError when there is none, or when some are missing."""
    frame = table.frame
    if label not in frame.columns:
        columns = ", ".join(map(str, frame.columns))
        raise UserError(
            f"{table.path} has no column {label} (tollgate:evaluation.label); its columns are {columns}."
        )
    empty = int(frame[label].isna().sum())
    if empty:
        raise UserError(
            f"{table.path} has {empty} rows without a value in the label column {label}; fill or remove them."
        )
    return frame[label].to_numpy()


def features_for(signature: Signature | None, table: TableFile, label: str) -> Any:
    """The rows as a model with this signature takes them; further columns are left out.

    A pandas DataFrame, or a numpy matrix for a model that takes one. Raises UserError when they don't fit.
    """
    features = table.frame.drop(columns=[label])
    if signature is None or signature.kind == "other":
        return features
    if signature.kind == "matrix" or not signature.named:
        if features.shape[1] != signature.width:
            raise UserError(
                f"{table.path} has {features.shape[1]} columns beside the label, but the model takes "
                f"{signature.width}; give it the columns the model was trained on."
            )
        return features.to_numpy("float64") if signature.kind == "matrix" else features
    missing = [
        column.name
        for column in signature.inputs
        if column.required and column.name not in features.columns
    ]
    if missing:
        raise UserError(
            f"{table.path} lacks the columns {', '.join(missing)} of the model's signature; add them."
        )
    fitted = features.reindex(columns=[column.name for column in signature.inputs])
    for column in signature.inputs:
        fitted[column.name] = _typed(fitted[column.name], column.type)
    return fitted


def text_columns(signature: Signature | None) -> list[str]:
    """Names of the columns a model takes as text, which digits in a CSV file don't tell."""
    if signature is None or not signature.named:
        return []
    return [column.name for column in signature.inputs if column.type == "string"]


def json_rows(features: Any, count: int) -> list[list[Any]]:
    """The first rows as a caller would send them: missing values as null, times as text."""
    import pandas

    head = pandas.DataFrame(features[:count])
    return [[_json_value(value) for value in row] for row in head.astype(object).values.tolist()]


def _sampled(
    paths: Sequence[Path], max_rows: int, seed: int, text: Sequence[str], setting: str
) -> tuple[Any, int]:
    """The sample and the number of all rows.

    Every row draws a number and the rows with the smallest ones are kept: each sample of this size is as
    likely as any other, the pieces don't matter, and one pass is enough.
    """
    import numpy
    import pandas

    draw = generator(seed, "sample")
    kept: list[Any] = []
    draws: list[Any] = []
    kinds: dict[str, str] = {}
    rows = held = 0
    limit = numpy.inf
    for piece in (piece for path in paths for piece in frames(path, text, setting)):
        mixed = [name for name in _mixed_columns(piece, kinds) if name not in text]
        if mixed:
            # Numbers here and text there: the whole column is text, as its digits are written.
            kept.clear()
            return _sampled(paths, max_rows, seed, [*text, *mixed], setting)
        drawn = draw.random(len(piece))
        rows += len(piece)
        still(f"reading {paths[0].name}: {rows} rows so far")
        chosen = drawn < limit
        kept.append(piece if chosen.all() else piece[chosen])
        draws.append(drawn[chosen])
        held += int(chosen.sum())
        if held > 2 * max_rows:
            kept, draws, limit = _smallest(kept, draws, max_rows)
            held = max_rows
    if held > max_rows:
        kept, draws, limit = _smallest(kept, draws, max_rows)
    if not kept:
        return pandas.DataFrame(), 0
    whole = kept[0] if len(kept) == 1 else pandas.concat(kept, ignore_index=True)
    return whole.reset_index(drop=True).infer_objects(), rows


def _smallest(kept: list[Any], draws: list[Any], count: int) -> tuple[list[Any], list[Any], float]:
    """The ``count`` rows with the smallest draws, in the file's order, and the limit for later ones."""
    import numpy
    import pandas

    drawn = numpy.concatenate(draws)
    limit = numpy.partition(drawn, count)[count]
    chosen = drawn < limit
    return [pandas.concat(kept, ignore_index=True)[chosen]], [drawn[chosen]], float(limit)


def _mixed_columns(piece: Any, kinds: dict[str, str]) -> list[str]:
    """Columns of other kind than in earlier pieces; remembers the kinds in ``kinds``."""
    mixed = []
    for name in piece.columns:
        kind = _kind(piece[name])
        if kind is not None and kinds.setdefault(name, kind) != kind:
            mixed.append(str(name))
    return mixed


def _kind(column: Any) -> str | None:
    """None when nothing in it tells."""
    from pandas.api.types import infer_dtype

    if column.dtype.kind in "iuf":
        return "number" if column.notna().any() else None
    if column.dtype.kind == "b":
        return "boolean"
    found = infer_dtype(column, skipna=True)
    return None if found == "empty" else "boolean" if found == "boolean" else "other"


def _parquet_frames(path: Path) -> Iterator[Any]:
    import pyarrow.parquet

    with pyarrow.parquet.ParquetFile(path) as file:
        names = file.schema_arrow.names
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise UserError(f"{path} has two columns {twice[0]}; give each a name of its own.")
        size = max(1, CELLS // max(1, len(names)))
        for batch in file.iter_batches(batch_size=size):
            yield batch.to_pandas()


def _stat(path: Path, setting: str) -> tuple[int, int, int]:
    try:
        found = os.stat(path)
    except FileNotFoundError:
        raise UserError(f"{path} doesn't exist; set {setting} to a CSV or Parquet file.") from None
    except OSError as error:
        raise UserError(f"{path} can't be read: {error.strerror}; check {setting}.") from error
    return found.st_ino, found.st_size, found.st_mtime_ns


def _typed(values: Any, type_name: str) -> Any:
    """A whole-number column read as such may be meant as double: CSV doesn't tell."""
    dtype = _NUMPY.get(type_name)
    if dtype and values.dtype.kind in "iufb" and not values.isna().any():
        converted = values.astype(dtype)
        return converted if dtype == "float32" or (converted == values).all() else values
    return _times(values) if type_name == "datetime" else values


def _times(column: Any) -> Any:
    import pandas

    try:
        return pandas.to_datetime(column).astype("datetime64[ns]")
    except (ValueError, TypeError):
        return column


def _json_value(value: Any) -> Any:
    import pandas

    if value is None or (not isinstance(value, (str, bytes)) and pandas.isna(value)):
        return None
    return value.isoformat() if hasattr(value, "isoformat") else value
