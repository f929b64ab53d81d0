"""Candidates whose model is bad, each in one way that a measurement shows."""

from __future__ import annotations

from dataclasses import replace

import numpy
import pandas
from candidate import Candidate, trained
from models import FAMILIES, pipeline
from sklearn.compose import TransformedTargetRegressor, make_column_transformer
from sklearn.dummy import DummyClassifier
from sklearn.ensemble import RandomForestClassifier, VotingClassifier
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import FixedThresholdClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from worlds import LABEL, World, sample


def _few_rows(here: World) -> World:
    return replace(here, evaluation=sample(here.evaluation, 60, seed=4))


def _rows(*places: int, times: int = 1):
    """An evaluation of a few rows, each as often as that."""

    def few(here: World) -> World:
        chosen = here.evaluation.iloc[list(places) * times]
        return replace(here, evaluation=chosen.reset_index(drop=True))

    return few


def _rare(here: World) -> World:
    """One row in 25 is of an ill patient, in every table."""

    def thinned(table):
        well, ill = (table[table[LABEL] == label] for label in (1, 0))
        kept = [well, ill.head(round(len(well) / 24))]
        return pandas.concat(kept).sort_index().reset_index(drop=True)

    tables = {
        name: thinned(getattr(here, name)) for name in ("training", "evaluation", "reference")
    }
    return replace(here, **tables)


def _forty_rows(here: World) -> World:
    return replace(here, evaluation=sample(here.evaluation, 40, seed=4))


#: What has nothing to judge where there are next to no rows, so that the gate in question judges alone.
ALONE = {
    "slices": None,
    "fairness": None,
    "robustness": None,
    "calibration": None,
    "data-drift": None,
}


def _half_blind(here: World):
    """Learned tumours of middling size wrong: most of their labels were mixed up."""
    training = here.training.copy()
    middling = training.index[training["worst_area"].between(700, 1000)]
    wrong = middling[numpy.random.default_rng(0).random(len(middling)) < 0.8]
    training.loc[wrong, LABEL] = 1 - training.loc[wrong, LABEL]
    return trained(pipeline(FAMILIES["forest"]()), replace(here, training=training))


def _unequal_clinics(here: World) -> World:
    """Nearly all patients of one clinic are ill: an accurate model selects few of them."""
    rng = numpy.random.default_rng(6)

    def moved(table):
        table = table.copy()
        ill = table[LABEL] == 0
        south = numpy.where(ill, rng.random(len(table)) < 0.75, rng.random(len(table)) < 0.35)
        table["clinic"] = numpy.where(south, "south", "north")
        return table

    return replace(here, evaluation=moved(here.evaluation))


def _prejudiced(here: World):
    """Has learned from labels that were too strict in one clinic."""
    training = here.training.copy()
    well = training.index[(training["clinic"] == "south") & (training[LABEL] == 1)]
    training.loc[well[numpy.random.default_rng(0).random(len(well)) < 0.5], LABEL] = 0
    columns = [*here.inputs, "clinic"]
    table = make_column_transformer(
        (make_pipeline(SimpleImputer(), StandardScaler()), list(here.inputs)),
        (OneHotEncoder(handle_unknown="ignore"), ["clinic"]),
    )
    model = make_pipeline(table, LogisticRegression(C=0.05, max_iter=2000))
    return model.fit(training[columns], training[LABEL])


def _unsure(here: World):
    """Tosses a coin where it isn't sure, so that asking twice gives two answers."""
    vote = VotingClassifier(
        [("model", LogisticRegression(C=0.3)), ("coin", DummyClassifier(strategy="stratified"))],
        voting="soft",
        weights=[0.65, 0.35],
    )
    return trained(pipeline(vote), here)


