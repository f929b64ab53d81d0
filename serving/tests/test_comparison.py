"""The comparison with the deployed version: exact values, error rates, and what can't be compared."""

import numpy
import pytest
from coded import coded
from scipy.stats import binom
from sklearn.metrics import (
    f1_score,
    precision_score,
    r2_score,
    recall_score,
    root_mean_squared_error,
)
from tollgate_serving import comparison
from tollgate_serving.comparison import mcnemar, measure_comparison
from tollgate_serving.errors import UserError
from tollgate_serving.paired import CLASS_METRICS, NUMBER_METRICS, PairedScores
from tollgate_serving.support import DistinctRows


def compared(task, labels, candidate, deployed, settings=None, problem=None, seed=0, rows=None):
    """``rows`` of the evaluation data, all different where nothing else is said."""
    answers = [candidate] if deployed is None else [candidate, deployed]
    classes, codes, *said = coded(labels, *answers, task=task)
    return measure_comparison(
        {} if settings is None else settings,
        said[0],
        None if deployed is None else said[1],
        problem,
        codes,
        classes,
        rows or DistinctRows.different(len(labels)),
        seed,
    )


def quality(*arguments, seed=0, rows=None, **settings):
    return compared(*arguments, settings, seed=seed, rows=rows)["quality"]


def right(labels, share, draw):
    """Answers that are right for ``share`` of the rows, whichever they are."""
    wrong = draw.random(len(labels)) >= share
    return numpy.where(wrong, 1 - labels, labels)


def test_mcnemar_is_the_upper_tail_of_a_fair_coin():
    # Six rows where only the deployed version is right, two where only the candidate is.
    candidate = numpy.array([False] * 6 + [True] * 2 + [True] * 10 + [False] * 3)
    deployed = numpy.array([True] * 6 + [False] * 2 + [True] * 10 + [False] * 3)
    assert mcnemar(candidate, deployed) == pytest.approx(sum((28, 8, 1)) / 256)
    assert mcnemar(deployed, candidate) == pytest.approx(1 - binom.cdf(1, 8, 0.5))


def test_accuracy_is_compared_by_hand_counted_rows():
    labels = numpy.zeros(100, dtype=int)
    candidate, deployed = labels.copy(), labels.copy()
    candidate[:10] = 1
    deployed[8:12] = 1
    found = quality("classification", labels, candidate, deployed)
    assert found["lossAtMost"] == pytest.approx(0.12, abs=0.02)
    del found["lossAtMost"]
    assert found == {
        "metric": "accuracy",
        "candidate": 0.9,
        "deployed": 0.96,
        "loss": pytest.approx(0.06),
        "test": "mcnemar-exact",
        "pValue": pytest.approx(binom.sf(7, 10, 0.5)),
        "significance": 0.05,
        "resamples": 0,
        "rows": 100,
        "distinctRows": 100,
    }


@pytest.mark.parametrize("classes", [2, 5])
@pytest.mark.parametrize("metric", CLASS_METRICS[1:])
def test_class_metrics_are_those_of_scikit_learn(metric, classes):
    draw = numpy.random.default_rng(3)
    labels, first, second = draw.integers(0, classes, (3, 300))
    positive = {"positive": "1"} if classes == 2 else {}
    scores = PairedScores.of(metric, labels, first, second, coded(labels, **positive)[0])
    function = {"f1": f1_score, "precision": precision_score, "recall": recall_score}[metric]
    average = "binary" if classes == 2 else "macro"
    assert scores.candidate == pytest.approx(function(labels, first, average=average))
    assert scores.deployed == pytest.approx(function(labels, second, average=average))


