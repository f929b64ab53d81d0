"""What so many rows can't rule out: known values, and how often the bounds are wrong."""

import itertools

import numpy
import pytest
from scipy.stats import beta, binom
from tollgate_serving.bounds import loss_of_accuracy, unseen_loss, unseen_share
from tollgate_serving.classes import Classes

SIGNIFICANCE = 0.05


def test_nothing_seen_is_the_exact_form_of_the_rule_of_three():
    assert unseen_share(1, 0.05) == pytest.approx(0.95)
    assert unseen_share(29, 0.05) < 0.1 < unseen_share(28, 0.05)
    assert unseen_share(1000, 0.05) == pytest.approx(3 / 1000, rel=0.01)
    assert unseen_share(0, 0.05) == 1.0


@pytest.mark.parametrize("rows", [1, 3, 29, 500, 100_000])
@pytest.mark.parametrize("significance", [0.01, 0.05, 0.5])
def test_where_all_agree_the_loss_is_bounded_as_a_share_never_seen(rows, significance):
    found = loss_of_accuracy(0, 0, rows, significance)
    assert found <= unseen_share(rows, significance) * (1 + 1e-9)
    assert found == pytest.approx(beta.ppf(1 - significance, 1, rows))


def test_many_differing_rows_give_the_bound_of_the_normal_distribution():
    found = loss_of_accuracy(420, 380, 10_000, SIGNIFICANCE)
    spread = (0.08 - 0.004**2) ** 0.5 / 100
    assert found == pytest.approx(0.004 + 1.645 * spread, rel=0.03)


def test_a_candidate_that_is_always_wrong_may_lose_everything():
    assert loss_of_accuracy(40, 0, 40, SIGNIFICANCE) == 1.0


@pytest.mark.parametrize("rows", [5, 30, 80])
def test_is_wrong_no_oftener_than_the_significance(rows):
    """Not drawn but counted out: every pair of counts by its probability, over a grid of true shares."""
    pairs = [(b, c) for b in range(rows + 1) for c in range(rows + 1 - b)]
    bounds = numpy.array([loss_of_accuracy(b, c, rows, SIGNIFICANCE) for b, c in pairs])
    counts, others = numpy.array(pairs).T
    shares = [0.002, 0.01, 0.03, 0.06, 0.1, 0.15, 0.25, 0.4]
    for worse, better in itertools.product(shares, [0.0, *shares]):
        # Of the rows where only the deployed version is right, and of the rest those of the candidate.
        likely = binom.pmf(counts, rows, worse)
        likely = likely * binom.pmf(others, rows - counts, better / (1 - worse))
        assert likely.sum() == pytest.approx(1)
        wrong = likely[bounds < worse - better - 1e-12].sum()
        assert wrong <= SIGNIFICANCE + 1e-9, (worse, better, wrong)


@pytest.mark.parametrize("seed", range(20))
def test_more_rows_that_agree_leave_less_open_and_a_lost_row_leaves_more(seed):
    draw = numpy.random.default_rng(seed)
    rows = int(draw.integers(10, 400))
    lost, won = (int(draw.integers(0, rows // 3)) for _ in range(2))
    found = loss_of_accuracy(lost, won, rows, SIGNIFICANCE)
    assert (lost - won) / rows <= found <= 1
    assert loss_of_accuracy(lost, won, rows * 2, SIGNIFICANCE) <= found + 1e-9 or lost < won
    assert loss_of_accuracy(lost + 1, won, rows, SIGNIFICANCE) >= found - 1e-9
    assert loss_of_accuracy(lost, won, rows, SIGNIFICANCE / 2) >= found - 1e-9


@pytest.mark.parametrize("metric", ["recall", "precision", "f1"])
@pytest.mark.parametrize("shares", [(0.9, 0.1), (0.5, 0.3, 0.2), (0.25, 0.25, 0.25, 0.25)])
def test_covers_a_loss_that_all_rows_may_miss(metric, shares):
    """Of a candidate that differs on a share of one class's inputs: seen by chance, or within the bound."""
    from sklearn.metrics import precision_recall_fscore_support

    draw = numpy.random.default_rng(5)
    classes, population = len(shares), 200_000
    known = Classes.of(numpy.arange(classes), positive="1" if classes == 2 else None)
    labels = draw.choice(classes, population, p=shares)
    deployed = numpy.where(
        draw.random(population) < 0.9, labels, draw.integers(0, classes, population)
    )
    place = {"precision": 0, "recall": 1, "f1": 2}[metric]

    def value(answers):
        average = {"average": "binary"} if classes == 2 else {"average": "macro"}
        return precision_recall_fscore_support(labels, answers, **average)[place]

    for hit, to in ((classes - 1, 0), (0, classes - 1)):
        for share in (0.02, 0.1, 0.3):
            differs = (labels == hit) & (draw.random(population) < share)
            candidate = numpy.where(differs, to, deployed)
            loss = value(deployed) - value(candidate)
            missed, wrong = 0, 0
            for _ in range(400):
                rows = draw.integers(0, population, 60)
                if (candidate[rows] == deployed[rows]).all():
                    missed += 1
                    at_most = unseen_loss(metric, labels[rows], deployed[rows], SIGNIFICANCE, known)
                    wrong += at_most < loss
            # What 5 in 100 gives in 99 of 100 series.
            assert wrong <= binom.ppf(0.99, 400, SIGNIFICANCE), (hit, share, missed, wrong)


def test_an_error_may_be_that_of_a_constant_where_no_row_was():
    labels = numpy.arange(100.0)
    share = unseen_share(100, SIGNIFICANCE)
    assert unseen_loss("r2", labels, labels, SIGNIFICANCE, None) == pytest.approx(share)
    assert unseen_loss("mae", labels, labels, SIGNIFICANCE, None) == pytest.approx(25 * share)
    spread = labels.std()
    assert unseen_loss("rmse", labels, labels, SIGNIFICANCE, None) == pytest.approx(
        spread * share**0.5
    )
