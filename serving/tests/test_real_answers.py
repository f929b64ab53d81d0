"""Real models that are measured by their own classes, whatever they answer, and judged by the real gates."""

import models
import numpy
import pandas
import pytest
from measuring_models import evidence_of, judged, save, save_function
from sklearn.datasets import load_iris
from sklearn.dummy import DummyClassifier
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.svm import LinearSVC
from tollgate_serving.errors import UserError

FEATURES, LABELS = models.table(400)
#: 21 of 400 are fraud.
RARE = numpy.where(FEATURES["f0"] > 1.6, "fraud", "legit")
ROWS = FEATURES.assign(label=RARE)
GOOD = LogisticRegression(max_iter=500).fit(FEATURES, RARE)
FLOORS = {"accuracy": 0.5, "precision": 0.5, "recall": 0.5, "f1": 0.5}
GATES = {"metric-floor": {"floors": FLOORS}, "better-than-trivial": {}}


def chances(rows):
    return GOOD.predict_proba(rows)[:, 0]


def codes(evidence, gates=GATES):
    """Of each finding of these gates, by what it is about."""
    return {found["subject"]: found["code"] for found in judged(evidence, gates)}


def counted(evidence):
    return {one["value"]: (one["rows"], one["predicted"]) for one in evidence["support"]["classes"]}


def test_a_version_that_never_says_a_class_passes_no_floor_of_it(tmp_path):
    never = DummyClassifier(strategy="constant", constant="legit").fit(FEATURES, RARE)
    evidence = evidence_of(tmp_path, ROWS, save(tmp_path / "v", never, FEATURES))
    assert evidence["classes"] == {
        "origin": "model",
        "average": "binary",
        "positive": "fraud",
        "positiveBy": "rarer",
    }
    assert counted(evidence) == {"fraud": (21, 0), "legit": (379, 400)}
    assert codes(evidence) == {
        "accuracy": "ok",
        **dict.fromkeys(("precision", "recall", "f1"), "never-predicted"),
        "balanced-accuracy": "not-better",
    }


@pytest.mark.parametrize("model", [GOOD, LinearSVC()], ids=["probabilities", "none"])
def test_rows_of_one_class_say_nothing_of_the_other(tmp_path, model):
    saved = save(tmp_path / "v", model.fit(FEATURES, RARE), FEATURES)
    evidence = evidence_of(tmp_path, ROWS[RARE == "legit"], saved)
    assert evidence["classes"]["positive"] == "fraud"
    absent = dict.fromkeys(("precision", "recall", "f1"), "class-absent")
    assert absent.items() <= codes(evidence).items()


def test_a_class_of_the_model_that_no_row_has_is_named(tmp_path):
    iris = load_iris(as_frame=True)
    features = iris.data.set_axis(list("abcd"), axis=1)
    labels = numpy.array(["se", "ve", "vi"])[iris.target]
    saved = save(tmp_path / "v", LogisticRegression(max_iter=500).fit(features, labels), features)
    rows = features.assign(label=labels)[labels != "vi"]
    evidence = evidence_of(tmp_path, rows, saved)
    assert counted(evidence)["vi"] == (0, 3)
    assert evidence["classes"]["average"] == "macro"
    (found,) = judged(evidence, {"metric-floor": {"floors": {"recall": 0.5}}})
    assert (found["code"], found["reason"]) == (
        "class-absent",
        "m v2 can't be judged by its recall: data/eval.csv has no row of class vi, which the version predicts; "
        "evaluate it on rows of every class.",
    )


def test_classes_are_those_of_the_training_data_where_the_model_names_none(tmp_path):
    silent = save_function(
        tmp_path / "v", lambda rows: numpy.full(len(rows), "legit", dtype=object), FEATURES
    )
    evidence = evidence_of(tmp_path, ROWS[RARE == "legit"], silent, training=ROWS)
    assert evidence["classes"]["origin"] == "training-data"
    assert counted(evidence) == {"fraud": (0, 0), "legit": (379, 379)}


