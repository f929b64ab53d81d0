"""Comparisons with a deployed model, of candidates that are exactly as good and of ones worse by a known amount.

    python bench/gates/comparisons.py [--itself 500] [--equal 3000] [--power 300]

One JSON object a line on stdout: series, data, task, rows, true loss, and the ``quality`` that the evaluator's own
``measure_comparison`` finds on the drawn rows. ``statistics.ts`` judges them by the real gate.

Two models are trained on different halves of the same data. That one of them is a little better, which no two
models avoid, is taken away row by row: a coin decides which of the two answers is the candidate's and which the
deployed model's. So neither is better, and every refusal is a false alarm. A worse candidate is made from that by
turning right answers wrong as often as the loss says.
"""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy
from sklearn.datasets import make_classification, make_friedman1
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

sys.path.insert(0, str(Path(__file__).parents[2] / "serving"))

from tollgate_serving.classes import Classes
from tollgate_serving.comparison import measure_comparison
from tollgate_serving.support import DistinctRows

POPULATION = 100_000
TRAINING = 4_000
SEED = 20260201
#: Their codes are themselves.
KNOWN = Classes.of([0, 1], positive="1")
#: Rows in an evaluation, with the losses of accuracy that are tried there.
GRID = {
    500: numpy.linspace(0, 0.06, 13),
    2_000: numpy.linspace(0, 0.03, 13),
    10_000: numpy.linspace(0, 0.015, 13),
}


@dataclass(frozen=True)
class Population:
    """Many rows that no model was trained on, and what two models answer on them."""

    #: classes, numbers or prices.
    data: str
    task: str
    labels: numpy.ndarray
    first: numpy.ndarray
    second: numpy.ndarray


def classes() -> Population:
    features, labels = make_classification(
        POPULATION + TRAINING, 20, n_informative=8, flip_y=0.05, class_sep=1.2, random_state=SEED
    )
    model = HistGradientBoostingClassifier(max_iter=60, random_state=0)
    answers = _answers(model, features, labels)
    return Population("classes", "classification", labels[TRAINING:], *answers)


def numbers() -> Population:
    return _regression(
        "numbers", *make_friedman1(POPULATION + TRAINING, noise=1.0, random_state=SEED)
    )


def prices() -> Population:
    """One row in eight is more than ten times the median: few rows make most of the error."""
    features, exponents = make_friedman1(POPULATION + TRAINING, noise=1.0, random_state=SEED)
    return _regression("prices", features, numpy.exp(exponents / 2.5))


def _regression(data: str, features: Any, labels: Any) -> Population:
    model = HistGradientBoostingRegressor(max_iter=60, random_state=0)
    return Population(data, "regression", labels[TRAINING:], *_answers(model, features, labels))


def _answers(model: Any, features: Any, labels: Any) -> list[numpy.ndarray]:
    """Of one model trained on the even rows, and one trained on the odd ones."""
    return [
        model.fit(features[half:TRAINING:2], labels[half:TRAINING:2]).predict(features[TRAINING:])
        for half in (0, 1)
    ]


def compare(series: str, of: Population, metric: str, rows: int, loss: float, times: int) -> None:
    print(f"{series}, {metric} of {of.data}, {rows} rows, worse by {loss:.4f}", file=sys.stderr)
    draw = numpy.random.default_rng([SEED, rows, round(loss * 1e6), len(series)])
    for seed in range(times):
        chosen = draw.integers(0, len(of.labels), rows)
        labels, deployed, candidate = of.labels[chosen], of.first[chosen], of.second[chosen]
        if series == "itself":
            candidate = deployed
        else:
            swapped = draw.random(rows) < 0.5
            candidate, deployed = (
                numpy.where(swapped, deployed, candidate),
                numpy.where(swapped, candidate, deployed),
            )
        if loss > 0:
            right = (of.first == of.labels).mean() / 2 + (of.second == of.labels).mean() / 2
            turned = (candidate == labels) & (draw.random(rows) < loss / right)
            candidate = numpy.where(turned, 1 - candidate, candidate)
        settings = {"metric": metric, "significance": 0.05}
        # A row of the population that was drawn twice is an evaluation row of its own here: what is drawn from
        # stands for all inputs, of which no two are alike.
        different = DistinctRows.different(rows)
        known = None if of.task == "regression" else KNOWN
        found = measure_comparison(
            settings, candidate, deployed, None, labels, known, different, seed
        )
        entry = {"series": series, "data": of.data, "task": of.task, "rows": rows, "loss": loss}
        print(json.dumps({**entry, "quality": found["quality"]}))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--itself", type=int, default=500)
    parser.add_argument("--equal", type=int, default=3000)
    parser.add_argument("--power", type=int, default=300)
    options = parser.parse_args()
    of_classes, of_numbers, of_prices = classes(), numbers(), prices()
    for of, metric in ((of_classes, "accuracy"), (of_classes, "f1"), (of_numbers, "rmse")):
        compare("itself", of, metric, 2_000, 0.0, options.itself)
    for rows in GRID:
        compare("equal", of_classes, "accuracy", rows, 0.0, options.equal)
    for of, metric in ((of_classes, "f1"), (of_numbers, "rmse"), (of_prices, "rmse")):
        for rows in (100, 500, 2_000):
            compare("equal", of, metric, rows, 0.0, options.equal)
    for rows, losses in GRID.items():
        for loss in losses:
            compare("worse", of_classes, "accuracy", rows, float(loss), options.power)


if __name__ == "__main__":
    main()
