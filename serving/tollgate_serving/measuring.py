"""Measures one version by every measure that its stack's gates ask for.

Nothing of a model is ever in this process: each version answers from a scorer of its own. One thread asks the scorers
while the other measures the data; only times are measured while nothing else is done.
"""

from __future__ import annotations

import platform
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any

from tollgate_serving import evidence as facts
from tollgate_serving import host
from tollgate_serving.asking import Asked, Asking
from tollgate_serving.calibration import measure_calibration
from tollgate_serving.data import TableFile, read_table
from tollgate_serving.drift import measure_data_drift
from tollgate_serving.errors import UserError
from tollgate_serving.evaluation_rows import (
    class_columns,
    evaluation_labels,
    text_columns,
    words_for_nothing,
)
from tollgate_serving.fairness import measure_fairness
from tollgate_serving.fetch import one_line
from tollgate_serving.inspection import Inspected
from tollgate_serving.leakage import measure_leakage
from tollgate_serving.other_data import OtherData
from tollgate_serving.probe import ScorerPlace
from tollgate_serving.progress import progress
from tollgate_serving.quality import measure_quality
from tollgate_serving.reading import Probabilities
from tollgate_serving.same_rows import SameRows
from tollgate_serving.signature import Signature, signature_of_folder
from tollgate_serving.spec import Spec
from tollgate_serving.support import DistinctRows, Support
from tollgate_serving.target_measures import measure_target
from tollgate_serving.targets import Target, Wanted

#: Bins of the calibration error where its gate is off.
CALIBRATION_BINS = 10


@dataclass(frozen=True)
class Measured:
    """What an evaluation found."""

    evidence: facts.Evidence
    #: The document of kept answers; None when the scorer couldn't be asked in JSON.
    answers: bytes | None


def measure_version(spec: Spec, inspected: Inspected, place: ScorerPlace) -> Measured:
    """The evidence of the version whose bytes were inspected.

    ``place`` says where its scorers find those bytes, and how they are started. Raises UserError when the version or
    its data can't be measured.
    """
    asking = Asking(spec, inspected, place, Future(), Future(), Future(), Future())
    with ThreadPoolExecutor(1, "asking") as pool:
        times = pool.submit(asking.run)
        try:
            signature = signature_of_folder(place.folder_of(inspected.pinned))
            measuring = _Measuring.start(spec, inspected, signature, asking)
            from_data = measuring.from_other_data()
            asked = asking.asked.result()
            from_answers = measuring.from_answers(asked)
            asking.quiet.set_result(None)
            return measuring.document({**from_data, **from_answers, **times.result()}, asked)
        except BaseException as error:
            for future in (asking.table, asking.wanted, asking.quiet):
                if not future.done():
                    future.set_exception(error)
            # A scorer that is being asked for minutes is no reason to wait.
            place.stop()
            raise