def test_number_metrics_are_those_of_scikit_learn():
    draw = numpy.random.default_rng(4)
    labels = draw.normal(1e6, 1, 200)
    first, second = labels + draw.normal(0, 0.3, 200), labels + draw.normal(0, 0.4, 200)
    rmse = PairedScores.of("rmse", labels, first, second)
    assert rmse.loss == pytest.approx(
        root_mean_squared_error(labels, first) - root_mean_squared_error(labels, second)
    )
    r2 = PairedScores.of("r2", labels, first, second)
    assert r2.candidate == pytest.approx(r2_score(labels, first))
    assert r2.loss == pytest.approx(r2_score(labels, second) - r2_score(labels, first))
    assert PairedScores.of("mae", labels, first, labels).loss == pytest.approx(
        numpy.abs(first - labels).mean()
    )


@pytest.mark.parametrize("metric", ["f1", "recall"])
def test_resampling_groups_is_resampling_rows(metric):
    draw = numpy.random.default_rng(5)
    labels = draw.integers(0, 3, 150)
    first, second = (numpy.where(draw.random(150) < 0.7, labels, 0) for _ in range(2))
    scores = PairedScores.of(metric, labels, first, second, coded(labels)[0])
    losses = scores.resampled(2000, 0).losses
    function = {"f1": f1_score, "recall": recall_score}[metric]
    slow = []
    for _ in range(300):
        rows = draw.integers(0, 150, 150)
        slow.append(
            function(labels[rows], second[rows], average="macro", zero_division=0)
            - function(labels[rows], first[rows], average="macro", zero_division=0)
        )
    assert losses.mean() == pytest.approx(numpy.mean(slow), abs=0.01)
    assert losses.std() == pytest.approx(numpy.std(slow), rel=0.15)


def test_the_bound_of_an_error_is_that_of_the_normal_distribution():
    draw = numpy.random.default_rng(6)
    labels = draw.normal(0, 1, 4000)
    first, second = labels + draw.normal(0, 0.5, 4000), labels + draw.normal(0, 0.5, 4000)
    found = quality("regression", labels, first, second, metric="mae")
    differences = numpy.abs(first - labels) - numpy.abs(second - labels)
    expected = differences.mean() + 1.645 * differences.std() / 4000**0.5
    assert found["lossAtMost"] == pytest.approx(expected, abs=0.0006)
    assert found["test"] == "paired-bootstrap"


@pytest.mark.parametrize("metric", [*CLASS_METRICS, *NUMBER_METRICS])
def test_the_same_answers_are_no_worse(metric):
    draw = numpy.random.default_rng(7)
    task = "classification" if metric in CLASS_METRICS else "regression"
    labels = draw.integers(0, 2, 60)
    answers = right(labels, 0.8, draw)
    found = quality(task, labels, answers, answers.copy(), metric=metric)
    assert (found["loss"], found["pValue"]) == (0.0, 1.0)
    # But 60 rows don't say that they are the same elsewhere.
    assert 0 < found["lossAtMost"] < 0.25


@pytest.mark.parametrize("rows", [1, 3])
@pytest.mark.parametrize("metric", CLASS_METRICS)
def test_a_few_rows_on_which_the_two_agree_prove_nothing(metric, rows):
    labels = numpy.ones(rows, dtype=int)
    found = quality("classification", labels, labels, labels, metric=metric)
    assert found["lossAtMost"] == pytest.approx(1 - 0.05 ** (1 / rows)) and rows < 29


@pytest.mark.parametrize("metric", [*CLASS_METRICS, *NUMBER_METRICS])
def test_a_row_that_stands_there_again_says_nothing_new(metric):
    draw = numpy.random.default_rng(14)
    task = "classification" if metric in CLASS_METRICS else "regression"
    labels = draw.integers(0, 3, 80)
    first, second = (numpy.where(draw.random(80) < share, labels, 0) for share in (0.8, 0.9))
    once = quality(task, labels, first, second, metric=metric)
    again = numpy.tile(numpy.arange(80), 50)
    rows = DistinctRows(again, numpy.arange(80))
    often = quality(task, labels[again], first[again], second[again], metric=metric, rows=rows)
    assert often["rows"] == 50 * often["distinctRows"] == 4000
    for name in ("candidate", "deployed", "loss", "lossAtMost", "pValue"):
        assert often[name] == pytest.approx(once[name]), name


