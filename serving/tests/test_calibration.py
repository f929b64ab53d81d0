"""Calibration error and Brier score against values by hand and scikit-learn's own."""

import numpy
import pytest
from coded import coded
from sklearn.metrics import brier_score_loss
from tollgate_serving import calibration
from tollgate_serving.errors import UserError
from tollgate_serving.support import DistinctRows


def measure_calibration(bins, labels, probabilities, classes):
    rows = DistinctRows.different(len(labels))
    positive = {"positive": "1"} if len(classes) == 2 else {}
    known, codes = coded(labels, model=None if "d" in labels else classes, **positive)
    return calibration.measure_calibration(bins, codes, probabilities, classes, known, rows)


def binary(positive):
    positive = numpy.asarray(positive, dtype=float)
    return numpy.column_stack([1 - positive, positive])


def test_measures_two_classes_by_the_probability_of_the_positive_one():
    # Bin 0.2 to 0.4: said 0.3, true 0 of 2. Bin 0.8 to 1: said 0.9, true 1 of 2.
    found = measure_calibration(5, [0, 0, 1, 0], binary([0.3, 0.3, 0.9, 0.9]), [0, 1])
    assert found["expectedCalibrationError"] == pytest.approx(0.5 * 0.3 + 0.5 * 0.4)
    assert found["brier"] == pytest.approx((0.09 + 0.09 + 0.01 + 0.81) / 4)
    assert (found["bins"], found["rows"], found["distinctRows"]) == (5, 4, 4)


def test_measures_more_classes_by_the_probability_of_the_predicted_one():
    probabilities = [[0.7, 0.2, 0.1], [0.1, 0.3, 0.6]]
    found = measure_calibration(10, ["a", "b"], probabilities, ["a", "b", "c"])
    assert found["expectedCalibrationError"] == pytest.approx(0.5 * 0.3 + 0.5 * 0.6)
    assert found["brier"] == pytest.approx(((0.09 + 0.04 + 0.01) + (0.01 + 0.49 + 0.36)) / 2)


@pytest.mark.parametrize("classes", [2, 4])
def test_agrees_with_scikit_learn_on_the_brier_score(classes):
    draw = numpy.random.default_rng(3)
    probabilities = draw.dirichlet(numpy.ones(classes), size=500)
    labels = draw.integers(0, classes, size=500)
    given = probabilities[:, 1] if classes == 2 else probabilities
    found = measure_calibration(10, labels, probabilities, numpy.arange(classes))
    assert found["brier"] == pytest.approx(brier_score_loss(labels, given))


def test_gives_nearly_no_error_to_probabilities_that_come_true():
    draw = numpy.random.default_rng(5)
    said = draw.random(100_000)
    labels = (draw.random(100_000) < said).astype(int)
    assert measure_calibration(10, labels, binary(said), [0, 1])["expectedCalibrationError"] < 0.01


def test_gives_a_certain_and_wrong_model_the_worst_of_both():
    found = measure_calibration(10, ["b", "a"], [[1, 0, 0], [0, 1, 0]], ["a", "b", "c"])
    assert (found["expectedCalibrationError"], found["brier"]) == (1.0, 2.0)


def test_counts_a_label_the_model_does_not_know_as_probability_0():
    found = measure_calibration(10, ["d"], [[1, 0, 0]], ["a", "b", "c"])
    assert (found["expectedCalibrationError"], found["brier"]) == (1.0, 2.0)


def test_counts_1_in_the_last_bin_and_forgives_the_last_digit():
    found = measure_calibration(10, [1, 1], binary([1.0, 1.0 + 1e-9]), [0, 1])
    assert (found["expectedCalibrationError"], found["brier"]) == (0.0, 0.0)


@pytest.mark.parametrize(
    ("probabilities", "sentence"),
    [
        ([[0.5, float("nan")], [0.5, 0.5]], "1 of 2 rows have probabilities that aren't between"),
        ([[-0.5, 1.5], [2, -1]], "2 of 2 rows have probabilities that aren't between 0 and 1"),
        ([0.5, 0.5], r"have the shape \[2\], not \[2, 2\]"),
        ([[1.0], [1.0]], r"have the shape \[2, 1\], not \[2, 2\]"),
    ],
    ids=["NaN", "out of range", "one column", "a class too few"],
)
def test_refuses_probabilities_with(probabilities, sentence):
    with pytest.raises(UserError, match=sentence):
        measure_calibration(10, [0, 1], probabilities, [0, 1])
