"""Small real models, saved as MLflow model folders."""

from __future__ import annotations

import time
from pathlib import Path

import mlflow.pyfunc
import mlflow.sklearn
import numpy
import pandas
from mlflow.models import infer_signature
from mlflow.models.signature import ModelSignature
from mlflow.types import ColSpec, ParamSchema, ParamSpec, Schema
from sklearn.compose import make_column_transformer
from sklearn.datasets import make_classification
from sklearn.ensemble import (
    BaggingClassifier,
    HistGradientBoostingClassifier,
    RandomForestClassifier,
    VotingClassifier,
)
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder

REQUIREMENTS = ["scikit-learn"]


def table(rows: int = 300) -> tuple[pandas.DataFrame, numpy.ndarray]:
    features, label = make_classification(rows, 10, random_state=42)
    return pandas.DataFrame(features, columns=[f"f{index}" for index in range(10)]), label


def save_linear(folder: Path) -> Path:
    features, label = table()
    model = LogisticRegression(max_iter=200).fit(features, label)
    mlflow.sklearn.save_model(
        model,
        folder,
        signature=infer_signature(features, model.predict(features)),
        input_example=features.head(1),
        pip_requirements=REQUIREMENTS,
    )
    return folder


def mixed_table() -> pandas.DataFrame:
    return pandas.DataFrame(
        {
            "amount": [1.5, -2.0, 3.25, 8.0] * 10,
            "count": numpy.arange(40, dtype="int64"),
            "plan": ["basic", "pro", "basic", "max"] * 10,
            "active": [True, False, False, True] * 10,
        }
    )


def save_mixed(folder: Path) -> Path:
    """`amount` may be missing in a request as far as the signature goes; the others are required."""
    features = mixed_table()
    label = features["amount"] * 2 + features["count"] + (features["plan"] == "pro") * 10
    encoder = make_column_transformer(
        (OneHotEncoder(), ["plan"]), ("passthrough", ["amount", "count", "active"])
    )
    model = make_pipeline(encoder, LinearRegression()).fit(features, label)
    inputs = Schema(
        [
            ColSpec("double", "amount", required=False),
            ColSpec("long", "count"),
            ColSpec("string", "plan"),
            ColSpec("boolean", "active"),
        ]
    )
    mlflow.sklearn.save_model(
        model,
        folder,
        signature=ModelSignature(inputs=inputs, outputs=Schema([ColSpec("double")])),
        input_example=features.head(1),
        serialization_format="cloudpickle",
        pip_requirements=REQUIREMENTS,
    )
    return folder


class Scripted(mlflow.pyfunc.PythonModel):
    """Sums the columns, except where the first one asks for trouble."""

    def predict(self, context, model_input, params=None):
        first = model_input["f0"].to_numpy()
        if (first == -1).any():
            raise ValueError("secret-4711 is not welcome")
        if (first == -3).any():
            time.sleep(1.0)
        if (first == -4).any():
            time.sleep(model_input["f1"].max())
        total = model_input.sum(axis=1).to_numpy() * (params or {}).get("factor", 1.0)
        return numpy.where(first == -2, numpy.nan, total)


class ByParts(mlflow.pyfunc.PythonModel):
    """Says 1 where the numbers of ``parts`` sum to more than 1, be they lists of a table or arrays by name."""

    def predict(self, context, model_input, params=None):
        return [int(numpy.sum(parts) > 1) for parts in model_input["parts"]]


class ByMissing(mlflow.pyfunc.PythonModel):
    """Says ``None`` of a plan that is missing, as pandas tells it, and ``01`` of any other."""

    def predict(self, context, model_input, params=None):
        missing = [isinstance(plan, float) for plan in model_input["plan"]]
        return numpy.where(missing, "None", "01")


def scripted_signature() -> ModelSignature:
    return ModelSignature(
        inputs=Schema([ColSpec("double", "f0"), ColSpec("double", "f1")]),
        outputs=Schema([ColSpec("double")]),
        params=ParamSchema([ParamSpec("factor", "double", 1.0)]),
    )


def save_scripted(folder: Path) -> Path:
    mlflow.pyfunc.save_model(
        folder,
        python_model=Scripted(),
        signature=scripted_signature(),
        pip_requirements=REQUIREMENTS,
        # This module isn't importable where the model is served.
        code_paths=[__file__],
    )
    return folder


def save_threaded(folder: Path) -> Path:
    """A model that asks for threads by joblib and by OpenMP, and for processes by joblib."""
    features, label = table()
    model = VotingClassifier(
        [
            ("threads", RandomForestClassifier(10, n_jobs=2, random_state=0)),
            ("processes", BaggingClassifier(n_estimators=4, n_jobs=2, random_state=0)),
            ("openmp", HistGradientBoostingClassifier(max_iter=10, random_state=0)),
        ],
        voting="soft",
    ).fit(features, label)
    mlflow.sklearn.save_model(
        model,
        folder,
        signature=infer_signature(features, model.predict(features)),
        input_example=features.head(1),
        pip_requirements=REQUIREMENTS,
        serialization_format="cloudpickle",
    )
    return folder


def save_lacking(folder: Path) -> Path:
    """A model whose code imports a package that isn't installed anywhere."""
    return save_with_loader(folder, "lacking_loader", "import absent_forest\n")


def save_with_loader(folder: Path, name: str, code: str) -> Path:
    """A logistic regression that is loaded by code of its own, a module of that name."""
    save_linear(folder)
    (folder / "code").mkdir()
    (folder / "code" / f"{name}.py").write_text(code)
    described = (folder / "MLmodel").read_text()
    described = described.replace("loader_module: mlflow.sklearn", f"loader_module: {name}")
    described = described.replace("  python_function:\n", "  python_function:\n    code: code\n", 1)
    (folder / "MLmodel").write_text(described)
    return folder
