"""What evaluation makes of a table: the model's columns in their types, and labels."""

import numpy
import pandas
import pytest
from mlflow.models.signature import ModelSignature
from mlflow.types import ColSpec, Schema, TensorSpec
from tollgate_serving.classes import Classes
from tollgate_serving.data import read_table
from tollgate_serving.errors import UserError
from tollgate_serving.evaluation_rows import class_columns, evaluation_labels, features_for
from tollgate_serving.json_rows import json_rows
from tollgate_serving.signature import Column, Signature, Tensor, read_signature
from tollgate_serving.spec import Spec


def read(path, **options):
    return read_table(path, "data/table", 1000, 0, **options)


def signature(*columns):
    return Signature("columns", columns, (), True, len(columns))


def test_gives_a_model_its_columns_in_their_types(tmp_path):
    (tmp_path / "table.csv").write_text("when,n,extra,label,flag\n2026-01-02,3,9,1,1\n,4,9,0,0\n")
    found = features_for(
        signature(
            Column("n", "double", True),
            Column("flag", "boolean", True),
            Column("when", "datetime", False),
            Column("absent", "double", False),
        ),
        read(tmp_path / "table.csv"),
        "label",
    )
    assert found.dtypes.astype(str).to_dict() == {
        "n": "float64",
        "flag": "bool",
        "when": "datetime64[ns]",
    }
    # In the signature's order; an optional column that isn't there is left out, as MLflow leaves it out.
    assert json_rows(found, 5) == [[3.0, True, "2026-01-02T00:00:00"], [4.0, False, None]]


def test_refuses_rows_that_lack_columns_of_the_model(tmp_path):
    (tmp_path / "table.csv").write_text("x,label\n1,0\n")
    with pytest.raises(UserError, match=r"data/table lacks the columns y of the model's signature"):
        features_for(
            signature(Column("x", "double", True), Column("y", "double", True)),
            read(tmp_path / "table.csv"),
            "label",
        )


def test_several_labels_are_no_inputs(tmp_path):
    (tmp_path / "table.csv").write_text("x,price,days\n1,2,3\n")
    table = read(tmp_path / "table.csv")
    matrix = Signature("matrix", (), (), False, 1, None, (Tensor("", "double", (-1, 1)),))
    assert features_for(matrix, table, ["price", "days"]).tolist() == [[1.0]]
    named = signature(Column("x", "double", True))
    assert list(features_for(named, table, ["price", "days"]).columns) == ["x"]
    assert list(features_for(None, table, ["price", "days"]).columns) == ["x"]


def test_refuses_rows_of_another_width_than_the_matrix(tmp_path):
    (tmp_path / "table.csv").write_text("x,y,label\n1,2,0\n")
    matrix = Signature("matrix", (), (), False, 3, None, (Tensor("", "double", (-1, 3)),))
    with pytest.raises(UserError, match="has 2 columns beside the label, but the model takes 3"):
        features_for(matrix, read(tmp_path / "table.csv"), "label")


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("x,y\n1,2\n", "has no column label (tollgate:evaluation.label); its columns are x, y."),
        (
            "x,label\n1,\n2,1\n",
            "has 1 row without a value in the label column label; fill or remove it.",
        ),
        (
            "x,label\n1,\n2,\n3,1\n",
            "has 2 rows without a value in the label column label; fill or remove them.",
        ),
    ],
)
def test_refuses_labels_of(tmp_path, content, sentence):
    (tmp_path / "table.csv").write_text(content)
    with pytest.raises(UserError) as refused:
        evaluation_labels(read(tmp_path / "table.csv"), "label")
    assert sentence in str(refused.value)


WORDS = ["01", "1", "True", "None", "NA", "nan", "null", " a ", "1e5", "0"]


@pytest.mark.parametrize("word", WORDS)
def test_keeps_classes_that_are_texts_as_a_csv_has_them(tmp_path, word):
    (tmp_path / "table.csv").write_text(f"x,label\nNA,{word}\n2,1\n")
    found = read(tmp_path / "table.csv", as_written=["label"])
    assert evaluation_labels(found, "label").tolist() == [word, "1"]
    # Only these: what is missing among the inputs is missing.
    assert found.frame["x"].isna().tolist() == [True, False]


def test_a_class_that_is_not_there_is_missing_however_it_is_read(tmp_path):
    (tmp_path / "table.csv").write_text("x,label\n1,\n2,a\n")
    found = read(tmp_path / "table.csv", as_written=["label"])
    with pytest.raises(UserError, match="has 1 row without a value in the label column label"):
        evaluation_labels(found, "label")


@pytest.mark.parametrize(
    ("words", "predictions", "wanted"),
    [
        (["0", "1"], numpy.array(["0", "0"]), ["0", "1"]),
        (["0", "1"], numpy.array(["0", "0"], dtype=object), ["0", "1"]),
        (["01", "1"], numpy.array(["01", "1"]), ["01", "1"]),
        (["None", "NA"], numpy.array(["NA", "None"]), ["None", "NA"]),
        (["0", "1"], numpy.array([0, 0]), [0, 1]),
        (["0", "1.5"], numpy.array([0, 0], dtype=object), [0.0, 1.5]),
        (["0.0", "1.0"], numpy.array([0, 1]), [0, 1]),
        (["True", "false"], numpy.array([True, True]), [True, False]),
    ],
)
def test_classes_as_they_are_written_are_those_of_the_predictions(
    tmp_path, words, predictions, wanted
):
    (tmp_path / "table.csv").write_text("x,label\n" + "".join(f"1,{word}\n" for word in words))
    labels = evaluation_labels(read(tmp_path / "table.csv", as_written=["label"]), "label")
    classes = Classes.of(labels, predictions)
    assert len(classes.names) == 2
    assert classes.codes(labels).tolist() == classes.codes(wanted).tolist()
    assert (classes.codes(predictions) >= 0).all()