@dataclass(frozen=True)
class _Measuring:
    """The evaluation rows: what every measure of this thread starts from."""

    spec: Spec
    inspected: Inspected
    model_signature: Signature | None
    table: TableFile
    other: OtherData
    training: TableFile | None

    @classmethod
    def start(
        cls, spec: Spec, inspected: Inspected, signature: Signature | None, asking: Asking
    ) -> _Measuring:
        progress(f"reading {spec.data_path}")
        table = read_table(
            Path(spec.data),
            spec.data_path,
            spec.max_rows,
            spec.seed,
            text_columns(signature, Path(spec.data), spec.labels),
            as_written=class_columns(signature, spec),
        )
        for sentence in words_for_nothing(Path(spec.data), table, signature):
            progress(sentence)
        labels = {name: evaluation_labels(table, name) for name in spec.labels}
        asking.table.set_result(table)
        other = OtherData(spec, signature)
        training = other.training()
        asking.wanted.set_result(
            [Wanted(name, labels[name], _values_in(training, name)) for name in spec.labels]
        )
        return cls(spec, inspected, signature, table, other, training)

    def document(self, measured: dict[str, Any], asked: Asked) -> Measured:
        """Puts everything together."""
        spec, table, inspected = self.spec, self.table, self.inspected
        evidence = facts.Evidence.model_validate(
            {
                "schema": "tollgate.evidence/2",
                **inspected.model_dump(exclude={"deployedProblem"}),
                "task": spec.task,
                **_terms(spec),
                "data": {**table.facts(), "rowsUsed": len(table.frame)},
                "signature": asked.signature,
                **asked.kept.facts(),
                "smoke": asked.smoke,
                **measured,
                "evaluator": _evaluator(spec),
            }
        )
        return Measured(evidence, asked.kept.document)

    def from_answers(self, asked: Asked) -> dict[str, Any]:
        """What follows from the candidate's predictions on the evaluation rows, and from the deployed version's."""
        if len(asked.targets) > 1:
            return self._several(asked)
        (one,) = asked.targets
        found = self._of_target(one, asked.robustness[0])
        classes = {} if one.classes is None else {"classes": one.classes.facts()}
        return {
            **classes,
            **found,
            "support": Support(one.labels, one.predictions, self.distinct, one.classes).of(),
            "fairness": self._fairness(one),
            "calibration": self._calibration(one, asked.probabilities),
            "comparison": self._deployed(asked) | found["comparison"] if asked.compared else None,
        }

    def _several(self, asked: Asked) -> dict[str, Any]:
        """Of several numbers: each by itself, and r2 of the worst."""
        parts = [
            {"name": target.name, **self._of_target(target, robustness)}
            for target, robustness in zip(asked.targets, asked.robustness)
        ]
        metrics = {
            f"{metric}:{part['name']}": value
            for part in parts
            for metric, value in part["metrics"].items()
        }
        first = asked.targets[0]
        return {
            "metrics": {"r2": min(part["metrics"]["r2"] for part in parts), **metrics},
            "support": Support(first.labels, first.predictions, self.distinct, None).of(),
            "slices": [],
            "fairness": self._fairness(first),
            "robustness": [],
            "calibration": None,
            "comparison": None
            if not asked.compared
            else {**self._deployed(asked), "problem": None, "quality": None, "predictions": None},
            "targets": parts,
        }

    def _of_target(self, target: Target, robustness: list[dict[str, Any]]) -> dict[str, Any]:
        measured = measure_target(self.spec, target, self.table.frame, self.distinct)
        return {**measured, "robustness": robustness}

    def _calibration(
        self, target: Target, probabilities: Probabilities | None
    ) -> dict[str, Any] | None:
        """Null with a reason on stderr where there are no usable probabilities: its gate refuses that."""
        if probabilities is None or target.classes is None:
            return None
        progress("measuring calibration")
        bins = (self.spec.gate("calibration") or {}).get("bins", CALIBRATION_BINS)
        try:
            return measure_calibration(
                bins,
                target.labels,
                probabilities.values,
                probabilities.classes,
                target.classes,
                self.distinct,
            )
        except Exception as error:
            progress(f"calibration isn't measured: {one_line(error)}")
            return None

    def _fairness(self, target: Target) -> list[dict[str, Any]]:
        settings = self.spec.gate("fairness")
        if settings is None:
            return []
        progress("measuring fairness")
        if target.classes is None:
            raise UserError(
                "tollgate:gates.fairness is about classes; disable the gate for a regression."
            )
        return measure_fairness(
            settings,
            self.table.frame,
            target.labels,
            target.predictions,
            target.classes,
            self.distinct,
        )

    def _deployed(self, asked: Asked) -> dict[str, Any]:
        assert self.spec.deployed is not None
        return {
            "deployed": {**self.spec.deployed.model_dump(), "signature": asked.deployed_signature}
        }

    def from_other_data(self) -> dict[str, Any]:
        """Leakage, quality of the training data, and drift."""
        spec, training = self.spec, self.training
        leakage = quality = None
        if training is not None:
            assert spec.training_data is not None
            progress("looking for evaluation rows among the training rows")
            leakage = measure_leakage(
                training, Path(spec.training_data), Path(spec.data), self._same_rows
            )
            rules = spec.gate("data-quality")
            if rules is not None:
                progress(f"checking {training.path} by {rules['rules']}")
                quality = measure_quality(rules, Path(spec.project_dir), training)
        return {
            "leakage": leakage,
            "dataQuality": quality,
            "dataDrift": self._data_drift(),
        }

    @cached_property
    def distinct(self) -> DistinctRows:
        """Which rows are the same for the model, and have the same label."""
        return DistinctRows.of_hashes(self._same_rows.hashes(self.table.frame))

    @cached_property
    def _same_rows(self) -> SameRows:
        spec, signature = self.spec, self.model_signature
        names = list(map(str, self.table.frame.columns))
        return SameRows.of(signature, names, spec.labels, class_columns(signature, spec))

    def _data_drift(self) -> list[dict[str, Any]]:
        settings = self.spec.gate("data-drift")
        if settings is None:
            return []
        reference, live = self.other.reference(settings), self.other.live(settings)
        progress("measuring drift of the data")
        spec = self.spec
        return measure_data_drift(
            settings,
            self.training,
            self.table,
            reference,
            live,
            spec.labels,
            spec.seed,
        )


def _values_in(training: TableFile | None, label: str) -> Any:
    """The different values of a label; None where the training data isn't at hand or lacks the column."""
    if training is None or label not in training.frame.columns:
        return None
    return training.frame[label].dropna().unique()


def _terms(spec: Spec) -> dict[str, Any]:
    """What the settings say of how answers are read, where they say anything."""
    answer = spec.answer.model_dump(exclude_none=True)
    return {"answer": answer} if answer else {}


def _evaluator(spec: Spec) -> dict[str, Any]:
    return {
        "version": spec.evaluator_version,
        "evaluatedAt": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "python": platform.python_version(),
        "platform": platform.platform(),
        "cpus": host.cpus(),
        "memoryBytes": host.memory_bytes(),
        "seed": spec.seed,
        "gitCommit": spec.git_commit,
    }
