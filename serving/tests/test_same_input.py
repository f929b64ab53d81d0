"""For any signature and any rows: evaluator, scorer and MLflow make the same input of them."""

import base64
import csv
import io
import math
import random
from datetime import datetime, timedelta

import inputs
import numpy
import orjson
import pandas
import pyarrow
import pyarrow.parquet
import pytest
from mlflow.exceptions import MlflowException
from mlflow.models.signature import ModelSignature
from mlflow.models.utils import _enforce_schema
from mlflow.types import ColSpec, Schema, TensorSpec
from tollgate_serving import bulk
from tollgate_serving.conversion import from_json
from tollgate_serving.data import read_table
from tollgate_serving.errors import UserError
from tollgate_serving.evaluation_rows import features_for, text_columns
from tollgate_serving.formats import parse_invocation, parse_predict
from tollgate_serving.json_rows import json_rows
from tollgate_serving.request_error import RequestError
from tollgate_serving.signature import COLUMN_TYPES, read_signature
from tollgate_serving.table import model_input
from tollgate_serving.table_bodies import ARROW, PARQUET

#: Texts that other formats could take for something else; the ones that a CSV takes for missing come last.
TEXTS = [
    "a",
    "é",
    "01",
    "2_008",
    "1e5",
    "True",
    " x ",
    "x,y",
    'q"q',
    "NA",
    "None",
    "nan",
    "null",
    "",
]
#: What MLflow hands no model a missing value of.
NEVER_MISSING = ("integer", "long")


class Drawn:
    """A signature and rows that fit it, drawn."""

    def __init__(self, seed):
        self.random = draw = random.Random(seed)
        count = draw.randint(1, 6)
        one = draw.choice(COLUMN_TYPES) if draw.random() < 0.3 else None
        self.types = [one or draw.choice(COLUMN_TYPES) for _ in range(count)]
        self.required = [draw.random() < 0.5 for _ in range(count)]
        whole = draw.random() < 0.2
        self.names = [index if whole else f"c {index}" for index in range(count)]
        if not whole:
            # MLflow takes a 0 for no name, and then counts itself.
            draw.shuffle(self.names)
        self.schema = Schema(
            [
                ColSpec(kind, name, required)
                for kind, name, required in zip(self.types, self.names, self.required)
            ]
        )
        self.signature = read_signature(ModelSignature(inputs=self.schema))
        self.rows = [
            [self.value(place) for place in range(count)] for _ in range(draw.randint(1, 5))
        ]

    def forget_names(self):
        """Goes by the columns' places from here on."""
        self.schema = Schema([ColSpec(kind) for kind in self.types])
        self.signature = read_signature(ModelSignature(inputs=self.schema))

    def value(self, place):
        draw, kind = self.random, self.types[place]
        lacks = draw.random() < 0.2
        if lacks and kind not in NEVER_MISSING:
            return None
        if kind == "boolean":
            return draw.random() < 0.5
        if kind == "string":
            return draw.choice(TEXTS)
        if kind == "binary":
            return base64.b64encode(draw.randbytes(draw.randint(0, 4))).decode()
        if kind == "datetime":
            moment = datetime(1970, 1, 1) + timedelta(
                seconds=draw.randint(-9_000_000_000, 9_000_000_000)
            )
            return moment.isoformat()
        if kind in NEVER_MISSING:
            bits = 31 if kind == "integer" else 63
            return (
                draw.randint(-(2**bits), 2**bits - 1) if draw.random() < 0.7 else draw.randint(0, 3)
            )
        number = draw.choice(
            [0.1, -2.5, 3, 1e30, 2**60, 1e-300, draw.uniform(-1e6, 1e6), draw.random()]
        )
        return number

    def plain(self):
        """Values as a table has them: times as times, bytes as bytes."""
        columns = {}
        for place, (name, kind) in enumerate(zip(self.names, self.types)):
            values = [row[place] for row in self.rows]
            if kind == "binary":
                values = [None if each is None else base64.b64decode(each) for each in values]
            elif kind == "datetime":
                values = [None if each is None else datetime.fromisoformat(each) for each in values]
            elif kind in ("double", "float"):
                values = [None if each is None else float(each) for each in values]
            columns[str(name)] = pyarrow.array(values, type=ARROW_TYPES[kind])
        return pyarrow.table(columns)


ARROW_TYPES = {
    "double": pyarrow.float64(),
    "float": pyarrow.float64(),
    "integer": pyarrow.int64(),
    "long": pyarrow.int64(),
    "boolean": pyarrow.bool_(),
    "string": pyarrow.string(),
    "datetime": pyarrow.timestamp("us"),
    "binary": pyarrow.binary(),
}


def converted(drawn, body, media_type="application/json"):
    request = parse_invocation(body, media_type, drawn.signature)
    return model_input(request.rows, drawn.signature)


def parquet_bytes(table):
    sink = io.BytesIO()
    pyarrow.parquet.write_table(table, sink)
    return sink.getvalue()


def csv_text(drawn):
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(drawn.names)
    writer.writerows(drawn.rows)
    return out.getvalue()


