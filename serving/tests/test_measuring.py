"""Every measure in one evaluation, against a real registry and the real scorer."""

import base64
import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

import mlflow
import models
import numpy
import pytest
from evaluating import (
    accepted_by_the_registry_side,
    arguments,
    classifier,
    evaluate,
    evaluate_here,
    pin,
    register,
)
from mlflow import MlflowClient
from servers import SERVING
from sklearn.linear_model import LogisticRegression
from tollgate_serving import evaluate as measuring_step
from tollgate_serving import inspection, record
from tollgate_serving.artifacts import artifact_name
from tollgate_serving.signing import create_key


@pytest.fixture(scope="module")
def registry(mlflow_server):
    mlflow.set_experiment("churn_test")
    return mlflow_server


@pytest.fixture(scope="module")
def plain(registry):
    return classifier("churn-unpinned")


GATES = {
    "better-than-deployed": {"metric": "accuracy", "significance": 0.05},
    "slices": {"slices": {"high": {"where": "f0 > 0"}}},
    "fairness": {"columns": ["region"]},
    "robustness": {"noise": {"strength": 0.1}, "adversarial": {"strength": 0.1}},
    "calibration": {"bins": 5},
    "data-quality": {"rules": "rules.yaml"},
    "data-drift": {"reference": "reference.csv", "live": "captured"},
    "latency": {"concurrency": 2},
}


@pytest.fixture(scope="module")
def project(registry, tmp_path_factory):
    """A project folder with every file an evaluation may need, and what is deployed."""
    folder = tmp_path_factory.mktemp("project")
    features, label = models.table()
    regions = numpy.where(numpy.arange(len(label)) % 3 == 0, "west", "east")
    whole = features.assign(label=label, region=regions)
    whole.iloc[:100].to_csv(folder / "train.csv", index=False)
    # Ten of them were trained on.
    whole.iloc[90:].to_csv(folder / "eval.csv", index=False)
    whole.to_csv(folder / "reference.csv", index=False)
    (folder / "captured").mkdir()
    for replica, rows in enumerate((slice(0, 30), slice(30, 50))):
        features.iloc[rows].to_csv(folder / "captured" / f"scorer-{replica}.csv", index=False)
    (folder / "rules.yaml").write_text(
        "columns: {f0: {dtype: float64, in_range: {min_value: -9, max_value: 9}}}"
    )
    version = register("churn-live", LogisticRegression(C=0.001).fit(features, label), features)
    return {
        "gates": GATES,
        "deployed": pin("churn-live", version, folder / "live"),
        "training_data": str(folder / "train.csv"),
        "training_data_path": "train.csv",
        "project_dir": str(folder),
        "captured": str(folder / "captured"),
    }


def test_measures_what_the_settings_ask_for_and_signs_it(registry, project, tmp_path):
    version = classifier("churn-whole")
    changes = {**project, "max_rows": 150, "seed": 3}
    data = f"{project['project_dir']}/eval.csv"
    changes["git_commit"] = "c" * 40
    done = evaluate(tmp_path, registry, version, data, "churn-whole", **changes)
    assert done.returncode == 0, done.stdout + done.stderr
    written = (tmp_path / "evidence.json").read_bytes()
    evidence = json.loads(written)
    accepted_by_the_registry_side(tmp_path / "evidence.json")
    assert (evidence["data"]["rows"], evidence["data"]["rowsUsed"]) == (210, 150)
    assert evidence["slices"][0]["where"] == "f0 > 0" and 0 < evidence["slices"][0]["rows"] < 150
    assert [group["value"] for group in evidence["fairness"][0]["groups"]] == ["east", "west"]
    assert [one["kind"] for one in evidence["robustness"]] == ["noise", "adversarial"]
    assert (evidence["calibration"]["bins"], evidence["calibration"]["rows"]) == (5, 150)
    assert evidence["dataQuality"]["validShare"] == 1
    assert [one["comparison"] for one in evidence["dataDrift"]] == [
        "training-reference",
        "evaluation-reference",
        "live-training",
    ]
    # Of both scorers.
    live = evidence["dataDrift"][2]["data"]
    assert (live["path"], live["rows"]) == ("captured", 50)
    assert "reading what 2 scorers captured" in done.stderr
    assert evidence["leakage"]["sharedRows"] == 10
    compared = evidence["comparison"]
    assert compared["problem"] is None and compared["quality"]["rows"] == 150
    assert {name: compared["deployed"][name] for name in project["deployed"]} == project["deployed"]
    assert compared["deployed"]["signature"] == evidence["signature"]
    assert evidence["support"]["distinctRows"] == compared["quality"]["distinctRows"] == 150
    assert evidence["support"]["positive"] == "1"
    assert evidence["trivial"]["rows"] == 150 and evidence["trivial"]["pValue"] < 0.001
    assert evidence["latency"]["concurrency"] == 2 and evidence["latency"]["requests"] == 40
    assert (evidence["evaluator"]["seed"], evidence["evaluator"]["gitCommit"]) == (3, "c" * 40)
    assert "predicting 150 rows of 210" in done.stderr


