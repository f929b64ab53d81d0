"""The whole evaluation of models that take and give other things than doubles: what it measures is what callers get."""

import json

import mlflow
import mlflow.pyfunc
import models
import numpy
import pandas
import pytest
from evaluating import evaluate, register
from mlflow.models import infer_signature
from mlflow.models.signature import ModelSignature
from mlflow.types import ColSpec, Schema, TensorSpec
from mlflow.types.schema import Array
from sklearn.linear_model import LogisticRegression


@pytest.fixture(scope="module")
def registry(mlflow_server):
    mlflow.set_experiment("signatures_test")
    return mlflow_server


def evidence_of(done, folder):
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads((folder / "evidence.json").read_text())


def measured_alike(evidence, accuracy):
    """The scorer answers in JSON, alone and in company, as it answered the table."""
    assert evidence["smoke"]["passed"], evidence["smoke"]
    independence = evidence["independence"]
    assert independence["alone"] == independence["company"] == 0
    assert evidence["metrics"]["accuracy"] == pytest.approx(accuracy)


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_missing_texts_and_classes_that_look_like_something_else(registry, tmp_path, kind):
    with mlflow.start_run():
        info = mlflow.pyfunc.log_model(
            name="model",
            python_model=models.ByMissing(),
            registered_model_name=f"by-missing-{kind}",
            signature=ModelSignature(
                Schema([ColSpec("string", "plan"), ColSpec("double", "x", False)]),
                Schema([ColSpec("string")]),
            ),
            pip_requirements=models.REQUIREMENTS,
            code_paths=[models.__file__],
        )
    frame = pandas.DataFrame(
        {"plan": ["a", None, "b", None] * 15, "x": 1.0, "label": ["01", "None"] * 30}
    )
    path = tmp_path / f"eval.{kind}"
    frame.to_csv(path, index=False) if kind == "csv" else frame.to_parquet(path)
    done = evaluate(tmp_path, registry, info.registered_model_version, path, f"by-missing-{kind}")
    measured_alike(evidence_of(done, tmp_path), 1.0)


def test_an_array_of_float32(registry, tmp_path):
    features, label = models.table()
    array = features.to_numpy("float32")
    model = LogisticRegression(max_iter=200).fit(array, label)
    signature = infer_signature(array, model.predict(array))
    version = register("of-float32", model, array, signature=signature)
    features.assign(label=label).to_csv(tmp_path / "eval.csv", index=False)
    done = evaluate(tmp_path, registry, version, tmp_path / "eval.csv", "of-float32")
    measured_alike(evidence_of(done, tmp_path), (model.predict(array) == label).mean())


@pytest.mark.parametrize(
    ("name", "inputs"),
    [
        ("lists", [ColSpec(Array("double"), "parts"), ColSpec("double", "x", False)]),
        ("arrays", [TensorSpec(numpy.dtype("float32"), (-1, 2), "parts")]),
    ],
)
def test_lists_and_arrays_by_name(registry, tmp_path, name, inputs):
    with mlflow.start_run():
        info = mlflow.pyfunc.log_model(
            name="model",
            python_model=models.ByParts(),
            registered_model_name=f"by-parts-of-{name}",
            signature=ModelSignature(Schema(inputs), Schema([ColSpec("long")])),
            pip_requirements=models.REQUIREMENTS,
            code_paths=[models.__file__],
        )
    # Of these numbers a float of 32 bits has all.
    rows = [[value / 8, value / 16] for value in range(30)]
    frame = pandas.DataFrame({"parts": rows, "x": 1.0, "label": [sum(row) > 1 for row in rows]})
    for part, chosen in (("eval", frame[:20]), ("train", frame[18:]), ("reference", frame)):
        chosen.to_parquet(tmp_path / f"{part}.parquet")
    done = evaluate(
        tmp_path,
        registry,
        info.registered_model_version,
        tmp_path / "eval.parquet",
        f"by-parts-of-{name}",
        training_data=str(tmp_path / "train.parquet"),
        project_dir=str(tmp_path),
        gates={
            "robustness": {each: {"strength": 0.1} for each in ("missing", "swapped")},
            "data-drift": {"reference": "reference.parquet"},
        },
    )
    evidence = evidence_of(done, tmp_path)
    measured_alike(evidence, 1.0)
    assert (evidence["support"]["distinctRows"], evidence["leakage"]["sharedRows"]) == (20, 2)
    assert evidence["leakage"]["firstRows"] == [19, 20]
    (trained, _) = evidence["dataDrift"]
    assert {one["column"]: one["kind"] for one in trained["columns"]}["parts"] == "categorical"


def test_rows_that_the_scorer_refuses_are_not_measured(registry, tmp_path):
    frame = pandas.DataFrame({"n": range(60), "label": [0, 1] * 30})
    model = LogisticRegression().fit(frame[["n"]], frame["label"])
    version = register("of-whole-numbers", model, frame[["n"]])
    frame.astype({"n": "Int64"}).assign(n=lambda whole: whole["n"].mask(whole["n"] == 7)).to_csv(
        tmp_path / "eval.csv", index=False
    )
    done = evaluate(tmp_path, registry, version, tmp_path / "eval.csv", "of-whole-numbers")
    assert done.returncode == 1
    sentence = "data/eval.csv has rows that no caller could send to the model: row 8 after the header, column n is null"
    assert sentence in done.stdout + done.stderr
