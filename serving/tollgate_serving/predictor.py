"""One loaded model version, asked for predictions on tables."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy

from tollgate_serving.data import TableFile, features_for
from tollgate_serving.errors import UserError
from tollgate_serving.fetch import Pinned, one_line
from tollgate_serving.measures import check_predictions
from tollgate_serving.model import load_pyfunc
from tollgate_serving.signature import Signature, read_signature


@dataclass(frozen=True)
class Predictor:
    """Predicts as MLflow does, with the model's signature in force."""

    pinned: Pinned
    signature: Signature | None
    #: The model's probabilities, a column for each of ``classes``; None when it gives none.
    predict_proba: Callable[[Any], Any] | None
    classes: Any
    _model: Any

    @classmethod
    def load(cls, pinned: Pinned, folder: Path) -> Predictor:
        """Raises UserError with exit code 5 when the model can't be loaded."""
        # A matrix for a model that was trained on named columns: the order was checked with the signature.
        warnings.filterwarnings("ignore", message="X has feature names")
        model = load_pyfunc(folder, pinned)
        raw = _raw_model(model)
        known = hasattr(raw, "predict_proba") and hasattr(raw, "classes_")
        return cls(
            pinned,
            read_signature(model.metadata.signature),
            raw.predict_proba if known else None,
            raw.classes_ if known else None,
            model,
        )

    def __call__(self, features: Any) -> numpy.ndarray:
        """Whatever the model gives, as a column where it is one; raises what the model raises."""
        values = numpy.asarray(self.answer(features))
        return values[:, 0] if values.ndim == 2 and values.shape[1] == 1 else values

    def answer(self, features: Any) -> Any:
        """What MLflow gives, of whatever type; raises what the model raises."""
        return self._model.predict(features)

    def on(self, table: TableFile, label: str) -> tuple[Any, numpy.ndarray]:
        """The rows as the model takes them, and a finite prediction for each. Raises UserError."""
        features = features_for(self.signature, table, label)
        try:
            predictions = self.answer(features)
        except Exception as error:
            raise UserError(
                f"{self.pinned} fails on the evaluation data: {_cause(error)}; mend the model or the data."
            ) from error
        return features, check_predictions(predictions, len(table.frame))

    def signature_facts(self) -> dict[str, Any] | None:
        """How evidence says what the model takes and gives; None when it was logged without either."""
        signature = self.signature
        has_both = signature is not None and signature.inputs and signature.outputs
        return signature.as_json() if has_both else None


def _raw_model(model: Any) -> Any:
    """The library's own object; None where MLflow doesn't hand it out."""
    try:
        return model.get_raw_model()
    except Exception:
        return None


def _cause(error: Exception) -> str:
    """MLflow's schema errors start with the whole table; the reason follows at their end."""
    return one_line(Exception(str(error).rpartition("Error: ")[2] or str(error)))
