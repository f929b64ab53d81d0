"""Loads an MLflow model and finds the quickest way to the same predictions."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy

from tollgate_serving.errors import UserError
from tollgate_serving.fetch import Pinned, one_line
from tollgate_serving.formats import Request
from tollgate_serving.logs import logger
from tollgate_serving.quiet import quiet_mlflow
from tollgate_serving.rows import RequestError, Rows
from tollgate_serving.signature import Signature, read_signature, sample_rows

EXIT_LOAD = 5

#: Flavours whose predictions for a row don't depend on the other rows of the call.
ROWWISE_FLAVORS = {"sklearn", "xgboost", "lightgbm", "catboost"}


@dataclass(frozen=True)
class LoadedModel:
    """A model ready to predict."""

    signature: Signature | None
    #: A valid ``features`` value, or None when the signature can't tell.
    sample: list[list[Any]] | None
    #: Predicts rows that were checked against the signature.
    predict: Callable[[Rows], Any]
    #: Predicts a request that needs MLflow's own checks, or has params.
    run: Callable[[Request], Any]
    #: May rows of several requests go into one call?
    rowwise: bool
    #: ``native`` (numpy to the library itself) or ``pyfunc``.
    path: str


def load_pyfunc(folder: Path, pinned: Pinned) -> Any:
    """MLflow's own model object. Raises UserError with exit code 5 when it can't be had."""
    quiet_mlflow()
    import mlflow.pyfunc

    try:
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
            f"{pinned} can't be loaded: {one_line(error)}; train it with the packages it is served with.",
            EXIT_LOAD,
        ) from error


def load(folder: Path, pinned: Pinned) -> LoadedModel:
    """Loads the model in ``folder`` for serving. Raises UserError with exit code 5 when that fails."""
    pyfunc = load_pyfunc(folder, pinned)
    from mlflow.exceptions import MlflowException

    signature = read_signature(pyfunc.metadata.signature)
    sample = sample_rows(signature, pyfunc.input_example)

    def predict_pyfunc(rows: Rows) -> Any:
        return pyfunc.predict(as_input(rows, signature))

    def run(request: Request) -> Any:
        data = request.raw if request.rows is None else as_input(request.rows, signature)
        try:
            return pyfunc.predict(data, params=request.params)
        except MlflowException as error:
            if error.error_code != "INVALID_PARAMETER_VALUE":
                raise
            # Its text quotes the caller's values.
            raise RequestError(
                422, "signature", "The input or its params don't fit the model's signature."
            ) from None

    predict, path = predict_pyfunc, "pyfunc"
    rowwise = False
    if (
        signature is not None
        and sample is not None
        and ROWWISE_FLAVORS & set(pyfunc.metadata.flavors)
    ):
        trial = _trial_rows(signature, sample)
        native = _native_predict(pyfunc) if signature.all_double else None
        if native is not None and _agree(native, predict_pyfunc, trial):
            predict, path = native, "native"
        rowwise = _is_rowwise(predict, trial)
    return LoadedModel(signature, sample, predict, run, rowwise, path)


def as_input(rows: Rows, signature: Signature) -> Any:
    """Checked rows as what MLflow's pyfunc expects for this signature."""
    import pandas

    if signature.kind == "matrix":
        return numpy.asarray(rows, dtype=numpy.float64)
    names = [column.name for column in signature.columns] if signature.named else None
    if isinstance(rows, numpy.ndarray):
        return pandas.DataFrame(rows, columns=names)
    series = [
        _series([row[index] for row in rows], column.type)
        for index, column in enumerate(signature.columns)
    ]
    return pandas.DataFrame(dict(zip(names if names is not None else range(len(series)), series)))


def _series(values: list[Any], type_name: str) -> Any:
    import pandas

    if type_name == "datetime":
        return pandas.to_datetime(pandas.Series(values, dtype=object)).astype("datetime64[ns]")
    number = {
        "double": "float64",
        "float": "float32",
        "integer": "int32",
        "long": "int64",
        "boolean": "bool",
    }
    dtype = number.get(type_name, "object")
    if None in values and dtype in ("int32", "int64", "bool"):
        dtype = "object"
    return pandas.Series(values, dtype=dtype)


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


def _trial_rows(signature: Signature, sample: list[list[Any]]) -> Rows:
    """Rows for comparing two ways of predicting: the sample, and random ones where numbers may vary."""
    if not signature.all_double:
        return sample * 4
    base = numpy.array(sample, dtype=numpy.float64)[:1]
    scale = numpy.maximum(1.0, numpy.abs(base))
    noise = numpy.random.default_rng(0).normal(size=(31, base.shape[1]))
    return numpy.concatenate([base, base + scale * noise])


def _agree(native: Callable[[Rows], Any], pyfunc: Callable[[Rows], Any], trial: Rows) -> bool:
    try:
        expected = pyfunc(trial)
    except Exception:
        # The model itself fails on such rows: that is for its callers to see, not a reason to refuse it.
        return False
    try:
        return _same(native(trial), expected)
    except Exception:
        logger.info("the model needs named columns, so MLflow's own way is used")
        return False


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
