"""Candidates that were trained or measured on bad data, or whose interface or files are bad."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy
import pandas
from candidate import Candidate, trained
from models import FAMILIES, pipeline
from worlds import LABEL, World


def _wrong_units(here: World) -> World:
    """One row in eight has a value a thousand times too large, each in another column."""
    training = here.training.copy()
    rng = numpy.random.default_rng(0)
    for row in numpy.flatnonzero(rng.random(len(training)) < 0.14):
        training.loc[row, here.inputs[rng.integers(len(here.inputs))]] *= 1000
    return replace(here, training=training)


def _older_reference(here: World) -> World:
    """The reference has small tumours only."""
    small = here.reference["worst_area"] < 650
    return replace(here, reference=here.reference[small].reset_index(drop=True))


def _newer_live(here: World) -> World:
    """What callers send lately comes from another laboratory, which measures on another scale."""
    live = here.training.copy()
    live[list(here.inputs)] *= 1.4
    return replace(here, live=live)


def _leaking(here: World) -> World:
    """Some training rows were put into the evaluation data."""
    evaluation = pandas.concat([here.evaluation, here.training.head(12)], ignore_index=True)
    return replace(here, evaluation=evaluation)


def _as_decimals(here: World):
    """Learned from labels 0.0 and 1.0, so it answers 0.0 and 1.0."""
    training = here.training.assign(**{LABEL: here.training[LABEL].astype(float)})
    return trained(pipeline(FAMILIES["logistic"]()), replace(here, training=training))


def _few_in_the_west(here: World) -> World:
    """Seven of the evaluation's rows come from a third clinic."""
    evaluation = here.evaluation.copy()
    evaluation.loc[evaluation.index[:7], "clinic"] = "west"
    return replace(here, evaluation=evaluation)


def _evil(folder: Path) -> None:
    """The pickle runs a command before it gives the model. Nothing in the corpus loads it."""
    file = folder / "model.pkl"
    protocol, model = file.read_bytes()[:2], file.read_bytes()[2:]
    # A pickle is a program: call os.system("true"), drop what it gives, go on.
    file.write_bytes(protocol + b"cposix\nsystem\n(Vtrue\ntR0" + model)


def _truncated(folder: Path) -> None:
    file = folder / "model.pkl"
    file.write_bytes(file.read_bytes()[:-200])


def _requirements(*lines: str):
    def write(folder: Path) -> None:
        (folder / "requirements.txt").write_text("".join(f"{line}\n" for line in lines))

    return write


def _no_requirements(folder: Path) -> None:
    for name in ("requirements.txt", "python_env.yaml", "conda.yaml"):
        (folder / name).unlink()


def _vulnerable(folder: Path) -> None:
    _requirements("mlflow==3.17.2", "scikit-learn==1.9.1", "numpy==2.4.6", "pyyaml==5.3")(folder)


#: A record of an OSV database, as it is published, shortened.
ADVISORY = {
    "id": "GHSA-6757-jp84-gxfx",
    "modified": "2024-01-01T00:00:00Z",
    "summary": "Improper Input Validation in PyYAML",
    "affected": [
        {
            "package": {"ecosystem": "PyPI", "name": "pyyaml"},
            "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "5.3.1"}]}],
        }
    ],
}


def write_advisories(folder: Path) -> None:
    folder.mkdir()
    (folder / f"{ADVISORY['id']}.json").write_text(json.dumps(ADVISORY))


def _inputs_alone(here: World) -> World:
    """Without a signature nobody knows which columns a model takes, so it gets all there are."""
    tables = {
        name: getattr(here, name).drop(columns="clinic")
        for name in ("training", "evaluation", "reference")
    }
    return replace(here, **tables)


def _without_signature(folder: Path) -> None:
    file = folder / "MLmodel"
    head, _, rest = file.read_text().partition("\nsignature:\n")
    kept = [line for line in rest.splitlines() if not line.startswith(" ")]
    file.write_text("\n".join([head, *kept, ""]))


