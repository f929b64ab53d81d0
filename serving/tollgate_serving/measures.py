"""Quality of predictions against the labels."""

from __future__ import annotations

import math
import warnings
from typing import Any

import numpy

from tollgate_serving.errors import UserError
from tollgate_serving.fetch import one_line


def check_predictions(predictions: Any, rows: int) -> numpy.ndarray:
    """One finite prediction for each row, as a column. Raises UserError saying what they are instead."""
    values = numpy.asarray(predictions)
    if values.ndim == 2 and values.shape[1] == 1:
        values = values[:, 0]
    if values.ndim != 1:
        raise UserError(
            f"the model's predictions have the shape {list(values.shape)}; log it with one prediction for each row."
        )
    if len(values) != rows:
        raise UserError(
            f"the model gave {len(values)} predictions for {rows} rows; it must give one for each row."
        )
    if values.dtype.kind == "f" and not numpy.isfinite(values).all():
        count = int((~numpy.isfinite(values)).sum())
        raise UserError(
            f"{count} of {len(values)} predictions aren't finite numbers; mend the model."
        )
    return values


def measure(task: str, labels: Any, predictions: numpy.ndarray) -> dict[str, float]:
    """accuracy, precision, recall and f1, or r2, mae and rmse. Raises UserError when they can't be had."""
    metrics = Measure(task, labels, predictions).of()
    for name, value in metrics.items():
        if not math.isfinite(value):
            raise UserError(
                f"the metric {name} is {value} on {len(labels)} rows; use more evaluation data."
            )
    return metrics


def positive_class(classes: list[Any]) -> Any:
    """Which of two classes precision, recall and fairness are about: 1 (or true), else the later one."""
    return 1 if 1 in classes else classes[-1]


class Measure:
    """The metrics on any selection of the rows, by the classes of all of them.

    Two classes: precision, recall and f1 of the positive one; more: their plain mean over the classes that
    occur in the selection (macro).
    """

    def __init__(self, task: str, labels: Any, predictions: Any):
        self._task = task
        labels, predictions = numpy.asarray(labels), numpy.asarray(predictions)
        try:
            if task == "classification":
                self._classes = sorted({*labels.tolist(), *predictions.tolist()})
                # Numbers compare much quicker than texts, and the selections are many.
                number = {value: index for index, value in enumerate(self._classes)}
                labels = numpy.array([number[value] for value in labels.tolist()])
                predictions = numpy.array([number[value] for value in predictions.tolist()])
            else:
                labels, predictions = labels.astype(float), predictions.astype(float)
        except (ValueError, TypeError) as error:
            raise UserError(
                f"the predictions can't be compared with the labels as {task}: {one_line(error)}; "
                "check tollgate:evaluation.task and the label column."
            ) from error
        self._labels, self._predictions = labels, predictions

    def of(self, chosen: Any = slice(None)) -> dict[str, float]:
        """On the chosen rows (a mask or a slice), at least one; a metric that isn't defined on them is NaN."""
        labels, predictions = self._labels[chosen], self._predictions[chosen]
        if self._task == "classification":
            return self._classification(labels, predictions)
        return _regression(labels, predictions)

    def _classification(self, labels: Any, predictions: Any) -> dict[str, float]:
        from sklearn.metrics import accuracy_score, precision_recall_fscore_support

        average: dict[str, Any] = {"average": "macro"}
        if len(self._classes) <= 2:
            positive = self._classes.index(positive_class(self._classes))
            # "binary" would refuse a selection without the positive class.
            average = {"average": "macro", "labels": [positive]}
        precision, recall, f1, _ = precision_recall_fscore_support(
            labels, predictions, zero_division=0.0, **average
        )
        return {
            "accuracy": float(accuracy_score(labels, predictions)),
            "precision": float(precision),
            "recall": float(recall),
            "f1": float(f1),
        }


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
