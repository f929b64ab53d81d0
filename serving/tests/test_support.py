"""Which rows are the same, and how many different ones a class has."""

import numpy
import pandas
import pytest
from coded import coded
from tollgate_serving import support
from tollgate_serving.support import DistinctRows, Support


def test_finds_the_first_of_every_kind_of_row():
    frame = pandas.DataFrame({"a": [1, 1, 2, 1, 2], "b": ["x", "y", "x", "x", "x"]})
    rows = DistinctRows.of(frame)
    assert rows.groups.tolist() == [0, 1, 2, 0, 2]
    assert rows.first.tolist() == [0, 1, 2] and rows.count == 3


def test_compares_only_the_columns_that_are_named_in_any_order():
    frame = pandas.DataFrame({"row": range(6), "a": [1, 2] * 3, "b": [5, 5] * 3})
    assert DistinctRows.of(frame, ["b", "a"]).count == 2
    assert DistinctRows.of(frame, ["a", "b"]).groups.tolist() == [0, 1] * 3
    assert DistinctRows.of(frame).count == 6


def test_a_table_without_columns_is_one_row():
    assert DistinctRows.of(pandas.DataFrame(index=range(9)), []).count == 1


def test_an_empty_cell_is_the_same_as_another_and_minus_zero_is_zero():
    frame = pandas.DataFrame({"a": [numpy.nan, numpy.nan, 0.0, -0.0]})
    assert DistinctRows.of(frame).groups.tolist() == [0, 0, 1, 1]


@pytest.mark.parametrize("seed", range(10))
def test_counts_as_pandas_does_whatever_is_selected(seed):
    draw = numpy.random.default_rng(seed)
    size = int(draw.integers(1, 300))
    frame = pandas.DataFrame(draw.integers(0, 4, (size, 3)), columns=list("abc"))
    rows = DistinctRows.of(frame)
    assert rows.count == len(frame.drop_duplicates())
    chosen = draw.random(size) < 0.4
    assert rows.within(chosen).sum() == len(frame[chosen].drop_duplicates())
    assert not rows.within(chosen)[~chosen].any()


@pytest.mark.parametrize("seed", range(10))
def test_rows_that_stand_there_again_change_no_count_but_that_of_rows(seed):
    draw = numpy.random.default_rng(seed)
    frame = pandas.DataFrame({"a": draw.normal(size=50), "label": draw.integers(0, 3, 50)})
    said = draw.integers(0, 3, 50)
    again = numpy.concatenate([numpy.arange(50), draw.integers(0, 50, 500)])
    once = _support(frame, said)
    often = _support(frame.iloc[again].reset_index(drop=True), said[again])
    assert often["distinctRows"] == once["distinctRows"] == 50
    assert sum(one["rows"] for one in often["classes"]) == 550
    without_rows = [{**one, "rows": 0} for one in often["classes"]]
    assert without_rows == [{**one, "rows": 0} for one in once["classes"]]


def _support(frame, said):
    classes, labels, said = coded(frame["label"], said)
    return Support(labels, said, DistinctRows.of(frame), classes).of()


def test_counts_by_label_and_by_what_the_model_says():
    labels, said = numpy.array(["no", "no", "yes", "no"]), numpy.array(["no", "yes", "yes", "no"])
    # The last row is the first one again.
    rows = DistinctRows(numpy.array([0, 1, 2, 0]), numpy.arange(3))
    classes, labels, said = coded(labels, said)
    assert Support(labels, said, rows, classes).of() == {
        "distinctRows": 3,
        "positive": "yes",
        "classes": [
            {"value": "no", "rows": 3, "distinctRows": 2, "predicted": 1},
            {"value": "yes", "rows": 1, "distinctRows": 1, "predicted": 2},
        ],
    }


def test_has_the_classes_that_occur_in_a_selection_where_a_mean_is_taken():
    classes, labels, said = coded([0, 1, 2, 2], [0, 0, 2, 2], model=[0, 1, 2, 3])
    counted = Support(labels, said, DistinctRows.different(4), classes)
    found = counted.of(labels < 2)
    assert found["positive"] is None
    assert [one["value"] for one in found["classes"]] == ["0", "1"]
    # Of all rows it has the class that none of them is of, too.
    assert counted.of()["classes"][3] == {
        "value": "3",
        "rows": 0,
        "distinctRows": 0,
        "predicted": 0,
    }


def test_counts_no_classes_of_numbers_and_not_those_of_too_many(monkeypatch):
    numbers = numpy.arange(5.0)
    rows = DistinctRows.different(5)
    found = Support(numbers, numbers, rows, None).of()
    assert found == {"distinctRows": 5, "positive": None, "classes": None}
    monkeypatch.setattr(support, "MOST_CLASSES", 4)
    classes, codes, said = coded(numbers, numbers)
    assert Support(codes, said, rows, classes).of()["classes"] is None
