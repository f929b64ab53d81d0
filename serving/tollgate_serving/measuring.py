"""Measures one version by every measure that its stack's gates ask for."""

from __future__ import annotations

import platform
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy

from tollgate_serving import evidence as facts
from tollgate_serving import host, model_signature
from tollgate_serving.calibration import measure_calibration
from tollgate_serving.code_scan import scan_code
from tollgate_serving.comparison import measure_comparison
from tollgate_serving.data import TableFile, evaluation_labels, json_rows, read_table, text_columns
from tollgate_serving.dependencies import read_dependencies
from tollgate_serving.deployed import ask_deployed
from tollgate_serving.digest import size_of_folder
from tollgate_serving.drift import measure_data_drift
from tollgate_serving.errors import UserError
from tollgate_serving.fairness import measure_fairness
from tollgate_serving.fetch import Pinned, one_line
from tollgate_serving.leakage import measure_leakage
from tollgate_serving.measures import measure
from tollgate_serving.other_data import OtherData
from tollgate_serving.predictor import Predictor
from tollgate_serving.probe import check_smoke, running_scorer
from tollgate_serving.progress import progress
from tollgate_serving.quality import measure_quality
from tollgate_serving.robustness import measure_robustness
from tollgate_serving.slices import measure_slices
from tollgate_serving.spec import Spec

#: Rows of the smoke request.
SMOKE_ROWS = 20
#: Bins of the calibration error where its gate is off.
CALIBRATION_BINS = 10
#: Fewer requests than these of each caller say nothing about callers at the same time.
REQUESTS_OF_EACH = 10


def measure_version(
    spec: Spec,
    pinned: Pinned,
    folder: Path,
    lineage: facts.Lineage,
    cache: Path,
    deployed: Pinned | None = None,
) -> facts.Evidence:
    """The evidence of the version whose files are in ``folder``.

    ``cache`` is a writable folder that holds the same files under their digest's hex, where the scorer looks
    first. ``deployed`` is what ``spec.deployed`` says unless given. Raises UserError when the version or its
    data can't be measured.
    """
    return _Measuring.start(spec, pinned, folder).evidence(
        lineage, cache, deployed or (spec.deployed.pinned() if spec.deployed else None)
    )


