"""One version's running scorer, asked for predictions on tables."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy

from tollgate_serving.cells import objects
from tollgate_serving.data import TableFile
from tollgate_serving.errors import UserError
from tollgate_serving.evaluation_rows import features_for, rows_at
from tollgate_serving.fetch import Pinned, one_line
from tollgate_serving.json_rows import json_rows
from tollgate_serving.probe import Refused, RunningScorer, ScorerPlace
from tollgate_serving.reading import Probabilities
from tollgate_serving.signature import Signature, signature_of_folder
from tollgate_serving.value_free import LEFT_OUT

#: Bytes of rows in one request, as numbers: below the 16 MiB that a scorer takes, and little beside what it holds.
CHUNK_BYTES = 2_000_000
#: Rows of one request at most: as many as a scorer joins in one call of the model.
CHUNK_ROWS = 4096


@dataclass(frozen=True)
class Predictor:
    """Asks a scorer as any caller may: nothing of the model is in this process."""

    pinned: Pinned
    scorer: RunningScorer
    #: By the version's own files.
    signature: Signature | None
    #: What the model says it can answer; None when it names none.
    classes: list[Any] | None
    #: Has it probabilities of these classes?
    gives_probabilities: bool
    #: May rows be asked for together? Not of a scorer that is started to serve each request by itself.
    batching: bool

    @classmethod
    def of(cls, pinned: Pinned, place: ScorerPlace, scorer: RunningScorer) -> Predictor:
        """Of the version's files in ``place`` MLmodel is read, and nothing is loaded."""
        signature = signature_of_folder(place.folder_of(pinned))
        told = scorer.version()
        return cls(
            pinned,
            scorer,
            signature,
            told["classes"],
            told["probabilities"],
            "--no-batching" not in place.options,
        )

    @property
    def outputs(self) -> tuple[str, ...]:
        """What the signature calls the columns of an answer; numbers where it has no names."""
        return () if self.signature is None else tuple(each.name for each in self.signature.outputs)

    def json_rows(self, features: Any, count: int) -> list[Any]:
        """The first rows of ``features`` as callers send them to ``/predict``."""
        return json_rows(features, count, self.signature)

    def __call__(self, features: Any) -> Any:
        """Whatever the model answers, a numpy array or a DataFrame. Raises Refused with what the scorer said."""
        return self._ask("/invocations", features)

    def probabilities(self, features: Any) -> Probabilities:
        """The library's own, where the model has some. Raises Refused."""
        assert self.classes is not None
        return Probabilities(numpy.asarray(self._ask("/probabilities", features)), self.classes)

    def on(self, table: TableFile, labels: list[str]) -> tuple[Any, Any]:
        """The rows as the model takes them, without the columns ``labels``, and its answers. Raises UserError."""
        features = features_for(self.signature, table, labels)
        try:
            return features, self(features)
        except (Refused, ValueError) as error:
            said = one_line(error)
            hidden = LEFT_OUT in said
            more = "; give these rows to the model by yourself to read it, and " if hidden else "; "
            raise UserError(
                f"{self.pinned} fails on the evaluation data: {said}{more}mend the model or the data."
            ) from error

    def signature_facts(self) -> dict[str, Any] | None:
        """How evidence says what the model takes and gives; None when it was logged without either."""
        signature = self.signature
        has_both = signature is not None and signature.inputs and signature.outputs
        return signature.as_json() if has_both else None

    def _ask(self, path: str, features: Any) -> Any:
        rows = CHUNK_ROWS if self.batching else 1
        parts = [self.scorer.ask_table(path, chunk) for chunk in chunks(features, rows)]
        if len(parts) == 1:
            return parts[0]
        if hasattr(parts[0], "columns"):
            import pandas

            return pandas.concat(parts, ignore_index=True)
        return _one_array(parts)


def _one_array(parts: list[numpy.ndarray]) -> numpy.ndarray:
    """The parts one after the other. numpy would make texts of numbers where only some parts have texts."""
    if len({(part.ndim, part.dtype.kind in "iufb") for part in parts}) > 1:
        parts = [objects(part.tolist()) for part in parts]
    return numpy.concatenate(parts)


def chunks(features: Any, most: int = CHUNK_ROWS) -> list[Any]:
    """A DataFrame or matrix in pieces of at most ``most`` rows that a scorer takes in one request."""
    width = max(1, values_of_a_row(features))
    size = max(1, min(most, CHUNK_BYTES // (8 * width)))
    starts = range(0, max(1, len(features)), size)
    return [rows_at(features, slice(start, start + size)) for start in starts]


def values_of_a_row(features: Any) -> int:
    """Cells, each list in one counted by what is in it."""
    if isinstance(features, numpy.ndarray) or len(features) == 0:
        return features.shape[1]
    return sum(numpy.size(cell) if isinstance(cell, list) else 1 for cell in features.iloc[0])