@pytest.mark.parametrize("metric", CLASS_METRICS)
def test_a_candidate_that_is_surely_better_needs_no_more_rows(metric):
    labels = numpy.tile([0, 1], 50)
    deployed = labels.copy()
    deployed[:30] = 1 - labels[:30]
    assert quality("classification", labels, labels, deployed, metric=metric)["lossAtMost"] < 0


def test_one_row_a_thousand_times_proves_no_more_than_once():
    labels = numpy.ones(1000, dtype=int)
    rows = DistinctRows(numpy.zeros(1000, dtype=int), numpy.zeros(1, dtype=int))
    found = quality("classification", labels, labels, labels, rows=rows)
    assert found["lossAtMost"] == pytest.approx(0.95)


def test_a_loss_on_rows_that_stand_there_often_counts_as_often():
    # One row of a hundred makes nine tenths of the data, and the candidate is wrong on it.
    groups = numpy.concatenate([numpy.zeros(900, dtype=int), numpy.arange(1, 101)])
    rows = DistinctRows(groups, numpy.concatenate([[0], numpy.arange(900, 1000)]))
    labels = numpy.zeros(1000, dtype=int)
    candidate = numpy.where(groups == 0, 1, 0)
    found = quality("classification", labels, candidate, labels, rows=rows)
    assert found["loss"] == found["lossAtMost"] == pytest.approx(0.9)


@pytest.mark.parametrize("metric", [*CLASS_METRICS, *NUMBER_METRICS])
def test_equally_good_models_differ_to_either_side_alike(metric):
    draw = numpy.random.default_rng(13)
    labels = draw.integers(0, 3, 400)
    # One of the two is far better: what equally good models do must not follow that.
    first, second = (numpy.where(draw.random(400) < share, labels, 0) for share in (0.6, 0.9))
    classes = coded(labels)[0] if metric in CLASS_METRICS else None
    scores = PairedScores.of(metric, labels, first, second, classes)
    of_equals = scores.resampled(4000, 0).of_equals
    low, high = numpy.quantile(of_equals, [0.05, 0.95])
    assert high == pytest.approx(-low, rel=0.1)
    assert abs(of_equals.mean()) < 0.05 * high


def test_a_difference_of_one_row_proves_nothing():
    labels = numpy.arange(200.0)
    candidate = labels.copy()
    candidate[7] += 1
    found = quality("regression", labels, candidate, labels, metric="mae")
    # A coin gives the wrong answer to either; half of the resamples with the row speak against the candidate.
    assert found["loss"] == pytest.approx(1 / 200) and found["pValue"] > 0.25


def equals(kind, rows, draw):
    """Labels, and the answers of two models that are equally good."""
    if kind == "classes":
        labels = draw.integers(0, 2, rows)
        return labels, right(labels, 0.85, draw), right(labels, 0.85, draw)
    labels = draw.normal(0, 1, rows)
    # Prices and durations: a few rows make most of the error.
    spread = 0.5 if kind == "numbers" else 0.5 * numpy.exp(draw.normal(0, 1, rows))
    return labels, *(labels + spread * draw.normal(0, 1, (2, rows)))


@pytest.mark.parametrize(
    ("metric", "kind", "rows"),
    [
        ("accuracy", "classes", 200),
        ("f1", "classes", 200),
        ("rmse", "numbers", 40),
        ("rmse", "numbers", 200),
        ("rmse", "heavy tails", 100),
        ("mae", "heavy tails", 100),
    ],
)
def test_an_equally_good_candidate_is_called_worse_no_oftener_than_the_significance(
    metric, kind, rows, monkeypatch
):
    monkeypatch.setattr(comparison, "RESAMPLES", 400)
    draw = numpy.random.default_rng(8)
    task = "classification" if kind == "classes" else "regression"
    alarms = 0
    for seed in range(600):
        found = quality(task, *equals(kind, rows, draw), metric=metric, seed=seed)
        alarms += found["loss"] > 0 and found["pValue"] < 0.05
    # What a rate of 0.05 gives in 99 of 100 series of 600.
    assert alarms <= binom.ppf(0.99, 600, 0.05)


