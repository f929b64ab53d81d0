"""Trains one candidate and registers it. The same code runs in every environment, on its own data.

Reads MLFLOW_TRACKING_URI, MLFLOW_EXPERIMENT_NAME, MODEL_NAME, DATA_PATH (a CSV file, or a folder with
train.csv), EVAL_DATA_PATH (optional: otherwise a fifth of the training data is held out), DATA_VERSION
and PARAM_MODEL (logreg or gradient-boosting). Other PARAM_<NAME> go to the estimator, such as
PARAM_MAX_ITER=500. The last line on stdout is {"run_id", "accuracy", "model_version"}.
"""

import json
import logging
import os
import sys
from pathlib import Path

import mlflow
import pandas as pd
import sklearn
import skops
from mlflow.models import infer_signature
from sklearn.ensemble import GradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score
from sklearn.model_selection import train_test_split

LABEL = "label"
ESTIMATORS = {
    "logreg": (LogisticRegression, {"max_iter": 200}),
    "gradient-boosting": (GradientBoostingClassifier, {"random_state": 42}),
}


def parameters() -> tuple[str, dict]:
    """The estimator's name, and its settings with those of PARAM_<NAME> on top."""
    given = {
        name[6:].lower(): value for name, value in os.environ.items() if name.startswith("PARAM_")
    }
    kind = given.pop("model", "logreg")
    if kind not in ESTIMATORS:
        sys.exit(f"PARAM_MODEL is {kind}; it must be one of {', '.join(ESTIMATORS)}.")
    estimator, defaults = ESTIMATORS[kind]
    unknown = sorted(set(given) - set(estimator().get_params()))
    if unknown:
        sys.exit(
            f"PARAM_{unknown[0].upper()} is no setting of {kind}; leave it out or choose another model."
        )
    return kind, {**defaults, **{name: number_or_text(value) for name, value in given.items()}}


def number_or_text(value: str):
    try:
        return json.loads(value)
    except ValueError:
        return value


def read_data() -> tuple[pd.DataFrame, pd.DataFrame]:
    """Training rows and the rows the accuracy is measured on."""
    path = Path(os.environ["DATA_PATH"])
    train = pd.read_csv(path / "train.csv" if path.is_dir() else path)
    if evaluation := os.environ.get("EVAL_DATA_PATH"):
        return train, pd.read_csv(evaluation)
    return train_test_split(train, test_size=0.2, random_state=42)


def main() -> None:
    kind, settings = parameters()
    train, test = read_data()
    features = train.drop(columns=LABEL)
    model = ESTIMATORS[kind][0](**settings).fit(features, train[LABEL])
    accuracy = float(accuracy_score(test[LABEL], model.predict(test.drop(columns=LABEL))))

    with mlflow.start_run() as run:
        mlflow.log_params(
            {
                "model_type": kind,
                "data_version": os.environ.get("DATA_VERSION", "unknown"),
                **settings,
            }
        )
        mlflow.log_metric("accuracy", accuracy)
        info = mlflow.sklearn.log_model(
            model,
            name="model",
            registered_model_name=os.environ["MODEL_NAME"],
            signature=infer_signature(features, model.predict(features)),
            input_example=features.head(1),
            # Named, because MLflow would otherwise load the model once more to find them out.
            pip_requirements=[
                f"scikit-learn=={sklearn.__version__}",
                f"skops=={skops.__version__}",
            ],
            skops_trusted_types=["sklearn.tree._tree.Tree"],
        )
    result = {
        "run_id": run.info.run_id,
        "accuracy": accuracy,
        "model_version": str(info.registered_model_version),
    }
    print(json.dumps(result))


if __name__ == "__main__":
    logging.getLogger("mlflow").setLevel(logging.ERROR)
    main()
