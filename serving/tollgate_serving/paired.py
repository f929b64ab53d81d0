"""A metric of two models on the same rows, and on resamples of these rows.

Every metric here is made of sums over the rows. A resample only changes how often a row counts, so the metric
on it is made of weighted sums: no row is copied.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy

from tollgate_serving.classes import Classes
from tollgate_serving.randomness import generator

#: Larger is better. The first one is the default of a classification.
CLASS_METRICS = ("accuracy", "f1", "precision", "recall")
#: The first one is the default of a regression. Smaller is better, except for r2.
NUMBER_METRICS = ("rmse", "mae", "r2")
#: Numbers held at once while resampling, 32 MB.
_BLOCK = 4_000_000

#: From sums, one row for each resample, to the candidate's and the deployed model's metric on each.
_Score = Callable[[numpy.ndarray], tuple[numpy.ndarray, numpy.ndarray]]


@dataclass(frozen=True)
class Resampled:
    """Losses on rows drawn with replacement; those left out where the metric isn't defined, as r2 of equal labels."""

    #: Of the two models: how far the measured loss could be off.
    losses: numpy.ndarray
    #: Of two models that are equally good: on each drawn row a coin decides which answer is whose.
    of_equals: numpy.ndarray

    def at_most(self, significance: float) -> float:
        """One-sided upper bound of the loss."""
        return (
            float(numpy.quantile(self.losses, 1 - significance)) if len(self.losses) else math.nan
        )

    def p_value(self, loss: float) -> float:
        """How often equally good models differ by so much or more by chance alone.

        The hypothesis has to hold in what is drawn from (Efron and Tibshirani, 1993, chapter 16). Reading the
        share of ``losses`` that are at most 0 instead calls 6 of 100 equally good candidates worse on 100 rows
        at a significance of 0.05, and 8 where few rows make most of the error.
        """
        # Sums of the same numbers in another order differ by rounding, and a tie speaks for the candidate.
        as_large = self.of_equals >= loss - 1e-9 * abs(loss)
        # The rows as they are count as one more resample, so that no p-value is 0 (Davison and Hinkley, 1997).
        return (1 + int(as_large.sum())) / (1 + len(self.of_equals))


#: Of two models that give the same answers. Computed, rounding could tell them apart.
EQUAL = Resampled(numpy.zeros(1), numpy.zeros(1))


