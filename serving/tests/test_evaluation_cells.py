"""Cells of an evaluation file that say less or more than one value: a CSV's words for nothing, lists, objects, maps."""

import pandas
import pyarrow
import pyarrow.parquet
import pytest
from mlflow.models.signature import ModelSignature
from mlflow.types import ColSpec, Schema
from mlflow.types.schema import Array, Map, Object, Property
from tollgate_serving import bulk, data
from tollgate_serving.data import read_table
from tollgate_serving.evaluation_rows import features_for, text_columns, words_for_nothing
from tollgate_serving.formats import parse_invocation
from tollgate_serving.json_rows import json_rows
from tollgate_serving.signature import read_signature
from tollgate_serving.table import model_input
from tollgate_serving.table_bodies import ARROW


def taking(**columns):
    """The signature of a model that takes columns of these types."""
    specs = [ColSpec(kind, name) for name, kind in columns.items()]
    return read_signature(ModelSignature(Schema(specs)))


def words(path, signature):
    table = read_table(path, "data/eval", 1000, 0, text_columns(signature, path, ["label"]))
    return words_for_nothing(path, table, signature)


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_texts_that_a_csv_has_for_nothing_are_told(tmp_path, monkeypatch, kind):
    # Read in pieces, as large files are.
    monkeypatch.setattr(data, "CELLS", 10)
    plan = ["NA", "a", "", "None", "NA", None] * 9
    frame = pandas.DataFrame({"plan": plan, "said": "NA", "x": [1.0, None] * 27, "label": 1})
    path = tmp_path / f"eval.{kind}"
    frame.to_csv(path, index=False) if kind == "csv" else frame.to_parquet(path)
    # A Parquet file says which it means, and of a column that the model doesn't take nothing is measured.
    assert words(path, taking(plan="string", x="double")) == (
        []
        if kind == "parquet"
        else [
            "data/eval, column plan: 27 cells say NA or None, which is nothing in a CSV, and is measured as a missing "
            "value; where it is a text, give tollgate:evaluation.data a Parquet file."
        ]
    )


def test_a_csv_whose_texts_are_there_or_empty_is_told_nothing_of(tmp_path):
    path = tmp_path / "eval.csv"
    pandas.DataFrame({"plan": ["a", "", "NAN!"], "label": 1}).to_csv(path, index=False)
    assert words(path, taking(plan="string")) == words(path, None) == []
    pandas.DataFrame({"plan": ["a", "NA"], "label": 1}).to_csv(path, index=False)
    (sentence,) = words(path, taking(plan="string"))
    assert sentence.startswith("data/eval, column plan: 1 cell says NA, which is nothing in a CSV")


#: MLflow's type, Arrow's, and three values as JSON has them.
NESTED = {
    "map": (
        Map("double"),
        pyarrow.map_(pyarrow.string(), pyarrow.float64()),
        [{"k": 1.5}, {"j": 1.0}, {}],
    ),
    "object": (
        Object([Property("a", "long"), Property("b", "string", False)]),
        pyarrow.struct([("a", pyarrow.int64()), ("b", pyarrow.string())]),
        [{"a": 1, "b": "x"}, {"a": 2, "b": "y"}, {"a": 3, "b": None}],
    ),
    "list": (Array("double"), pyarrow.list_(pyarrow.float64()), [[1.5], [], [2.0, 3.0]]),
    "list of maps": (
        Array(Map("long")),
        pyarrow.list_(pyarrow.map_(pyarrow.string(), pyarrow.int64())),
        [[{"k": 1}], [], [{"j": 2}, {"k": 3}]],
    ),
}


@pytest.mark.parametrize(("kind", "arrow", "values"), NESTED.values(), ids=NESTED)
def test_parts_of_parquet_are_what_a_caller_sends_in_json(tmp_path, kind, arrow, values):
    written = [as_entries(value) for value in values] if "map" in str(arrow) else values
    path = tmp_path / "eval.parquet"
    cells = pyarrow.array(written, arrow)
    pyarrow.parquet.write_table(pyarrow.table({"x": cells, "label": [0, 1, 0]}), path)
    signature = taking(x=kind)
    features = features_for(signature, read_table(path, "eval", 9, 0), "label")
    assert json_rows(features, 9, signature) == [[value] for value in values]
    # As it gets to the scorer.
    request = parse_invocation(bulk.table_bytes(features), ARROW, signature)
    assert model_input(request.rows, signature)["x"].tolist() == values


def as_entries(value):
    """Maps as Arrow wants them written."""
    if isinstance(value, list):
        return [as_entries(each) for each in value]
    return list(value.items())
