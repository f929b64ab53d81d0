"""Measures one model version and records the evidence beside it in the registry.

Exit codes: 0 recorded, 1 can't be measured, 3 other bytes than registered, 64 usage.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import platform
import sys
import tempfile
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy

from tollgate_serving import data as evaluation_data
from tollgate_serving import evidence as facts
from tollgate_serving.answers import NonFinitePrediction, plain_predictions
from tollgate_serving.digest import digest_of_folder, size_of_folder
from tollgate_serving.errors import UserError
from tollgate_serving.fetch import EXIT_DIGEST, Pinned, download, one_line
from tollgate_serving.logs import configure
from tollgate_serving.measures import measure
from tollgate_serving.probe import ScorerClient, running_scorer
from tollgate_serving.quiet import quiet_mlflow
from tollgate_serving.registry import RegisteredVersion

#: Rows of the smoke request.
SMOKE_ROWS = 20


@dataclass(frozen=True)
class Spec:
    """What to measure. ``data`` is absolute, ``data_path`` the same as written in the settings."""

    model: str
    version: str
    tracking_uri: str
    data: str
    data_path: str
    label: str
    task: str
    stage: str
    evaluator_version: str
    requests: int = 200

    @classmethod
    def read(cls, path: Path) -> Spec:
        try:
            spec = cls(**json.loads(path.read_text()))
        except (OSError, ValueError, TypeError) as error:
            raise UserError(f"the spec {path} can't be read: {one_line(error)}.") from error
        if spec.task not in ("classification", "regression"):
            raise UserError(
                f"the task {spec.task} is unknown; tollgate:evaluation.task is classification or regression."
            )
        return spec


def evaluate(spec: Spec, out: Path, folder: Path) -> str:
    """Measures, writes the document to ``out`` and records it; returns its digest. ``folder`` is for downloads."""
    os.environ["MLFLOW_TRACKING_URI"] = spec.tracking_uri
    registered = RegisteredVersion.find(spec.model, spec.version)
    _progress(f"downloading {spec.model} version {spec.version}")
    unknown = Pinned(f"models:/{spec.model}/{spec.version}", spec.model, spec.version, "")
    model_folder = download(unknown, folder / "download")
    pinned = Pinned(unknown.uri, spec.model, spec.version, digest_of_folder(model_folder))
    registered.check_digest(pinned.digest)
    # Where the scorer looks first, so that it measures exactly these bytes.
    kept = model_folder.rename(folder / pinned.digest.removeprefix("sha256:"))
    document = _measure(spec, registered, pinned, kept, folder)
    written = document.to_bytes()
    digest = f"sha256:{hashlib.sha256(written).hexdigest()}"
    try:
        out.write_bytes(written)
    except OSError as error:
        raise UserError(
            f"{out} can't be written: {error.strerror}; give another place with --out."
        ) from error
    registered.record(written, digest, pinned.digest)
    return digest


def _measure(
    spec: Spec, registered: RegisteredVersion, pinned: Pinned, kept: Path, cache: Path
) -> facts.Evidence:
    from tollgate_serving.model import load_pyfunc
    from tollgate_serving.signature import read_signature

    model = load_pyfunc(kept, pinned)
    signature = read_signature(model.metadata.signature)
    data = evaluation_data.read(Path(spec.data), spec.label, signature)
    _progress(f"predicting {data.rows} rows")
    expected = _predict(model, data.features, pinned)
    metrics = measure(spec.task, data.labels, expected)
    _progress("asking the real scorer")
    rows = data.json_rows(SMOKE_ROWS)
    with running_scorer(pinned, spec.stage, cache) as scorer:
        smoke = _smoke(scorer, rows, _predict(model, data.features[: len(rows)], pinned))
        times = scorer.latency(rows, spec.requests)
    p50, p95, p99 = (round(float(value), 3) for value in numpy.percentile(times, [50, 95, 99]))
    has_both = signature is not None and signature.inputs and signature.outputs
    return facts.Evidence(
        schema="tollgate.evidence/1",
        model=facts.ModelFacts(
            name=spec.model,
            version=spec.version,
            digest=pinned.digest,
            sizeBytes=size_of_folder(kept),
        ),
        task=spec.task,
        metrics=metrics,
        data=facts.DataFacts(path=spec.data_path, digest=data.digest, rows=data.rows),
        signature=facts.SignatureFacts(**signature.as_json()) if has_both else None,
        latency=facts.Latency(p50Ms=p50, p95Ms=p95, p99Ms=p99, requests=len(times), concurrency=1),
        smoke=smoke,
        lineage=registered.lineage(),
        evaluator=facts.Evaluator(
            version=spec.evaluator_version,
            evaluatedAt=datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            python=platform.python_version(),
            platform=platform.platform(),
        ),
    )


def _predict(model: Any, features: Any, pinned: Pinned) -> Any:
    try:
        return model.predict(features)
    except Exception as error:
        raise UserError(
            f"{pinned} fails on the evaluation data: {_cause(error)}; mend the model or the data."
        ) from error


def _cause(error: Exception) -> str:
    """MLflow's schema errors start with the whole table; the reason follows at their end."""
    return one_line(Exception(str(error).rpartition("Error: ")[2] or str(error)))


def _smoke(scorer: ScorerClient, rows: list[Any], expected: Any) -> facts.Smoke:
    status, document = scorer.predict(rows)
    if status != 200:
        return facts.Smoke(
            passed=False, detail=f"the scorer answered {status}: {document['error']['message']}"
        )
    answered = document["predictions"]
    if not isinstance(answered, list) or len(answered) != len(rows):
        return facts.Smoke(
            passed=False, detail=f"{len(rows)} rows didn't give {len(rows)} predictions"
        )
    try:
        wanted = plain_predictions(expected)
    except NonFinitePrediction:
        return facts.Smoke(passed=False, detail="the model gives predictions that aren't finite")
    if not _equal(answered, wanted):
        return facts.Smoke(passed=False, detail="the scorer's predictions differ from the model's")
    return facts.Smoke(
        passed=True,
        detail=f"{len(rows)} rows, {len(rows)} finite predictions, equal to the model's",
    )


def _equal(answered: list[Any], wanted: Any) -> bool:
    left, right = numpy.asarray(answered), numpy.asarray(wanted)
    if left.dtype.kind in "iuf" and right.dtype.kind in "iuf" and left.shape == right.shape:
        return bool(numpy.allclose(left, right, rtol=1e-9, atol=1e-12))
    return answered == json.loads(json.dumps(wanted, default=str))


def _progress(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m tollgate_serving.evaluate", description=__doc__
    )
    parser.add_argument("--spec", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    try:
        options = parser.parse_args(arguments)
    except SystemExit as exit:
        return 64 if exit.code else 0
    quiet_mlflow()
    configure("WARNING")
    try:
        with tempfile.TemporaryDirectory(prefix="tollgate-evaluate-") as folder:
            digest = evaluate(Spec.read(options.spec), options.out, Path(folder))
    except UserError as error:
        print(error, file=sys.stderr)
        return EXIT_DIGEST if error.exit_code == EXIT_DIGEST else 1
    print(json.dumps({"evidence_digest": digest, "path": str(options.out)}))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
