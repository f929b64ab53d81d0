"""Group metrics on small tables whose values can be counted."""

import numpy
import pandas
import pytest
from coded import coded
from fairlearn import metrics
from tollgate_serving.errors import UserError
from tollgate_serving.fairness import measure_fairness
from tollgate_serving.support import DistinctRows

# Group a: selected 3 of 4, of its positives 2 of 2, of its negatives 1 of 2.
# Group b: selected 1 of 4, of its positives 1 of 2, of its negatives 0 of 2.
GROUPS = ["a"] * 4 + ["b"] * 4
LABELS = [1, 1, 0, 0, 1, 1, 0, 0]
PREDICTIONS = [1, 1, 1, 0, 1, 0, 0, 0]


def only(frame, labels=LABELS, predictions=PREDICTIONS, column="group", positive="1"):
    frame = pandas.DataFrame(frame)
    rows = DistinctRows.different(len(frame))
    (found,) = measured([column], frame, rows, labels, predictions, positive)
    return found


def measured(columns, frame, rows, labels=LABELS, predictions=PREDICTIONS, positive="1"):
    classes, labels, predictions = coded(labels, predictions, positive=positive)
    return measure_fairness({"columns": columns}, frame, labels, predictions, classes, rows)


def test_measures_the_difference_between_two_groups():
    assert only({"group": GROUPS}) == {
        "column": "group",
        "demographicParityDifference": 0.5,
        "equalizedOddsDifference": 0.5,
        "disparateImpact": pytest.approx(1 / 3),
        "groups": [
            {"value": "a", "rows": 4, "distinctRows": 4, "selectionRate": 0.75},
            {"value": "b", "rows": 4, "distinctRows": 4, "selectionRate": 0.25},
        ],
    }


def test_agrees_with_fairlearn_s_ready_made_functions():
    draw = numpy.random.default_rng(7)
    groups = draw.choice(["a", "b", "c"], 2000)
    labels, predictions = draw.integers(0, 2, 2000), draw.integers(0, 2, 2000)
    found = only({"group": groups}, labels, predictions)
    given = {"y_true": labels, "y_pred": predictions, "sensitive_features": groups}
    for name, function in [
        ("demographicParityDifference", metrics.demographic_parity_difference),
        ("equalizedOddsDifference", metrics.equalized_odds_difference),
        ("disparateImpact", metrics.demographic_parity_ratio),
    ]:
        assert found[name] == pytest.approx(function(**given)), name


@pytest.mark.parametrize(("positive", "rate"), [("yes", 0.75), ("no", 0.25)])
def test_measures_the_class_that_the_settings_name(positive, rate):
    as_text = numpy.array(["no", "yes"])
    found = only({"group": GROUPS}, as_text[LABELS], as_text[PREDICTIONS], positive=positive)
    assert found["groups"][0] == {"value": "a", "rows": 4, "distinctRows": 4, "selectionRate": rate}


def test_measures_each_column_in_the_order_of_the_settings():
    frame = pandas.DataFrame({"b": GROUPS, "a": GROUPS})
    rows = DistinctRows.different(len(frame))
    found = measured(["b", "a"], frame, rows)
    assert [one["column"] for one in found] == ["b", "a"]


def test_counts_the_distinct_rows_of_each_group():
    # Group b is one row four times.
    rows = DistinctRows(numpy.array([0, 1, 2, 3, 4, 4, 4, 4]), numpy.arange(5))
    frame = pandas.DataFrame({"group": GROUPS})
    (found,) = measured(["group"], frame, rows)
    assert [(one["rows"], one["distinctRows"]) for one in found["groups"]] == [(4, 4), (4, 1)]


def test_counts_rows_without_a_value_as_a_group_and_keeps_whole_numbers_whole():
    found = only({"group": [1, 1, 1, 1, 2, 2, None, None]})
    assert [(one["value"], one["rows"]) for one in found["groups"]] == [
        ("(missing)", 2),
        ("1", 4),
        ("2", 2),
    ]


def test_finds_no_disparity_when_nobody_is_selected():
    found = only({"group": GROUPS}, LABELS, [0] * 8)
    assert (found["demographicParityDifference"], found["disparateImpact"]) == (0.0, 1.0)


def test_finds_the_largest_disparity_when_one_group_is_never_selected():
    assert only({"group": GROUPS}, LABELS, [1, 1, 1, 1, 0, 0, 0, 0])["disparateImpact"] == 0.0


def test_refuses_a_column_the_data_lacks():
    with pytest.raises(UserError, match="names age, which the evaluation data lacks; its columns"):
        only({"group": GROUPS}, column="age")


def test_refuses_a_column_with_a_value_for_each_row():
    rows = 101
    with pytest.raises(UserError, match="which has 101 values, more than 100; name a column of gr"):
        only({"group": range(rows)}, [0, 1] * 50 + [0], [1] * rows)


def test_refuses_rows_of_one_class():
    with pytest.raises(UserError, match="needs two classes, but there is 0 alone; evaluate on row"):
        only({"group": GROUPS}, [0] * 8, [0] * 8, positive=None)


def test_measures_one_of_more_classes_where_the_settings_name_it():
    labels, predictions = [0, 1, 2, 0, 1, 2, 0, 1], [0, 1, 1, 0, 1, 2, 0, 1]
    found = only({"group": GROUPS}, labels, predictions, positive="1")
    assert [one["selectionRate"] for one in found["groups"]] == [0.5, 0.5]
    with pytest.raises(
        UserError, match=r"is about one class, but there are 3 \(0, 1, 2\); name it in"
    ):
        only({"group": GROUPS}, labels, predictions, positive=None)
