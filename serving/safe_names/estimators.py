"""Every estimator of scikit-learn, fitted on a few rows, and what is put around estimators."""

from __future__ import annotations

import contextlib
import inspect
import warnings
from collections.abc import Iterator
from typing import Any

import numpy
import pandas
import scipy.sparse
from sklearn import (
    compose,
    ensemble,
    feature_selection,
    gaussian_process,
    impute,
    linear_model,
    metrics,
    model_selection,
    neighbors,
    pipeline,
    preprocessing,
    svm,
    tree,
)
from sklearn.experimental import enable_halving_search_cv, enable_iterative_imputer  # noqa: F401
from sklearn.gaussian_process import kernels
from sklearn.utils import Bunch, all_estimators
from sklearn.utils._test_common.instance_generator import _construct_instances
from values import ARRAY_FUNCTIONS

_ROWS = 30


def fitted_estimators() -> Iterator[Any]:
    """Each estimator as scikit-learn's own tests set it up, unfitted and fitted on each kind of data it takes."""
    for _, kind in all_estimators():
        with contextlib.suppress(Exception):
            yield kind()
        for made in _instances(kind):
            yield made
            for features, label in _data():
                fitted = _fitted(made, features, label)
                if fitted is not None:
                    yield fitted


def around_estimators() -> Iterator[Any]:
    """Pipelines, searches, kernels, scorers and settings that name functions."""
    features, label = _numbers(), _classes(2)
    for name in ARRAY_FUNCTIONS:
        yield preprocessing.FunctionTransformer(getattr(numpy, name))
    yield preprocessing.FunctionTransformer(numpy.log1p, inverse_func=numpy.expm1, kw_args={"a": 1})
    scorers = [metrics.get_scorer(name) for name in metrics.get_scorer_names()]
    yield scorers
    yield metrics.make_scorer(metrics.fbeta_score, beta=2, average="macro")
    logistic, forest = linear_model.LogisticRegression(), ensemble.RandomForestClassifier(3)
    for scoring in ("accuracy", "f1", "roc_auc", "neg_log_loss", ["f1", "accuracy"]):
        for folds in (3, model_selection.StratifiedKFold(3), model_selection.KFold(3)):
            search = model_selection.GridSearchCV(
                logistic,
                {"C": [0.1, 1]},
                scoring=scoring,
                cv=folds,
                refit="f1" if scoring == ["f1", "accuracy"] else True,
            )
            yield search.fit(features, label)
    yield model_selection.RandomizedSearchCV(forest, {"max_depth": [2, 3]}, n_iter=2).fit(
        features, label
    )
    for _, kind in inspect.getmembers(model_selection, inspect.isclass):
        if hasattr(kind, "split"):
            with contextlib.suppress(TypeError):
                yield kind()
    for name in [
        "chi2",
        "f_classif",
        "f_regression",
        "mutual_info_classif",
        "mutual_info_regression",
        "r_regression",
    ]:
        yield feature_selection.SelectKBest(getattr(feature_selection, name), k=2).fit(
            abs(features), label
        )
    for kernel in _kernels():
        yield kernel
        with contextlib.suppress(Exception):
            yield gaussian_process.GaussianProcessRegressor(kernel).fit(features, label)
    for metric in (
        "minkowski",
        "manhattan",
        "chebyshev",
        "cosine",
        "hamming",
        "canberra",
        "braycurtis",
    ):
        for algorithm in ("ball_tree", "kd_tree", "brute"):
            with contextlib.suppress(ValueError):
                made = neighbors.KNeighborsClassifier(3, metric=metric, algorithm=algorithm)
                yield made.fit(features, label)
    for metric in sorted({*neighbors.BallTree.valid_metrics} - {"pyfunc"}):
        for extra in ({}, {"p": 3}, {"V": numpy.eye(4)}, {"V": numpy.ones(4)}):
            with contextlib.suppress(Exception):
                yield neighbors.BallTree(features, metric=metric, **extra)
                yield metrics.DistanceMetric.get_metric(metric, **extra)
                yield metrics.DistanceMetric.get_metric(metric, numpy.float32, **extra)
    for loss in [
        "hinge",
        "log_loss",
        "modified_huber",
        "squared_hinge",
        "perceptron",
        "squared_error",
        "huber",
    ]:
        yield linear_model.SGDClassifier(loss=loss).fit(features, label)
    for loss in ["squared_error", "huber", "epsilon_insensitive", "squared_epsilon_insensitive"]:
        yield linear_model.SGDRegressor(loss=loss).fit(features, label)
    holes = numpy.where(features > 1, numpy.nan, features)
    for inner in (
        ensemble.RandomForestRegressor(3),
        linear_model.Ridge(),
        neighbors.KNeighborsRegressor(),
    ):
        yield impute.IterativeImputer(inner, max_iter=2).fit(holes)
    for loss in ["squared_error", "absolute_error", "gamma", "poisson", "quantile"]:
        quantile = 0.5 if loss == "quantile" else None
        made = ensemble.HistGradientBoostingRegressor(loss=loss, quantile=quantile, max_iter=2)
        yield made.fit(features, abs(features[:, 0]) + 1)
    for loss in ["squared_error", "absolute_error", "huber", "quantile"]:
        yield ensemble.GradientBoostingRegressor(loss=loss, n_estimators=2).fit(features, label)
    for loss in ("log_loss", "exponential"):
        made = ensemble.GradientBoostingClassifier(loss=loss, n_estimators=2, init=logistic)
        yield made.fit(features, label)
    for power in (0, 1, 1.5, 2, 3):
        yield linear_model.TweedieRegressor(power=power).fit(features, abs(features[:, 0]) + 1)
    yield ensemble.AdaBoostClassifier(tree.DecisionTreeClassifier(max_depth=1), n_estimators=2).fit(
        features, label
    )
    yield svm.SVC(probability=False, kernel="poly").fit(features, label)
    yield pipeline.make_pipeline(preprocessing.StandardScaler(), forest).fit(features, label)
    yield _mixed()
    yield _mixed().set_output(transform="pandas")
    yield compose.make_column_selector(dtype_include=float)
    yield compose.TransformedTargetRegressor(
        linear_model.Ridge(), func=numpy.log1p, inverse_func=numpy.expm1
    ).fit(features, label)
    yield Bunch(data=features, target=label)


