"""The evaluator as a process against a real registry and the real scorer."""

import hashlib
import json
import shutil
from pathlib import Path

import mlflow
import models
import numpy
import pandas
import pytest
from evaluating import (
    accepted_by_the_registry_side,
    arguments,
    artifacts,
    classifier,
    evaluate,
    evaluate_here,
    register,
)
from mlflow import MlflowClient
from sklearn.linear_model import LinearRegression
from tollgate_serving import inspection
from tollgate_serving.artifacts import artifact_name
from tollgate_serving.digest import digest_of_folder


@pytest.fixture(scope="module")
def registry(mlflow_server):
    mlflow.set_experiment("churn_test")
    return mlflow_server


@pytest.fixture(scope="module")
def table(scratch):
    """Evaluation data: the CSV file, with a column the model doesn't know."""
    features, label = models.table()
    path = scratch / "eval.csv"
    features.assign(label=label, customer=range(len(label))).to_csv(path, index=False)
    return path


@pytest.fixture
def refusal(capsys, registry):
    """The sentence of a failed evaluation, run in this process because that is quicker."""

    def run(*given, **changes):
        # What registering the model printed.
        capsys.readouterr()
        assert evaluate_here(*given, **changes) == 1
        captured = capsys.readouterr()
        (reason,) = json.loads(captured.out.splitlines()[-1]).values()
        # Said once, and without a trace of where it came from.
        assert reason not in captured.err and "Traceback" not in captured.err
        return reason

    return run


def test_records_evidence_whose_digest_is_the_tag(registry, table, tmp_path):
    version = classifier()
    client = MlflowClient()
    tags = {
        "git_commit": "a" * 40,
        "git_dirty": "false",
        "author": "ada",
        "parameters": '{"C":"1.0"}',
    }
    for tag, value in tags.items():
        client.set_model_version_tag("churn-evaluated", version, f"tollgate.{tag}", value)
    done = evaluate(tmp_path, registry, version, table)
    assert done.returncode == 0, done.stderr
    written = (tmp_path / "evidence.json").read_bytes()
    digest = f"sha256:{hashlib.sha256(written).hexdigest()}"
    assert json.loads(done.stdout.splitlines()[-1]) == {"evidence_digest": digest}
    found = client.get_model_version("churn-evaluated", version)
    evidence = json.loads(written)
    assert found.tags["tollgate.evidence"] == digest
    assert found.tags["tollgate.digest"] == evidence["model"]["digest"]
    name = artifact_name("evidence", "churn-evaluated", version, evidence["model"]["digest"])
    artifact = client.download_artifacts(found.run_id, f"tollgate/{name}")
    assert Path(artifact).read_bytes() == written
    answers = json.loads((tmp_path / "answers.json").read_bytes())
    assert evidence["answers"] == {
        "digest": f"sha256:{hashlib.sha256((tmp_path / 'answers.json').read_bytes()).hexdigest()}",
        "rows": 300,
    }
    assert (
        Path(
            client.download_artifacts(
                found.run_id, f"tollgate/{name.replace('evidence', 'answers')}"
            )
        ).read_bytes()
        == (tmp_path / "answers.json").read_bytes()
    )
    assert answers["model"] == {k: evidence["model"][k] for k in ("name", "version", "digest")}
    assert (answers["data"], answers["columns"]) == (
        evidence["data"]["digest"],
        list(models.table()[0].columns),
    )
    assert evidence["independence"] == {
        "rows": 300,
        "company": 0,
        "aloneRows": 200,
        "alone": 0,
        "batching": True,
    }
    model = mlflow.pyfunc.load_model(f"models:/churn-evaluated/{version}")
    features, label = models.table()
    accuracy = float((model.predict(features) == label).mean())
    assert evidence["metrics"]["accuracy"] == pytest.approx(accuracy)
    predicted = model.predict(pandas.DataFrame(answers["rows"], columns=answers["columns"]))
    assert answers["answers"] == predicted.tolist()
    averages = {
        f"{name}{average}"
        for name in ("precision", "recall", "f1")
        for average in ("", "_macro", "_weighted")
    }
    assert set(evidence["metrics"]) == {"accuracy", *averages}
    assert evidence["classes"] == {
        "origin": "model",
        "average": "binary",
        "positive": str(numpy.bincount(label).argmin()),
        "positiveBy": "rarer",
    }
    assert evidence["data"] == {
        "path": "data/eval.csv",
        "digest": f"sha256:{hashlib.sha256(table.read_bytes()).hexdigest()}",
        "rows": 300,
        "rowsUsed": 300,
    }
    assert evidence["smoke"]["passed"] and evidence["latency"]["requests"] == 40
    assert evidence["memoryBytes"] > 20_000_000 and evidence["calibration"]["rows"] == 300
    # What no setting asks for, or nothing is at hand for.
    for part in ("slices", "fairness", "robustness", "dataDrift"):
        assert evidence[part] == []
    for part in ("dataQuality", "comparison", "leakage", "modelSignature"):
        assert evidence[part] is None
    assert not [path for path in artifacts(found) if path.endswith(".dsse.json")]
    assert 0 < evidence["latency"]["p50Ms"] <= evidence["latency"]["p99Ms"]
    assert evidence["lineage"] == {
        "runId": found.run_id,
        "experiment": "churn_test",
        "gitCommit": "a" * 40,
        "gitDirty": False,
        "author": "ada",
        "dataVersion": "v7",
        "trainingDataDigest": None,
        "parameters": {"C": "1.0"},
    }
    assert [column["name"] for column in evidence["signature"]["inputs"]] == list(features.columns)
    accepted_by_the_registry_side(tmp_path / "evidence.json")


