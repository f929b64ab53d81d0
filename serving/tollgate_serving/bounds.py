"""What so many rows can't rule out."""

from __future__ import annotations

import math
from typing import Any

import numpy

from tollgate_serving.classes import Classes


def unseen_share(rows: float, significance: float) -> float:
    """The largest share of all inputs that ``rows`` of them may all have missed by chance.

    The exact upper bound of Clopper and Pearson (1934) for nothing seen: a share p is missed with the
    probability (1 - p) ** rows. About -ln(significance) / rows: the rule of three at 0.05.
    """
    return 1.0 if rows <= 0 else float(-math.expm1(math.log(significance) / rows))


def loss_of_accuracy(
    only_deployed: int, only_candidate: int, rows: int, significance: float
) -> float:
    """One-sided upper bound of a candidate's loss of accuracy, from rows where one of the two alone is right.

    The smaller of two bounds. The loss is at most the share of inputs where only the deployed version is right,
    of which Clopper and Pearson (1934) give the exact bound: where the two agree on every row, ``unseen_share``.
    With many differing rows that is far too much, and Tango's score bound of the difference of paired shares
    (Statistics in Medicine 17, 1998) is closer; it is kept a whole row away from what was counted, without
    which it is wrong up to 9 times in 100 instead of 5.
    """
    from scipy.optimize import brentq
    from scipy.stats import beta, norm

    if only_deployed >= rows:
        return 1.0
    exact = float(beta.ppf(1 - significance, only_deployed + 1, rows - only_deployed))
    distance = float(norm.isf(significance))
    seen = only_deployed - only_candidate

    def excess(loss: float) -> float:
        """Negative while the counts are as likely as the significance, were the true loss this one."""
        linear = (2 * rows - seen) * loss - only_deployed - only_candidate
        constant = -only_candidate * loss * (1 - loss)
        # The share where only the candidate is right that fits the counts best under this loss.
        share = (math.sqrt(max(0.0, linear**2 - 8 * rows * constant)) - linear) / (4 * rows)
        spread = rows * (2 * share + loss * (1 - loss))
        return rows * loss - seen - 1 - distance * math.sqrt(max(0.0, spread))

    lowest = seen / rows
    score = 1.0 if excess(1.0) <= 0 else float(brentq(excess, lowest, 1.0))
    return min(exact, score)


def unseen_loss(
    metric: str, labels: Any, deployed: Any, significance: float, classes: Classes | None
) -> float:
    """A loss of any other metric that may be there though no row shows it, in the metric's own unit.

    On a share of the inputs that all rows may have missed by chance, the candidate may answer otherwise than the
    deployed version, whose answers ``deployed`` are; both as ``measures.Measure`` takes them. What that costs at most:

    - recall: a class loses what it may have missed on its own rows. Over several classes the mean loss is at most
      ``unseen_share`` of the rarest one's rows times the number of classes, whatever the others have.
    - precision and f1: as a row leaves one class for another, two classes lose, each relative to what its
      metric is measured on: the rows said to be of it, or the mean of these and of its own rows.
    - an error has no largest value, so there is no exact bound: the candidate is taken to answer the mean of the
      labels there, as ``trivial`` does. r2 then loses that share, rmse and mae what it makes of the labels' spread.
    """
    labels, deployed = numpy.asarray(labels), numpy.asarray(deployed)
    share = unseen_share(len(labels), significance)
    if metric in ("rmse", "mae", "r2"):
        return _unseen_error(metric, labels.astype("float64"), deployed.astype("float64"), share)
    assert classes is not None
    has, said = (
        numpy.bincount(codes[codes >= 0], minlength=len(classes.names))
        for codes in (labels, deployed)
    )
    about = numpy.flatnonzero(has + said) if classes.positive is None else [classes.positive]
    measured_on = {"recall": has, "precision": said, "f1": (has + said) / 2}[metric]
    # A class without a row has a metric of 0, which can't fall.
    rarest = min((rows for rows in measured_on[about].tolist() if rows > 0), default=0)
    if metric == "recall" or rarest == 0:
        return unseen_share(rarest * len(about), significance)
    moved = 1 if len(about) == 1 else 2
    return min(1.0, moved * share * len(labels) / (rarest * len(about)))


def _unseen_error(
    metric: str, labels: numpy.ndarray, deployed: numpy.ndarray, share: float
) -> float:
    if metric == "r2":
        return share
    away = labels - labels.mean()
    if metric == "mae":
        return share * float(numpy.abs(away).mean())
    error = float(numpy.square(deployed - labels).mean())
    return math.sqrt(error + share * float(numpy.square(away).mean())) - math.sqrt(error)
