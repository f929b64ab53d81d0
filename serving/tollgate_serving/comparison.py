"""The candidate beside the deployed version, on the same rows.

Both answer the same questions, so the test is a paired one: only rows where they differ tell which is better.
Accuracy is judged by McNemar's exact test (Dietterich, Neural Computation 10, 1998), every other metric by
the paired bootstrap (Efron and Tibshirani, An Introduction to the Bootstrap, 1993, chapter 16).

Tests and bounds count each distinct row once: a row that stands there a thousand times says nothing new. And
where the rows show no loss, a loss too rare to show on so many is not ruled out (``bounds``).
"""

from __future__ import annotations

from typing import Any

import numpy

from tollgate_serving.bounds import loss_of_accuracy, unseen_loss
from tollgate_serving.classes import Classes
from tollgate_serving.drift import categorical_shift, numeric_shift
from tollgate_serving.errors import UserError
from tollgate_serving.paired import CLASS_METRICS, EQUAL, NUMBER_METRICS, PairedScores
from tollgate_serving.support import DistinctRows

#: Resamples of the rows: p-values around 0.05 move by 0.005 from one seed to another.
RESAMPLES = 2000
#: Chance of refusing an equal candidate where the settings don't say.
SIGNIFICANCE = 0.05


def measure_comparison(
    settings: dict[str, Any] | None,
    candidate: numpy.ndarray,
    deployed: numpy.ndarray | None,
    problem: str | None,
    labels: numpy.ndarray,
    classes: Classes | None,
    rows: DistinctRows,
    seed: int,
) -> dict[str, Any]:
    """The ``comparison`` of the evidence document, but for what says which version is deployed.

    Labels and both versions' predictions as ``measures.Measure`` takes them. ``settings`` are those of the gate
    better-than-deployed; None leaves ``quality`` out. ``rows`` says which evaluation rows are the same for the
    candidate. ``problem`` says why the deployed version couldn't be asked, or its answers not be read; then, and only
    then, it has no predictions. Raises UserError when the metric isn't one of the task.
    """
    return {
        "problem": problem,
        "quality": None
        if deployed is None or settings is None
        else _quality(settings, labels, candidate, deployed, classes, rows, seed),
        "predictions": None
        if deployed is None
        else _shift(candidate, deployed, classes is not None),
    }


def _quality(
    settings: dict[str, Any],
    labels: numpy.ndarray,
    candidate: numpy.ndarray,
    deployed: numpy.ndarray,
    classes: Classes | None,
    rows: DistinctRows,
    seed: int,
) -> dict[str, Any]:
    task, metrics = (
        ("regression", NUMBER_METRICS) if classes is None else ("classification", CLASS_METRICS)
    )
    metric = settings.get("metric") or metrics[0]
    if metric not in metrics:
        raise UserError(
            f"tollgate:gates.better-than-deployed.metric is {metric}; "
            f"for {task} it is one of {', '.join(metrics)}."
        )
    significance = settings.get("significance", SIGNIFICANCE)
    whole = PairedScores.of(metric, labels, candidate, deployed, classes)
    loss = 0.0 if numpy.array_equal(candidate, deployed) else whole.loss
    once = [column[rows.first] for column in (labels, candidate, deployed)]
    compare = _accuracy if metric == "accuracy" else _resampled
    compared = compare(metric, *once, classes, significance, seed)
    return {
        "metric": metric,
        "candidate": whole.candidate,
        "deployed": whole.deployed,
        "loss": loss,
        **compared,
        "lossAtMost": max(loss, compared["lossAtMost"]),
        "significance": significance,
        "rows": len(labels),
        "distinctRows": rows.count,
    }


def _accuracy(
    metric: str,
    labels: numpy.ndarray,
    candidate: numpy.ndarray,
    deployed: numpy.ndarray,
    classes: Classes | None,
    significance: float,
    seed: int,
) -> dict[str, Any]:
    """By counts alone, so nothing is drawn."""
    right, other_right = candidate == labels, deployed == labels
    only_deployed, only_candidate = (
        int((other_right & ~right).sum()),
        int((right & ~other_right).sum()),
    )
    return {
        "lossAtMost": loss_of_accuracy(only_deployed, only_candidate, len(labels), significance),
        "test": "mcnemar-exact",
        "pValue": mcnemar(right, other_right),
        "resamples": 0,
    }


def _resampled(
    metric: str,
    labels: numpy.ndarray,
    candidate: numpy.ndarray,
    deployed: numpy.ndarray,
    classes: Classes | None,
    significance: float,
    seed: int,
) -> dict[str, Any]:
    same = numpy.array_equal(candidate, deployed)
    scores = PairedScores.of(metric, labels, candidate, deployed, classes)
    resampled = EQUAL if same else scores.resampled(RESAMPLES, seed)
    loss = 0.0 if same else scores.loss
    # Rows drawn again can't show what none of them has.
    unseen = loss + unseen_loss(metric, labels, deployed, significance, classes)
    return {
        "lossAtMost": max(resampled.at_most(significance), unseen),
        "test": "paired-bootstrap",
        "pValue": resampled.p_value(loss),
        "resamples": 0 if same else RESAMPLES,
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


def _shift(candidate: numpy.ndarray, deployed: numpy.ndarray, of_classes: bool) -> dict[str, Any]:
    """How far the predictions moved from the deployed version's."""
    if of_classes:
        kind, test, shift = "classes", "chi-square", categorical_shift
    else:
        kind, test, shift = "scores", "kolmogorov-smirnov", numeric_shift
    psi, p_value = shift(candidate, deployed)
    return {"kind": kind, "psi": psi, "test": test, "pValue": p_value}