MODELS = (
    Candidate(
        "metric-below-floor",
        "its accuracy is below the floor",
        "digits",
        "logistic",
        "metric-floor",
        "below-floor",
        deployed="",
    ),
    Candidate(
        "metric-above-ceiling",
        "its error is above the ceiling",
        "diabetes",
        "ridge",
        "metric-floor",
        "above-ceiling",
        deployed="",
        fit=lambda here: trained(pipeline(Ridge(2000.0)), here),
        gates={"metric-floor": {"floors": {}}},
    ),
    Candidate(
        "metric-missing",
        "the metric with a floor was never measured",
        "wine",
        "logistic",
        "metric-floor",
        "missing",
        gates={"metric-floor": {"floors": {"accuracy": 0.9, "roc_auc": 0.9}}},
    ),
    *(
        Candidate(
            name,
            f"it is right on {what}, which is no proof of its floors",
            "cancer",
            "logistic",
            "metric-floor",
            "too-few-rows",
            deployed="",
            data=data,
            gates={**ALONE, "better-than-trivial": {"level": "advisory"}},
        )
        for name, what, data in (
            ("one-row", "one row", _rows(0)),
            ("one-row-often", "one row a thousand times", _rows(0, times=1000)),
            ("three-rows", "three rows", _rows(0, 1, 2)),
        )
    ),
    Candidate(
        "always-the-same",
        "it says of every row what 96 in 100 are",
        "cancer",
        gate="better-than-trivial",
        code="not-better",
        deployed="",
        data=_rare,
        fit=lambda here: trained(pipeline(DummyClassifier(strategy="most_frequent")), here),
        # Of a class that is never predicted precision, recall and fairness say nothing, which their gates refuse.
        gates={
            "slices": None,
            "fairness": None,
            "metric-floor": {"floors": {"accuracy": 0.9}},
        },
    ),
    Candidate(
        "agrees-on-few-rows",
        "it answers like the deployed version on forty rows, which is no proof that it is as good",
        "cancer",
        "logistic",
        "better-than-deployed",
        "undecided",
        data=_forty_rows,
        gates={"slices": None, "fairness": None, "calibration": None},
    ),
    Candidate(
        "worse-than-deployed",
        "it is worse than the deployed version",
        "digits",
        "forest",
        "better-than-deployed",
        "worse",
        deployed="svc",
    ),
    Candidate(
        "worse-error-than-deployed",
        "its error is larger than the deployed version's",
        "diabetes",
        "ridge",
        "better-than-deployed",
        "worse",
        fit=lambda here: trained(pipeline(Ridge(150.0)), here),
        gates={"prediction-drift": {"psi": 5}},
    ),
    Candidate(
        "undecided",
        "too few rows to tell whether it is worse",
        "digits",
        "mlp",
        "better-than-deployed",
        "undecided",
        deployed="svc",
        data=_few_rows,
        gates={
            "better-than-deployed": {"uncertainty": 0.02},
            "metric-floor": {"floors": {"accuracy": 0.8}},
        },
    ),
    Candidate(
        "bad-slice",
        "it fails on tumours of middling size",
        "cancer",
        "forest",
        "slices",
        "below-floor",
        deployed="",
        fit=_half_blind,
        gates={
            "metric-floor": {"floors": {"accuracy": 0.75}},
            "calibration": {"expectedCalibrationError": 0.4, "brier": 0.5},
        },
    ),
    Candidate(
        "unfair-selection",
        "it selects patients of one clinic far less often",
        "cancer",
        "logistic",
        "fairness",
        "above-limit",
        data=_unequal_clinics,
    ),
    Candidate(
        "unfair-errors",
        "it is wrong about patients of one clinic more often",
        "cancer",
        "logistic",
        "fairness",
        "above-limit",
        deployed="",
        fit=_prejudiced,
        gates={
            "metric-floor": {"floors": {"accuracy": 0.75}},
            "slices": {"slices": {"large": {"where": "worst_area > 700", "floor": 0.8}}},
            "calibration": {"expectedCalibrationError": 0.4, "brier": 0.5},
        },
    ),
    Candidate(
        "brittle-noise",
        "a little noise in the inputs turns its answers",
        "digits",
        "bayes",
        "robustness",
        "lost-too-much",
        deployed="",
        gates={"metric-floor": {"floors": {"accuracy": 0.75}}},
    ),
    Candidate(
        "brittle-missing",
        "it fails when a value is missing",
        "cancer",
        "logistic",
        "robustness",
        "failed",
        fit=lambda here: trained(
            make_pipeline(StandardScaler(), LogisticRegression(max_iter=2000)), here
        ),
    ),
    Candidate(
        "brittle-adversarial",
        "small steps on purpose turn its answers",
        "cancer",
        "boosting",
        "robustness",
        "lost-too-much",
        deployed="forest",
        gates={"robustness": {"adversarial": {"strength": 0.3, "lost": 0.15}}},
    ),
    Candidate(
        "infinite-out-of-range",
        "its answer to values out of range is infinite",
        "diabetes",
        "ridge",
        "robustness",
        "not-finite",
        fit=lambda here: trained(
            TransformedTargetRegressor(
                pipeline(Ridge(1.0)), func=numpy.log, inverse_func=numpy.exp
            ),
            here,
        ),
        gates={"robustness": {"outOfRange": {"strength": 1000, "lost": 0.1}}},
    ),
    Candidate(
        "overconfident",
        "its probabilities are too sure of themselves",
        "digits",
        "logistic",
        "calibration",
        "above-limit",
        deployed="",
        fit=lambda here: trained(pipeline(LogisticRegression(C=1e4, max_iter=3000)), here),
        gates={
            "metric-floor": {"floors": {"accuracy": 0.75}},
            "calibration": {"expectedCalibrationError": 0.1, "brier": 1, "bins": 10},
        },
    ),
    Candidate(
        "other-predictions",
        "it is right more often, but sends other answers than callers are used to",
        "cancer",
        "logistic",
        "prediction-drift",
        "drifted",
        fit_deployed=lambda usual: trained(
            FixedThresholdClassifier(pipeline(LogisticRegression()), threshold=0.99), usual
        ),
    ),
    Candidate(
        "other-scores",
        "its scores are spread much wider than the deployed version's",
        "diabetes",
        "ridge",
        "prediction-drift",
        "drifted",
        fit_deployed=lambda usual: trained(pipeline(Ridge(1000.0)), usual),
    ),
    Candidate(
        "slow",
        "it takes too long for one row",
        "digits",
        "forest",
        "latency",
        "above-limit",
        fit=lambda here: trained(
            pipeline(RandomForestClassifier(2500, max_depth=8, random_state=0)), here
        ),
        gates={"size": {"modelBytes": 500_000_000}},
    ),
    Candidate(
        "too-big",
        "it has more bytes than the environment takes",
        "digits",
        "forest",
        "size",
        "above-limit",
        fit=lambda here: trained(pipeline(RandomForestClassifier(300, random_state=0)), here),
        gates={"latency": {"p95Ms": 500}},
    ),
    Candidate(
        "coin",
        "the scorer answers otherwise than the model did",
        "iris",
        "logistic",
        "smoke",
        "failed",
        fit=_unsure,
        deployed="",
        gates={
            "metric-floor": {"floors": {"accuracy": 0.5}},
            "calibration": {"expectedCalibrationError": 1, "brier": 2},
        },
    ),
)
