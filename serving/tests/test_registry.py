"""Evidence of versions that share a run and a number: a copy of a version does, and models of one run do."""

import hashlib
import json
from pathlib import Path

import mlflow
import models
import pytest
from evaluating import classifier, evaluate_here
from mlflow import MlflowClient
from mlflow.models import infer_signature
from sklearn.linear_model import LogisticRegression
from tollgate_serving.artifacts import FOLDER, artifact_name
from tollgate_serving.digest import digest_of_folder
from tollgate_serving.registry import RegisteredVersion


@pytest.fixture(scope="module")
def registry(mlflow_server):
    return mlflow_server


def stored(
    model: str, version: str, digest: str, ending: str = ".json", document: str = "evidence"
) -> bytes:
    run = MlflowClient().get_model_version(model, version).run_id
    path = f"{FOLDER}/{artifact_name(document, model, version, digest, ending)}"
    with open(MlflowClient().download_artifacts(run, path), "rb") as file:
        return file.read()


def evaluated(registry, folder, name, data):
    """Evaluates the first version of a model, as a command does; the document of its evidence."""
    folder.mkdir()
    assert evaluate_here(folder, registry, "1", data, name) == 0
    return (folder / "evidence.json").read_bytes()


def copied():
    """A version that was copied to another model, by the copy's name and the original's."""
    classifier("Churn model (v2)")
    MlflowClient().copy_model_version("models:/Churn model (v2)/1", "Abwanderung, größer + neu")
    return "Churn model (v2)", "Abwanderung, größer + neu"


def of_one_run():
    """Two models that were trained and registered in one run."""
    features, label = models.table()
    with mlflow.start_run():
        for name, strength in (("share-strong", 1.0), ("share-weak", 0.001)):
            model = LogisticRegression(C=strength, max_iter=200).fit(features, label)
            mlflow.sklearn.log_model(
                model,
                name=f"{name}-model",
                registered_model_name=name,
                signature=infer_signature(features, model.predict(features)),
                pip_requirements=models.REQUIREMENTS,
            )
    return "share-strong", "share-weak"


@pytest.mark.parametrize("make", [copied, of_one_run], ids=["copied", "of one run"])
def test_evaluating_one_leaves_the_other_ones_evidence_and_answers(registry, tmp_path, make):
    names = make()
    client = MlflowClient()
    found = [client.get_model_version(name, "1") for name in names]
    assert found[0].run_id == found[1].run_id and found[0].version == found[1].version
    features, label = models.table()
    data = tmp_path / "eval.csv"
    features.assign(label=label).to_csv(data, index=False)
    documents = {name: evaluated(registry, tmp_path / name, name, data) for name in names}
    for name, document in documents.items():
        evidence = json.loads(document)
        tags = client.get_model_version(name, "1").tags
        digest = tags["tollgate.digest"]
        assert (evidence["model"]["name"], evidence["model"]["digest"]) == (name, digest)
        assert stored(name, "1", digest) == document
        assert tags["tollgate.evidence"] == f"sha256:{hashlib.sha256(document).hexdigest()}"
        answers = stored(name, "1", digest, document="answers")
        kept = f"sha256:{hashlib.sha256(answers).hexdigest()}"
        assert (kept, json.loads(answers)["model"]["name"]) == (evidence["answers"]["digest"], name)


def test_a_copied_version_has_evidence_of_its_own(registry, tmp_path):
    version = classifier("churn-copied from")
    client = MlflowClient()
    copy = client.copy_model_version(f"models:/churn-copied from/{version}", "kopierte Abwanderung")
    original = client.get_model_version("churn-copied from", version)
    assert (copy.version, copy.run_id) == (original.version, original.run_id)
    folder = mlflow.artifacts.download_artifacts(
        f"models:/{copy.name}/{copy.version}", dst_path=str(tmp_path)
    )
    digest = digest_of_folder(Path(folder))

    documents = {name: f"evidence of {name}".encode() for name in (original.name, copy.name)}
    for name, document in documents.items():
        found = RegisteredVersion.find(name, version)
        evidence_digest = f"sha256:{hashlib.sha256(document).hexdigest()}"
        found.record(document, evidence_digest, digest, b"signature of " + document, None)

    for name, document in documents.items():
        tags = client.get_model_version(name, version).tags
        kept = stored(name, version, tags["tollgate.digest"])
        assert kept == document
        assert tags["tollgate.evidence"] == f"sha256:{hashlib.sha256(kept).hexdigest()}"
        envelope = stored(name, version, tags["tollgate.digest"], ".dsse.json")
        assert envelope == b"signature of " + document
