"""Requests to models whose signature only MLflow can check, or that have none: as MLflow's own parser reads them."""

from __future__ import annotations

from typing import Any

from tollgate_serving.request_error import RequestError
from tollgate_serving.signature import Signature


def by_mlflow(name: str, value: Any, signature: Signature | None) -> Any:
    """The model's input of a body with the format ``name``. Raises RequestError."""
    from mlflow.exceptions import MlflowException
    from mlflow.pyfunc.scoring_server import infer_and_parse_data

    schema = None if signature is None else signature.schema
    if signature is not None and signature.hinted:
        # MLflow checks the values against the types of the model's own function, when it is called.
        if name in ("inputs", "instances"):
            return _bare(value) if _is_single(signature) else value
        schema = None
    try:
        return infer_and_parse_data({name: value}, schema)
    except (MlflowException, TypeError, ValueError, KeyError, OverflowError):
        sentence = f"{name} is no table or array that the model takes."
        raise RequestError(400, "format", sentence, name) from None


def rows_by_mlflow(rows: Any, signature: Signature | None) -> Any:
    """The same of rows as ``/predict`` takes them: objects make a table, anything else an array."""
    if type(rows) is not list or not rows:
        sentence = "features must be a list with at least one row."
        raise RequestError(400, "empty", sentence, "features")
    hinted = signature is not None and signature.hinted
    name = "dataframe_records" if type(rows[0]) is dict and not hinted else "inputs"
    try:
        return by_mlflow(name, rows, signature)
    except RequestError as error:
        sentence = "features are no table or array that the model takes."
        raise RequestError(error.status, error.code, sentence, "features") from None


def _is_single(signature: Signature) -> bool:
    return len(signature.inputs) == 1 and signature.inputs[0].nested is None


def _bare(value: Any) -> Any:
    """A row with one value, as every other model takes it, is that value."""
    if type(value) is list and all(type(row) is list and len(row) == 1 for row in value):
        return [row[0] for row in value]
    return value
