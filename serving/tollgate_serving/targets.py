"""What is wanted of a model, and both versions' answers to it, as every measure takes them.

Most models predict one column. A regression may predict several numbers; each is measured by itself, because a mean
over them would hide a bad one and has no unit.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy

from tollgate_serving.answer_table import Targets
from tollgate_serving.classes import Classes, name_of
from tollgate_serving.deployed import DeployedAnswers
from tollgate_serving.errors import UserError
from tollgate_serving.fetch import one_line
from tollgate_serving.predictor import Predictor
from tollgate_serving.probe import Refused
from tollgate_serving.progress import progress
from tollgate_serving.reading import (
    NoNumber,
    Probabilities,
    Reading,
    as_numbers,
    threshold_pair,
)
from tollgate_serving.spec import Spec


@dataclass(frozen=True)
class Wanted:
    """One label column."""

    name: str
    #: Its values in the evaluation data.
    labels: numpy.ndarray
    #: Its different values in the training data; None where these aren't at hand.
    training: Sequence[Any] | None = None


@dataclass(frozen=True)
class Target:
    """One label column with the answers to it: codes of ``classes``, or numbers where that is None."""

    name: str
    labels: numpy.ndarray
    predictions: numpy.ndarray
    classes: Classes | None
    #: The deployed version's; None with the reason in ``problem``, or where nothing is deployed.
    deployed: numpy.ndarray | None
    problem: str | None
    reading: Reading


def read_targets(
    spec: Spec,
    wanted: list[Wanted],
    model: Predictor,
    answers: Any,
    deployed: DeployedAnswers | None,
) -> list[Target]:
    """A target for each label column. Raises UserError when the candidate's answers can't be read.

    What can't be read of the deployed version's is its ``problem``: a candidate isn't at fault for what it replaces.
    """
    if spec.task == "classification" and len(wanted) > 1:
        raise UserError(
            f"tollgate:evaluation.label names {len(wanted)} columns, and a classification has one; "
            "name one, and its column of the answer in tollgate:evaluation.answer.column."
        )
    return [_read(spec, wanted, place, model, answers, deployed) for place in range(len(wanted))]


def _read(
    spec: Spec,
    wanted: list[Wanted],
    place: int,
    model: Predictor,
    answers: Any,
    deployed: DeployedAnswers | None,
) -> Target:
    import pandas

    one = wanted[place]
    if spec.task == "regression":
        targets = Targets(tuple(each.name for each in wanted), place) if len(wanted) > 1 else None
        reading = Reading(spec.answer, True, targets=targets)
        labels = _numbers(one)
        predictions, classes = reading.predictions(answers, None, model.outputs), None
    else:
        labelled = frozenset(filter(None, map(name_of, pandas.unique(one.labels))))
        reading = Reading(spec.answer, False, _pair(spec, one, model.classes), labelled=labelled)
        said = reading.predictions(answers, model.classes, model.outputs)
        classes = Classes.of(one.labels, said, _named(spec, model), one.training, spec.positive)
        labels, predictions = classes.codes(one.labels), classes.codes(said)
    other, problem = _read_deployed(reading, classes, deployed)
    return Target(one.name, labels, predictions, classes, other, problem, reading)


def _named(spec: Spec, model: Predictor) -> Sequence[Any] | None:
    """The classes that the model can answer, as far as it or the settings say."""
    return spec.answer.argmax if isinstance(spec.answer.argmax, list) else model.classes


def _pair(spec: Spec, one: Wanted, known: Sequence[Any] | None) -> tuple[str, str] | None:
    if spec.answer.threshold is None:
        return None
    return threshold_pair(Classes.of(one.labels, (), known, one.training), spec.positive)


def _read_deployed(
    reading: Reading, classes: Classes | None, deployed: DeployedAnswers | None
) -> tuple[numpy.ndarray | None, str | None]:
    if deployed is None or deployed.problem is not None:
        return None, deployed and deployed.problem
    try:
        said = reading.predictions(deployed.answers, deployed.classes, deployed.outputs)
        if classes is None:
            return said, None
        classes.check(said)
        return classes.codes(said), None
    except UserError as error:
        reason = str(error).partition("; ")[0].removesuffix(".")
        return None, f"the deployed version can't be compared: {reason}."


def _numbers(one: Wanted) -> numpy.ndarray:
    try:
        found = as_numbers(one.labels)
        infinite = numpy.flatnonzero(~numpy.isfinite(found))
        if infinite.size:
            raise NoNumber(int(infinite[0]), one.labels[infinite[0]])
        return found
    except NoNumber as error:
        raise UserError(
            f"the label column {one.name} has values that are no finite numbers, such as {error.shown}; "
            "mend the data, or check tollgate:evaluation.task and the label column."
        ) from None


@dataclass(frozen=True)
class AskedTarget:
    """A model that answers tables by one target's values, for what changes its inputs."""

    model: Predictor
    target: Target

    def __call__(self, features: Any) -> numpy.ndarray:
        """One value for each row, as the model says it. Raises Refused, or UserError."""
        model = self.model
        return self.target.reading.values(model(features), model.classes, model.outputs)


class GradedTarget(AskedTarget):
    """One that says how likely classes are, too."""

    def predict_proba(self, features: Any) -> Probabilities:
        """What its answers say, else the library's own. Raises Refused, or UserError."""
        reading, model = self.target.reading, self.model
        if not reading.is_plain:
            own = reading.probabilities(model(features), model.classes, model.outputs)
            if own is not None:
                return own
        return model.probabilities(features)


def probabilities_of(
    model: Predictor, target: Target, features: Any, answers: Any
) -> Probabilities | None:
    """Of the classes on all rows; None with a reason on stderr where the model fails on them."""
    if target.classes is None:
        return None
    own = target.reading.probabilities(answers, model.classes, model.outputs)
    if own is not None or not model.gives_probabilities:
        return own
    progress("asking for probabilities")
    try:
        return model.probabilities(features)
    except (Refused, ValueError) as error:
        progress(f"the model gives no probabilities: {one_line(error)}")
        return None
