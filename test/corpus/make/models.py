"""Model families, each a pipeline that takes a table with gaps, and how a fitted one becomes a version's folder."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pandas import DataFrame
from sklearn.calibration import CalibratedClassifierCV
from sklearn.ensemble import (
    GradientBoostingRegressor,
    HistGradientBoostingClassifier,
    RandomForestClassifier,
)
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC, SVR

#: What the versions need, each pinned to what they were trained with.
REQUIREMENTS = ("mlflow==3.17.2", "scikit-learn==1.9.1", "numpy==2.4.6", "pandas==3.1.1")

FAMILIES: dict[str, Callable[[], Any]] = {
    "logistic": lambda: LogisticRegression(C=1.0, max_iter=2000),
    "logistic-l2": lambda: LogisticRegression(C=0.3, max_iter=2000),
    "forest": lambda: RandomForestClassifier(60, max_depth=8, random_state=0),
    "boosting": lambda: HistGradientBoostingClassifier(max_iter=80, random_state=0),
    "svc": lambda: CalibratedClassifierCV(SVC(random_state=0), ensemble=False),
    # Not the default tree, whose bytes hold whatever memory it was given.
    "knn": lambda: KNeighborsClassifier(5, algorithm="brute"),
    "mlp": lambda: MLPClassifier((32,), max_iter=800, random_state=0),
    "bayes": lambda: GaussianNB(),
    "ridge": lambda: Ridge(1.0),
    "svr": lambda: SVR(C=50.0),
    "boosting-regressor": lambda: GradientBoostingRegressor(
        n_estimators=60, max_depth=2, random_state=0
    ),
}


def pipeline(estimator: Any) -> Any:
    """Gaps filled with the median and columns scaled before the estimator."""
    return make_pipeline(SimpleImputer(strategy="median"), StandardScaler(), estimator)


def save(model: Any, example: DataFrame, folder: Path, optional: tuple[str, ...] = ()) -> None:
    """An MLflow model folder whose bytes depend on nothing but the model.

    ``optional`` names inputs that callers may leave out.
    """
    import mlflow.sklearn
    from mlflow.models import ModelSignature, infer_signature
    from mlflow.types import ColSpec, Schema

    signature = infer_signature(example, model.predict(example))
    columns = [
        ColSpec(column.type, column.name, required=column.name not in optional)
        for column in signature.inputs.inputs
    ]
    signature = ModelSignature(inputs=Schema(columns), outputs=signature.outputs)
    mlflow.sklearn.save_model(
        model,
        folder,
        signature=signature,
        serialization_format="cloudpickle",
        pip_requirements=list(REQUIREMENTS),
    )
    _forget_when(folder)


def _forget_when(folder: Path) -> None:
    """MLflow writes a time and a random number into each folder, which would be another digest each time."""
    described = folder / "MLmodel"
    text = re.sub(
        r"(?m)^utc_time_created: .*$",
        "utc_time_created: '2026-02-02 07:00:00.000000'",
        described.read_text(),
    )
    described.write_text(re.sub(r"(?m)^model_uuid: .*$", f"model_uuid: {'0' * 32}", text))
