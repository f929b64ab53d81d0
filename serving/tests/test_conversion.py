"""What a value may be, type by type and format by format: right inputs, and refusals that say what is allowed."""

import io
import json
from functools import partial

import inputs
import numpy
import orjson
import pandas
import pyarrow
import pyarrow.parquet
import pytest
from mlflow.models import infer_signature
from mlflow.models.signature import ModelSignature
from mlflow.types import ColSpec, ParamSchema, ParamSpec, Schema, TensorSpec
from mlflow.types.schema import Array, Map, Object, Property
from tollgate_serving import bulk, table_bodies
from tollgate_serving.formats import parse_invocation, parse_predict
from tollgate_serving.request_error import RequestError
from tollgate_serving.signature import read_signature
from tollgate_serving.table import model_input
from tollgate_serving.table_bodies import ARROW, PARQUET

JSON = "application/json"
MISSING = None


def taken(*columns, params=None):
    """A signature of columns (type, name, required)."""
    specs = [ColSpec(kind, name, required) for kind, name, required in columns]
    return read_signature(ModelSignature(inputs=Schema(specs), params=params))


def one(kind, required=True):
    return taken((kind, "x", required), ("double", "y", False))


def by_json(signature, value):
    body = json.dumps({"features": [{"x": value, "y": 1}]}).encode()
    return model_input(parse_predict(body, signature).rows, signature)


def by_csv(signature, text):
    request = parse_invocation(f"x,y\n{text},1\n".encode(), "text/csv", signature)
    return model_input(request.rows, signature)


def by_parquet(signature, value, kind=None):
    table = pyarrow.table({"x": pyarrow.array([value], type=kind), "y": [1.0]})
    sink = io.BytesIO()
    pyarrow.parquet.write_table(table, sink)
    request = parse_invocation(sink.getvalue(), PARQUET, signature)
    return model_input(request.rows, signature)


def refusal(ask, *given):
    with pytest.raises(RequestError) as caught:
        ask(*given)
    assert caught.value.status == 422
    return caught.value


#: Type, must the column be there, a value of JSON, what the model gets of it.
TAKEN = [
    ("double", True, None, numpy.nan),
    ("double", False, None, numpy.nan),
    ("double", True, 1e39, 1e39),
    ("float", True, None, numpy.nan),
    ("float", True, 0.1, numpy.float32(0.1)),
    ("long", True, 3.0, 3),
    ("long", True, -(2**63), -(2**63)),
    ("string", True, None, numpy.nan),
    ("string", True, "", ""),
    ("string", True, "NA", "NA"),
    ("string", True, "None", "None"),
    ("string", True, "01", "01"),
    ("boolean", False, None, None),
    ("boolean", True, None, None),
    ("datetime", True, None, pandas.NaT),
    ("datetime", True, "1677-09-22", pandas.Timestamp("1677-09-22")),
    (
        "datetime",
        True,
        "2262-04-10T23:59:59.999999999",
        pandas.Timestamp("2262-04-10T23:59:59.999999999"),
    ),
    ("datetime", True, "2024-01-31 12:00", pandas.Timestamp("2024-01-31T12:00")),
    ("binary", True, "YQ==", b"a"),
    ("binary", True, "", b""),
]


@pytest.mark.parametrize(("kind", "required", "value", "wanted"), TAKEN)
def test_takes_of_json(kind, required, value, wanted):
    found = by_json(one(kind, required), value)["x"][0]
    assert found == wanted or (pandas.isna(found) and pandas.isna(wanted))