def test_measures_a_regression_on_parquet(registry, tmp_path):
    features, _ = models.table()
    target = features.sum(axis=1) + numpy.random.default_rng(0).normal(size=len(features))
    version = register("prices", LinearRegression().fit(features, target), features)
    features.assign(price=target).to_parquet(tmp_path / "eval.parquet")
    done = evaluate(
        tmp_path,
        registry,
        version,
        tmp_path / "eval.parquet",
        name="prices",
        label="price",
        task="regression",
    )
    assert done.returncode == 0, done.stderr
    evidence = json.loads((tmp_path / "evidence.json").read_text())
    metrics = evidence["metrics"]
    assert set(metrics) == {"r2", "mae", "rmse"} and 0.8 < metrics["r2"] < 1
    assert evidence["calibration"] is None


def test_refuses_bytes_that_are_not_the_registered_ones(registry, table, tmp_path):
    version = classifier("churn-altered")
    client = MlflowClient()
    tagged = "sha256:" + "1" * 64
    client.set_model_version_tag("churn-altered", version, "tollgate.digest", tagged)
    done = evaluate(tmp_path, registry, version, table, name="churn-altered")
    assert done.returncode == 3
    reason = json.loads(done.stdout)["error"]
    assert f"but was registered with {tagged}; its bytes were changed" in reason
    assert "tollgate.evidence" not in client.get_model_version("churn-altered", version).tags


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"max_rows": "many"}, "max_rows is wrong (Input should be a valid integer); correct it."),
        ({"gates": {"slices": 3}}, "gates.slices is wrong (Input should be an object)"),
        ({"task": "ranking"}, "task is wrong (Input should be 'classification' or 'regression')"),
        ({"deployed": {"name": "x"}}, "deployed.version is wrong (Field required)"),
        ({"colour": "red"}, "colour is wrong (Extra inputs are not permitted)"),
        ({"seed": -1}, "seed is wrong (Input should be greater than or equal to 0)"),
    ],
)
def test_refuses_a_spec_with(refusal, registry, tmp_path, changes, sentence):
    given = refusal(tmp_path, registry, "1", "eval.csv", "churn-plain", **changes)
    assert given.startswith(f"the spec {tmp_path}/spec.json can't be read: ") and sentence in given


def test_refuses_fairness_of_a_regression(refusal, registry, plain, table, tmp_path):
    gates = {"fairness": {"columns": ["customer"]}}
    sentence = refusal(
        tmp_path, registry, plain, table, "churn-plain", gates=gates, task="regression"
    )
    assert sentence.startswith("tollgate:gates.fairness is about classes; disable the gate")


def test_says_in_a_sentence_what_it_did_not_foresee(
    refusal, registry, plain, table, tmp_path, monkeypatch
):
    def fail(*_):
        raise RuntimeError("disk on fire\nsecond line")

    monkeypatch.setattr("tollgate_serving.evaluate.measure_version", fail)
    sentence = refusal(tmp_path, registry, plain, table, "churn-plain")
    assert sentence == "the step evaluate failed with RuntimeError: disk on fire."


@pytest.fixture(scope="module")
def plain(registry):
    return classifier("churn-plain")


@pytest.mark.parametrize(
    ("rows", "label", "sentence"),
    [
        (
            "f0,f1\n1,2\n",
            "label",
            "has no column label (tollgate:evaluation.label); its columns are f0, f1.",
        ),
        ("f0,label\n", "label", "has no rows; tollgate:evaluation.data needs at least one."),
        ("f0,label\n1,0\n", "label", "lacks the columns f1, f2, f3, f4, f5, f6, f7, f8, f9 of the"),
        ("f0,label\n1,\n2,1\n", "label", "has 1 row without a value in the label column label;"),
        ("", "label", "can't be read as csv:"),
    ],
    ids=["no label", "no rows", "missing columns", "an empty label", "an empty file"],
)
def test_refuses_data_with(refusal, registry, plain, tmp_path, rows, label, sentence):
    (tmp_path / "eval.csv").write_text(rows)
    data = tmp_path / "eval.csv"
    assert sentence in refusal(tmp_path, registry, plain, data, "churn-plain", label=label)


