"""Evaluation rows that the model was trained on, which make its metrics worthless."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy

from tollgate_serving.data import TableFile, frames
from tollgate_serving.errors import UserError
from tollgate_serving.progress import still
from tollgate_serving.same_rows import SameRows

_DATA = "tollgate:evaluation.data"
_TRAINING = "tollgate:train.data"
#: How many shared rows are named.
FIRST = 10


def measure_leakage(
    training: TableFile,
    training_path: str | Path,
    evaluation_path: str | Path,
    same: SameRows,
) -> dict[str, Any]:
    """The ``leakage`` of the evidence document: evaluation rows that are also training rows.

    A row is the same when the model takes it for the same and it has the same labels, as ``same`` tells them; both
    files need its columns. It is told by a hash of 64 bits, so by chance it is the same in one of 10 million runs over
    two files of a million rows.
    ``firstRows`` are places of the first of them in the evaluation file, from 1, a CSV file's header not counted.

    Both files are read whole, in pieces: memory grows by 8 bytes for an evaluation row and by nothing for a
    training row. Raises UserError naming columns a file lacks.
    """
    rows = numpy.concatenate(list(_hashed(Path(evaluation_path), same, _DATA)))
    different, counts = numpy.unique(rows, return_counts=True)
    found = numpy.zeros(len(different), dtype=bool)
    for hashes in _hashed(Path(training_path), same, _TRAINING):
        found[numpy.isin(different, hashes)] = True
    shared = int(counts[found].sum())
    facts = {
        "trainingData": training.facts(),
        "evaluationRows": len(rows),
        "sharedRows": shared,
    }
    if not shared:
        return facts
    places = numpy.flatnonzero(numpy.isin(rows, different[found]))[:FIRST] + 1
    return {**facts, "firstRows": places.tolist()}


def _hashed(path: Path, same: SameRows, setting: str) -> Iterator[numpy.ndarray]:
    if not same.columns:
        raise UserError(f"{path} has no column to compare rows by; give {setting} a table.")
    rows = 0
    for piece in frames(path, same.text, setting, same.as_written):
        missing = sorted(same.columns.keys() - set(map(str, piece.columns)))
        if missing:
            raise UserError(
                f"{path} lacks the columns {', '.join(missing)}, so its rows can't be compared with the other "
                f"file's; give {setting} a table that has them."
            )
        rows += len(piece)
        still(f"comparing rows: {rows} of {path.name} so far")
        yield same.hashes(piece)
