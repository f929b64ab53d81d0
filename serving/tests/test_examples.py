"""The examples' training entries against a real registry, as `tollgate train` starts them."""

import json
import os
import subprocess
import sys

import pandas
import pytest
from servers import SERVING

EXAMPLES = SERVING.parent / "examples"


def train(example, environment, registry, **variables):
    folder = EXAMPLES / example
    # Left by other tests' set_experiment; a user's shell has none.
    inherited = {
        name: value for name, value in os.environ.items() if name != "MLFLOW_EXPERIMENT_ID"
    }
    environment = {
        **inherited,
        "MLFLOW_TRACKING_URI": registry.uri,
        "MLFLOW_EXPERIMENT_NAME": f"{example}_{environment}",
        "MODEL_NAME": f"{example}-{environment}",
        "DATA_PATH": str(folder / "data" / environment / "train.csv"),
        "EVAL_DATA_PATH": str(folder / "data" / environment / "eval.csv"),
        "DATA_VERSION": "v1",
        **variables,
    }
    command = [sys.executable, "train.py"]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)


def result(done):
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def test_churn_first_version_misses_the_floor_and_the_second_passes(mlflow_server):
    first = result(train("churn", "staging", mlflow_server))
    second = result(train("churn", "staging", mlflow_server, PARAM_MODEL="gradient-boosting"))
    assert set(first) == {"run_id", "accuracy", "model_version"}
    assert (first["accuracy"], first["model_version"]) == (0.894, "1")
    assert (second["accuracy"], second["model_version"]) == (0.906, "2")


def test_churn_refuses_a_parameter_the_estimator_lacks(mlflow_server):
    done = train("churn", "staging", mlflow_server, PARAM_DEPTH="3")
    assert done.returncode == 1
    sentence = "PARAM_DEPTH is no setting of logreg; leave it out or choose another model."
    assert done.stderr.strip() == sentence


def test_breast_cancer_model_carries_its_scaler(mlflow_server):
    import mlflow.sklearn

    trained = result(train("breast-cancer", "prod", mlflow_server))
    assert trained["accuracy"] > 0.9
    model = mlflow.sklearn.load_model("models:/breast-cancer-prod/1")
    assert [name for name, _ in model.steps] == ["standardscaler", "logisticregression"]


@pytest.mark.parametrize("example", ["churn", "breast-cancer"])
def test_committed_data_is_what_make_data_writes(example, tmp_path):
    script = (EXAMPLES / example / "make_data.py").read_text()
    (tmp_path / "make_data.py").write_text(script)
    subprocess.run([sys.executable, "make_data.py"], cwd=tmp_path, check=True)
    for written in (tmp_path / "data").glob("*/*.csv"):
        committed = EXAMPLES / example / written.relative_to(tmp_path)
        assert committed.read_bytes() == written.read_bytes(), written


def test_no_breast_cancer_row_is_in_two_environments():
    files = (EXAMPLES / "breast-cancer" / "data").glob("*/*.csv")
    frames = pandas.concat([pandas.read_csv(path) for path in files])
    assert len(frames) == 569 and not frames.duplicated().any()