def test_refuses_data_that_is_not_there(refusal, registry, plain, tmp_path):
    sentence = refusal(tmp_path, registry, plain, tmp_path / "gone.csv", "churn-plain")
    assert sentence.endswith(
        "gone.csv doesn't exist; set tollgate:evaluation.data to a CSV or Parquet file."
    )


def test_refuses_data_that_no_caller_could_send(refusal, registry, plain, tmp_path):
    features, label = models.table()
    features["f3"] = "text"
    features.assign(label=label).to_csv(tmp_path / "eval.csv", index=False)
    sentence = refusal(tmp_path, registry, plain, tmp_path / "eval.csv", "churn-plain")
    assert sentence == (
        "data/eval.csv has rows that no caller could send to the model: row 1 after the header, column f3 holds "
        "text of 4 characters that doesn't fit; the model takes a finite number (double); mend the data, or log "
        "the model with another signature."
    )


def test_refuses_a_model_that_fails_on_the_data_and_says_why(refusal, registry, plain, tmp_path):
    features, label = models.table()
    features.loc[5, "f3"] = None
    features.assign(label=label).to_csv(tmp_path / "eval.csv", index=False)
    sentence = refusal(tmp_path, registry, plain, tmp_path / "eval.csv", "churn-plain")
    assert sentence.startswith(
        "churn-plain version 1 fails on the evaluation data: Row 5, column f3"
    )
    assert sentence.endswith("is null, and the model failed on it; mend the model or the data.")


def test_refuses_predictions_that_are_not_finite(refusal, registry, tmp_path):
    with mlflow.start_run():
        info = mlflow.pyfunc.log_model(
            name="model",
            python_model=models.Scripted(),
            registered_model_name="nan-model",
            signature=models.scripted_signature(),
            pip_requirements=models.REQUIREMENTS,
            code_paths=[models.__file__],
        )
    (tmp_path / "eval.csv").write_text("f0,f1,label\n-2,0,1\n1,1,2\n")
    version = str(info.registered_model_version)
    data = tmp_path / "eval.csv"
    sentence = refusal(tmp_path, registry, version, data, "nan-model", task="regression")
    assert sentence == "1 of 2 predictions aren't finite numbers; mend the model."


def test_refuses_a_version_that_does_not_exist(refusal, registry, table, tmp_path):
    sentence = refusal(tmp_path, registry, "99", table, "churn-plain")
    assert sentence.startswith(f"churn-plain version 99 can't be read from {registry.uri}: ")


def test_says_where_the_bytes_can_not_be_kept(registry, plain, table, tmp_path, capsys):
    words = arguments(tmp_path, registry, "1", table, "churn-plain")
    (tmp_path / "file").write_text("")
    place = tmp_path / "file" / "models"
    words[words.index("--cache") + 1] = str(place)
    capsys.readouterr()
    assert inspection.main(words) == 1
    error = json.loads(capsys.readouterr().out.splitlines()[-1])["error"]
    assert error == (
        f"churn-plain version 1 can't be kept in {place}: Not a directory; "
        "make the folder writable or give another."
    )


def test_refuses_a_model_whose_package_is_missing(refusal, registry, table, tmp_path):
    folder = models.save_lacking(tmp_path / "lacking")
    with mlflow.start_run() as run:
        mlflow.log_artifacts(str(folder), "model")
    client = MlflowClient()
    client.create_registered_model("lacking-model")
    source = f"{run.info.artifact_uri}/model"
    client.create_model_version("lacking-model", source, run.info.run_id)
    sentence = refusal(tmp_path, registry, "1", table, "lacking-model")
    assert sentence.startswith(
        "the scorer didn't start: lacking-model version 1 can't be loaded: "
        "the package absent_forest isn't installed;"
    )
    shutil.rmtree(folder)


def test_digest_of_a_download_does_not_depend_on_the_way_it_came(registry, plain, tmp_path):
    from mlflow.artifacts import download_artifacts

    version = MlflowClient().get_model_version("churn-plain", plain)
    by_version = download_artifacts("models:/churn-plain/1", dst_path=str(tmp_path / "a"))
    by_source = download_artifacts(version.source, dst_path=str(tmp_path / "b"))
    assert digest_of_folder(Path(by_version)) == digest_of_folder(Path(by_source))
