"""The data that the candidates are trained and measured on: scikit-learn's own sets, cut into three parts.

Training, evaluation and reference share no row. Nothing is made up but ``clinic``, a column that no model
takes: it splits the rows of each class in halves, so that a fair model treats both alike.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any

import numpy
from pandas import DataFrame, Series
from sklearn import datasets

LABEL = "target"
#: Where the rows are cut into training, evaluation and reference.
CUTS = (0.45, 0.8)


@dataclass(frozen=True)
class World:
    """One data set, and what an environment wants of the models trained on it."""

    name: str
    task: str
    training: DataFrame
    evaluation: DataFrame
    reference: DataFrame
    #: The columns that a model takes.
    inputs: tuple[str, ...]
    #: Rules of the training data, as in ``docs/data-rules.md``.
    rules: dict[str, Any]
    #: ``tollgate:gates`` of the stack.
    gates: dict[str, Any]
    live: DataFrame | None = field(default=None)

    def with_gates(self, changes: dict[str, dict[str, Any] | None]) -> World:
        """Settings of single gates changed; None leaves a gate, or one of its settings, to the tier."""
        gates = copy.deepcopy(self.gates)
        for gate, change in changes.items():
            if change is None:
                gates.pop(gate)
                continue
            settings = {**gates.get(gate, {}), **change}
            gates[gate] = {name: value for name, value in settings.items() if value is not None}
        return replace(self, gates=gates)


@cache
def world(name: str) -> World:
    """A data set by its name: cancer, wine, iris, digits or diabetes."""
    return _WORLDS[name]()


def _tables(bunch: Any, columns: list[str], seed: int) -> tuple[DataFrame, DataFrame, DataFrame]:
    table = DataFrame(bunch.data, columns=columns)
    table[LABEL] = bunch.target
    # Iris has one flower twice, which would be a leak.
    table = table.drop_duplicates().sample(frac=1, random_state=seed)
    halves = table.groupby(LABEL if table[LABEL].nunique() < 20 else Series(0, table.index))
    table["clinic"] = halves.cumcount().mod(2).map({0: "north", 1: "south"})
    first, second = (int(len(table) * cut) for cut in CUTS)
    parts = table.iloc[:first], table.iloc[first:second], table.iloc[second:]
    return tuple(part.reset_index(drop=True) for part in parts)  # type: ignore[return-value]


def _gates(metric: str, **more: Any) -> dict[str, Any]:
    """Settings that every world has."""
    return {
        "better-than-deployed": {
            "metric": metric,
            "margin": 0,
            "significance": 0.05,
            "uncertainty": 0.05,
        },
        "data-quality": {"rules": "data/rules.yaml", "share": 0.9},
        "data-drift": {"reference": "data/reference.csv", "psi": 0.2, "significance": 0.05},
        "prediction-drift": {"psi": 0.2, "significance": 0.05},
        "latency": {"p95Ms": 50},
        "size": {"modelBytes": 5_000_000},
        "soak": {"stack": "staging", "hours": 24},
        "window": {
            "timezone": "Europe/Berlin",
            "open": [{"days": ["mon", "tue", "wed", "thu"], "from": "09:00", "to": "17:00"}],
            "freezes": [
                {"from": "2026-12-18", "to": "2027-01-04", "reason": "end of the year"},
            ],
        },
        **more,
    }


def _robustness(missing: bool = True, adversarial: bool = False) -> dict[str, Any]:
    settings: dict[str, Any] = {"noise": {"strength": 0.1, "lost": 0.05}}
    if missing:
        settings["missing"] = {"strength": 0.05, "lost": 0.05}
    if adversarial:
        settings["adversarial"] = {"strength": 0.1, "lost": 0.15}
    return settings


def _rules(training: DataFrame, inputs: list[str]) -> dict[str, Any]:
    """Every input within what was seen, with a tenth of the range on either side."""

    def rules(column: Series) -> dict[str, Any]:
        slack = (column.max() - column.min()) / 10
        low, high = float(column.min() - slack), float(column.max() + slack)
        return {
            "dtype": "float64",
            "in_range": {"min_value": round(low, 6), "max_value": round(high, 6)},
            "nullable": True,
            "missing_at_most": 0.05,
        }

    return {"columns": {name: rules(training[name]) for name in inputs}}


def _cancer() -> World:
    bunch = datasets.load_breast_cancer()
    names = [name.replace(" ", "_") for name in bunch.feature_names]
    inputs = [name for name in names if name.startswith("worst_")]
    parts = [part[[*inputs, "clinic", LABEL]] for part in _tables(bunch, names, seed=7)]
    gates = _gates(
        "accuracy",
        slices={
            "slices": {
                "large": {
                    "where": "worst_area > 700",
                    "metric": "accuracy",
                    "floor": 0.85,
                    "minimumRows": 30,
                },
                "south": {
                    "where": 'clinic == "south"',
                    "metric": "accuracy",
                    "floor": 0.85,
                    "minimumRows": 30,
                },
            }
        },
        fairness={
            "columns": ["clinic"],
            "demographicParityDifference": 0.1,
            "equalizedOddsDifference": 0.1,
            "disparateImpact": 0.8,
            "minimumRows": 30,
        },
        robustness=_robustness(adversarial=True),
        calibration={"expectedCalibrationError": 0.1, "brier": 0.25, "bins": 10},
    )
    return World("cancer", "classification", *parts, tuple(inputs), _rules(parts[0], inputs), gates)


def _wine() -> World:
    bunch = datasets.load_wine()
    names = [name.replace("/", "_per_") for name in bunch.feature_names]
    training, evaluation, reference = _tables(bunch, names, seed=3)
    gates = _gates("accuracy", robustness=_robustness())
    # 50 rows: two equally good models can't be told apart by less.
    gates["better-than-deployed"]["uncertainty"] = 0.12
    return World(
        "wine",
        "classification",
        training,
        evaluation,
        reference,
        tuple(names),
        _rules(training, names),
        gates,
    )


def _iris() -> World:
    bunch = datasets.load_iris()
    names = [name.removesuffix(" (cm)").replace(" ", "_") for name in bunch.feature_names]
    training, evaluation, reference = _tables(bunch, names, seed=5)
    gates = _gates("accuracy", calibration={"expectedCalibrationError": 0.15, "brier": 0.25})
    gates["calibration"]["bins"] = 5
    gates["better-than-deployed"]["uncertainty"] = 0.12
    return World(
        "iris",
        "classification",
        training,
        evaluation,
        reference,
        tuple(names),
        _rules(training, names),
        gates,
    )


def _digits() -> World:
    """Images of 8 by 8, each two by two pixels added up: 16 columns."""
    bunch = datasets.load_digits()
    blocks = bunch.images.reshape(-1, 4, 2, 4, 2).sum(axis=(2, 4)).reshape(-1, 16)
    bunch.data = blocks
    names = [f"block_{index:02d}" for index in range(16)]
    training, evaluation, reference = _tables(bunch, names, seed=11)
    gates = _gates("accuracy", robustness=_robustness(missing=False))
    return World(
        "digits",
        "classification",
        training,
        evaluation,
        reference,
        tuple(names),
        _rules(training, names),
        gates,
    )


def _diabetes() -> World:
    bunch = datasets.load_diabetes()
    names = [
        f"blood_{name}" if name.startswith("s") and name[1:].isdigit() else name
        for name in bunch.feature_names
    ]
    training, evaluation, reference = _tables(bunch, names, seed=2)
    gates = _gates("rmse", robustness=_robustness())
    # In the target's own unit, which runs from 25 to 346.
    gates["better-than-deployed"] |= {"margin": 1, "uncertainty": 4}
    gates["metric-floor"] = {"floors": {"r2": 0.3}, "ceilings": {"rmse": 65}}
    return World(
        "diabetes",
        "regression",
        training,
        evaluation,
        reference,
        tuple(names),
        _rules(training, names),
        gates,
    )


_WORLDS = {
    "cancer": _cancer,
    "wine": _wine,
    "iris": _iris,
    "digits": _digits,
    "diabetes": _diabetes,
}


def sample(frame: DataFrame, rows: int, seed: int) -> DataFrame:
    """Some of the rows, each at most once."""
    picked = numpy.random.default_rng(seed).permutation(len(frame))[:rows]
    return frame.iloc[picked].reset_index(drop=True)
