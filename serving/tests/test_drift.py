"""Drift: known values, what counts as a shift, and which columns are compared."""

import math

import numpy
import pandas
import pytest
from scipy.stats import chi2_contingency, false_discovery_control, ks_2samp
from tollgate_serving import drift
from tollgate_serving.data import TableFile
from tollgate_serving.drift import categorical_shift, measure_data_drift, numeric_shift
from tollgate_serving.errors import UserError

REFERENCE = {"reference": "reference.csv"}


def table(frame, path="data.csv"):
    return TableFile(path, "sha256:" + "b" * 64, len(frame) * 10, frame)


def people(rows, seed, shift=0.0, pro=0.3):
    draw = numpy.random.default_rng(seed)
    return pandas.DataFrame(
        {
            "age": draw.normal(40 + shift, 10, rows),
            "plan": numpy.where(draw.random(rows) < pro, "pro", "basic"),
            "active": draw.random(rows) < 0.5,
            "churn": draw.integers(0, 2, rows),
        }
    )


def measured(settings, training=None, evaluation=None, reference=None, live=None, seed=0):
    evaluation = people(400, 1) if evaluation is None else evaluation
    tables = [
        None if one is None else table(one, path)
        for one, path in (
            (training, "train.csv"),
            (evaluation, "test.csv"),
            (reference, "reference.csv"),
            (live, "captured"),
        )
    ]
    return measure_data_drift(settings, *tables, ["churn"], seed)


def by_column(comparison):
    return {column["column"]: column for column in comparison["columns"]}


def test_counts_rows_that_stand_there_again_once():
    again = pandas.concat([people(7, 1)] * 10, ignore_index=True)
    (found,) = measured({"live": "captured"}, training=people(60, 2), live=again)
    assert (found["data"]["rowsUsed"], found["data"]["distinctRows"]) == (70, 7)
    assert found["reference"]["distinctRows"] == 60


def test_pandas_own_index_makes_no_row_new():
    again = pandas.concat([people(7, 1)] * 10, ignore_index=True).reset_index(names="Unnamed: 0")
    training = people(60, 2).reset_index(names="Unnamed: 0")
    (found,) = measured({"live": "live.csv"}, training=training, live=again)
    assert (found["data"]["distinctRows"], found["reference"]["distinctRows"]) == (7, 60)


def test_psi_of_categories_is_the_sum_over_their_shares():
    reference = ["a"] * 50 + ["b"] * 50
    data = ["a"] * 80 + ["b"] * 20
    psi, p_value = categorical_shift(data, reference)
    assert psi == pytest.approx(0.3 * math.log(0.8 / 0.5) + -0.3 * math.log(0.2 / 0.5))
    expected = chi2_contingency([[80, 20], [50, 50]], correction=False).pvalue
    assert p_value == pytest.approx(expected)


def test_lists_are_categories_told_by_their_values():
    left, right = ([[1, 2]] * 60 + [[3]] * 40, [[1.0, 2.0]] * 50 + [[3.0]] * 50)
    texts = [["a" if len(value) == 2 else "b" for value in side] for side in (left, right)]
    assert categorical_shift(left, right) == categorical_shift(*texts)


def test_psi_of_numbers_is_taken_over_ten_bins_of_the_reference():
    reference = numpy.arange(1000.0)
    # The upper half only: five bins are empty, five have twice their share.
    data = numpy.arange(500.0, 1000.0)
    psi, p_value = numeric_shift(data, reference)
    empty = (drift.EMPTY_SHARE - 0.1) * math.log(drift.EMPTY_SHARE / 0.1)
    assert psi == pytest.approx(5 * 0.1 * math.log(2) + 5 * empty, rel=0.01)
    assert p_value == ks_2samp(data, reference, method="asymp").pvalue


@pytest.mark.parametrize("kind", ["numbers", "missing", "constant", "texts", "booleans", "empty"])
def test_a_sample_has_no_drift_from_itself(kind):
    draw = numpy.random.default_rng(2)
    values = {
        "numbers": draw.normal(size=500),
        "missing": numpy.where(draw.random(500) < 0.2, numpy.nan, draw.normal(size=500)),
        "constant": numpy.full(500, 7.0),
        "texts": draw.choice(["a", "b", "c"], 500),
        "booleans": draw.random(500) < 0.5,
        "empty": numpy.full(500, numpy.nan),
    }[kind]
    shift = categorical_shift if kind in ("texts", "booleans") else numeric_shift
    assert shift(values, values.copy()) == (0.0, pytest.approx(1.0))


