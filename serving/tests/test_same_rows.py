"""Rows that are the same for the model, however two files write them."""

import datetime

import numpy
import pandas
import pyarrow
import pyarrow.parquet
import pytest
from mlflow.models import infer_signature
from mlflow.models.signature import ModelSignature
from mlflow.types import ColSpec, Schema, TensorSpec
from mlflow.types.schema import Array, Object, Property
from tollgate_serving.data import TableFile
from tollgate_serving.evaluation_rows import features_for
from tollgate_serving.leakage import measure_leakage
from tollgate_serving.same_rows import SameRows, row_hashes
from tollgate_serving.signature import read_signature
from tollgate_serving.support import DistinctRows


def test_values_are_the_same_whatever_their_type():
    numbers = row_hashes(pandas.DataFrame({"x": [1, 0, 1]}))
    for values in (
        [1.0, -0.0, 1.0],
        ["1", "0.0", "1e0"],
        [True, False, True],
        ["true", "False", "TRUE"],
        numpy.array([1, 0, 1], dtype="float32"),
        pandas.Series([1, 0, 1], dtype="Int64"),
        pandas.Series([1, "0", True], dtype=object),
    ):
        assert (row_hashes(pandas.DataFrame({"x": values})) == numbers).all()
    texts = row_hashes(pandas.DataFrame({"x": ["a", None, ""]}))
    assert texts[1] == texts[2] == row_hashes(pandas.DataFrame({"x": [numpy.nan]}))[0]
    assert len({*texts, *numbers}) == 4


def test_lists_objects_and_arrays_are_told_by_their_values():
    same = [
        [1, 0],
        (1.0, -0.0),
        numpy.array([1, 0], dtype="uint8"),
        numpy.array([1.0, 0.0], dtype="float32"),
        numpy.array([True, False], dtype=object),
    ]
    objects = [{"a": 1, "b": "x"}, {"b": "x", "a": 1.0, "c": None}]
    others = [[1, 1], [1], [[1, 0]], [1, None], ["1", "0"], [], {}, {"a": 1, "b": "y"}, "1", None]
    cells = pandas.Series([*same, *objects, *others], dtype=object)
    hashes = row_hashes(pandas.DataFrame({"x": cells})).tolist()
    assert len(set(hashes[: len(same)])) == len(set(hashes[len(same) :][: len(objects)])) == 1
    assert len(set(hashes)) == 2 + len(others)


def test_values_that_changed_places_are_another_row():
    hashes = row_hashes(pandas.DataFrame({"x": [1, 2], "y": [2, 1]}))
    assert hashes[0] != hashes[1]


def taking(*inputs):
    return read_signature(ModelSignature(inputs=Schema(list(inputs))))


def array(dtype, *shape, name=None):
    return TensorSpec(numpy.dtype(dtype), (-1, *shape), name)


def written(content, path):
    """A CSV as text, or a Parquet file of Arrow's columns or of a DataFrame."""
    if isinstance(content, str):
        path = path.with_suffix(".csv")
        path.write_text(content)
        return path
    path = path.with_suffix(".parquet")
    table = content if isinstance(content, pyarrow.Table) else pyarrow.table(content)
    pyarrow.parquet.write_table(table, path)
    return path


def names_of(path):
    return list(
        map(str, (pandas.read_csv if path.suffix == ".csv" else pandas.read_parquet)(path).columns)
    )


def shared(signature, training, evaluation, folder, labels=("label",)):
    left, right = written(training, folder / "train"), written(evaluation, folder / "test")
    same = SameRows.of(signature, names_of(right), labels)
    file = TableFile("train.csv", "sha256:" + "c" * 64, 1, None)
    return measure_leakage(file, left, right, same)["sharedRows"]


NOON = datetime.datetime(2024, 1, 31, 12)
TIME, NUMBER = ColSpec("datetime", "a"), ColSpec("double", "a")


