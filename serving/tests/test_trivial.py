"""A version beside the best answer that doesn't look at the rows."""

import numpy
import pytest
from coded import coded
from scipy.stats import binom, fisher_exact
from sklearn.metrics import balanced_accuracy_score
from tollgate_serving import trivial
from tollgate_serving.support import DistinctRows
from tollgate_serving.trivial import measure_trivial


def measured(labels, predictions, task="classification", seed=0, rows=None, **known):
    labels, predictions = numpy.asarray(labels), numpy.asarray(predictions)
    classes, labels, predictions = coded(labels, predictions, task=task, **known)
    rows = rows or DistinctRows.different(len(labels))
    return measure_trivial(labels, predictions, rows, seed, classes)


def rare(rows, share):
    """Labels of which ``share`` are 1, the ones last."""
    return (numpy.arange(rows) >= rows * (1 - share)).astype(int)


def test_a_constant_is_no_better_on_a_class_of_96_in_100():
    labels = rare(500, 0.04)
    for answer in (0, 1):
        found = measured(labels, numpy.full(500, answer))
        assert (found["candidate"], found["trivial"], found["pValue"]) == (0.5, 0.5, 1.0)
        assert (found["answer"], found["test"]) == ("0", "fisher-exact")


def test_a_model_that_finds_a_rare_class_is_better_though_a_constant_has_more_accuracy():
    labels = rare(500, 0.04)
    predictions = labels.copy()
    # It misses 4 of 20, and calls 30 others so: accuracy 0.932, where a constant has 0.96.
    predictions[-4:] = 0
    predictions[:30] = 1
    assert (predictions == labels).mean() < (labels == 0).mean()
    found = measured(labels, predictions)
    assert found["candidate"] == pytest.approx((16 / 20 + 450 / 480) / 2)
    assert found["pValue"] < 1e-12


def test_two_classes_are_judged_by_fisher_s_exact_test():
    draw = numpy.random.default_rng(1)
    labels = draw.integers(0, 2, 60)
    predictions = numpy.where(draw.random(60) < 0.6, labels, 1 - labels)
    table = [[int(((labels == a) & (predictions == b)).sum()) for b in (1, 0)] for a in (1, 0)]
    found = measured(labels, predictions)
    assert found["pValue"] == pytest.approx(fisher_exact(table, alternative="greater").pvalue)
    assert found["candidate"] == pytest.approx(balanced_accuracy_score(labels, predictions))


def test_more_classes_are_judged_by_dealing_the_answers_at_random():
    draw = numpy.random.default_rng(2)
    labels = draw.choice(["a", "b", "c"], 300, p=[0.8, 0.15, 0.05])
    good = numpy.where(draw.random(300) < 0.7, labels, "a")
    found = measured(labels, good)
    assert (found["test"], found["resamples"]) == ("permutation", trivial.RESAMPLES)
    assert found["candidate"] == pytest.approx(balanced_accuracy_score(labels, good))
    assert (found["trivial"], found["answer"]) == (pytest.approx(1 / 3), "a")
    assert found["pValue"] == 1 / 2000
    assert measured(labels, numpy.full(300, "a"))["pValue"] == 1.0
    assert measured(labels, draw.permutation(good))["pValue"] > 0.001


def test_an_answer_that_no_row_has_is_wrong():
    found = measured([0, 1] * 20, [2] * 40, model=[0, 1, 2])
    assert (found["candidate"], found["pValue"]) == (0.0, 1.0)


@pytest.mark.parametrize("classes", [2, 4])
def test_answers_at_random_are_called_better_no_oftener_than_the_significance(classes, monkeypatch):
    monkeypatch.setattr(trivial, "RESAMPLES", 199)
    draw = numpy.random.default_rng(3)
    shares = {2: [0.9, 0.1], 4: [0.6, 0.2, 0.1, 0.1]}[classes]
    alarms = 0
    for seed in range(400):
        labels, predictions = draw.choice(classes, (2, 120), p=shares)
        alarms += measured(labels, predictions, seed=seed)["pValue"] <= 0.05
    assert alarms <= binom.ppf(0.99, 400, 0.05)


@pytest.mark.parametrize("rows", [1, 2, 3])
def test_a_few_rows_show_nothing(rows):
    labels = numpy.arange(rows) % 2
    assert measured(labels, labels)["pValue"] > 0.05
    numbers = numpy.arange(float(rows))
    assert measured(numbers, numbers, "regression")["pValue"] > 0.05


def test_one_class_leaves_nothing_to_tell():
    found = measured(["yes"] * 50, ["yes"] * 50)
    assert (found["candidate"], found["trivial"], found["pValue"]) == (1.0, 1.0, 1.0)


@pytest.mark.parametrize("task", ["classification", "regression"])
def test_rows_that_stand_there_again_change_nothing(task):
    draw = numpy.random.default_rng(4)
    labels = draw.integers(0, 3, 40)
    predictions = numpy.where(draw.random(40) < 0.6, labels, 0)
    again = numpy.tile(numpy.arange(40), 25)
    rows = DistinctRows(again, numpy.arange(40))
    often = measured(labels[again], predictions[again], task, rows=rows)
    assert often == measured(labels, predictions, task)
    one = DistinctRows(numpy.zeros(1000, dtype=int), numpy.zeros(1, dtype=int))
    assert measured([1] * 1000, [1] * 1000, task, rows=one)["pValue"] == 1.0


def test_numbers_are_compared_with_the_mean_of_the_labels():
    draw = numpy.random.default_rng(5)
    labels = draw.normal(100, 10, 300)
    good = labels + draw.normal(0, 5, 300)
    found = measured(labels, good, "regression")
    assert float(found["answer"]) == pytest.approx(labels.mean())
    assert found["trivial"] == pytest.approx(labels.std())
    assert found["candidate"] == pytest.approx(numpy.sqrt(numpy.mean((good - labels) ** 2)))
    assert found["metric"] == "rmse" and found["pValue"] < 0.001
    assert measured(labels, numpy.full(300, 90.0), "regression")["pValue"] > 0.9
    assert measured(labels, numpy.full(300, labels.mean()), "regression")["pValue"] == 1.0


@pytest.mark.parametrize("task", ["classification", "regression"])
def test_a_sample_of_the_rows_is_enough(task, monkeypatch):
    monkeypatch.setattr(trivial, "ROWS", 200)
    draw = numpy.random.default_rng(6)
    labels = draw.integers(0, 5, 3000)
    predictions = numpy.where(draw.random(3000) < 0.7, labels, 2)
    found = measured(labels, predictions, task)
    assert found["rows"] == 3000 and found["pValue"] < 0.01