#: Type, must the column be there, a value of JSON, code, what the sentence says.
REFUSED = [
    (
        "long",
        True,
        None,
        "null",
        "column x is null; the model requires a whole number of 64 bits (long).",
    ),
    ("long", False, None, "null", "MLflow hands a model no missing value of the type long"),
    ("integer", False, None, "null", "log the model with the column as double"),
    (
        "long",
        True,
        1.5,
        "wrong-type",
        "holds a number that doesn't fit; the model takes a whole number of 64",
    ),
    ("long", True, 2**63, "wrong-type", "holds a number beyond what fits"),
    ("long", True, 1e19, "wrong-type", "holds a number that is too large or has lost digits"),
    ("long", True, "2008", "wrong-type", "holds text of 4 characters that doesn't fit"),
    ("long", True, True, "wrong-type", "holds a boolean"),
    ("double", True, "1.5", "wrong-type", "the model takes a finite number (double)"),
    ("double", True, True, "wrong-type", "holds a boolean"),
    ("double", True, int("9" * 400), "wrong-type", "holds a number beyond what fits"),
    ("float", True, 1e39, "wrong-type", "the model takes a finite number of 32 bits (float)"),
    ("double", True, [1], "wrong-type", "holds a list"),
    ("string", True, 5, "wrong-type", "holds a number; the model takes text (string)"),
    ("binary", True, 5, "wrong-type", "holds a number; the model takes bytes in base64"),
    ("string", True, {"a": 1}, "wrong-type", "holds an object"),
    ("boolean", True, 1, "wrong-type", "holds a number; the model takes true or false (boolean)"),
    ("datetime", True, "2024-01-31T12:00:00Z", "wrong-type", "without a zone"),
    ("datetime", True, "2024-01-31T12:00:00+01:00", "wrong-type", "without a zone"),
    ("datetime", True, "0001-01-01", "wrong-type", "from 1677-09-22 to 2262-04-10"),
    ("datetime", True, "9999-12-31T23:59:59", "wrong-type", "from 1677-09-22 to 2262-04-10"),
    ("datetime", True, "2024-02-30", "wrong-type", "2024-01-31T12:00:00"),
    ("datetime", True, 1706702400, "wrong-type", "holds a number; the model takes text such as"),
    ("binary", True, "a b", "wrong-type", "bytes in base64 (binary)"),
]


@pytest.mark.parametrize(("kind", "required", "value", "code", "said"), REFUSED)
def test_refuses_of_json(kind, required, value, code, said):
    try:
        error = refusal(by_json, one(kind, required), value)
    except OverflowError:
        pytest.fail("not refused")
    if error.code == "out-of-range":
        # A number of so many digits is none that the reader of JSON knows.
        assert isinstance(value, int)
        return
    assert (error.code, error.field, error.row) == (code, "x", 0)
    assert said in error.message


#: Type, text of a CSV, what the model gets of it: as MLflow's own parser does.
OF_CSV = [
    *[
        ("string", text, numpy.nan)
        for text in ("NA", "None", "null", "nan", "n/a", "<NA>", "", '""')
    ],
    ("string", "01", "01"),
    ("string", "2_008", "2_008"),
    ("string", "x" * 200_000, "x" * 200_000),
    ("string", '"x"y', "xy"),
    ("string", "True", "True"),
    ("string", " a ", " a "),
    ("double", "NA", numpy.nan),
    ("double", "", numpy.nan),
    ("double", "1e5", 1e5),
    ("double", " 1", 1.0),
    ("double", "123456789012345678901234567890", 123456789012345678901234567890.0),
    ("float", "0.1", numpy.float32(0.1)),
    ("long", "3", 3),
    ("long", "3.0", 3),
    ("boolean", "true", True),
    ("boolean", "FALSE", False),
    ("boolean", "1", True),
    ("boolean", "0", False),
]


@pytest.mark.parametrize(("kind", "text", "wanted"), OF_CSV)
def test_takes_of_csv_as_mlflow_does(kind, text, wanted):
    signature = one(kind)
    found = by_csv(signature, text)
    assert found["x"][0] == wanted or (pandas.isna(found["x"][0]) and pandas.isna(wanted))
    schema = Schema([ColSpec(kind, "x"), ColSpec("double", "y", False)])
    inputs.assert_same(found, inputs.mlflow_csv(schema, f"x,y\n{text},1\n"))


