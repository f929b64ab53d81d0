"""Tables as Arrow streams, read back as the model would get them from JSON."""

import models
import numpy
import pandas
import pyarrow
import pytest
from mlflow.models.signature import ModelSignature
from mlflow.types import ColSpec, Schema, TensorSpec
from tollgate_serving import bulk
from tollgate_serving.answers import plain_predictions
from tollgate_serving.conversion import from_json, from_table
from tollgate_serving.model import load
from tollgate_serving.request_error import RequestError
from tollgate_serving.signature import read_signature
from tollgate_serving.table import model_input
from tollgate_serving.table_bodies import ARROW, read_arrow

KINDS = {
    "double": [1.5, -2.0],
    "float": [0.5, 0.25],
    "integer": [1, -3],
    "long": [2**40, 0],
    "boolean": [True, False],
    "string": ["a", "b"],
    "datetime": ["2024-01-31T12:00:00", "2024-02-01T00:00:00"],
}


def signature(*columns):
    """Columns of (name, type, required)."""
    inputs = Schema([ColSpec(type, name, required) for name, type, required in columns])
    return read_signature(ModelSignature(inputs=inputs))


def sent(features, taken):
    return from_table(read_arrow(bulk.table_bytes(features)), taken)


def test_gives_the_model_the_very_table_that_json_gives_it():
    taken = signature(*[(kind, kind, True) for kind in KINDS])
    rows = [list(row) for row in zip(*KINDS.values())]
    by_json = model_input(from_json(rows, taken), taken)
    frame = pandas.DataFrame(KINDS)
    frame["datetime"] = pandas.to_datetime(frame["datetime"])
    # Columns in any order, and one that the evaluation reads as wider or as whole.
    by_arrow = model_input(sent(frame[frame.columns[::-1]], taken), taken)
    pandas.testing.assert_frame_equal(by_arrow, by_json)


def test_gives_numbers_alone_as_a_matrix():
    taken = signature(("a", "double", True), ("b", "double", True))
    frame = pandas.DataFrame({"b": [1, 2], "a": [0.5, numpy.nan]})
    found = sent(frame, taken)
    assert isinstance(found, numpy.ndarray) and found.dtype == "float64"
    numpy.testing.assert_array_equal(found, [[0.5, 1], [numpy.nan, 2]])


def test_takes_a_matrix_by_the_order_of_its_columns():
    inputs = Schema([TensorSpec(numpy.dtype("float64"), (-1, 3))])
    taken = read_signature(ModelSignature(inputs=inputs))
    matrix = numpy.arange(6.0).reshape(2, 3)
    numpy.testing.assert_array_equal(sent(matrix, taken), matrix)
    with pytest.raises(RequestError, match="the table has 2 columns; the model takes 3"):
        sent(matrix[:, :2], taken)


@pytest.mark.parametrize(
    ("columns", "kind", "code"),
    [
        ({"x": ["a"]}, "double", "wrong-type"),
        ({"x": [1.5]}, "long", "wrong-type"),
        ({"x": [2**40]}, "integer", "wrong-type"),
        ({"x": [1]}, "boolean", "wrong-type"),
        ({"x": [1]}, "string", "wrong-type"),
        ({"x": ["yesterday"]}, "datetime", "wrong-type"),
        ({"y": [1.0]}, "double", "missing-column"),
        ({}, "double", "empty"),
        ({"x": [1.0], "y": [1.0]}, "double", "unknown-column"),
        ({"x": [None]}, "long", "null"),
    ],
)
def test_refuses(columns, kind, code):
    taken = signature(("x", kind, True))
    with pytest.raises(RequestError) as error:
        from_table(pyarrow.table(columns), taken)
    assert error.value.code == code
    assert error.value.status in (400, 422)


def test_refuses_a_missing_column_and_one_twice():
    taken = signature(("x", "double", True), ("y", "double", True))
    with pytest.raises(RequestError, match="column y is missing"):
        from_table(pyarrow.table({"x": [1.0]}), taken)
    twice = pyarrow.Table.from_arrays([pyarrow.array([1.0])] * 2, names=["x", "x"])
    with pytest.raises(RequestError, match="names a column twice"):
        from_table(twice, taken)


