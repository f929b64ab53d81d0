"""Evaluation rows that the model was trained on, which make its metrics worthless."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy

from tollgate_serving.data import TableFile, frames
from tollgate_serving.errors import UserError
from tollgate_serving.progress import still

_DATA = "tollgate:evaluation.data"
_TRAINING = "tollgate:train.data"
#: Stands for an empty cell.
_MISSING = numpy.uint64(0x9E3779B97F4A7C15)


def measure_leakage(
    training: TableFile,
    training_path: str | Path,
    evaluation_path: str | Path,
    columns: Sequence[str],
) -> dict[str, Any]:
    """The ``leakage`` of the evidence document: evaluation rows that are also training rows.

    A row is the same when it has the same values in all ``columns``, which both files need. It is told by a
    hash of 64 bits, so by chance it is the same in one of 10 million runs over two files of a million rows.
    1, 1.0 and the text "1" are one value, whichever way a file writes it; numbers are compared as doubles.

    Both files are read whole, in pieces: memory grows by 8 bytes for an evaluation row and by nothing for a
    training row. Raises UserError naming columns a file lacks.
    """
    rows = numpy.concatenate(list(_hashed(Path(evaluation_path), columns, _DATA)))
    different, counts = numpy.unique(rows, return_counts=True)
    found = numpy.zeros(len(different), dtype=bool)
    for hashes in _hashed(Path(training_path), columns, _TRAINING):
        found[numpy.isin(different, hashes)] = True
    return {
        "trainingData": training.facts(),
        "evaluationRows": len(rows),
        "sharedRows": int(counts[found].sum()),
    }


def row_hashes(frame: Any) -> numpy.ndarray:
    """A hash for each row that depends on its values and the order of the columns, not on their types."""
    import pandas

    cells = pandas.DataFrame(
        {place: _cell_hashes(frame.iloc[:, place]) for place in range(frame.shape[1])}
    )
    return pandas.util.hash_pandas_object(cells, index=False).to_numpy()


def _hashed(path: Path, columns: Sequence[str], setting: str) -> Iterator[numpy.ndarray]:
    # Always in the same order, whatever the caller's.
    names = sorted(columns)
    if not names:
        raise UserError(f"{path} has no column to compare rows by; give {setting} a table.")
    rows = 0
    for piece in frames(path, (), setting):
        missing = [name for name in names if name not in piece.columns]
        if missing:
            raise UserError(
                f"{path} lacks the columns {', '.join(missing)}, so its rows can't be compared with the other "
                f"file's; give {setting} a table that has them."
            )
        rows += len(piece)
        still(f"comparing rows: {rows} of {path.name} so far")
        yield row_hashes(piece[names])


def _cell_hashes(column: Any) -> numpy.ndarray:
    import pandas

    if column.dtype.kind in "iufb":
        return _number_hashes(column.to_numpy("float64", na_value=numpy.nan))
    codes, values = pandas.factorize(column)
    plain = [_plain(value) for value in values]
    hashes = _number_hashes(
        numpy.array(
            [value if isinstance(value, float) else numpy.nan for value in plain], "float64"
        )
    )
    is_text = numpy.array([isinstance(value, str) for value in plain], dtype=bool)
    texts = numpy.array([value for value in plain if isinstance(value, str)], dtype=object)
    hashes[is_text] = pandas.util.hash_array(texts)
    # An empty cell has the code -1, the last hash.
    return numpy.append(hashes, _MISSING)[codes]


def _number_hashes(values: numpy.ndarray) -> numpy.ndarray:
    import pandas

    # Adding 0 makes -0 and 0 the same.
    return numpy.where(numpy.isnan(values), _MISSING, pandas.util.hash_array(values + 0.0))


def _plain(value: Any) -> float | str:
    """A cell as a number where it reads as one, whatever kind of column it is in."""
    text = str(value).removesuffix(" 00:00:00")
    truth = {"true": 1.0, "false": 0.0}.get(text.lower())
    if truth is not None:
        return truth
    try:
        # CSV writes an empty text as it writes nothing at all.
        return float(text or "nan")
    except ValueError:
        return text
