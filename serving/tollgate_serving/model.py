"""Loads an MLflow model and finds the quickest way to the same predictions."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy

from tollgate_serving.answers import plain_predictions
from tollgate_serving.conversion import from_json
from tollgate_serving.errors import UserError
from tollgate_serving.fetch import Pinned, one_line
from tollgate_serving.formats import Request
from tollgate_serving.logs import logger
from tollgate_serving.quiet import quiet_mlflow
from tollgate_serving.request_error import RequestError
from tollgate_serving.sample import sample_rows
from tollgate_serving.signature import NUMPY_TYPES, Signature, read_signature
from tollgate_serving.table import Rows, model_input

EXIT_LOAD = 5

#: Flavours whose predictions for a row don't depend on the other rows of the call.
ROWWISE_FLAVORS = {"sklearn", "xgboost", "lightgbm", "catboost"}


@dataclass(frozen=True)
class LoadedModel:
    """A model ready to predict."""

    signature: Signature | None
    #: A ``features`` value that the model answers, or None when nobody can tell one.
    sample: list[Any] | None
    #: Predicts rows that were checked against the signature.
    predict: Callable[[Rows], Any]
    #: Predicts a request that needs MLflow's own checks, or has params.
    run: Callable[[Request], Any]
    #: May rows of several requests go into one call?
    rowwise: bool
    #: ``native`` (numpy to the library itself) or ``pyfunc``.
    path: str
    #: Probabilities of a request's rows, a column for each of ``classes``; None for a model that gives none.
    probabilities: Callable[[Request], Any] | None = None
    #: What a classifier can answer; None where the library's model doesn't say.
    classes: Any = None

    @property
    def class_names(self) -> list[Any] | None:
        """The classes in JSON's types; None for a model that names none."""
        return None if self.classes is None else numpy.asarray(self.classes).tolist()


def load_pyfunc(folder: Path, pinned: Pinned) -> Any:
    """MLflow's own model object. Raises UserError with exit code 5 when it can't be had."""
    quiet_mlflow()
    import mlflow.pyfunc
    from mlflow.environment_variables import _MLFLOW_IS_IN_SERVING_ENVIRONMENT

    # As MLflow's server says: it makes bytes and times of JSON's texts for a model with types of Python.
    _MLFLOW_IS_IN_SERVING_ENVIRONMENT.set("true")
    try:
        _choose_keras_backend(folder)
        return mlflow.pyfunc.load_model(str(folder), suppress_warnings=True)
    except ModuleNotFoundError as error:
        raise UserError(
            f"{pinned} can't be loaded: the package {error.name} isn't installed; "
            "add it to the locked requirements (tollgate:python.requirements).",
            EXIT_LOAD,
        ) from error
    except Exception as error:
        logger.debug("the model failed to load", exc_info=True)
        raise UserError(
            f"{pinned} can't be loaded: {one_line(error)}; mend what it does when it is loaded, or "
            "train it with the packages it is served with.",
            EXIT_LOAD,
        ) from error


def _choose_keras_backend(folder: Path) -> None:
    """The one that a Keras model was made with. MLflow writes it down and doesn't read it, and Keras looks for
    TensorFlow."""
    from mlflow.models import Model

    backend = Model.load(str(folder)).flavors.get("keras", {}).get("keras_backend")
    if isinstance(backend, str):
        os.environ["KERAS_BACKEND"] = backend


def load(folder: Path, pinned: Pinned) -> LoadedModel:
    """Loads the model in ``folder`` for serving. Raises UserError with exit code 5 when that fails."""
    pyfunc = load_pyfunc(folder, pinned)
    signature = read_signature(pyfunc.metadata.signature)
    sample = sample_rows(signature, pyfunc.input_example)
    if signature is not None and signature.kind != "other":
        _leave_checks_to_us(pyfunc)

    def predict_pyfunc(rows: Rows) -> Any:
        return _refusing(pyfunc.predict, model_input(rows, signature))

    def run(request: Request) -> Any:
        data = request.raw if request.rows is None else model_input(request.rows, signature)
        return _refusing(pyfunc.predict, data, params=request.params)

    predict, path = predict_pyfunc, "pyfunc"
    rowwise = False
    if (
        signature is not None
        and sample is not None
        and ROWWISE_FLAVORS & set(pyfunc.metadata.flavors)
    ):
        trial = _trial_rows(signature, sample)
        native = _native_predict(pyfunc) if signature.uniform else None
        if native is not None and _agree(native, predict_pyfunc, trial, _lacking(trial)):
            predict, path = native, "native"
        rowwise = _is_rowwise(predict, trial)
    probabilities, classes = _probabilities(pyfunc, signature)
    if sample is not None and not _may_be_offered(sample, signature, predict):
        sample = None
    return LoadedModel(signature, sample, predict, run, rowwise, path, probabilities, classes)


def _may_be_offered(
    sample: list[Any], signature: Signature | None, predict: Callable[[Rows], Any]
) -> bool:
    """Of the model's own example, always. Values that were made up for it, as a text "a" for a region, may be none that
    it knows; then nobody shall ask for them and blame the model."""
    if signature is None or sample != sample_rows(signature, None):
        return True
    try:
        plain_predictions(predict(from_json(sample, signature)))
        return True
    except Exception as error:
        logger.info(
            "the model has no input_example and fails on made-up values, so no sample request is offered",
            extra={"facts": {"error": type(error).__name__}},
        )
        return False