def test_refuses_damaged_streams_in_a_sentence():
    taken = signature(("x", "double", True))
    whole = bulk.table_bytes(pandas.DataFrame({"x": [1.0, 2.0]}))
    draw = numpy.random.default_rng(0)
    refused = 0
    for _ in range(1000):
        place = int(draw.integers(len(whole)))
        change = draw.bytes(int(draw.integers(1, 5)))
        cut = whole[:place]
        for body in (cut, cut + change + whole[place + len(change) :], draw.bytes(place)):
            try:
                from_table(read_arrow(body), taken)
            except RequestError as error:
                refused += 1
                assert error.status in (400, 422) and str(error).endswith(".")
    assert refused > 2000


@pytest.mark.parametrize(
    "answers",
    [
        numpy.array([0, 1, 1]),
        numpy.array([0.5, numpy.nan, -1e300]),
        numpy.array([True, False, True]),
        numpy.array(["fraud", "legit", "fraud"]),
        numpy.array([[0.25, 0.75], [1.0, 0.0], [0.5, 0.5]]),
        pandas.Series(["a", "b", "c"]),
        [1, 2, 3],
    ],
    ids=["whole", "numbers", "booleans", "texts", "rows of numbers", "a series", "a list"],
)
def test_brings_answers_back(answers):
    found, classes = bulk.read_answers(bulk.answer_bytes(answers))
    expected = numpy.asarray(answers)
    numpy.testing.assert_array_equal(found, expected)
    assert found.dtype.kind in (expected.dtype.kind, "U") and classes is None


def test_brings_a_table_of_answers_and_the_classes_back():
    table = pandas.DataFrame({"low": [1.0, 2.0], "high": [3.0, 4.0]})
    found, _ = bulk.read_answers(bulk.answer_bytes(table))
    pandas.testing.assert_frame_equal(found, table)
    _, classes = bulk.read_answers(bulk.answer_bytes(numpy.eye(2), numpy.array(["a", "b"])))
    assert classes == ["a", "b"]


@pytest.mark.parametrize(
    "answers",
    [
        [["yes", 0.93], ["no", 0.2]],
        [("yes", 0.93), ("no", None)],
        ["yes", 0.93],
        [["a", True], ["b", 1]],
        [["a"], ["a", "b"]],
        [{"class": "yes", "why": 0.5}, {"class": 1, "why": None}],
        numpy.array([["yes", 0.93], ["no", 1]], dtype=object),
    ],
)
def test_texts_and_numbers_stay_what_they_are_side_by_side(answers):
    found, _ = bulk.read_answers(bulk.answer_bytes(answers))
    assert plain_predictions(found) == plain_predictions(answers)
    kinds = [type(part) for part in _leaves(plain_predictions(found))]
    assert kinds == [type(part) for part in _leaves(plain_predictions(answers))]


def _leaves(value):
    parts = value.values() if isinstance(value, dict) else value
    return (
        [leaf for part in parts for leaf in _leaves(part)]
        if isinstance(value, (list, dict))
        else [value]
    )


def test_refuses_a_table_of_answers_with_a_name_twice():
    with pytest.raises(ValueError, match="the model answers a table with two columns a"):
        bulk.answer_bytes(pandas.DataFrame([[1, 2]], columns=["a", "a"]))


def test_says_which_column_arrow_cannot_hold():
    odd = pandas.DataFrame({"x": [object(), 3]}, dtype=object)
    with pytest.raises(ValueError, match="column x has values that Arrow has no type for"):
        bulk.table_bytes(odd)


def test_real_models_answer_a_table_as_they_answer_rows(linear, mixed):
    from tollgate_serving.digest import digest_of_folder
    from tollgate_serving.fetch import Pinned
    from tollgate_serving.formats import parse_invocation

    for folder, frame in ((linear, models.table()[0]), (mixed, models.mixed_table())):
        loaded = load(folder, Pinned(str(folder), "m", "1", digest_of_folder(folder)))
        request = parse_invocation(bulk.table_bytes(frame), ARROW, loaded.signature)
        bulk_answers = (
            loaded.predict(request.rows) if request.rows is not None else loaded.run(request)
        )
        rows = from_json(frame.astype(object).values.tolist(), loaded.signature)
        numpy.testing.assert_array_equal(bulk_answers, loaded.predict(rows))
