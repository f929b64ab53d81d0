"""Metrics against scikit-learn's own."""

import numpy
import pytest
from coded import coded
from sklearn import metrics
from tollgate_serving.errors import UserError
from tollgate_serving.measures import AVERAGED, Measure, measure


def measured(labels, predictions, **known):
    classes, labels, predictions = coded(labels, predictions, **known)
    return measure(labels, predictions, classes)


def test_measures_two_classes_by_the_positive_one():
    found = measured([1, 1, 1, 0, 0], [1, 0, 1, 1, 0], positive="1")
    assert {name: found[name] for name in ("accuracy", *AVERAGED)} == {
        "accuracy": 0.6,
        "precision": pytest.approx(2 / 3),
        "recall": pytest.approx(2 / 3),
        "f1": pytest.approx(2 / 3),
    }


@pytest.mark.parametrize(
    ("positive", "precision", "recall"), [(None, 1.0, 1 / 2), ("yes", 1.0, 1 / 2), ("no", 3 / 4, 1)]
)
def test_measures_two_texts_by_the_rarer_one_or_the_named_one(positive, precision, recall):
    labels, predictions = ["no", "no", "no", "yes", "yes"], ["no", "no", "no", "no", "yes"]
    found = measured(labels, predictions, positive=positive)
    assert (found["precision"], found["recall"]) == (precision, recall)


def test_a_version_that_never_says_the_positive_class_has_found_none_of_it():
    found = measured(["legit"] * 95 + ["fraud"] * 5, ["legit"] * 100)
    assert [found[name] for name in AVERAGED] == [0.0, 0.0, 0.0]
    assert found["accuracy"] == 0.95


@pytest.mark.parametrize("classes", [2, 3, 7])
def test_averages_are_those_of_scikit_learn(classes):
    draw = numpy.random.default_rng(classes)
    for _ in range(20):
        labels, predictions = draw.integers(0, classes, (2, 300)) * draw.integers(0, 2, (2, 300))
        positive = "1" if classes == 2 else None
        found = measured(labels, predictions, positive=positive)
        plain = "binary" if classes == 2 else "macro"
        for average, suffix in [(plain, ""), ("macro", "_macro"), ("weighted", "_weighted")]:
            wanted = metrics.precision_recall_fscore_support(
                labels, predictions, average=average, zero_division=0.0
            )
            for name, value in zip(AVERAGED, wanted):
                assert found[name + suffix] == pytest.approx(value), (name, average)
        assert found["accuracy"] == metrics.accuracy_score(labels, predictions)


def test_one_class_against_the_others_is_that_of_scikit_learn():
    draw = numpy.random.default_rng(3)
    labels, predictions = draw.integers(0, 4, (2, 300))
    found = measured(labels, predictions, positive="2")
    for name in AVERAGED:
        of = getattr(metrics, f"{name}_score")
        assert found[name] == pytest.approx(of(labels == 2, predictions == 2))


def test_a_selection_has_the_mean_over_the_classes_that_occur_in_it():
    labels, predictions = numpy.array([0, 0, 1, 2, 2]), numpy.array([0, 1, 1, 2, 0])
    classes, labels, predictions = coded(labels, predictions, model=[0, 1, 2, 3])
    chosen = labels < 2
    wanted = metrics.recall_score(labels[chosen], predictions[chosen], average="macro")
    assert Measure(labels, predictions, classes).of(chosen)["recall"] == pytest.approx(wanted)


def test_measures_a_regression():
    labels, predictions = numpy.array([1.0, 2.0, 4.0]), numpy.array([1.0, 3.0, 3.0])
    assert measure(labels, predictions, None) == {
        "r2": pytest.approx(1 - 2 / (14 / 3)),
        "mae": pytest.approx(2 / 3),
        "rmse": pytest.approx((2 / 3) ** 0.5),
    }


def test_refuses_to_measure_one_row_of_a_regression():
    with pytest.raises(UserError, match="the metric r2 is nan on 1 rows; use more evaluation data"):
        measure(numpy.array([1.0]), numpy.array([1.0]), None)
