"""The version that is deployed now, asked for predictions on the candidate's evaluation rows."""

from __future__ import annotations

from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any

from tollgate_serving.data import TableFile
from tollgate_serving.errors import UserError
from tollgate_serving.fetch import Pinned, one_line
from tollgate_serving.predictor import Predictor
from tollgate_serving.probe import ScorerPlace, running_scorer
from tollgate_serving.progress import progress


@dataclass(frozen=True)
class DeployedAnswers:
    """What the deployed version gave. ``answers`` is None exactly when there is a ``problem``."""

    #: As in evidence; None when it has none or wasn't read.
    signature: dict[str, Any] | None
    answers: Any
    #: What it says it can answer; None when it names none.
    classes: list[Any] | None
    #: Why it couldn't be measured, in a sentence.
    problem: str | None
    #: What its signature calls the columns of an answer.
    outputs: tuple[str, ...] = ()


def ask_deployed(
    pinned: Pinned,
    problem: str | None,
    place: ScorerPlace,
    table: Future[TableFile],
    labels: list[str],
) -> DeployedAnswers:
    """Starts a scorer of it and asks. ``problem``: why its bytes aren't at hand, as a clause.

    Never raises but for the table: a candidate isn't at fault for what it replaces.
    """
    signature = None
    try:
        if problem is not None:
            raise UserError(problem)
        with running_scorer(pinned, place) as scorer:
            model = Predictor.of(pinned, place, scorer)
            signature = model.signature_facts()
            rows = table.result()
            progress(f"asking {pinned}, which is deployed, about the same rows")
            _, answers = model.on(rows, labels)
            return DeployedAnswers(signature, answers, model.classes, None, model.outputs)
    except Exception as error:
        if table.done() and table.exception() is not None:
            raise
        reason = f"{pinned}, which is deployed, can't be measured: {one_line(error)}."
        return DeployedAnswers(signature, None, None, reason)
