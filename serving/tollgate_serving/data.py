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

from tollgate_serving.csv_lines import require_even_lines
from tollgate_serving.digest import digest_of_files, sha256_of_file
from tollgate_serving.errors import UserError
from tollgate_serving.fetch import one_line
from tollgate_serving.progress import still
from tollgate_serving.randomness import generator
from tollgate_serving.table_bodies import UNNAMED_INDEX, index_columns, without_categories

#: Cells in one piece of a file, 32 MB as numbers: what is held beside the sample.
CELLS = 4_000_000
_MARK = "="


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
    #: Is it a CSV, which tells texts, numbers and what is missing by their looks alone?
    csv: bool = False
    #: Columns that are pandas' index in a Parquet file: no columns to a model that names none.
    index: tuple[str, ...] = ()
    #: Of each row of ``frame``, its place among all rows; None when all are there.
    places: Any = None

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
    as_written: Sequence[str] = (),
) -> TableFile:
    """Reads a CSV or Parquet file, sampled to ``max_rows`` rows.

    A CSV is read as MLflow reads the CSV of a request, by pandas: ``NA`` and ``None`` are missing values in it.
    ``text_columns`` are kept as text where it has only digits in them, ``as_written`` also where it has one of these
    words. Raises UserError naming the file and what is wrong with it; ``setting`` is the one that names the file.
    """
    return read_tables([path], shown, max_rows, seed, text_columns, setting, as_written)


def read_tables(
    paths: Sequence[Path],
    shown: str,
    max_rows: int,
    seed: int,
    text_columns: Sequence[str] = (),
    setting: str = "tollgate:evaluation.data",
    as_written: Sequence[str] = (),
) -> TableFile:
    """Reads files of the same columns, at least one, as one table; else as ``read_table``."""
    before = [_stat(path, setting) for path in paths]
    hashes = [sha256_of_file(path) for path in paths]
    for path in paths:
        if path.suffix.lower() == ".csv":
            require_even_lines(path, setting)
    frame, rows, places = _sampled(paths, max_rows, seed, text_columns, setting, as_written)
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
    csv = all(path.suffix.lower() == ".csv" for path in paths)
    return TableFile(shown, digest, rows, frame, csv, _index_of(paths[0]), places)


def frames(
    path: Path, text_columns: Sequence[str], setting: str, as_written: Sequence[str] = ()
) -> Iterator[Any]:
    """The file in pieces of about ``CELLS`` cells, each with its own idea of the columns' types."""
    import pandas

    kind = path.suffix.lower()
    if kind not in (".csv", ".parquet"):
        raise UserError(f"{path} is neither .csv nor .parquet; give {setting} one of these.")
    try:
        if kind == ".csv":
            columns = pandas.read_csv(path, nrows=0).columns
            # With a mark before it, no text is one of pandas' words for what is missing.
            written = {name: _MARK.__add__ for name in as_written if name in columns}
            types = {
                name: "str" for name in text_columns if name in columns and name not in written
            }
            size = max(1, CELLS // max(1, len(columns)))
            with pandas.read_csv(
                path, chunksize=size, dtype=types, converters=written, low_memory=False
            ) as pieces:
                for piece in pieces:
                    marked = {name: piece[name].str.removeprefix(_MARK) for name in written}
                    yield piece.assign(**marked)
        else:
            yield from _parquet_frames(path)
    except UserError:
        raise
    except Exception as error:
        raise UserError(f"{path} can't be read as {kind[1:]}: {one_line(error)}.") from error


def _index_of(path: Path) -> tuple[str, ...]:
    """Names of the columns that pandas' index became, where it has names."""
    import pyarrow.parquet

    return _named_index(pyarrow.parquet.read_schema(path)) if _is_parquet(path) else ()


def _is_parquet(path: Path) -> bool:
    return path.suffix.lower() == ".parquet"


def _named_index(schema: Any) -> tuple[str, ...]:
    return tuple(name for name in index_columns(schema) if not name.startswith(UNNAMED_INDEX))


def _sampled(
    paths: Sequence[Path],
    max_rows: int,
    seed: int,
    text: Sequence[str],
    setting: str,
    written: Sequence[str],
) -> tuple[Any, int, Any]:
    """The sample, the number of all rows, and the places of the sample's rows among them (None: all are there).

    Every row draws a number and the rows with the smallest ones are kept: each sample of this size is as
    likely as any other, the pieces don't matter, and one pass is enough.
    """
    import numpy
    import pandas

    draw = generator(seed, "sample")
    kept: list[Any] = []
    #: What each row drew, and its place.
    draws: list[Any] = []
    kinds: dict[str, str] = {}
    rows = held = 0
    limit = numpy.inf
    for piece in (piece for path in paths for piece in frames(path, text, setting, written)):
        mixed = [name for name in _mixed_columns(piece, kinds) if name not in text]
        if mixed:
            # Numbers here and text there: the whole column is text, as its digits are written.
            kept.clear()
            return _sampled(paths, max_rows, seed, [*text, *mixed], setting, written)
        drawn = draw.random(len(piece))
        rows += len(piece)
        still(f"reading {paths[0].name}: {rows} rows so far")
        chosen = drawn < limit
        kept.append(piece if chosen.all() else piece[chosen])
        draws.append(numpy.stack([drawn, numpy.arange(rows - len(piece), rows)])[:, chosen])
        held += int(chosen.sum())
        if held > 2 * max_rows:
            kept, draws, limit = _smallest(kept, draws, max_rows)
            held = max_rows
    if held > max_rows:
        kept, draws, limit = _smallest(kept, draws, max_rows)
        held = max_rows
    if not kept:
        return pandas.DataFrame(), 0, None
    places = numpy.hstack(draws)[1].astype("int64") if held < rows else None
    whole = kept[0] if len(kept) == 1 else pandas.concat(kept, ignore_index=True)
    return whole.reset_index(drop=True).infer_objects(), rows, places


def _smallest(kept: list[Any], draws: list[Any], count: int) -> tuple[list[Any], list[Any], float]:
    """The ``count`` rows with the smallest draws, in the file's order, and the limit for later ones."""
    import numpy
    import pandas

    drawn = numpy.hstack(draws)
    limit = numpy.partition(drawn[0], count)[count]
    chosen = drawn[0] < limit
    return [pandas.concat(kept, ignore_index=True)[chosen]], [drawn[:, chosen]], float(limit)


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
        index = _named_index(file.schema_arrow)
        size = max(1, CELLS // max(1, len(names)))
        for batch in file.iter_batches(batch_size=size):
            frame = without_categories(batch).to_pandas(maps_as_pydicts="strict")
            # An index with a name may be a column of the model's.
            yield frame.reset_index() if index else frame


def _stat(path: Path, setting: str) -> tuple[int, int, int]:
    try:
        found = os.stat(path)
    except FileNotFoundError:
        raise UserError(f"{path} doesn't exist; set {setting} to a CSV or Parquet file.") from None
    except OSError as error:
        raise UserError(f"{path} can't be read: {error.strerror}; check {setting}.") from error
    return found.st_ino, found.st_size, found.st_mtime_ns
