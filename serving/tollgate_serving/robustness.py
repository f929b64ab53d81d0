"""What disturbed inputs cost a model: noise, missing values, swapped categories, values out of range, an attack."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy

from tollgate_serving import disturbances
from tollgate_serving.attack import attackable_rows, attacked
from tollgate_serving.classes import Classes
from tollgate_serving.errors import UserError
from tollgate_serving.fetch import one_line
from tollgate_serving.measures import Measure
from tollgate_serving.progress import progress
from tollgate_serving.randomness import generator
from tollgate_serving.reading import is_missing
from tollgate_serving.support import DistinctRows

#: Rows that are disturbed, a random sample of the evaluation data: an accuracy is told to about 0.01.
ROWS = 2000
#: Rows that are attacked, because each is predicted twice for every column.
ATTACKED_ROWS = 1000

#: How to disturb, and what the data must have for it.
_DISTURBANCES = {
    "noise": (disturbances.noise, "numbers"),
    "missing": (disturbances.missing, "values that may be missing"),
    "swapped": (disturbances.swapped, "categories"),
    "outOfRange": (disturbances.out_of_range, "numbers"),
}
_KINDS = (*_DISTURBANCES, "adversarial")
#: The labels as a column beside the inputs; no input has such a name.
_LABEL = "\0label"
#: For the person who waits.
_WORDS = {
    "noise": "noise",
    "missing": "missing values",
    "swapped": "swapped categories",
    "outOfRange": "values out of range",
    "adversarial": "an attack, one column after the other",
}


def measure_robustness(
    settings: dict[str, Any],
    predict: Callable[[Any], Any],
    features: Any,
    labels: Any,
    classes: Classes | None,
    seed: int,
) -> list[dict[str, Any]]:
    """An entry of ``robustnessSchema`` for every kind that ``settings`` of the gate robustness have.

    ``features`` are as the model takes them, a DataFrame or a numpy matrix; ``labels`` as ``measures.Measure`` takes
    them. ``predict`` gives one value for each row, as the model says it. It may have ``predict_proba``, which gives
    ``reading.Probabilities`` and makes the attack sharper. A model that fails on
    disturbed rows is no error, the entry says it. Raises UserError when the rows as they are tell nothing.
    """
    model = _Model(predict, classes, matrix=isinstance(features, numpy.ndarray))
    frame, labels = _sampled(features, labels, seed)
    found = []
    for kind in _KINDS:
        if settings.get(kind) is not None:
            # Its own generator: that another kind is measured too changes nothing here.
            draw = generator(seed, kind)
            rows = attackable_rows(frame.shape[1], ATTACKED_ROWS) if kind == "adversarial" else ROWS
            strength = settings[kind]["strength"]
            progress(f"disturbing the inputs: {_WORDS[kind]}")
            found.append(_entry(kind, strength, model, frame[:rows], labels[:rows], draw))
    return found


class _Model:
    """A model that is asked for tables of any values."""

    def __init__(self, predict: Callable[[Any], Any], classes: Classes | None, matrix: bool):
        self._predict = predict
        self._matrix = matrix
        self._classes = classes
        self.metric = "r2" if classes is None else "accuracy"
        self._proba = None if classes is None else getattr(predict, "predict_proba", None)
        #: Does harm tell more than right from wrong?
        self.graded = self.metric == "r2" or self._proba is not None

    def predict(self, frame: Any) -> numpy.ndarray:
        """One prediction a row. Raises what the model raises, or a ValueError."""
        values = numpy.asarray(self._predict(self._input(frame)))
        if values.shape != (len(frame),):
            raise ValueError(f"it gives {len(values)} predictions for {len(frame)} rows")
        return values

    def harm(self, frame: Any, labels: numpy.ndarray) -> numpy.ndarray:
        """How far each row is from its label: squared, as a lack of probability, or 1 for a wrong class."""
        if self._classes is None:
            return (self.predict(frame).astype("float64") - labels) ** 2
        if self._proba is None:
            return (self._classes.codes(self.predict(frame)) != labels).astype("float64")
        found = self._proba(self._input(frame))
        # A label the model doesn't know has no probability at all.
        probabilities = numpy.column_stack([found.values, numpy.zeros(len(frame))])
        places = numpy.full(len(self._classes.names) + 1, -1)
        places[self._classes.codes(found.classes)] = numpy.arange(len(found.classes))
        return 1.0 - probabilities[numpy.arange(len(frame)), places[labels]]

    def quality(self, labels: numpy.ndarray, predictions: numpy.ndarray) -> float:
        """Accuracy or r2 of finite predictions."""
        if self._classes is None:
            return Measure(labels, predictions.astype("float64"), None).of()["r2"]
        return float(numpy.mean(self._classes.codes(predictions) == labels))

    def _input(self, frame: Any) -> Any:
        return frame.to_numpy("float64") if self._matrix else frame


def _sampled(features: Any, labels: Any, seed: int) -> tuple[Any, numpy.ndarray]:
    import pandas

    frame, labels = pandas.DataFrame(features).reset_index(drop=True), numpy.asarray(labels)
    if len(frame) > ROWS:
        # Shuffled as well, so that the first rows are a fair sample too.
        chosen = generator(seed, "rows to disturb").choice(len(frame), ROWS, replace=False)
        frame, labels = frame.iloc[chosen].reset_index(drop=True), labels[chosen]
    return frame, labels


def _entry(
    kind: str,
    strength: float,
    model: _Model,
    frame: Any,
    labels: numpy.ndarray,
    draw: numpy.random.Generator,
) -> dict[str, Any]:
    disturbed, non_finite, failure = None, 0, None
    baseline = _baseline(model, frame, labels)
    try:
        if kind == "adversarial":
            needed = "numbers that can move so far"
            table = attacked(
                frame,
                strength,
                lambda one: model.harm(one, numpy.resize(labels, len(one))),
                model.graded,
                draw,
            )
        else:
            disturb, needed = _DISTURBANCES[kind]
            table = disturb(frame, strength, draw)
        if table is None:
            failure = f"the model takes no {needed}; leave tollgate:gates.robustness.{kind} out."
        else:
            predictions = model.predict(table)
            non_finite = int(is_missing(predictions).sum())
            if non_finite and model.metric == "r2":
                failure = f"{non_finite} of {len(table)} predictions aren't finite numbers."
            else:
                disturbed = model.quality(labels, predictions)
    except Exception as error:
        failure = f"the model fails: {_reason(error)}."
    return {
        "kind": kind,
        "strength": strength,
        "rows": len(frame),
        "distinctRows": DistinctRows.of(frame.assign(**{_LABEL: labels})).count,
        "metric": model.metric,
        "baseline": baseline,
        "disturbed": disturbed,
        "nonFinite": non_finite,
        "failure": failure,
    }


def _baseline(model: _Model, frame: Any, labels: numpy.ndarray) -> float:
    try:
        value = model.quality(labels, model.predict(frame))
    except Exception as error:
        raise UserError(
            f"the model fails on {len(frame)} of the rows it answered before: {_reason(error)}; mend the model."
        ) from error
    if not numpy.isfinite(value):
        raise UserError(
            f"{model.metric} can't be told on {len(frame)} rows; use more evaluation data."
        )
    return value


def _reason(error: Exception) -> str:
    """MLflow's schema errors start with the whole table; the reason follows at their end."""
    return one_line(Exception(str(error).rpartition("Error: ")[2] or type(error).__name__))