@pytest.mark.parametrize(
    ("kind", "text", "code"),
    [
        ("double", "2_008", "wrong-type"),
        ("long", "2_008", "wrong-type"),
        ("long", "NA", "null"),
        ("long", "123456789012345678901234567890", "wrong-type"),
        ("double", "9" * 400, "wrong-type"),
        ("long", "1.5", "wrong-type"),
        ("double", "inf", "wrong-type"),
        ("double", "1e400", "wrong-type"),
        ("float", "1e39", "wrong-type"),
        ("boolean", "yes", "wrong-type"),
        ("boolean", "2", "wrong-type"),
        ("datetime", "2024-01-31T12:00:00Z", "wrong-type"),
        ("datetime", "31.1.2024", "wrong-type"),
    ],
)
def test_refuses_of_csv(kind, text, code):
    error = refusal(by_csv, one(kind), text)
    assert (error.code, error.field, error.row) == (code, "x", 0)


@pytest.mark.parametrize("ends", ["\r", "\r\n", "\n   \n"])
def test_lines_of_a_csv_end_as_pandas_has_it(ends):
    body = ends.join(["x,y", "1,2", "3,4", ""]).encode()
    found = parse_invocation(body, "text/csv", one("double")).rows
    assert model_input(found, one("double"))["x"].tolist() == [1.0, 3.0]


@pytest.mark.parametrize(
    ("kind", "cells"),
    [
        ("double", "1,2.5,oops"),
        ("long", "1,,2"),
        ("boolean", "true,False,maybe"),
        ("boolean", "0,1,2"),
    ],
)
def test_names_the_row_of_a_csv_that_does_not_fit(kind, cells):
    wrong = 1 if kind == "long" else 2
    body = "x,y\n" + "".join(f"{cell},1\n" for cell in cells.split(","))
    error = refusal(parse_invocation, body.encode(), "text/csv", one(kind))
    assert (error.field, error.row) == ("x", wrong)


@pytest.mark.parametrize(
    ("kind", "value", "arrow", "said"),
    [
        (
            "datetime",
            pandas.Timestamp("2024-01-31", tz="UTC"),
            pyarrow.timestamp("s", "UTC"),
            "a zone",
        ),
        (
            "datetime",
            pandas.Timestamp("12:00").time(),
            pyarrow.time32("s"),
            "a time without a date",
        ),
        ("string", 5, pyarrow.int64(), "holds a number; the model takes text"),
    ],
)
def test_says_what_a_parquet_file_holds(kind, value, arrow, said):
    assert said in refusal(by_parquet, one(kind), value, arrow).message


@pytest.mark.parametrize(
    ("kind", "value", "arrow", "wanted"),
    [
        ("string", "a", pyarrow.dictionary(pyarrow.int8(), pyarrow.string()), "a"),
        ("string", None, pyarrow.string(), numpy.nan),
        ("string", "NA", pyarrow.large_string(), "NA"),
        ("double", 3, pyarrow.int32(), 3.0),
        ("long", 3, pyarrow.uint8(), 3),
        ("long", 3.0, pyarrow.float32(), 3),
        (
            "datetime",
            pandas.Timestamp("2024-01-31").date(),
            pyarrow.date32(),
            pandas.Timestamp("2024-01-31"),
        ),
        ("datetime", "2024-01-31", pyarrow.string(), pandas.Timestamp("2024-01-31")),
        ("binary", b"a", pyarrow.binary(), b"a"),
        ("boolean", True, pyarrow.bool_(), True),
    ],
)
def test_takes_of_parquet(kind, value, arrow, wanted):
    found = by_parquet(one(kind), value, arrow)["x"][0]
    assert found == wanted or (pandas.isna(found) and pandas.isna(wanted))


