"""Slices of a table, by pandas queries."""

import time

import numpy
import pandas
import pytest
from coded import coded
from tollgate_serving.errors import UserError
from tollgate_serving.measures import measure
from tollgate_serving.slices import measure_slices
from tollgate_serving.support import DistinctRows

FRAME = pandas.DataFrame(
    {
        "region": ["west", "west", "east", None],
        "tenure": [1.0, 2.0, 3.0, numpy.nan],
        "label": [1, 0, 1, 0],
    }
)
ROWS = DistinctRows.of(FRAME)
LABELS, PREDICTIONS = FRAME["label"].to_numpy(), numpy.array([1, 1, 1, 0])


def only(where, task="classification", predictions=PREDICTIONS):
    settings = {"slices": {"one": {"where": where}}}
    classes, labels, said = coded(LABELS, predictions, task=task)
    (found,) = measure_slices(settings, FRAME, labels, said, classes, ROWS)
    return found


def test_measures_the_rows_a_condition_selects():
    assert only('region == "west"') == {
        "name": "one",
        "where": 'region == "west"',
        "rows": 2,
        "support": {
            "distinctRows": 2,
            "positive": "1",
            "classes": [
                {"value": "0", "rows": 1, "distinctRows": 1, "predicted": 0},
                {"value": "1", "rows": 1, "distinctRows": 1, "predicted": 2},
            ],
        },
        "metrics": {
            "accuracy": 0.5,
            "precision": 0.5,
            "recall": 1.0,
            "f1": pytest.approx(2 / 3),
        },
    }


@pytest.mark.parametrize(
    ("where", "rows"),
    [
        ("tenure > 1", 2),
        ("tenure > 1 and label == 1", 1),
        ("tenure.isna()", 1),
        ('region in ["east", "west"]', 3),
        ('region != "west"', 2),
        ("not tenure > 1", 2),
    ],
)
def test_counts_the_rows_of(where, rows):
    assert only(where)["rows"] == rows


def test_says_that_a_slice_without_rows_was_not_measured():
    found = only('region == "north"')
    assert (found["rows"], found["metrics"]) == (0, {})


def test_judges_a_slice_without_the_positive_class_by_the_classes_of_the_whole():
    # Taken alone it has one class, of which every prediction would be right.
    assert only("label == 0 and tenure.isna()")["metrics"] == {
        "accuracy": 1.0,
        "precision": 0.0,
        "recall": 0.0,
        "f1": 0.0,
    }


def test_leaves_out_a_metric_that_is_not_defined_on_the_slice():
    found = only("tenure == 3", "regression", numpy.array([1.0, 1.0, 0.5, 0.0]))
    assert found["metrics"] == {"mae": 0.5, "rmse": 0.5}


def test_gives_the_whole_table_the_metrics_of_the_evaluation():
    draw = numpy.random.default_rng(2)
    frame = pandas.DataFrame({"x": draw.random(300)})
    labels, predictions = draw.integers(0, 4, 300), draw.integers(0, 4, 300)
    settings = {"slices": {"all": {"where": "x >= 0"}}}
    rows = DistinctRows.different(300)
    classes, labels, predictions = coded(labels, predictions)
    (found,) = measure_slices(settings, frame, labels, predictions, classes, rows)
    whole = measure(labels, predictions, classes)
    assert found["metrics"] == {name: whole[name] for name in found["metrics"]}
    assert list(found["metrics"]) == ["accuracy", "precision", "recall", "f1"]


def test_orders_slices_by_name():
    settings = {"slices": {"b": {"where": "tenure > 1"}, "a": {"where": "tenure > 2"}}}
    classes, labels, said = coded(LABELS, PREDICTIONS)
    found = measure_slices(settings, FRAME, labels, said, classes, ROWS)
    assert [one["name"] for one in found] == ["a", "b"]


@pytest.mark.parametrize(
    ("where", "sentence"),
    [
        (
            "age > 1",
            "slices.one.where can't be used: age > 1 gives name 'age' is not defined; write",
        ),
        ("tenure >", "slices.one.where can't be used: tenure > gives invalid syntax"),
        ("@labels == 1", "local variable 'labels' is not defined"),
        ('__import__("os")', "is not a supported function"),
        ("tenure", "slices.one.where is no condition: tenure is not true or false; write one such"),
        ("1 == 1", "slices.one.where is no condition"),
        ("extra = 1", "slices.one.where is no condition"),
        ("tenure.__class__", "slices.one.where is no condition"),
    ],
)
def test_refuses_the_condition(where, sentence):
    with pytest.raises(UserError) as refused:
        only(where)
    assert sentence in str(refused.value)
    assert "extra" not in FRAME.columns


def test_a_thousand_slices_of_a_large_table_cost_no_more_each_than_a_hundred():
    draw = numpy.random.default_rng(0)
    frame = pandas.DataFrame({"x": draw.random(20_000)})
    labels, predictions = draw.choice(["a", "b"], 20_000), draw.choice(["a", "b"], 20_000)
    classes, labels, predictions = coded(labels, predictions)
    rows = DistinctRows.different(20_000)
    seconds = {}
    for count in (100, 1000):
        slices = {f"s{n}": {"where": f"x < {(n + 1) / count}"} for n in range(count)}
        started = time.process_time()
        found = measure_slices({"slices": slices}, frame, labels, predictions, classes, rows)
        seconds[count] = time.process_time() - started
        assert len(found) == count and found[-1]["rows"] > 19_000
    # Ten times as many, and room for what a busy machine's caches cost.
    assert seconds[1000] < 3 * 10 * seconds[100]
