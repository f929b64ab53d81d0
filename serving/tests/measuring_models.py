"""Measures a model as an evaluation does, from a folder: the real scorer, and no registry."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import cloudpickle
import mlflow.pyfunc
import mlflow.sklearn
import models
import pandas
from mlflow.models import infer_signature
from servers import SERVING
from tollgate_serving.digest import digest_of_folder
from tollgate_serving.evidence import Lineage
from tollgate_serving.fetch import Pinned
from tollgate_serving.inspection import inspect_folder
from tollgate_serving.measuring import measure_version
from tollgate_serving.probe import ScorerPlace
from tollgate_serving.spec import DeployedVersion, Spec

ROOT = SERVING.parent
_NOTHING_RECORDED = Lineage(
    runId=None,
    experiment=None,
    gitCommit=None,
    gitDirty=None,
    author=None,
    dataVersion=None,
    trainingDataDigest=None,
    parameters={},
)


def save(folder: Path, model: Any, features: pandas.DataFrame, **options: Any) -> Path:
    """A scikit-learn model as a version's files; ``pyfunc_predict_fn`` names another method to answer by."""
    method = getattr(model, options.get("pyfunc_predict_fn", "predict"))
    mlflow.sklearn.save_model(
        model,
        folder,
        signature=infer_signature(features, method(features)),
        pip_requirements=models.REQUIREMENTS,
        serialization_format="cloudpickle",
        **options,
    )
    return folder


def save_function(
    folder: Path, answer: Any, features: pandas.DataFrame, outputs: Any = None
) -> Path:
    """A pyfunc that answers what ``answer`` makes of the rows; its signature has outputs like ``outputs``, if given."""

    class Answering(mlflow.pyfunc.PythonModel):
        def predict(self, context, model_input, params=None):
            return answer(model_input)

    module = sys.modules[answer.__module__]
    if Path(getattr(module, "__file__", None) or "").parent == Path(__file__).parent:
        # Tests aren't importable where the model is served.
        cloudpickle.register_pickle_by_value(module)
    mlflow.pyfunc.save_model(
        folder,
        python_model=Answering(),
        signature=infer_signature(features, outputs),
        pip_requirements=models.REQUIREMENTS,
    )
    return folder


def evidence_of(
    folder: Path,
    rows: pandas.DataFrame,
    version: Path,
    deployed: Path | None = None,
    training: pandas.DataFrame | None = None,
    **changes: Any,
) -> dict[str, Any]:
    """The evidence document of a version's files, measured in ``folder`` on ``rows``. Raises UserError."""
    folder.mkdir(parents=True, exist_ok=True)
    rows.to_csv(folder / "eval.csv", index=False)
    if training is not None:
        training.to_csv(folder / "train.csv", index=False)
        changes |= {"training_data": str(folder / "train.csv"), "training_data_path": "train.csv"}
    pins = {
        number: Pinned(f"models:/m/{number}", "m", number, digest_of_folder(files))
        for number, files in (("2", version), ("1", deployed))
        if files is not None
    }
    if deployed is not None:
        changes["deployed"] = DeployedVersion(name="m", version="1", digest=pins["1"].digest)
    settings = {"label": "label", "task": "classification", "stage": "Staging", **changes}
    spec = Spec(
        model="m",
        version="2",
        tracking_uri="none",
        data=str(folder / "eval.csv"),
        data_path="data/eval.csv",
        evaluator_version="0.1.0",
        requests=10,
        project_dir=str(folder),
        **settings,
    )
    place = ScorerPlace(folder / "models", spec.stage, ("--sandbox", "off"))
    for pinned, files in zip(pins.values(), filter(None, (version, deployed))):
        if not place.folder_of(pinned).exists():
            shutil.copytree(files, place.folder_of(pinned))
    inspected = inspect_folder(spec, version, pins["2"].digest, _NOTHING_RECORDED)
    measured = measure_version(spec, inspected, place)
    return json.loads(measured.evidence.to_bytes())


def judged(evidence: dict[str, Any], gates: dict[str, Any]) -> list[dict[str, Any]]:
    """What the real gates find in it, each with these settings."""
    script = """
      const { candidate } = require('./test/policies/fixtures.ts');
      const { gates } = require('./policies/gates/index.ts');
      const { evidenceSchema } = require('./registry/evidence.ts');
      const { evidence: given, settings } = JSON.parse(require('node:fs').readFileSync(0, 'utf8'));
      const evidence = evidenceSchema.parse(given);
      const { name, version, digest } = evidence.model;
      const pin = { name, version, digest };
      const deployed = evidence.comparison?.deployed ?? null;
      const history = { ...candidate().history, deployed };
      const found = gates.filter(({ name }) => name in settings).flatMap((gate) =>
        gate.check(candidate({ evidence, pin, history }), gate.settings.parse(settings[gate.name]))
          .map((finding) => ({ gate: gate.name, ...finding })));
      process.stdout.write(JSON.stringify(found));
    """
    done = subprocess.run(
        ["node", "--require", "tsx/cjs", "-e", script],
        cwd=ROOT,
        input=json.dumps({"evidence": evidence, "settings": gates}),
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)