def _instances(kind: Any) -> list[Any]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return list(_construct_instances(kind))
        except Exception:
            return []


def _fitted(made: Any, features: Any, label: Any) -> Any:
    from sklearn.base import clone

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return clone(made).fit(features, label)
        except Exception:
            return None


def _data() -> Iterator[tuple[Any, Any]]:
    """A few rows of each kind of data, with labels of a kind."""
    features = _numbers()
    named = pandas.DataFrame(abs(features), columns=list("abcd"))
    yield features, _classes(2)
    yield abs(features), _classes(3)
    yield named, numpy.array(["no", "yes"])[_classes(2)]
    yield named, abs(features[:, 0]) + 0.1
    yield scipy.sparse.csr_matrix(abs(features)), _classes(2)
    yield features, numpy.stack([_classes(2), _classes(2)[::-1]], 1)
    yield features, features[:, :2]
    yield features[:, 0], features[:, 1]
    yield ["a b", "b c d", "a"] * 10, _classes(2)
    yield [{"a": 1.0, "b": "x"}, {"a": 2.0, "b": "y"}] * 15, _classes(2)
    yield numpy.array([["x", "u"], ["y", "v"], ["x", None]] * 10, dtype=object), _classes(2)
    yield pandas.DataFrame({"a": ["x", "y", "z"] * 10, "b": ["u", "v", "u"] * 10}), _classes(2)
    categories = pandas.DataFrame(
        {"plan": pandas.Categorical(["x", "y", "z"] * 10), "amount": features[:, 0]}
    )
    yield categories, _classes(2)
    yield categories, features[:, 1]
    yield _classes(2), None
    yield [("x", "y"), ("y",), ("z",)] * 10, None
    yield features @ features.T, _classes(2)


def _numbers() -> Any:
    return numpy.random.default_rng(0).normal(size=(_ROWS, 4))


def _classes(count: int) -> Any:
    return numpy.arange(_ROWS) % count


def _mixed() -> Any:
    frame = pandas.DataFrame(
        {
            "amount": numpy.arange(_ROWS) * 1.5,
            "plan": ["basic", "pro", "max"] * 10,
            "count": range(_ROWS),
        }
    )
    encoder = compose.make_column_transformer(
        (preprocessing.OneHotEncoder(handle_unknown="ignore"), ["plan"]),
        (preprocessing.StandardScaler(), compose.make_column_selector("amount")),
        ("passthrough", slice(2, 3)),
        remainder="drop",
    )
    return pipeline.make_pipeline(encoder, linear_model.Ridge()).fit(frame, frame["amount"])


def _kernels() -> Iterator[Any]:
    for _, kind in inspect.getmembers(kernels, inspect.isclass):
        if issubclass(kind, kernels.Kernel):
            with contextlib.suppress(TypeError):
                yield kind()
    yield kernels.RBF() + kernels.WhiteKernel() * kernels.ConstantKernel()
    yield kernels.Exponentiation(kernels.RBF(), 2)
    yield kernels.CompoundKernel([kernels.RBF()])
