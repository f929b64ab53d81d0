"""Harmless artifacts: what MLflow writes for the models that people train."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import mlflow.pyfunc
import mlflow.sklearn
import models
import numpy
import pandas
from artifact import Artifact
from mlflow.models import infer_signature
from sklearn import (
    calibration,
    compose,
    decomposition,
    discriminant_analysis,
    ensemble,
    feature_extraction,
    feature_selection,
    gaussian_process,
    impute,
    isotonic,
    linear_model,
    model_selection,
    multioutput,
    naive_bayes,
    neighbors,
    neural_network,
    pipeline,
    preprocessing,
    svm,
    tree,
)
from tollgate_serving.digest import model_files, sha256_of_file

STORED = Path(__file__).parent / "stored"
ROWS = numpy.random.default_rng(0).normal(size=(60, 4))
FRAME = pandas.DataFrame(ROWS, columns=list("abcd"))
CLASSES = numpy.arange(60) % 3
TEXTS = ["good cheap", "bad", "good and dear"] * 20
PLANS = FRAME.assign(plan=["basic", "pro", "max"] * 20)

_LOGISTIC = linear_model.LogisticRegression()


def _estimators() -> dict[str, tuple[Any, Any, Any]]:
    """Estimator, rows and labels."""
    encoded = compose.make_column_transformer(
        (preprocessing.OneHotEncoder(handle_unknown="ignore"), ["plan"]),
        (preprocessing.StandardScaler(), ["a", "b"]),
        remainder="passthrough",
    )
    pipe = pipeline.make_pipeline
    small = {"n_estimators": 3, "random_state": 0}
    on_rows = {
        "logistic": _LOGISTIC,
        "sgd": linear_model.SGDClassifier(loss="log_loss"),
        "svc": svm.SVC(),
        "linear-svc": svm.LinearSVC(),
        "tree": tree.DecisionTreeClassifier(max_depth=3),
        "forest": ensemble.RandomForestClassifier(**small),
        "extra-trees": ensemble.ExtraTreesClassifier(**small),
        "boosting": ensemble.GradientBoostingClassifier(**small),
        "hist-boosting": ensemble.HistGradientBoostingClassifier(max_iter=3),
        "ada-boost": ensemble.AdaBoostClassifier(**small),
        "bagging": ensemble.BaggingClassifier(_LOGISTIC, n_estimators=2),
        "voting": ensemble.VotingClassifier([("a", _LOGISTIC), ("b", naive_bayes.GaussianNB())]),
        "stacking": ensemble.StackingClassifier([("a", _LOGISTIC), ("b", svm.SVC())]),
        "neighbors": neighbors.KNeighborsClassifier(3),
        "ball-tree": neighbors.KNeighborsClassifier(3, algorithm="ball_tree"),
        "bayes": naive_bayes.GaussianNB(),
        "perceptron": neural_network.MLPClassifier((3,), max_iter=5),
        "discriminant": discriminant_analysis.LinearDiscriminantAnalysis(),
        "process": gaussian_process.GaussianProcessClassifier(),
        "calibrated": calibration.CalibratedClassifierCV(svm.LinearSVC()),
        "search": model_selection.GridSearchCV(_LOGISTIC, {"C": [0.1, 1]}, scoring="f1_macro"),
        "random-search": model_selection.RandomizedSearchCV(
            tree.DecisionTreeClassifier(), {"max_depth": [2, 3]}, n_iter=2
        ),
        "scaled": pipe(preprocessing.StandardScaler(), _LOGISTIC),
        "reduced": pipe(decomposition.PCA(2), _LOGISTIC),
        "selected": pipe(feature_selection.SelectKBest(k=2), _LOGISTIC),
        "imputed": pipe(impute.SimpleImputer(), preprocessing.PowerTransformer(), _LOGISTIC),
        "logarithms": pipe(preprocessing.FunctionTransformer(numpy.cbrt), _LOGISTIC),
        "polynomial": pipe(preprocessing.PolynomialFeatures(2), _LOGISTIC),
        "quantiles": pipe(preprocessing.QuantileTransformer(n_quantiles=9), _LOGISTIC),
        "outputs": multioutput.MultiOutputClassifier(_LOGISTIC),
    }
    numbers = {
        "ridge": linear_model.RidgeCV(),
        "elastic-net": linear_model.ElasticNet(),
        "forest-regressor": ensemble.RandomForestRegressor(**small),
        "hist-regressor": ensemble.HistGradientBoostingRegressor(max_iter=3),
        "svr": svm.SVR(),
        "log-target": compose.TransformedTargetRegressor(
            linear_model.Ridge(), func=numpy.log1p, inverse_func=numpy.expm1
        ),
        "kernel-process": gaussian_process.GaussianProcessRegressor(
            gaussian_process.kernels.RBF() + gaussian_process.kernels.WhiteKernel()
        ),
        "poisson": linear_model.PoissonRegressor(),
    }
    words = [
        feature_extraction.text.TfidfVectorizer(),
        feature_extraction.text.HashingVectorizer(n_features=16),
    ]
    labels = {name: CLASSES for name in on_rows} | {"outputs": numpy.stack([CLASSES] * 2, 1)}
    return (
        {name: (model, FRAME, labels[name]) for name, model in on_rows.items()}
        | {name: (model, ROWS, abs(ROWS[:, 0])) for name, model in numbers.items()}
        | {
            "table": (pipe(encoded, ensemble.RandomForestClassifier(**small)), PLANS, CLASSES),
            "table-boosting": (
                pipe(encoded, ensemble.HistGradientBoostingClassifier(max_iter=2)),
                PLANS,
                numpy.array(["no", "yes", "maybe"])[CLASSES],
            ),
            "hist-categories": (
                ensemble.HistGradientBoostingClassifier(max_iter=2, categorical_features=[0]),
                abs(ROWS).astype(int),
                CLASSES,
            ),
            "hist-plans": (
                ensemble.HistGradientBoostingRegressor(max_iter=2),
                PLANS.astype({"plan": "category"}),
                ROWS[:, 0],
            ),
            "texts": (pipe(words[0], _LOGISTIC), TEXTS, CLASSES),
            "hashed-texts": (pipe(words[1], linear_model.SGDClassifier()), TEXTS, CLASSES),
            "isotonic": (isotonic.IsotonicRegression(), ROWS[:, 0], ROWS[:, 1]),
        }
    )


def _sklearn(model: Any, rows: Any, labels: Any, form: str) -> Callable[[Path], None]:
    def write(folder: Path) -> None:
        import skops.io

        model.fit(rows, labels)
        trusted = None
        if form == "skops":
            trusted = skops.io.get_untrusted_types(data=skops.io.dumps(model))
        mlflow.sklearn.save_model(
            model,
            folder,
            serialization_format=form,
            skops_trusted_types=trusted,
            pip_requirements=models.REQUIREMENTS,
            signature=infer_signature(rows[:3]),
            input_example=rows[:3] if rows is not TEXTS else None,
        )

    return write


def _scikit_learn() -> list[Artifact]:
    forms = {"pickle": "pickle", "cloudpickle": "cloudpickle", "skops": "skops"}
    made: list[Artifact] = []
    for index, (name, (model, rows, labels)) in enumerate(_estimators().items()):
        form = list(forms)[index % len(forms)]
        made.append(
            Artifact(
                f"sk-{name}", f"scikit-learn, {form}", _sklearn(model, rows, labels, form), True
            )
        )
    return made


def _stored(name: str) -> Artifact:
    def write(folder: Path) -> None:
        shutil.copytree(STORED / name, folder)

    return Artifact(name, "stored", write, True)


def _every_file(folder: Path) -> dict[str, Any]:
    """Somebody read these files: their own sha256 allows them."""
    code = [
        {"path": path, "sha256": sha256_of_file(folder / path)}
        for path in sorted(model_files(folder))
        if path.endswith((".py", ".pkl"))
    ]
    return {"code": code}


def _pyfunc_with_artifact(folder: Path) -> None:
    words = folder.with_name(f"{folder.name}-words.txt")
    words.write_text("good\n")
    try:
        mlflow.pyfunc.save_model(
            folder,
            python_model=models.Scripted(),
            artifacts={"words": str(words)},
            code_paths=[models.__file__],
            signature=models.scripted_signature(),
            pip_requirements=models.REQUIREMENTS,
        )
    finally:
        words.unlink()


def _pyfunc_from_code(folder: Path) -> None:
    script = folder.with_name("from_code.py")
    script.write_text(
        "import mlflow\n\n\nclass Sum(mlflow.pyfunc.PythonModel):\n"
        "    def predict(self, context, model_input, params=None):\n"
        "        return model_input.sum(axis=1)\n\n\nmlflow.models.set_model(Sum())\n"
    )
    try:
        mlflow.pyfunc.save_model(
            folder,
            python_model=str(script),
            signature=models.scripted_signature(),
            pip_requirements=models.REQUIREMENTS,
        )
    finally:
        script.unlink()


def _pyfunc_by_value(folder: Path) -> None:
    class Constant(mlflow.pyfunc.PythonModel):
        def predict(self, context, model_input, params=None):
            return [1.0] * len(model_input)

    mlflow.pyfunc.save_model(
        folder,
        python_model=Constant(),
        signature=models.scripted_signature(),
        pip_requirements=models.REQUIREMENTS,
    )


#: Models with code of their own, by what writes them.
PYFUNCS: dict[str, Callable[[Path], object]] = {
    "pyfunc-with-code": models.save_scripted,
    "pyfunc-with-artifact": _pyfunc_with_artifact,
    "pyfunc-from-code": _pyfunc_from_code,
    "pyfunc-by-value": _pyfunc_by_value,
}


def harmless_artifacts() -> list[Artifact]:
    stored = sorted(each.name for each in STORED.iterdir() if (each / "MLmodel").exists())
    reviewed = [
        Artifact(name, "its files are allowed by their sha256", write, True, _every_file)
        for name, write in PYFUNCS.items()
    ]
    return [*_scikit_learn(), *map(_stored, stored), *reviewed]
