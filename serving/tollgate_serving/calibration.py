"""How far a classifier's probabilities can be taken at their word."""

from __future__ import annotations

from typing import Any

import numpy

from tollgate_serving.classes import Classes
from tollgate_serving.errors import UserError
from tollgate_serving.support import DistinctRows


def measure_calibration(
    bins: int,
    labels: Any,
    probabilities: Any,
    columns: Any,
    classes: Classes,
    distinct: DistinctRows,
) -> dict[str, float | int]:
    """Expected calibration error and Brier score of ``probabilities``, one for each class that ``columns`` name.

    ``labels`` are codes of ``classes``. Two columns: both of the positive class's probability, Brier 0 to 1. More: the
    error of the predicted class's probability, Brier summed over the classes, 0 to 2. A label the model doesn't know
    counts as probability 0. Raises UserError when these are no probabilities.

    The error is the mean over equal-width bins of how far the mean probability is from the share of rows that
    came true, weighted by rows (Naeini et al., AAAI 2015); the score is Brier's of 1950.
    """
    labels, known = numpy.asarray(labels), classes.codes(columns)
    probabilities = _checked(probabilities, len(labels), len(known))
    happened = labels[:, None] == known[None, :]
    if len(known) == 2 and classes.positive in known:
        column = known.tolist().index(classes.positive)
        said, came_true = probabilities[:, column], happened[:, column]
        brier = float(numpy.mean((said - came_true) ** 2))
    else:
        column = probabilities.argmax(axis=1)
        rows = numpy.arange(len(labels))
        said, came_true = probabilities[rows, column], happened[rows, column]
        unknown = ~happened.any(axis=1)
        brier = float(numpy.mean(((probabilities - happened) ** 2).sum(axis=1) + unknown))
    return {
        "expectedCalibrationError": min(1.0, _error(bins, said, came_true)),
        "brier": min(2.0, brier),
        "bins": bins,
        "rows": len(labels),
        "distinctRows": distinct.count,
    }


def _error(bins: int, said: numpy.ndarray, came_true: numpy.ndarray) -> float:
    """The last bin holds 1 as well."""
    place = numpy.minimum((said * bins).astype(int), bins - 1)
    distance = numpy.bincount(place, weights=said - came_true, minlength=bins)
    return float(numpy.abs(distance).sum() / len(said))


def _checked(probabilities: Any, rows: int, classes: int) -> numpy.ndarray:
    values = numpy.asarray(probabilities, dtype=float)
    if values.shape != (rows, classes):
        raise UserError(
            f"the model's probabilities have the shape {list(values.shape)}, not {[rows, classes]}; "
            "its predict_proba must give one for each row and class."
        )
    # Sums of fractions may leave 0 to 1 by the last digit.
    wrong = int((~((values >= -1e-6) & (values <= 1 + 1e-6)).all(axis=1)).sum())
    if wrong:
        raise UserError(
            f"{wrong} of {rows} rows have probabilities that aren't between 0 and 1; mend the model."
        )
    return values.clip(0, 1)