@dataclass(frozen=True)
class _Measuring:
    """The version, its evaluation rows and its predictions: what every measure starts from."""

    spec: Spec
    pinned: Pinned
    folder: Path
    #: What the version's files say.
    files: dict[str, Any]
    model: Predictor
    table: TableFile
    labels: Any
    features: Any
    predictions: Any

    @classmethod
    def start(cls, spec: Spec, pinned: Pinned, folder: Path) -> _Measuring:
        # Before the model is loaded, which runs whatever code its files hold.
        progress("reading the version's files")
        files = _from_files(spec, folder)
        progress("loading the model")
        model = Predictor.load(pinned, folder)
        progress(f"reading {spec.data_path}")
        table = read_table(
            Path(spec.data), spec.data_path, spec.max_rows, spec.seed, text_columns(model.signature)
        )
        labels = evaluation_labels(table, spec.label)
        used = len(table.frame)
        progress(f"predicting {used} rows" + (f" of {table.rows}" if used < table.rows else ""))
        features, predictions = model.on(table, spec.label)
        return cls(spec, pinned, folder, files, model, table, labels, features, predictions)

    def evidence(self, lineage: facts.Lineage, cache: Path, deployed: Pinned | None) -> Any:
        """Every part of the document, in an order that finds an unusable setting early."""
        spec, table = self.spec, self.table
        metrics = measure(spec.task, self.labels, self.predictions)
        measured = {
            "slices": self._slices(),
            "fairness": self._fairness(),
            "calibration": self._calibration(),
            **self._from_other_data(),
            "comparison": self._comparison(deployed, cache),
            "robustness": self._robustness(),
            **self.files,
            **self._from_scorer(cache),
        }
        return facts.Evidence.model_validate(
            {
                "schema": "tollgate.evidence/2",
                "model": {
                    "name": self.pinned.model,
                    "version": self.pinned.version,
                    "digest": self.pinned.digest,
                    "sizeBytes": size_of_folder(self.folder),
                },
                "task": spec.task,
                "metrics": metrics,
                "data": {**table.facts(), "rowsUsed": len(table.frame)},
                "signature": self.model.signature_facts(),
                **measured,
                "lineage": lineage.model_dump(),
                "evaluator": _evaluator(spec),
            }
        )

    def _slices(self) -> list[dict[str, Any]]:
        settings = self.spec.gate("slices")
        if settings is None:
            return []
        progress(f"measuring {len(settings['slices'])} slices")
        return measure_slices(
            settings, self.table.frame, self.labels, self.predictions, self.spec.task
        )

    def _fairness(self) -> list[dict[str, Any]]:
        settings = self.spec.gate("fairness")
        if settings is None:
            return []
        progress("measuring fairness")
        if self.spec.task != "classification":
            raise UserError(
                "tollgate:gates.fairness is about classes; disable the gate for a regression."
            )
        return measure_fairness(settings, self.table.frame, self.labels, self.predictions)

    def _calibration(self) -> dict[str, Any] | None:
        """Null with a reason on stderr where there are no usable probabilities: its gate refuses that."""
        probabilities = self.model.predict_proba
        if self.spec.task != "classification" or probabilities is None:
            return None
        progress("measuring calibration")
        bins = (self.spec.gate("calibration") or {}).get("bins", CALIBRATION_BINS)
        try:
            return measure_calibration(
                bins, self.labels, probabilities(self.features), self.model.classes
            )
        except Exception as error:
            progress(f"calibration isn't measured: {one_line(error)}")
            return None

    def _from_other_data(self) -> dict[str, Any]:
        """Leakage, quality of the training data, and drift."""
        spec = self.spec
        other = OtherData(spec, self.model.signature)
        training = other.training()
        leakage = quality = None
        if training is not None:
            assert spec.training_data is not None
            progress("looking for evaluation rows among the training rows")
            leakage = measure_leakage(
                training, Path(spec.training_data), Path(spec.data), self._whole_row()
            )
            rules = spec.gate("data-quality")
            if rules is not None:
                progress(f"checking {training.path} by {rules['rules']}")
                quality = measure_quality(rules, Path(spec.project_dir), training)
        return {
            "leakage": leakage,
            "dataQuality": quality,
            "dataDrift": self._data_drift(training, other),
        }

    def _whole_row(self) -> list[str]:
        """The columns that make two rows the same: those the model takes and the label, not a row's number."""
        signature, columns = self.model.signature, list(map(str, self.table.frame.columns))
        if signature is None or signature.kind != "columns" or not signature.named:
            return columns
        taken = {column.name for column in signature.inputs} | {self.spec.label}
        return [name for name in columns if name in taken]

    def _data_drift(self, training: TableFile | None, other: OtherData) -> list[dict[str, Any]]:
        settings = self.spec.gate("data-drift")
        if settings is None:
            return []
        reference, live = other.reference(settings), other.live(settings)
        progress("measuring drift of the data")
        spec = self.spec
        return measure_data_drift(
            settings,
            training,
            self.table,
            reference,
            live,
            spec.label,
            spec.seed,
        )

    def _comparison(self, deployed: Pinned | None, cache: Path) -> dict[str, Any] | None:
        if deployed is None or deployed.digest == self.pinned.digest:
            return None
        spec = self.spec
        progress(f"asking {deployed}, which is deployed, about the same rows")
        answers = ask_deployed(deployed, self.table, spec.label, cache / "deployed")
        progress("comparing the two")
        return measure_comparison(
            spec.gate("better-than-deployed"),
            spec.task,
            {"name": deployed.model, "version": deployed.version, "digest": deployed.digest},
            answers.signature,
            self.predictions,
            answers.predictions,
            answers.problem,
            self.labels,
            spec.seed,
        )

    def _robustness(self) -> list[dict[str, Any]]:
        settings = self.spec.gate("robustness")
        if settings is None:
            return []
        return measure_robustness(
            settings, self.model, self.features, self.labels, self.spec.task, self.spec.seed
        )

    def _from_scorer(self, cache: Path) -> dict[str, Any]:
        """Smoke, latency and memory of the real scorer."""
        spec = self.spec
        concurrency = (spec.gate("latency") or {}).get("concurrency", 1)
        requests = max(spec.requests, REQUESTS_OF_EACH * concurrency)
        progress("starting the real scorer")
        rows = json_rows(self.features, SMOKE_ROWS)
        with running_scorer(self.pinned, spec.stage, cache) as scorer:
            callers = "one caller" if concurrency == 1 else f"{concurrency} callers"
            progress(f"asking it {requests} times, {callers} at a time")
            smoke = check_smoke(scorer, rows, self.model.answer(self.features[: len(rows)]))
            times = scorer.latency(rows, requests, concurrency)
            memory = scorer.memory_bytes()
        p50, p95, p99 = (round(float(value), 3) for value in numpy.percentile(times, [50, 95, 99]))
        return {
            "smoke": smoke,
            "latency": {
                "p50Ms": p50,
                "p95Ms": p95,
                "p99Ms": p99,
                "requests": len(times),
                "concurrency": concurrency,
            },
            "memoryBytes": memory,
        }


def _from_files(spec: Spec, folder: Path) -> dict[str, Any]:
    """Code that the files load, what they need, and a signature among them."""
    dependencies, provenance = spec.gate("dependencies") or {}, spec.gate("provenance") or {}
    project = Path(spec.project_dir)
    return {
        "code": scan_code(folder),
        "dependencies": read_dependencies(folder, dependencies, project),
        "modelSignature": model_signature.check(folder, provenance, project),
    }


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
