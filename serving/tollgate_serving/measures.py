"""Quality of predictions against the labels."""

from __future__ import annotations

import math
import warnings
from typing import Any

import numpy

from tollgate_serving.classes import Classes
from tollgate_serving.errors import UserError

#: What is averaged over classes, beside accuracy.
AVERAGED = ("precision", "recall", "f1")


def measure(labels: Any, predictions: Any, classes: Classes | None) -> dict[str, float]:
    """The ``metrics`` of the evidence document, on all rows. Raises UserError when they can't be had.

    accuracy, precision, recall and f1, and the last three as ``_macro`` and ``_weighted`` too; or r2, mae and rmse.
    """
    measured = Measure(labels, predictions, classes)
    metrics = measured.of() | measured.averages()
    for name, value in metrics.items():
        if not math.isfinite(value):
            raise UserError(
                f"the metric {name} is {value} on {len(labels)} rows; use more evaluation data."
            )
    return metrics


class Measure:
    """The metrics on any selection of the rows, by the classes of all of them.

    Labels and predictions are codes of ``classes`` (``Classes.codes``); numbers of a regression where that is None.
    Precision, recall and f1 are those of the positive class; where there is none their plain mean over the classes
    that occur in the selection, as labels or predictions (macro). A class that is never said has a precision of 0.
    """

    def __init__(self, labels: Any, predictions: Any, classes: Classes | None):
        self._labels, self._predictions = numpy.asarray(labels), numpy.asarray(predictions)
        self._classes = classes

    def of(self, chosen: Any = slice(None)) -> dict[str, float]:
        """On the chosen rows (a mask or a slice), at least one; a metric that isn't defined on them is NaN."""
        labels, predictions = self._labels[chosen], self._predictions[chosen]
        if self._classes is None:
            return _regression(labels, predictions)
        occurs, _, scores = self._by_class(labels, predictions)
        positive = self._classes.positive
        found = {
            name: _mean(values, occurs) if positive is None else float(values[positive])
            for name, values in scores.items()
        }
        return {"accuracy": float(numpy.mean(labels == predictions)), **found}

    def averages(self) -> dict[str, float]:
        """Precision, recall and f1 of all rows as means over the classes, plain and weighted by rows; no errors."""
        if self._classes is None:
            return {}
        occurs, rows, scores = self._by_class(self._labels, self._predictions)
        return {
            **{f"{name}_macro": _mean(values, occurs) for name, values in scores.items()},
            **{
                f"{name}_weighted": float(values @ rows / rows.sum())
                for name, values in scores.items()
            },
        }

    def _by_class(self, labels: Any, predictions: Any) -> tuple[Any, Any, dict[str, numpy.ndarray]]:
        count = len(self._classes.names) if self._classes else 0
        has, said, right = (
            _counts(codes, count) for codes in (labels, predictions, labels[labels == predictions])
        )
        of_class = {
            "precision": _over(right, said),
            "recall": _over(right, has),
            "f1": _over(2 * right, has + said),
        }
        return has + said > 0, has, of_class


def _counts(codes: numpy.ndarray, count: int) -> numpy.ndarray:
    """Rows of each class; what is no class counts nowhere."""
    return numpy.bincount(codes[codes >= 0], minlength=count).astype("float64")


def _over(part: numpy.ndarray, whole: numpy.ndarray) -> numpy.ndarray:
    return numpy.divide(part, whole, out=numpy.zeros_like(part), where=whole > 0)


def _mean(values: numpy.ndarray, occurs: numpy.ndarray) -> float:
    return float(values[occurs].mean()) if occurs.any() else 0.0


def _regression(labels: Any, predictions: Any) -> dict[str, float]:
    from sklearn.metrics import mean_absolute_error, r2_score, root_mean_squared_error

    with warnings.catch_warnings():
        # r2 of one row is undefined, which its NaN says.
        warnings.simplefilter("ignore")
        r2 = float(r2_score(labels, predictions))
    return {
        "r2": r2,
        "mae": float(mean_absolute_error(labels, predictions)),
        "rmse": float(root_mean_squared_error(labels, predictions)),
    }