@pytest.mark.parametrize(
    ("trained", "labels"),
    [
        (LABELS.astype(str), LABELS),
        (LABELS.astype(float), LABELS),
        (LABELS.astype(bool), LABELS),
        (LABELS.astype(bool).astype(str), LABELS.astype(bool)),
        (LABELS.astype(bool), LABELS.astype(bool)),
    ],
    ids=["text", "float", "bool", "text of bool", "bool of bool"],
)
def test_labels_of_other_types_are_the_same_classes(tmp_path, trained, labels):
    saved = save(tmp_path / "v", LogisticRegression().fit(FEATURES, trained), FEATURES)
    evidence = evidence_of(tmp_path, FEATURES.assign(label=labels), saved)
    assert evidence["metrics"]["accuracy"] == 0.9275
    assert len(evidence["support"]["classes"]) == 2
    # The same classes for probabilities as for answers.
    assert evidence["calibration"]["brier"] == pytest.approx(0.0559, abs=1e-4)


def odd_table(rows):
    """A score, and classes that a CSV has other words for."""
    texts = numpy.where(rows["f0"] > 0, "01", "None").astype(object)
    return pandas.DataFrame({"score": rows["f0"], "class": texts})


def test_texts_of_a_column_are_classes_as_a_csv_has_them(tmp_path):
    answers = odd_table(FEATURES)
    saved = save_function(tmp_path / "v", odd_table, FEATURES, answers)
    rows = FEATURES.assign(label=answers["class"])
    evidence = evidence_of(tmp_path, rows, saved, training=rows, answer={"column": "class"})
    assert evidence["smoke"]["passed"], evidence["smoke"]
    assert evidence["metrics"]["accuracy"] == 1.0
    assert set(counted(evidence)) == {"01", "None"}


ANSWERS = {
    "a column of a table": (
        lambda rows: pandas.DataFrame({"class": GOOD.predict(rows), "score": chances(rows)}),
        {"column": "class"},
    ),
    "a dict for each row": (
        lambda rows: [{"class": each, "why": "because"} for each in GOOD.predict(rows)],
        {"column": "class"},
    ),
    "a dict of columns": (
        lambda rows: {"class": GOOD.predict(rows).tolist(), "score": chances(rows).tolist()},
        {"column": "class"},
    ),
    "a column beside numbers by class": (
        lambda rows: pandas.DataFrame(
            {"class": GOOD.predict(rows), "by": [{0: each, 1: 1 - each} for each in chances(rows)]}
        ),
        {"column": "class"},
    ),
    "a probability": (chances, {"threshold": 0.5}),
    "a probability of a table": (
        lambda rows: pandas.DataFrame({"score": chances(rows), "round": chances(rows).round()}),
        {"column": "score", "threshold": 0.5},
    ),
    "a number for each class": (
        lambda rows: pandas.DataFrame(GOOD.predict_proba(rows), columns=["fraud", "legit"]),
        {"argmax": True},
    ),
    "numbers without names": (GOOD.predict_proba, {"argmax": ["fraud", "legit"]}),
}


@pytest.mark.parametrize(("answer", "settings"), ANSWERS.values(), ids=ANSWERS)
def test_measures_the_same_of_every_kind_of_answer(tmp_path, answer, settings):
    saved = save_function(tmp_path / "v", answer, FEATURES)
    evidence = evidence_of(
        tmp_path,
        ROWS,
        saved,
        positive="fraud",
        answer=settings,
        gates={"robustness": {"noise": {"strength": 0.1}}},
    )
    said = GOOD.predict(FEATURES)
    assert evidence["answer"] == settings
    assert counted(evidence)["fraud"] == (21, int((said == "fraud").sum()))
    assert evidence["metrics"]["recall"] == pytest.approx((said == RARE)[RARE == "fraud"].mean())
    assert evidence["smoke"]["passed"], evidence["smoke"]
    assert evidence["independence"]["company"] == evidence["independence"]["alone"] == 0
    assert evidence["answers"]["rows"] == 400
    assert evidence["robustness"][0]["failure"] is None
    assert evidence["robustness"][0]["baseline"] == evidence["metrics"]["accuracy"]
    graded = "threshold" in settings or "argmax" in settings
    assert (evidence["calibration"] is not None) == graded
    if graded:
        brier = numpy.mean((chances(FEATURES) - (RARE == "fraud")) ** 2)
        assert evidence["calibration"]["brier"] == pytest.approx(brier)