def test_keeps_the_signature_that_lies_beside_the_evidence(registry, plain, tmp_path):
    features, label = models.table()
    features.assign(label=label).to_csv(tmp_path / "eval.csv", index=False)
    words = arguments(tmp_path, registry, plain, tmp_path / "eval.csv", "churn-unpinned")
    assert (inspection.main(words), measuring_step.main(words)) == (0, 0)
    written = (tmp_path / "evidence.json").read_bytes()
    create_key(tmp_path / "key", "ci@example.com")
    signer = [sys.executable, "-m", "tollgate_serving.signing", "evidence", "--key"]
    environment = {**os.environ, "PYTHONPATH": str(SERVING)}
    signed = subprocess.run(
        [*signer, str(tmp_path / "key")], env=environment, input=written, capture_output=True
    )
    ready, envelope = signed.stdout.splitlines()
    assert (ready, signed.stderr) == (b"ready", b"")
    (tmp_path / "evidence.dsse.json").write_bytes(envelope)
    assert record.main(words) == 0
    client = MlflowClient()
    found = client.get_model_version("churn-unpinned", plain)
    digest = json.loads(written)["model"]["digest"]
    name = artifact_name("evidence", "churn-unpinned", plain, digest, ".dsse.json")
    kept = client.download_artifacts(found.run_id, f"tollgate/{name}")
    assert Path(kept).read_bytes() == envelope
    statement = json.loads(base64.b64decode(json.loads(envelope)["payload"]))
    evidence = json.loads(written)
    assert [subject["digest"]["sha256"] for subject in statement["subject"]] == [
        hashlib.sha256(written).hexdigest(),
        evidence["model"]["digest"].removeprefix("sha256:"),
    ]


def measured(folder, registry, name, data, **changes):
    """The evidence of an evaluation in this process, of the model's first version."""
    assert evaluate_here(folder, registry, "1", data, name, **changes) == 0
    return json.loads((folder / "evidence.json").read_text())


@pytest.mark.parametrize(
    ("deployed", "problem"),
    [
        ({"digest": "sha256:" + "1" * 64}, "has digest sha256:"),
        ({"version": "99"}, "version 99, which is deployed, can't be measured: "),
    ],
    ids=["other bytes", "no such version"],
)
def test_says_why_the_deployed_version_could_not_be_measured(
    registry, project, plain, tmp_path, deployed, problem
):
    deployed = {**project["deployed"], **deployed}
    data = f"{project['project_dir']}/eval.csv"
    evidence = measured(tmp_path, registry, "churn-unpinned", data, deployed=deployed)
    assert problem in evidence["comparison"]["problem"]
    assert evidence["comparison"]["quality"] is None


def test_compares_with_nothing_when_the_same_bytes_are_deployed(
    registry, project, plain, tmp_path, capsys
):
    data = f"{project['project_dir']}/eval.csv"
    changes = {"gates": {"data-drift": {"live": "captured"}}, "captured": "/gone"}
    changes["training_data"] = str(tmp_path / "gone.csv")
    changes["training_data_path"] = "gone.csv"
    deployed = pin("churn-unpinned", plain, tmp_path / "plain")
    evidence = measured(tmp_path, registry, "churn-unpinned", data, deployed=deployed, **changes)
    assert evidence["comparison"] is None
    # What isn't at hand stays unmeasured, and is said.
    assert (evidence["leakage"], evidence["dataDrift"]) == (None, [])
    said = capsys.readouterr().err
    assert "gone.csv isn't at hand: leakage, data quality and drift from it stay unmeasured" in said
    assert "no scorer has captured rows here lately" in said
