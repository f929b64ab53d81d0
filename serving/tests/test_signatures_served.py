"""Models of many signatures behind the real routes: right answers, and the caller's mistakes as 422."""

import base64
import io
import os
from datetime import datetime

import mlflow.pyfunc
import mlflow.sklearn
import models
import numpy
import pandas
import pytest
from mlflow.exceptions import MlflowException
from mlflow.models import Model, infer_signature
from mlflow.models.signature import ModelSignature
from mlflow.types import ColSpec, DataType, ParamSchema, ParamSpec, Schema, TensorSpec
from mlflow.types.schema import Map
from servers import ask, served
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
from tollgate_serving import bulk
from tollgate_serving.table_bodies import ARROW, PARQUET


class Telling(mlflow.pyfunc.PythonModel):
    """Answers each row with what it was given, as text."""

    def predict(self, context, model_input, params=None):
        if isinstance(model_input, dict):
            rows = zip(*model_input.values())
            kinds = ",".join(str(array.dtype) for array in model_input.values())
            return [f"{[each.tolist() for each in row]} {kinds}" for row in rows]
        if isinstance(model_input, numpy.ndarray):
            return [f"{row.tolist()} {model_input.dtype}" for row in model_input]
        factor = (params or {}).get("factor")
        return [
            f"{dict(zip(model_input.columns, row))} {factor}"
            for row in model_input.astype(object).to_numpy().tolist()
        ]


class Refusing(mlflow.pyfunc.PythonModel):
    def predict(self, context, model_input, params=None):
        raise MlflowException("secret-4711: I want another input")


def save(folder, model, inputs, params=None):
    mlflow.pyfunc.save_model(
        folder,
        python_model=model,
        signature=ModelSignature(inputs=inputs, outputs=Schema([ColSpec("string")]), params=params),
        pip_requirements=models.REQUIREMENTS,
        code_paths=[__file__],
    )
    return folder


EVERY = [
    ColSpec("double", "d"),
    ColSpec("long", "n", required=False),
    ColSpec("string", "s"),
    ColSpec("boolean", "b", required=False),
    ColSpec("datetime", "t", required=False),
]
PARAMS = ParamSchema([ParamSpec("factor", "double", 1.0)])
ROW = {"d": 1, "n": 2, "s": "x", "b": True, "t": "2024-01-31"}


@pytest.fixture(scope="module")
def every(tmp_path_factory):
    folder = save(tmp_path_factory.mktemp("every") / "model", Telling(), Schema(EVERY), PARAMS)
    with served(folder) as (port, _):
        yield port


def answer(port, body, path="/predict", media_type="application/json"):
    status, document, _ = ask(port, "POST", path, body, {"content-type": media_type})
    return status, document["predictions"] if status == 200 else document["error"]


def test_missing_texts_are_missing_in_one_way_in_every_format(every):
    row = {"d": 1.0, "n": 2, "s": None, "b": True, "t": None}
    frame = pandas.DataFrame([row]).assign(t=pandas.NaT)
    sink = io.BytesIO()
    frame.to_parquet(sink)
    status, by_row = answer(every, {"features": [row]})
    assert status == 200 and "'s': nan" in by_row[0]
    for body, media_type in (
        (frame.to_csv(index=False).encode(), "text/csv"),
        (frame.assign(s="NA").to_csv().encode(), "text/csv"),
        (sink.getvalue(), PARQUET),
        (bulk.table_bytes(frame), ARROW),
    ):
        assert answer(every, body, "/invocations", media_type) == (200, by_row)


@pytest.mark.parametrize(
    ("changed", "field", "said"),
    [
        ({"n": None}, "n", "MLflow hands a model no missing value of the type long"),
        ({"t": "2024-01-31T12:00:00Z"}, "t", "without a zone"),
        ({"t": "0001-01-01"}, "t", "from 1677-09-22"),
        ({"t": "9999-01-01"}, "t", "from 1677-09-22"),
        ({"s": ["x"]}, "s", "the model takes text"),
        ({"d": "1_0"}, "d", "the model takes a finite number"),
    ],
)
def test_a_callers_mistake_is_422_with_column_and_what_is_allowed(every, changed, field, said):
    status, error = answer(every, {"features": [{**ROW, **changed}]})
    assert (status, error["field"], error["row"]) == (422, field, 0)
    assert said in error["message"]


