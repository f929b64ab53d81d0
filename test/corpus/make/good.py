"""Candidates that every gate lets pass."""

from __future__ import annotations

from dataclasses import replace

from bad_trust import waived_accuracy
from candidate import Candidate
from worlds import World, sample

TIME_OF_RELEASE = "2026-01-14T10:00:00.000Z"


def _with_live_data(here: World) -> World:
    """What callers sent lately looks like the training data."""
    return replace(here, live=sample(here.training, 150, seed=1))


GOOD = (
    Candidate("good-cancer-logistic", "a logistic regression", "cancer", "logistic"),
    Candidate("good-cancer-forest", "a random forest", "cancer", "forest", deployed="knn"),
    Candidate("good-cancer-boosting", "gradient boosting", "cancer", "boosting", deployed="forest"),
    Candidate("good-cancer-svc", "a support vector machine", "cancer", "svc"),
    Candidate("good-cancer-mlp", "a neural network", "cancer", "mlp"),
    Candidate("good-wine-bayes", "naive Bayes", "wine", "bayes"),
    Candidate("good-iris-svc", "a support vector machine", "iris", "svc"),
    Candidate("good-digits-mlp", "a neural network", "digits", "mlp"),
    Candidate("good-digits-svc", "a support vector machine", "digits", "svc"),
    Candidate(
        "good-diabetes-boosting", "gradient boosting of a number", "diabetes", "boosting-regressor"
    ),
    Candidate("good-first-release", "nothing is deployed yet", "wine", "knn", deployed=""),
    Candidate("good-same-as-deployed", "trained like the deployed version", "diabetes", "ridge"),
    Candidate(
        "good-optional-input",
        "an input that callers may now leave out",
        "cancer",
        optional=("worst_symmetry",),
    ),
    Candidate(
        "good-live-data",
        "live inputs look like the training data",
        "cancer",
        data=_with_live_data,
        gates={"data-drift": {"live": "data/live.csv"}},
    ),
    Candidate(
        "good-lowered-gate",
        "a gate that was lowered by a committed change",
        "wine",
        "bayes",
        gates={"smoke": {"level": "advisory"}},
    ),
    Candidate(
        "good-waived-value",
        "its accuracy is below the floor, and no worse than what was waived",
        "digits",
        "logistic",
        deployed="",
        facts={"waivers": [waived_accuracy(0.89)]},
    ),
    Candidate(
        "good-rollback",
        "released before, so late evening and old approvals don't matter",
        "cancer",
        facts={
            "history": {"releasedAt": TIME_OF_RELEASE},
            "judgedAt": TIME_OF_RELEASE,
        },
    ),
)