def drawn_for_csv(seed):
    """An empty line of a CSV is no row, so a table of one column has a value in each."""
    while True:
        drawn = Drawn(seed)
        if len(drawn.names) > 1 or all(row[0] not in (None, "") for row in drawn.rows):
            return drawn
        seed += 1000


def json_bodies(drawn):
    names = [str(name) for name in drawn.names]
    records = [dict(zip(names, row)) for row in drawn.rows]
    yield {"dataframe_split": {"columns": drawn.names, "data": drawn.rows}}
    yield {"dataframe_split": {"columns": names[::-1], "data": [row[::-1] for row in drawn.rows]}}
    yield {"dataframe_records": records}
    yield {"inputs": dict(zip(names, map(list, zip(*drawn.rows))))}
    yield {"instances": records}


@pytest.mark.parametrize("seed", range(300))
def test_every_format_gives_the_same_input_and_mlflow_agrees(seed):
    drawn = Drawn(seed)
    body = orjson.dumps({"features": drawn.rows})
    wanted = model_input(parse_predict(body, drawn.signature).rows, drawn.signature)
    # MLflow would hand on just this: so its own check may be left out.
    inputs.assert_same(_enforce_schema(wanted, drawn.schema), wanted)
    for document in json_bodies(drawn):
        inputs.assert_same(converted(drawn, orjson.dumps(document)), wanted)
    table = drawn.plain()
    inputs.assert_same(converted(drawn, parquet_bytes(table), PARQUET), wanted)
    inputs.assert_same(converted(drawn, bulk._stream(table), ARROW), wanted)
    document = {"columns": drawn.names, "data": [list(row) for row in drawn.rows]}
    try:
        by_mlflow = inputs.mlflow_json(drawn.schema, dataframe_split=document)
    except (MlflowException, OverflowError):
        # It takes neither a missing value among bytes nor times that are written in several ways.
        return
    for place, (name, kind) in enumerate(zip(drawn.names, drawn.types)):
        if kind == "boolean" and any(row[place] is None for row in drawn.rows):
            # MLflow makes false of it in JSON, and nothing of it in Parquet.
            by_mlflow[name] = wanted[name]
    inputs.assert_same(wanted, by_mlflow)


@pytest.mark.parametrize("seed", range(300))
def test_a_csv_gives_the_input_that_mlflow_makes_of_it(seed):
    drawn = drawn_for_csv(seed)
    text = csv_text(drawn)
    try:
        found = converted(drawn, text.encode(), "text/csv")
    except RequestError as error:
        assert error.code == "null" or "datetime" in drawn.types
        return
    for place, (name, kind) in enumerate(zip(drawn.names, drawn.types)):
        if kind != "string":
            # Bytes of which there are none are written as nothing, which is missing.
            rows = [[None if each == "" else each for each in row] for row in drawn.rows]
            whole = model_input(from_json(rows, drawn.signature), drawn.signature)
            inputs.assert_same(found[[name]], whole[[name]])
        else:
            lacking = [row[place] in (None, "NA", "None", "nan", "null", "") for row in drawn.rows]
            assert found[name].isna().tolist() == lacking
    try:
        by_mlflow = inputs.mlflow_csv(drawn.schema, text)
    except (MlflowException, OverflowError):
        # It reads no times from a CSV, and no missing boolean.
        return
    if list(by_mlflow.columns) != list(found.columns):
        # An optional column whose name is a number isn't found by the text in the header.
        assert 0 in drawn.names
        return
    for name, kind in zip(drawn.names, drawn.types):
        if kind == "binary":
            # MLflow leaves base64 as it is in a CSV, and decodes it in JSON.
            by_mlflow[name] = found[name]
    inputs.assert_same(found, by_mlflow)


@pytest.mark.parametrize("seed", range(200))
@pytest.mark.parametrize("kind", ["csv", "csv by place", "parquet"])
def test_the_evaluator_measures_what_a_caller_would_get(seed, kind, tmp_path):
    drawn = Drawn(seed) if kind == "parquet" else drawn_for_csv(seed)
    if kind == "csv by place":
        drawn.forget_names()
    labels = [str(index) for index in range(len(drawn.rows))]
    path = tmp_path / f"eval.{kind.split()[0]}"
    table = drawn.plain().append_column("label", pyarrow.array(labels))
    if path.suffix == ".csv":
        lines = csv_text(drawn).splitlines()
        path.write_text(
            "\n".join(f"{line},{each}" for line, each in zip(lines, ["label", *labels])) + "\n"
        )
        body, media_type = csv_text(drawn).encode(), "text/csv"
    else:
        pyarrow.parquet.write_table(table, path)
        body, media_type = parquet_bytes(drawn.plain()), PARQUET

    try:
        wanted = converted(drawn, body, media_type)
    except RequestError as error:
        assert error.code not in ("empty", "wrong-width")
        with pytest.raises(UserError, match="no caller could send"):
            features_for(
                drawn.signature,
                read_table(path, "eval", 100, 0, text_columns(drawn.signature, path, ["label"])),
                "label",
            )
        return
    assert len(wanted) == len(labels)
    read = read_table(path, "eval", 100, 0, text_columns(drawn.signature, path, ["label"]))
    features = features_for(drawn.signature, read, "label")
    inputs.assert_same(features, wanted)
    # As it sends them to the scorer: as a table, and row by row in JSON.
    inputs.assert_same(converted(drawn, bulk.table_bytes(features), ARROW), features)
    sent = orjson.dumps({"features": json_rows(features, len(features), drawn.signature)})
    request = parse_predict(sent, drawn.signature)
    inputs.assert_same(model_input(request.rows, drawn.signature), features)