def test_missing_values_are_a_bin_of_their_own():
    reference = numpy.arange(1000.0)
    data = reference.copy()
    data[::4] = numpy.nan
    psi, p_value = numeric_shift(data, reference)
    assert psi > 0.25 * math.log(0.25 / drift.EMPTY_SHARE) * 0.9 and p_value < 1e-9
    texts = ["a", "b"] * 100
    psi, p_value = categorical_shift([*texts[:100], *[None] * 100], texts)
    assert psi > 2 and p_value < 1e-9


def test_a_value_that_fills_several_bins_is_one_bin():
    reference = numpy.array([0.0] * 700 + list(range(1, 301)))
    psi, _ = numeric_shift(numpy.array([0.0] * 500 + list(range(1, 501))), reference)
    assert 0.1 < psi < 0.3


def test_rare_categories_are_counted_together():
    draw = numpy.random.default_rng(3)
    common = draw.choice(["a", "b"], (2, 900))
    names = [[f"{side}-{index}" for index in range(100)] for side in ("new", "old")]
    # A hundred names that were never seen before are no drift: as many were new in the reference.
    psi, p_value = categorical_shift([*common[0], *names[0]], [*common[1], *names[1]])
    assert psi < 0.01 and p_value > 0.05
    # They are one when only one side has them.
    psi, p_value = categorical_shift([*common[0], *names[0]], common[1])
    assert psi > 0.5 and p_value < 1e-9


def test_a_handful_of_unseen_categories_is_no_alarm():
    psi, p_value = categorical_shift([*["a", "b"] * 500, "c", "d"], ["a", "b"] * 500)
    assert psi < 0.01 and p_value > 0.9


def test_numbers_are_the_same_category_as_whole_ones_or_not():
    ones = pandas.Series([1, 2] * 100)
    assert categorical_shift(ones.astype(float), ones) == (0.0, pytest.approx(1.0))
    assert categorical_shift(ones.astype(str), ones) == (0.0, pytest.approx(1.0))
    flags = pandas.Series([True, False] * 100)
    assert categorical_shift(flags.astype(str), flags) == (0.0, pytest.approx(1.0))


def test_a_larger_shift_and_more_rows_are_seen_better():
    def of(shift, rows):
        draw = numpy.random.default_rng(4)
        return numeric_shift(draw.normal(shift, 1, rows), draw.normal(0, 1, rows))

    psis, p_values = zip(*(of(shift, 1000) for shift in (0.0, 0.2, 0.5, 1.0)))
    assert list(psis) == sorted(psis) and psis[0] < 0.1 < 0.2 < psis[-1]
    assert list(p_values) == sorted(p_values, reverse=True) and p_values[0] > 0.05
    by_rows = [of(0.2, rows)[1] for rows in (50, 500, 5000)]
    assert by_rows == sorted(by_rows, reverse=True) and by_rows[-1] < 1e-9


def test_the_share_of_false_alarms_over_many_columns_is_held():
    draw = numpy.random.default_rng(5)
    alarms = 0
    for _ in range(40):
        left, right = (
            pandas.DataFrame(draw.normal(size=(200, 20))).rename(columns=str) for _ in range(2)
        )
        left["churn"] = right["churn"] = [0, 1] * 100
        [_, comparison] = measured(REFERENCE, left, left, right)
        alarms += any(column["adjustedPValue"] < 0.05 for column in comparison["columns"])
    # 20 uncorrected tests would raise one in two of three tries.
    assert alarms <= 5


def test_compares_training_and_evaluation_data_with_the_reference():
    found = measured(REFERENCE, people(300, 1, shift=15), people(400, 2), people(500, 3))
    training, evaluation = found
    assert [one["comparison"] for one in found] == ["training-reference", "evaluation-reference"]
    facts = {"path": "train.csv", "digest": "sha256:" + "b" * 64, "rows": 3000}
    assert (
        training["data"] == {**facts, "rowsUsed": 300, "distinctRows": 300}
        and training["reference"]["path"] == "reference.csv"
    )
    columns = by_column(training)
    assert list(columns) == ["active", "age", "churn", "plan"]
    assert {name: column["kind"] for name, column in columns.items()} == {
        "active": "categorical",
        "age": "numeric",
        "churn": "categorical",
        "plan": "categorical",
    }
    assert columns["age"]["psi"] > 0.5 and columns["age"]["adjustedPValue"] < 1e-9
    assert columns["age"]["test"] == "kolmogorov-smirnov"
    assert columns["plan"]["test"] == "chi-square"
    assert all(column["psi"] < 0.1 for column in by_column(evaluation).values())


