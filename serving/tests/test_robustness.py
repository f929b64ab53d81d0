"""Disturbances against models whose loss can be told beforehand."""

import numpy
import pandas
import pytest
from coded import coded
from sklearn.compose import make_column_transformer
from sklearn.ensemble import RandomForestClassifier
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder
from tollgate_serving import attack, disturbances, randomness
from tollgate_serving.errors import UserError
from tollgate_serving.reading import Probabilities
from tollgate_serving.robustness import measure_robustness

ALL = {
    "noise": {"strength": 0.1},
    "missing": {"strength": 0.05},
    "swapped": {"strength": 0.1},
    "outOfRange": {"strength": 0.5},
    "adversarial": {"strength": 0.1},
}


def people(rows=600, seed=0):
    draw = numpy.random.default_rng(seed)
    return pandas.DataFrame(
        {
            "age": draw.normal(40, 10, rows),
            "calls": draw.integers(0, 50, rows),
            "plan": draw.choice(["basic", "pro", "max"], rows),
            "active": draw.random(rows) < 0.5,
        }
    )


def measured(settings, predict, features, labels, task="classification", seed=0):
    classes, labels = coded(labels, task=task)
    return measure_robustness(settings, predict, features, labels, classes, seed)


def generator():
    return randomness.generator(0, "test")


def old(frame):
    return numpy.asarray(frame["age"] > 40)


def test_measures_the_kinds_that_are_named_in_their_order():
    frame = people()
    found = measured(dict(reversed(ALL.items())), old, frame, old(frame))
    assert [entry["kind"] for entry in found] == list(ALL)
    assert [entry["strength"] for entry in found] == [0.1, 0.05, 0.1, 0.5, 0.1]
    assert {entry["metric"] for entry in found} == {"accuracy"}
    assert {entry["baseline"] for entry in found} == {1.0}
    assert {(entry["rows"], entry["distinctRows"]) for entry in found} == {(600, 600)}
    assert all(entry["failure"] is None and entry["nonFinite"] == 0 for entry in found)


def test_counts_rows_that_stand_there_again_once():
    frame = pandas.concat([people(rows=3)] * 100, ignore_index=True)
    (found,) = measured({"noise": ALL["noise"]}, old, frame, old(frame))
    assert (found["rows"], found["distinctRows"]) == (300, 3)


def test_noise_costs_a_model_near_its_border_only():
    frame = people(2000)
    [found] = measured({"noise": {"strength": 0.5}}, old, frame, old(frame))
    # A normal value and half as much noise: their signs differ for arctan(0.5) of a half turn.
    assert found["disturbed"] == pytest.approx(1 - numpy.arctan(0.5) / numpy.pi, abs=0.02)
    [deaf] = measured(
        {"noise": {"strength": 5.0}}, lambda one: one["active"], frame, frame["active"]
    )
    assert deaf["disturbed"] == 1.0


def test_noise_has_the_strength_asked_for_and_keeps_types():
    frame = people(5000)
    noisy = disturbances.noise(frame, 0.2, generator())
    assert (noisy["age"] - frame["age"]).std() == pytest.approx(0.2 * frame["age"].std(), rel=0.05)
    assert noisy.dtypes.equals(frame.dtypes)
    assert (noisy["calls"] != frame["calls"]).mean() > 0.5
    assert noisy[["plan", "active"]].equals(frame[["plan", "active"]])


def test_missing_empties_the_share_of_cells_that_can_be_empty():
    frame = people(1000)
    holes = disturbances.missing(frame, 0.05, generator())
    assert holes.isna().sum().to_dict() == {"age": 50, "calls": 0, "plan": 50, "active": 0}
    assert not (holes["age"].isna() & holes["plan"].isna()).all()


def test_swapped_gives_the_share_of_rows_other_categories():
    frame = people(1000)
    swapped = disturbances.swapped(frame, 0.1, generator())
    changed = swapped["plan"] != frame["plan"]
    assert changed.sum() == 100
    assert ((swapped["active"] != frame["active"]) == changed).all()
    assert set(swapped["plan"]) == {"basic", "pro", "max"}
    assert swapped[["age", "calls"]].equals(frame[["age", "calls"]])
    assert swapped.dtypes.equals(frame.dtypes)