@dataclass(frozen=True)
class PairedScores:
    """One metric of two models on the same rows."""

    #: Rows that are alike for the metric, counted once.
    _counts: numpy.ndarray
    #: What one row of each group adds to the sums; a numpy matrix or a sparse one of scipy.
    _sums: Any
    #: The same columns when each model has the other's answers.
    _exchanged: list[int]
    _score: _Score
    #: 1 where larger is better, -1 where smaller is.
    _sign: int

    @classmethod
    def of(
        cls,
        metric: str,
        labels: numpy.ndarray,
        candidate: numpy.ndarray,
        deployed: numpy.ndarray,
        classes: Classes | None = None,
    ) -> PairedScores:
        """``metric`` is one of CLASS_METRICS, of codes of ``classes``, or of NUMBER_METRICS."""
        if classes is not None:
            return cls(*_class_sums(metric, labels, candidate, deployed, classes), 1)
        return cls(*_number_sums(metric, labels, candidate, deployed), 1 if metric == "r2" else -1)

    @property
    def candidate(self) -> float:
        return float(self._observed()[0][0])

    @property
    def deployed(self) -> float:
        return float(self._observed()[1][0])

    @property
    def loss(self) -> float:
        """How much worse the candidate is, in the metric's own unit; negative when it is better."""
        return float(self._loss(self._observed())[0])

    def resampled(self, resamples: int, seed: int) -> Resampled:
        """The loss on as many rows drawn with replacement, each time anew."""
        draw = generator(seed, "paired bootstrap")
        size = max(1, min(resamples, _BLOCK // (2 * max(self._sums.shape))))
        losses, of_equals = [], []
        for start in range(0, resamples, size):
            kept, moved = self._resampled_sums(draw, min(size, resamples - start))
            losses.append(self._loss(self._score(kept + moved)))
            of_equals.append(self._loss(self._score(kept + moved[:, self._exchanged])))
        return Resampled(_defined(losses), _defined(of_equals))

    def _observed(self) -> tuple[numpy.ndarray, numpy.ndarray]:
        return self._score((self._counts @ self._sums)[None])

    def _loss(self, scores: tuple[numpy.ndarray, numpy.ndarray]) -> numpy.ndarray:
        candidate, deployed = scores
        # An r2 of equal labels is infinite for both.
        with numpy.errstate(invalid="ignore"):
            return self._sign * (deployed - candidate)

    def _resampled_sums(
        self, draw: numpy.random.Generator, resamples: int
    ) -> tuple[numpy.ndarray, numpy.ndarray]:
        """Sums of the drawn rows, of those apart for which a coin says that the models exchange answers."""
        groups, rows = len(self._counts), int(self._counts.sum())
        if groups < rows:
            # Drawing rows is drawing from their groups, which is quicker and the same.
            shares = numpy.tile(self._counts / (2 * rows), 2)
            weights = draw.multinomial(rows, shares, resamples)
        else:
            weights = numpy.empty((resamples, 2 * rows))
            for row in weights:
                row[:] = numpy.bincount(draw.integers(0, 2 * rows, rows), minlength=2 * rows)
        return weights[:, :groups] @ self._sums, weights[:, groups:] @ self._sums


def _class_sums(
    metric: str,
    labels: numpy.ndarray,
    candidate: numpy.ndarray,
    deployed: numpy.ndarray,
    classes: Classes,
) -> tuple[numpy.ndarray, Any, list[int], _Score]:
    from scipy.sparse import csr_array

    # What is no class is one more, which no label has and no metric is about.
    known = len(classes.names)
    codes = numpy.stack([labels, candidate, deployed])
    codes[codes < 0] = known
    # Rows with the same label and the same two answers are one group.
    (label, first, second), counts = numpy.unique(codes, axis=1, return_counts=True)
    if metric == "accuracy":
        right = numpy.column_stack([first == label, second == label])
        return counts, right.astype("float64"), [1, 0], lambda sums: _over(sums, len(labels))
    count, each = known + 1, numpy.arange(len(counts))
    # Of each class: rows that have it, that a model says have it, and where it is right. Almost all zero.
    entries = [
        (each, label),
        (each, first + count),
        (each[first == label], label[first == label] + 2 * count),
        (each, second + 3 * count),
        (each[second == label], label[second == label] + 4 * count),
    ]
    rows, columns = (numpy.concatenate(part) for part in zip(*entries))
    sums = csr_array((numpy.ones(len(rows)), (rows, columns)), shape=(len(counts), 5 * count))
    positive = classes.positive
    about = slice(known) if positive is None else slice(positive, positive + 1)

    def score(totals: numpy.ndarray) -> tuple[numpy.ndarray, numpy.ndarray]:
        parts = totals.reshape(-1, 5, count)[:, :, about]
        label, first, first_right, second, second_right = numpy.moveaxis(parts, 1, 0)
        return _averaged(metric, label, first, first_right), _averaged(
            metric, label, second, second_right
        )

    parts = numpy.arange(5 * count).reshape(5, count)
    return counts, sums, parts[[0, 3, 4, 1, 2]].ravel().tolist(), score


def _averaged(
    metric: str, label: numpy.ndarray, said: numpy.ndarray, right: numpy.ndarray
) -> numpy.ndarray:
    """Plain mean over the classes that occur, as ``measures.Measure``."""
    whole, part = {
        "precision": (said, right),
        "recall": (label, right),
        "f1": (label + said, 2 * right),
    }[metric]
    of_class = numpy.divide(part, whole, out=numpy.zeros_like(part), where=whole > 0)
    occurring = (label + said > 0).sum(axis=1)
    return of_class.sum(axis=1) / numpy.maximum(occurring, 1)


def _number_sums(
    metric: str, labels: Any, candidate: numpy.ndarray, deployed: numpy.ndarray
) -> tuple[numpy.ndarray, numpy.ndarray, list[int], _Score]:
    labels = numpy.asarray(labels, dtype="float64")
    first, second = (numpy.asarray(part, "float64") - labels for part in (candidate, deployed))
    rows = len(labels)
    counts = numpy.ones(rows)
    if metric == "mae":
        return counts, numpy.abs([first, second]).T, [1, 0], lambda sums: _over(sums, rows)
    if metric == "rmse":
        squares = numpy.square([first, second]).T
        return counts, squares, [1, 0], lambda sums: _over(sums, rows, numpy.sqrt)
    # Less the mean: far from zero, the spread of the labels would drown in rounding.
    centred = labels - labels.mean()
    squares = numpy.column_stack([first**2, second**2, centred, centred**2])

    def explained(sums: numpy.ndarray) -> tuple[numpy.ndarray, numpy.ndarray]:
        spread = sums[:, 3] - sums[:, 2] ** 2 / rows
        with numpy.errstate(divide="ignore", invalid="ignore"):
            return 1 - sums[:, 0] / spread, 1 - sums[:, 1] / spread

    return counts, squares, [1, 0, 2, 3], explained


def _defined(found: list[numpy.ndarray]) -> numpy.ndarray:
    losses = numpy.concatenate(found)
    return losses[numpy.isfinite(losses)]


def _over(
    sums: numpy.ndarray, rows: int, finish: Callable[[numpy.ndarray], numpy.ndarray] | None = None
) -> tuple[numpy.ndarray, numpy.ndarray]:
    means = sums / rows
    means = means if finish is None else finish(means)
    return means[:, 0], means[:, 1]