@pytest.mark.parametrize(
    ("kind", "value", "arrow"),
    [
        ("long", None, pyarrow.int64()),
        ("long", float("nan"), pyarrow.float64()),
        ("long", 2**63, pyarrow.uint64()),
        ("integer", 2**31, pyarrow.int64()),
        ("double", float("inf"), pyarrow.float64()),
        ("float", 1e39, pyarrow.float64()),
        ("double", "1.5", pyarrow.string()),
        ("double", [1.5], pyarrow.list_(pyarrow.float64())),
        ("string", 5, pyarrow.int64()),
        ("boolean", 1, pyarrow.int64()),
        ("datetime", pandas.Timestamp("2024-01-31", tz="UTC"), pyarrow.timestamp("us", "UTC")),
        ("datetime", pandas.Timestamp("2024-01-31").replace(year=9999), pyarrow.timestamp("s")),
    ],
)
def test_refuses_of_parquet(kind, value, arrow):
    error = refusal(by_parquet, one(kind), value, arrow)
    assert (error.field, error.row) == ("x", 0)


def test_an_optional_column_that_no_row_has_is_left_out_as_mlflow_leaves_it_out():
    signature = one("double", required=False)
    body = json.dumps({"dataframe_records": [{"y": 1.0}]}).encode()
    found = model_input(parse_invocation(body, JSON, signature).rows, signature)
    schema = Schema([ColSpec("double", "x", False), ColSpec("double", "y", False)])
    inputs.assert_same(found, inputs.mlflow_json(schema, dataframe_records=[{"y": 1.0}]))
    assert list(found.columns) == ["y"]


def test_columns_whose_names_are_numbers_are_found_in_every_format():
    frame = pandas.DataFrame([[1.0, 2], [3.0, 4]])
    signature = read_signature(infer_signature(frame))
    wanted = frame.astype({0: "float64", 1: "int64"})
    rows = frame.astype(object).values.tolist()
    records = [{"0": row[0], "1": row[1]} for row in rows]
    sink = io.BytesIO()
    frame.set_axis(["0", "1"], axis=1).to_parquet(sink)
    bodies = [
        (json.dumps({"dataframe_split": {"columns": [0, 1], "data": rows}}).encode(), JSON),
        (json.dumps({"dataframe_records": records}).encode(), JSON),
        (json.dumps({"inputs": {"1": [2, 4], "0": [1.0, 3.0]}}).encode(), JSON),
        (frame.to_csv(index=False).encode(), "text/csv"),
        (frame.to_csv().encode(), "text/csv"),
        (sink.getvalue(), PARQUET),
        (bulk.table_bytes(frame), ARROW),
    ]
    for body, media_type in bodies:
        found = model_input(parse_invocation(body, media_type, signature).rows, signature)
        inputs.assert_same(found, wanted)


def test_a_matrix_may_come_as_a_table_whose_columns_are_called_anything():
    schema = Schema([TensorSpec(numpy.dtype("float32"), (-1, 2))])
    signature = read_signature(ModelSignature(inputs=schema))
    wanted = numpy.array([[1, 2], [3, 4]], dtype="float32")
    for document in (
        {"dataframe_split": {"columns": ["p", "q"], "data": [[1.0, 2], [3, 4]]}},
        {"dataframe_records": [{"p": 1.0, "q": 2}, {"q": 4, "p": 3}]},
    ):
        request = parse_invocation(json.dumps(document).encode(), JSON, signature)
        inputs.assert_same(model_input(request.rows, signature), wanted)
        # MLflow makes whole numbers of a column of them, and then refuses these, so they have a fraction for it.
        floats = json.loads(json.dumps(document), parse_int=float)
        inputs.assert_same(inputs.mlflow_json(schema, **floats), wanted)
    mixed = {"dataframe_records": [{"p": 1, "q": 2}, {"p": 3, "r": 4}]}
    error = refusal(parse_invocation, json.dumps(mixed).encode(), JSON, signature)
    assert error.message == "Row 1 of dataframe_records has other names than row 0."