def test_measures_predict_proba_by_the_model_s_own_classes(tmp_path):
    saved = save(tmp_path / "v", GOOD, FEATURES, pyfunc_predict_fn="predict_proba")
    evidence = evidence_of(tmp_path, ROWS, saved, answer={"argmax": True})
    assert evidence["metrics"]["accuracy"] == pytest.approx((GOOD.predict(FEATURES) == RARE).mean())
    assert evidence["classes"]["origin"] == "model"


@pytest.mark.parametrize(
    ("answer", "labels", "sentence"),
    [
        (chances, RARE, "no prediction equals any label: the model answers numbers such as 0."),
        (
            chances,
            RARE == "fraud",
            "; is this a probability or a regression? For a probability set",
        ),
        (
            GOOD.predict_proba,
            RARE,
            "the model answers 2 values for each row, and nothing says which",
        ),
        (
            lambda rows: (chances(rows) > 0.5) * 1,
            RARE,
            "the model answers 0, 1, where the classes are",
        ),
    ],
    ids=["a probability of texts", "a probability of truths", "two numbers", "codes"],
)
def test_says_what_is_wrong_with_answers_that_are_no_classes(tmp_path, answer, labels, sentence):
    saved = save_function(tmp_path / "v", answer, FEATURES)
    with pytest.raises(UserError) as refused:
        evidence_of(tmp_path, FEATURES.assign(label=labels), saved)
    assert sentence in str(refused.value)


def test_every_measure_is_about_the_class_that_the_settings_name(tmp_path):
    saved = save(tmp_path / "v", GOOD, FEATURES)
    worse = save(tmp_path / "old", LogisticRegression(C=0.001).fit(FEATURES, RARE), FEATURES)
    gates = {
        "better-than-deployed": {"metric": "recall"},
        "fairness": {"columns": ["group"]},
        "slices": {"slices": {"a": {"where": "group == 'a'"}}},
        "calibration": {"bins": 10},
    }
    rows = ROWS.assign(group=numpy.where(FEATURES["f1"] > 0, "a", "b"))
    said = GOOD.predict(FEATURES)
    for positive in ("fraud", "legit"):
        evidence = evidence_of(
            tmp_path / positive, rows, saved, worse, positive=positive, gates=gates
        )
        wanted, given = positive == RARE, positive == said
        recall = given[wanted].mean()
        in_a = (rows["group"] == "a").to_numpy()
        assert evidence["classes"]["positiveBy"] == "setting"
        assert evidence["metrics"]["recall"] == pytest.approx(recall)
        assert evidence["comparison"]["quality"]["candidate"] == pytest.approx(recall)
        slice_ = evidence["slices"][0]
        assert slice_["metrics"]["recall"] == pytest.approx(given[wanted & in_a].mean())
        assert slice_["support"]["positive"] == evidence["support"]["positive"] == positive
        rates = {one["value"]: one["selectionRate"] for one in evidence["fairness"][0]["groups"]}
        assert rates["a"] == pytest.approx(given[in_a].mean())


def test_a_deployed_version_that_answers_otherwise_is_read_by_the_same_settings(tmp_path):
    candidate = save_function(tmp_path / "v", chances, FEATURES)
    deployed = save(tmp_path / "old", GOOD, FEATURES)
    settings = {"positive": "fraud", "answer": {"threshold": 0.5}}
    gates = {"better-than-deployed": {}}
    evidence = evidence_of(tmp_path, ROWS, candidate, deployed, gates=gates, **settings)
    assert evidence["comparison"]["problem"] is None
    assert evidence["comparison"]["quality"]["loss"] == 0.0
    other = save_function(tmp_path / "texts", lambda rows: ["maybe"] * len(rows), FEATURES)
    evidence = evidence_of(tmp_path / "b", ROWS, candidate, other, gates=gates, **settings)
    assert evidence["comparison"]["problem"] == (
        "the deployed version can't be compared: the model answers maybe, which is no number to compare with "
        "tollgate:evaluation.answer.threshold."
    )
    assert evidence["comparison"]["quality"] is None