@pytest.mark.parametrize(
    ("column", "training", "evaluation"),
    [
        (TIME, "a,label\n2024-01-31T12:00:00,1\n", "a,label\n2024-01-31 12:00:00,1\n"),
        (TIME, {"a": [NOON], "label": [1]}, "a,label\n2024-01-31T12:00:00.000,1\n"),
        (TIME, "a,label\n2024-01-31T12:00,1\n", "a,label\n2024-01-31T12:00:00,1\n"),
        (TIME, "a,label\n2024-01-31,1\n", "a,label\n2024-01-31T00:00:00,1\n"),
        (TIME, {"a": [NOON.date()], "label": [1]}, "a,label\n2024-01-31T00:00:00,1\n"),
        (NUMBER, {"a": [".500"], "label": [1]}, "a,label\n.5,1\n"),
        (ColSpec("float", "a"), {"a": numpy.float32([0.1]), "label": [1]}, "a,label\n0.1,1\n"),
        (ColSpec("float", "a"), {"a": [0.1], "label": [1]}, "a,label\n0.10000000149,1\n"),
        (ColSpec("binary", "a"), {"a": [b"xyz"], "label": [1]}, "a,label\neHl6,1\n"),
        (ColSpec("string", "a"), {"a": [12345.0], "label": [1]}, "a,label\n12345,1\n"),
        (ColSpec("string", "a"), {"a": [7], "label": [1]}, "a,label\n7,1\n"),
        (ColSpec("boolean", "a"), {"a": [True], "label": [1]}, "a,label\n1,1\n"),
        (ColSpec("boolean", "a"), "a,label\nTRUE,1\n", "a,label\ntrue,1\n"),
        (ColSpec("long", "a"), {"a": [3.0], "label": [1.0]}, "a,label\n3,1\n"),
        # One that the model couldn't be given hides none of the others.
        (NUMBER, "a,label\noops,1\n0.50,1\n", "a,label\n.5,1\n"),
        (
            ColSpec("long", "a"),
            "a,label\n,1\n9007199254740993,1\n",
            "a,label\n9007199254740993,1\n",
        ),
        (TIME, "a,label\nsoon,1\n2024-01-31 12:00,1\n", "a,label\n2024-01-31T12:00:00,1\n"),
        (
            ColSpec(Array("float"), "a"),
            {"a": pyarrow.array([[0.1, 2]], pyarrow.list_(pyarrow.float32())), "label": [1]},
            {"a": [[0.1, 2.0]], "label": [1]},
        ),
        (
            ColSpec(Object([Property("b", "datetime")]), "a"),
            {"a": [{"b": NOON}], "label": [1]},
            {"a": [{"b": "2024-01-31 12:00"}], "label": [1]},
        ),
        (
            array("float32", 2, 2, name="a"),
            {"a": [[[0.1, 2.0], [3.0, 4.0]]], "label": [1]},
            {"a": pyarrow.array([[0.1, 2, 3, 4]], pyarrow.list_(pyarrow.float32())), "label": [1]},
        ),
        (
            array("float32", 2),
            "x,y,label\n0.1,2,1\n",
            {"x": numpy.float32([0.1]), "y": [2], "label": [1]},
        ),
        # Labels too: a regression's may have 32 bits in one of the files.
        (NUMBER, {"a": [2.0], "label": numpy.float32([0.1])}, "a,label\n2,0.1\n"),
    ],
)
def test_a_row_is_the_same_however_a_file_writes_what_the_model_takes(
    tmp_path, column, training, evaluation
):
    assert shared(taking(column), training, evaluation, tmp_path) == 1


@pytest.mark.parametrize(
    ("column", "one", "other"),
    [
        (TIME, "2024-01-31T12:00:00", "2024-01-31T12:00:01"),
        (ColSpec("string", "a"), "01", "1"),
        (ColSpec("string", "a"), "2024-01-31", "2024-01-31T00:00:00"),
        (NUMBER, "0.1", "0.10000000149"),
        (NUMBER, "2_008", "2008"),
        (ColSpec("binary", "a"), "eHl6", "eHl7"),
        (ColSpec("boolean", "a"), "true", "false"),
    ],
)
def test_rows_that_the_model_tells_apart_are_two(tmp_path, column, one, other):
    left, right = (f"a,label\n{cell},1\n" for cell in (one, other))
    assert shared(taking(column), left, right, tmp_path) == 0