def test_out_of_range_puts_a_twentieth_beyond_the_ends():
    frame = people(1000)
    beyond = disturbances.out_of_range(frame, 0.5, generator())
    for name in ("age", "calls"):
        low, high = frame[name].min(), frame[name].max()
        moved = beyond[name][beyond[name] != frame[name]]
        assert len(moved) == 50
        # A whole number goes beyond by a whole step, the next one up.
        far = 0.5 * (high - low) if name == "age" else numpy.ceil(0.5 * (high - low))
        assert set(moved) == {low - far, high + far}


def test_whole_numbers_stay_within_their_type():
    frame = pandas.DataFrame({"small": numpy.array([0, 250] * 50, dtype="uint8")})
    beyond = disturbances.out_of_range(frame, 0.5, generator())
    assert beyond["small"].dtype == "uint8" and set(beyond["small"]) == {0, 250, 255}


def test_a_model_that_fails_on_missing_values_is_said_to():
    frame = people()[["age"]]
    model = LogisticRegression().fit(frame, old(frame))
    [failed] = measured({"missing": {"strength": 0.05}}, model.predict, frame, old(frame))
    assert failed["disturbed"] is None and failed["baseline"] > 0.99
    assert failed["failure"] == "the model fails: Input X contains NaN."
    mended = make_pipeline(SimpleImputer(), LogisticRegression()).fit(frame, old(frame))
    [passed] = measured({"missing": {"strength": 0.05}}, mended.predict, frame, old(frame))
    assert passed["failure"] is None and passed["disturbed"] > 0.9


def test_counts_predictions_that_are_not_finite():
    frame = people()
    numbers = frame["age"].to_numpy()

    def root(one):
        return numpy.where(one["age"].isna(), numpy.nan, one["age"])

    [found] = measured({"missing": {"strength": 0.05}}, root, frame, numbers, "regression")
    assert (found["nonFinite"], found["disturbed"]) == (30, None)
    assert found["failure"] == "30 of 600 predictions aren't finite numbers."
    [classes] = measured({"missing": {"strength": 0.05}}, root, frame, numbers)
    assert (classes["nonFinite"], classes["disturbed"]) == (30, 0.95)


def test_a_wrong_number_of_predictions_is_a_failure():
    frame = people()

    def deaf_to_holes(one):
        return old(one)[one["age"].notna()]

    [found] = measured({"missing": {"strength": 0.5}}, deaf_to_holes, frame, old(frame))
    assert found["failure"] == "the model fails: it gives 300 predictions for 600 rows."


@pytest.mark.parametrize(
    ("kind", "column", "needed"),
    [
        ("noise", "plan", "numbers"),
        ("outOfRange", "plan", "numbers"),
        ("adversarial", "plan", "numbers that can move so far"),
        ("missing", "calls", "values that may be missing"),
        ("swapped", "age", "categories"),
    ],
)
def test_what_cannot_be_disturbed_is_a_failure_and_no_pass(kind, column, needed):
    frame = people()[[column]]
    labels = numpy.zeros(600, dtype=int)
    [found] = measured({kind: {"strength": 0.1}}, lambda one: numpy.zeros(len(one)), frame, labels)
    assert found["disturbed"] is None
    assert found["failure"] == (
        f"the model takes no {needed}; leave tollgate:gates.robustness.{kind} out."
    )


def test_an_attack_on_a_straight_line_moves_every_input_the_worst_way():
    draw = generator()
    matrix = draw.normal(size=(400, 6))
    weights = numpy.array([3.0, -2.0, 1.0, 0.5, 0.0, -4.0])
    labels = matrix @ weights + draw.normal(0, 0.1, 400)
    model = LinearRegression().fit(matrix, labels)
    [found] = measured(
        {"adversarial": {"strength": 0.1}}, model.predict, matrix, labels, "regression"
    )
    # Nothing is worse than each step by the sign of its weight, away from the label.
    moved = 0.1 * (numpy.abs(model.coef_) * matrix.std(axis=0)).sum()
    errors = numpy.abs(labels - model.predict(matrix)) + moved
    worst = 1 - (errors**2).sum() / ((labels - labels.mean()) ** 2).sum()
    assert found["disturbed"] == pytest.approx(worst, abs=1e-9)


class WithProbabilities:
    """A classifier as the evaluator hands it over."""

    def __init__(self, model):
        self._model = model

    def predict_proba(self, features):
        return Probabilities(self._model.predict_proba(features), self._model.classes_)

    def __call__(self, features):
        return self._model.predict(features)