DTYPES = (
    "float32",
    "float64",
    "float16",
    "int8",
    "int32",
    "int64",
    "uint8",
    "uint64",
    "bool",
    "str",
)
SHAPES = ((-1,), (-1, 1), (-1, 3), (-1, 2, 2), (-1, 2, -1))


def drawn_array(draw, dtype, shape, rows):
    sizes = [rows, *(draw.integers(1, 4) if size == -1 else size for size in shape[1:])]
    if dtype == "bool":
        return draw.random(sizes) < 0.5
    if dtype == "str":
        return draw.choice(["a", "NA", "", "é"], sizes)
    if dtype.startswith("float"):
        return draw.normal(size=sizes).astype(dtype)
    limits = numpy.iinfo(dtype)
    # Arrow has no lists of Python's numbers beyond 63 bits.
    largest = min(limits.max, 2**63 - 1)
    return draw.integers(limits.min, largest, sizes, dtype=dtype, endpoint=True)


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("named", [False, True], ids=["unnamed", "named"])
def test_arrays_are_what_mlflow_makes_of_them(dtype, shape, named):
    draw = numpy.random.default_rng([DTYPES.index(dtype), SHAPES.index(shape)])
    specs = [TensorSpec(numpy.dtype(dtype), shape, "x" if named else None)]
    if named:
        specs.append(TensorSpec(numpy.dtype("float32"), (-1, 2), "y"))
    schema = Schema(specs)
    taken = read_signature(ModelSignature(inputs=schema))
    rows = int(draw.integers(1, 4))
    arrays = {"x": drawn_array(draw, dtype, shape, rows)}
    if named:
        arrays["y"] = drawn_array(draw, "float32", (-1, 2), rows)
    wanted = arrays if named else arrays["x"]
    by_row = [{name: array[row].tolist() for name, array in arrays.items()} for row in range(rows)]
    whole = {name: array.tolist() for name, array in arrays.items()} if named else wanted.tolist()
    listed = by_row if named else [row["x"] for row in by_row]
    bodies = [{"inputs": whole}, {"instances": listed}]
    for document in bodies:
        found = parse_invocation(orjson.dumps(document), "application/json", taken)
        inputs.assert_same(model_input(found.rows, taken), wanted)
        inputs.assert_same(_enforce_schema(wanted, schema), wanted)
        try:
            inputs.assert_same(inputs.mlflow_json(schema, **document), wanted)
        except MlflowException:
            # It takes rows of unnamed arrays that are texts in one of the two only.
            assert dtype == "str" or shape[1:] == ()
    sent = orjson.dumps({"features": listed})
    inputs.assert_same(model_input(parse_predict(sent, taken).rows, taken), wanted)


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("named", [False, True], ids=["unnamed", "named"])
def test_the_evaluator_measures_arrays_as_a_caller_gets_them(dtype, shape, named, tmp_path):
    draw = numpy.random.default_rng([DTYPES.index(dtype), SHAPES.index(shape), 1])
    schema = Schema([TensorSpec(numpy.dtype(dtype), shape, "x" if named else None)])
    taken = read_signature(ModelSignature(inputs=schema))
    array = drawn_array(draw, dtype, shape, 4)
    if taken.kind == "matrix":
        frame = pandas.DataFrame(array)
    else:
        frame = pandas.DataFrame({"x": pandas.Series(list(array.tolist()))})
    frame.columns = list(map(str, frame.columns))
    frame["label"] = 1
    frame.to_parquet(tmp_path / "eval.parquet")
    features = features_for(taken, read_table(tmp_path / "eval.parquet", "eval", 9, 0), "label")
    wanted = {"x": array} if named else array
    sent = parse_invocation(bulk.table_bytes(features), ARROW, taken)
    inputs.assert_same(model_input(sent.rows, taken), wanted)
    body = orjson.dumps({"features": json_rows(features, 9, taken)})
    inputs.assert_same(model_input(parse_predict(body, taken).rows, taken), wanted)


def test_numbers_that_json_has_no_word_for_are_refused_from_a_file_too(tmp_path):
    taken = read_signature(ModelSignature(inputs=Schema([ColSpec("double", "x")])))
    pandas.DataFrame({"x": [1.0, math.inf], "label": [0, 1]}).to_parquet(tmp_path / "eval.parquet")
    table = read_table(tmp_path / "eval.parquet", "eval.parquet", 9, 0)
    with pytest.raises(UserError, match="row 2, column x holds a number beyond what fits"):
        features_for(taken, table, "label")
