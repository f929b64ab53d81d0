"""scikit-learn: as skops and as cloudpickle; numbers, categories and texts as rows; several targets."""

from __future__ import annotations

from typing import Any

import mlflow.sklearn
import pandas
from flavor import Flavor, pinned
from mlflow.models import infer_signature
from rows import complaints, mixed, numbers
from sklearn.compose import make_column_transformer
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestRegressor
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder


def flavors() -> list[Flavor]:
    table, label = numbers()
    people, plan = mixed()
    texts, kind = complaints()
    two = pandas.DataFrame({"price": table.a * 3 + table.b, "days": table.c - table.d})
    encoder = make_column_transformer((OneHotEncoder(), ["plan"]), remainder="passthrough")
    pipeline = make_pipeline(encoder, LogisticRegression(max_iter=1000))
    words = make_column_transformer((TfidfVectorizer(), "text"))
    return [
        _flavor("scikit-learn, skops", LogisticRegression(), table, label),
        _flavor(
            "scikit-learn, cloudpickle",
            pipeline,
            people,
            plan,
            serialization_format="cloudpickle",
        ),
        _flavor(
            "scikit-learn boosting, missing values",
            HistGradientBoostingClassifier(max_iter=20),
            table.mask(table > 1.5),
            label,
            serialization_format="cloudpickle",
        ),
        _flavor(
            "scikit-learn, an array",
            LogisticRegression(),
            table.to_numpy(dtype="float32"),
            label,
        ),
        _flavor(
            "scikit-learn, two targets",
            RandomForestRegressor(20, random_state=0),
            table,
            two,
            task="regression",
            serialization_format="cloudpickle",
        ),
        _flavor(
            "scikit-learn, texts (TF-IDF)",
            make_pipeline(words, LogisticRegression()),
            texts,
            kind,
            serialization_format="cloudpickle",
        ),
    ]


def _flavor(
    name: str, model: Any, features: Any, labels: Any, task: str = "classification", **options: Any
) -> Flavor:
    def log(**given: Any) -> Any:
        model.fit(features, labels)
        signature = infer_signature(features, model.predict(features))
        return mlflow.sklearn.log_model(
            model, signature=signature, pip_requirements=pinned("scikit-learn"), **options, **given
        )

    how = options.get("serialization_format", "skops")
    kind = type(model).__name__
    what = "a pipeline" if kind == "Pipeline" else kind
    return Flavor(name, f"mlflow.sklearn, {what}, {how}", log, features, labels, task)