def test_params_are_honoured_by_both_routes(every):
    for path, field in (("/predict", "features"), ("/invocations", "dataframe_records")):
        for given, factor in ((None, 1.0), ({}, 1.0), ({"factor": 3}, 3.0)):
            status, answers = answer(every, {field: [ROW], "params": given}, path)
            assert status == 200 and answers[0].endswith(f" {factor}")
        status, error = answer(every, {field: [ROW], "params": {"fctor": 1}}, path)
        assert (status, error["field"]) == (422, "fctor")


def test_openapi_says_what_is_taken(every):
    document = ask(every, "GET", "/openapi.json")[1]
    content = document["paths"]["/predict"]["post"]["requestBody"]["content"]
    body = content["application/json"]["schema"]["properties"]
    cells = body["features"]["items"]["oneOf"][1]["properties"]
    # Null where a value may be missing, and no format that wants a zone.
    assert cells["d"]["anyOf"][1] == {"type": "null"} and "anyOf" not in cells["n"]
    assert "format" not in cells["t"]["anyOf"][0] and "pattern" in cells["t"]["anyOf"][0]
    assert body["params"]["properties"]["factor"]["type"] == "number"
    bodies = document["paths"]["/invocations"]["post"]["requestBody"]["content"]
    assert {PARQUET, ARROW, "text/csv", "application/json"} == set(bodies)


def test_what_mlflow_itself_refuses_is_the_callers(tmp_path):
    folder = save(tmp_path / "model", Refusing(), Schema([ColSpec("double", "x")]))
    with served(folder) as (port, _):
        status, error = answer(port, {"features": [[1.0]]})
    assert (status, error["code"]) == (422, "signature") and "4711" not in error["message"]


def test_a_model_that_fails_on_a_missing_value_says_which(linear):
    with served(linear) as (port, _):
        row = dict.fromkeys([f"f{index}" for index in range(10)], 1.0)
        for path in ("/predict", "/probabilities"):
            field = "features" if path == "/predict" else "instances"
            status, error = answer(port, {field: [row, {**row, "f3": None}]}, path)
            assert (status, error["code"], error["field"], error["row"]) == (422, "null", "f3", 1)


class Picky(mlflow.pyfunc.PythonModel):
    """Takes a missing number, and neither of two texts."""

    def predict(self, context, model_input, params=None):
        if (model_input["b"] == "unknown").any():
            raise ValueError("unknown")
        return numpy.where(model_input["b"] == "nothing", numpy.nan, 1.0)


@pytest.mark.parametrize("text", ["unknown", "nothing"])
def test_a_model_that_fails_on_other_rows_has_failed_whatever_is_missing_beside_them(
    tmp_path, text
):
    inputs = Schema([ColSpec("double", "a"), ColSpec("string", "b")])
    with served(save(tmp_path / "model", Picky(), inputs)) as (port, _):
        assert answer(port, {"features": [[None, "x"]]}) == (200, [1.0])
        for rows in ([[None, "x"], [1, text]], [[1, text]]):
            assert answer(port, {"features": rows})[0] == 500
        # Which of its values it failed on can't be told.
        assert answer(port, {"features": [[None, text]]})[0] == 422


def test_arrays_of_texts_and_numbers_are_served_as_mlflow_gives_them(tmp_path):
    table = numpy.array([["a", 1.0, True], ["b", 2.5, False]], dtype=object)
    folder = save(tmp_path / "model", Telling(), infer_signature(table).inputs)
    rows = [["a", 1.0, True], ["b", None, False]]
    wanted = (200, [f"{row} object" for row in rows])
    with served(folder) as (port, loaded):
        assert answer(port, {"features": rows}) == wanted
        assert answer(port, {"inputs": rows}, "/invocations") == wanted
        body = bulk.table_bytes(pandas.DataFrame(rows))
        assert answer(port, body, "/invocations", ARROW) == wanted
        status, error = answer(port, {"features": [["a", [1], True]]})
        assert (status, error["code"]) == (422, "wrong-type")
        assert (
            "column 1 holds a list; the model takes a text, a number or a bool" in error["message"]
        )
        # Nothing tells which of its places are texts.
        assert loaded.sample is None