def test_pandas_own_index_is_no_column():
    signature = one("double")
    frame = pandas.DataFrame({"x": [1.0], "y": [2.0]}, index=["row"])
    sink = io.BytesIO()
    frame.to_parquet(sink)
    for body, media_type in ((frame.to_csv().encode(), "text/csv"), (sink.getvalue(), PARQUET)):
        found = model_input(parse_invocation(body, media_type, signature).rows, signature)
        inputs.assert_same(found, frame.reset_index(drop=True))


@pytest.mark.parametrize("body", [b"", b"PAR1", b"PAR1" + b"x" * 40 + b"PAR1"])
def test_refuses_what_is_no_parquet(body):
    with pytest.raises(RequestError, match="The body is no valid Parquet file"):
        parse_invocation(body, PARQUET, one("double"))


def test_refuses_a_parquet_body_that_unpacks_to_too_much(monkeypatch):
    monkeypatch.setattr(table_bodies, "MOST_CELLS", 100_000)
    table = pyarrow.table({"x": numpy.zeros(60_000), "y": numpy.zeros(60_000)})
    sink = io.BytesIO()
    pyarrow.parquet.write_table(table, sink)
    assert len(sink.getvalue()) < 10_000
    with pytest.raises(RequestError, match="more than 100000 values; send fewer rows") as caught:
        parse_invocation(sink.getvalue(), PARQUET, one("double"))
    assert caught.value.status == 413


NESTED = {
    "list": (Array("long"), [1, 2], ["a"]),
    "list of doubles": (Array("double"), [1, None, 2.5], [True]),
    "object": (
        Object([Property("a", "long"), Property("b", "string", False)]),
        {"a": 1, "b": "x"},
        {"b": "x"},
    ),
    "map": (Map("double"), {"k": 1.5}, {"k": "x"}),
    "list of objects": (Array(Object([Property("a", "boolean")])), [{"a": True}], [{"c": True}]),
}


@pytest.mark.parametrize(("kind", "value", "wrong"), NESTED.values(), ids=NESTED)
def test_lists_objects_and_maps_are_what_mlflow_makes_of_them(kind, value, wrong):
    schema = Schema([ColSpec(kind, "x"), ColSpec("double", "y", False)])
    signature = read_signature(ModelSignature(inputs=schema))
    found = by_json(signature, value)
    # MLflow takes no whole number for one with a fraction here, as it does everywhere else.
    whole = json.loads(json.dumps(value), parse_int=float if kind == Array("double") else int)
    records = [{"x": whole, "y": 1}]
    mlflow = inputs.mlflow_json(schema, dataframe_records=records)["x"][0]
    if kind == Array("double"):
        numpy.testing.assert_array_equal(found["x"][0], mlflow)
    else:
        assert found["x"][0] == mlflow
    error = refusal(by_json, signature, wrong)
    assert error.field == "x" and "MLflow's type" in error.message
    sent = parse_invocation(bulk.table_bytes(found), ARROW, signature)
    assert str(model_input(sent.rows, signature)["x"][0]) == str(found["x"][0])


PARAMS = ParamSchema(
    [ParamSpec("factor", "double", 1.0), ParamSpec("stops", "string", ["a"], (-1,))]
)


@pytest.mark.parametrize("field", ["features", "instances"])
@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        (None, None),
        ({}, None),
        ({"factor": 2}, {"factor": 2.0}),
        ({"factor": 2.5, "stops": ["x", "y"]}, {"factor": 2.5, "stops": ["x", "y"]}),
    ],
)
def test_params_are_taken_in_their_types(field, given, wanted):
    signature = taken(("double", "x", True), params=PARAMS)
    body = json.dumps({field: [[1.0]], "params": given}).encode()
    read = (
        parse_predict(body, signature)
        if field == "features"
        else parse_invocation(body, JSON, signature)
    )
    assert read.params == wanted