def classified(seed=1, rows=700, columns=8):
    draw = numpy.random.default_rng(seed)
    frame = pandas.DataFrame(draw.normal(size=(rows, columns))).rename(columns=str)
    labels = (frame["0"] + 0.5 * frame["1"] - frame["2"] + draw.normal(0, 0.3, rows) > 0).map(
        {True: "yes", False: "no"}
    )
    return frame, labels.to_numpy()


@pytest.mark.parametrize("family", [LogisticRegression, RandomForestClassifier])
def test_an_attack_costs_more_than_noise_as_strong_and_grows_with_the_step(family):
    frame, labels = classified()
    options = {"random_state": 0, "n_estimators": 20} if family is RandomForestClassifier else {}
    model = WithProbabilities(family(**options).fit(frame[:350], labels[:350]))
    test, known = frame[350:].reset_index(drop=True), labels[350:]
    lost = []
    for strength in (0.05, 0.2, 0.5):
        noise, adversarial = measured(
            {"noise": {"strength": strength}, "adversarial": {"strength": strength}},
            model,
            test,
            known,
        )
        assert adversarial["disturbed"] < noise["disturbed"]
        lost.append(adversarial["baseline"] - adversarial["disturbed"])
    assert lost == sorted(lost) and lost[-1] > 0.2


def test_an_attack_without_probabilities_finds_a_way_too():
    frame, labels = classified()
    model = LogisticRegression().fit(frame, labels)
    settings = {"noise": {"strength": 0.3}, "adversarial": {"strength": 0.3}}
    noise, blind = measured(settings, model.predict, frame, labels)
    _, guided = measured(settings, WithProbabilities(model), frame, labels)
    assert guided["disturbed"] < blind["disturbed"] < noise["disturbed"]


def test_an_attack_stays_within_its_step():
    frame = people()
    sizes = disturbances.steps(frame, 0.2)
    table = attack.attacked(frame, 0.2, lambda one: -one["age"].to_numpy(), True, generator())
    assert numpy.allclose(frame["age"] - table["age"], sizes["age"])
    # A whole number moves by whole steps: here 2, not 2.9.
    assert sizes["calls"] == numpy.floor(0.2 * frame["calls"].std(ddof=0))
    assert (table["calls"] - frame["calls"]).abs().max() <= sizes["calls"]
    assert table[["plan", "active"]].equals(frame[["plan", "active"]])


def test_wide_tables_are_attacked_on_fewer_rows():
    assert attack.attackable_rows(10, 1000) == 1000
    assert attack.attackable_rows(1000, 1000) == 100
    assert attack.attackable_rows(10**6, 1000) == 1


def test_a_pipeline_over_mixed_columns_is_measured_whole():
    frame = people(3000)
    labels = (frame["age"] > 45) & (frame["plan"] != "pro")
    encoder = make_column_transformer(
        (OneHotEncoder(handle_unknown="ignore"), ["plan"]),
        (SimpleImputer(), ["age", "calls"]),
        ("passthrough", ["active"]),
    )
    model = make_pipeline(encoder, RandomForestClassifier(20, random_state=0)).fit(frame, labels)
    found = measured(ALL, WithProbabilities(model), frame, labels.to_numpy())
    assert all(entry["failure"] is None for entry in found)
    assert [entry["rows"] for entry in found] == [2000, 2000, 2000, 2000, 1000]
    assert all(entry["disturbed"] < entry["baseline"] for entry in found)


def test_the_same_seed_gives_the_same_figures_whatever_else_is_measured():
    frame = people(3000)
    labels = old(frame)
    alone = measured({"noise": {"strength": 0.3}}, old, frame, labels, seed=5)
    assert measured({**ALL, "noise": {"strength": 0.3}}, old, frame, labels, seed=5)[:1] == alone
    assert measured({"noise": {"strength": 0.3}}, old, frame, labels, seed=6) != alone


def test_leaves_the_table_as_it_was():
    frame = people()
    before = frame.copy(deep=True)
    measured(ALL, old, frame, old(frame))
    assert frame.equals(before)


def test_refuses_rows_that_cannot_tell():
    frame = people(1)
    with pytest.raises(UserError) as refusal:
        measured(
            {"noise": {"strength": 0.1}}, lambda one: one["age"], frame, frame["age"], "regression"
        )
    assert str(refusal.value) == "r2 can't be told on 1 rows; use more evaluation data."


def test_nothing_named_is_nothing_measured():
    assert measured({}, old, people(), old(people())) == []
