"""The candidate beside the best answer that doesn't look at the rows.

A constant is right on 96 of 100 rows where 96 are of one class, so accuracy can't tell it from a model, and a
model that finds most of the other 4 may have less accuracy than the constant. Balanced accuracy, the mean over
the classes of the share found (Brodersen et al., ICPR 2010), is the same for every constant: 1 over the number
of classes. Whether a model has more by chance alone is told by a permutation test: how often would its answers
do as well if they were dealt to the rows at random (Ojala and Garriga, JMLR 11, 2010)? With two classes that is
Fisher's exact test (1935).

A regression is compared with the mean of the evaluation's own labels, the constant with the least squared error.
"""

from __future__ import annotations

from typing import Any

import numpy

from tollgate_serving.classes import Classes
from tollgate_serving.paired import PairedScores
from tollgate_serving.randomness import generator
from tollgate_serving.support import DistinctRows

#: Permutations or resamples: a p-value of 0.05 is told to 0.005.
RESAMPLES = 1999
#: More distinct rows than these are sampled for the test: what a constant can't do shows on far fewer.
ROWS = 5000


def measure_trivial(
    labels: Any, predictions: Any, rows: DistinctRows, seed: int, classes: Classes | None
) -> dict[str, Any]:
    """The ``trivial`` of the evidence document, on distinct rows.

    Labels and predictions as ``measures.Measure`` takes them.
    """
    labels = numpy.asarray(labels)[rows.first]
    predictions = numpy.asarray(predictions)[rows.first]
    if classes is not None:
        found = _classes(labels, predictions, seed, classes)
    else:
        found = _numbers(labels.astype("float64"), predictions.astype("float64"), seed)
    return {**found, "rows": rows.count}


def _classes(
    labels: numpy.ndarray, predictions: numpy.ndarray, seed: int, classes: Classes
) -> dict[str, Any]:
    wanted, codes, counts = numpy.unique(labels, return_inverse=True, return_counts=True)
    # A class that no row has is wrong everywhere.
    place = numpy.full(len(classes.names) + 1, -1)
    place[wanted] = numpy.arange(len(wanted))
    said = place[predictions]
    if len(wanted) == 2 and (said >= 0).all():
        test, resamples, p_value = "fisher-exact", 0, _fisher(codes, said)
    else:
        test, resamples = "permutation", RESAMPLES
        p_value = _permutation(codes, said, generator(seed, "answers dealt at random"))
    return {
        "metric": "balanced-accuracy",
        "answer": classes.names[wanted[counts.argmax()]],
        "candidate": _balanced(codes, said, len(wanted)),
        "trivial": 1 / len(wanted),
        "test": test,
        "pValue": p_value,
        "resamples": resamples,
    }


def _balanced(codes: numpy.ndarray, said: numpy.ndarray, classes: int) -> float:
    found = numpy.bincount(codes[said == codes], minlength=classes)
    return float((found / numpy.bincount(codes, minlength=classes)).mean())


def _fisher(codes: numpy.ndarray, said: numpy.ndarray) -> float:
    """How likely so many right answers or more, with as many of either class given as were."""
    from scipy.stats import hypergeom

    right = int(((said == 1) & (codes == 1)).sum())
    found = hypergeom.sf(right - 1, len(codes), int((codes == 1).sum()), int((said == 1).sum()))
    return float(min(1.0, max(0.0, found)))


def _permutation(codes: numpy.ndarray, said: numpy.ndarray, draw: numpy.random.Generator) -> float:
    if len(codes) > ROWS:
        chosen = draw.choice(len(codes), ROWS, replace=False)
        codes, said = codes[chosen], said[chosen]
    counts = numpy.bincount(codes)
    worth = 1 / counts[codes]
    observed = worth[said == codes].sum()
    # Sums of the same numbers in another order differ by rounding, and a tie speaks against the candidate.
    least = observed * (1 - 1e-9)
    as_good = sum(worth[draw.permutation(said) == codes].sum() >= least for _ in range(RESAMPLES))
    # The answers as they are count as one more permutation, so that no p-value is 0.
    return (1 + int(as_good)) / (1 + RESAMPLES)


def _numbers(labels: numpy.ndarray, predictions: numpy.ndarray, seed: int) -> dict[str, Any]:
    constant = numpy.full(len(labels), labels.mean())
    whole = PairedScores.of("rmse", labels, constant, predictions)
    part = whole
    if len(labels) > ROWS:
        chosen = generator(seed, "rows beside a constant").choice(len(labels), ROWS, replace=False)
        part = PairedScores.of("rmse", labels[chosen], constant[chosen], predictions[chosen])
    return {
        "metric": "rmse",
        "answer": repr(float(constant[0])),
        "candidate": whole.deployed,
        "trivial": whole.candidate,
        "test": "paired-bootstrap",
        "pValue": part.resampled(RESAMPLES, seed).p_value(part.loss),
        "resamples": RESAMPLES,
    }
