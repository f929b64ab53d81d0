"""The candidate beside the deployed version, on the same rows.

Both answer the same questions, so the test is a paired one: only rows where they differ tell which is better.
Accuracy is judged by McNemar's exact test (Dietterich, Neural Computation 10, 1998), every other metric by
the paired bootstrap (Efron and Tibshirani, An Introduction to the Bootstrap, 1993, chapter 16).
"""

from __future__ import annotations

from typing import Any

import numpy

from tollgate_serving.drift import categorical_shift, numeric_shift
from tollgate_serving.errors import UserError
from tollgate_serving.measures import check_predictions
from tollgate_serving.paired import CLASS_METRICS, EQUAL, NUMBER_METRICS, PairedScores

#: Resamples of the rows: p-values around 0.05 move by 0.005 from one seed to another.
RESAMPLES = 2000
#: Chance of refusing an equal candidate where the settings don't say.
SIGNIFICANCE = 0.05
_METRICS = {"classification": CLASS_METRICS, "regression": NUMBER_METRICS}


def measure_comparison(
    settings: dict[str, Any] | None,
    task: str,
    deployed: dict[str, str],
    deployed_signature: dict[str, Any] | None,
    candidate_predictions: Any,
    deployed_predictions: Any | None,
    problem: str | None,
    labels: Any,
    seed: int,
) -> dict[str, Any]:
    """The ``comparison`` of the evidence document.

    ``settings`` are those of the gate better-than-deployed; None leaves ``quality`` out. ``problem`` says why
    the deployed version couldn't predict; predictions of it that can't be compared are a problem too, never
    an error. Raises UserError when the metric isn't one of the task, or the candidate's predictions can't be
    used.
    """
    labels = numpy.asarray(labels)
    candidate = check_predictions(candidate_predictions, len(labels))
    other = None
    if problem is None:
        other, problem = _usable(task, deployed_predictions, labels)
    return {
        "deployed": {**deployed, "signature": deployed_signature},
        "problem": problem,
        "quality": None
        if other is None or settings is None
        else _quality(settings, task, labels, candidate, other, seed),
        "predictions": None if other is None else _shift(task, candidate, other),
    }


def _usable(
    task: str, predictions: Any | None, labels: numpy.ndarray
) -> tuple[numpy.ndarray | None, str | None]:
    """The deployed version's predictions as a column, or why they are none."""
    if predictions is None:
        return None, "the deployed version gave no predictions."
    try:
        if task == "regression":
            predictions = numpy.asarray(predictions, dtype="float64")
        values = check_predictions(predictions, len(labels))
    except UserError as error:
        return None, f"the deployed version can't be compared: {str(error).partition('; ')[0]}."
    except (TypeError, ValueError):
        return None, "the deployed version's predictions aren't numbers."
    if task == "classification" and _is_number(values) != _is_number(labels):
        kinds = ["numbers" if _is_number(one) else "texts" for one in (values, labels)]
        return None, f"the deployed version predicts {kinds[0]} where the labels are {kinds[1]}."
    return values, None


def _is_number(values: numpy.ndarray) -> bool:
    return values.dtype.kind in "iufb"


def _quality(
    settings: dict[str, Any],
    task: str,
    labels: numpy.ndarray,
    candidate: numpy.ndarray,
    deployed: numpy.ndarray,
    seed: int,
) -> dict[str, Any]:
    metric = settings.get("metric") or _METRICS[task][0]
    if metric not in _METRICS[task]:
        raise UserError(
            f"tollgate:gates.better-than-deployed.metric is {metric}; "
            f"for {task} it is one of {', '.join(_METRICS[task])}."
        )
    significance = settings.get("significance", SIGNIFICANCE)
    same = numpy.array_equal(candidate, deployed)
    scores = PairedScores.of(metric, labels, candidate, deployed)
    loss = 0.0 if same else scores.loss
    resampled = EQUAL if same else scores.resampled(RESAMPLES, seed)
    if metric == "accuracy":
        test, p_value = "mcnemar-exact", mcnemar(candidate == labels, deployed == labels)
    else:
        test, p_value = "paired-bootstrap", resampled.p_value(loss)
    return {
        "metric": metric,
        "candidate": scores.candidate,
        "deployed": scores.deployed,
        "loss": loss,
        "lossAtMost": resampled.at_most(significance),
        "test": test,
        "pValue": p_value,
        "significance": significance,
        "resamples": 0 if same else RESAMPLES,
        "rows": len(labels),
    }


def mcnemar(candidate_right: numpy.ndarray, deployed_right: numpy.ndarray) -> float:
    """P-value of the hypothesis that the candidate is no worse.

    Of the rows where only one of the two is right, an equally good pair shares them like a fair coin: how
    likely are so many or more for the deployed version?
    """
    from scipy.stats import binomtest

    only_deployed = int((deployed_right & ~candidate_right).sum())
    only_candidate = int((candidate_right & ~deployed_right).sum())
    if only_deployed + only_candidate == 0:
        return 1.0
    test = binomtest(only_deployed, only_deployed + only_candidate, alternative="greater")
    return float(min(1.0, test.pvalue))


def _shift(task: str, candidate: numpy.ndarray, deployed: numpy.ndarray) -> dict[str, Any]:
    """How far the predictions moved from the deployed version's."""
    if task == "classification":
        kind, test, shift = "classes", "chi-square", categorical_shift
    else:
        kind, test, shift = "scores", "kolmogorov-smirnov", numeric_shift
    psi, p_value = shift(candidate, deployed)
    return {"kind": kind, "psi": psi, "test": test, "pValue": p_value}