def test_numbers_that_equal_no_class_as_it_is_written_are_refused(tmp_path):
    (tmp_path / "table.csv").write_text("x,label\n1,a\n1,1\n")
    labels = evaluation_labels(read(tmp_path / "table.csv", as_written=["label"]), "label")
    with pytest.raises(UserError, match="no prediction equals any label: the model answers 0, "):
        Classes.of(labels, numpy.array([0, 0]))


def outputs(schema):
    return read_signature(ModelSignature(inputs=Schema([ColSpec("double", "x")]), outputs=schema))


@pytest.mark.parametrize(
    ("schema", "text"),
    [
        (Schema([ColSpec("string")]), True),
        (Schema([TensorSpec(numpy.dtype("str"), (-1,))]), True),
        (Schema([TensorSpec(numpy.dtype("O"), (-1,))]), True),
        (Schema([ColSpec("long")]), False),
        (Schema([TensorSpec(numpy.dtype("int64"), (-1,))]), False),
        (Schema([ColSpec("boolean")]), False),
        (None, False),
    ],
)
def test_the_signature_tells_whether_classes_are_texts(schema, text):
    assert outputs(schema).text_output() is text


TWO = Schema([ColSpec("double", "score"), ColSpec("string", "class")])


@pytest.mark.parametrize(
    ("column", "text"), [("class", True), (1, True), ("score", False), (0, False), (None, False)]
)
def test_the_signature_tells_of_the_column_that_is_measured(column, text):
    assert outputs(TWO).text_output(column) is text


@pytest.mark.parametrize(
    ("settings", "columns"),
    [
        ({}, []),
        ({"answer": {"column": "class"}}, ["label"]),
        ({"answer": {"column": 0}}, []),
        # Numbers are read as numbers, whatever the signature leaves open.
        ({"answer": {"column": "class"}, "task": "regression"}, []),
    ],
)
def test_labels_are_read_as_they_are_written_where_the_classes_are_texts(settings, columns):
    assert class_columns(outputs(TWO), spec(**settings)) == columns


def spec(**settings):
    given = {name: "x" for name in ("model", "version", "tracking_uri", "data", "data_path")}
    given |= {"stage": "dev", "evaluator_version": "1", "label": "label", "task": "classification"}
    return Spec(**{**given, **settings})


def test_a_row_that_no_caller_could_send_is_not_measured(tmp_path):
    (tmp_path / "table.csv").write_text("n,label\n1,0\n,1\n3,0\n")
    with pytest.raises(UserError) as refused:
        features_for(signature(Column("n", "long", False)), read(tmp_path / "table.csv"), "label")
    assert str(refused.value).startswith(
        "data/table has rows that no caller could send to the model: row 2 after the header, column n is null;"
    )


def test_a_column_of_lists_beside_the_models_own_does_no_harm(tmp_path):
    frame = pandas.DataFrame({"x": [1.0, 2.0], "parts": [[1, 2], [3]], "label": [0, 1]})
    frame.to_parquet(tmp_path / "table.parquet")
    table = read(tmp_path / "table.parquet")
    features = features_for(signature(Column("x", "double", True)), table, "label")
    assert json_rows(features, 5) == [[1.0], [2.0]]
    # A model that doesn't say what it takes gets all of them.
    assert json_rows(features_for(None, table, "label"), 5) == [[1.0, [1, 2]], [2.0, [3]]]


def test_a_row_is_told_by_its_number_in_the_file_also_of_a_sample(tmp_path):
    numbers = [float(number) for number in range(1000)]
    numbers[500] = float("inf")
    pandas.DataFrame({"x": numbers, "label": 0}).to_parquet(tmp_path / "table.parquet")
    signature_of_x = signature(Column("x", "double", True))
    seen = 0
    for seed in range(5):
        sample = read_table(tmp_path / "table.parquet", "data/table", 900, seed)
        if 500 in sample.places:
            with pytest.raises(UserError, match="row 501, column x holds a number beyond"):
                features_for(signature_of_x, sample, "label")
            seen += 1
    assert seen > 0


@pytest.mark.parametrize(
    ("kind", "cells", "row"),
    [("double", "1,2,oops", 3), ("long", "1,2,oops", 3), ("boolean", "True,False,maybe", 3)],
)
def test_the_cell_that_is_of_another_type_is_named_and_not_the_first(tmp_path, kind, cells, row):
    lines = "".join(f"{cell},0\n" for cell in cells.split(","))
    (tmp_path / "table.csv").write_text(f"x,label\n{lines}")
    with pytest.raises(UserError, match=f"row {row} after the header, column x holds text of"):
        features_for(signature(Column("x", kind, True)), read(tmp_path / "table.csv"), "label")


def test_an_index_is_a_feature_of_the_model_that_has_one_of_its_name(tmp_path):
    # pandas writes an index that counts evenly as a rule, and no column.
    frame = pandas.DataFrame({"id": [8, 7, 9], "x": [1.0, 2.0, 3.0], "label": [0, 1, 0]})
    frame.set_index("id").to_parquet(tmp_path / "table.parquet")
    found = read(tmp_path / "table.parquet")
    by_name = signature(Column("id", "long", True), Column("x", "double", True))
    assert json_rows(features_for(by_name, found, "label"), 5) == [[8, 1.0], [7, 2.0], [9, 3.0]]
    assert json_rows(features_for(None, found, "label"), 5) == [[1.0], [2.0], [3.0]]
    matrix = Signature("matrix", (), (), False, 1, None, (Tensor("", "double", (-1, 1)),))
    assert features_for(matrix, found, "label").tolist() == [[1.0], [2.0], [3.0]]
