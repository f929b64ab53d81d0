"""Everything that an evaluation asks of scorers: the candidate's own, and beside it the deployed version's."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from tollgate_serving.data import TableFile
from tollgate_serving.deployed import DeployedAnswers, ask_deployed
from tollgate_serving.inspection import Inspected
from tollgate_serving.kept_answers import KeptAnswers, keep_answers
from tollgate_serving.latency import drawn_rows, measure_latency, rows_of_round
from tollgate_serving.predictor import Predictor, values_of_a_row
from tollgate_serving.probe import (
    WARM_UP,
    ScorerPlace,
    check_smoke,
    failed_smoke,
    running_scorer,
)
from tollgate_serving.progress import progress
from tollgate_serving.reading import Probabilities
from tollgate_serving.robustness import measure_robustness
from tollgate_serving.spec import Spec
from tollgate_serving.targets import (
    AskedTarget,
    GradedTarget,
    Target,
    Wanted,
    probabilities_of,
    read_targets,
)

#: Rows of the smoke request.
SMOKE_ROWS = 20
#: Fewer requests than these of each caller say nothing about callers at the same time.
REQUESTS_OF_EACH = 10


@dataclass(frozen=True)
class Asked:
    """What the scorers answered, and what only they can be asked for."""

    #: One for each label column.
    targets: list[Target]
    #: Is another version deployed, whose answers are compared?
    compared: bool
    #: As evidence says what that one takes and gives.
    deployed_signature: dict[str, Any] | None
    #: Of the classes; None for a regression and for a model that gives none.
    probabilities: Probabilities | None
    #: Of each target.
    robustness: list[list[dict[str, Any]]]
    kept: KeptAnswers
    smoke: dict[str, Any]
    #: As evidence says what the model takes and gives.
    signature: dict[str, Any] | None


@dataclass(frozen=True)
class Asking:
    """One evaluation's questions. ``run`` is for a thread of its own, which these futures tie to the other one."""

    spec: Spec
    inspected: Inspected
    place: ScorerPlace
    #: The evaluation rows, once they are read.
    table: Future[TableFile]
    #: The label columns, once their values in the training data are known too.
    wanted: Future[list[Wanted]]
    #: Set here as soon as nothing but times is left to measure.
    asked: Future[Asked]
    #: Set by the other thread when it is done: times are measured while nothing else happens.
    quiet: Future[None]

    def run(self) -> dict[str, Any]:
        """Latency and memory of the candidate's scorer. Raises UserError."""
        # Most of what a scorer takes is its start, so both start at once.
        with ThreadPoolExecutor(1, "asking-deployed") as pool:
            try:
                deployed = pool.submit(self._deployed)
                progress("starting the version's scorer")
                with running_scorer(self.inspected.pinned, self.place) as scorer:
                    model = Predictor.of(self.inspected.pinned, self.place, scorer)
                    drawn = self._ask(model, deployed)
                    self.quiet.result()
                    return self._times(model, drawn)
            except BaseException as error:
                # Before the pool waits for the other one: whoever waits for this ends every scorer.
                if not self.asked.done():
                    self.asked.set_exception(error)
                raise

    def _deployed(self) -> DeployedAnswers | None:
        deployed = self.spec.deployed
        if deployed is None or deployed.digest == self.inspected.model.digest:
            return None
        pinned = deployed.pinned()
        progress(f"starting a scorer of {pinned}, which is deployed")
        return ask_deployed(
            pinned, self.inspected.deployedProblem, self.place, self.table, self.spec.labels
        )

    def _ask(self, model: Predictor, asked_deployed: Future[DeployedAnswers | None]) -> Any:
        """Sets ``asked``; returns the rows that times are measured with."""
        spec = self.spec
        table = self.table.result()
        used = len(table.frame)
        progress(f"predicting {used} rows" + (f" of {table.rows}" if used < table.rows else ""))
        features, answers = model.on(table, spec.labels)
        deployed = asked_deployed.result()
        targets = read_targets(spec, self.wanted.result(), model, answers, deployed)
        probabilities = probabilities_of(model, targets[0], features, answers)
        rows = model.json_rows(features, SMOKE_ROWS)
        smoke = check_smoke(model.scorer, rows, answers[: len(rows)])
        progress("asking for rows alone and in other company")
        kept = keep_answers(model, features, answers, table.digest, spec.seed)
        if smoke["passed"] and kept.problem is not None:
            # Without them no release can tell whether it serves what was measured.
            smoke = failed_smoke(f"its answers can't be kept for the release: {kept.problem}")
        self.asked.set_result(
            Asked(
                targets,
                deployed is not None,
                None if deployed is None else deployed.signature,
                probabilities,
                [
                    self._robustness(
                        (GradedTarget if probabilities else AskedTarget)(model, target), features
                    )
                    for target in targets
                ],
                kept,
                smoke,
                model.signature_facts(),
            )
        )
        return drawn_rows(features, self._timed + WARM_UP, values_of_a_row(features), spec.seed)

    def _robustness(self, asked: AskedTarget, features: Any) -> list[dict[str, Any]]:
        settings = self.spec.gate("robustness")
        if settings is None:
            return []
        target = asked.target
        return measure_robustness(
            settings, asked, features, target.labels, target.classes, self.spec.seed
        )

    @property
    def _concurrency(self) -> int:
        return (self.spec.gate("latency") or {}).get("concurrency", 1)

    @property
    def _timed(self) -> int:
        """Requests of a round whose times count."""
        return max(self.spec.requests, REQUESTS_OF_EACH * self._concurrency)

    def _times(self, model: Predictor, drawn: Any) -> dict[str, Any]:
        requests, concurrency = self._timed, self._concurrency
        callers = "one caller" if concurrency == 1 else f"{concurrency} callers"
        progress(f"asking it {requests} times, {callers} at a time")

        def ask(number: int) -> list[float]:
            rows = rows_of_round(drawn, number, requests + WARM_UP)
            return model.scorer.latency(model.json_rows(rows, len(rows)), requests, concurrency)

        return {
            "latency": measure_latency(ask, concurrency),
            "memoryBytes": model.scorer.memory_bytes(),
        }