def numbers(rows=30):
    draw = numpy.random.default_rng(0)
    return pandas.DataFrame(draw.normal(size=(rows, 3)), columns=list("abc"))


def with_index(frame):
    return frame.to_csv()


def again(frame):
    """As someone writes who read it with its index."""
    return pandas.read_csv(pandas.io.common.StringIO(frame.to_csv())).to_csv()


def with_number(frame):
    return frame.assign(row=range(len(frame))).to_csv(index=False)


@pytest.mark.parametrize(
    ("signature", "writes"),
    [
        (infer_signature(numbers().to_numpy()), [with_index]),
        (ModelSignature(inputs=Schema([ColSpec("double")] * 3)), [with_index]),
        (infer_signature(numbers()), [with_index, again, with_number]),
        (
            ModelSignature(Schema([array("float64", name=name) for name in "abc"])),
            [with_index, again, with_number],
        ),
        (None, [with_index, again]),
    ],
    ids=["matrix", "columns without names", "columns", "arrays by name", "no signature"],
)
def test_what_is_beside_the_models_own_columns_makes_no_row_new(tmp_path, signature, writes):
    frame = numbers().assign(label=[0, 1] * 15)
    mixed = frame.sample(frac=1, random_state=1).reset_index(drop=True)
    few = frame.iloc[numpy.arange(300) % 10].reset_index(drop=True)
    known = read_signature(signature)
    for number, write in enumerate(writes):
        (tmp_path / str(number)).mkdir()
        for training in (write(mixed), mixed.to_csv(index=False)):
            assert shared(known, training, write(frame), tmp_path / str(number)) == 30
        read = pandas.read_csv(written(write(few), tmp_path / "few"))
        same = SameRows.of(known, list(read.columns), ["label"])
        assert DistinctRows.of_hashes(same.hashes(read)).count == 10


def test_a_matrix_of_an_unnamed_columns_width_has_it_as_a_feature():
    names = ["Unnamed: 0", "a", "b", "label"]
    same = SameRows.of(read_signature(infer_signature(numbers().to_numpy())), names, ["label"])
    assert set(same.columns) == set(names)
    # A model may have been trained on pandas' index by its name.
    named = infer_signature(pandas.DataFrame({"Unnamed: 0": [1.0], "a": [1.0]}))
    assert set(SameRows.of(read_signature(named), names, ["label"]).columns) == {*names} - {"b"}


@pytest.mark.parametrize("seed", range(5))
def test_rows_are_as_many_as_the_model_is_given_different_ones(seed):
    """Beside the conversion itself, of a table with cells of every type that a CSV can hold."""
    draw = numpy.random.default_rng(seed)
    words = {
        "double": ["1", "1.0", "", "0.1", "1e0"],
        "float": ["0.1", "0.10000000149", "0.2", ""],
        "long": ["1", "2"],
        "boolean": ["true", "True", "false"],
        "string": ["01", "1", "a", ""],
        "datetime": ["2024-01-31", "2024-01-31T00:00:00", "2024-01-31 00:00", "2024-02-01", ""],
        "binary": ["eHl6", "eHl7"],
    }
    frame = pandas.DataFrame({kind: draw.choice(cells, 400) for kind, cells in words.items()})
    for kinds in (["double", "float"], ["long", "boolean", "string"], ["datetime", "binary"]):
        signature = taking(*[ColSpec(kind, kind, kind != "datetime") for kind in kinds])
        table = frame[kinds].assign(row=range(400), label="x")
        texts = {kind: str for kind in kinds if kind in ("string", "datetime", "binary")}
        read = pandas.read_csv(pandas.io.common.StringIO(table.to_csv(index=False)), dtype=texts)
        given = features_for(signature, TableFile("t", "d", 400, read, csv=True), ["row", "label"])
        hashes = SameRows.of(signature, list(read.columns), ["label"]).hashes(read)
        assert DistinctRows.of_hashes(hashes).count == len(given.astype(object).drop_duplicates())