@pytest.mark.parametrize("dtype", ["float32", "int64", "uint8", "bool", "float16"])
def test_arrays_of_every_dtype_are_served(tmp_path, dtype):
    folder = save(tmp_path / "model", Telling(), Schema([TensorSpec(numpy.dtype(dtype), (-1, 2))]))
    row = [True, False] if dtype == "bool" else [1, 2]
    shown = f"{numpy.array(row, dtype).tolist()} {dtype}"
    with served(folder) as (port, loaded):
        assert answer(port, {"features": [row]}) == (200, [shown])
        for name in ("instances", "inputs"):
            assert answer(port, {name: [row]}, "/invocations") == (200, [shown])
        body = bulk.table_bytes(numpy.array([row], dtype))
        assert answer(port, body, "/invocations", ARROW) == (200, [shown])
        assert loaded.sample is not None
        assert answer(port, {"features": loaded.sample})[0] == 200


def test_arrays_by_name_and_of_more_dimensions_are_served(tmp_path):
    specs = [
        TensorSpec(numpy.dtype("float32"), (-1, 2, 2), "image"),
        TensorSpec(numpy.dtype("str"), (-1,), "plan"),
    ]
    folder = save(tmp_path / "model", Telling(), Schema(specs))
    image = [[1.0, 2.0], [3.0, 4.0]]
    row = {"image": image, "plan": "NA"}
    with served(folder) as (port, _):
        status, answers = answer(port, {"features": [row]})
        assert status == 200 and answers[0].startswith(f"[{image}, 'NA'] float32")
        assert answer(port, {"instances": [row]}, "/invocations") == (200, answers)
        by_name = {"inputs": {"image": [image], "plan": ["NA"]}}
        assert answer(port, by_name, "/invocations") == (200, answers)
        status, error = answer(port, {"features": [{**row, "image": [[1.0, 2.0]]}]})
        assert (status, error["field"]) == (422, "image")
        assert "an array of float32 with the shape (rows, 2, 2)" in error["message"]
        sample = ask(port, "GET", "/version")[1]["sample"]
        paths = ask(port, "GET", "/openapi.json")[1]["paths"]
    content = paths["/predict"]["post"]["requestBody"]["content"]["application/json"]
    properties = content["schema"]["properties"]["features"]["items"]["properties"]
    assert properties["image"]["items"]["maxItems"] == 2
    assert properties["plan"]["type"] == "string" and sample is None


def test_bytes_reach_the_model_as_they_are(tmp_path):
    folder = save(tmp_path / "model", Telling(), Schema([ColSpec("binary", "x")]))
    text = base64.b64encode(b"\x00\xff").decode()
    frame = pandas.DataFrame({"x": [b"\x00\xff"]})
    sink = io.BytesIO()
    frame.to_parquet(sink)
    with served(folder) as (port, _):
        status, answers = answer(port, {"features": [[text]]})
        assert status == 200 and "b'\\x00\\xff'" in answers[0]
        assert answer(port, sink.getvalue(), "/invocations", PARQUET) == (200, answers)
        assert answer(port, f"x\n{text}\n".encode(), "/invocations", "text/csv") == (200, answers)


def save_hinted(folder, model):
    """Saves a model whose input is told by the types of its own function, which has to be found when it is loaded."""
    mlflow.pyfunc.save_model(
        folder,
        python_model=model,
        pip_requirements=models.REQUIREMENTS,
        code_paths=[__file__],
    )
    return folder


class Hinted(mlflow.pyfunc.PythonModel):
    def predict(self, model_input: list[str]) -> list[int]:
        return [len(each) for each in model_input]


def test_a_model_with_types_of_python_is_served(tmp_path):
    with served(save_hinted(tmp_path / "model", Hinted())) as (port, _):
        assert answer(port, {"features": ["a", "bcd"]}) == (200, [1, 3])
        assert answer(port, {"features": [["a"], ["bcd"]]}) == (200, [1, 3])
        assert answer(port, {"inputs": ["a", "bcd"]}, "/invocations") == (200, [1, 3])
        assert answer(port, {"features": [5]})[0] == 422