def test_measures_several_numbers_each_by_itself(tmp_path):
    inputs, targets = FEATURES[["f0", "f1", "f2", "f5"]], FEATURES[["f0", "f3", "f6"]]
    noisy = targets + numpy.random.default_rng(0).normal(0, [0.1, 0.5, 2.0], targets.shape)
    noisy.columns = ["price", "days", "chance"]
    rows = pandas.concat([inputs, noisy], axis=1)
    model = LinearRegression().fit(inputs, noisy)
    gates = {"better-than-deployed": {"metric": "r2"}, "robustness": {"noise": {"strength": 0.1}}}
    evidence = evidence_of(
        tmp_path,
        rows,
        save(tmp_path / "v", model, inputs),
        save(tmp_path / "old", LinearRegression().fit(inputs * 0.5, noisy), inputs),
        label=["price", "days", "chance"],
        task="regression",
        gates=gates,
    )
    by_target = {one["name"]: one for one in evidence["targets"]}
    assert list(by_target) == ["price", "days", "chance"]
    residual = noisy - model.predict(inputs)
    for name, one in by_target.items():
        rmse = float((residual[name] ** 2).mean() ** 0.5)
        assert one["metrics"]["rmse"] == evidence["metrics"][f"rmse:{name}"] == pytest.approx(rmse)
        assert one["trivial"]["candidate"] == pytest.approx(rmse)
        assert one["robustness"][0]["baseline"] == pytest.approx(one["metrics"]["r2"])
        assert one["comparison"]["quality"]["candidate"] == pytest.approx(one["metrics"]["r2"])
    assert evidence["metrics"]["r2"] == min(one["metrics"]["r2"] for one in by_target.values())
    assert by_target["price"]["metrics"]["r2"] > 0.9 > by_target["chance"]["metrics"]["r2"]
    found = codes(
        evidence,
        {
            "metric-floor": {"floors": {"r2": 0.5, "r2:price": 0.5}},
            "better-than-trivial": {},
            "robustness": {"noise": {}},
        },
    )
    assert found["r2"] == "below-floor" and found["r2:price"] == "ok"
    assert found["price rmse"] == found["price noise"] == "ok"
    assert found["chance rmse"] == "not-better"


def test_pandas_own_index_makes_no_row_new(tmp_path):
    array = FEATURES.to_numpy()
    version = save(tmp_path / "v", LogisticRegression(max_iter=500).fit(array, RARE), array)
    often = ROWS.iloc[numpy.arange(400) % 40].reset_index(drop=True)
    # As ``to_csv`` writes it where nobody says ``index=False``.
    evidence = evidence_of(
        tmp_path,
        often.reset_index(names=""),
        version,
        training=ROWS.sample(frac=1, random_state=1).reset_index(drop=True).reset_index(names=""),
    )
    assert evidence["leakage"]["sharedRows"] == 400
    assert evidence["support"]["distinctRows"] == 40


def say_and_score(rows):
    chance = chances(rows)
    return [["yes" if each >= 0.5 else "no", each] for each in chance.tolist()]


def test_a_text_and_a_number_in_one_list_are_measured_by_the_number(tmp_path):
    version = save_function(tmp_path / "v", say_and_score, FEATURES)
    settings = {"positive": "fraud", "answer": {"column": 1, "threshold": 0.5}}
    evidence = evidence_of(tmp_path, ROWS, version, **settings)
    assert evidence["smoke"]["passed"], evidence["smoke"]
    assert evidence["independence"]["alone"] == evidence["independence"]["company"] == 0
    assert evidence["metrics"]["accuracy"] == pytest.approx((GOOD.predict(FEATURES) == RARE).mean())
