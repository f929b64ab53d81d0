"""What a model answers, as a scorer's callers and an evaluation get it."""

import datetime
import io
import json

import numpy
import orjson
import pandas
import pytest
from mlflow.pyfunc.scoring_server import predictions_to_json
from tollgate_serving import bulk
from tollgate_serving.answers import (
    NonFinitePrediction,
    dump,
    mlflow_predictions,
    plain_predictions,
)
from tollgate_serving.probe import by_row

HALF = numpy.float32(0.1)
NOON = datetime.datetime(2024, 1, 31, 12)
ANSWERS = {
    "numbers": numpy.array([0.5, 1.5]),
    "numbers of 32 bits": numpy.array([HALF, HALF]),
    "a list of numpy's numbers": [HALF, HALF],
    "a list of numpy's whole numbers": [numpy.int64(1), numpy.int64(2)],
    "texts": numpy.array(["a", "b"]),
    "rows of numbers": numpy.array([[0.5, 1.5], [2.5, 3.5]]),
    "pairs": [(1, 2), (3, 4)],
    "a table": pandas.DataFrame({"class": ["a", "b"], "score": [0.5, 1.5]}),
    "a table with counted columns": pandas.DataFrame([[1, 2], [3, 4]]),
    "a series": pandas.Series([0.5, 1.5], index=[7, 9]),
    "a series with a name": pandas.Series(["a", "b"], name="class"),
    "times": pandas.DataFrame({"at": [NOON, NOON]}),
    "arrays in a table": pandas.DataFrame({"by": [numpy.array([HALF, 1]), numpy.array([2.0, 3])]}),
    "arrays by name": {"label": numpy.array([1, 0]), "by": numpy.array([[HALF, 1], [2, 3]])},
    "lists by name": {"label": ["a", "b"], "score": [0.5, 1.5]},
    "maps by number": [{0: 0.25, 1: 0.75}, {0: 0.5, 1: 0.5}],
    "maps by truth": pandas.DataFrame({"by": [{True: 0.25}, {True: 0.75}]}),
    "maps within maps": [{"x": [{1.5: 1}]}, {"x": [{1.5: 2}]}],
}


@pytest.mark.parametrize("answers", ANSWERS.values(), ids=ANSWERS)
def test_are_written_as_mlflow_writes_them(answers):
    written = io.StringIO()
    predictions_to_json(answers, written)
    ours = orjson.loads(dump(mlflow_predictions(answers)))
    assert ours == json.loads(written.getvalue())["predictions"]


@pytest.mark.parametrize("answers", ANSWERS.values(), ids=ANSWERS)
def test_are_the_same_in_bulk(answers):
    found, _ = bulk.read_answers(bulk.answer_bytes(answers))
    wanted = by_row(orjson.loads(dump(plain_predictions(answers))), 2)
    assert by_row(orjson.loads(dump(plain_predictions(found))), 2) == wanted


def test_maps_by_numpys_numbers_are_written_though_mlflow_fails_on_them():
    assert plain_predictions([{numpy.int64(3): HALF}]) == [{"3": float(HALF)}]


def test_a_series_is_a_value_for_each_row_to_callers_of_our_own_route():
    assert plain_predictions(pandas.Series([0.5, 1.5], index=[7, 9], name="y")) == [0.5, 1.5]


LACKING = ["a", None, "b"]


@pytest.mark.parametrize("dtype", ["str", "string", "object", "category"])
@pytest.mark.parametrize("missing", [None, float("nan"), pandas.NA])
def test_a_missing_text_is_null_however_pandas_holds_it(dtype, missing):
    series = pandas.Series(["a", missing, "b"], dtype=dtype)
    for answers in (series, series.to_numpy(), series.tolist()):
        assert orjson.loads(dump(plain_predictions(answers))) == LACKING
    table = series.to_frame("why").assign(**{"class": 1})
    wanted = [{"why": each, "class": 1} for each in LACKING]
    assert orjson.loads(dump(plain_predictions(table))) == wanted
    found, _ = bulk.read_answers(bulk.answer_bytes(table))
    assert plain_predictions(found) == wanted


@pytest.mark.parametrize("dtype", ["boolean", "datetime64[ns]"])
def test_a_missing_truth_or_time_is_null(dtype):
    assert plain_predictions(pandas.Series([None, None], dtype=dtype)) == [None, None]


@pytest.mark.parametrize("dtype", ["float64", "Float64", "Int64", "object", "category"])
def test_a_missing_number_is_no_finite_one(dtype):
    missing = pandas.NA if dtype[0] in "FI" else float("nan")
    series = pandas.Series([1, missing], dtype=dtype)
    for answers in (series, series.to_frame("x")):
        with pytest.raises(NonFinitePrediction):
            plain_predictions(answers)
