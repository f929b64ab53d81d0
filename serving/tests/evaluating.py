"""Registers versions in the tests' registry and runs the evaluator on them."""

from __future__ import annotations

import contextlib
import json
import logging
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import mlflow
import models
from mlflow import MlflowClient
from mlflow.models import infer_signature
from servers import SERVING
from sklearn.linear_model import LogisticRegression
from tollgate_serving import evaluate as measuring_step
from tollgate_serving import inspection, record
from tollgate_serving.digest import digest_of_folder

ROOT = SERVING.parent


def register(name, model, features, **options):
    """A run with a registered version of the model; returns the version."""
    options = {"signature": infer_signature(features, model.predict(features)), **options}
    with mlflow.start_run():
        mlflow.log_params({"data_version": "v7", "C": 1.0})
        info = mlflow.sklearn.log_model(
            model,
            name="model",
            registered_model_name=name,
            pip_requirements=models.REQUIREMENTS,
            **options,
        )
    return str(info.registered_model_version)


def classifier(name="churn-evaluated"):
    features, label = models.table()
    return register(name, LogisticRegression(max_iter=200).fit(features, label), features)


def arguments(folder, registry, version, data, name="churn-evaluated", **changes):
    """Writes the spec; returns the command's arguments."""
    spec = {
        "model": name,
        "version": version,
        "tracking_uri": registry.uri,
        "data": str(data),
        "data_path": "data/eval.csv",
        "label": "label",
        "task": "classification",
        "stage": "Staging",
        "requests": 40,
        "evaluator_version": "0.1.0",
        **changes,
    }
    (folder / "spec.json").write_text(json.dumps(spec))
    cache = folder / "bytes"
    cache.mkdir(exist_ok=True)
    return ["--spec", str(folder / "spec.json"), "--cache", str(cache), "--out", str(folder)]


#: An evaluation, one process after the other; the command line signs before the last one.
STEPS = ("inspection", "evaluate", "record")


def evaluate(*given, **changes):
    """Runs the steps as the command line does; returns the first that failed, else the last."""
    words = arguments(*given, **changes)
    environment = {**os.environ, "PYTHONPATH": str(SERVING)}
    said = ""
    for step in STEPS:
        command = [sys.executable, "-m", f"tollgate_serving.{step}", *words]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=180)
        said = done.stderr = said + done.stderr
        if done.returncode:
            break
    return done


def evaluate_here(*given, **changes):
    """Runs the steps in this process; returns the first exit code that isn't 0."""
    words = arguments(*given, **changes)
    with own_logging():
        return next(
            filter(None, (step.main(words) for step in (inspection, measuring_step, record))), 0
        )


@contextlib.contextmanager
def own_logging() -> Iterator[None]:
    """The log of a command that runs in this process goes to the stderr of this one test."""
    root = logging.getLogger()
    handlers = root.handlers[:]
    try:
        yield
    finally:
        root.handlers = handlers
        logging.captureWarnings(False)


def pin(name, version, folder):
    """A version with the digest of its bytes, downloaded to the folder."""
    uri = f"models:/{name}/{version}"
    downloaded = mlflow.artifacts.download_artifacts(uri, dst_path=str(folder))
    return {"name": name, "version": version, "digest": digest_of_folder(Path(downloaded))}


def artifacts(found):
    """Paths of what is kept beside a version's run under tollgate/."""
    return [item.path for item in MlflowClient().list_artifacts(found.run_id, "tollgate")]


def accepted_by_the_registry_side(document):
    """registry/evidence.ts has the last word on the shape."""
    script = (
        "const { evidenceSchema } = require('./registry/evidence.ts');"
        "evidenceSchema.parse(JSON.parse(require('node:fs').readFileSync(process.argv[1], 'utf8')));"
    )
    command = ["node", "--require", "tsx/cjs", "-e", script, str(document)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