DATA = (
    Candidate(
        "slice-too-small",
        "a slice has seven rows, too few to say anything",
        "cancer",
        "logistic",
        "slices",
        "too-few-rows",
        data=_few_in_the_west,
        gates={
            "slices": {
                "slices": {
                    "west": {
                        "where": 'clinic == "west"',
                        "metric": "accuracy",
                        "floor": 0.5,
                        "minimumRows": 30,
                    }
                }
            },
            "fairness": None,
        },
    ),
    Candidate(
        "dirty-training-data",
        "one training row in eight has a value in wrong units",
        "cancer",
        "forest",
        "data-quality",
        "below-floor",
        data=_wrong_units,
        # Few rows tell little of a loss, which is another gate's to say.
        gates={"better-than-deployed": {"uncertainty": 0.08}},
    ),
    Candidate(
        "drifted-training-data",
        "its training data isn't like the reference any more",
        "cancer",
        "logistic",
        "data-drift",
        "drifted",
        data=_older_reference,
    ),
    Candidate(
        "drifted-live-data",
        "callers send other values than it was trained on",
        "cancer",
        "logistic",
        "data-drift",
        "drifted",
        data=_newer_live,
        gates={"data-drift": {"live": "data/live.csv"}},
    ),
    Candidate(
        "leakage",
        "twelve evaluation rows were in the training data",
        "cancer",
        "logistic",
        "provenance",
        "leakage",
        data=_leaking,
    ),
    Candidate(
        "removed-input",
        "callers still send an input that it no longer takes",
        "wine",
        "logistic",
        "contract",
        "breaks-callers",
        fit=lambda here: trained(pipeline(FAMILIES["logistic"]()), here, without=("hue",)),
    ),
    Candidate(
        "new-required-input",
        "it wants an input that callers don't send",
        "wine",
        "logistic",
        "contract",
        "breaks-callers",
        fit_deployed=lambda usual: trained(
            pipeline(FAMILIES["logistic"]()), usual, without=("hue",)
        ),
    ),
    Candidate(
        "narrowed-input",
        "it insists on an input that callers could leave out",
        "cancer",
        "logistic",
        "contract",
        "breaks-callers",
        deployed_optional=("worst_symmetry",),
    ),
    Candidate(
        "changed-output",
        "it answers with decimals where callers expect whole numbers",
        "cancer",
        "logistic",
        "contract",
        "breaks-callers",
        fit=_as_decimals,
    ),
    Candidate(
        "no-signature",
        "it was logged without a signature",
        "wine",
        "knn",
        "schema-present",
        "missing",
        deployed="",
        data=_inputs_alone,
        folder=_without_signature,
    ),
    Candidate(
        "evil-pickle",
        "its pickle runs a command when it is loaded",
        "wine",
        "bayes",
        "safe-code",
        "code-not-allowed",
        tamper=_evil,
    ),
    Candidate(
        "truncated-pickle",
        "its pickle can't be read to the end",
        "wine",
        "bayes",
        "safe-code",
        "code-unreadable",
        tamper=_truncated,
    ),
    Candidate(
        "unpinned-dependency",
        "it names a package without its version",
        "wine",
        "logistic",
        "dependencies",
        "unpinned",
        folder=_requirements("mlflow==3.17.2", "scikit-learn", "numpy>=2"),
    ),
    Candidate(
        "vulnerable-dependency",
        "it needs a package with a known vulnerability",
        "wine",
        "logistic",
        "dependencies",
        "vulnerable",
        folder=_vulnerable,
        gates={"dependencies": {"database": "osv"}},
    ),
    Candidate(
        "no-dependencies",
        "it doesn't say what it needs",
        "wine",
        "logistic",
        "dependencies",
        "no-dependencies",
        folder=_no_requirements,
    ),
)
