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
        total = model_input.sum(axis=1).to_numpy() * (params or {}).get("factor", 1.0)
        return numpy.where(first == -2, numpy.nan, total)


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


def save_lacking(folder: Path) -> Path:
    """A model whose code imports a package that isn't installed anywhere."""
    save_linear(folder)
    (folder / "code").mkdir()
    (folder / "code" / "lacking_loader.py").write_text("import absent_forest\n")
    described = (folder / "MLmodel").read_text()
    described = described.replace("loader_module: mlflow.sklearn", "loader_module: lacking_loader")
    described = described.replace("  python_function:\n", "  python_function:\n    code: code\n", 1)
    (folder / "MLmodel").write_text(described)
    return folder
