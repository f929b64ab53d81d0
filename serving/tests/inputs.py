"""MLflow's own way from a request to the model's input, and when two inputs are the same."""

import io

import numpy
import pandas
from mlflow.models.utils import _enforce_schema
from mlflow.pyfunc.scoring_server import infer_and_parse_data, parse_csv_input, parse_parquet_input


def mlflow_json(schema, **document):
    """Of a body with one of MLflow's formats. Raises what MLflow raises."""
    return _enforce_schema(infer_and_parse_data(document, schema), schema)


def mlflow_csv(schema, text):
    return _enforce_schema(parse_csv_input(io.StringIO(text), schema), schema)


def mlflow_parquet(schema, body):
    return _enforce_schema(parse_parquet_input(io.BytesIO(body)), schema)


def assert_same(left, right):
    """The same values in the same types, which are text or not for what holds texts: MLflow has both for them."""
    assert type(left) is type(right), (type(left), type(right))
    if isinstance(left, dict):
        assert list(left) == list(right)
        for name in left:
            assert_same(left[name], right[name])
    elif isinstance(left, numpy.ndarray):
        assert left.dtype.kind == right.dtype.kind
        if left.dtype.kind not in "UO":
            assert left.dtype == right.dtype
        numpy.testing.assert_array_equal(left, right)
    else:
        assert list(left.columns) == list(right.columns)
        for name in left.columns:
            _assert_same_column(left[name], right[name])


def _assert_same_column(left, right):
    texts = [_holds_texts(each) for each in (left, right)]
    if not all(texts):
        assert left.dtype == right.dtype, (left.name, left.dtype, right.dtype)
    for one, other in zip(left, right, strict=True):
        if not isinstance(one, (list, dict)) and pandas.isna(one):
            assert pandas.isna(other)
        else:
            assert type(one) is type(other) or isinstance(one, (list, dict)), (one, other)
            assert one == other


def _holds_texts(column):
    return column.dtype == object or isinstance(column.dtype, pandas.StringDtype)