def test_power_grows_with_the_rows_and_with_the_loss():
    def found_worse(rows, share):
        draw = numpy.random.default_rng(9)
        worse = 0
        for _ in range(60):
            labels = draw.integers(0, 2, rows)
            first, second = right(labels, share, draw), right(labels, 0.9, draw)
            worse += mcnemar(first == labels, second == labels) < 0.05
        return worse

    by_rows = [found_worse(rows, 0.84) for rows in (100, 400, 1600)]
    by_loss = [found_worse(400, share) for share in (0.9, 0.86, 0.8)]
    assert by_rows == sorted(by_rows) and by_rows[-1] >= 57
    assert by_loss == sorted(by_loss) and by_loss[-1] >= 54


def test_fewer_rows_leave_more_open():
    bounds = []
    for rows in (50, 500, 5000):
        draw = numpy.random.default_rng(10)
        labels = draw.integers(0, 2, rows)
        found = quality(
            "classification", labels, right(labels, 0.9, draw), right(labels, 0.9, draw)
        )
        bounds.append(found["lossAtMost"] - found["loss"])
    assert bounds[0] > bounds[1] > bounds[2] > 0


def test_the_same_seed_gives_the_same_figures():
    draw = numpy.random.default_rng(11)
    labels = draw.normal(0, 1, 500)
    first, second = labels + draw.normal(0, 0.5, (2, 500))
    arguments = ("regression", labels, first, second)
    assert compared(*arguments, seed=3) == compared(*arguments, seed=3)
    assert compared(*arguments, seed=3) != compared(*arguments, seed=4)


def test_texts_are_compared_like_numbers():
    labels = numpy.array(["no", "yes"] * 30, dtype=object)
    found = compared("classification", labels, labels, numpy.array(["no"] * 60))
    assert found["problem"] is None
    assert (found["quality"]["candidate"], found["quality"]["deployed"]) == (1.0, 0.5)
    assert found["predictions"]["kind"] == "classes" and found["predictions"]["psi"] > 1


def test_predictions_that_moved_show_as_a_shift():
    draw = numpy.random.default_rng(12)
    labels = draw.normal(0, 1, 1000)
    still = compared("regression", labels, labels, labels)["predictions"]
    moved = compared("regression", labels, labels + 1, labels)["predictions"]
    assert still == {"kind": "scores", "psi": 0.0, "test": "kolmogorov-smirnov", "pValue": 1.0}
    assert moved["psi"] > 0.5 and moved["pValue"] < 1e-6


def test_leaves_quality_out_when_its_gate_is_off():
    labels = numpy.array([0, 1, 0, 1])
    different = DistinctRows.different(4)
    classes, codes = coded(labels)
    found = measure_comparison(None, codes, codes, None, codes, classes, different, 0)
    assert found["quality"] is None and found["predictions"] is not None


def test_hands_on_why_it_could_not_predict():
    labels = numpy.array([0, 1])
    found = compared("classification", labels, labels, None, problem="it can't be downloaded.")
    assert (found["problem"], found["quality"]) == ("it can't be downloaded.", None)


def test_refuses_a_metric_of_another_task():
    labels = numpy.array([0.0, 1.0])
    with pytest.raises(UserError) as refusal:
        quality("regression", labels, labels, labels, metric="f1")
    assert str(refusal.value) == (
        "tollgate:gates.better-than-deployed.metric is f1; for regression it is one of rmse, mae, r2."
    )


def test_leaves_resamples_out_where_r2_is_not_defined():
    # Drawing one row three times has no spread to explain.
    found = quality("regression", [1.0, 2.0, 3.0], [1.1, 2.0, 3.0], [1.0, 2.0, 3.1], metric="r2")
    assert numpy.isfinite([found["lossAtMost"], found["pValue"]]).all()
