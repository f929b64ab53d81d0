"""XGBoost, LightGBM and CatBoost: their scikit-learn classes and their own boosters, with categories and without."""

from __future__ import annotations

from typing import Any

import catboost
import lightgbm
import mlflow
import numpy
import pandas
import xgboost
from flavor import Flavor, pinned
from mlflow.models import infer_signature
from mlflow.models.signature import ModelSignature
from mlflow.types import ColSpec, Schema
from rows import mixed, numbers
from sklearn.compose import make_column_transformer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OrdinalEncoder

#: What a booster of two classes answers is the chance of the second one.
CHANCE = {"positive": 1, "answer": {"threshold": 0.5}}
QUIET = {"verbose": -1, "num_threads": 1}


def flavors() -> list[Flavor]:
    return [*_xgboost(), *_lightgbm(), _catboost()]


def _xgboost() -> list[Flavor]:
    table, label = numbers()
    people, says = mixed()
    leaves = (says == "leaves").astype("int64")
    categories = people.astype({"plan": "category"})
    made = {"n_estimators": 20, "nthread": 1}

    def classifier(**given: Any) -> Any:
        model = xgboost.XGBClassifier(**made).fit(table, label)
        return _logged(mlflow.xgboost, model, _signature(table, label), **given)

    def booster(**given: Any) -> Any:
        settings = {"objective": "binary:logistic", "nthread": 1}
        model = xgboost.train(settings, xgboost.DMatrix(table, label), 20)
        return _logged(mlflow.xgboost, model, _signature(table, numpy.array([0.5])), **given)

    def with_categories(**given: Any) -> Any:
        model = xgboost.XGBClassifier(enable_categorical=True, **made).fit(categories, leaves)
        return _logged(mlflow.xgboost, model, _signature(people, leaves), **given)

    def encoded(**given: Any) -> Any:
        encoder = make_column_transformer(
            (OrdinalEncoder(), ["plan"]), remainder="passthrough", verbose_feature_names_out=False
        ).set_output(transform="pandas")
        model = make_pipeline(encoder, xgboost.XGBClassifier(**made)).fit(people, leaves)
        return mlflow.sklearn.log_model(
            model,
            signature=_signature(people, leaves),
            pip_requirements=pinned("scikit-learn", "xgboost-cpu"),
            serialization_format="cloudpickle",
            **given,
        )

    return [
        Flavor("XGBoost, XGBClassifier", "mlflow.xgboost", classifier, table, label),
        Flavor(
            "XGBoost, Booster",
            "mlflow.xgboost; a threshold says the class",
            booster,
            table,
            label,
            evaluation=CHANCE,
        ),
        Flavor(
            "XGBoost, pandas' categories",
            "mlflow.xgboost, trained on a column of dtype category, which a signature calls string",
            with_categories,
            people,
            leaves,
            refused="ValueError in _invalid_dataframe_dtype",
        ),
        Flavor(
            "XGBoost, categories encoded",
            "mlflow.sklearn, a pipeline with an OrdinalEncoder, cloudpickle",
            encoded,
            people,
            leaves,
        ),
    ]


def _lightgbm() -> list[Flavor]:
    table, label = numbers()
    people, says = mixed()
    categories = people.astype({"plan": "category"})

    def classifier(**given: Any) -> Any:
        model = lightgbm.LGBMClassifier(n_estimators=20, **QUIET).fit(table, says)
        signature = _signature(table, says)
        return _logged(
            mlflow.lightgbm, model, signature, serialization_format="cloudpickle", **given
        )

    def booster(**given: Any) -> Any:
        settings = {"objective": "binary", **QUIET}
        model = lightgbm.train(settings, lightgbm.Dataset(table, label), 20)
        return _logged(mlflow.lightgbm, model, _signature(table, numpy.array([0.5])), **given)

    def with_categories(**given: Any) -> Any:
        model = lightgbm.LGBMClassifier(n_estimators=20, **QUIET).fit(categories, says)
        signature = _signature(people, says)
        return _logged(
            mlflow.lightgbm, model, signature, serialization_format="cloudpickle", **given
        )

    return [
        Flavor("LightGBM, LGBMClassifier", "mlflow.lightgbm, cloudpickle", classifier, table, says),
        Flavor(
            "LightGBM, Booster",
            "mlflow.lightgbm; a threshold says the class",
            booster,
            table,
            label,
            evaluation=CHANCE,
        ),
        Flavor(
            "LightGBM, pandas' categories",
            "mlflow.lightgbm, trained on a column of dtype category, which a signature calls string",
            with_categories,
            people,
            says,
            refused="fails on the evaluation data: ",
        ),
    ]


def _catboost() -> Flavor:
    people, says = mixed()

    def log(**given: Any) -> Any:
        model = catboost.CatBoostClassifier(
            iterations=20,
            cat_features=["plan"],
            verbose=False,
            allow_writing_files=False,
            thread_count=1,
        )
        model.fit(people, says)
        return _logged(mlflow.catboost, model, _signature(people, says), **given)

    return Flavor(
        "CatBoost, texts as classes", "mlflow.catboost, with cat_features", log, people, says
    )


def _signature(features: pandas.DataFrame, answers: Any) -> ModelSignature:
    """Texts are strings for the model, whatever pandas made of them."""
    inputs = infer_signature(features).inputs
    kind = {"O": "string", "U": "string", "f": "double", "i": "long"}[
        numpy.asarray(answers).dtype.kind
    ]
    return ModelSignature(inputs=inputs, outputs=Schema([ColSpec(kind)]))


def _logged(flavor: Any, model: Any, signature: ModelSignature, **given: Any) -> Any:
    package = {"xgboost": "xgboost-cpu"}.get(flavor.FLAVOR_NAME, flavor.FLAVOR_NAME)
    # The positional name of the model is another one in each flavor.
    return flavor.log_model(model, signature=signature, pip_requirements=pinned(package), **given)
