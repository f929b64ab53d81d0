"""Metrics against scikit-learn's own."""

import numpy
import pytest
from sklearn import metrics
from tollgate_serving.errors import UserError
from tollgate_serving.measures import check_predictions, measure


def test_measures_two_classes_by_the_positive_one():
    labels, predictions = numpy.array([1, 1, 1, 0, 0]), numpy.array([1, 0, 1, 1, 0])
    assert measure("classification", labels, predictions) == {
        "accuracy": 0.6,
        "precision": pytest.approx(2 / 3),
        "recall": pytest.approx(2 / 3),
        "f1": pytest.approx(2 / 3),
    }


def test_measures_two_texts_by_the_later_one():
    labels, predictions = ["no", "yes", "yes"], numpy.array(["no", "no", "yes"])
    found = measure("classification", labels, predictions)
    assert (found["precision"], found["recall"]) == (1.0, 0.5)


def test_measures_more_classes_by_their_plain_mean():
    draw = numpy.random.default_rng(1)
    labels, predictions = draw.integers(0, 5, 400), draw.integers(0, 5, 400)
    found = measure("classification", labels, predictions)
    assert found["f1"] == pytest.approx(metrics.f1_score(labels, predictions, average="macro"))
    assert found["accuracy"] == metrics.accuracy_score(labels, predictions)


def test_measures_a_regression():
    labels, predictions = numpy.array([1.0, 2.0, 4.0]), numpy.array([1.0, 3.0, 3.0])
    assert measure("regression", labels, predictions) == {
        "r2": pytest.approx(1 - 2 / (14 / 3)),
        "mae": pytest.approx(2 / 3),
        "rmse": pytest.approx((2 / 3) ** 0.5),
    }


@pytest.mark.parametrize(
    ("task", "labels", "predictions", "sentence"),
    [
        ("regression", [1.0], [1.0], "the metric r2 is nan on 1 rows; use more evaluation data."),
        ("regression", ["a", "b"], [1.0, 2.0], "can't be compared with the labels as regression"),
        ("classification", ["a", "b"], [1, 2], "can't be compared with the labels as classific"),
    ],
    ids=["one row", "text labels", "labels of another kind"],
)
def test_refuses_to_measure(task, labels, predictions, sentence):
    with pytest.raises(UserError, match=sentence):
        measure(task, labels, numpy.array(predictions))


def test_takes_predictions_as_one_column():
    assert check_predictions([[1], [2]], 2).tolist() == [1, 2]


@pytest.mark.parametrize(
    ("predictions", "sentence"),
    [
        ([[1, 2], [3, 4]], r"have the shape \[2, 2\]; log it with one prediction for each row"),
        ([1.0], "gave 1 predictions for 2 rows"),
        ([1.0, numpy.nan], "1 of 2 predictions aren't finite numbers"),
        ([numpy.inf, -numpy.inf], "2 of 2 predictions aren't finite numbers"),
    ],
)
def test_refuses_predictions_such_as(predictions, sentence):
    with pytest.raises(UserError, match=sentence):
        check_predictions(numpy.array(predictions), 2)