def _leave_checks_to_us(pyfunc: Any) -> None:
    """Takes the inputs out of the loaded signature, so that MLflow doesn't convert them once more at each call.

    What ``model_input`` makes is what MLflow's check would hand on, which a test holds for any rows; the check alone
    takes longer than most models, and more for each column. Params are still MLflow's to fill in.
    """
    from mlflow.models.signature import ModelSignature

    whole = pyfunc.metadata.signature
    if whole.outputs is not None or whole.params is not None:
        left = ModelSignature(outputs=whole.outputs, params=whole.params)
        left._is_type_hint_from_example = whole._is_type_hint_from_example
        pyfunc.metadata.signature = left
    elif not whole._is_type_hint_from_example:
        # MLflow has no signature that says nothing at all.
        pyfunc.metadata.signature = None


def _refusing(predict: Callable[..., Any], *given: Any, **named: Any) -> Any:
    """What MLflow itself refuses is the caller's: its input or its params."""
    from mlflow.exceptions import MlflowException

    try:
        return predict(*given, **named)
    except MlflowException:
        logger.debug("MLflow refused the input", exc_info=True)
        # Its text quotes the caller's values.
        raise RequestError(
            422, "signature", "The input or its params don't fit the model's signature."
        ) from None


def _probabilities(
    pyfunc: Any, signature: Signature | None
) -> tuple[Callable[[Request], Any] | None, Any]:
    """The library's own ``predict_proba``, and the classes, as far as MLflow hands out a model that has them."""
    try:
        raw = pyfunc.get_raw_model()
        method, classes = getattr(raw, "predict_proba", None), getattr(raw, "classes_", None)
        classes = None if classes is None else numpy.asarray(classes)
    except Exception:
        return None, None
    if classes is None or classes.ndim != 1 or classes.size == 0:
        # A regressor of some libraries has an empty list; several targets have one each.
        return None, None
    if method is None:
        return None, classes

    def probabilities(request: Request) -> Any:
        rows = request.rows
        return method(request.raw if rows is None else model_input(rows, signature))

    return probabilities, classes


def _native_predict(pyfunc: Any) -> Callable[[Rows], Any] | None:
    """scikit-learn's own method, without MLflow's and pandas' work for each call."""
    flavors = pyfunc.metadata.flavors
    if "sklearn" not in flavors:
        return None
    name = flavors["python_function"].get("predict_fn", "predict")
    method = getattr(pyfunc.get_raw_model(), name, None)
    # A matrix for a model that was trained on named columns: the order was checked against the signature.
    warnings.filterwarnings("ignore", message="X does not have valid feature names")
    return method


def _trial_rows(signature: Signature, sample: list[Any]) -> Rows:
    """Rows for comparing two ways of predicting: the sample, and random ones where numbers may vary."""
    if signature.uniform is None:
        return from_json(sample * 4, signature)
    dtype = numpy.dtype(NUMPY_TYPES[signature.uniform])
    base = numpy.asarray(from_json(sample[:1], signature), dtype="float64")
    scale = numpy.maximum(1.0, numpy.abs(base))
    noise = numpy.random.default_rng(0).normal(size=(31, base.shape[1]))
    rows = numpy.concatenate([base, base + scale * noise])
    if dtype.kind in "iu":
        limits = numpy.iinfo(dtype)
        rows = numpy.clip(numpy.rint(rows), limits.min, limits.max)
    return rows.astype(dtype)


def _lacking(trial: Any) -> Any:
    """The rows with about half of their values missing; None where the type has no missing value."""
    if trial.dtype.kind != "f":
        return None
    missing = numpy.random.default_rng(1).random(trial.shape) < 0.5
    return numpy.where(missing, numpy.array(numpy.nan, trial.dtype), trial)


def _agree(
    native: Callable[[Rows], Any], pyfunc: Callable[[Rows], Any], trial: Rows, lacking: Rows | None
) -> bool:
    """Do both ways give the same, on whole rows and on rows with missing values (or both nothing there)?"""
    expected = _outcome(pyfunc, trial)
    if expected is None:
        # The model itself fails on such rows: that is for its callers to see, not a reason to refuse it.
        return False
    if not _same_outcome(_outcome(native, trial), expected) or (
        lacking is not None
        and not _same_outcome(_outcome(native, lacking), _outcome(pyfunc, lacking))
    ):
        logger.info("the model needs named columns, so MLflow's own way is used")
        return False
    return True


def _outcome(predict: Callable[[Rows], Any], rows: Rows) -> Any:
    """What it answers; None where it fails."""
    try:
        return predict(rows)
    except Exception:
        return None


def _same_outcome(left: Any, right: Any) -> bool:
    if left is None or right is None:
        return left is right
    return _same(left, right)


def _is_rowwise(predict: Callable[[Rows], Any], trial: Rows) -> bool:
    try:
        together = predict(trial)
        alone = [predict(trial[index : index + 1]) for index in range(len(trial))]
        return _same(numpy.concatenate([numpy.asarray(one) for one in alone]), together)
    except Exception:
        return False


def _same(left: Any, right: Any) -> bool:
    left, right = numpy.asarray(left), numpy.asarray(right)
    if left.shape != right.shape:
        return False
    if left.dtype.kind == "f" and right.dtype.kind == "f":
        # Libraries add in another order for one row than for many: the last digit may differ.
        return bool(numpy.allclose(left, right, rtol=1e-12, atol=1e-12, equal_nan=True))
    return bool(numpy.array_equal(left, right))
