"""Quality of predictions against the labels."""

from __future__ import annotations

import math
from typing import Any

import numpy

from tollgate_serving.errors import UserError
from tollgate_serving.fetch import one_line


def measure(task: str, labels: Any, predictions: Any) -> dict[str, float]:
    """accuracy, precision, recall and f1, or r2, mae and rmse. Raises UserError when they can't be had."""
    labels, predictions = numpy.asarray(labels), _one_column(predictions)
    if len(predictions) != len(labels):
        raise UserError(
            f"the model gave {len(predictions)} predictions for {len(labels)} rows; it must give one for each row."
        )
    if predictions.dtype.kind == "f" and not numpy.isfinite(predictions).all():
        count = int((~numpy.isfinite(predictions)).sum())
        raise UserError(
            f"{count} of {len(predictions)} predictions aren't finite numbers; mend the model."
        )
    try:
        metrics = (
            _classification(labels, predictions)
            if task == "classification"
            else _regression(labels, predictions)
        )
    except (ValueError, TypeError) as error:
        raise UserError(
            f"the predictions can't be compared with the labels as {task}: {one_line(error)}; "
            "check tollgate:evaluation.task and the label column."
        ) from error
    for name, value in metrics.items():
        if not math.isfinite(value):
            raise UserError(
                f"the metric {name} is {value} on {len(labels)} rows; use more evaluation data."
            )
    return metrics


def _classification(labels: numpy.ndarray, predictions: numpy.ndarray) -> dict[str, float]:
    from sklearn.metrics import accuracy_score, precision_recall_fscore_support

    classes = sorted({*labels.tolist(), *predictions.tolist()})
    average: dict[str, Any] = {"average": "macro"}
    if len(classes) <= 2:
        average = {"average": "binary", "pos_label": 1 if 1 in classes else classes[-1]}
    precision, recall, f1, _ = precision_recall_fscore_support(
        labels, predictions, zero_division=0.0, **average
    )
    return {
        "accuracy": float(accuracy_score(labels, predictions)),
        "precision": float(precision),
        "recall": float(recall),
        "f1": float(f1),
    }


def _regression(labels: numpy.ndarray, predictions: numpy.ndarray) -> dict[str, float]:
    from sklearn.metrics import mean_absolute_error, r2_score, root_mean_squared_error

    return {
        "r2": float(r2_score(labels, predictions)),
        "mae": float(mean_absolute_error(labels, predictions)),
        "rmse": float(root_mean_squared_error(labels, predictions)),
    }


def _one_column(predictions: Any) -> numpy.ndarray:
    values = numpy.asarray(predictions)
    if values.ndim == 2 and values.shape[1] == 1:
        values = values[:, 0]
    if values.ndim != 1:
        raise UserError(
            f"the model's predictions have the shape {list(values.shape)}; log it with one prediction for each row."
        )
    return values