class HintedTimes(mlflow.pyfunc.PythonModel):
    def predict(self, model_input: list[datetime]) -> list[int]:
        return [each.year for each in model_input]


def test_times_of_json_reach_a_model_with_types_of_python(tmp_path, monkeypatch):
    monkeypatch.delenv("_MLFLOW_IS_IN_SERVING_ENVIRONMENT", raising=False)
    with served(save_hinted(tmp_path / "model", HintedTimes())) as (port, _):
        assert answer(port, {"features": ["2021-01-01T00:00:00"]}) == (200, [2021])
        assert answer(port, {"features": ["no time"]})[0] == 422


def test_a_list_is_no_map(tmp_path):
    folder = save(tmp_path / "model", Telling(), Schema([ColSpec(Map(DataType.long), "m")]))
    with served(folder) as (port, _):
        for wrong in ([3], [["a", 3]], []):
            status, error = answer(port, {"features": [[wrong]]})
            assert (status, error["field"], error["row"]) == (422, "m", 0)
        assert answer(port, {"features": [[{"a": 3}]]}) == (200, ["{'m': {'a': 3}} None"])


def test_whole_numbers_alone_take_the_short_way_with_the_same_answers(tmp_path):
    draw = numpy.random.default_rng(0)
    frame = pandas.DataFrame(draw.integers(0, 9, (60, 40)), columns=[f"c{n}" for n in range(40)])
    model = LogisticRegression(max_iter=200).fit(frame, draw.integers(0, 2, 60))
    mlflow.sklearn.save_model(
        model,
        tmp_path / "model",
        signature=infer_signature(frame, model.predict(frame)),
        input_example=frame.head(1),
        pip_requirements=models.REQUIREMENTS,
    )
    with served(tmp_path / "model") as (port, loaded):
        assert (loaded.path, loaded.rowwise) == ("native", True)
        rows = frame.to_numpy().tolist()
        assert answer(port, {"features": rows}) == (200, model.predict(frame).tolist())
        status, error = answer(port, {"features": [[*rows[0][:-1], 1.5]]})
        assert (status, error["field"]) == (422, "c39")


def by_name_only(rows):
    return rows.fillna(1.0) if isinstance(rows, pandas.DataFrame) else numpy.nan_to_num(rows)


def test_a_model_that_fills_what_is_missing_by_name_alone_is_asked_by_name(tmp_path):
    frame = pandas.DataFrame({"a": [0.0, 1.0, 2.0, 3.0], "b": [1.0, 0.0, 1.0, 0.0]})
    steps = FunctionTransformer(by_name_only), LinearRegression()
    model = make_pipeline(*steps).fit(frame, frame["a"] * 2 + frame["b"])
    mlflow.sklearn.save_model(
        model,
        tmp_path / "model",
        signature=infer_signature(frame, model.predict(frame)),
        input_example=frame.head(1),
        pip_requirements=models.REQUIREMENTS,
        serialization_format="cloudpickle",
    )
    with served(tmp_path / "model") as (port, loaded):
        assert loaded.path == "pyfunc"
        status, predictions = answer(port, {"features": [[2.0, 1.0], [None, None]]})
        assert (status, predictions) == (200, pytest.approx([5.0, 3.0]))


class Backend(mlflow.pyfunc.PythonModel):
    def predict(self, context, model_input, params=None):
        return [os.environ.get("KERAS_BACKEND")] * len(model_input)


def test_a_keras_model_finds_the_backend_it_was_made_with(tmp_path, monkeypatch):
    # Kept and put back: loading sets it for the whole process.
    monkeypatch.setenv("KERAS_BACKEND", "tensorflow")
    described = Model(flavors={"keras": {"keras_backend": "jax"}})
    mlflow.pyfunc.save_model(
        tmp_path / "model",
        python_model=Backend(),
        mlflow_model=described,
        signature=infer_signature(pandas.DataFrame({"x": [1.5]})),
        pip_requirements=models.REQUIREMENTS,
        code_paths=[__file__],
    )
    with served(tmp_path / "model") as (port, _):
        assert answer(port, {"features": [[1.5]]}) == (200, ["jax"])