def test_corrects_for_the_number_of_columns():
    [_, found] = measured(REFERENCE, people(300, 1), people(400, 2), people(500, 3))
    p_values = [column["pValue"] for column in found["columns"]]
    adjusted = [column["adjustedPValue"] for column in found["columns"]]
    assert adjusted == pytest.approx(list(false_discovery_control(p_values)))


def test_compares_captured_inputs_with_the_training_data():
    live = people(200, 4, pro=0.8).drop(columns=["churn"])
    training = people(400, 5).assign(account=range(400))
    [found] = measured({"live": "captured"}, training, live=live)
    assert found["comparison"] == "live-training" and found["data"]["path"] == "captured"
    columns = by_column(found)
    # The account is nothing the model takes, and no caller sends a label.
    assert list(columns) == ["active", "age", "plan"]
    assert columns["plan"]["psi"] > 0.2 and columns["plan"]["adjustedPValue"] < 1e-6


def test_leaves_out_what_is_not_at_hand():
    reference = people(300, 6)
    [found] = measured(REFERENCE, None, people(300, 7), reference)
    assert found["comparison"] == "evaluation-reference"
    assert measured({"live": "captured"}, reference) == []
    assert measured({"live": "captured"}, None, live=reference) == []
    assert measured({}, reference, reference, reference, reference) == []


def test_a_label_on_one_side_only_is_no_fault():
    [found] = measured(
        {"live": "live.csv"}, people(300, 6), live=people(300, 7).drop(columns="churn")
    )
    assert "churn" not in by_column(found)


@pytest.mark.parametrize("settings", [REFERENCE, {"live": "live.csv"}])
def test_refuses_a_column_on_one_side_only(settings):
    lacking = people(50, 8).drop(columns=["age", "plan"])
    with pytest.raises(UserError) as refusal:
        measured(settings, people(50, 9), people(50, 9), lacking, lacking)
    other = "reference.csv" if "reference" in settings else "captured"
    assert str(refusal.value) == (
        f"{other} lacks the columns age, plan that train.csv has; "
        "drift is measured between tables of the same columns (tollgate:gates.data-drift)."
    )


def test_refuses_captured_columns_that_the_training_data_lacks():
    with pytest.raises(UserError, match=r"^train.csv lacks the columns plan that captured has;"):
        measured({"live": "captured"}, people(50, 1).drop(columns="plan"), live=people(50, 2))


def test_text_among_numbers_counts_as_missing():
    reference = people(500, 3)
    texts = people(500, 2)
    texts["age"] = [f"unknown {index}" for index in range(500)]
    [_, found] = measured(REFERENCE, reference, texts, reference)
    age = by_column(found)["age"]
    assert age["kind"] == "numeric" and age["psi"] > 5 and age["pValue"] < 1e-9


def test_times_are_compared_as_numbers():
    def times(start):
        return pandas.DataFrame({"at": pandas.date_range(start, periods=300, freq="h"), "churn": 1})

    [_, later] = measured(REFERENCE, times("2026-01-01"), times("2026-03-01"), times("2026-01-01"))
    at = by_column(later)["at"]
    assert at["kind"] == "numeric" and at["psi"] > 1 and at["pValue"] < 1e-9


def test_samples_large_tables_by_the_seed(monkeypatch):
    monkeypatch.setattr(drift, "MAX_ROWS", 100)
    tables = (people(300, 1), people(300, 2), people(300, 3))
    assert measured(REFERENCE, *tables, seed=1) == measured(REFERENCE, *tables, seed=1)
    assert measured(REFERENCE, *tables, seed=1) != measured(REFERENCE, *tables, seed=2)
    data = measured(REFERENCE, *tables)[0]["data"]
    assert (data["rows"], data["rowsUsed"]) == (3000, 100)