@pytest.mark.parametrize("field", ["features", "instances"])
@pytest.mark.parametrize("given", [None, {}])
def test_no_params_are_none_for_a_model_that_takes_none(field, given):
    signature = taken(("double", "x", True), ("string", "s", True))
    body = json.dumps({field: [[1.0, "a"]], "params": given}).encode()
    parse = parse_predict if field == "features" else partial(parse_invocation, content_type=JSON)
    assert parse(body, signature=signature).params is None


@pytest.mark.parametrize("field", ["features", "instances"])
@pytest.mark.parametrize(
    ("given", "params", "sentence"),
    [
        ({"factor": "x"}, PARAMS, "The param factor holds another value than a single double."),
        ({"stops": "x"}, PARAMS, "The param stops holds another value than a list of string."),
        ({"fctor": 1}, PARAMS, "The model takes no param fctor; it takes factor, stops."),
        ({"factor": 1}, None, "The model takes no param factor; it takes none."),
    ],
)
def test_params_are_refused_by_their_name(field, given, params, sentence):
    signature = taken(("double", "x", True), params=params)
    body = json.dumps({field: [[1.0]], "params": given}).encode()
    with pytest.raises(RequestError) as caught:
        if field == "features":
            parse_predict(body, signature)
        else:
            parse_invocation(body, JSON, signature)
    assert (caught.value.status, caught.value.message) == (422, sentence)


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (
            [[[1, 2], [3, 4]], [[1, 2]]],
            "don't make an array of float32 with the shape (rows, 2, 2)",
        ),
        ([[[1, 2], [3]]], "don't make an array of float32"),
        ([[1, 2, 3, 4]], "don't make an array of float32"),
        ([5], "don't make an array of float32"),
        ([[[1, 2], [3, "x"]]], "Row 0 holds text of 1 character that doesn't fit"),
        ([[[1, 2], [3, 1e39]]], "the model takes a finite number of 32 bits (float)"),
        ([[[1, 2], [3, [4]]]], "don't make an array of float32"),
    ],
)
def test_refuses_arrays(value, said):
    signature = read_signature(
        ModelSignature(inputs=Schema([TensorSpec(numpy.dtype("float32"), (-1, 2, 2))]))
    )
    error = refusal(parse_predict, orjson.dumps({"features": value}), signature)
    assert said in error.message


def test_an_array_may_come_as_a_table_of_flat_lists_as_mlflow_takes_it():
    schema = Schema([TensorSpec(numpy.dtype("float32"), (-1, 2, 2), "x")])
    signature = read_signature(ModelSignature(inputs=schema))
    table = pyarrow.table({"x": [[1.0, 2.0, 3.0, 4.0]]})
    sink = io.BytesIO()
    pyarrow.parquet.write_table(table, sink)
    found = model_input(parse_invocation(sink.getvalue(), PARQUET, signature).rows, signature)
    inputs.assert_same(found, {"x": numpy.array([[[1, 2], [3, 4]]], dtype="float32")})


@pytest.mark.parametrize("shape", [(-1, 2), (-1, 1), (-1,)], ids=str)
def test_an_array_of_booleans_has_no_missing_ones(shape):
    signature = read_signature(ModelSignature(Schema([TensorSpec(numpy.dtype("bool"), shape)])))
    row = [None] * shape[-1] if len(shape) > 1 else None
    error = refusal(parse_predict, orjson.dumps({"features": [row]}), signature)
    assert (error.code, error.row) == ("null", 0)
    sink = io.BytesIO()
    columns = {
        str(index): pyarrow.array([None], pyarrow.bool_()) for index in range(abs(shape[-1]))
    }
    pyarrow.parquet.write_table(pyarrow.table(columns), sink)
    error = refusal(parse_invocation, sink.getvalue(), PARQUET, signature)
    assert (error.code, error.row) == ("null", 0)
